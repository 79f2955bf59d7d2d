"""Steps after a breach in a running engine, which keeps sums and no history at hand: figures worked
out by hand, and what a replay of the same events says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clock.test_small_print_lives import OPEN, PENDING, WAITS
from tests.engine.world import World, short

Live = tuple[str, str, list[tuple[Any, ...]], list[tuple[str, str]]]
AFTER = (
    "recipients: {t: {}}\npolicies: [{name: all, clocks: {resolution: {target: "
    "{low: 1h, default: 30m}, " + WAITS + "}}, escalations: [{at: %s, notify: t%s}]}]"
)
UNTIL_ACK = AFTER % ("2h after", ", until: acknowledged")
LOW = ("09:00", "created", {"priority": "low"})
HIGH = ("updated", {"priority": "high"})
ACK = ("acknowledged", {"by": "kim"})
UNACK = ("unacknowledged",)
ACK_WHILE = ("acknowledged", {"by": "kim", "until": "2026-03-02T10:40:00.000Z"})
BROKEN_AT_TEN = ("breach", "10:00:00.001")
LIVE: list[Live] = [
    (
        "the time spent resolved puts off a step after the breach",
        AFTER % ("3h after", ""),
        [LOW, ("10:30", "resolved"), ("11:00", "reopened")],
        [BROKEN_AT_TEN, ("after:10800000", "13:30:00")],
    ),
    (
        "an acknowledgement puts off a step that it stops, counted from a new due too",
        UNTIL_ACK,
        [LOW, ("10:10", *ACK), ("10:40", *UNACK), ("10:50", *HIGH)],
        [BROKEN_AT_TEN, ("after:7200000", "12:00:00")],
    ),
    (
        "a pause inside the acknowledgement counts once, from a new due too",
        UNTIL_ACK,
        [
            LOW,
            ("10:10", *ACK),
            ("10:20", *PENDING),
            ("10:40", *OPEN),
            ("11:10", *UNACK),
            ("11:20", *HIGH),
        ],
        [BROKEN_AT_TEN, ("after:7200000", "12:30:00")],
    ),
    (
        "an acknowledgement that ends in a pause counts up to that pause",
        UNTIL_ACK,
        [
            LOW,
            ("10:10", *ACK),
            ("10:20", *PENDING),
            ("10:40", *UNACK),
            ("10:50", *HIGH),
            ("11:00", *OPEN),
        ],
        [BROKEN_AT_TEN, ("after:7200000", "12:20:00")],
    ),
    (
        "a pause inside an acknowledgement that goes on counts once",
        UNTIL_ACK,
        [LOW, ("10:10", *ACK), ("10:20", *PENDING), ("10:40", *OPEN), ("11:10", *UNACK)],
        [BROKEN_AT_TEN, ("after:7200000", "13:00:00")],
    ),
    (
        "an acknowledgement that goes on counts up to its end, from a new due too",
        UNTIL_ACK,
        [LOW, ("10:10", *ACK), ("10:50", *HIGH), ("11:00", *UNACK)],
        [BROKEN_AT_TEN, ("after:7200000", "12:20:00")],
    ),
    (
        "an acknowledgement without end outlasts a reopening",
        UNTIL_ACK,
        [LOW, ("10:10", *ACK), ("10:30", "resolved"), ("11:00", "reopened")],
        [BROKEN_AT_TEN],
    ),
    (
        "an acknowledgement that ended while resolved counts up to the resolution",
        UNTIL_ACK,
        [LOW, ("10:10", *ACK_WHILE), ("10:30", "resolved"), ("11:00", "reopened")],
        [BROKEN_AT_TEN, ("after:7200000", "12:50:00")],
    ),
    (
        "pauses that do not carry count as elapsed, also one that goes on since the start",
        "policies: [{name: all, clocks: {resolution: {target: {low: 4h, default: 3h}, "
        "carry_pauses: false, " + WAITS + "}}}]",
        [
            ("09:00", "created", {"priority": "low", "status": "waiting_customer"}),
            ("10:00", *HIGH),
            ("10:30", *OPEN),
        ],
        [("breach", "12:30:00.001")],
    ),
    (
        "a breach on hold is sent though the target changed meanwhile",
        "policies: [{name: all, clocks: "
        "{resolution: {target: {low: 1h, default: 8h}, hold: 30m}}}]",
        [LOW, ("10:05", *HIGH)],
        [BROKEN_AT_TEN],
    ),
]


@pytest.mark.parametrize("live", LIVE, ids=lambda live: live[0])
def test_steps_after_the_breach_in_a_running_engine(live: Live) -> None:
    """Event by event, not folded from the whole history; a replay says the same."""
    _, policies, events, said = live
    world = World(policies)
    worker = world.worker().claim(0)
    for at, kind, *data in events:
        world.move_to(at)
        worker.catch_up()
        world.send(kind, "A", *data)
        worker.catch_up()
    world.move_to("18:00")
    worker.catch_up()
    told = [(one["data"]["threshold"], short(one["time"])) for one in world.alerts()]
    assert [one for one in told if one[0] != "cleared"] == said
    assert world.net() == world.clean()


def test_days_after_an_edit_from_now_and_another_priority_in_a_running_engine() -> None:
    """The first three hours stay counted day and night; the due is the next open date's."""
    days = "policies: [{name: all, %sclocks: {resolution: {target: {low: 2bd, default: 1bd}%s}}}]"
    office = "calendars: {office: {time_zone: UTC, hours: {mon-fri: 10:00-18:00}}}\n"
    world = World(days % ("", ""))
    worker = world.worker().claim(0)
    world.send("created", "A", {"priority": "low"})
    worker.catch_up()
    world.publish(office + days % ("calendar: office, ", ", on_edit: from_now"), "12:00")
    for at in ("11:59", "12:01", "13:00"):
        world.move_to(at)
        worker.catch_up()
    world.send("updated", "A", {"priority": "high"})
    worker.catch_up()
    world.move_to("2026-03-04T09:00:00Z")
    worker.catch_up()
    assert [one["time"] for one in world.alerts()] == ["2026-03-03T10:00:00.001Z"]
    assert world.net() == world.clean()


def test_a_clock_that_an_edit_started_keeps_its_broken_due_through_a_pause() -> None:
    """The pause after the breach puts off the step after it, and nothing else does."""
    world = World("policies: [{name: all, clocks: {answer: {target: 24h}}}]")
    worker = world.worker().claim(0)
    world.send("created", "A")
    worker.catch_up()
    world.publish((AFTER % ("2h after", "")).replace("default: 30m", "default: 1h"), "09:30")
    for at, data in (("09:31", None), ("10:01", None), ("10:10", PENDING), ("10:40", OPEN)):
        world.move_to(at)
        worker.catch_up()
        if data is not None:
            world.send(data[0], "A", data[1])
            worker.catch_up()
    world.move_to("18:00")
    worker.catch_up()
    told = [(one["data"]["threshold"], short(one["time"])) for one in world.alerts()]
    assert told == [BROKEN_AT_TEN, ("after:7200000", "12:30:00")]
    assert world.net() == world.clean()
