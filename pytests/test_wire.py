# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""The wire codec: golden bytes, parse ∘ to_bytes is identity, nothing reads past an end."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from srptest import cdb, initiator, wire

# The same examples each time, and no deadline: a busy machine is not a failure.
settings.register_profile("srpt", deadline=None, derandomize=True)
settings.load_profile("srpt")

TAG = st.binary(min_size=8, max_size=8)
U8, U16, U32 = (st.integers(0, 2**n - 1) for n in (8, 16, 32))
I32 = st.integers(-(2**31), 2**31 - 1)
PORT = st.binary(min_size=16, max_size=16)

LOGIN_REQS = st.builds(
    wire.LoginReq, tag=TAG, req_it_iu_len=U32, req_buf_fmt=U16, flags=U8, imm_data_offset=U16,
    initiator_port=PORT, target_port=PORT,
)
CMDS = st.builds(
    wire.Cmd, tag=TAG, lun=TAG,
    cdb=st.integers(4, 67).flatmap(lambda n: st.binary(min_size=4 * n, max_size=4 * n)),
    out_fmt=st.integers(0, 15), in_fmt=st.integers(0, 15), out_count=U8, in_count=U8,
    descriptors=st.binary(max_size=600), task_attr=st.integers(0, 7), sol_not=U8,
)
OTHERS = st.one_of(
    st.builds(wire.TskMgmt, tag=TAG, lun=TAG, function=U8, task_tag=TAG, sol_not=U8),
    st.builds(wire.ILogout, tag=TAG),
    st.builds(wire.CredRsp, tag=TAG),
    st.builds(wire.AerRsp, tag=TAG),
    st.builds(
        wire.LoginRsp, req_lim_delta=I32, tag=TAG, max_it_iu_len=U32, max_ti_iu_len=U32,
        buf_fmt=U16, flags=U8,
    ),
    st.builds(wire.LoginRej, reason=U32, tag=TAG, buf_fmt=U16),
    st.builds(
        wire.Rsp, tag=TAG, req_lim_delta=I32, flags=U8, status=U8, out_residual=U32,
        in_residual=U32, response_data=st.binary(max_size=16), sense=st.binary(max_size=300),
        solnt=st.booleans(),
    ),
    st.builds(wire.TLogout, reason=U32, tag=TAG, solnt=st.booleans()),
    st.builds(wire.CredReq, req_lim_delta=I32, tag=TAG, solnt=st.booleans()),
    st.builds(
        wire.AerReq, req_lim_delta=I32, tag=TAG, lun=TAG, sense=st.binary(max_size=300),
        solnt=st.booleans(),
    ),
)
PARSERS = [
    wire.LoginReq.parse, wire.LoginReq.parse_cm, wire.LoginRsp.parse, wire.LoginRej.parse,
    wire.Cmd.parse, wire.TskMgmt.parse, wire.Rsp.parse, wire.ILogout.parse, wire.TLogout.parse,
    wire.CredReq.parse, wire.CredRsp.parse, wire.AerReq.parse, wire.AerRsp.parse,
]


def hex_bytes(text):
    """Bytes of a dump without offsets."""
    return bytes.fromhex("".join(text.split()))


def test_golden_login_req_in_both_forms():
    guid = 0x0011223344556677
    req = wire.LoginReq(
        req_it_iu_len=8260, flags=wire.LOGIN_REQ_IMMEDIATE, imm_data_offset=68,
        initiator_port=initiator.port_id(0x0002C90300AA0001, 0x0002C90300BB0001),
        target_port=initiator.port_id(guid, guid),
    )
    assert req.to_bytes() == hex_bytes("""
        00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        00 00 20 44 00 00 00 00 00 06 80 00 00 44 00 00
        00 02 c9 03 00 aa 00 01 00 02 c9 03 00 bb 00 01
        00 11 22 33 44 55 66 77 00 11 22 33 44 55 66 77""")
    assert req.to_bytes_cm() == hex_bytes("""
        00 00 00 00 00 00 00 00 00 06 80 00 00 00 20 44
        00 02 c9 03 00 aa 00 01 00 02 c9 03 00 bb 00 01
        00 11 22 33 44 55 66 77 00 11 22 33 44 55 66 77
        00 44 00 00 00 00 00 00""")


def test_golden_indirect_write():
    pieces = [
        wire.Direct(0xFFFF888030001000, 0x00003301, 4096),
        wire.Direct(0xFFFF888040003000, 0x00003402, 4096),
    ]
    table = wire.Direct(0xFFFF888011220000, 0x00002201, 32)
    iu = wire.Cmd(
        tag=hex_bytes("1100030000000000"), lun=wire.encode_lun(1), cdb=cdb.write10(0x2000, 16),
        out_fmt=wire.FMT_INDIRECT, out_count=2, descriptors=wire.indirect(table, 8192, pieces),
    ).to_bytes()
    assert iu == hex_bytes("""
        02 00 00 00 00 20 02 00 11 00 03 00 00 00 00 00
        00 00 00 00 00 01 00 00 00 00 00 00 00 00 00 00
        2a 00 00 00 20 00 00 00 10 00 00 00 00 00 00 00
        ff ff 88 80 11 22 00 00 00 00 22 01 00 00 00 20
        00 00 20 00 ff ff 88 80 30 00 10 00 00 00 33 01
        00 00 10 00 ff ff 88 80 40 00 30 00 00 00 34 02
        00 00 10 00""")
    out, in_ = wire.parse_buffers(iu)
    assert (out.length, out.list, out.partial) == (8192, pieces, False)
    assert in_.format == wire.FMT_NONE


