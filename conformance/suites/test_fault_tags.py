# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""Faults 11 to 19: tags, credits, IUs. And every time: the other session does not notice."""

import pytest
from srptest import cdb, initiator, wire

from conformance.arms.arm import FILE_LUN, NULL_LUN
from conformance.arms.session import check, good

INVALID_FIELD = (5, 0x24, 0)
INVALID_LUN = (5, 0x25, 0)


@pytest.fixture(name="bystander", autouse=True)
def bystander_fixture(arm):
    """A session of another nexus, which must be untouched by whatever the test does."""
    session = arm.login(initiator=9).ready()
    before = arm.session_of(9)["commands"]
    yield session
    session.nothing(0.01)
    assert arm.session_of(9)["commands"] == before
    session.works()


def cut(length):
    """The IU's first `length` bytes."""
    return lambda iu: bytes(iu[:length])


def put(at, value):
    """Changes one byte."""

    def change(iu):
        iu[at] = value

    return change


def unaccounted(session):
    """A credit for a command that the channel does not know of."""
    tag = session.tag()
    session.channel.build_cmd(tag=tag, cdb=cdb.test_unit_ready())
    session.channel.forget(tag)


def test_fault_11_duplicate_tag(arm, session):
    """Overlapped commands both end with one RSP, 0B/4E/00, delta 2; others go on. [R-FAULT-11]"""
    arm.inject("disk hangs", 2)
    memory = session.memory(4096)
    other = session.submit(cdb.read10(64, 8), in_=memory.direct())
    iu = session.channel.build_cmd(
        tag=b"the same", lun=wire.encode_lun(0), cdb=cdb.read10(0, 8), in_=memory.direct())
    unaccounted(session)
    session.send_raw(iu)
    session.send_raw(iu)
    received = check(session.receive(), 0xB, 0x4E, 0)
    assert received.tag == b"the same"
    arm.heal()
    assert good(session.receive()).tag == other
    session.recovers()


def test_fault_11_tag_of_task_management(arm, session):
    """A CMD with the tag of a waiting TSK_MGMT: one RSP, 0B/4E/00, delta 2. [R-FAULT-11]"""
    arm.inject("disk hangs")
    memory = session.memory(512)
    write = session.submit(cdb.write10(0, 1), out=memory.direct())
    session.nothing(0.05)
    tag = session.tag()
    session.send_raw(session.channel.build_tsk_mgmt(
        tag=tag, function=wire.TM_ABORT_TASK, task_tag=write))
    session.nothing(0.05)  # The write cannot be recalled.
    session.channel.forget(tag)
    session.submit(cdb.test_unit_ready(), tag=tag)
    session.nothing(0.05)
    session.channel.forget(write)
    arm.heal()
    assert check(session.receive(), 0xB, 0x4E, 0).tag == tag
    session.recovers()


def test_fault_11_tag_used_again(session):
    """Tag reuse after the RSP was posted, before its completion, is normal. [R-FAULT-11]"""
    tag = session.tag()
    for _ in range(20):
        assert good(session.command(cdb.test_unit_ready(), tag=tag)).tag == tag


def test_fault_11_one_tag_on_two_channels(arm):
    """The same tag on two channels: fine. [R-FAULT-11]"""
    channels = [arm.login().ready(NULL_LUN), arm.login(multi=True)]
    memory = channels[0].memory(65536)
    for channel in channels:
        channel.submit(cdb.read10(0, 128), in_=memory.direct(), lun=NULL_LUN, tag=b"same tag")
    for channel in channels:
        assert good(channel.receive(5.0)).tag == b"same tag"


