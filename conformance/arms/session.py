# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""One channel of an SRP initiator on some arm: send, wait, and never let a violation pass."""

import hashlib

import pytest
import srptest
from srptest import initiator, wire

GOOD, CHECK_CONDITION = 0x00, 0x02
NO_DATA = initiator.Buffer()


def pattern(seed, size):
    """Bytes that depend on every bit of the seed and repeat nowhere."""
    return hashlib.shake_128(repr(seed).encode()).digest(size)


class LoginRejected(Exception):
    """The CM said no; `rej` is the LOGIN_REJ in its private data, None if there is none."""

    def __init__(self, event):
        super().__init__(repr(event))
        self.event = event
        try:
            self.rej = wire.LoginRej.parse(event.bytes)
        except wire.ParseError:
            self.rej = None


class Memory:
    """Bytes that the target may reach."""

    def __init__(self, arm, region):
        self._transport = arm.transport
        self.region = region
        self.size = region.bytes

    def write(self, data, offset=0):
        """Puts data there."""
        self._transport.write(self.region, data, offset)

    def read(self, size=None, offset=0):
        """What is there."""
        return self._transport.read(self.region, self.size if size is None else size, offset)

    def piece(self, offset=0, size=None):
        """A direct descriptor of a part of it."""
        size = self.size - offset if size is None else size
        return wire.Direct(self.region.va + offset, self.region.rkey, size)

    def direct(self, size=None, offset=0):
        """A buffer of one direct descriptor."""
        return initiator.Buffer.direct(self.piece(offset, size))

    def deregister(self):
        """Takes it away from the target."""
        self._transport.deregister(self.region)


