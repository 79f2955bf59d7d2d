"""Journal, outbox and offset move together, once, and only where the stored state ends."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sla_engine.engine.ports import Commit
from sla_engine.errors import Fenced
from tests.store.worlds import PARTITION, World, everything

EVERY_BYTE = bytes(range(256))
MEGABYTE = 1_000_000


def test_a_commit_moves_journal_outbox_and_offset(world: World) -> None:
    owner = world.worker()
    owner.commit(b"first", outbox=(b"a", b"b"), events=10)
    owner.commit(b"second", outbox=(b"c",), events=3)
    header, token = owner.store.header(PARTITION)
    assert (header.sequence, header.next_offset, token) == (2, 12, b"token")
    assert owner.journal() == [(1, b"first"), (2, b"second")]
    assert owner.outbox() == [("1-0", b"a"), ("1-1", b"b"), ("2-0", b"c")]


def test_timers_move_no_offset(world: World) -> None:
    owner = world.worker()
    owner.commit(b"fired", outbox=(b"alert",), events=0)
    owner.commit(b"fired again", events=0)
    header, _ = owner.store.header(PARTITION)
    assert (header.sequence, header.next_offset) == (2, -1)


def test_offsets_beyond_what_a_double_can_hold_are_exact(world: World) -> None:
    owner = world.worker()
    owner.commit(events=2**53 + 2)
    owner.commit(events=1)
    assert owner.store.header(PARTITION)[0].next_offset == 2**53 + 2
    short = replace(owner.next_commit(), from_offset=owner.offset + 1, next_offset=2**53 + 9)
    assert isinstance(owner.store.commit([short])[0], Fenced)


@pytest.mark.parametrize("step", [0, 2, 100])
def test_a_sequence_that_does_not_follow_is_refused(world: World, step: int) -> None:
    owner = world.worker()
    owner.commit(outbox=(b"alert",))
    before = everything(owner.store)
    wrong = replace(owner.next_commit(b"other"), sequence=owner.sequence + step)
    (answer,) = owner.store.commit([wrong])
    assert isinstance(answer, Fenced)
    assert f"entry {owner.sequence + step}" in str(answer)
    assert everything(owner.store) == before


@pytest.mark.parametrize("shift", [-1, 1])
def test_an_offset_that_does_not_continue_is_refused(world: World, shift: int) -> None:
    owner = world.worker()
    owner.commit(events=10)
    before = everything(owner.store)
    wrong = replace(owner.next_commit(), from_offset=owner.offset + shift)
    (answer,) = owner.store.commit([wrong])
    assert isinstance(answer, Fenced)
    assert "is not where the stored state ends, 9" in str(answer)
    assert everything(owner.store) == before


def test_a_commit_sent_again_counts_once(world: World) -> None:
    owner = world.worker()
    first = owner.commit(b"first", outbox=(b"a", b"b"))
    after_first = everything(owner.store)
    assert owner.store.commit([first]) == [None]
    assert everything(owner.store) == after_first
    owner.commit(b"second")
    after_second = everything(owner.store)
    assert owner.store.commit([first]) == [None]
    assert everything(owner.store) == after_second


@pytest.mark.parametrize(
    "change",
    [
        {"journal": b"other"},
        {"next_offset": 11},
        {"from_offset": 0},
        {"outbox": (b"a", b"b")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_commit_under_a_used_sequence_is_refused(
    world: World, change: dict[str, object]
) -> None:
    owner = world.worker()
    commit = owner.commit(b"entry", outbox=(b"a",), events=10)
    (answer,) = owner.store.commit([replace(commit, **change)])
    assert isinstance(answer, Fenced)
    assert owner.journal() == [(1, b"entry")]


def test_a_repeated_commit_of_an_owner_that_lost_the_partition_is_refused(world: World) -> None:
    zombie = world.worker(b"old")
    commit = zombie.commit()
    world.worker(b"new")
    assert isinstance(zombie.store.commit([commit])[0], Fenced)


def test_partitions_are_answered_each_for_itself(world: World) -> None:
    owners = [world.worker(b"token", partition) for partition in range(5)]
    world.worker(b"robber", partition=2)
    answers = owners[0].store.commit([owner.next_commit() for owner in owners])
    assert [type(answer) for answer in answers] == [type(None)] * 2 + [Fenced] + [type(None)] * 2
    assert "partition 2" in str(answers[2])
    assert [len(owner.journal()) for owner in owners] == [1, 1, 0, 1, 1]


def test_a_commit_that_is_begun_is_answered_later(world: World) -> None:
    owner, other = world.worker(), world.worker(b"token", partition=1)
    world.worker(b"robber", partition=1)
    owner.store.begin([owner.next_commit(b"first", outbox=(b"a",)), other.next_commit()])
    assert owner.store.read(PARTITION, ["page"]) == [None]  # what comes between is answered
    answers = owner.store.answers()
    assert [type(answer) for answer in answers] == [type(None), Fenced]
    assert owner.journal() == [(1, b"first")]
    assert owner.outbox() == [("1-0", b"a")]


def test_nothing_to_commit_is_nothing(world: World) -> None:
    assert world.store().commit([]) == []


def test_one_call_can_carry_a_partition_twice(world: World) -> None:
    owner = world.worker()
    first = owner.next_commit(b"first")
    second = replace(
        first, sequence=2, from_offset=first.next_offset, next_offset=40, journal=b"second"
    )
    assert owner.store.commit([first, second]) == [None, None]
    assert owner.store.commit([first, second]) == [None, None]
    assert owner.journal() == [(1, b"first"), (2, b"second")]


def test_every_byte_comes_back(world: World) -> None:
    owner = world.worker(EVERY_BYTE)
    owner.commit(EVERY_BYTE, outbox=(EVERY_BYTE, b"", b"\r\n", b"\x00"))
    owner.commit(b"")
    assert owner.journal() == [(1, EVERY_BYTE), (2, b"")]
    assert [entry for _, entry in owner.outbox()] == [EVERY_BYTE, b"", b"\r\n", b"\x00"]
    assert owner.store.header(PARTITION)[1] == EVERY_BYTE


def test_an_entry_of_a_megabyte_comes_back(world: World) -> None:
    owner = world.worker()
    entries = [bytes([number]) * MEGABYTE for number in range(3)]
    for entry in entries:
        owner.commit(entry, outbox=(entry[:100_000],))
    assert [entry for _, entry in owner.journal()] == entries
    repeated = Commit(PARTITION, b"token", 3, 19, 29, entries[2], (entries[2][:100_000],))
    assert owner.store.commit([repeated]) == [None]
    assert isinstance(owner.store.commit([replace(repeated, journal=entries[1])])[0], Fenced)


def test_the_journal_is_read_in_slices(world: World) -> None:
    owner = world.worker()
    for number in range(1, 251):
        owner.commit(b"%d" % number)
    read: list[tuple[int, bytes]] = []
    while part := owner.journal(after=len(read), limit=100):
        read += part
    assert read == [(number, b"%d" % number) for number in range(1, 251)]
    assert owner.journal(after=250) == []


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    entry=st.binary(max_size=300),
    outbox=st.lists(st.binary(max_size=40), max_size=6),
    partition=st.integers(100, 10**9),
)
def test_whatever_bytes_go_in_come_out(
    world: World, entry: bytes, outbox: list[bytes], partition: int
) -> None:
    owner = world.worker(partition=partition)
    start = owner.sequence
    owner.commit(entry, outbox=tuple(outbox))
    assert owner.journal(after=start) == [(start + 1, entry)]
    found = [(key, value) for key, value in owner.outbox(f"{start}-{10**6}")]
    assert found == [(f"{start + 1}-{i}", value) for i, value in enumerate(outbox)]
