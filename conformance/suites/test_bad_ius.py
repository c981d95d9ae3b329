# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""Malformed IUs: CHECK CONDITION where the command can be answered, else the channel's end.

And every time: the other session does not notice.
"""

import itertools

import pytest
from srptest import cdb, initiator, wire

from conformance.arms.arm import FILE_LUN, NULL_LUN
from conformance.arms.session import check, good

INVALID_FIELD = (5, 0x24, 0)


@pytest.fixture(name="bystander")
def bystander_fixture(arm):
    """A session of another nexus, which must be untouched by whatever the test does."""
    session = arm.login(initiator=9).ready()
    before = arm.session_of(9)["commands"]
    yield session
    session.nothing(0.01)
    assert arm.session_of(9)["commands"] == before
    session.works()


def cut(length):
    """The IU's first `length` bytes."""
    return lambda iu: bytes(iu[:length])


def indirect(memory, sizes, **fields):
    """An indirect buffer of pieces of memory."""
    return initiator.Buffer.indirect([memory.piece(0, size) for size in sizes], **fields)


@pytest.mark.parametrize("length", [48, 49, 63])
def test_truncated_direct_descriptor(session, bystander, length):
    """[R-DESC-06]"""
    del bystander
    memory = session.memory(512, fill=b"\xee")
    received = session.patched(cdb.read10(0, 1), cut(length), in_=memory.direct())
    check(received, *INVALID_FIELD)
    assert memory.read() == b"\xee" * 512
    session.works()


@pytest.mark.parametrize("length", [48, 67, 68, 99])
def test_truncated_indirect_descriptor(session, bystander, length):
    del bystander
    memory = session.memory(512, fill=b"\xee")
    received = session.patched(cdb.read10(0, 2), cut(length), in_=indirect(memory, [512, 512]))
    check(received, *INVALID_FIELD)
    assert memory.read() == b"\xee" * 512
    session.works()


@pytest.mark.parametrize("nibble", [4, 7, 15])
@pytest.mark.parametrize("shift", [0, 4], ids=["in", "out"])
def test_unknown_format(session, bystander, nibble, shift):
    """[R-DESC-10]"""
    del bystander

    def change(iu):
        iu[5] = nibble << shift

    memory = session.memory(512)
    check(session.patched(cdb.read10(0, 1), change, in_=memory.direct()), *INVALID_FIELD)
    session.works()


def test_immediate_data_in(session, bystander):
    del bystander

    def change(iu):
        iu[5] = wire.FMT_IMMEDIATE

    memory = session.memory(512)
    check(session.patched(cdb.read10(0, 1), change, in_=memory.direct()), *INVALID_FIELD)
    session.works()


@pytest.mark.parametrize("length", [15, 17, 31])
def test_table_that_is_not_a_multiple_of_16(session, bystander, length):
    """[R-DESC-07]"""
    del bystander
    memory = session.memory(512)

    def change(iu):
        iu[60:64] = length.to_bytes(4, "big")

    received = session.patched(cdb.read10(0, 1), change, in_=indirect(memory, [512]))
    check(received, *INVALID_FIELD)
    session.works()


def test_empty_table_with_a_total(session, bystander):
    del bystander
    buffer = initiator.Buffer.indirect([], total_length=512)
    check(session.command(cdb.read10(0, 1), in_=buffer), *INVALID_FIELD)
    session.works()


def test_immediate_data_past_the_end(session, bystander):
    """[R-DESC-09]"""
    del bystander
    data = initiator.Buffer.immediate(bytes(512))
    for length in (48, 51, 52, 67, 68, 68 + 511):
        check(session.patched(cdb.write10(0, 1), cut(length), out=data), *INVALID_FIELD)

    def longer(iu):
        iu[48:52] = (0xFFFFFFFF).to_bytes(4, "big")

    check(session.patched(cdb.write10(0, 1), longer, out=data), *INVALID_FIELD)
    session.works()


