# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""A channel that is lost takes nothing with it: not its nexus, not the others, not the data."""

import pytest
from srptest import cdb, initiator, wire

from conformance.arms.arm import NULL_LUN
from conformance.arms.session import good, pattern


def bad_key(memory, size=None):
    """A direct buffer whose rkey is not one of ours."""
    piece = memory.piece(0, size)
    return initiator.Buffer.direct(wire.Direct(piece.va, piece.rkey ^ 0xFFFF00, piece.len))


def lose(arm, session, send):
    """send() makes the target lose the channel; waits for its end."""
    send()
    while True:
        event = arm.transport.next_event(session.connection, arm.limit(10))
        assert event is not None, "no disconnect within 10 s"
        if event.kind == "disconnected":
            return
        # A bad key has no answer: the RSP of a READ is flushed behind its failed RDMA WRITE.
        assert event.kind in ("qp_error", "send_failed"), event


@pytest.mark.parametrize("kind", ["read", "write", "table"])
def test_bad_rkey_loses_that_channel_only(arm, kind):
    bystander = arm.login(initiator=9).ready()
    session = arm.login().ready()
    kept = pattern("kept", 4096)
    memory = session.memory(4096)
    memory.write(kept)
    good(session.command(cdb.write10(64, 8), out=memory.direct()))
    if kind == "read":
        lose(arm, session, lambda: session.submit(cdb.read10(64, 8), in_=bad_key(memory)))
    elif kind == "write":
        lose(arm, session, lambda: session.submit(cdb.write10(64, 8), out=bad_key(memory)))
    else:
        table = initiator.Buffer.indirect(
            [memory.piece()], memory.region.va, memory.region.rkey ^ 0xFFFF00, inline_count=0
        )
        lose(arm, session, lambda: session.submit(cdb.write10(64, 8), out=table))
    bystander.works()
    again = arm.login().ready()
    memory = again.memory(4096)
    good(again.command(cdb.read10(64, 8), in_=memory.direct()))
    assert memory.read() == kept


def test_memory_that_was_taken_away(arm):
    bystander = arm.login(initiator=9).ready()
    session = arm.login().ready()
    memory = session.memory(4096)
    buffer = memory.direct()
    memory.deregister()
    lose(arm, session, lambda: session.submit(cdb.read10(0, 8), in_=buffer))
    bystander.works()


def test_disconnect_with_commands_in_flight(arm):
    bystander = arm.login(initiator=9).ready()
    for _ in range(3):
        session = arm.login().ready(NULL_LUN)
        memory = session.memory(1 << 18)
        for i in range(32):
            if i % 2:
                session.submit(cdb.read10(0, 512), in_=memory.direct(), lun=NULL_LUN)
            else:
                session.submit(cdb.write10(0, 512), out=memory.direct(), lun=NULL_LUN)
        arm.transport.close(session.connection)
        bystander.works()
    arm.eventually(lambda: arm.session_of(1) is None, 30, "the sessions end")


def test_takeover_with_writes_in_flight(arm):
    """A new single-channel login never finds an old write land after one of its own."""
    size = 1 << 18
    for i in range(4):
        old = arm.login().ready()
        memory = old.memory(size)
        memory.write(b"\x0f" * size)
        for _ in range(8):
            old.submit(cdb.write10(0, 512), out=memory.direct())
        new = arm.login()
        assert new.login_rsp.multichannel == wire.LOGIN_RSP_TERMINATED
        new.ready()
        mine = new.memory(size)
        data = pattern(("mine", i), size)
        mine.write(data)
        good(new.command(cdb.write10(0, 512), out=mine.direct(), within=10.0))
        arm.sleep(0.1)
        mine.write(bytes(size))
        good(new.command(cdb.read10(0, 512), in_=mine.direct()))
        assert mine.read() == data
        new.disconnect()


def test_a_busy_session_does_not_stop_another(arm):
    """[R-INV-43]"""
    busy = arm.login(initiator=1).ready(NULL_LUN)
    quick = arm.login(initiator=2).ready()
    memory = busy.memory(1 << 20)
    for _ in range(64):
        busy.submit(cdb.read10(0, 2048), in_=memory.direct(), lun=NULL_LUN)
    for _ in range(5):
        quick.works()
    for _ in range(64):
        good(busy.receive(20.0))
    busy.works(NULL_LUN)
