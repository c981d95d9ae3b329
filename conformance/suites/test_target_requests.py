# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""What the target asks of us: AER_REQ, CRED_REQ, and how their answers are taken."""

import pytest
from srptest import cdb, wire

from conformance.arms.arm import FILE_LUN, FREE_LUN, NULL_DEVICE, NULL_LUN
from conformance.arms.session import check, good

UNIT_ATTENTION = 6
LUNS_CHANGED = (UNIT_ATTENTION, 0x3F, 0x0E)


@pytest.fixture(name="mapped")
def mapped_fixture(arm):
    """Maps FREE_LUN, and unmaps it at the end."""
    done = []

    def add():
        arm.add_lun(FREE_LUN, NULL_DEVICE)
        done.append(True)

    yield add
    if done:
        arm.del_lun(FREE_LUN)


def event_of(session):
    """The next IU, which is an AER_REQ; not answered."""
    session.answers_events = False
    received = session.receive()
    session.answers_events = True
    assert received.kind == "async_event", received
    return received


def test_a_new_lun_is_reported(session, mapped):
    """[R-AER-01]"""
    mapped()
    event = event_of(session)
    assert event.lun == wire.encode_lun(FREE_LUN)
    assert cdb.parse_sense(event.sense)[:3] == LUNS_CHANGED
    session.send_raw(session.channel.build_aer_rsp(event.tag))
    check(session.command(cdb.test_unit_ready()), *LUNS_CHANGED)  # Linux looks at this only.
    session.works()


def test_a_lun_that_goes_is_reported(arm, session):
    arm.add_lun(FREE_LUN, NULL_DEVICE)
    event = event_of(session)
    session.send_raw(session.channel.build_aer_rsp(event.tag))
    session.ready(0)
    arm.del_lun(FREE_LUN)
    event = event_of(session)
    assert event.lun == wire.encode_lun(FREE_LUN)
    assert cdb.parse_sense(event.sense)[:3] == LUNS_CHANGED
    session.send_raw(session.channel.build_aer_rsp(event.tag))
    session.ready(0).works()


def test_one_channel_of_the_nexus_is_told(arm, mapped):
    one = arm.login().ready(0, 1)
    two = arm.login(multi=True)
    other = arm.login(initiator=2).ready(0, 1)
    mapped()
    for session in (one, other):
        event = event_of(session)
        session.send_raw(session.channel.build_aer_rsp(event.tag))
    two.nothing(0.2)


def test_solicited_as_the_login_asked(arm, mapped):
    """[R-LOGOUT-04]"""
    flags = wire.LOGIN_REQ_SINGLE | wire.LOGIN_REQ_AESOLNT
    session = arm.login(imm_data_offset=0, flags=flags).ready(0, 1)
    mapped()
    event_of(session)  # SOLNT is looked at by the channel: a wrong one is a violation.


def test_a_second_event_waits_for_the_answer(arm, session):
    arm.add_lun(FREE_LUN, NULL_DEVICE)
    event = event_of(session)
    arm.del_lun(FREE_LUN)
    session.nothing(0.2)
    session.send_raw(session.channel.build_aer_rsp(event.tag))
    event = event_of(session)
    session.send_raw(session.channel.build_aer_rsp(event.tag))
    session.ready(0).works()


def test_commands_go_on_while_an_event_is_unanswered(session, mapped):
    mapped()
    event_of(session)
    check(session.command(cdb.test_unit_ready()), *LUNS_CHANGED)
    good(session.command(cdb.test_unit_ready()))


def test_an_event_that_is_never_answered_ends_the_channel(arm, session, mapped):
    if arm.name != "sim":
        pytest.skip("SKIPPED: 20 s and more of waiting, in wall time")
    mapped()
    event_of(session)
    session.ends(wire.LOGOUT_INACTIVE, within=60.0)


def test_an_answer_to_nothing_ends_the_channel(session):
    """[R-CRED-09, R-AER-02]"""
    session.send_raw(session.channel.build_aer_rsp(session.tag()))
    session.ends(wire.LOGOUT_SPURIOUS_RESPONSE)


def test_a_second_answer_ends_the_channel(session, mapped):
    mapped()
    event = event_of(session)
    session.send_raw(session.channel.build_aer_rsp(event.tag))
    session.send_raw(wire.AerRsp(tag=event.tag).to_bytes())
    session.ends(wire.LOGOUT_SPURIOUS_RESPONSE)


def test_the_answer_of_the_other_kind_ends_the_channel(session, mapped):
    mapped()
    event = event_of(session)
    session.send_raw(wire.CredRsp(tag=event.tag).to_bytes())
    session.ends(wire.LOGOUT_SPURIOUS_RESPONSE)


def test_an_answer_with_another_tag_ends_the_channel(session, mapped):
    """[R-AER-02]"""
    mapped()
    event_of(session)
    session.send_raw(wire.AerRsp(tag=b"not your").to_bytes())
    session.ends(wire.LOGOUT_SPURIOUS_RESPONSE)


@pytest.mark.world(data_buffers=1)
def test_a_command_takes_the_last_but_one_credit_while_others_are_owed(arm):
    """Below two credits what is owed comes by CRED_REQ: also if a CMD made it so. [R-INV-11]"""
    victim, other = arm.login(initiator=1).ready(0, 1), arm.login(initiator=2).ready(0, 1)
    memory = victim.memory(512)
    arm.inject("disk hangs")
    other.submit(cdb.read10(0, 1), in_=memory.direct(), lun=NULL_LUN)  # Has the only buffer.
    other.nothing(0.05)
    for lun in (FILE_LUN, NULL_LUN):
        for _ in range(63):
            victim.submit(cdb.read10(0, 1), in_=memory.direct(), lun=lun)
    victim.nothing(0.01)
    for lun in (FILE_LUN, NULL_LUN):
        assert other.tsk_mgmt(wire.TM_LUN_RESET, lun=lun).rsp_code == wire.TM_COMPLETE
        victim.channel.forget_lun(wire.encode_lun(lun))
    victim.nothing(0.1)
    assert victim.channel.credits == 2  # 126 are owed; they can wait, for a CMD can be sent.
    victim.submit(cdb.inquiry(96), in_=memory.direct())  # Waits for the buffer as well.
    before = arm.transport.now()
    request = victim.receive(200.0)
    took = (arm.transport.now() - before) / 10**9
    assert request.kind == "credit_request", request
    victim.send_raw(victim.channel.build_cred_rsp(request.tag))
    arm.heal()
    good(victim.receive())
    assert took < 5.0, f"the peer had to wait {took} s for its credits"
