# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""Faults 20 to 27: logins and connections."""

import pytest
from srptest import cdb, initiator, wire

from conformance.arms.arm import FILE_DEVICE, NULL_LUN
from conformance.arms.session import good, pattern


def test_fault_20_single_and_multi_logins(arm):
    """SINGLE ends old channels: TERMINATED; MULTI with none existing: accepted. [R-FAULT-20]"""
    first = arm.login(multi=True)
    assert first.login_rsp.multichannel == wire.LOGIN_RSP_NONE_EXISTED
    memory = first.ready(NULL_LUN).memory(1 << 18)
    for _ in range(16):
        first.submit(cdb.read10(0, 512), in_=memory.direct(), lun=NULL_LUN)
    second = arm.login()
    assert second.login_rsp.multichannel == wire.LOGIN_RSP_TERMINATED
    second.ready().works()
    arm.eventually(lambda: arm.session_of(1)["channels"] == 1, 30, "the old channel is gone")


@pytest.mark.parametrize(
    "fields, reason",
    [
        ({"req_it_iu_len": 63}, wire.REJ_IU_LENGTH),
        ({"req_it_iu_len": 1 << 20}, wire.REJ_IU_LENGTH),
        ({"req_buf_fmt": 8}, wire.REJ_BUF_FMT),
        ({"flags": 2}, wire.REJ_UNSPECIFIED),
        ({"flags": 3}, wire.REJ_UNSPECIFIED),
        ({"target_port": initiator.port_id(1, 2)}, wire.REJ_NO_NEXUS),
    ],
    ids=["short", "long", "format", "action_2", "action_3", "other_target"],
)
def test_fault_21_refused_logins(arm, fields, reason):
    """Each refused login gets its reason; existing sessions are untouched. [R-FAULT-21]"""
    session = arm.login().ready()
    assert arm.rejection(**fields).reason == reason
    session.works()
    assert arm.session_of(1)["channels"] == 1


def test_fault_21_all_zeros(arm):
    """All zeros parses as opcode 0, length 0: reason 2. [R-FAULT-21]"""
    _, event = arm.connect(bytes(56))
    assert event.kind == "rejected"
    assert wire.LoginRej.parse(event.bytes).reason == wire.REJ_IU_LENGTH


@pytest.mark.world(srq_size=131)
@pytest.mark.parametrize("fields", [{"initiator": 2}, {"multi": True}], ids=["other", "second"])
def test_fault_21_no_room(arm, fields):
    """No receives for another channel: reason 1, and the session there goes on. [R-FAULT-21]"""
    session = arm.login().ready()
    assert arm.rejection(**fields).reason == wire.REJ_INSUFFICIENT_RESOURCES
    session.works()
    assert arm.session_of(1)["channels"] == 1


@pytest.mark.world(srq_size=131)
def test_fault_20_a_relogin_has_the_credits_of_the_session_before(arm):
    """It waits for the receives of the channel that it ends. [R-FAULT-20, R-NEXUS-11]"""
    session = arm.login().ready()
    for _ in range(3):
        before, session = session, arm.login()
        assert session.channel.granted == before.channel.granted
        session.ready().works()
    arm.eventually(lambda: arm.session_of(1)["channels"] == 1, 30, "the old channels are gone")


@pytest.mark.parametrize("offset", [47, 51, 8260, 65535])
def test_fault_22_immediate_offset_out_of_range(arm, offset):
    """Below the descriptor's end or beyond the IU: login without immediate data. [R-FAULT-22]"""
    session = arm.login(imm_data_offset=offset)
    assert not session.login_rsp.flags & wire.LOGIN_RSP_IMMEDIATE
    session.ready().works()


@pytest.mark.parametrize("fault", ["REP lost", "REP refused", "REQ lost", "REQ withdrawn"])
def test_fault_23_login_that_comes_to_nothing(arm, fault):
    """No session leaks. [R-FAULT-23]"""
    arm.inject(fault)
    _, event = arm.connect(arm.login_req().to_bytes_cm())
    assert event.kind in ("unreachable", "connected"), event
    if event.kind == "unreachable":
        arm.eventually(lambda: not arm.sessions(), 60, "the half-open session goes")
    arm.login().ready().works()


@pytest.mark.parametrize("fault", ["RTU lost", "RTU late", "CM message twice", "stale REQ"])
def test_fault_23_ius_before_established(arm, fault):
    """No IU is dropped or processed twice. [R-FAULT-23]"""
    arm.inject(fault)
    session = arm.login().ready()
    for _ in range(20):
        good(session.command(cdb.test_unit_ready()))
    arm.sleep(5.0)
    session.works()


