# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""A login takes a nexus over while earlier sessions' writes hang, on several shards (fault 20)."""

import pytest
from srptest import cdb, wire

from conformance.arms.arm import FILE_DEVICE, make_arm


def hung_write(arm, session):
    """One that the backend does not end."""
    memory = session.memory(512, fill=b"\x0f")
    arm.inject("disk hangs")
    session.submit(cdb.write10(0, 1), out=memory.direct())
    session.nothing(0.05)


@pytest.mark.parametrize("shards", [1, 2, 3])
@pytest.mark.parametrize("slow", [0, 60])
def test_abort_of_a_command_that_waits_for_an_earlier_write(shards, slow):
    """It is dropped: both credits come back. LUN RESET fails, for the write does not end.
    [R-FAULT-20]"""
    arm = make_arm(shards=shards)
    old = arm.login().ready(0, 1)
    hung_write(arm, old)
    arm.inject("message slow", slow)
    new = arm.login()
    new.command(cdb.test_unit_ready())
    tag = new.submit(cdb.test_unit_ready())
    new.nothing(0.01)
    received = new.tsk_mgmt(wire.TM_ABORT_TASK, task_tag=tag)
    assert received.rsp_code == wire.TM_COMPLETE
    if received.aborted_outstanding:
        assert received.req_lim_delta == 2
    assert new.tsk_mgmt(wire.TM_LUN_RESET, within=5).rsp_code == wire.TM_FAILED
    arm.heal()
    arm.close()


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("slow", [0, 10, 200])
@pytest.mark.parametrize("pause", range(4))
def test_takeovers_one_after_another(shards, slow, pause):
    """No write of any earlier session lands after one of the last one's. [R-NEXUS-10]"""
    arm = make_arm(shards=shards, seed=pause + 1)
    sessions = []
    for i in range(4):
        session = arm.login()
        for _ in range(3):
            session.submit(cdb.test_unit_ready())
        memory = session.memory(512, fill=bytes([i + 1]))
        if i < 3:
            arm.inject("disk slow", 2)
            for _ in range(4):
                session.submit(cdb.write10(0, 1), out=memory.direct())
            arm.inject("message slow", slow)
            arm.sleep(0.0002 * pause)
            if pause == 3:
                arm.transport.vanish(session.connection)
        sessions.append(session)
    last = sessions[-1]
    while last.channel.outstanding:
        last.receive(10.0)
    mine = last.memory(512, fill=b"\x77")
    for _ in range(30):
        received = last.command(cdb.write10(0, 1), out=mine.direct(), within=20)
        if received.status == 0:
            break
    assert received.status == 0
    arm.sleep(25)
    assert arm.transport.peek(FILE_DEVICE, 0, 512) == b"\x77" * 512
    arm.heal()
    arm.close()
