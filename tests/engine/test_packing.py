"""Rows in few bytes: whatever stands in them, they are read as they were written."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sla_engine.clock.layout import CLOCK, INCIDENT, NEVER
from sla_engine.engine.images import images_of
from sla_engine.engine.loading import read_rows

INSTANT = 1_800_000_000_000
WORDS = st.one_of(
    st.just(0),
    st.just(NEVER),
    st.integers(0, 2**64 - 1),
    st.integers(0, 300),
    st.integers(INSTANT, INSTANT + 2**40),
    st.integers(0, 2**31).map(lambda high: high << 32),
)


def rows_of(dtype: np.dtype[Any], count: int, words: list[int]) -> NDArray[Any]:
    rows = np.zeros(count, dtype)
    flat = rows.view(np.uint64)
    flat[:] = np.resize(np.array(words, np.uint64), len(flat))
    return rows


def chained(incidents: NDArray[Any], clocks: NDArray[Any], each: int) -> None:
    """Give every incident so many of the clocks."""
    incidents["clocks"] = np.arange(len(incidents)) * each if each else -1
    clocks["next"] = np.arange(len(clocks)) + 1
    if each:
        clocks["next"][each - 1 :: each] = -1


@given(
    st.lists(WORDS, min_size=23, max_size=69),
    st.lists(WORDS, min_size=34, max_size=204),
    st.integers(0, 3),
)
def test_whatever_stands_in_rows_they_are_read_as_written(
    incident_words: list[int], clock_words: list[int], each: int
) -> None:
    incidents, clocks = rows_of(INCIDENT, 2, incident_words), rows_of(CLOCK, 6, clock_words)
    chained(incidents, clocks, each)
    read = read_rows(images_of(incidents, clocks, np.array([1, 0])))
    assert read.rows.tolist() == [1, 0]
    assert read.owners.tolist() == [0] * each + [1] * each
    for name in set(INCIDENT.names or ()) - {"clocks"}:
        assert np.array_equal(read.incidents[name], incidents[name][[1, 0]])
    places = [*range(each, 2 * each), *range(each)]
    for name in set(CLOCK.names or ()) - {"next"}:
        assert np.array_equal(read.clocks[name], clocks[name][places])


def running(started: int) -> NDArray[Any]:
    """A clock as most are: running since its start, with a warning ahead."""
    clock = np.zeros(1, CLOCK)
    clock["started"] = clock["since"] = started
    clock["target"] = clock["choice_amount"] = clock["seen_amount"] = 14_400_000
    clock["due"] = started + 14_400_000
    clock["next_at"] = started + 11_520_000
    clock["cycle"] = clock["origin"] = clock["state"] = 1
    clock["calendar_key"] = clock["seen_calendar"] = 1_114_205_082
    return clock


def test_what_follows_from_other_members_takes_no_bytes() -> None:
    """Start, due and choice of a running clock follow from its opening and target."""
    incident = np.zeros(1, INCIDENT)
    incident["opened"] = incident["last_time"] = INSTANT
    clocks = np.concatenate([running(INSTANT), running(INSTANT)])
    chained(incident, clocks, 1)
    one = len(images_of(incident, clocks, np.array([0])))
    clocks["next"] = [1, -1]
    both = len(images_of(incident, clocks, np.array([0])))
    clocks["due"] += 1
    assert both - one < 20
    assert len(images_of(incident, clocks, np.array([0]))) > both
