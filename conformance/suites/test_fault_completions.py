# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""Faults 1 to 10: completions and queue pairs."""

import pytest
from srptest import cdb, initiator, wire

from conformance.arms.arm import NULL_LUN
from conformance.arms.session import good, pattern


def bad_key(memory, offset=0, size=None):
    """A descriptor whose rkey is not one of ours."""
    piece = memory.piece(offset, size)
    return wire.Direct(piece.va, piece.rkey ^ 0xFFFF00, piece.len)


def lost(session, within=10.0):
    """The connection ends without a word; no IU comes before that."""
    while True:
        event = session.arm.transport.next_event(session.connection, session.arm.limit(within))
        assert event is not None, f"no disconnect within {within} s"
        if event.kind == "disconnected":
            return
        assert event.kind in ("qp_error", "send_failed"), event


def test_fault_01_lost_completion(arm):
    """A SEND's completion never arrives: the watchdog ends the channel after 80 s. [R-FAULT-01]"""
    session = arm.login().ready()
    arm.inject("lost completion")
    good(session.command(cdb.test_unit_ready()))  # We have the answer; the target does not know.
    session.nothing(79.0)
    lost(session, 20.0)
    arm.login().ready().works()


def test_fault_02_failed_send(arm):
    """SEND fails: no resend; the channel is lost, the command done. [R-FAULT-02]"""
    bystander = arm.login(initiator=9).ready()
    session = arm.login().ready()
    arm.inject("retry exceeded")
    session.submit(cdb.test_unit_ready())
    lost(session, 30.0)
    bystander.works()
    arm.eventually(lambda: arm.session_of(1) is None, 30, "the session ends")
    arm.login().ready().works()


def test_fault_03_no_receive_at_the_initiator(arm):
    """RNR at the initiator is waited for; at the target it never happens. [R-FAULT-03]"""
    arm.require("faults", "our receives cannot be withheld")
    session = arm.login(connect={"receives": 0})
    arm.transport.post_receives(session.connection, 1)
    assert session.command(cdb.test_unit_ready()).status == 2  # The unit attention.
    session.submit(cdb.test_unit_ready())
    session.nothing(0.005)
    arm.transport.post_receives(session.connection, 1)
    good(session.receive())
    session.submit(cdb.test_unit_ready())
    lost(session, 90.0)  # The retries are used up.
    assert arm.transport.rnr_at_target() == 0


def test_fault_04_failed_read_of_a_piece(arm):
    """RDMA READ fails mid-command: no byte of its piece is written, never GOOD. [R-FAULT-04]"""
    bystander = arm.login(initiator=9).ready()
    session = arm.login().ready()
    size, piece = 1 << 18, 1 << 16
    old = pattern("old", size)
    memory = session.memory(size)
    memory.write(old)
    good(session.command(cdb.write10(0, size // 512), out=memory.direct()))
    memory.write(b"\x0f" * size)
    parts = [memory.piece(i * piece, piece) for i in range(4)]
    parts[2] = bad_key(memory, 2 * piece, piece)
    session.submit(cdb.write10(0, size // 512), out=initiator.Buffer.indirect(parts))
    lost(session)
    bystander.works()
    again = arm.login().ready()
    memory = again.memory(size)
    good(again.command(cdb.read10(0, size // 512), in_=memory.direct()))
    assert memory.read(2 * piece, 2 * piece) == old[2 * piece:]
    for at in range(0, 2 * piece, 512):  # Earlier pieces may have landed, block by block.
        assert memory.read(512, at) in (old[at:at + 512], b"\x0f" * 512)


def test_fault_05_write_to_a_bad_key(arm):
    """RDMA WRITE hits a bad rkey: its RSP is flushed; disconnect, no status. [R-FAULT-05]"""
    bystander = arm.login(initiator=9).ready()
    session = arm.login().ready()
    memory = session.memory(4096)
    session.submit(cdb.read10(0, 8), in_=initiator.Buffer.direct(bad_key(memory)))
    lost(session)
    bystander.works()
    arm.login().ready().works()


@pytest.mark.parametrize("writing", [False, True])
def test_fault_06_queue_pair_error_under_backend_io(arm, writing):
    """QP error with backend I/O in flight: it ends, is discarded, then freed. [R-FAULT-06]"""
    session = arm.login().ready(0, NULL_LUN)
    memory = session.memory(4096)
    arm.inject("disk hangs")
    if writing:
        session.submit(cdb.write10(0, 8), out=memory.direct())
    else:
        session.submit(cdb.read10(0, 8), in_=memory.direct())
    session.nothing(0.1)
    session.submit(
        cdb.read10(0, 8), in_=initiator.Buffer.direct(bad_key(memory)), lun=NULL_LUN)
    lost(session)
    arm.heal()
    arm.eventually(lambda: not arm.transport.pending(), 5, "everything is free")
    arm.login().ready().works()


def test_fault_07_flushes(arm):
    """Flush completions are known by wr_id alone, whatever was posted. [R-FAULT-07]"""
    session = arm.login().ready(0, NULL_LUN)
    memory = session.memory(1 << 20)
    for i in range(32):
        if i % 2:
            session.submit(cdb.read10(0, 1024), in_=memory.direct(1 << 19), lun=NULL_LUN)
        else:
            session.submit(cdb.write10(0, 1024), out=memory.direct(1 << 19), lun=NULL_LUN)
    session.submit(cdb.read10(0, 8), in_=initiator.Buffer.direct(bad_key(memory)))
    while True:
        event = arm.transport.next_event(session.connection, arm.limit(10))
        assert event is not None, "no disconnect within 10 s"
        if event.kind == "disconnected":
            break
        if event.kind == "iu":  # Answered before the error.
            session.channel.on_iu(event.bytes)
    arm.login().ready().works()


@pytest.mark.world(sq_size=16)
def test_fault_08_full_send_queue_and_refused_posts(arm):
    """post_send refuses, or the queue is full: all waits in order, nothing is dropped.

    [R-FAULT-08]"""
    session = arm.login().ready()
    size = 255 * 512
    memory = session.memory(size)
    arm.inject("post refused", 20)
    parts = [memory.piece(i * 512, 512) for i in range(255)]
    tags = [
        session.submit(cdb.read10(0, 255), in_=initiator.Buffer.indirect(parts)) for _ in range(16)
    ]
    assert sorted(good(session.receive(5.0)).tag for _ in tags) == sorted(tags)
    session.works()


@pytest.mark.world(shards=2)
def test_fault_09_lost_completion_queue(arm):
    """CQ overrun: fatal for that shard's CQ, and for no other. [R-FAULT-09]"""
    sessions = [arm.login(initiator=n).ready() for n in range(1, 5)]
    shards = [arm.transport.shard_of(s.connection) for s in sessions]
    assert set(shards) == {0, 1}
    arm.befall("completion queue overrun", shard=0)
    arm.sleep(20.0)
    for session, shard in zip(sessions, shards):
        if shard == 0:
            lost(session, 30.0)
        else:
            session.works()
    for number in range(1, 5):
        arm.login(initiator=number).ready().works()


def test_fault_10_drain_by_counting(arm):
    """LAST_WQE never comes: the drain counts. [R-FAULT-10]"""
    for _ in range(3):
        session = arm.login().ready(NULL_LUN)
        memory = session.memory(1 << 18)
        for _ in range(32):
            session.submit(cdb.read10(0, 512), in_=memory.direct(), lun=NULL_LUN)
        arm.transport.close(session.connection)
    arm.eventually(lambda: arm.session_of(1) is None, 30, "the sessions end")
    arm.login().ready().works()
