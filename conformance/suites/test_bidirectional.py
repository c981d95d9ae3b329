# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""Commands that move data both ways: XDWRITEREAD gives old data XOR new and writes the new."""

import pytest
from srptest import cdb, initiator, wire

from conformance.arms.arm import MAX_IT_IU_LEN, NULL_LUN
from conformance.arms.session import check, good, pattern

INVALID_FIELD = (5, 0x24, 0)
OVER_UNDER = wire.DOOVER | wire.DOUNDER | wire.DIOVER | wire.DIUNDER


def xor(a, b):
    """Of two strings of bytes of one length."""
    assert len(a) == len(b)
    size = len(a)
    return (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).to_bytes(size, "big")


class Disk:
    """What a stretch of the medium holds, and how to ask."""

    def __init__(self, session, lba, blocks):
        self.session = session
        self.lba = lba
        self.blocks = blocks
        self.size = blocks * 512
        self._memory = session.memory(self.size)

    def put(self, data):
        """Writes it."""
        self._memory.write(data)
        good(self.session.command(cdb.write16(self.lba, self.blocks), out=self._memory.direct()))

    def get(self):
        """Reads it."""
        self._memory.write(bytes(self.size))
        good(self.session.command(cdb.read16(self.lba, self.blocks), in_=self._memory.direct()))
        return self._memory.read()


def parts(memory, sizes):
    """Direct descriptors of these sizes, one behind the other."""
    out, at = [], 0
    for size in sizes:
        out.append(memory.piece(at, size))
        at += size
    return out


@pytest.mark.parametrize("make", [cdb.xdwriteread10, cdb.xdwriteread32])
@pytest.mark.parametrize("blocks", [1, 8, 63, 64, 65, 1000])
def test_old_xor_new_comes_back_and_new_is_written(session, make, blocks):
    """[R-CMD-05, R-CMD-11]"""
    disk = Disk(session, 500, blocks)
    old, new = pattern(("old", blocks), disk.size), pattern(("new", blocks), disk.size)
    disk.put(old)
    out, in_ = session.memory(disk.size), session.memory(disk.size)
    out.write(new)
    received = good(session.command(make(500, blocks), out=out.direct(), in_=in_.direct()))
    assert received.flags & OVER_UNDER == 0
    assert in_.read() == xor(old, new)
    assert out.read() == new
    assert disk.get() == new
    session.works()


def test_twice_gives_the_old_data_back(session):
    disk = Disk(session, 40, 16)
    first, second = pattern("first", disk.size), pattern("second", disk.size)
    disk.put(first)
    out, in_ = session.memory(disk.size), session.memory(disk.size)
    for new in (second, first):
        out.write(new)
        good(session.command(cdb.xdwriteread10(40, 16, fua=True), out=out.direct(),
                             in_=in_.direct()))
        assert in_.read() == xor(first, second)
        assert disk.get() == new


def test_disable_write_writes_nothing(session):
    disk = Disk(session, 40, 4)
    old, new = pattern("kept", disk.size), pattern("not written", disk.size)
    disk.put(old)
    out, in_ = session.memory(disk.size), session.memory(disk.size)
    out.write(new)
    for make in (cdb.xdwriteread10, cdb.xdwriteread32):
        in_.write(bytes(disk.size))
        good(session.command(make(40, 4, disable_write=True), out=out.direct(), in_=in_.direct()))
        assert in_.read() == xor(old, new)
        assert disk.get() == old


# Cuts that differ between the directions and do not fall on blocks or pieces.
CUTS = {
    "unaligned": ([1, 511, 513, 1023, 7], [4096, 3, 90001]),
    "straddling": ([40000, 40000], [32767, 2, 32767]),
    "zero_lengths": ([0, 512, 0], [0, 0, 700, 0]),
    "many": ([257] * 100, [1021] * 80),
}