def test_additional_cdb_past_the_end(session, bystander):
    del bystander

    def change(iu):
        iu[31] = 0xFC

    check(session.patched(cdb.test_unit_ready(), change), *INVALID_FIELD)
    session.works()


def test_transfer_above_every_limit(session, bystander):
    """[R-DESC-12]"""
    del bystander
    memory = session.memory(512)
    buffer = initiator.Buffer.direct(memory.piece(0, 0xFFFFFFFF))
    check(session.command(cdb.read10(0, 1), in_=buffer), *INVALID_FIELD)
    session.works()


def last_words(arm, iu, reason):
    """A session that sends `iu` is logged out with `reason`, and another can log in."""
    session = arm.login().ready()
    session.send_raw(iu)
    session.ends(reason)
    arm.login().ready().works()


@pytest.mark.parametrize("opcode, length", [(2, 47), (2, 16), (1, 47), (3, 15), (2, 1)])
def test_shorter_than_its_fixed_part(arm, bystander, opcode, length):
    """[R-CMD-08]"""
    del bystander
    last_words(arm, bytes([opcode]) + bytes(length - 1), wire.LOGOUT_IU_LENGTH)


@pytest.mark.parametrize("opcode", [0x04, 0x40, 0x55, 0x80, 0x81, 0xC0, 0xC1, 0xFF])
def test_opcode_that_no_initiator_sends(arm, bystander, opcode):
    """[R-CMD-09]"""
    del bystander
    last_words(arm, bytes([opcode]) + bytes(63), wire.LOGOUT_IU_TYPE)


@pytest.mark.parametrize("kind", [wire.CredRsp, wire.AerRsp])
def test_spurious_response(arm, bystander, kind):
    del bystander
    last_words(arm, kind(tag=b"spurious").to_bytes(), wire.LOGOUT_SPURIOUS_RESPONSE)


def test_iu_longer_than_agreed(arm, bystander):
    del bystander
    session = arm.login(req_it_iu_len=276, imm_data_offset=0).ready()
    arm.transport.send(session.connection, bytes([2]) + bytes(session.login_rsp.max_it_iu_len))
    session.ends()
    arm.login().ready().works()


def test_logout_of_the_initiator(arm, bystander):
    """[R-LOGOUT-01]"""
    del bystander
    session = arm.login().ready()
    memory = session.memory(65536)
    for _ in range(8):
        session.submit(cdb.read10(0, 128), in_=memory.direct(), lun=NULL_LUN)
    session.send_raw(session.channel.build_i_logout(session.tag()))
    while True:
        event = arm.transport.next_event(session.connection, arm.limit(5))
        assert event is not None, "no disconnect within 5 s"
        if event.kind == "disconnected":
            break
        if event.kind == "iu":  # Answered before the logout was read.
            session.channel.on_iu(event.bytes)
    arm.login().ready().works()


def test_request_limit_overrun_ends_that_channel_only(arm, bystander):
    """[R-INV-14, R-CRED-08]"""
    del bystander
    session = arm.login().ready(NULL_LUN)
    sibling = arm.login(multi=True)
    memory = session.memory(1 << 20)
    # Of two units: at each of them so many wait for buffers that their credits do not come back.
    reads = [wire.Cmd(
        tag=bytes(8), lun=wire.encode_lun(lun), cdb=cdb.read10(0, 2048),
        in_fmt=wire.FMT_DIRECT, descriptors=memory.piece().to_bytes(),
    ).to_bytes() for lun in (NULL_LUN, FILE_LUN)]
    tags = iter(range(1000, 1000000))

    def overrun(count):
        for tag in itertools.islice(tags, count):
            read = reads[tag % 2]
            if not arm.transport.send(
                    session.connection, read[:8] + tag.to_bytes(8, "big") + read[16:]):
                return

    overrun(session.channel.granted + 40)
    for _ in range(20 * session.channel.granted):
        event = arm.transport.next_event(session.connection, arm.limit(10))
        assert event is not None, "no disconnect within 10 s"
        if event.kind == "disconnected":
            break
        if event.kind == "iu" and event.bytes[0] == 0xC1:  # The target was faster: again.
            overrun(wire.Rsp.parse(event.bytes).req_lim_delta + 1)
    else:
        pytest.fail("the channel does not end")
    sibling.ready().works()
    arm.eventually(lambda: arm.session_of(1)["channels"] == 1, 30, "one channel is left")