def test_fault_23_refusal_that_is_lost(arm):
    """REJ lost: nothing of the login remains. [R-FAULT-23]"""
    arm.inject("REJ lost")
    _, event = arm.connect(arm.login_req(req_it_iu_len=63).to_bytes_cm())
    assert event.kind == "unreachable", event
    assert not arm.sessions()


@pytest.mark.parametrize("fault", ["DREQ lost", "DREP lost", "no timewait exit", "crossing DREQs"])
def test_fault_24_disconnects(arm, fault):
    """Drain, no responses, one clean-up path; never block. [R-FAULT-24]"""
    arm.inject(fault)
    session = arm.login().ready(NULL_LUN)
    memory = session.memory(1 << 18)
    for _ in range(16):
        session.submit(cdb.read10(0, 512), in_=memory.direct(), lun=NULL_LUN)
    arm.transport.close(session.connection)
    arm.login().ready().works()


def test_fault_24_peer_power_loss(arm):
    """Reaped by the next login. [R-FAULT-24]"""
    arm.require("faults", "no power can be lost")
    session = arm.login().ready()
    arm.transport.vanish(session.connection)
    again = arm.login()
    assert again.login_rsp.multichannel == wire.LOGIN_RSP_TERMINATED
    again.ready().works()


def test_fault_24_peer_power_loss_is_noticed(arm):
    """Reaped by the keepalive, within 150 s; a quiet peer that is there stays. [R-FAULT-24]"""
    arm.require("faults", "no power can be lost")
    quiet = arm.login().ready()
    dead = arm.login(initiator=2).ready()
    assert len(arm.sessions()) == 2
    arm.transport.vanish(dead.connection)
    arm.sleep(150.0)
    arm.eventually(lambda: len(arm.sessions()) == 1, 1, "the dead peer's session goes")
    quiet.works()


def test_fault_24_quiet_peer_stays(arm):
    """Asked for a sign of life, by a work request that it never sees, it is not disturbed."""
    session = arm.login().ready()
    arm.sleep(75.0)
    session.works()


def test_fault_25_i_logout_under_io(arm):
    """I_LOGOUT with commands outstanding: stop, abort, DREQ. [R-FAULT-25]"""
    session = arm.login().ready(NULL_LUN)
    memory = session.memory(65536)
    for _ in range(8):
        session.submit(cdb.read10(0, 128), in_=memory.direct(), lun=NULL_LUN)
    session.send_raw(session.channel.build_i_logout(session.tag()))
    while True:
        event = arm.transport.next_event(session.connection, arm.limit(5))
        assert event is not None, "no disconnect within 5 s"
        if event.kind == "disconnected":
            break
        if event.kind == "iu":  # Answered before the logout was read.
            session.channel.on_iu(event.bytes)
    arm.login().ready().works()


def test_fault_26_port_down_and_up(arm):
    """Sessions stay. [R-FAULT-26]"""
    session = arm.login().ready()
    arm.befall("port down", 0.5)
    session.works()


def test_fault_26_device_removal(arm):
    """Stop accepting, destroy at once, wait for hot-add. [R-FAULT-26]"""
    session = arm.login().ready()
    arm.inject("disk hangs")
    memory = session.memory(512)
    session.submit(cdb.write10(0, 1), out=memory.direct())
    session.nothing(0.01)
    arm.befall("device removal", 1.0)
    arm.sleep(0.5)
    _, event = arm.connect(arm.login_req(initiator=2).to_bytes_cm())
    assert event.kind == "unreachable", event
    arm.heal()  # The backend was let finish.
    arm.eventually(lambda: not arm.sessions(), 10, "the session ends")
    arm.login().ready().works()


@pytest.mark.parametrize("fault", ["kill", "power loss"])
def test_fault_27_restart(arm, fault):
    """Same port ids, same max_ti_iu_len, req_lim not lower; synced data intact. [R-FAULT-27]"""
    session = arm.login().ready()
    before = session.login_rsp
    data = pattern(fault, 4096)
    memory = session.memory(4096)
    memory.write(data)
    good(session.command(cdb.write10(0, 8), out=memory.direct()))
    good(session.command(cdb.synchronize_cache10()))
    arm.befall(fault, 0.5)
    arm.sleep(1.0)
    assert arm.transport.peek(FILE_DEVICE, 0, 4096) == data
    again = arm.login()
    assert again.login_rsp.max_ti_iu_len == before.max_ti_iu_len
    assert again.login_rsp.req_lim_delta >= before.req_lim_delta
    again.ready()
    memory = again.memory(4096)
    good(again.command(cdb.read10(0, 8), in_=memory.direct()))
    assert memory.read() == data
