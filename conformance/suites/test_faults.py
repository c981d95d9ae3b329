# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""What fails or hangs behind the target, and what gets lost before it. Needs an arm with faults."""

import pytest
from srptest import cdb, wire

from conformance.arms.session import check, good, pattern

BUSY = 0x08
MEDIUM, HARDWARE, PROTECT = 3, 4, 7


@pytest.fixture(autouse=True)
def needs_faults(arm):
    """Skips every test of this file, loudly, where no fault can be injected."""
    arm.require("faults", "these tests make the backend and the CM fail")


def test_failed_read(arm, session):
    memory = session.memory(4096, fill=b"\xee")
    arm.inject("read EIO")
    check(session.command(cdb.read10(0, 8), in_=memory.direct()), MEDIUM, 0x11, 0)
    assert memory.read() == b"\xee" * 4096
    good(session.command(cdb.read10(0, 8), in_=memory.direct()))
    session.works()


def test_failed_write(arm, session):
    memory = session.memory(4096)
    arm.inject("write EIO")
    check(session.command(cdb.write10(0, 8), out=memory.direct()), MEDIUM, 0x0C, 0)
    good(session.command(cdb.write10(0, 8), out=memory.direct()))
    session.works()


def test_no_space(arm, session):
    memory = session.memory(4096)
    arm.inject("ENOSPC")
    check(session.command(cdb.write10(0, 8), out=memory.direct()), PROTECT, 0x27, 7)
    session.works()


def test_short_read_is_an_error_and_sends_nothing(arm, session):
    memory = session.memory(4096, fill=b"\xee")
    arm.inject("short read")
    check(session.command(cdb.read10(0, 8), in_=memory.direct()), MEDIUM, 0x11, 0)
    assert memory.read() == b"\xee" * 4096
    session.works()


def test_failed_flush_fails_the_unit_until_somebody_acts(arm, session):
    arm.inject("flush EIO")
    received = session.command(cdb.synchronize_cache10())
    assert cdb.parse_sense(received.sense)[0] == HARDWARE
    arm.sleep(0.05)
    memory = session.memory(512)
    received = session.command(cdb.write10(0, 1), out=memory.direct())
    assert cdb.parse_sense(received.sense)[0] == HARDWARE


def test_abort_of_a_hung_read_is_answered_at_once(arm, session):
    memory = session.memory(4096, fill=b"\xee")
    arm.inject("disk hangs")
    task = session.submit(cdb.read10(0, 8), in_=memory.direct())
    session.nothing(1.0)
    received = session.tsk_mgmt(wire.TM_ABORT_TASK, task_tag=task, within=0.1)
    assert received.rsp_code == wire.TM_COMPLETE and received.aborted_outstanding
    arm.heal()
    session.nothing(1.0)
    assert memory.read() == b"\xee" * 4096  # Late data is discarded.
    session.recovers()


def test_abort_of_a_hung_write_is_answered_when_it_ended(arm, session):
    """[R-TSK-11]"""
    memory = session.memory(4096)
    arm.inject("disk hangs")
    task = session.submit(cdb.write10(0, 8), out=memory.direct())
    session.nothing(1.0)
    tag = session.tag()
    session.send_raw(session.channel.build_tsk_mgmt(
        tag=tag, function=wire.TM_ABORT_TASK, task_tag=task))
    session.nothing(10.0)  # The write cannot be recalled, so nobody may take it for gone.
    arm.heal()
    received = session.receive(1.0)
    assert received.tag == tag and received.rsp_code == wire.TM_COMPLETE
    assert received.aborted_outstanding
    session.recovers()


def test_lun_reset_over_a_hung_write_fails_in_time(arm, session):
    memory = session.memory(4096)
    arm.inject("disk hangs")
    session.submit(cdb.write10(0, 8), out=memory.direct())
    session.nothing(0.5)
    assert session.tsk_mgmt(wire.TM_LUN_RESET, within=4.0).rsp_code == wire.TM_FAILED
    other = arm.login(initiator=2)
    other.ready(1).works(1)  # Another unit, another session: nothing hangs there.
    arm.heal()


def reset_by_another_nexus(arm):
    """A session whose window of reads another nexus's LUN RESET ended in silence; the CRED_REQ
    that brings its credits back."""
    victim, other = arm.login(initiator=1).ready(), arm.login(initiator=2).ready()
    memory = victim.memory(512)
    arm.inject("disk hangs", victim.channel.granted)
    while victim.channel.can_send_tsk_mgmt:
        victim.submit(cdb.read10(0, 1), in_=memory.direct())
    victim.nothing(0.1)
    assert other.tsk_mgmt(wire.TM_LUN_RESET).rsp_code == wire.TM_COMPLETE
    arm.heal()
    victim.channel.forget_lun(wire.encode_lun(0))
    request = victim.receive()
    assert request.kind == "credit_request"
    assert request.req_lim_delta == victim.channel.granted
    return victim, request