@pytest.mark.parametrize("form", ["inline", "out_partial", "in_partial", "both_partial"])
@pytest.mark.parametrize("name", CUTS)
def test_descriptors_of_both_directions(session, name, form):
    """[R-DESC-02, R-DESC-03]"""
    disk = Disk(session, 800, 250)
    old, new = pattern((name, form), disk.size), pattern((form, name), disk.size)
    disk.put(old)
    buffers = []
    for side, cut in (("out", CUTS[name][0]), ("in", CUTS[name][1])):
        memory = session.memory(disk.size)
        sizes = [*cut, disk.size - sum(cut)]
        pieces = parts(memory, sizes)
        table = session.memory(16 * len(pieces))
        table.write(b"".join(piece.to_bytes() for piece in pieces))
        partial = form in (f"{side}_partial", "both_partial")
        buffers.append((memory, initiator.Buffer.indirect(
            pieces, table.region.va, table.region.rkey,
            inline_count=1 if partial else len(pieces))))
    (out, out_buffer), (in_, in_buffer) = buffers
    out.write(new)
    received = good(session.command(cdb.xdwriteread10(800, 250), out=out_buffer, in_=in_buffer))
    assert received.flags & OVER_UNDER == 0
    assert in_.read() == xor(old, new)
    assert disk.get() == new
    session.works()


@pytest.mark.parametrize("blocks", [1, 8])
def test_immediate_data_out(session, blocks):
    """[R-DESC-05]"""
    disk = Disk(session, 64, blocks)
    old, new = pattern("old", disk.size), pattern("immediate", disk.size)
    disk.put(old)
    in_ = session.memory(disk.size)
    good(session.command(cdb.xdwriteread10(64, blocks), out=initiator.Buffer.immediate(new),
                         in_=in_.direct()))
    assert in_.read() == xor(old, new)
    assert disk.get() == new
    session.works()


def test_a_residual_for_each_direction(session):
    """[R-CMD-05, R-RSP-02, R-RSP-08]"""
    disk = Disk(session, 16, 8)
    cases = [  # Bytes offered each way, bytes moved each way, of 4 blocks.
        (2048, 2048, 2048, 2048, 0),
        (4096, 2600, 2048, 2048, wire.DOUNDER | wire.DIUNDER),
        (1024, 2048, 1024, 1024, wire.DOOVER | wire.DIUNDER),
        (1500, 512, 1024, 512, wire.DOOVER | wire.DIOVER),
        (2048, 100, 2048, 100, wire.DIOVER),
        (100, 2048, 0, 0, wire.DOOVER | wire.DIUNDER),
        (0, 0, 0, 0, wire.DOOVER | wire.DIOVER),
    ]
    out, in_ = session.memory(4096), session.memory(4096)
    for out_size, in_size, written, sent, flags in cases:
        old, new = pattern(("o", out_size, in_size), 4096), pattern((out_size, in_size), 4096)
        disk.put(old)
        out.write(new)
        in_.write(b"\xee" * 4096)
        received = good(session.command(
            cdb.xdwriteread10(16, 4),
            out=out.direct(out_size) if out_size else initiator.Buffer(),
            in_=in_.direct(in_size) if in_size else initiator.Buffer()))
        assert received.flags & OVER_UNDER == flags
        out_whole = 2048 if flags & wire.DOOVER else out_size
        in_whole = 2048 if flags & wire.DIOVER else in_size
        assert received.out_residual == out_whole - written
        assert received.in_residual == in_whole - sent
        assert disk.get() == new[:written] + old[written:]
        assert in_.read() == xor(old, new)[:sent] + b"\xee" * (4096 - sent)
    session.works()


def test_one_direction_alone_is_refused(session):
    """[R-FAULT-17]"""
    disk = Disk(session, 16, 1)
    old = pattern("kept", 512)
    disk.put(old)
    memory = session.memory(512, fill=b"\xee")
    for make in (cdb.xdwriteread10, cdb.xdwriteread32):
        received = check(session.command(make(16, 1), out=memory.direct()), *INVALID_FIELD)
        assert received.flags & OVER_UNDER == wire.DOUNDER and received.out_residual == 512
        received = check(session.command(make(16, 1), in_=memory.direct()), *INVALID_FIELD)
        assert received.flags & OVER_UNDER == wire.DIUNDER and received.in_residual == 512
    assert memory.read() == b"\xee" * 512
    assert disk.get() == old
    session.works()


