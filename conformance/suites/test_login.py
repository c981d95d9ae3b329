# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""Logins: who is let in, with what, and what happens to the nexus's other channels."""

import pytest
from srptest import initiator, wire

from conformance.arms.arm import CHANNELS_MAX, CREDITS, MAX_IT_IU_LEN
from conformance.arms.session import LoginRejected

OTHER_GUID = 0xDEADBEEF


def test_first_login_grants_what_was_asked(arm):
    """[R-LOGIN-15, R-CRED-07]"""
    session = arm.login(tag=b"any tag!")
    rsp = session.login_rsp
    assert rsp.tag == b"any tag!"
    assert rsp.multichannel == wire.LOGIN_RSP_NONE_EXISTED
    assert rsp.req_lim_delta == CREDITS
    assert rsp.max_it_iu_len >= session.login_req.req_it_iu_len
    assert rsp.max_ti_iu_len >= 56  # A response with 18 bytes of sense data.
    assert rsp.buf_fmt == wire.BUF_FMT_DIRECT | wire.BUF_FMT_INDIRECT
    assert rsp.flags & wire.LOGIN_RSP_IMMEDIATE
    session.ready().works()


def test_native_form_of_the_login(arm):
    arm.require("native_cm", "user space can be reached by RDMA/CM only")
    session = arm.login(tag=b"any tag!", connect={"native_cm": True})
    assert session.login_rsp.tag == b"any tag!"
    assert session.login_rsp.flags & wire.LOGIN_RSP_IMMEDIATE
    session.ready().works()
    with pytest.raises(LoginRejected) as rejected:
        arm.login(initiator=2, tag=b"rejected", req_it_iu_len=63, connect={"native_cm": True})
    assert rejected.value.rej.reason == wire.REJ_IU_LENGTH
    assert rejected.value.rej.tag == b"rejected"


def test_administrator_sees_the_session(arm):
    assert arm.session_of(1) is None
    session = arm.login()
    seen = arm.session_of(1)
    assert seen["channels"] == 1
    assert seen["req_lim"] == session.channel.credits
    session.ready().works()
    assert arm.session_of(1)["commands"] > seen["commands"]
    session.disconnect()
    arm.eventually(lambda: arm.session_of(1) is None, 30, "the session ends")


def test_single_login_ends_the_nexus_other_channels(arm):
    """[R-NEXUS-02]"""
    old = arm.login().ready()
    new = arm.login()
    assert new.login_rsp.multichannel == wire.LOGIN_RSP_TERMINATED
    old.ends(wire.LOGOUT_MULTICHANNEL)
    new.ready().works()
    arm.eventually(lambda: arm.session_of(1)["channels"] == 1, 30, "only the new channel is left")


def test_single_login_ends_all_of_several_channels(arm):
    old = [arm.login().ready(), arm.login(multi=True).ready(), arm.login(multi=True).ready()]
    new = arm.login()
    assert new.login_rsp.multichannel == wire.LOGIN_RSP_TERMINATED
    for session in old:
        session.ends(wire.LOGOUT_MULTICHANNEL)
    new.ready().works()


def test_multi_login_leaves_the_others_alone(arm):
    first = arm.login().ready()
    second = arm.login(multi=True)
    assert second.login_rsp.multichannel == wire.LOGIN_RSP_MAINTAINED
    assert arm.session_of(1)["channels"] == 2
    first.works()
    second.works()  # One nexus: its unit attention was taken on the first channel.


def test_multi_login_with_no_channels_is_accepted(arm):
    """[R-NEXUS-03]"""
    session = arm.login(multi=True)
    assert session.login_rsp.multichannel == wire.LOGIN_RSP_NONE_EXISTED
    session.ready().works()


def test_another_nexus_is_not_terminated(arm):
    """[R-NEXUS-04]"""
    first = arm.login(initiator=1).ready()
    second = arm.login(initiator=2)
    assert second.login_rsp.multichannel == wire.LOGIN_RSP_NONE_EXISTED
    assert len(arm.sessions()) == 2
    first.works()
    second.ready().works()


@pytest.mark.parametrize("length", [64, 276, 8260, MAX_IT_IU_LEN])
def test_iu_length_within_the_limits(arm, length):
    session = arm.login(req_it_iu_len=length)
    session.ready().works()


