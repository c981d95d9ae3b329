# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""Fault 31: floods of logins, half-open connections, peers that never take their responses."""

from srptest import cdb, wire

from conformance.arms.session import LoginRejected, good

MORE_THAN_FIT = 200


def test_fault_31_login_flood(arm):
    """Memory is bounded, so the flood is refused, and others go on. [R-FAULT-31]"""
    arm.require("faults", "a flood of real queue pairs takes minutes in the guest")
    honest = arm.login().ready()
    flood, refusal = [], None
    for initiator in range(2, MORE_THAN_FIT):
        try:
            flood.append(arm.login(initiator=initiator))
        except LoginRejected as rejected:
            refusal = rejected.rej
            break
    assert refusal is not None, f"{len(flood)} logins and no end"
    assert refusal.reason == wire.REJ_INSUFFICIENT_RESOURCES
    honest.works()
    for session in flood:
        arm.transport.close(session.connection)
    arm.eventually(lambda: len(arm.sessions()) == 1, 60, "the flood's sessions go")
    arm.login(initiator=2).ready().works()
    honest.works()


def test_fault_31_half_open_connections(arm):
    """Who logs in and never confirms is reaped after 30 s, and nobody else. [R-FAULT-31]"""
    arm.require("faults", "RTU cannot be withheld")
    honest = arm.login().ready()
    arm.inject("RTU lost", 20)
    for initiator in range(2, 22):
        arm.login(initiator=initiator)
    assert len(arm.sessions()) == 21
    honest.works()
    arm.sleep(31.0)
    arm.eventually(lambda: len(arm.sessions()) == 1, 15, "the half-open ones go")
    honest.works()


def test_fault_31_responses_never_taken(arm):
    """A peer without receives holds up nobody, and is reaped by the watchdog. [R-FAULT-31]"""
    arm.require("faults", "our receives cannot be withheld")
    honest = arm.login().ready()
    staller = arm.login(initiator=2, connect={"receives": 0})
    for _ in range(16):
        staller.submit(cdb.test_unit_ready())
    for _ in range(50):
        good(honest.command(cdb.test_unit_ready()))
    arm.sleep(95.0)  # The watchdog's 80 s, seen every 10.
    arm.eventually(lambda: len(arm.sessions()) == 1, 15, "the staller goes")
    honest.works()
