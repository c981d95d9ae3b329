# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""All five functions, and what is not one of them.

The session's channel fails a test when an aborted command is answered after its abort was.
"""

import pytest
from srptest import cdb, wire

from conformance.arms.arm import FREE_LUN, NULL_LUN
from conformance.arms.session import CHECK_CONDITION, GOOD, check, good

UA, RESET, CLEARED = 6, 0x29, 0x2F
SOL_NOT = wire.SCSOLNT | wire.UCSOLNT


def test_abort_of_an_unknown_tag_is_complete(session):
    received = session.tsk_mgmt(wire.TM_ABORT_TASK, task_tag=b"no such!")
    assert received.rsp_code == wire.TM_COMPLETE
    assert received.req_lim_delta == 1
    session.works()


def test_abort_of_an_answered_command_changes_nothing(session):
    """[R-INV-32, R-TSK-03]"""
    tag = session.submit(cdb.test_unit_ready())
    good(session.receive())
    assert session.tsk_mgmt(wire.TM_ABORT_TASK, task_tag=tag).rsp_code == wire.TM_COMPLETE
    session.works()


@pytest.mark.parametrize("writing", [False, True])
def test_abort_of_a_running_command(session, writing):
    """Whichever comes first, each ends once, and both credits come back. [R-TSK-02]"""
    memory = session.memory(1 << 20)
    for _ in range(8):
        if writing:
            task = session.submit(cdb.write10(0, 2048), out=memory.direct(), lun=NULL_LUN)
        else:
            task = session.submit(cdb.read10(0, 2048), in_=memory.direct(), lun=NULL_LUN)
        tag = session.tag()
        session.send_raw(session.channel.build_tsk_mgmt(
            tag=tag, lun=wire.encode_lun(NULL_LUN), function=wire.TM_ABORT_TASK, task_tag=task))
        received = session.receive(5.0)
        if not received.task_management:
            assert received.tag == task
            assert good(received).req_lim_delta == 1
            received = session.receive(5.0)
            assert not received.aborted_outstanding and received.req_lim_delta == 1
        assert received.tag == tag and received.rsp_code == wire.TM_COMPLETE
        if received.aborted_outstanding:  # A read's buffer may still be with the backend.
            assert received.req_lim_delta in ([2] if writing else [1, 2])
        session.recovers(NULL_LUN)


def test_memory_is_left_alone_after_an_abort(session):
    """[R-INV-31, R-TSK-10]"""
    memory = session.memory(1 << 20)
    for i in range(8):
        task = session.submit(cdb.read10(0, 2048), in_=memory.direct())
        session.send_raw(session.channel.build_tsk_mgmt(
            tag=session.tag(), function=wire.TM_ABORT_TASK, task_tag=task))
        while session.channel.outstanding:
            session.receive(5.0)
        mark = bytes([0x40 + i]) * memory.size
        memory.write(mark)
        session.nothing(0.02)
        assert memory.read() == mark
    session.recovers()


def test_a_tag_can_be_used_again_after_its_response(session):
    """[R-RSP-09]"""
    tag = session.tag()
    for _ in range(5):
        session.submit(cdb.test_unit_ready(), tag=tag)
        assert good(session.receive()).tag == tag


def test_the_same_tag_on_two_channels(arm):
    """[R-NEXUS-06]"""
    one = arm.login().ready()
    two = arm.login(multi=True)
    memory = one.memory(65536)
    for session in (one, two):
        session.submit(cdb.read10(0, 128), in_=memory.direct(), tag=b"same tag")
    for session in (one, two):
        assert good(session.receive(5.0)).tag == b"same tag"
        session.works()


def test_lun_reset_is_complete_and_tells_every_other_nexus_once(arm):
    """[R-INV-33, R-TSK-06]"""
    resetter = arm.login(initiator=1).ready(0, 1)
    others = [arm.login(initiator=n).ready(0, 1) for n in (2, 3)]
    assert resetter.tsk_mgmt(wire.TM_LUN_RESET, lun=0).rsp_code == wire.TM_COMPLETE
    for other in others:
        received = other.command(cdb.test_unit_ready())
        assert received.status == CHECK_CONDITION
        assert cdb.parse_sense(received.sense)[:2] == (UA, RESET)
        other.works(0)  # Once.
        other.works(1)  # That LUN only.
    resetter.ready(0).works(0)  # SCST tells it too; SAM-5 leaves that open.


def test_lun_reset_tells_a_nexus_once_for_all_its_channels(arm):
    """[R-NEXUS-07]"""
    resetter = arm.login(initiator=1).ready()
    one = arm.login(initiator=2).ready()
    two = arm.login(initiator=2, multi=True)
    assert resetter.tsk_mgmt(wire.TM_LUN_RESET).rsp_code == wire.TM_COMPLETE
    assert cdb.parse_sense(two.command(cdb.test_unit_ready()).sense)[:2] == (UA, RESET)
    one.works()
    two.works()


def test_lun_reset_while_commands_run(session):
    memory = session.memory(1 << 20)
    for _ in range(16):
        session.submit(cdb.read10(0, 2048), in_=memory.direct(), lun=NULL_LUN)
    tag = session.tag()
    session.send_raw(session.channel.build_tsk_mgmt(
        tag=tag, lun=wire.encode_lun(NULL_LUN), function=wire.TM_LUN_RESET))
    while True:
        received = session.receive(10.0)
        if received.tag == tag:
            break
        good(received)
    assert received.rsp_code == wire.TM_COMPLETE
    session.ready(NULL_LUN).recovers(NULL_LUN)


def hung_reads(arm, *sessions):
    """A read of each session at LUN 0 that does not end by itself; their tags."""
    arm.inject("disk hangs", len(sessions))
    tags = [s.submit(cdb.read10(0, 1), in_=s.memory(512).direct()) for s in sessions]
    sessions[0].nothing(0.5)
    return tags


def forgets(session, lun=0):
    """The session's own commands at the unit were ended by another channel's request."""
    session.channel.forget_lun(wire.encode_lun(lun))


def test_abort_task_set_ends_the_nexuss_commands_on_all_its_channels(arm):
    """And those of no other nexus, which is told nothing. [R-TSK-04]"""
    one, other = arm.login(initiator=1).ready(0, 1), arm.login(initiator=2).ready(0, 1)
    two = arm.login(initiator=1, multi=True)
    _, _, theirs = hung_reads(arm, one, two, other)
    received = one.tsk_mgmt(wire.TM_ABORT_TASK_SET, within=0.5)
    assert received.rsp_code == wire.TM_COMPLETE and received.aborted_outstanding
    forgets(two)
    arm.heal()
    assert good(other.receive()).tag == theirs
    one.nothing(0.5)
    two.nothing(0.5)  # Had its read been answered, this would have been seen.
    for session in (one, two):
        session.recovers(0)
        session.works(1)
    other.works(0)


def test_abort_task_set_touches_one_unit(arm):
    one, two = arm.login().ready(0, 1), arm.login(multi=True)
    memory = two.memory(512)
    arm.inject("disk hangs")
    task = two.submit(cdb.read10(0, 1), in_=memory.direct())
    two.nothing(0.5)
    assert one.tsk_mgmt(wire.TM_ABORT_TASK_SET, lun=1).rsp_code == wire.TM_COMPLETE
    arm.heal()
    assert good(two.receive()).tag == task


def test_abort_task_set_with_nothing_to_abort(session):
    """[R-TSK-04]"""
    received = session.tsk_mgmt(wire.TM_ABORT_TASK_SET)
    assert received.rsp_code == wire.TM_COMPLETE and not received.aborted_outstanding
    session.works()


def test_clear_task_set_ends_all_commands_at_the_unit(arm):
    """[R-TSK-05]"""
    one, other = arm.login(initiator=1).ready(0, 1), arm.login(initiator=2).ready(0, 1)
    two = arm.login(initiator=1, multi=True)
    hung_reads(arm, one, two, other)
    received = two.tsk_mgmt(wire.TM_CLEAR_TASK_SET, within=0.5)
    assert received.rsp_code == wire.TM_COMPLETE and received.aborted_outstanding
    forgets(one)
    forgets(other)
    arm.heal()
    for session in (one, two, other):
        session.nothing(0.5)
    received = other.command(cdb.test_unit_ready())
    assert cdb.parse_sense(received.sense)[:3] == (UA, CLEARED, 0)
    for session in (one, two, other):
        session.recovers(0)
        session.works(1)


def test_clear_task_set_tells_every_other_nexus_once(arm):
    """[R-TSK-05]"""
    clearer = arm.login(initiator=1).ready(0, 1)
    other = arm.login(initiator=2).ready(0, 1)
    beside = arm.login(initiator=2, multi=True)
    assert clearer.tsk_mgmt(wire.TM_CLEAR_TASK_SET).rsp_code == wire.TM_COMPLETE
    received = beside.command(cdb.test_unit_ready())
    assert received.status == CHECK_CONDITION
    assert cdb.parse_sense(received.sense)[:3] == (UA, CLEARED, 0)
    other.works(0)  # Once for all channels.
    other.works(1)  # That LUN only.
    clearer.works(0)


@pytest.mark.parametrize("function", [
    wire.TM_ABORT_TASK_SET, wire.TM_CLEAR_TASK_SET, wire.TM_LUN_RESET])
def test_a_hung_write_fails_them_in_time(arm, function):
    """The write cannot be recalled. [R-TSK-11]"""
    one, two = arm.login().ready(0, 1), arm.login(multi=True)
    arm.inject("disk hangs")
    two.submit(cdb.write10(0, 1), out=two.memory(512).direct())
    two.nothing(0.5)
    assert one.tsk_mgmt(function, within=4.0).rsp_code == wire.TM_FAILED
    one.works(1)
    arm.heal()


def test_abort_task_set_does_not_wait_for_another_nexuss_write(arm):
    one, other = arm.login(initiator=1).ready(), arm.login(initiator=2).ready()
    arm.inject("disk hangs")
    task = other.submit(cdb.write10(0, 1), out=other.memory(512).direct())
    other.nothing(0.5)
    assert one.tsk_mgmt(wire.TM_ABORT_TASK_SET, within=0.5).rsp_code == wire.TM_COMPLETE
    arm.heal()
    assert good(other.receive()).tag == task


def test_clear_aca_has_nothing_to_clear(session):
    """[R-TSK-07]"""
    memory = session.memory(512)
    assert session.tsk_mgmt(wire.TM_CLEAR_ACA).rsp_code == wire.TM_COMPLETE
    good(session.command(cdb.read10(0, 1), in_=memory.direct()))
    session.works()


@pytest.mark.parametrize("function", [
    wire.TM_ABORT_TASK, wire.TM_ABORT_TASK_SET, wire.TM_CLEAR_TASK_SET, wire.TM_LUN_RESET,
    wire.TM_CLEAR_ACA])
def test_task_management_of_an_unknown_lun(session, function):
    """[R-TSK-08]"""
    received = session.tsk_mgmt(function, lun=FREE_LUN, task_tag=b"no such!")
    assert received.rsp_code == wire.TM_FAILED
    session.works()


def test_an_abort_of_itself(session):
    """[R-TSK-08]"""
    tag = session.tag()
    session.send_raw(session.channel.build_tsk_mgmt(
        tag=tag, function=wire.TM_ABORT_TASK, task_tag=tag))
    received = session.receive()
    assert received.tag == tag and received.rsp_code == wire.TM_FIELDS_INVALID
    session.works()


def test_an_abort_at_another_unit_than_the_commands(arm, session):
    """[R-TSK-08]"""
    session.ready(1)
    task, = hung_reads(arm, session)
    received = session.tsk_mgmt(wire.TM_ABORT_TASK, lun=1, task_tag=task)
    assert received.rsp_code == wire.TM_FIELDS_INVALID
    arm.heal()
    assert good(session.receive()).tag == task
    session.works()


@pytest.mark.parametrize("function", [0x00, 0x03, 0x10, 0x80, 0xFF])
def test_unknown_function(session, function):
    """[R-TSK-08]"""
    received = session.tsk_mgmt(function)
    assert received.rsp_code == wire.TM_NOT_SUPPORTED
    session.works()


@pytest.mark.parametrize("sol_not", [0, wire.SCSOLNT, wire.UCSOLNT, SOL_NOT])
def test_solicited_responses_are_as_asked_for(session, sol_not):
    """The session's channel checks SOLNT of each response. [R-RSP-05]"""
    assert session.command(cdb.test_unit_ready(), sol_not=sol_not).status == GOOD
    check(session.command(b"\xff" * 6, sol_not=sol_not), 5, 0x20, 0)
    tag = session.tag()
    session.send_raw(session.channel.build_tsk_mgmt(
        tag=tag, function=wire.TM_ABORT_TASK, task_tag=b"no such!", sol_not=sol_not))
    assert session.receive().tag == tag
