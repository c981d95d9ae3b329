# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""The request limit: every credit comes back, none is invented.

The session's channel fails a test when a delta takes it above what was granted, or below zero.
"""

from srptest import cdb, wire

from conformance.arms.arm import NULL_LUN
from conformance.arms.session import good


def test_each_response_gives_its_credit_back(session):
    """[R-INV-08, R-INV-09, R-CRED-02]"""
    granted = session.channel.granted
    for _ in range(20):
        received = good(session.command(cdb.test_unit_ready()))
        assert received.req_lim_delta == 1
        assert session.channel.credits == granted


def test_the_whole_window_at_once(session):
    while session.channel.can_send_tsk_mgmt:
        session.submit(cdb.test_unit_ready())
    assert session.channel.credits == 0
    for _ in range(session.channel.granted):
        good(session.receive())
    session.works()


def test_the_whole_window_of_data(session):
    memory = session.memory(4096)
    count = session.channel.granted
    for i in range(count):
        buffer = memory.direct()
        if i % 2:
            session.submit(cdb.read10(8 * i, 8), in_=buffer)
        else:
            session.submit(cdb.write10(8 * i, 8), out=buffer, lun=NULL_LUN)
    for _ in range(count):
        good(session.receive(10.0))
    session.works()


def test_the_window_again_and_again(session):
    """More than one round of every buffer, with responses and commands interleaved."""
    to_send = to_receive = 500
    while to_receive:
        while to_send and session.channel.can_send_cmd:
            session.submit(cdb.test_unit_ready())
            to_send -= 1
        good(session.receive())
        to_receive -= 1
    session.works()


def test_failed_commands_give_their_credit_too(session):
    for _ in range(10):
        received = session.command(b"\xff" * 16)
        assert received.status == 2 and received.req_lim_delta == 1
    session.works()


def test_task_management_has_the_last_credit(session):
    """[R-CRED-01]"""
    while session.channel.can_send_cmd:
        session.submit(cdb.test_unit_ready())
    assert session.channel.credits == 1
    tag = session.tag()
    session.send_raw(
        session.channel.build_tsk_mgmt(tag=tag, function=wire.TM_ABORT_TASK, task_tag=b"no such!")
    )
    count = session.channel.outstanding
    codes = [session.receive().rsp_code for _ in range(count)]
    assert codes.count(wire.TM_COMPLETE) == 1
    session.works()


def test_channels_have_credits_of_their_own(arm):
    """[R-NEXUS-08]"""
    one = arm.login().ready()
    two = arm.login(multi=True)
    while one.channel.can_send_tsk_mgmt:
        one.submit(cdb.test_unit_ready())
    two.works()
    for _ in range(one.channel.granted):
        good(one.receive())
    one.works()


def test_the_administrator_counts_as_we_do(arm, session):
    session.works()
    assert arm.session_of(1)["req_lim"] == session.channel.credits
