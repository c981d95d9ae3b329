# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""One way to reach a target, for tests whose bodies do not know which.

SRPT_ARM selects it:
  sim (default)  all of core on a simulated fabric, in virtual time, a new world for each test;
                   SRPT_SIM_SRQ=N        with use_srq=Y and srpt_srq_size=N
                   SRPT_SIM_MAX_RDMA=N   with srp_max_rdma_size=N
  rxe, siw       a running target over real verbs, Soft-RoCE or soft iWARP, in wall time:
                   SRPT_TARGET=IP:PORT       where it listens
                   SRPT_GUID=HEX             its service GUID (both halves of the target port id)
                   SRPT_ADMIN=PATH           its admin socket
                   SRPT_TARGET_NAME=NAME     its target in the configuration (default: the first)
                   SRPT_TIME_FACTOR=F        how much longer than in virtual time to wait (20)

Both serve the disks of conformance/suites/scst.conf.in: LUN 0 disk0 (a small file), LUN 1 null0.
The module srptest (//pytests) and the project's root must be on PYTHONPATH, for example:
  SRPT_ARM=rxe ... PYTHONPATH=.:bazel-bin/pytests python3 -m pytest conformance/suites
Times are in seconds.
"""

import abc
import itertools
import json
import os
import socket
import time

import pytest
import srptest

from conformance.arms.session import LoginRejected, Session

FILE_LUN, NULL_LUN, FREE_LUN = 0, 1, 7
FILE_DEVICE, NULL_DEVICE = "disk0", "null0"
NANOSECONDS = 10**9
MAX_IT_IU_LEN = 8276  # srp_max_req_size's default, which both arms run with.
CREDITS = 128  # Granted at login by default.
CHANNELS_MAX = 32  # Of one nexus.


class Arm(abc.ABC):
    """Connections, time and the administrator's view of one target.

    Capabilities (what a test may `require`): "faults" (they can be injected, and healed),
    "native_cm" (logins with the 64-byte LOGIN_REQ of the native InfiniBand CM), "page_crossing"
    (the initiator's device reads a few bytes rightly that lie on both sides of a page's end).
    """

    name = ""
    capabilities = frozenset()

    def __init__(self, transport, guid, first_initiator=0):
        self.transport = transport  # srptest.arms.Arm
        self.guid = guid
        self._connections = []
        self._first_initiator = first_initiator

    def require(self, capability, why):
        """Skips the test, loudly, on an arm without the capability."""
        if capability not in self.capabilities:
            pytest.skip(f"SKIPPED on the {self.name} arm, which has no '{capability}': {why}")

    # --- Time ---------------------------------------------------------------------------------

    @abc.abstractmethod
    def limit(self, within):
        """How long, in this arm's own nanoseconds, to wait for what must happen `within`."""

    def sleep(self, seconds):
        """Lets time pass, for what must not happen."""
        self.transport.sleep(int(seconds * NANOSECONDS))

    def eventually(self, condition, within, what):
        """Waits until condition() is true; fails with `what` if it is not, in time."""
        end = self.transport.now() + self.limit(within)
        while not condition():
            if self.transport.now() > end:
                pytest.fail(f"not within {within} s: {what}")
            self.sleep(0.01)

    # --- Connections --------------------------------------------------------------------------

    def initiator_port(self, number):
        """The port id of this test's initiator of that number, 0 to 255."""
        return srptest.initiator.port_id(self._first_initiator + number, 0x5E5510)

    def connect(self, private_data, **options):
        """Sends a CM REQ; returns the connection's number and its first event."""
        connection = self.transport.connect(private_data, **options)
        self._connections.append(connection)
        event = self.transport.next_event(connection, self.limit(5))
        if event is None:
            pytest.fail("no answer to the connection request within 5 s")
        return connection, event

    def login_req(self, initiator=1, multi=False, imm_data_offset=68, **fields):
        """A LOGIN_REQ as Linux sends it; `fields` of srptest.wire.LoginReq replace what it says."""
        wire = srptest.wire
        flags = wire.LOGIN_REQ_MULTI if multi else wire.LOGIN_REQ_SINGLE
        if imm_data_offset:
            flags |= wire.LOGIN_REQ_IMMEDIATE
        values = {
            "tag": srptest.initiator.tag(0x80),
            "req_it_iu_len": 8260,
            "flags": flags,
            "imm_data_offset": imm_data_offset,
            "initiator_port": self.initiator_port(initiator),
            "target_port": srptest.initiator.port_id(self.guid, self.guid),
        }
        values.update(fields)
        return wire.LoginReq(**values)

    def login(self, initiator=1, connect=None, **fields):
        """A live Session. Sessions with another `initiator` number belong to another nexus.

        Raises LoginRejected. `connect`: options of the connection (receives, source, ...).
        """
        channel = srptest.initiator.Channel()
        req = self.login_req(initiator, **fields)
        options = connect or {}
        build = channel.build_login if options.get("native_cm") else channel.build_login_cm
        connection, event = self.connect(build(req), **options)
        if event.kind == "rejected":
            raise LoginRejected(event)
        assert event.kind == "connected", event
        rsp, violation = channel.on_login_rsp(event.bytes)
        assert violation is None, violation
        return Session(self, connection, channel, rsp, req)

    def rejection(self, **fields):
        """The LOGIN_REJ that a login with these fields gets; fails if it is let in."""
        try:
            session = self.login(**fields)
        except LoginRejected as rejected:
            assert rejected.rej is not None, f"rejected without a LOGIN_REJ: {rejected}"
            return rejected.rej
        pytest.fail(f"let in: {session.login_rsp}")

    def close(self):
        """Ends every connection."""
        for connection in self._connections:
            self.transport.close(connection)
        self._connections.clear()

    # --- The administrator --------------------------------------------------------------------

    def sessions(self):
        """Of this test, dicts: name, initiator_port (bytes), channels, req_lim, commands."""

        def mine(port):
            number = int.from_bytes(port[:8], "big") - self._first_initiator
            return 0 <= number < 256 and port == self.initiator_port(number)

        return [s for s in self.all_sessions() if mine(s["initiator_port"])]

    @abc.abstractmethod
    def all_sessions(self):
        """As `sessions`, also those of others: a session ends a while after its connection."""

    @abc.abstractmethod
    def enable(self, enabled):
        """Enables or disables the target."""

    @abc.abstractmethod
    def add_lun(self, lun, device, read_only=False):
        """Maps a device."""

    @abc.abstractmethod
    def del_lun(self, lun):
        """Unmaps a LUN."""

    @abc.abstractmethod
    def close_session(self, name):
        """Ends a session by its name."""

    # --- Faults -------------------------------------------------------------------------------

    def inject(self, fault, count=1):
        """The next `count` opportunities of the fault strike (names: sim/faults.cc)."""
        self.require("faults", f"'{fault}' cannot be made to happen")
        self.transport.inject(fault, count)

    def befall(self, fault, seconds=0.0, shard=None):
        """What befalls the whole target (sim/weather.cc), now and for that long."""
        self.require("faults", f"'{fault}' cannot be made to happen")
        self.transport.befall(fault, int(seconds * NANOSECONDS), shard)

    def heal(self):
        """No more faults in this test; what hangs ends."""
        self.transport.heal()

    def session_of(self, initiator):
        """The administrator's view of the nexus of that initiator number, or None."""
        port = self.initiator_port(initiator)
        found = [s for s in self.sessions() if s["initiator_port"] == port]
        assert len(found) <= 1, f"a nexus is one session: {found}"
        return found[0] if found else None


class SimArm(Arm):
    """A world of its own."""

    name = "sim"
    capabilities = frozenset({"faults", "native_cm", "page_crossing"})
    GUID = 0x5E0

    def __init__(self, **world):
        disks = [
            (FILE_DEVICE, "vdisk_fileio", 512, 16 * 2048),
            (NULL_DEVICE, "vdisk_nullio", 512, 1024 * 2048),
        ]
        world.setdefault("srq_size", int(os.environ.get("SRPT_SIM_SRQ", "0")))
        world.setdefault("max_rdma_size", int(os.environ.get("SRPT_SIM_MAX_RDMA", "0")))
        super().__init__(srptest.arms.SimArm(self.GUID, disks, **world), self.GUID)
        self._target = self.transport.targets()[0]

    def limit(self, within):
        return int(within * NANOSECONDS)

    def all_sessions(self):
        return self.transport.sessions()

    def enable(self, enabled):
        self.transport.enable(self._target, enabled)

    def add_lun(self, lun, device, read_only=False):
        self.transport.add_lun(self._target, lun, device, read_only)

    def del_lun(self, lun):
        self.transport.del_lun(self._target, lun)

    def close_session(self, name):
        self.transport.close_session(self._target, name)

    def close(self):
        super().close()
        self.eventually(lambda: not self.all_sessions(), 30, "all sessions end")
        assert self.transport.broken() == ""
        self.eventually(
            lambda: not self.transport.pending(), 60, f"quiet: {self.transport.pending()}"
        )


class AdminSocket:
    """JSON requests and answers, a line each, over the target's Unix socket."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(30)
        self._socket.connect(path)
        self._lines = self._socket.makefile("r", encoding="utf-8")

    def __call__(self, op, **arguments):
        self._socket.sendall((json.dumps({"op": op, **arguments}) + "\n").encode())
        answer = json.loads(self._lines.readline())
        if not answer.get("ok"):
            raise RuntimeError(f"{op} {arguments}: {answer.get('error')}")
        return answer

    def close(self):
        """Hangs up."""
        self._lines.close()
        self._socket.close()


class VerbsArm(Arm):
    """A target that runs elsewhere, over librdmacm."""

    name = "rxe"
    capabilities = frozenset({"page_crossing"})
    _tests = itertools.count(1)

    def __init__(self, target, guid, admin):
        # Other numbers in each test: a session ends a while after its connection, and no test waits
        # for that of another.
        first = (int(time.time()) << 24) + (next(self._tests) << 8)
        super().__init__(srptest.arms.VerbsArm(target), guid, first)
        self._factor = float(os.environ.get("SRPT_TIME_FACTOR", "20"))
        self._admin = AdminSocket(admin)
        self._target = os.environ.get("SRPT_TARGET_NAME") or self._first_target()

    def _first_target(self):
        return self._admin("list", what="targets")["targets"][0]["name"]

    def limit(self, within):
        return int(within * self._factor * NANOSECONDS)

    def sleep(self, seconds):
        time.sleep(seconds)

    def all_sessions(self):
        sessions = []
        for session in self._admin("list", what="sessions")["sessions"]:
            port = session["initiator_port_id"]  # "0x" and 16 digits, twice.
            sessions.append(
                {
                    "name": session["name"],
                    "initiator_port": bytes.fromhex(port.replace("0x", "").replace(":", "")),
                    "channels": int(session["channels"]),
                    "req_lim": int(session["req_lim"]),
                    "commands": int(session["commands"]),
                }
            )
        return sessions

    def enable(self, enabled):
        self._admin("enable" if enabled else "disable", target=self._target)

    def add_lun(self, lun, device, read_only=False):
        self._admin("add_lun", target=self._target, lun=lun, device=device, read_only=read_only)

    def del_lun(self, lun):
        self._admin("del_lun", target=self._target, lun=lun)

    def close_session(self, name):
        self._admin("close_session", target=self._target, session=name)

    def close(self):
        super().close()
        self._admin.close()


def make_arm(**world):
    """The arm that SRPT_ARM selects, ready for one test.

    `world`: what a test wants of a world of its own (shards, data_buffers, sq_size); a target that
    runs elsewhere is as it is, so the test is skipped there."""
    kind = os.environ.get("SRPT_ARM", "sim")
    if kind == "sim":
        return SimArm(**world)
    if world:
        pytest.skip(f"SKIPPED on the {kind} arm, whose target has not {world}")
    missing = [n for n in ("SRPT_TARGET", "SRPT_GUID", "SRPT_ADMIN") if n not in os.environ]
    if missing:
        raise RuntimeError(f"SRPT_ARM={kind} needs {', '.join(missing)}")
    arm = VerbsArm(
        os.environ["SRPT_TARGET"], int(os.environ["SRPT_GUID"], 16), os.environ["SRPT_ADMIN"]
    )
    arm.name = kind
    if kind == "siw":
        # siw_try_1seg of Linux 6.1 copies the wrong parts of such bytes into its READ response.
        arm.capabilities = frozenset()
    return arm
