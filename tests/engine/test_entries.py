"""History entries and rows on their way to the store and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla_engine.clock.layout import CLOCK, INCIDENT, NEVER
from sla_engine.engine.entries import entries_in
from sla_engine.engine.histories import pending_of
from sla_engine.engine.images import images_of
from sla_engine.engine.loading import read_rows, translated
from sla_engine.engine.packing import words_of
from sla_engine.engine.partition import Partition
from sla_engine.errors import StoreError
from sla_engine.policy import load_text
from sla_engine.policy.tables import RuleBook

BOOK = RuleBook(load_text("policies: [{name: p, clocks: {resolution: {target: 1h}}}]"))

appended = st.lists(st.tuples(st.integers(0, 5), st.binary(min_size=1, max_size=40)), max_size=30)


def filled(pieces: list[tuple[int, bytes]]) -> Partition:
    """A partition with these bytes appended to these histories."""
    partition = Partition(0, BOOK)
    partition.reserve_histories(6)
    for history, packed in pieces:
        partition.append_to(history, packed)
    return partition


def histories(partition: Partition) -> list[bytes]:
    return list(pending_of(partition.shard, range(6)))


def joined(pieces: list[tuple[int, bytes]]) -> list[bytes]:
    return [b"".join(packed for h, packed in pieces if h == history) for history in range(6)]


@given(appended)
def test_what_is_stored_is_what_was_appended_in_order(pieces: list[tuple[int, bytes]]) -> None:
    assert list(entries_in(filled(pieces).new_history(0))) == pieces


@given(appended, appended)
def test_loading_puts_stored_entries_behind_what_is_there(
    there: list[tuple[int, bytes]], stored: list[tuple[int, bytes]]
) -> None:
    partition = filled(there)
    partition.load_history(filled(stored).new_history(0))
    assert histories(partition) == joined(there + stored)


@given(appended, st.integers(0, 30), appended)
def test_dropping_the_first_entries_keeps_the_others_and_what_comes_later(
    pieces: list[tuple[int, bytes]], count: int, later: list[tuple[int, bytes]]
) -> None:
    count = min(count, len(pieces))
    partition = filled(pieces)
    partition.drop_pending(count)
    assert histories(partition) == joined(pieces[count:])
    for history, packed in later:
        partition.append_to(history, packed)
    assert histories(partition) == joined(pieces[count:] + later)


def test_rows_come_back_with_their_clocks_and_the_later_image_wins() -> None:
    """Two images of one row, as two journal entries hold them."""
    incidents, clocks = np.zeros(3, INCIDENT), np.zeros(4, CLOCK)
    incidents["clocks"] = [0, -1, 2]
    incidents["key1"] = [11, 12, 13]
    clocks["next"] = [1, -1, 3, -1]
    clocks["due"] = [100, 200, 300, 400]
    clocks["next_at"] = [90, 80, 70, 75]
    first = images_of(incidents, clocks, np.array([0, 1, 2]))
    clocks["due"][2] = 333
    clocks["next_at"][2] = 74
    partition = Partition(0, BOOK)
    for images in (first, images_of(incidents, clocks, np.array([2]))):
        read = read_rows(images)
        partition.load(read.rows, read.incidents, read.owners, read.clocks)
    assert partition.work.incidents["key1"][:3].tolist() == [11, 12, 13]
    assert due_of(partition, 0) == [100, 200]
    assert due_of(partition, 1) == []
    assert due_of(partition, 2) == [333, 400]
    assert partition.work.next_due[[0, 2]].tolist() == [80, 74]


def due_of(partition: Partition, row: int) -> list[int]:
    due: list[int] = partition.clocks(row)["due"].tolist()
    return due


def test_rows_that_are_cut_off_are_told() -> None:
    incidents = np.zeros(1, INCIDENT)
    incidents["clocks"] = -1
    whole = images_of(incidents, np.zeros(1, CLOCK), np.array([0]))
    with pytest.raises(StoreError, match="cut off"):
        read_rows(whole[:-1])


WORDS = st.one_of(
    st.just(0),
    st.just(int(NEVER)),
    st.just(-1),
    st.integers(0, 255),
    st.integers(-(2**63), 2**63 - 1),
)


@given(st.lists(st.lists(WORDS, min_size=34, max_size=34), min_size=1, max_size=4))
def test_a_row_comes_back_whatever_its_words_are(rows: list[list[int]]) -> None:
    """Zero, NEVER, small, large, negative, and what the clock before has: all members count."""
    incidents, clocks = np.zeros(1, INCIDENT), np.zeros(len(rows), CLOCK)
    words_of(clocks)[:] = np.array(rows, np.int64).view(np.uint64)
    clocks["next"] = [*range(1, len(rows)), -1]
    incidents["key2"] = np.uint64(2**64 - 1)
    read = read_rows(images_of(incidents, clocks, np.array([0])))
    clocks["next"] = 0  # links are left out
    assert read.incidents.tobytes() == incidents.tobytes()
    assert read.clocks.tobytes() == clocks.tobytes()
    assert read.owners.tolist() == [0] * len(rows)


def test_rows_that_end_early_are_told_wherever_they_end() -> None:
    clocks = np.zeros(2, CLOCK)
    clocks["started"], clocks["next"] = 2**41, [1, -1]
    whole = images_of(np.zeros(1, INCIDENT), clocks, np.array([0]))
    for kept in range(1, len(whole)):
        with pytest.raises(StoreError, match="cut off"):
            read_rows(whole[:kept])


def test_each_key_is_asked_for_once() -> None:
    asked = []

    def meaning(key: int) -> int:
        asked.append(key)
        return key * 10

    assert translated(np.array([3, 1, 3, 3]), meaning).tolist() == [30, 10, 30, 30]
    assert sorted(asked) == [1, 3]
