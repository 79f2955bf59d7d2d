"""What a rule chosen in the middle of an incident's life starts, and what leaves it alone: figures
worked out by hand, and what the reference says of the same case."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clock.test_editions import OPENED, REPLY, Case, check
from tests.reference.test_reference_rules import WORK, instant

TIERS = "attributes: {tier: {values: [gold, silver]}}\n"
GOLD = TIERS + "policies: [{name: gold, when: 'tier == \"gold\"'"
#: Resolved for an hour and a half; gold only since the middle of that.
RESOLVED_THEN_GOLD: list[tuple[Any, ...]] = [
    ("09:00", "created", {"tier": "silver"}),
    ("09:30", "resolved"),
    ("10:00", "updated", {"tier": "gold"}),
    ("11:00", "reopened"),
]
DAY = "due_at: end of business day"
END_OF_DAY = WORK + GOLD + ", calendar: work, clocks: {resolution: {" + DAY + "}}}]"
PROMISE = (
    WORK + "policies: [{name: a, calendar: work, clocks: {promise: {" + DAY + ", "
    "start: 'priority == \"%s\"', stop: 'status_class == \"closed\"'}}}]"
)
OLA = "sets: {ola: {party: team}}\npolicies: [{name: a, set: ola, "
FROM_TEN = "valid: {from: 2026-01-12T10:00:00Z}, clocks: {ownership: {per: team, target: 1h}}}]"
SCORED = """policies:
- name: all
  clocks:
    promise:
      due_at: due
      start: event.type == "incident.created"
      stop: status_class == "resolved"
    attention:
      every: 2h
      start: status_class == "open"
      stop: event.author == "agent"
  escalations: [{at: score >= 60, clocks: [attention], notify: t}]
"""

CASES = [
    Case(
        "chosen while resolved: the reopening continues it as if it had been there from the first",
        GOLD + ", clocks: {resolution: {target: 2h}}}]",
        [],
        RESOLVED_THEN_GOLD,
        "13:00",
        [("breach", "12:30:00.001")],
    ),
    Case(
        "chosen while resolved, `on_reopen: new`: a cycle from the reopening",
        GOLD + ", clocks: {resolution: {target: 2h, on_reopen: new}}}]",
        [],
        RESOLVED_THEN_GOLD,
        "14:00",
        [("breach", "13:00:00.001")],
    ),
    Case(
        "chosen while resolved, `on_reopen: ignore`: there is none",
        GOLD + ", clocks: {resolution: {target: 2h, on_reopen: ignore}}}]",
        [],
        RESOLVED_THEN_GOLD,
        "14:00",
        [],
        {"resolution/1": None},
    ),
    Case(
        "chosen while resolved and due at the end of the day, put off by the time spent resolved",
        END_OF_DAY,
        [],
        RESOLVED_THEN_GOLD,
        "16:00",
        [],
        {"resolution/1": "2026-01-13T10:30:00.000Z"},
    ),
    Case(
        "another policy in between: the clock that was dropped comes back at the reopening",
        GOLD + ", clocks: {resolution: {target: 2h}}}]",
        [],
        [
            ("09:00", "created", {"tier": "gold"}),
            ("09:15", "updated", {"tier": "silver"}),
            *RESOLVED_THEN_GOLD[1:],
        ],
        "13:00",
        [("breach", "12:30:00.001")],
    ),
    Case(
        "a policy that became valid is not looked for when the directory names the team at hand",
        "customers: {ACME: {team: noc}}\n" + OLA + FROM_TEN,
        [],
        [("09:00", "created", {"team": "noc"}), ("10:30", "updated", {"customer": "ACME"})],
        "18:00",
        [],
    ),
    Case(
        "a policy that became valid is looked for when the team changes",
        OLA + FROM_TEN,
        [],
        [("09:00", "created", {"team": "noc"}), ("10:30", "updated", {"team": "field"})],
        "18:00",
        [("breach", "11:30:00.001")],
    ),
    Case(
        "a clock due at the end of the day that waits for its start goes on waiting under an edit",
        PROMISE % "urgent",
        [("10:00", PROMISE % "high")],
        [
            ("09:00", "created", {"priority": "high"}),
            ("11:00", "updated", {"title": "still here"}),
        ],
        "18:00",
        [],
    ),
    Case(
        "a held step at a score that is lost and reached again has the later instant",
        SCORED,
        [],
        [
            ("09:00", "created", {"due": instant("09:10:00.000"), "priority": "high"}),
            ("09:20", "snoozed", {"until": instant("18:00:00.000")}),
            # the promise ends and the other clock is the tightest; then it is not; then it is
            ("13:30", "resolved"),
            ("13:40", "updated", {"status": "waiting_customer"}),
            ("14:00", "resolved"),
            ("14:30", "commented", {"author": "system", "public": False}),
        ],
        "18:30",
        [
            ("breach", "09:10:00.001"),
            ("breach", "11:00:00.001"),
            ("score:60", "14:00"),
            ("cleared/2", "14:00"),  # of the promise that the reopening continued
        ],
    ),
    Case(
        "a clock that was met does not come back when the day's end is its due",
        END_OF_DAY,
        [],
        [
            ("09:00", "created", {"tier": "gold"}),
            ("09:30", "resolved"),
            ("10:00", "updated", {"title": "a word more"}),
            ("10:30", "closed"),
        ],
        "18:00",
        [],
        {"resolution/2": None},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_rule_that_is_chosen_late(case: Case) -> None:
    check(case)


def test_a_clock_that_both_editions_have_starts_by_the_new_condition() -> None:
    """The contrast to waiting: the condition becomes true after the edit."""
    waits = next(case for case in CASES if "goes on waiting" in case.name)
    events = [*OPENED, ("11:00", "updated", {"priority": "high"}), ("11:30", *REPLY)]
    check(Case("", waits.first, waits.later, events, "18:00", [("breach", "17:00:00.001")]))
