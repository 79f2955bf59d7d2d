"""Rules and targets that change in the middle of an incident's life: figures worked out by hand,
and what the reference says of the same case."""

from __future__ import annotations

import pytest

from tests.clock.comparing import engine_fold
from tests.clock.test_editions import Case, check
from tests.clock.test_small_print_lives import (
    CREATED_GOLD,
    CREATED_SILVER,
    CUSTOMER,
    GOLD,
    OPEN,
    PENDING,
    SILVER,
    TIERS,
    WAITS,
    by_tier,
)
from tests.reference.test_reference_rules import WORK, instant
from tests.reference.times import parse_time

NOTE = ("commented", {"author": "agent", "public": False})
ANSWERS = "next_response: {target: 2h%s}"
NOTES_COUNT = by_tier(ANSWERS % ", reply: {notes: true}", ANSWERS % "")
BOTH_WAYS = by_tier(
    "promise: {target: 4h, start: 'status_class == \"open\"', stop: 'kind == \"a\"'}",
    "promise: {target: 4h, start: 'status_class == \"open\"', stop: 'kind == \"b\"'}",
)
EDGES = by_tier(
    "promise: {target: 4h, start: 'kind == \"a\"', stop: 'kind == \"z\"'}",
    "promise: {target: 4h, start: 'kind == \"b\"', stop: 'kind == \"z\"'}",
)
EARLIER = "on_priority_change: earlier"

RULES_CHANGE = [
    Case(
        "next_response: what was no answer by the new rules still waits for one",
        NOTES_COUNT,
        [],
        [CREATED_GOLD, ("09:30", *CUSTOMER), ("09:40", *NOTE), ("10:00", *SILVER)],
        "12:00",
        [("breach", "11:30:00.001")],
    ),
    Case(
        "the same when the rules without notes are written first",
        by_tier(ANSWERS % "", ANSWERS % ", reply: {notes: true}"),
        [],
        [CREATED_SILVER, ("09:30", *CUSTOMER), ("09:40", *NOTE), ("10:00", *GOLD)],
        "12:00",
        [("breach", "11:30:00.001")],
    ),
    Case(
        "the stop of the rules before ends a clock on the event that changes them",
        BOTH_WAYS,
        [],
        [CREATED_GOLD, ("10:00", "updated", {"tier": "silver", "kind": "a"})],
        "18:00",
        [],
        {"promise/2": None},
    ),
    Case(
        "the same the other way round",
        BOTH_WAYS,
        [],
        [CREATED_SILVER, ("10:00", "updated", {"tier": "gold", "kind": "b"})],
        "18:00",
        [],
        {"promise/2": None},
    ),
    Case(
        "a start that held before by the new rules does not become true by them",
        EDGES,
        [],
        [("09:00", "created", {"tier": "silver", "kind": "a"}), ("10:00", *GOLD)],
        "18:00",
        [],
        {"promise/1": None},
    ),
    Case(
        "a start that becomes true on the event that changes the rules begins",
        EDGES,
        [],
        [
            ("09:00", "created", {"tier": "silver", "kind": "x"}),
            ("10:00", "updated", {"tier": "gold", "kind": "a"}),
        ],
        "18:00",
        [("breach", "14:00:00.001")],
    ),
    Case(
        "of two passed warnings the highest is sent when the target becomes shorter",
        "policies: [{name: all, clocks: {resolution: {target: {low: 10h, default: 4h}}}, "
        "escalations: [{at: 30%, notify: t}, {at: 40%, notify: t}, {at: 60%, notify: t}]}]",
        [],
        [("09:00", "created", {"priority": "low"}), ("11:00", "updated", {"priority": "high"})],
        "12:30",
        [("40%", "10:36"), ("60%", "11:24")],
    ),
    Case(
        "a breach that a late policy finds and that reaches nobody brings no missed step with it",
        TIERS + "policies: [{name: gold, when: 'tier == \"gold\"', clocks: {resolution: "
        "{target: 2h}}, escalations: [{at: breach, notify: team}, {at: 30m after, notify: t}]}]",
        [],
        [CREATED_SILVER, ("14:00", *GOLD)],
        "18:00",
        [("breach", "11:00:00.001")],
    ),
    Case(
        "of warnings whose instants lie before the start the nearest to the due is the highest",
        TIERS + "policies: [{name: gold, when: 'tier == \"gold\"', clocks: {resolution: "
        "{target: 4h}}, escalations: [{at: 5h before, notify: t}, {at: 6h before, notify: t}]}]",
        [],
        [CREATED_SILVER, ("10:00", *GOLD)],
        "12:00",
        [("before:18000000", "09:00")],
    ),
    Case(
        "the same in the other order",
        TIERS + "policies: [{name: gold, when: 'tier == \"gold\"', clocks: {resolution: "
        "{target: 4h}}, escalations: [{at: 6h before, notify: t}, {at: 5h before, notify: t}]}]",
        [],
        [CREATED_SILVER, ("10:00", *GOLD)],
        "12:00",
        [("before:18000000", "09:00")],
    ),
    Case(
        "wall time that was taken out stays out on another calendar, closed or not",
        "calendars:\n"
        "  a: {time_zone: UTC, hours: {mon-fri: 09:00-17:00}}\n"
        "  b: {time_zone: UTC, hours: {mon-fri: 08:00-16:30}}\n"
        "policies: [{name: all, calendar: {urgent: b, default: a}, clocks: "
        f"{{resolution: {{target: 2h, {WAITS}}}}}}}]",
        [],
        [
            ("16:00", "created"),
            (
                "18:30",
                "clock.overridden",
                {
                    "clock": "resolution",
                    "exclude": {"from": instant("16:45:00.000"), "to": instant("18:00:00.000")},
                    "actor": "boss",
                    "reason": "a strike",
                },
            ),
            ("18:40", *PENDING),
            ("18:50", *OPEN),
            ("19:00", "updated", {"priority": "urgent"}),
        ],
        "20:00",
        [],
        {"resolution/1": "2026-01-13T09:30:00.000Z"},
    ),
    Case(
        "a due that the incident gives moves with it, also where priority changes keep the due",
        "policies: [{name: all, clocks: {resolution: {due_at: due, "
        "on_priority_change: keep_due}}}]",
        [],
        [
            ("09:00", "created", {"due": instant("12:00:00.000")}),
            ("10:00", "updated", {"due": instant("14:00:00.000")}),
        ],
        "16:00",
        [("breach", "14:00:00.001")],
    ),
    Case(
        "keep_due keeps it when the target becomes another",
        "policies: [{name: all, clocks: {resolution: {target: {low: 4h, default: 1h}, "
        "on_priority_change: keep_due}}}]",
        [],
        [("09:00", "created", {"priority": "low"}), ("09:30", "updated", {"priority": "high"})],
        "16:00",
        [("breach", "13:00:00.001")],
    ),
    Case(
        "keep_due keeps one that the incident gave when a policy with a target comes",
        by_tier(
            "resolution: {due_at: due, on_priority_change: keep_due}",
            "resolution: {target: 4h, on_priority_change: keep_due}",
        ),
        [],
        [
            ("09:00", "created", {"tier": "gold", "due": instant("12:00:00.000")}),
            ("10:00", *SILVER),
        ],
        "16:00",
        [("breach", "12:00:00.001")],
    ),
    Case(
        "what a clock had used up at a breach that is found later leaves the pauses out",
        "policies: [{name: all, clocks: {resolution: {target: {low: 4h, default: 1h}, "
        f"{WAITS}}}}}}}]",
        [],
        [
            ("09:00", "created", {"priority": "low"}),
            ("09:10", *PENDING),
            ("09:40", *OPEN),
            ("11:00", *PENDING),
            ("11:10", *OPEN),
            ("11:30", "updated", {"priority": "high"}),
        ],
        "16:00",
        [("breach", "10:30:00.001")],
    ),
    Case(
        "a held step stays held when a shorter target puts the due into the past",
        "policies: [{name: all, clocks: {resolution: {target: {low: 4h, default: 1h}}}, "
        "escalations: [{at: 50%, notify: t}]}]",
        [],
        [
            ("09:00", "created", {"priority": "low"}),
            ("10:00", "snoozed", {"until": instant("16:00:00.000")}),
            ("12:00", "updated", {"priority": "high"}),
        ],
        "17:00",
        [("50%", "09:30"), ("breach", "10:00:00.001")],
    ),
]

