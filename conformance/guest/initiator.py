# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""An initiator of our own, in the guest, that a test kills: initiator.py hold|hammer NUMBER.

hold    a window of large commands for the null disk whose responses it never takes: it has fewer
        receives than commands, so the target has some in flight for as long as it lives
hammer  reads and writes of all sizes as fast as it can
Prints one line when it is at work, and goes on until it is killed. NUMBER tells initiators apart.
"""

import itertools
import sys
import time

from srptest import cdb

from conformance.arms.arm import NULL_LUN, make_arm
from conformance.arms.session import good

WINDOW, LARGE, BLOCK = 48, 1 << 20, 512


def transfer(session, memory, size, write):
    """Submits a READ or WRITE of that many bytes."""
    command = (cdb.write10 if write else cdb.read10)(0, size // BLOCK)
    data = memory.direct(size)
    if write:
        session.submit(command, out=data, lun=NULL_LUN)
    else:
        session.submit(command, in_=data, lun=NULL_LUN)


def hold(arm, number):
    """Never returns."""
    session = arm.login(number, connect={"receives": 4})
    memory = session.memory(LARGE)
    for i in range(WINDOW):
        transfer(session, memory, LARGE, i % 2)
    print(f"holding {WINDOW} commands", flush=True)
    while True:
        time.sleep(60)


def hammer(arm, number):
    """Never returns."""
    session = arm.login(number).ready(NULL_LUN)
    memory = session.memory(LARGE)
    sizes = itertools.cycle([512, 4096, 131072, 8192, LARGE, 65536])
    for i in itertools.count():
        transfer(session, memory, next(sizes), i % 3 == 0)
        if session.channel.outstanding >= WINDOW:
            good(session.receive(within=10))
        if i == 2 * WINDOW:
            print("hammering", flush=True)


if __name__ == "__main__":
    {"hold": hold, "hammer": hammer}[sys.argv[1]](make_arm(), int(sys.argv[2]))
