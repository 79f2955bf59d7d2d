"""F87, F88: from which events and intervals a clock and its alerts come."""

from __future__ import annotations

from typing import Any

from sla_engine.engine.explain import explain, sums
from sla_engine.engine.refold import Folder
from sla_engine.engine.replay import Replay
from sla_engine.event.times import parse_time_text
from sla_engine.policy import load_text
from tests.features.telling import Record, event, instant, lines

POLICIES = """
policies:
  - name: all
    clocks: {resolution: {target: 4h, pause: status_class == "waiting_customer"}}
"""
EVENTS = [
    event(1, "created", "09:00"),
    event(2, "updated", "10:00", status="waiting_customer"),
    event(3, "updated", "10:30", title="Printer"),
    event(4, "updated", "11:00", status="open"),
    event(5, "resolved", "15:00"),
]


def explained(policies: str, events: list[Record], at: str) -> dict[str, Any]:
    replay = Replay(load_text(policies))
    replay.add(lines(events))
    folded = replay.incident("default", "X", parse_time_text(instant(at)))
    assert folded is not None
    told = explain(Folder(replay.book), folded)
    assert isinstance(told, dict)
    return told


def test_intervals_name_their_events_and_sum_to_the_elapsed_time() -> None:
    told = explained(POLICIES, EVENTS, "16:00")
    (clock,) = told["clocks"]
    assert [
        (one["counts_as"], one["from"][11:16], one["to"][11:16], one["events"])
        for one in clock["intervals"]
    ] == [
        ("running", "09:00", "10:00", ["e1"]),
        ("paused", "10:00", "11:00", ["e2"]),
        ("running", "11:00", "15:00", ["e4"]),
    ]
    assert clock["elapsed_ms"] == 5 * 3_600_000
    assert sums(clock["intervals"])["elapsed_ms"] == clock["elapsed_ms"]
    assert sums(clock["intervals"])["paused_ms"] == clock["paused_ms"] == 3_600_000
    assert [one["data"]["threshold"] for one in told["alerts"]] == ["breach", "cleared"]


def test_not_as_of_an_instant_before_it() -> None:
    told = explained(POLICIES, EVENTS, "14:00")
    (clock,) = told["clocks"]
    assert (clock["state"], clock["breached"], told["alerts"]) == ("running", False, [])
    assert clock["elapsed_ms"] == 4 * 3_600_000


def test_without_the_pause_there_is_one_interval() -> None:
    policies = POLICIES.replace(', pause: status_class == "waiting_customer"', "")
    (clock,) = explained(policies, EVENTS, "16:00")["clocks"]
    assert [one["counts_as"] for one in clock["intervals"]] == ["running"]


def test_excluded_time_and_what_follows_it_name_the_event_that_excluded_it() -> None:
    out = {"from": instant("11:30"), "to": instant("12:00")}
    override = event(6, "clock.overridden", "15:30", clock="resolution", exclude=out)
    other = event(7, "clock.overridden", "15:40", clock="update", exclude=out)
    (clock,) = explained(POLICIES, [*EVENTS, override, other], "16:00")["clocks"]
    assert [(one["counts_as"], one["events"]) for one in clock["intervals"]] == [
        ("running", ["e1"]),
        ("paused", ["e2"]),
        ("running", ["e4"]),
        ("excluded", ["e6"]),
        ("running", ["e6"]),
    ]