EARLIER_OF_BOTH = [
    Case(
        "earlier of both: pauses that do not carry make a longer target the earlier one",
        "policies: [{name: all, clocks: {resolution: {target: {low: 4h, default: 5h}, "
        f"{EARLIER}, carry_pauses: false, {WAITS}}}}}}}]",
        [],
        [
            ("09:00", "created", {"priority": "low"}),
            ("09:30", *PENDING),
            ("11:00", *OPEN),
            ("11:30", "updated", {"priority": "high"}),
        ],
        "16:00",
        [("breach", "14:00:00.001")],
    ),
    Case(
        "earlier of both: a due at closing time stays there, though a warning was sent",
        WORK + "policies: [{name: all, calendar: {urgent: 24x7, default: work}, clocks: "
        f"{{resolution: {{target: {{urgent: 5h, default: 4h}}, {EARLIER}}}}}, "
        "escalations: [{at: 25%, notify: t}]}]",
        [],
        [("13:00", "created"), ("15:00", "updated", {"priority": "urgent"})],
        "19:00",
        [("25%", "14:00"), ("breach", "17:00:00.001")],
    ),
]


@pytest.mark.parametrize("case", [*RULES_CHANGE, *EARLIER_OF_BOTH], ids=lambda case: case.name)
def test_rules_that_change_meanwhile(case: Case) -> None:
    check(case)


def test_a_passed_warning_that_a_shorter_target_sends_says_that_it_is_late() -> None:
    """ "Only the highest passed warning is sent, `late: attached`"; the next comes as ever."""
    case = next(case for case in RULES_CHANGE if "of two passed warnings" in case.name)
    _, alerts = engine_fold(case.pair, case.full, parse_time(instant(case.until)))
    late = {alert["data"]["threshold"]: alert["data"].get("late") for alert in alerts}
    assert late == {"40%": "attached", "60%": None}
