# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""The sans-I/O initiator and the arms, from Python."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from srptest import arms, cdb, initiator, wire

# The same examples each time, and no deadline: a busy machine is not a failure.
settings.register_profile("srpt", deadline=None, derandomize=True)
settings.load_profile("srpt")

GRANT = 8
COMPLETE = bytes(4)


def logged_in(grant=GRANT, imm_data_offset=68):
    """A channel with credits."""
    channel = initiator.Channel()
    req = wire.LoginReq(flags=wire.LOGIN_REQ_IMMEDIATE, imm_data_offset=imm_data_offset)
    assert len(channel.build_login_cm(req)) == 56
    rsp = wire.LoginRsp(
        req_lim_delta=grant, tag=req.tag, max_it_iu_len=8276, max_ti_iu_len=256,
        flags=wire.LOGIN_RSP_IMMEDIATE,
    )
    parsed, violation = channel.on_login_rsp(rsp.to_bytes() + bytes(144))
    assert parsed == rsp and violation is None
    return channel


def test_a_command_and_its_completion():
    channel = logged_in()
    direct = initiator.Buffer.direct(wire.Direct(0x1000, 7, 4096))
    iu = channel.build_cmd(tag=b"tag tag!", cdb=cdb.read10(1, 8), in_=direct, cookie=42)
    assert wire.parse_buffers(iu)[1].list == [wire.Direct(0x1000, 7, 4096)]
    assert (channel.credits, channel.outstanding) == (GRANT - 1, 1)
    rsp = wire.Rsp(tag=b"tag tag!", flags=wire.DIUNDER, in_residual=96)
    received = channel.on_iu(rsp.to_bytes())
    assert (received.kind, received.violation, received.cookie) == ("completion", None, 42)
    assert (received.in_moved, received.in_residual) == (4000, 96)
    assert channel.credits == GRANT


def test_violations_have_names_and_numbers():
    channel = logged_in()
    received = channel.on_iu(wire.Rsp(tag=b"unknown!", req_lim_delta=0).to_bytes())
    assert received.violation == "answer to a tag that is not outstanding"
    assert received.invariant == 2
    assert channel.on_iu(b"\x00").violation == "unreadable IU"
    assert channel.on_iu(b"").kind == "nothing"


def test_abort_and_credits():
    channel = logged_in()
    channel.build_cmd(tag=b"the task", cdb=cdb.test_unit_ready())
    channel.build_tsk_mgmt(tag=b"an abort", function=wire.TM_ABORT_TASK, task_tag=b"the task")
    rsp = wire.Rsp(tag=b"an abort", req_lim_delta=2, flags=wire.RSPVALID, response_data=COMPLETE)
    received = channel.on_iu(rsp.to_bytes())
    assert received.aborted_outstanding and received.rsp_code == wire.TM_COMPLETE
    late = channel.on_iu(wire.Rsp(tag=b"the task", req_lim_delta=0).to_bytes())
    assert late.invariant == 31
    assert channel.credits_missing == 0


def test_requests_and_logout_of_the_target():
    channel = logged_in()
    channel.build_cmd(tag=b"the task", cdb=cdb.test_unit_ready())
    channel.forget(b"the task")
    received = channel.on_iu(wire.CredReq(req_lim_delta=1, tag=b"credits!").to_bytes())
    assert received.kind == "credit_request" and received.violation is None
    assert channel.build_cred_rsp(received.tag) == wire.CredRsp(tag=b"credits!").to_bytes()
    event = channel.on_iu(wire.AerReq(tag=b"an event", sense=b"\x70").to_bytes())
    assert event.kind == "async_event" and event.sense == b"\x70"
    assert channel.build_aer_rsp(event.tag)[0] == 0x42
    logout = channel.on_iu(wire.TLogout(reason=wire.LOGOUT_IU_LENGTH).to_bytes())
    assert (logout.kind, logout.reason) == ("logout", wire.LOGOUT_IU_LENGTH)
    assert not channel.live


def test_immediate_and_partial_buffers():
    channel = logged_in(imm_data_offset=100)
    data = initiator.Buffer.immediate(b"x" * 512)
    iu = channel.build_cmd(tag=bytes(8), cdb=cdb.write10(0, 1), out=data)
    assert len(iu) == 612
    out, _ = wire.parse_buffers(iu, 100)
    assert out.immediate == b"x" * 512
    pieces = [wire.Direct(i, i, 512) for i in range(4)]
    partial = initiator.Buffer.indirect(pieces, 0x9000, 9, inline_count=1)
    assert partial.bytes == 2048
    iu = channel.build_cmd(tag=b"partial!", cdb=cdb.write10(0, 4), out=partial)
    out, _ = wire.parse_buffers(iu)
    assert out.partial and out.table == wire.Direct(0x9000, 9, 64) and out.list == pieces[:1]


@given(st.lists(st.sampled_from(["send", "answer", "fail"]), max_size=200))
def test_credits_never_leave_their_bounds(steps):
    channel, tags, count = logged_in(), [], 0
    for step in steps:
        if step == "send" and channel.can_send_cmd:
            count += 1
            tags.append(initiator.tag(count))
            channel.build_cmd(tag=tags[-1], cdb=cdb.test_unit_ready())
        elif step != "send" and tags:
            rsp = wire.Rsp(tag=tags.pop(0), status=0 if step == "answer" else 8)
            assert channel.on_iu(rsp.to_bytes()).violation is None
        assert channel.credits + channel.outstanding == channel.granted
        assert 1 <= channel.credits <= channel.granted


def test_our_own_mistakes_are_value_errors():
    channel = initiator.Channel()
    with pytest.raises(ValueError, match="not live"):
        channel.build_cmd(tag=bytes(8), cdb=bytes(6))
    channel = logged_in(grant=2)
    channel.build_cmd(tag=bytes(8), cdb=bytes(6))
    with pytest.raises(ValueError, match="outstanding"):
        channel.build_cmd(tag=bytes(8), cdb=bytes(6))
    channel.build_cmd(tag=b"the last", cdb=bytes(6))
    with pytest.raises(ValueError, match="no credit"):
        channel.build_tsk_mgmt(tag=b"one more", function=1)
    with pytest.raises(ValueError, match="A.B.C.D:PORT"):
        arms.VerbsArm("example.org:1")
    with pytest.raises(ValueError, match="vdisk_fileio"):
        arms.SimArm(1, [("disk", "vdisk_blockio", 512, 8)])


def test_the_verbs_arm_without_a_device_says_so():
    arm = arms.VerbsArm("192.0.2.1:5555")
    with pytest.raises(RuntimeError):
        arm.connect(bytes(56))


def test_the_sim_arm_is_deterministic():
    def run():
        arm = arms.SimArm(5, [("disk0", "vdisk_fileio", 512, 64)], seed=7)
        channel = initiator.Channel()
        req = wire.LoginReq(target_port=initiator.port_id(5, 5))
        connection = arm.connect(channel.build_login_cm(req))
        trace = [(arm.next_event(connection, 10**9).bytes, arm.now())]
        channel.on_login_rsp(trace[0][0])
        for i in range(10):
            arm.send(connection, channel.build_cmd(tag=initiator.tag(i), cdb=bytes(6)))
        while (event := arm.next_event(connection, 10**9)) is not None:
            assert channel.on_iu(event.bytes).violation is None
            trace.append((event.bytes, arm.now()))
        assert arm.broken() == ""
        return trace

    assert len(run()) == 11
    assert run() == run()
