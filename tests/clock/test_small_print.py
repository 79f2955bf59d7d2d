"""Rules that only a second or third event brings out: figures worked out by hand, and what the
reference says of the same case."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clock.test_editions import OPENED, Case, check
from tests.reference.test_reference_rules import WORK, instant

FOUR_HOURS = "policies: [{name: all, clocks: {resolution: {target: 4h%s}}}]"
CUSTOMER = ("commented", {"author": "customer"})
REPLY = ("commented", {"author": "agent"})
PENDING = ("updated", {"status": "waiting_customer"})
OPEN = ("updated", {"status": "open"})
TIERS = "attributes: {tier: {values: [gold, silver]}}\n"


def exclude(begin: str, end: str) -> tuple[Any, ...]:
    """A `clock.overridden` that takes an interval out of the resolution."""
    taken = {"from": instant(begin), "to": instant(end)}
    said = {"clock": "resolution", "exclude": taken, "actor": "boss", "reason": "a strike"}
    return "clock.overridden", said


CASES = [
    Case(
        "a customer's word lifts only a wait for the customer",
        FOUR_HOURS % ", pause: 'status_class == \"on_hold\"'",
        [],
        [*OPENED, ("10:00", "updated", {"status": "on_hold"}), ("11:00", *CUSTOMER)],
        "18:00",
        [],
        {"resolution/1": None},
    ),
    Case(
        "next_response given by a later policy counts from the comment without an answer",
        TIERS + "policies: [{name: gold, when: 'tier == \"gold\"', clocks: "
        "{next_response: {target: 2h}}}]",
        [],
        [
            ("09:00", "created", {"tier": "silver"}),
            ("09:30", *CUSTOMER),
            ("10:00", "updated", {"tier": "gold"}),
        ],
        "12:00",
        [("breach", "11:30:00.001")],
    ),
    Case(
        "a clock that was reopened and then cancelled stays so at the next reopening",
        FOUR_HOURS % ", cancel: 'kind == \"spam\"'",
        [],
        [
            *OPENED,
            ("09:30", "resolved"),
            ("10:00", "reopened"),
            ("10:10", "updated", {"kind": "spam"}),
            ("10:20", "resolved"),
            ("10:30", "reopened", {"kind": "complaint"}),
        ],
        "18:00",
        [],
        {"resolution/2": None},
    ),
    Case(
        "on another calendar the time spent resolved still does not count",
        WORK + "policies: [{name: all, calendar: {urgent: 24x7, default: work}, clocks: "
        "{resolution: {target: 4h}}}]",
        [],
        [
            *OPENED,
            ("10:00", "resolved"),
            ("11:00", "reopened"),
            ("11:30", "updated", {"priority": "urgent"}),
        ],
        "16:00",
        [("breach", "14:00:00.001")],
    ),
    Case(
        "earlier of both: without the pauses so far the new due is the earlier one",
        "policies: [{name: all, clocks: {resolution: {target: {low: 4h, default: 3h}, "
        "on_priority_change: earlier, carry_pauses: false, "
        "pause: 'status_class == \"waiting_customer\"'}}}]",
        [],
        [
            ("09:00", "created", {"priority": "low"}),
            ("09:30", *PENDING),
            ("11:00", *OPEN),
            ("11:30", "updated", {"priority": "high"}),
        ],
        "16:00",
        [("breach", "12:00:00.001")],
    ),
    Case(
        "earlier of both: the pauses so far put off the new due as well, so it is the later one",
        "policies: [{name: all, clocks: {resolution: {target: {low: 4h, default: 5h}, "
        "on_priority_change: earlier, pause: 'status_class == \"waiting_customer\"'}}}]",
        [],
        [
            ("09:00", "created", {"priority": "low"}),
            ("09:30", *PENDING),
            ("11:00", *OPEN),
            ("11:30", "updated", {"priority": "high"}),
        ],
        "16:00",
        [("breach", "14:30:00.001")],
    ),
    Case(
        "excluded intervals count in whatever order they were given",
        FOUR_HOURS % "",
        [],
        [
            *OPENED,
            ("09:10", *exclude("11:00", "12:00")),
            ("09:20", *exclude("10:00", "10:30")),
            ("09:30", *exclude("09:30", "09:45")),
        ],
        "16:00",
        [("breach", "14:45:00.001")],
    ),
    Case(
        "a merge that brings an earlier opening leaves every pause where it was",
        FOUR_HOURS % ", pause: 'status_class == \"waiting_customer\"'",
        [],
        [
            ("09:00", "created", {"status": "waiting_customer"}),
            ("09:30", *OPEN),
            ("10:00", *PENDING),
            ("10:30", *OPEN),
            (
                "11:30",
                "absorbed",
                {"from": "Y", "opened_at": instant("08:00:00.000"), "absorbed": []},
            ),
        ],
        "16:00",
        [("breach", "13:00:00.001")],
    ),
    Case(
        "an event at the instant of a warning comes first",
        "policies: [{name: all, clocks: {resolution: {target: 4h}}, "
        "escalations: [{at: 50%, notify: t}]}]",
        [],
        [*OPENED, ("11:00", "resolved")],
        "16:00",
        [],
    ),
    Case(
        "steps that wait for an acknowledgement stand still in it, and in a pause inside it once",
        "policies: [{name: all, clocks: {resolution: {target: 4h, "
        "pause: 'status_class == \"waiting_customer\"'}}, "
        "escalations: [{at: 1h after, notify: t, until: acknowledged}]}]",
        [],
        [
            *OPENED,
            ("13:10", "acknowledged", {"by": "kim"}),
            ("13:20", *PENDING),
            ("13:40", *OPEN),
            ("14:10", "unacknowledged"),
        ],
        "18:00",
        [("breach", "13:00:00.001"), ("after:3600000", "15:00")],
    ),
    Case(
        "what cancelled a clock before its rules applied is no resolution to come back from",
        TIERS + "policies: [{name: gold, when: 'tier == \"gold\"', clocks: {promise: {target: 4h, "
        "start: 'event.type == \"incident.created\"', stop: 'event.author == \"agent\"', "
        "cancel: 'status_class == \"resolved\"'}}}]",
        [],
        [
            ("09:00", "created", {"tier": "silver"}),
            ("09:30", "resolved"),
            ("10:00", "reopened"),
            ("10:30", "updated", {"tier": "gold"}),
        ],
        "18:00",
        [],
    ),
    Case(
        "a policy that comes late counts from the opening that the first event gave",
        TIERS + "policies: [{name: gold, when: 'tier == \"gold\"', clocks: "
        "{resolution: {target: 4h}}}]",
        [],
        [
            ("09:00", "created", {"tier": "silver", "opened_at": instant("08:00:00.000")}),
            ("10:00", "updated", {"tier": "gold"}),
        ],
        "18:00",
        [("breach", "12:00:00.001")],
    ),
    Case(
        "from_now: what lies before the edit stays counted in the old hours",
        WORK + "policies: [{name: all, calendar: work, clocks: {resolution: {target: 6h}}}]",
        [
            (
                "12:00",
                "policies: [{name: all, clocks: {resolution: {target: 2h, on_edit: from_now}}}]",
            )
        ],
        [("08:00", "created")],
        "18:00",
        [("breach", "11:00:00.001")],
    ),
    Case(
        "what an agent writes at the opening is nothing to answer",
        "policies: [{name: all, clocks: {next_response: {target: 2h}}}]",
        [],
        [("09:00", "created", {"author": "agent"})],
        "18:00",
        [],
        {"next_response/1": None},
    ),
    Case(
        "what the customer writes at the opening is",
        "policies: [{name: all, clocks: {next_response: {target: 2h}}}]",
        [],
        [("09:00", "created", {"author": "customer"})],
        "18:00",
        [("breach", "11:00:00.001")],
    ),
    Case(
        "a second opening of an incident that had one moves nothing",
        FOUR_HOURS % "",
        [],
        [*OPENED, ("10:00", "created", {"title": "again"})],
        "18:00",
        [("breach", "13:00:00.001")],
    ),
    Case(
        "an opening that comes after the first event moves the start to its own time",
        FOUR_HOURS % "",
        [],
        [("09:00", "updated", {"title": "heard of first"}), ("10:00", "created")],
        "18:00",
        [("breach", "14:00:00.001")],
    ),
    Case(
        "a score is reached in the hours of its clock, over a lunch break",
        "calendars: {work: {time_zone: UTC, hours: {mon-fri: [09:00-12:00, 13:00-17:00]}}}\n"
        "policies: [{name: all, calendar: work, clocks: {resolution: {target: 6h}}, "
        "escalations: [{at: score >= 35, notify: t}]}]",
        [],
        OPENED,
        "14:45",
        [("score:35", "14:30")],
    ),
    Case(
        "a recurring clock that a policy gives late counts from the last reply",
        TIERS + "policies: [{name: gold, when: 'tier == \"gold\"', clocks: {update: {every: 2h}}}]",
        [],
        [
            ("09:00", "created", {"tier": "silver"}),
            ("09:30", *REPLY),
            ("10:00", *REPLY),
            ("10:30", *CUSTOMER),
            ("11:00", "updated", {"tier": "gold"}),
        ],
        "13:00",
        [("breach", "12:00:00.001")],
    ),
    Case(
        "the step's own calendar counts, not the first or last of the set",
        "calendars:\n"
        "  a: {time_zone: UTC, hours: {mon-fri: 01:00-02:00}}\n"
        "  b: {time_zone: UTC, hours: {mon-fri: 13:00-15:00}}\n"
        "  c: {time_zone: UTC, hours: {mon-fri: 03:00-04:00}}\n"
        "policies:\n"
        "- name: all\n"
        "  clocks: {resolution: {target: 4h}}\n"
        "  escalations:\n"
        "  - {at: 30m after, notify: t, during: b}\n"
        "  - {at: 20m after, notify: t, during: a}\n"
        "  - {at: 10m after, notify: t, during: c}\n",
        [],
        OPENED,
        "16:00",
        [("breach", "13:00:00.001"), ("after:1800000", "13:30")],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_small_print(case: Case) -> None:
    check(case)


def test_an_acknowledgement_by_the_id_of_the_twelfth_cycle() -> None:
    """It stops the steps of that cycle and of no other."""
    update = "policies: [{name: a, clocks: {update: {every: 1h}}, "
    step = "escalations: [{at: 30m after, notify: t, until: acknowledged}]}]"
    replies = [(f"{9 + n // 4:02d}:{n % 4 * 15:02d}", *REPLY) for n in range(12)]
    ack = ("13:00", "acknowledged", {"by": "kim", "alert": "default/X/default/update/12/breach"})
    case = Case("", update + step, [], [*OPENED, *replies, ack], "16:00", [])
    case.said = [("breach", "12:45:00.001")]
    check(case)
    other = ("13:00", "acknowledged", {"by": "kim", "alert": "default/X/default/update/2/breach"})
    said = [*case.said, ("after:1800000", "13:15")]
    check(Case("", update + step, [], [*OPENED, *replies, other], "16:00", said))
