# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""Every form of data buffer descriptor moves the right bytes to the right places."""

import pytest
from srptest import cdb, initiator, wire

from conformance.arms.arm import MAX_IT_IU_LEN, NULL_LUN
from conformance.arms.session import check, good, pattern

BLOCKS = 16
SIZE = BLOCKS * 512


def pieces(memory, sizes, gap=0):
    """Direct descriptors of these sizes, one behind the other with a gap between them."""
    out, at = [], 0
    for size in sizes:
        out.append(memory.piece(at, size))
        at += size + gap
    return out


def gather(memory, sizes, gap=0):
    """The bytes that `pieces` of the same arguments cover."""
    out, at = b"", 0
    for size in sizes:
        out += memory.read(size, at)
        at += size + gap
    return out


def scatter(memory, data, sizes, gap=0):
    """Puts data where `pieces` of the same arguments point."""
    at = where = 0
    for size in sizes:
        memory.write(data[at:at + size], where)
        at += size
        where += size + gap


LISTS = {
    "one": [SIZE],
    "two": [4096, SIZE - 4096],
    "unaligned": [1, 511, 513, 1023, 7, SIZE - 2055],
    "zero_lengths": [0, 512, 0, 0, SIZE - 512, 0],
    "many": [SIZE // 128] * 128,
    "most": [32] * 254 + [SIZE - 254 * 32],
}


@pytest.mark.parametrize("name", LISTS)
def test_indirect_write_and_read(session, name):
    """[R-DESC-02]"""
    sizes, gap = LISTS[name], 3
    if name == "most":
        session.arm.require("page_crossing", "some of the many small pieces do that")
    data = pattern(name, SIZE)
    memory = session.memory(SIZE + gap * len(sizes) + 64)
    scatter(memory, data, sizes, gap)
    good(session.command(cdb.write10(100, BLOCKS), out=initiator.Buffer.indirect(
        pieces(memory, sizes, gap))))
    memory.write(b"\xee" * memory.size)
    good(session.command(cdb.read10(100, BLOCKS), in_=initiator.Buffer.indirect(
        pieces(memory, sizes, gap))))
    assert gather(memory, sizes, gap) == data
    # Not a byte between the pieces or behind them was touched.
    rest = bytearray(memory.read())
    at = 0
    for size in sizes:
        rest[at:at + size] = b"\xee" * size
        at += size + gap
    assert bytes(rest) == b"\xee" * memory.size
    session.works()


@pytest.mark.parametrize("lun", [0, NULL_LUN])
def test_the_largest_command_with_the_most_descriptors(arm, lun):
    """16 MiB in 255 pieces that end where neither blocks, pages nor data buffers do, gaps between
    them; at an odd address. [R-DESC-02, R-INV-26]"""
    arm.require("page_crossing", "pieces of all sizes do that")
    session = arm.login(req_it_iu_len=MAX_IT_IU_LEN, imm_data_offset=0).ready(lun)
    blocks, block = session.blocks(lun)
    count = min(blocks, (16 << 20) // block)
    total, gap = count * block, 3
    writes = [total // 255 - 13] * 254
    writes.append(total - sum(writes))
    reads = [1, 4095, 65537] + [total // 300 + 7] * 251
    reads.append(total - sum(reads))
    memory = session.memory(total + gap * 256)
    data = pattern(("largest", lun), 4093) * (total // 4093 + 1)
    scatter(memory, data[:total], [0] + writes, gap)
    good(session.command(
        cdb.write16(0, count), lun=lun, within=60.0,
        out=initiator.Buffer.indirect(pieces(memory, [0] + writes, gap)[1:])))
    memory.write(b"\xee" * memory.size)
    received = good(session.command(
        cdb.read16(0, count), lun=lun, within=60.0,
        in_=initiator.Buffer.indirect(pieces(memory, [0] + reads, gap)[1:])))
    assert received.in_residual == 0
    if lun != NULL_LUN:  # It keeps nothing, and nobody knows what it reads.
        assert gather(memory, [0] + reads, gap) == data[:total]
    at = 0
    for size in [0] + reads:  # Not a byte between the pieces was touched.
        at += size
        assert memory.read(gap, at) == b"\xee" * gap
        at += gap
    session.works(lun)


def test_direct_write_and_read(session):
    """[R-DESC-01]"""
    data = pattern("direct", SIZE)
    memory = session.memory(SIZE)
    memory.write(data)
    good(session.command(cdb.write10(200, BLOCKS), out=memory.direct()))
    memory.write(bytes(SIZE))
    good(session.command(cdb.read10(200, BLOCKS), in_=memory.direct()))
    assert memory.read() == data


@pytest.mark.parametrize("blocks", [1, 8, 15])
def test_immediate_write(session, blocks):
    """[R-DESC-05]"""
    data = pattern(("immediate", blocks), blocks * 512)
    good(session.command(cdb.write10(300, blocks), out=initiator.Buffer.immediate(data)))
    memory = session.memory(blocks * 512)
    good(session.command(cdb.read10(300, blocks), in_=memory.direct()))
    assert memory.read() == data
    session.works()


@pytest.mark.parametrize("offset", [52, 1000, 4096])
def test_immediate_data_at_another_offset(arm, offset):
    session = arm.login(imm_data_offset=offset).ready()
    data = pattern(offset, 1024)
    good(session.command(cdb.write10(320, 2), out=initiator.Buffer.immediate(data)))
    memory = session.memory(1024)
    good(session.command(cdb.read10(320, 2), in_=memory.direct()))
    assert memory.read() == data


@pytest.mark.parametrize("inline", [0, 1, 3])
def test_partial_table_is_fetched(session, inline):
    """[R-DESC-03]"""
    sizes = [100, 2000, SIZE - 2100 - 8, 8]
    data = pattern(inline, SIZE)
    memory = session.memory(SIZE)
    table = session.memory(16 * len(sizes))
    table.write(b"".join(piece.to_bytes() for piece in pieces(memory, sizes)))

    def buffer():
        return initiator.Buffer.indirect(
            pieces(memory, sizes), table.region.va, table.region.rkey, inline_count=inline
        )

    memory.write(data)
    good(session.command(cdb.write10(400, BLOCKS), out=buffer()))
    memory.write(bytes(SIZE))
    good(session.command(cdb.read10(400, BLOCKS), in_=buffer()))
    assert memory.read() == data
    session.works()


def test_the_count_may_stand_in_the_other_direction(session):
    """[R-DESC-04]"""
    memory = session.memory(1024)

    def swap(iu):
        iu[6], iu[7] = iu[7], iu[6]

    buffer = initiator.Buffer.indirect(pieces(memory, [512, 512]))
    good(session.patched(cdb.read10(0, 2), swap, in_=buffer))
    good(session.patched(cdb.write10(0, 2), swap, out=buffer))
    session.works()


def test_the_smaller_of_total_and_sum_counts(session):
    """[R-DESC-08]"""
    memory = session.memory(2048, fill=b"\xee")
    buffer = initiator.Buffer.indirect(pieces(memory, [512, 512]), total_length=512)
    received = good(session.command(cdb.read10(0, 2), in_=buffer))
    assert received.flags & wire.DIOVER and received.in_residual == 512
    assert memory.read(512, 512) == b"\xee" * 512
    buffer = initiator.Buffer.indirect(pieces(memory, [512, 512]), total_length=1 << 20)
    good(session.command(cdb.read10(0, 2), in_=buffer))
    assert memory.read(1024, 1024) == b"\xee" * 1024
    session.works()


def test_immediate_data_that_was_not_negotiated(arm):
    session = arm.login(imm_data_offset=0).ready()
    memory = session.memory(512)

    def immediate(iu):
        iu[5] = wire.FMT_IMMEDIATE << 4
        return bytes(iu[:48]) + wire.immediate(512) + bytes(16 + 512)

    check(session.patched(cdb.write10(0, 1), immediate, out=memory.direct()), 5, 0x24, 0)
    session.works()


def test_descriptors_that_wrap_the_address_space(session):
    """[R-DESC-11, R-INV-24]"""
    buffer = initiator.Buffer.direct(wire.Direct(2**64 - 256, 1, 512))
    check(session.command(cdb.read10(0, 1), in_=buffer), 5, 0x24, 0)
    session.works()


def test_lengths_that_add_up_beyond_32_bits(session):
    many = [wire.Direct(0, 1, 0x80000000)] * 3
    buffer = initiator.Buffer.indirect(many, total_length=512)
    check(session.command(cdb.read10(0, 1), in_=buffer), 5, 0x24, 0)
    session.works()