def test_fault_12_request_limit_overrun(arm):
    """The channel is ended; no other session notices. [R-FAULT-12]"""
    session = arm.login().ready(NULL_LUN)
    sibling = arm.login(multi=True)
    # So much that none of them ends while the others are sent. Of two units: at each so many wait
    # for buffers that their credits do not come back.
    memory = session.memory(8 << 20)
    ius = [session.channel.build_cmd(
        tag=lun.to_bytes(8, "big"), lun=wire.encode_lun(lun), cdb=cdb.read10(0, 16384),
        in_=memory.direct()) for lun in (NULL_LUN, FILE_LUN)]
    for i in range(session.channel.granted + 40):
        iu = ius[i % 2]
        if not arm.transport.send(session.connection, iu[:8] + i.to_bytes(8, "big") + iu[16:]):
            break
    for _ in range(2 * session.channel.granted):
        event = arm.transport.next_event(session.connection, arm.limit(10))
        assert event is not None, "no disconnect within 10 s"
        if event.kind == "disconnected":
            break
    else:
        pytest.fail("the channel does not end")
    sibling.ready(NULL_LUN).works(NULL_LUN)


def test_fault_13_longer_than_the_buffer(arm):
    """A receive length error ends the channel. [R-FAULT-13]"""
    session = arm.login(req_it_iu_len=276, imm_data_offset=0).ready()
    arm.transport.send(session.connection, bytes([2]) + bytes(session.login_rsp.max_it_iu_len))
    session.ends()


@pytest.mark.parametrize(
    "iu, reason",
    [
        (bytes([2]) + bytes(46), wire.LOGOUT_IU_LENGTH),
        (bytes([1]) + bytes(46), wire.LOGOUT_IU_LENGTH),
        (bytes([3]) + bytes(14), wire.LOGOUT_IU_LENGTH),
        (bytes([0x55]) + bytes(63), wire.LOGOUT_IU_TYPE),
        (bytes([0xC1]) + bytes(63), wire.LOGOUT_IU_TYPE),
        (bytes([0x81]) + bytes(63), wire.LOGOUT_IU_TYPE),
        (bytes([0x41]) + bytes(15), wire.LOGOUT_SPURIOUS_RESPONSE),
        (bytes([0x42]) + bytes(15), wire.LOGOUT_SPURIOUS_RESPONSE),
    ],
    ids=["cmd", "tsk_mgmt", "i_logout", "unknown", "rsp", "cred_req", "cred_rsp", "aer_rsp"],
)
def test_fault_13_iu_that_cannot_be(arm, iu, reason):
    """Too short: T_LOGOUT 8; unknown or a target's: 2; unexpected answer: 3. [R-FAULT-13]"""
    session = arm.login().ready()
    session.send_raw(iu)
    session.ends(reason)
    arm.login().ready().works()


@pytest.mark.parametrize(
    "change", [cut(48), cut(63), put(5, 0x07), put(5, 0x03)],
    ids=["no_descriptor", "half_a_descriptor", "unknown_format", "immediate_in"])
def test_fault_14_bad_descriptor(session, change):
    """CHECK CONDITION 05/24/00, nothing moved. [R-FAULT-14]"""
    memory = session.memory(512, fill=b"\xee")
    check(session.patched(cdb.read10(0, 1), change, in_=memory.direct()), *INVALID_FIELD)
    assert memory.read() == b"\xee" * 512
    session.works()


def test_fault_14_bad_tables(session):
    """Length not a multiple of 16; empty with a total: 05/24/00. [R-FAULT-14]"""
    memory = session.memory(512)
    one = initiator.Buffer.indirect([memory.piece()])
    check(session.patched(cdb.read10(0, 1), put(63, 17), in_=one), *INVALID_FIELD)
    none = initiator.Buffer.indirect([], total_length=512)
    check(session.command(cdb.read10(0, 1), in_=none), *INVALID_FIELD)
    session.works()


def test_fault_14_immediate_past_the_end(session):
    """Immediate data past the end: 05/24/00. [R-FAULT-14]"""
    data = initiator.Buffer.immediate(bytes(512))
    check(session.patched(cdb.write10(0, 1), cut(68 + 511), out=data), *INVALID_FIELD)
    session.works()


