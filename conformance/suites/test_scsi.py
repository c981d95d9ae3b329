# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""Unit attentions, SCSI errors and addressing, as any initiator sees them."""

import pytest
from srptest import cdb, initiator, wire

from conformance.arms.arm import FILE_DEVICE, FREE_LUN, NULL_LUN
from conformance.arms.session import CHECK_CONDITION, check, good, pattern

UA, ILLEGAL = 6, 5


def attention(received):
    """(asc, ascq) of a command that reported a unit attention."""
    assert received.status == CHECK_CONDITION, received
    key, asc, ascq, _ = cdb.parse_sense(received.sense)
    assert key == UA, received
    return asc, ascq


def test_first_command_on_each_lun_reports_the_new_nexus_once(arm):
    """[R-INV-07]"""
    session = arm.login()
    for lun in (0, NULL_LUN):
        assert attention(session.command(cdb.test_unit_ready(), lun=lun))[0] == 0x29
        session.works(lun)
    two = arm.login(multi=True)
    two.works(0)
    two.works(NULL_LUN)


def test_a_new_login_is_a_new_nexus(arm):
    session = arm.login().ready()
    session.disconnect()
    arm.eventually(lambda: not arm.sessions(), 30, "the session ends")
    again = arm.login()
    assert attention(again.command(cdb.read10(0, 1)))[0] == 0x29


def test_three_commands_neither_report_nor_clear_a_unit_attention(arm):
    session = arm.login()
    memory = session.memory(256)
    good(session.command(cdb.inquiry(96), in_=memory.direct()))
    good(session.command(cdb.report_luns(256), in_=memory.direct()))
    good(session.command(cdb.request_sense(18), in_=memory.direct()))
    assert attention(session.command(cdb.test_unit_ready()))[0] == 0x29
    session.works()


@pytest.mark.parametrize("opcode", [0x02, 0x7E, 0xC0, 0xFF])
def test_invalid_opcode(session, opcode):
    """[R-RSP-04]"""
    check(session.command(bytes([opcode]) + bytes(15)), ILLEGAL, 0x20, 0)
    session.works()


def test_invalid_field(session):
    memory = session.memory(255)
    page_without_evpd = b"\x12\x00\x83\x00\xff\x00"
    for command in (page_without_evpd, cdb.inquiry(255, 0xC7), cdb.mode_sense6(0x2B)):
        check(session.command(command, in_=memory.direct()), ILLEGAL, 0x24, 0)
    session.works()


def test_beyond_the_end_touches_nothing(session):
    """[R-INV-29]"""
    blocks, _ = session.blocks()
    data = pattern("end", 1024)
    memory = session.memory(1024)
    memory.write(data)
    good(session.command(cdb.write10(blocks - 2, 2), out=memory.direct()))
    memory.write(b"\xee" * 1024)
    for lba, count in ((blocks, 1), (blocks - 1, 2), (blocks + 1000, 1), (0xFFFFFFFF, 2)):
        write, read = cdb.write10(lba, count), cdb.read10(lba, count)
        check(session.command(write, out=memory.direct(512 * count)), ILLEGAL, 0x21, 0)
        check(session.command(read, in_=memory.direct(512 * count)), ILLEGAL, 0x21, 0)
    check(session.command(cdb.read16(2**64 - 1, 2), in_=memory.direct()), ILLEGAL, 0x21, 0)
    assert memory.read() == b"\xee" * 1024
    good(session.command(cdb.read10(blocks - 2, 2), in_=memory.direct()))
    assert memory.read() == data
    session.works()


def test_unknown_lun(session):
    """[R-INV-41]"""
    memory = session.memory(96, fill=b"\xee")
    check(session.command(cdb.test_unit_ready(), lun=FREE_LUN), ILLEGAL, 0x25, 0)
    check(session.command(cdb.read10(0, 0), lun=FREE_LUN), ILLEGAL, 0x25, 0)
    good(session.command(cdb.inquiry(96), in_=memory.direct(), lun=FREE_LUN))
    assert memory.read(1) == b"\x7f"
    session.works()


def test_report_luns(session):
    memory = session.memory(256)
    good(session.command(cdb.report_luns(256), in_=memory.direct(), lun=FREE_LUN))
    data = memory.read()
    size = int.from_bytes(data[:4], "big")
    luns = [wire.decode_lun(data[at:at + 8]) for at in range(8, 8 + size, 8)]
    assert luns == [0, NULL_LUN]


@pytest.mark.parametrize("addressing", ["peripheral", "flat", "logical_unit"])
def test_every_addressing_method_names_the_same_unit(session, addressing):
    """[R-CMD-07]"""
    lun = wire.encode_lun(NULL_LUN, addressing)
    good(session.command(cdb.test_unit_ready(), lun=lun))
    zero = {"peripheral": b"\x00", "flat": b"\x40", "logical_unit": b"\x80"}[addressing] + bytes(7)
    good(session.command(cdb.test_unit_ready(), lun=zero))


@pytest.mark.parametrize(
    "lun",
    [b"\x00\x01\x00\x01\0\0\0\0", b"\x01\x00\0\0\0\0\0\0", b"\xc1" + bytes(7), b"\xff" * 8],
    ids=["second_level", "another_bus", "well_known", "all_ones"],
)
def test_luns_that_name_no_unit(session, lun):
    memory = session.memory(96, fill=b"\xee")
    check(session.command(cdb.test_unit_ready(), lun=lun), ILLEGAL, 0x25, 0)
    good(session.command(cdb.inquiry(96), in_=memory.direct(), lun=lun))
    assert memory.read(1) == b"\x7f"


