# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""Faults 28 to 30: resources and backends. (More of them in test_faults.py.)"""

import pytest
from srptest import cdb, wire

from conformance.arms.session import check, good


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
