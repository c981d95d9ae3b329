# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""Where the CDB and the buffers disagree: what moves, and what the response says about it."""

import pytest
from srptest import cdb, wire

from conformance.arms.session import check, good, pattern

OVER_UNDER = wire.DOOVER | wire.DOUNDER | wire.DIOVER | wire.DIUNDER


def test_exact_length_has_no_residual(session):
    memory = session.memory(512)
    received = good(session.command(cdb.read10(0, 1), in_=memory.direct()))
    assert received.flags & OVER_UNDER == 0
    assert received.in_residual == 0


@pytest.mark.parametrize("extra", [1, 512, 65536])
def test_read_into_a_larger_buffer(session, extra):
    """[R-RSP-02, R-INV-28]"""
    memory = session.memory(1024 + extra, fill=b"\xee")
    received = good(session.command(cdb.read10(0, 2), in_=memory.direct()))
    assert received.flags & OVER_UNDER == wire.DIUNDER
    assert received.in_residual == extra
    assert memory.read(extra, 1024) == b"\xee" * extra


def test_write_from_a_larger_buffer(session):
    data = pattern("larger", 4096)
    memory = session.memory(4096)
    memory.write(data)
    good(session.command(cdb.write10(0, 8), out=memory.direct()))
    memory.write(bytes(4096))
    received = good(session.command(cdb.write10(0, 1), out=memory.direct()))
    assert received.flags & OVER_UNDER == wire.DOUNDER
    assert received.out_residual == 3584
    good(session.command(cdb.read10(0, 8), in_=memory.direct()))
    assert memory.read() == bytes(512) + data[512:]


def test_read_into_a_smaller_buffer(session):
    """[R-INV-17]"""
    memory = session.memory(4096, fill=b"\xee")
    received = good(session.command(cdb.read10(0, 8), in_=memory.direct(512)))
    assert received.flags & OVER_UNDER == wire.DIOVER
    assert received.in_residual == 3584
    assert memory.read(3584, 512) == b"\xee" * 3584


def test_write_from_a_smaller_buffer(session):
    """[R-RSP-08]"""
    data = pattern("smaller", 4096)
    memory = session.memory(4096)
    memory.write(data)
    good(session.command(cdb.write10(16, 8), out=memory.direct()))
    memory.write(bytes(4096))
    received = good(session.command(cdb.write10(16, 8), out=memory.direct(512)))
    assert received.flags & OVER_UNDER == wire.DOOVER
    assert received.out_residual == 3584
    good(session.command(cdb.read10(16, 8), in_=memory.direct()))
    assert memory.read() == bytes(512) + data[512:]


def test_read_without_a_buffer(session):
    received = good(session.command(cdb.read10(0, 3)))
    assert received.flags & OVER_UNDER == wire.DIOVER
    assert received.in_residual == 1536


def test_write_without_a_buffer_writes_nothing(session):
    data = pattern("kept", 512)
    memory = session.memory(512)
    memory.write(data)
    good(session.command(cdb.write10(5, 1), out=memory.direct()))
    received = good(session.command(cdb.write10(5, 1)))
    assert received.flags & OVER_UNDER == wire.DOOVER
    assert received.out_residual == 512
    good(session.command(cdb.read10(5, 1), in_=memory.direct()))
    assert memory.read() == data


def test_a_command_without_data_and_a_buffer(session):
    memory = session.memory(512, fill=b"\xee")
    received = good(session.command(cdb.test_unit_ready(), in_=memory.direct()))
    assert received.flags & OVER_UNDER == wire.DIUNDER
    assert received.in_residual == 512
    assert memory.read() == b"\xee" * 512


def test_zero_blocks(session):
    for command in (cdb.read10(0, 0), cdb.write10(0, 0), cdb.read16(0, 0), cdb.write16(0, 0)):
        received = good(session.command(command))
        assert received.flags & OVER_UNDER == 0


@pytest.mark.parametrize("allocation", [5, 36, 96, 255, 4096])
def test_inquiry_residual_is_what_was_not_filled(session, allocation):
    memory = session.memory(allocation, fill=b"\xee")
    received = good(session.command(cdb.inquiry(allocation), in_=memory.direct()))
    length = min(allocation, 5 + memory.read()[4])
    assert received.in_residual == allocation - length
    assert bool(received.flags & wire.DIUNDER) == (length < allocation)
    assert memory.read(allocation - length, length) == b"\xee" * (allocation - length)


def test_the_wrong_direction_moves_nothing(session):
    memory = session.memory(512, fill=b"\xee")
    check(session.command(cdb.read10(0, 1), out=memory.direct()), 5, 0x24, 0)
    check(session.command(cdb.write10(0, 1), in_=memory.direct()), 5, 0x24, 0)
    assert memory.read() == b"\xee" * 512
    session.works()