def test_both_buffers_and_a_command_of_one_direction(session):
    """The direction that is not used has all of it left over; what the CDB asks for moves."""
    out, in_ = session.memory(512, fill=b"\xaa"), session.memory(512)
    good(session.command(cdb.write10(3, 1), out=out.direct()))
    received = good(session.command(cdb.read10(3, 1), out=out.direct(), in_=in_.direct()))
    assert received.flags & OVER_UNDER == wire.DOUNDER and received.out_residual == 512
    assert in_.read() == b"\xaa" * 512
    in_.write(bytes(512))
    received = good(session.command(cdb.write10(3, 1), out=out.direct(), in_=in_.direct()))
    assert received.flags & OVER_UNDER == wire.DIUNDER and received.in_residual == 512
    assert in_.read() == bytes(512)
    received = good(session.command(cdb.test_unit_ready(), out=out.direct(), in_=in_.direct()))
    assert received.flags & OVER_UNDER == wire.DOUNDER | wire.DIUNDER
    session.works()


def test_fields_of_the_cdb(session):
    blocks, _ = session.blocks()
    out, in_ = session.memory(1024), session.memory(1024, fill=b"\xee")

    def refused(command, key, asc):
        check(session.command(command, out=out.direct(), in_=in_.direct()), key, asc, 0)

    def flag(command, at, bit):
        return command[:at] + bytes([command[at] | bit]) + command[at + 1:]

    refused(flag(cdb.xdwriteread10(0, 2), 1, 0x01), 5, 0x24)  # XORPINFO.
    refused(flag(cdb.xdwriteread10(0, 2), 1, 0x20), 5, 0x24)  # WRPROTECT.
    refused(flag(cdb.xdwriteread32(0, 2), 10, 0x01), 5, 0x24)
    refused(flag(cdb.xdwriteread32(0, 2), 10, 0x80), 5, 0x24)
    refused(cdb.xdwriteread32(blocks, 1), 5, 0x21)
    refused(cdb.xdwriteread10(blocks - 1, 2), 5, 0x21)
    assert in_.read() == b"\xee" * 1024
    received = good(session.command(cdb.xdwriteread10(0, 0), out=out.direct(), in_=in_.direct()))
    assert received.out_residual == received.in_residual == 1024
    session.works()


@pytest.mark.parametrize("lun", [0, NULL_LUN])
def test_the_largest_with_255_descriptors_each_way(arm, lun):
    """16 MiB each way, cut where neither blocks nor pieces end. [R-CMD-10]"""
    session = arm.login(req_it_iu_len=MAX_IT_IU_LEN, imm_data_offset=0).ready(lun)
    blocks, size = session.blocks(lun)
    count = min(blocks, (16 << 20) // size)
    total = count * size
    out, in_ = session.memory(total), session.memory(total)
    new = pattern(("largest", lun), 4096) * (total // 4096) + bytes(total % 4096)
    out.write(new)
    sizes = [total // 255 + 1] * 254
    sizes.append(total - sum(sizes))
    back = [total // 300 - 1] * 254
    back.append(total - sum(back))
    received = good(session.command(
        cdb.xdwriteread32(0, count), lun=lun, within=60.0,
        out=initiator.Buffer.indirect(parts(out, sizes)),
        in_=initiator.Buffer.indirect(parts(in_, back))))
    assert received.flags & OVER_UNDER == 0
    if lun != NULL_LUN:  # It keeps nothing, and nobody knows what it reads.
        good(session.command(
            cdb.xdwriteread32(0, count), lun=lun, within=60.0,
            out=initiator.Buffer.indirect(parts(out, sizes)),
            in_=initiator.Buffer.indirect(parts(in_, back))))
        assert in_.read() == bytes(total)  # The same XOR itself.
    session.works(lun)


def test_an_abort_ends_it(arm, session):
    """Whatever was in flight: nothing moves once the abort was answered."""
    disk = Disk(session, 0, 1024)
    disk.put(pattern("before", disk.size))
    out, in_ = session.memory(disk.size), session.memory(disk.size)
    out.write(pattern("after", disk.size))
    tag = session.submit(cdb.xdwriteread10(0, 1024), out=out.direct(), in_=in_.direct())
    abort = session.tag()
    session.send_raw(session.channel.build_tsk_mgmt(
        tag=abort, lun=wire.encode_lun(0), function=wire.TM_ABORT_TASK, task_tag=tag))
    while True:
        received = session.receive(5.0)
        if received.tag == abort:
            break
        good(received)  # It was faster.
    seen, medium = in_.read(), disk.get()
    arm.sleep(0.05)
    assert in_.read() == seen
    assert disk.get() == medium
    session.recovers()
