"""F90: the same events under the same policies give the same bytes."""

from __future__ import annotations

from itertools import permutations

import pytest

from sla_engine.engine.replay import Replay
from sla_engine.event.times import parse_time_text
from sla_engine.policy import load_text
from sla_engine.stream.murmur2 import partition_of
from tests.features.telling import Record, event, instant, lines

POLICIES = """
policies:
  - name: all
    clocks: {resolution: {target: 4h}, first_response: {target: 1h}}
    escalations: [{at: 50%, notify: team}]
"""
EVENTS = [
    event(n, kind, at, f"I{subject}", **data)
    for n, (kind, at, subject, data) in enumerate(
        [
            ("created", "09:00", 1, {"team": "a"}),
            ("created", "09:10", 2, {"team": "b"}),
            ("commented", "09:20", 1, {"author": "agent"}),
            ("merged", "12:00", 2, {"into": "I3"}),
            ("created", "11:00", 3, {}),
            ("resolved", "13:30", 1, {}),
        ]
    )
]


def told(events: list[Record], partitions: int = 1) -> bytes:
    """Clocks and alerts of all incidents as bytes."""
    replay = Replay(load_text(POLICIES))
    replay.add(lines(events))
    found: list[Record] = []
    place = lambda incident: partition_of(incident.encode(), partitions)  # noqa: E731
    end_ms = parse_time_text(instant("18:00"))
    for one in replay.incidents(end_ms, partitions=partitions, place=place):
        own = one.alerts()
        found += [*own, *one.clocks(own)]
    return lines(found)


def test_something_is_told() -> None:
    assert told(EVENTS).count(b"sla.clock.breached") >= 3


@pytest.mark.parametrize("partitions", [1, 2, 16, 64])
def test_on_any_number_of_partitions(partitions: int) -> None:
    assert told(EVENTS, partitions) == told(EVENTS)


def test_in_any_order_and_with_duplicates() -> None:
    once = told(EVENTS)
    for order in list(permutations(EVENTS))[::90]:
        assert told([*order, order[0]]) == once


def test_not_with_another_event() -> None:
    assert told(EVENTS[:-1]) != told(EVENTS)