def test_fault_15_lengths(session):
    """Sums over 2^32 or the policy's maximum: CHECK. Total and sum: the smaller. [R-FAULT-15]"""
    many = initiator.Buffer.indirect([wire.Direct(0, 1, 0x80000000)] * 3, total_length=512)
    check(session.command(cdb.read10(0, 1), in_=many), *INVALID_FIELD)
    large = initiator.Buffer.direct(wire.Direct(0, 1, (16 << 20) + 1))
    check(session.command(cdb.read10(0, 1), in_=large), *INVALID_FIELD)
    memory = session.memory(1024, fill=b"\xee")
    two = [memory.piece(0, 512), memory.piece(512, 512)]
    smaller = initiator.Buffer.indirect(two, total_length=512)
    received = good(session.command(cdb.read10(0, 2), in_=smaller))
    assert received.flags & wire.DIOVER and received.in_residual == 512
    assert memory.read(512, 512) == b"\xee" * 512
    session.works()


@pytest.mark.parametrize("right", [True, False])
def test_fault_16_partial_table(arm, right):
    """It is fetched and used; with an invalid rkey the channel ends. [R-FAULT-16]"""
    session = arm.login().ready()
    memory, table = session.memory(1024), session.memory(32)
    parts = [memory.piece(512, 512), memory.piece(0, 512)]
    table.write(b"".join(part.to_bytes() for part in parts))
    rkey = table.region.rkey if right else table.region.rkey ^ 0xFFFF00
    buffer = initiator.Buffer.indirect(parts, table.region.va, rkey, inline_count=0)
    if right:
        good(session.command(cdb.read10(0, 2), in_=buffer))
        return session.works()
    session.submit(cdb.read10(0, 2), in_=buffer)
    session.ends(within=10.0)


def test_fault_17_directions_and_residuals(session):
    """Zero lengths are skipped; a wrong direction is 05/24/00; UNDER, OVER. [R-FAULT-17]"""
    memory = session.memory(1024, fill=b"\xee")
    parts = [memory.piece(0, 0), memory.piece(0, 512), memory.piece(0, 0)]
    good(session.command(cdb.read10(0, 1), in_=initiator.Buffer.indirect(parts)))
    memory.write(b"\xee" * 1024)
    check(session.command(cdb.read10(0, 1), out=memory.direct()), *INVALID_FIELD)
    check(session.command(cdb.write10(0, 1), in_=memory.direct()), *INVALID_FIELD)
    assert memory.read() == b"\xee" * 1024
    received = good(session.command(cdb.read10(0, 1), in_=memory.direct()))
    assert received.flags & wire.DIUNDER and received.in_residual == 512
    received = good(session.command(cdb.read10(0, 8), in_=memory.direct()))
    assert received.flags & wire.DIOVER and received.in_residual == 3072
    received = good(session.command(cdb.read10(0, 1)))
    assert received.flags & wire.DIOVER and received.in_residual == 512
    session.works()


def test_fault_18_additional_cdb_beyond_the_iu(session):
    """Additional CDB bytes beyond the IU: as truncated. [R-FAULT-18]"""
    check(session.patched(cdb.test_unit_ready(), put(31, 0xFC)), *INVALID_FIELD)
    session.works()


def test_fault_19_lun_addressing(session):
    """Peripheral and flat are one unit; others: 05/25/00, INQUIRY 0x7f. [R-FAULT-19]"""
    flat = bytes([0x40]) + bytes(7)
    deep = bytes([0, 0, 0, 1]) + bytes(4)
    unknown = bytes([0xC0]) + bytes(7)
    good(session.command(cdb.test_unit_ready(), lun=flat))
    for lun in (deep, unknown):
        check(session.command(cdb.test_unit_ready(), lun=lun), *INVALID_LUN)
        memory = session.memory(96)
        good(session.command(cdb.inquiry(96), in_=memory.direct(), lun=lun))
        assert memory.read(1) == b"\x7f"
    session.works()
