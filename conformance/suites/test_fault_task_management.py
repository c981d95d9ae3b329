# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""Faults 32 to 34: task management."""

import pytest
from srptest import cdb, wire

from conformance.arms.arm import FREE_LUN
from conformance.arms.session import CHECK_CONDITION, good

UA, RESET = 6, 0x29


@pytest.mark.world(data_buffers=1)
def test_fault_32_abort_of_a_waiting_command(arm):
    """ABORT of a command waiting for a buffer: dropped; code 0, delta 2. [R-FAULT-32]"""
    session = arm.login().ready()
    memory = session.memory(512)
    arm.inject("disk hangs")
    first = session.submit(cdb.read10(0, 1), in_=memory.direct())
    waiting = session.submit(cdb.read10(8, 1), in_=memory.direct())
    session.nothing(0.05)
    received = session.tsk_mgmt(wire.TM_ABORT_TASK, task_tag=waiting, within=0.1)
    assert received.rsp_code == wire.TM_COMPLETE
    assert received.aborted_outstanding and received.req_lim_delta == 2
    arm.heal()
    assert good(session.receive()).tag == first
    session.works()


def test_fault_32_abort_of_what_is_over(session):
    """After its RSP was posted, or unknown tag: code 0, delta 1. [R-FAULT-32]"""
    answered = session.submit(cdb.test_unit_ready())
    good(session.receive())
    for tag in (answered, b"no such!"):
        received = session.tsk_mgmt(wire.TM_ABORT_TASK, task_tag=tag)
        assert received.rsp_code == wire.TM_COMPLETE and received.req_lim_delta == 1
    session.works()


def test_fault_33_lun_reset(arm):
    """All nexuses' commands are aborted; others get silence, their credit, 29/xx. [R-FAULT-33]"""
    resetter = arm.login(initiator=1).ready(0, 1)
    victim = arm.login(initiator=2).ready(0, 1)
    memory = victim.memory(512)
    arm.inject("disk hangs", 4)
    for _ in range(4):
        victim.submit(cdb.read10(0, 1), in_=memory.direct())
    victim.nothing(0.05)
    assert resetter.tsk_mgmt(wire.TM_LUN_RESET, lun=0).rsp_code == wire.TM_COMPLETE
    arm.heal()
    victim.nothing(0.5)
    victim.channel.forget_lun(wire.encode_lun(0))
    received = victim.command(cdb.test_unit_ready())
    assert received.status == CHECK_CONDITION
    assert cdb.parse_sense(received.sense)[:2] == (UA, RESET)
    victim.recovers(0)
    victim.works(1)  # That LUN only.


def test_fault_34_what_cannot_be_done(session):
    """Unknown LUN: 05. Unknown function: 04. [R-FAULT-34]"""
    received = session.tsk_mgmt(wire.TM_LUN_RESET, lun=FREE_LUN)
    assert received.rsp_code == wire.TM_FAILED
    for function in (0x00, 0x03, 0x80, 0xFF):
        assert session.tsk_mgmt(function).rsp_code == wire.TM_NOT_SUPPORTED
    session.works()
