# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""Faults 32 to 34: task management."""

import pytest
from srptest import cdb, wire

from conformance.arms.arm import FILE_DEVICE, FREE_LUN, NULL_DEVICE, NULL_LUN
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


@pytest.mark.parametrize("function", [wire.TM_LUN_RESET, wire.TM_ABORT_TASK_SET])
@pytest.mark.parametrize("reading", [True, False])
def test_nothing_comes_on_another_channel_after_the_response(arm, function, reading):
    """RDMA WRITEs and a response that were posted are effects, too. [R-INV-31]

    ib_srp sends LUN RESET on channel 0, and then unmaps the memory of all commands of the unit."""
    zero = arm.login().ready()
    one = arm.login(multi=True)
    memory = one.memory(65536)
    memory.write(b"\xee" * 65536)
    if reading:
        one.submit(cdb.read10(0, 128), in_=memory.direct())
    else:
        one.submit(cdb.test_unit_ready())
    arm.inject("wire slow")  # The target's RDMA WRITE or response; the CMD is under way already.
    arm.sleep(500e-6)
    assert memory.read() == b"\xee" * 65536, "the WRITE was not slow"
    received = zero.tsk_mgmt(function)
    assert received.rsp_code == wire.TM_COMPLETE
    while arm.transport.next_event(one.connection, 0) is not None:
        pass  # It came before.
    one.channel.forget_lun(bytes(8))
    before = memory.read()
    arm.sleep(0.5)
    assert memory.read() == before, "an RDMA WRITE after the response that ended its command"
    one.nothing(0.1)
    good(zero.ready().command(cdb.test_unit_ready()))


def test_a_command_that_waits_does_not_reach_another_unit_under_its_lun(arm):
    """It was meant for the old unit, and the new one was not announced yet. [R-INV-07]"""
    arm.require("faults", "the shard's question is to be slow")
    session = arm.login()
    memory = session.memory(512, fill=b"\xee")
    before = arm.transport.peek(FILE_DEVICE, 0, 512)
    arm.inject("message slow")  # The shard's question.
    session.submit(cdb.write10(0, 1), out=memory.direct(), lun=NULL_LUN)  # null0
    session.nothing(100e-6)
    arm.del_lun(NULL_LUN)
    arm.add_lun(NULL_LUN, FILE_DEVICE)
    received = session.receive(5.0)
    assert arm.transport.peek(FILE_DEVICE, 0, 512) == before, "written to a unit never announced"
    assert received.status == 2, received


@pytest.mark.parametrize("after", range(4, 20, 2))
def test_an_attention_that_comes_back_for_a_unit_that_is_gone(arm, after):
    """Aborted while it asks for its unit attention, and then the LUN goes. [R-INV-07]"""
    session = arm.login()
    task = session.submit(cdb.test_unit_ready(), lun=NULL_LUN)
    arm.sleep(after * 1e-6)
    arm.inject("message slow")  # With the right `after`, the director's answer.
    arm.sleep(100e-6)
    abort = session.channel.build_tsk_mgmt(
        tag=session.tag(),
        lun=wire.encode_lun(NULL_LUN),
        function=wire.TM_ABORT_TASK,
        task_tag=task,
    )
    session.send_raw(abort)
    while session.channel.outstanding:
        session.receive(5.0)
    arm.del_lun(NULL_LUN)
    arm.sleep(1.0)
    assert arm.transport.broken() == ""
    arm.add_lun(NULL_LUN, NULL_DEVICE)
    session.ready()
