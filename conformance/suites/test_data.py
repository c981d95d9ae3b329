# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""What was written is what is read."""

import pytest
from srptest import cdb

from conformance.arms.arm import NULL_LUN
from conformance.arms.session import good, pattern

KIB = 1024


def write(session, lba, data, command=cdb.write10, **fields):
    """Writes from memory of its own."""
    memory = session.memory(len(data))
    memory.write(data)
    good(session.command(command(lba, len(data) // 512, **fields), out=memory.direct()))


def read(session, lba, size, command=cdb.read10):
    """Reads into memory of its own."""
    memory = session.memory(size, fill=b"\xee")
    good(session.command(command(lba, size // 512), in_=memory.direct()))
    return memory.read()


@pytest.mark.parametrize(
    "size", [512, 4 * KIB, 8 * KIB, 63 * KIB, 64 * KIB, 64 * KIB + 512, 256 * KIB, 1024 * KIB]
)
def test_round_trip(session, size):
    data = pattern(size, size)
    write(session, 8, data)
    assert read(session, 8, size) == data
    session.works()


@pytest.mark.parametrize("form", ["6", "10", "12", "16"])
def test_every_cdb_form(session, form):
    writer, reader = getattr(cdb, "write" + form), getattr(cdb, "read" + form)
    data = pattern(form, 4 * KIB)
    write(session, 40, data, writer)
    assert read(session, 40, 4 * KIB, reader) == data
    assert read(session, 40, 4 * KIB) == data


def test_six_byte_form_with_256_blocks(session):
    data = pattern("256", 256 * 512)
    write(session, 0, data, cdb.write6)
    assert read(session, 0, 256 * 512, cdb.read6) == data


def test_force_unit_access_and_synchronize(session):
    data = pattern("fua", 4 * KIB)
    write(session, 0, data, cdb.write10, fua=True)
    write(session, 8, data, cdb.write16, fua=True)
    good(session.command(cdb.synchronize_cache10()))
    good(session.command(cdb.synchronize_cache16(0, 16)))
    assert read(session, 0, 8 * KIB) == data + data


def test_a_write_changes_its_own_blocks_only(session):
    before = pattern("before", 32 * KIB)
    write(session, 64, before)
    write(session, 64 + 17, bytes(3 * 512))
    expected = before[: 17 * 512] + bytes(3 * 512) + before[20 * 512:]
    assert read(session, 64, 32 * KIB) == expected


def test_the_last_block(session):
    blocks, size = session.blocks()
    assert size == 512
    data = pattern("last", 512)
    write(session, blocks - 1, data)
    assert read(session, blocks - 1, 512) == data


def test_sessions_see_each_other_s_data(arm):
    one, two = arm.login(initiator=1).ready(), arm.login(initiator=2).ready()
    data = pattern("shared", 4 * KIB)
    write(one, 128, data)
    assert read(two, 128, 4 * KIB) == data


def test_many_commands_at_once(session):
    size, count = 16 * KIB, 48
    data = [pattern(("many", i), size) for i in range(count)]
    memories = [session.memory(size) for _ in range(count)]
    for i in range(count):
        memories[i].write(data[i])
        session.submit(cdb.write10(1024 + 32 * i, 32), out=memories[i].direct())
    for _ in range(count):
        good(session.receive(10.0))
    for i in range(count):
        memories[i].write(bytes(size))
        session.submit(cdb.read10(1024 + 32 * i, 32), in_=memories[i].direct())
    for _ in range(count):
        good(session.receive(10.0))
    for i in range(count):
        assert memories[i].read() == data[i], i
    session.works()


def test_null_disk_takes_and_gives(session):
    memory = session.memory(1024 * KIB)
    good(session.command(cdb.write10(0, 2048), out=memory.direct(), lun=NULL_LUN))
    received = good(session.command(cdb.read10(0, 2048), in_=memory.direct(), lun=NULL_LUN))
    assert received.in_residual == 0
    session.works(NULL_LUN)