def test_golden_check_condition():
    rsp = wire.Rsp.parse(hex_bytes("""
        c1 00 00 00 00 00 00 01 05 00 02 00 00 00 00 00
        00 00 22 02 00 00 00 00 00 00 10 00 00 00 00 12
        00 00 00 00 70 00 05 00 00 00 00 0a 00 00 00 00
        24 00 00 00 00 00"""))
    assert rsp.flags == wire.SNSVALID | wire.DIUNDER
    assert (rsp.status, rsp.in_residual, rsp.req_lim_delta) == (2, 4096, 1)
    assert cdb.parse_sense(rsp.sense) == (5, 0x24, 0, None)
    assert rsp.consistent and rsp.rsp_code is None


def test_golden_abort_and_its_response():
    request = wire.TskMgmt(
        tag=hex_bytes("0100008000000000"), lun=wire.encode_lun(1), function=wire.TM_ABORT_TASK,
        task_tag=hex_bytes("0500020000000000"),
    )
    assert request.to_bytes() == hex_bytes("""
        01 00 00 00 00 00 00 00 01 00 00 80 00 00 00 00
        00 00 00 00 00 01 00 00 00 00 00 00 00 00 01 00
        05 00 02 00 00 00 00 00 00 00 00 00 00 00 00 00""")
    rsp = wire.Rsp(tag=request.tag, req_lim_delta=2, flags=wire.RSPVALID, response_data=bytes(4))
    assert len(rsp.to_bytes()) == 40
    assert rsp.rsp_code == wire.TM_COMPLETE


@given(LOGIN_REQS, st.binary(max_size=40))
def test_login_req_round_trip(req, padding):
    assert wire.LoginReq.parse(req.to_bytes() + padding) == req
    assert wire.LoginReq.parse_cm(req.to_bytes_cm() + padding) == req


@given(CMDS)
def test_cmd_round_trip(cmd):
    parsed = wire.Cmd.parse(cmd.to_bytes())
    assert parsed == cmd
    assert (parsed.cdb, parsed.descriptors, parsed.tag) == (cmd.cdb, cmd.descriptors, cmd.tag)


@given(OTHERS)
def test_round_trip(iu):
    data = iu.to_bytes()
    assert type(iu).parse(data) == iu
    assert type(iu).parse(data).to_bytes() == data
    assert wire.opcode(data) == data[0]
    assert "SRP_" in wire.describe(data)


@given(st.one_of(OTHERS, CMDS), st.data())
def test_a_cut_iu_is_refused_or_shorter(iu, data):
    whole = iu.to_bytes()
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    try:
        parsed = type(iu).parse(cut)
    except wire.ParseError:
        return
    assert len(parsed.to_bytes()) <= len(cut)  # Of a CMD, the descriptors: opaque here.


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_any_bytes_parse_or_raise(data):
    wire.describe(data)
    for parse in PARSERS:
        try:
            parse(data)
        except wire.ParseError as error:
            assert str(error)


@settings(max_examples=300)
@given(CMDS, st.sampled_from([0, 52, 68, 4096]))
def test_any_descriptors_are_taken_or_refused_with_a_reason(cmd, offset):
    try:
        out, in_ = wire.parse_buffers(cmd.to_bytes(), offset)
    except wire.DescriptorError as error:
        assert str(error)
        return
    for layout in (out, in_):
        assert layout.length <= layout.total_length
        if not layout.partial and layout.format in (wire.FMT_DIRECT, wire.FMT_INDIRECT):
            assert layout.length <= sum(direct.len for direct in layout.list)


@given(st.integers(0, 16383), st.sampled_from(["peripheral", "flat", "logical_unit"]))
def test_lun_round_trip(lun, addressing):
    assert wire.decode_lun(wire.encode_lun(lun, addressing)) == lun


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: wire.Cmd(tag=b"short", cdb=b""), "a tag takes 8 bytes, got 5"),
        (lambda: wire.Cmd(tag=bytes(8), cdb=bytes(269)), "at most 268 bytes"),
        (lambda: wire.Cmd(tag=bytes(8), cdb=b"", out_fmt=16), "0..15"),
        (lambda: wire.Cmd(tag=bytes(8), cdb=b"", task_attr=8), "0..7"),
        (lambda: wire.LoginReq(target_port=bytes(15)), "a port id takes 16 bytes"),
        (lambda: wire.encode_lun(16384), "0..16383"),
        (lambda: wire.encode_lun(0, "none"), "peripheral, flat or logical_unit"),
        (lambda: cdb.read6(1 << 21, 1), "below 2^21"),
        (lambda: cdb.read10(1 << 32, 1), "cannot carry"),
    ],
)
def test_our_own_mistakes_are_value_errors(make, message):
    with pytest.raises(ValueError, match=message.replace("(", r"\(").replace("^", r"\^")):
        make()


def test_everything_that_takes_something_says_what():
    for cls in vars(wire).values():
        if isinstance(cls, type) and not issubclass(cls, Exception):
            assert cls.__doc__, cls
    for parse in PARSERS:
        assert "ParseError" in parse.__doc__
