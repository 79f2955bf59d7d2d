"""Clocks lie packed between turns: whatever happens to them there, they come back as they were."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sla_engine.clock.layout import CLOCK, INCIDENT
from sla_engine.engine.partition import Partition
from sla_engine.policy import load_text
from sla_engine.policy.tables import RuleBook
from tests.engine.test_packing import WORDS, rows_of
from tests.engine.world import World

POLICIES = """
policies:
  - name: all
    clocks:
      first_response: {target: 1h}
      resolution: {target: 4h, pause: status_class == "waiting_customer"}
"""
BOOK = RuleBook(load_text(POLICIES))

#: (row, clocks, words of which they are made) of one image after another.
LOADS = st.lists(
    st.tuples(st.integers(0, 7), st.integers(0, 4), st.lists(WORDS, min_size=3, max_size=50)),
    min_size=1,
    max_size=30,
)


def same(mine: NDArray[Any], theirs: NDArray[Any]) -> bool:
    """Whether clocks agree in all that is not a link."""
    names = set(CLOCK.names or ()) - {"next"}
    return len(mine) == len(theirs) and all(
        np.array_equal(mine[name], theirs[name]) for name in names
    )


def load(partition: Partition, row: int, clocks: NDArray[Any]) -> None:
    incident = np.zeros(1, INCIDENT)
    incident["key1"] = incident["key2"] = row + 1
    owners = np.zeros(len(clocks), np.int64)
    partition.load(np.array([row]), incident, owners, clocks)


@given(LOADS)
def test_each_incident_has_the_clocks_that_it_was_last_given(
    loads: list[tuple[int, int, list[int]]],
) -> None:
    partition = Partition(0, BOOK)
    last: dict[int, NDArray[Any]] = {}
    for row, count, words in loads:
        last[row] = rows_of(CLOCK, count, words)
        load(partition, row, last[row].copy())
        assert all(same(partition.clocks(each), clocks) for each, clocks in last.items())
    assert partition.awake == 0


def test_blocks_given_back_are_used_again() -> None:
    partition = Partition(0, BOOK)
    sizes = [1, 3, 2, 0, 3]
    clocks = [np.full(count, 7, np.int64).astype(CLOCK) for count in sizes]
    for row, given_clocks in enumerate(clocks):
        load(partition, row, given_clocks)
    used = partition.resting.used_bytes
    for _ in range(50):
        for row, given_clocks in enumerate(clocks):
            load(partition, row, given_clocks)
    assert partition.resting.used_bytes <= used + 3 * 272


def test_between_turns_no_clock_is_awake_and_memory_does_not_grow_with_events() -> None:
    world = World(POLICIES)
    worker = world.worker().claim(0)
    for n in range(50):
        world.send("created", f"I{n}", {"priority": "high"})
    worker.catch_up()
    partition = worker.engine._owned[0].partition
    assert partition.awake == 0
    used = []
    for turn in range(12):
        for n in range(50):
            status = "waiting_customer" if turn % 2 else "open"
            world.send("updated", f"I{n}", {"status": status})
        world.move_to(f"09:{turn + 1:02d}")
        worker.catch_up()
        assert partition.awake == 0
        used.append(partition.resting.used_bytes)
    assert used[-1] == used[3]


def test_clocks_at_rest_follow_when_calendars_get_other_numbers() -> None:
    partition = Partition(0, BOOK)
    clocks = np.zeros(3, CLOCK)
    clocks["calendar"] = [0, 2, 1]
    clocks["due"] = [10, 20, 30]
    load(partition, 4, clocks)
    load(partition, 0, clocks[:1])
    partition.renumber(np.arange(BOOK.blank + 1, dtype=np.int32), np.array([2, 0, 1], np.int32))
    assert partition.clocks(4)["calendar"].tolist() == [2, 1, 0]
    assert partition.clocks(4)["due"].tolist() == [10, 20, 30]
    assert partition.clocks(0)["calendar"].tolist() == [2]
    assert partition.awake == 0