@pytest.mark.parametrize("length", [0, 63, MAX_IT_IU_LEN + 1, 0xFFFFFFFF])
def test_iu_length_beyond_the_limits(arm, length):
    """[R-LOGIN-06]"""
    rej = arm.rejection(req_it_iu_len=length, tag=b"rejected")
    assert rej.reason == wire.REJ_IU_LENGTH
    assert rej.tag == b"rejected"
    assert not arm.sessions()


@pytest.mark.parametrize("half", ["id_ext", "ioc_guid"])
def test_wrong_target_port(arm, half):
    """[R-LOGIN-07]"""
    halves = (OTHER_GUID, arm.guid) if half == "id_ext" else (arm.guid, OTHER_GUID)
    rej = arm.rejection(target_port=initiator.port_id(*halves))
    assert rej.reason == wire.REJ_NO_NEXUS


@pytest.mark.parametrize("formats", [0, 1, 0x8, 0xE])
def test_unknown_buffer_format(arm, formats):
    """[R-LOGIN-04, R-CM-03, R-LOGIN-08]"""
    rej = arm.rejection(req_buf_fmt=formats)
    assert rej.reason == wire.REJ_BUF_FMT
    assert rej.buf_fmt == wire.BUF_FMT_DIRECT | wire.BUF_FMT_INDIRECT


@pytest.mark.parametrize("action", [2, 3])
def test_unknown_multichannel_action(arm, action):
    """[R-LOGIN-09]"""
    assert arm.rejection(flags=action).reason == wire.REJ_UNSPECIFIED


def test_zero_private_data_is_a_login_with_length_zero(arm):
    """[R-LOGIN-12]"""
    _, event = arm.connect(bytes(56))
    assert event.kind == "rejected"
    assert wire.LoginRej.parse(event.bytes).reason == wire.REJ_IU_LENGTH


def test_private_data_of_another_kind(arm):
    _, event = arm.connect(b"\xff" * 56)
    assert event.kind == "rejected"
    assert wire.LoginRej.parse(event.bytes).reason == wire.REJ_UNSPECIFIED


def test_disabled_target_refuses_and_ends_sessions(arm):
    """[R-LOGIN-10]"""
    session = arm.login().ready()
    try:
        arm.enable(False)
        session.ends(wire.LOGOUT_NONE)
        assert arm.rejection(initiator=2).reason == wire.REJ_INSUFFICIENT_RESOURCES
    finally:
        arm.enable(True)
    arm.login().ready().works()


@pytest.mark.parametrize(
    "offset, granted",
    [(68, True), (4096, True), (52, True), (51, False), (47, False), (8260, False), (65535, False)],
)
def test_immediate_data_offset(arm, offset, granted):
    """[R-LOGIN-13]"""
    session = arm.login(imm_data_offset=offset)
    assert bool(session.login_rsp.flags & wire.LOGIN_RSP_IMMEDIATE) == granted
    session.ready().works()


def test_immediate_data_is_not_granted_unasked(arm):
    session = arm.login(imm_data_offset=0)
    assert not session.login_rsp.flags & wire.LOGIN_RSP_IMMEDIATE


def test_solicited_notification_is_said_to_be_supported(arm):
    """[R-LOGIN-14]"""
    session = arm.login(flags=wire.LOGIN_REQ_LOSOLNT)
    assert session.login_rsp.flags & wire.LOGIN_RSP_SOLNTSUP


def test_channel_limit_of_a_nexus(arm):
    """[R-LOGIN-11]"""
    channels = [arm.login(multi=True, connect={"receives": 8}) for _ in range(CHANNELS_MAX)]
    assert arm.rejection(multi=True).reason == wire.REJ_CHANNEL_LIMIT
    channels[0].ready().works()
    channels[-1].works()
    arm.login(initiator=2).ready().works()  # Another nexus has its own limit.


def test_rejected_login_leaves_the_sessions_alone(arm):
    """[R-INV-39]"""
    session = arm.login().ready()
    for fields in ({"req_it_iu_len": 63}, {"req_buf_fmt": 0}, {"flags": 3}):
        with pytest.raises(LoginRejected):
            arm.login(**fields)
    session.works()
    assert arm.session_of(1)["channels"] == 1


def test_administrator_closes_a_session(arm):
    victim, other = arm.login(initiator=1).ready(), arm.login(initiator=2).ready()
    arm.close_session(arm.session_of(1)["name"])
    victim.ends(wire.LOGOUT_NONE)
    other.works()
    arm.login(initiator=1).ready().works()


def test_login_again_and_again(arm):
    """[R-LOGIN-16]"""
    for _ in range(10):
        session = arm.login()
        session.ready().works()
        session.disconnect()
