"""Explanations: intervals that sum exactly to what the clock says, and what began them."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from sla_engine.calendar import open_between
from sla_engine.engine.explain import KINDS, explain, sums
from sla_engine.engine.refold import Folder
from sla_engine.engine.replay import Replay
from sla_engine.event.times import parse_time_text
from sla_engine.policy import load_text
from sla_engine.policy.tables import RuleBook
from tests.engine.test_replay import event, lines
from tests.reference.generate import history

POLICIES = """
calendars: {office: {time_zone: UTC, hours: {mon-fri: [09:00-17:00]}}}
defaults: {calendar: office}
recipients: {lead: {}}
policies:
  - name: everyone
    clocks:
      resolution: {target: 4h, pause: status_class == "waiting_customer"}
    escalations: [{at: breach, notify: lead}]
"""


def explained(policies: str, events: list[dict[str, Any]], until: int | None = None) -> Any:
    replay = Replay(load_text(policies))
    replay.add(lines(events))
    folded = replay.incident("default", events[0]["subject"], replay.end_ms(until))
    assert folded is not None
    return explain(Folder(replay.book), folded)


@pytest.mark.parametrize("seed", range(40))
def test_the_intervals_sum_exactly_to_what_the_clock_says(seed: int) -> None:
    """Contracts section 3: open time from start to end = elapsed + paused + resolved + excluded."""
    text, events, until = history(Random(seed), 1)
    policies = load_text(text)
    replay = Replay(policies)
    replay.add(lines(events))
    book = replay.book
    folded = replay.incident("default", "X", until)
    assert folded is not None
    for clock in explain(Folder(book), folded)["clocks"]:
        told = clock["intervals"]
        assert sums(told) == {member: clock[member] for _, member in KINDS.values()}
        instants = [clock["started"], *(one["to"] for one in told)]
        assert [one["from"] for one in told] == instants[:-1]
        assert instants[-1] == (clock["stopped"] or clock["as_of"])
        running = sum(one["wall_ms"] for one in told if one["counts_as"] == "running")
        assert running == clock["wall_ms"]


def test_every_interval_names_the_events_that_began_it() -> None:
    told = explained(
        POLICIES,
        [
            event(1, "created", "09:00"),
            event(2, "updated", "10:00", status="waiting_customer"),
            event(3, "updated", "12:30", status="open"),
            event(4, "commented", "13:00", author="agent"),
            event(5, "resolved", "18:00"),
        ],
    )
    (clock,) = told["clocks"]
    assert [
        (one["counts_as"], one["from"][11:16], one["to"][11:16], one["open_ms"], one["events"])
        for one in clock["intervals"]
    ] == [
        ("running", "09:00", "10:00", 3_600_000, ["e1"]),
        ("paused", "10:00", "12:30", 9_000_000, ["e2"]),
        ("running", "12:30", "18:00", 16_200_000, ["e3"]),
    ]
    assert [one["id"] for one in told["events"]] == ["e1", "e2", "e3", "e4", "e5"]
    assert [one["data"]["threshold"] for one in told["alerts"]] == ["breach", "cleared"]


def test_past_cycles_and_the_time_resolved_are_told_apart() -> None:
    policies = POLICIES.replace(
        "resolution:", "update: {every: 1h, from: opened}\n      resolution:"
    )
    told = explained(
        policies,
        [
            event(1, "created", "09:00"),
            event(2, "commented", "09:30", author="agent"),
            event(3, "resolved", "10:00"),
            event(4, "reopened", "11:00"),
            event(5, "sla.time", "12:00", "time"),
        ],
    )
    clocks = {(one["clock"], one["cycle"]): one for one in told["clocks"]}
    kinds = {key: [one["counts_as"] for one in clock["intervals"]] for key, clock in clocks.items()}
    assert kinds == {
        ("resolution", 1): ["running", "resolved", "running"],
        ("update", 1): ["running"],
        ("update", 2): ["running"],
    }
    assert clocks["update", 1]["intervals"][0]["to"] == "2026-01-12T09:30:00.000Z"
    assert clocks["resolution", 1]["resolved_ms"] == 3_600_000


def test_an_explanation_as_of_an_earlier_instant_knows_nothing_later() -> None:
    replay = Replay(load_text(POLICIES))
    replay.add(lines([event(1, "created", "09:00"), event(2, "resolved", "16:00")]))
    ten = parse_time_text("2026-01-12T10:00:00Z")
    folded = replay.incident("default", "X", ten)
    assert folded is not None
    told = explain(Folder(replay.book), folded)
    assert [one["id"] for one in told["events"]] == ["e1"]
    (clock,) = told["clocks"]
    assert (clock["state"], clock["elapsed_ms"], told["alerts"]) == ("running", 3_600_000, [])


def test_open_time_of_an_interval_is_that_of_its_calendar() -> None:
    told = explained(POLICIES, [event(1, "created", "08:00"), event(2, "resolved", "20:00")])
    (clock,) = told["clocks"]
    assert (clock["calendar"], clock["time_zone"]) == ("office", "UTC")
    book = RuleBook(load_text(POLICIES))
    begin, end = (parse_time_text(f"2026-01-12T{t}:00Z") for t in ("08:00", "20:00"))
    index = book.calendars.index("office")
    assert clock["intervals"][0]["open_ms"] == open_between(
        book.calendars.tables, index, begin, end
    )
    assert clock["intervals"][0]["open_ms"] == 8 * 3_600_000