@pytest.fixture(name="read_only")
def read_only_fixture(arm):
    """The number of a LUN that maps disk0 read-only."""
    arm.add_lun(FREE_LUN, FILE_DEVICE, read_only=True)
    yield FREE_LUN
    arm.del_lun(FREE_LUN)


def test_write_protected(arm, read_only):
    session = arm.login().ready(0, read_only)
    data = pattern("protected", 512)
    memory = session.memory(512)
    memory.write(data)
    good(session.command(cdb.write10(7, 1), out=memory.direct()))
    memory.write(bytes(512))
    check(session.command(cdb.write10(7, 1), out=memory.direct(), lun=read_only), 7, 0x27, 0)
    good(session.command(cdb.read10(7, 1), in_=memory.direct(), lun=read_only))
    assert memory.read() == data
    session.works()


def test_a_new_lun_is_announced_once(arm):
    """[R-AER-03]"""
    session = arm.login().ready(0, NULL_LUN)
    arm.add_lun(FREE_LUN, FILE_DEVICE)
    try:
        arm.sleep(0.05)  # For what the administrator did to reach where commands are served.
        told = []
        for lun in (0, NULL_LUN):
            received = session.command(cdb.test_unit_ready(), lun=lun)
            if received.status == CHECK_CONDITION:
                told.append(attention(received))
        assert told == [(0x3F, 0x0E)]
        session.ready(FREE_LUN).works(FREE_LUN)
    finally:
        arm.del_lun(FREE_LUN)


def test_additional_cdb_bytes(session):
    """A CDB of 32 bytes is parsed as such, descriptors lie behind it. [R-CMD-02, R-CMD-06]"""
    check(session.command(b"\x7f" + bytes(31)), ILLEGAL, 0x24, 0)  # No such service action.
    good(session.command(cdb.test_unit_ready() + bytes(26)))  # More bytes than it needs.
    memory = session.memory(512)
    good(session.command(cdb.read10(3, 1) + bytes(22), in_=memory.direct()))
    session.works()


FORMS = ["direct", "indirect", "partial", "immediate"]


@pytest.mark.parametrize("form", FORMS)
def test_32_byte_read_and_write(session, form):
    """[R-CMD-11]"""
    data = pattern(form, 4096)
    memory = session.memory(4096)
    table = session.memory(64)
    parts = [memory.piece(at, size) for at, size in ((0, 1), (1, 1000), (1001, 3095))]
    table.write(b"".join(part.to_bytes() for part in parts))
    buffers = {
        "direct": memory.direct(),
        "indirect": initiator.Buffer.indirect(parts),
        "partial": initiator.Buffer.indirect(
            parts, table.region.va, table.region.rkey, inline_count=1),
    }
    out = initiator.Buffer.immediate(data) if form == "immediate" else buffers[form]
    memory.write(data)
    good(session.command(cdb.write32(40, 8, fua=True), out=out))
    memory.write(bytes(4096))
    good(session.command(cdb.read32(40, 8), in_=buffers.get(form, memory.direct())))
    assert memory.read() == data
    memory.write(bytes(4096))
    good(session.command(cdb.read10(40, 8), in_=memory.direct()))
    assert memory.read() == data
    received = good(session.command(cdb.read32(40, 9), in_=memory.direct()))
    assert received.flags & wire.DIOVER and received.in_residual == 512
    session.works()


def test_32_byte_cdbs_that_contradict_themselves(session):
    """[R-CMD-11]"""
    memory = session.memory(512, fill=b"\xee")
    read = cdb.read32(0, 1)

    def field(sense):
        return sense[15], int.from_bytes(sense[16:18], "big")

    for at, value, byte in ((7, 0x14, 7), (7, 0x1C, 7), (9, 0x08, 8), (8, 1, 8), (10, 0x20, 10)):
        wrong = read[:at] + bytes([value]) + read[at + 1:]
        received = check(session.command(wrong, in_=memory.direct()), ILLEGAL, 0x24, 0)
        assert field(received.sense) == (0xCF, byte)
    for length in (16, 20, 28):  # Fewer bytes came than the CDB has.
        check(session.command(read[:length], in_=memory.direct()), ILLEGAL, 0x24, 0)
    blocks, _ = session.blocks()
    check(session.command(cdb.read32(blocks, 1), in_=memory.direct()), ILLEGAL, 0x21, 0)
    check(session.command(cdb.write32(2**64 - 1, 2), out=memory.direct()), ILLEGAL, 0x21, 0)
    assert memory.read() == b"\xee" * 512
    good(session.command(read + bytes(4), in_=memory.direct()))  # More bytes than it needs.
    session.works()


def test_capacity_agrees_with_itself(session):
    memory = session.memory(8)
    good(session.command(cdb.read_capacity10(), in_=memory.direct()))
    blocks, size = session.blocks()
    assert int.from_bytes(memory.read()[:4], "big") == min(blocks - 1, 0xFFFFFFFF)
    assert int.from_bytes(memory.read()[4:], "big") == size == 512


def test_identity(session):
    memory = session.memory(255)
    for page in (None, 0x00, 0x80, 0x83, 0xB0, 0xB1):
        good(session.command(cdb.inquiry(255, page), in_=memory.direct()))
        if page is not None:
            assert memory.read()[1] == page
    pages = session.memory(64)
    good(session.command(cdb.inquiry(64, 0), in_=pages.direct()))
    listed = pages.read()[4: 4 + pages.read()[3]]
    assert {0x00, 0x80, 0x83, 0xB0, 0xB1} <= set(listed)
    assert list(listed) == sorted(listed)