def test_duplicate_of_an_active_tag(session, bystander):
    """Both commands end with one response; the others go on."""
    del bystander
    memory = session.memory(1 << 20)
    channel = session.channel
    other = session.submit(cdb.read10(0, 2048), in_=memory.direct(), lun=NULL_LUN)
    iu = channel.build_cmd(
        tag=b"the same", lun=wire.encode_lun(NULL_LUN), cdb=cdb.read10(0, 2048),
        in_=memory.direct(),
    )
    # The second one's credit: a command that is never sent.
    unsent = session.tag()
    channel.build_cmd(tag=unsent, cdb=cdb.test_unit_ready())
    channel.forget(unsent)
    session.send_raw(iu)
    session.send_raw(iu)
    answers = {}
    for _ in range(2):
        received = session.receive(5.0)
        answers[received.tag] = received
    good(answers[other])
    check(answers[b"the same"], 0xB, 0x4E, 0)
    assert answers[b"the same"].req_lim_delta in (1, 2)  # The older one may be with the backend.
    session.recovers()


def test_bytes_of_earlier_ius_are_never_read(session, bystander):
    """Each receive buffer holds a whole IU with immediate data; short ones then land in them.

    [R-DESC-06, R-INV-18]
    """
    del bystander
    memory = session.memory(4096)
    rounds = session.channel.granted + 8
    for i in range(rounds):
        data = initiator.Buffer.immediate(bytes([i % 255 + 1]) * 1024)
        good(session.command(cdb.write10(8, 2), out=data))
    good(session.command(cdb.write10(8, 2), out=initiator.Buffer.immediate(bytes(1024))))
    full = initiator.Buffer.immediate(b"\xaa" * 1024)
    for _ in range(rounds):
        check(session.patched(cdb.write10(8, 2), cut(68 + 512), out=full), *INVALID_FIELD)
    good(session.command(cdb.read10(8, 2), in_=memory.direct(1024)))
    assert memory.read(1024) == bytes(1024)
    session.works()


def test_memory_behind_an_answer_keeps_its_bytes(session, bystander):
    """[R-INV-16, R-INV-19]"""
    del bystander
    size = 60000
    fill = bytes(range(1, 251))
    expected = (fill * (size // len(fill) + 1))[:size]
    memory = session.memory(size, fill=fill)
    commands = [
        cdb.inquiry(size), cdb.inquiry(size, 0x83), cdb.mode_sense10(0x3F, 0, size),
        cdb.report_luns(size), cdb.read_capacity16(size),
    ]
    for command in commands:
        received = good(session.command(command, in_=memory.direct()))
        assert 0 < received.in_moved < 1024, received
        moved = received.in_moved
        assert memory.read(size - moved, moved) == expected[moved:], command
        memory.write(expected)
    session.works()


def test_responses_have_nothing_behind_their_end(session, bystander):
    """A RSP is 36 bytes, and as many more as its own lengths say. [R-INV-15]"""
    del bystander
    for command in (cdb.test_unit_ready(), b"\xff" * 16):
        session.submit(command)
        iu = session.await_event("iu").bytes
        rsp = wire.Rsp.parse(iu)
        assert rsp.consistent
        assert len(iu) == 36 + len(rsp.response_data) + len(rsp.sense)
        assert rsp.to_bytes() == iu  # And every reserved byte is zero.
        assert session.channel.on_iu(iu).violation is None
