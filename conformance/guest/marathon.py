# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""Logins and logouts of our own initiator, in the guest: marathon.py LOGINS.

One login in two ends in good order; the others are cut at some step of the login or in the middle
of commands. Prints how many were made, ten times on the way, and fails if one is not let in.
"""

import collections
import itertools
import sys
import time

from srptest import cdb

from conformance.arms.arm import NULL_LUN, make_arm
from conformance.arms.session import good, pattern

BUSY, LARGE, BLOCK = 8, 1 << 16, 512
NEXUSES = 200


class Logins:
    """Ways in which a login begins and ends; each takes the number of its initiator."""

    def __init__(self, arm):
        self.arm, self.transport = arm, arm.transport

    def _session(self, number):
        # Few receives, for speed.
        return self.arm.login(number, connect={"receives": BUSY + 2, "receive_bytes": 1024})

    def _req(self, number):
        return self.transport.connect(
            self.arm.login_req(number).to_bytes_cm(), receives=2, receive_bytes=1024
        )

    def _busy(self, number):
        """A session with reads and writes in flight, and the memory that they use."""
        session = self._session(number)
        memory = session.memory(LARGE)
        for i in range(BUSY):
            command = (cdb.write10 if i % 2 else cdb.read10)(0, LARGE // BLOCK)
            session.submit(command, lun=NULL_LUN, **{"out" if i % 2 else "in_": memory.direct()})
        return session, memory

    def in_order(self, number):
        """DREQ, and nothing else."""
        session = self._session(number)
        session.disconnect()
        self.transport.close(session.connection)

    def with_data(self, number):
        """Data is written and read back; DREQ."""
        session = self._session(number).ready()
        memory = session.memory(4096, pattern(number, 4096))
        good(session.command(cdb.write10(number * 8, 8), out=memory.direct()))
        memory.write(bytes(4096))
        good(session.command(cdb.read10(number * 8, 8), in_=memory.direct()))
        assert memory.read() == pattern(number, 4096)
        session.disconnect()
        self.transport.close(session.connection)
        memory.deregister()

    def by_i_logout(self, number):
        """The target ends the connection when it is asked to."""
        session = self._session(number)
        session.send_raw(session.channel.build_i_logout(session.tag()))
        session.ends()
        self.transport.close(session.connection)

    def cut_after_req(self, number):
        """The initiator is gone before there can be a REP."""
        self.transport.close(self._req(number))

    def cut_after_rep(self, number):
        """It has the REP, and never confirms it: the event that does is not taken."""
        connection = self._req(number)
        time.sleep(0.02)
        self.transport.drop(connection)

    def cut_after_rtu(self, number):
        """It confirms, and is gone before its first command."""
        self.transport.drop(self._session(number).connection)

    def cut_by_dreq(self, number):
        """DREQ with commands outstanding."""
        session, memory = self._busy(number)
        self.transport.close(session.connection)
        memory.deregister()

    def cut_in_commands(self, number):
        """The queue pair vanishes with commands outstanding, without DREQ."""
        session, memory = self._busy(number)
        self.transport.drop(session.connection)
        memory.deregister()


def run(logins, count):
    """That many logins."""
    ways = itertools.cycle(
        [
            logins.in_order,
            logins.cut_after_req,
            logins.with_data,
            logins.cut_after_rep,
            logins.by_i_logout,
            logins.cut_after_rtu,
            logins.in_order,
            logins.cut_by_dreq,
            logins.with_data,
            logins.cut_in_commands,
        ]
    )
    made = collections.Counter()
    for i in range(count):
        way = next(ways)
        way(1 + i % NEXUSES)
        made[way.__name__] += 1
        if (i + 1) % max(1, count // 10) == 0:
            print(f"{i + 1} logins", flush=True)
    print(", ".join(f"{n} {name}" for name, n in made.items()), flush=True)


if __name__ == "__main__":
    run(Logins(make_arm()), int(sys.argv[1]))