class Session:
    """A logged-in channel. Every IU that comes is checked against the rules for targets."""

    def __init__(self, arm, connection, channel, login_rsp, login_req):
        self.arm = arm
        self.connection = connection
        self.channel = channel
        self.login_rsp = login_rsp
        self.login_req = login_req
        self.answers_events = True  # AER_REQs, by itself; they are kept in `events`.
        self.events = []
        self._next_tag = 1

    # --- Events -------------------------------------------------------------------------------

    def await_event(self, kind, within=1.0):
        """The next event, which must be of this kind and come in time."""
        event = self.arm.transport.next_event(self.connection, self.arm.limit(within))
        if event is None:
            pytest.fail(f"no event within {within} s; expected {kind}")
        if event.kind != kind:
            text = wire.describe(event.bytes) if event.kind == "iu" else ""
            pytest.fail(f"{event} {text}; expected {kind}")
        return event

    def nothing(self, within):
        """Nothing comes for that long (not stretched on any arm)."""
        event = self.arm.transport.next_event(self.connection, int(within * 10**9))
        if event is not None:
            text = wire.describe(event.bytes) if event.kind == "iu" else ""
            pytest.fail(f"{event} {text}; expected nothing for {within} s")

    def receive(self, within=1.0, violation=None):
        """The next IU, as initiator.Received, which breaks no rule (or exactly this one)."""
        while True:
            received = self.channel.on_iu(self.await_event("iu", within).bytes)
            assert received.violation == violation, received
            if received.kind != "async_event" or not self.answers_events:
                return received
            self.events.append(received)
            self.send_raw(self.channel.build_aer_rsp(received.tag))

    def ends(self, reason=None, within=5.0):
        """The channel ends: T_LOGOUT with that reason (if there is one to expect), disconnect.

        Flushes of our own queue pair may be seen on the way."""
        if reason is not None:
            received = self.receive(within)
            assert received.kind == "logout", received
            assert received.reason == reason, received
        while True:
            event = self.arm.transport.next_event(self.connection, self.arm.limit(within))
            if event is None:
                pytest.fail(f"no disconnect within {within} s")
            if event.kind == "disconnected":
                return
            assert event.kind in ("send_failed", "qp_error"), event

    def disconnect(self):
        """Logs out by DREQ, as Linux does."""
        self.arm.transport.disconnect(self.connection)
        self.ends()

    # --- Sending ------------------------------------------------------------------------------

    def tag(self):
        """A tag that was not used yet."""
        self._next_tag += 1
        return initiator.tag(self._next_tag)

    def send_raw(self, iu):
        """Any bytes. The channel does not know: see also `unaccounted`."""
        assert self.arm.transport.send(self.connection, iu), "the send was refused"

    def submit(self, cdb, out=NO_DATA, in_=NO_DATA, lun=0, **fields):
        """Sends a command; returns its tag."""
        tag = fields.pop("tag", None) or self.tag()
        raw_lun = lun if isinstance(lun, bytes) else wire.encode_lun(lun)
        self.send_raw(
            self.channel.build_cmd(tag=tag, lun=raw_lun, cdb=cdb, out=out, in_=in_, **fields)
        )
        return tag

    def command(self, cdb, out=NO_DATA, in_=NO_DATA, lun=0, within=5.0, **fields):
        """Sends a command and waits for its response, the only one outstanding."""
        tag = self.submit(cdb, out, in_, lun, **fields)
        received = self.receive(within)
        assert received.kind == "completion" and received.tag == tag, received
        return received

    def patched(self, cdb, change, out=NO_DATA, in_=NO_DATA, lun=0):
        """Sends a command after change(bytearray) has had its way with the IU; its response."""
        tag = self.tag()
        iu = bytearray(
            self.channel.build_cmd(
                tag=tag, lun=wire.encode_lun(lun), cdb=cdb, out=out, in_=in_
            )
        )
        replaced = change(iu)
        self.send_raw(bytes(iu if replaced is None else replaced))
        received = self.receive(5.0)
        assert received.kind == "completion" and received.tag == tag, received
        return received

    def tsk_mgmt(self, function, lun=0, task_tag=bytes(8), within=5.0):
        """Sends a task management request and waits for its response."""
        tag = self.tag()
        raw_lun = lun if isinstance(lun, bytes) else wire.encode_lun(lun)
        self.send_raw(
            self.channel.build_tsk_mgmt(tag=tag, lun=raw_lun, function=function, task_tag=task_tag)
        )
        received = self.receive(within)
        assert received.kind == "completion" and received.tag == tag, received
        assert received.task_management and received.status == GOOD, received
        return received

    def memory(self, size, fill=None):
        """Registered memory of zeroes, or of `fill` repeated."""
        memory = Memory(self.arm, self.arm.transport.register(self.connection, size))
        if fill is not None:
            memory.write((fill * (size // len(fill) + 1))[:size])
        return memory

    # --- What tests say often -----------------------------------------------------------------

    def ready(self, *luns):
        """Takes the unit attentions of the LUNs (0 if none are named); returns self."""
        for lun in luns or (0,):
            for _ in range(10):
                if self.command(srptest.cdb.test_unit_ready(), lun=lun).status == GOOD:
                    break
            else:
                pytest.fail(f"LUN {lun} does not become ready")
        return self

    def blocks(self, lun=0):
        """(number of blocks, bytes of one)."""
        memory = self.memory(32)
        good(self.command(srptest.cdb.read_capacity16(32), in_=memory.direct(), lun=lun))
        data = memory.read()
        return int.from_bytes(data[:8], "big") + 1, int.from_bytes(data[8:12], "big")

    def recovers(self, lun=0):
        """The credits of commands that ended in silence come back, with later responses."""

        def whole():
            good(self.command(srptest.cdb.test_unit_ready(), lun=lun))
            return self.channel.credits_missing == 0

        self.arm.eventually(whole, 5, "all credits are back")
        self.works(lun)

    def works(self, lun=0):
        """A command succeeds: the session is alive and its credits are whole."""
        good(self.command(srptest.cdb.test_unit_ready(), lun=lun))
        assert self.channel.credits_missing == 0
        assert self.channel.credits == self.channel.granted


def good(received):
    """A command that succeeded."""
    assert received.status == GOOD, sense_text(received)
    return received


def sense_text(received):
    """For failure messages."""
    return f"{received} {srptest.cdb.parse_sense(received.sense)}"


def check(received, key, asc, ascq):
    """A command that ended with CHECK CONDITION and this sense."""
    assert received.status == CHECK_CONDITION, sense_text(received)
    assert received.flags & wire.SNSVALID, sense_text(received)
    sense = srptest.cdb.parse_sense(received.sense)
    assert sense is not None and sense[:3] == (key, asc, ascq), sense_text(received)
    return received