def test_credits_come_back_by_request_when_no_response_can_bring_them(arm):
    """[R-INV-11, R-CRED-04, R-CRED-05]"""
    victim, request = reset_by_another_nexus(arm)
    victim.send_raw(victim.channel.build_cred_rsp(request.tag))
    victim.ready().works()


def test_a_credit_request_that_is_never_answered_ends_the_channel(arm):
    victim, _ = reset_by_another_nexus(arm)
    victim.ready().works()  # Until then the credits can be used.
    victim.ends(wire.LOGOUT_INACTIVE, within=100.0)


def takes_over(arm, session):
    """No write of the old session lands after one of the new session's."""
    size = 4096
    memory = session.memory(size)
    memory.write(b"\x0f" * size)
    arm.inject("disk hangs")
    session.submit(cdb.write10(0, 8), out=memory.direct())
    arm.sleep(0.5)
    new = arm.login()  # Answered without waiting for the backend.
    assert new.login_rsp.multichannel == wire.LOGIN_RSP_TERMINATED
    mine = new.memory(size)
    data = pattern("mine", size)
    mine.write(data)
    new.submit(cdb.write10(0, 8), out=mine.direct())
    received = new.receive(10.0)
    while received.status != 0:  # The unit attention first, then BUSY as long as it hangs.
        assert received.status in (2, BUSY), received
        if received.status == BUSY:
            arm.heal()
            arm.sleep(0.1)
        new.submit(cdb.write10(0, 8), out=mine.direct())
        received = new.receive(10.0)
    mine.write(bytes(size))
    good(new.command(cdb.read10(0, 8), in_=mine.direct()))
    assert mine.read() == data
    return new


def test_takeover_waits_for_the_old_write(arm, session):
    """[R-FAULT-20]"""
    takes_over(arm, session)


@pytest.mark.world(shards=2)
@pytest.mark.parametrize("slow", [0, 40])
def test_takeover_waits_for_the_old_write_of_another_shard(arm, session, slow):
    """[R-FAULT-20] `slow`: so many messages between director and shards are late."""
    first = arm.transport.shard_of(session.connection)
    arm.inject("message slow", slow)
    new = takes_over(arm, session)
    assert arm.transport.shard_of(new.connection) != first


@pytest.mark.world(shards=2)
def test_takeover_waits_at_that_unit_only(arm, session):
    """[R-FAULT-20]"""
    memory = session.memory(512)
    arm.inject("disk hangs")
    session.submit(cdb.write10(0, 1), out=memory.direct())
    arm.sleep(0.5)
    new = arm.login().ready(1)
    new.works(1)
    new.command(cdb.test_unit_ready())  # The unit attention.
    sibling = arm.login(multi=True)
    sibling.works(1)
    for channel in (new, sibling):  # On the old write's shard, or not: it makes no difference.
        assert channel.command(cdb.test_unit_ready(), within=4.0).status == BUSY
    arm.heal()
    arm.sleep(0.1)
    for channel in (new, sibling):
        channel.works()


def test_a_lost_rtu_is_implied_by_the_first_iu(arm):
    arm.inject("RTU lost")
    arm.login().ready().works()


def test_a_late_rtu_changes_nothing(arm):
    arm.inject("RTU late")
    session = arm.login().ready()
    session.works()
    arm.sleep(5.0)
    session.works()


def test_a_login_whose_answer_is_lost_leaves_nothing(arm):
    arm.inject("REP lost")
    _, event = arm.connect(arm.login_req().to_bytes_cm())
    assert event.kind in ("unreachable", "rejected"), event
    arm.eventually(lambda: not arm.sessions(), 60, "the half-open session goes")
    arm.login().ready().works()


def test_memory_taken_away_under_a_running_read(arm):
    bystander = arm.login(initiator=9).ready()
    session = arm.login().ready()
    memory = session.memory(4096)
    arm.inject("disk hangs")
    session.submit(cdb.read10(0, 8), in_=memory.direct())
    session.nothing(0.5)
    memory.deregister()
    arm.heal()
    while True:
        event = arm.transport.next_event(session.connection, arm.limit(10))
        assert event is not None, "no disconnect within 10 s"
        if event.kind == "disconnected":
            break
        assert event.kind == "qp_error", event
    bystander.works()
