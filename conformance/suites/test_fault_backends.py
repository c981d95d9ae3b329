# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""Faults 28 to 30: resources and backends. (More of them in test_faults.py.)"""

import pytest
from srptest import cdb, wire

from conformance.arms.arm import NULL_LUN
from conformance.arms.session import LoginRejected, check, good

BUSY, TASK_SET_FULL = 0x08, 0x28
WAITS = 64  # Commands of a nexus at a unit that may wait for a buffer.


@pytest.mark.world(data_buffers=1)
def test_fault_28_empty_pool(arm):
    """Buffer pool empty: wait in order; task management still works. [R-FAULT-28] [R-TSK-09]"""
    session = arm.login().ready()
    memory = session.memory(512)
    arm.inject("disk hangs")
    tags = [session.submit(cdb.read10(i, 1), in_=memory.direct()) for i in range(8)]
    session.nothing(0.05)
    received = session.tsk_mgmt(wire.TM_ABORT_TASK, task_tag=b"no such!", within=0.1)
    assert received.rsp_code == wire.TM_COMPLETE
    arm.heal()
    assert [good(session.receive()).tag for _ in tags] == tags
    session.works()


@pytest.mark.world(data_buffers=1)
def test_fault_28_task_set_full(arm):
    """Past the bound TASK SET FULL; BUSY where the nexus has no task; all get on. [R-FAULT-28]"""
    session = arm.login().ready(0, 1)
    memory = session.memory(512)
    arm.inject("disk hangs")
    tags = [session.submit(cdb.read10(i, 1), in_=memory.direct()) for i in range(1 + WAITS)]
    session.nothing(0.05)
    for i in range(3):
        received = session.command(cdb.read10(i, 1), in_=memory.direct(), within=0.1)
        assert received.status == TASK_SET_FULL, received
    # Of another unit, and of another nexus: they wait.
    other = arm.login(initiator=2).ready()
    theirs = other.submit(cdb.read10(0, 1), in_=memory.direct())
    elsewhere = session.submit(cdb.read10(0, 1), in_=memory.direct(), lun=1)
    other.nothing(0.05)
    session.nothing(0.05)
    assert session.tsk_mgmt(wire.TM_ABORT_TASK, task_tag=tags.pop()).rsp_code == wire.TM_COMPLETE
    tags.append(session.submit(cdb.read10(9, 1), in_=memory.direct()))  # There is room again.
    session.nothing(0.05)
    arm.heal()
    answered = [good(session.receive()).tag for _ in range(len(tags) + 1)]
    assert [tag for tag in answered if tag != elsewhere] == tags
    assert good(other.receive()).tag == theirs
    session.works()
    other.works()


@pytest.mark.world(data_buffers=1)
def test_fault_28_busy(arm):
    """Core's own answers wait too; of a unit without a task of this nexus: BUSY. [R-FAULT-28]"""
    session = arm.login().ready(0, 1)
    memory = session.memory(512)
    arm.inject("disk hangs")
    tags = [session.submit(cdb.read10(0, 1), in_=memory.direct())]
    tags += [session.submit(cdb.inquiry(96), in_=memory.direct()) for _ in range(WAITS)]
    session.nothing(0.05)
    for lun, status in ((0, TASK_SET_FULL), (1, BUSY)):
        received = session.command(cdb.inquiry(96), in_=memory.direct(), lun=lun, within=0.1)
        assert received.status == status, received
    arm.heal()
    assert {good(session.receive()).tag for _ in tags} == set(tags)
    session.works()


def test_fault_29_hung_read(arm, session):
    """A read's ABORT is answered 00 at once; late data is discarded. [R-FAULT-29]"""
    memory = session.memory(512, fill=b"\xee")
    arm.inject("disk hangs")
    task = session.submit(cdb.read10(0, 1), in_=memory.direct())
    received = session.tsk_mgmt(wire.TM_ABORT_TASK, task_tag=task, within=0.1)
    assert received.rsp_code == wire.TM_COMPLETE
    arm.heal()
    session.nothing(1.0)
    assert memory.read() == b"\xee" * 512


@pytest.mark.parametrize(
    "fault, sense",
    [("write EIO", (3, 0x0C, 0)), ("torn write", (3, 0x0C, 0)), ("ENOSPC", (7, 0x27, 7))])
def test_fault_30_failed_write(arm, session, fault, sense):
    """EIO: write 03/0C/00. ENOSPC: 07/27/07. [R-FAULT-30]"""
    memory = session.memory(4096)
    arm.inject(fault)
    check(session.command(cdb.write10(0, 8), out=memory.direct()), *sense)
    session.works()


@pytest.mark.parametrize("fault", ["read EIO", "short read"])
def test_fault_30_failed_read(arm, session, fault):
    """EIO: read 03/11/00. Short read: an error, never stale bytes. [R-FAULT-30]"""
    memory = session.memory(4096, fill=b"\xee")
    arm.inject(fault)
    check(session.command(cdb.read10(0, 8), in_=memory.direct()), 3, 0x11, 0)
    assert memory.read() == b"\xee" * 4096
    session.works()


def test_fault_31_a_read_that_hangs_does_not_take_all_channels(arm):
    """A host that comes back over reads that hang: others still get in. [R-FAULT-31]"""
    other = arm.login(initiator=2).ready(NULL_LUN)
    arm.inject("disk hangs", 10000)
    refused = None
    for _ in range(140):
        try:
            session = arm.login()
        except LoginRejected as rejected:
            refused = rejected.rej.reason
            break
        session.ready()
        memory = session.memory(512)
        for _ in range(50):  # Some hang for seconds, and one in four for good.
            session.submit(cdb.read10(0, 1), in_=memory.direct())
            if arm.transport.next_event(session.connection, 25 * 10**9) is None:
                break
        session.disconnect()
        arm.sleep(15.0)
    assert refused == wire.REJ_CHANNEL_LIMIT
    other.ready(NULL_LUN).works(NULL_LUN)
    arm.login(initiator=3).ready(NULL_LUN)
    arm.heal()
    arm.eventually(lambda: len(arm.sessions()) == 2, 30, "the old channels end")
    arm.login().ready(NULL_LUN)
