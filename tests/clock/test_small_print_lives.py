"""Rules that only a whole life of an incident brings out: policies that come and go, reopenings,
sets side by side; figures worked out by hand, and what the reference says of the same case."""

from __future__ import annotations

import pytest

from tests.clock.test_editions import OPENED, Case, check
from tests.reference.test_reference_rules import instant

TIERS = "attributes: {tier: {values: [gold, silver]}}\n"
CUSTOMER = ("commented", {"author": "customer"})
REPLY = ("commented", {"author": "agent"})
PENDING = ("updated", {"status": "waiting_customer"})
OPEN = ("updated", {"status": "open"})
GOLD = ("updated", {"tier": "gold"})
SILVER = ("updated", {"tier": "silver"})
CREATED_GOLD = ("09:00", "created", {"tier": "gold"})
CREATED_SILVER = ("09:00", "created", {"tier": "silver"})
WAITS = "pause: 'status_class == \"waiting_customer\"'"


def by_tier(gold: str, silver: str) -> str:
    """Two policies with the same clock's name, chosen by the tier."""
    written = f"{TIERS}policies:\n"
    for tier, clocks in (("gold", gold), ("silver", silver)):
        written += f"- {{name: {tier}, when: 'tier == \"{tier}\"', clocks: {{{clocks}}}}}\n"
    return written


def only_gold(clocks: str) -> str:
    """A policy that is chosen when the tier becomes gold."""
    return f"{TIERS}policies: [{{name: gold, when: 'tier == \"gold\"', clocks: {{{clocks}}}}}]"


PAST = [
    Case(
        "a start that becomes true at a reopening counts, when the policy comes later",
        only_gold(
            "promise: {target: 4h, on_reopen: ignore, start: 'status_class == \"open\"', "
            "stop: 'status_class == \"resolved\"'}"
        ),
        [],
        [CREATED_SILVER, ("09:30", "resolved"), ("10:00", "reopened"), ("10:30", *GOLD)],
        "18:00",
        [("breach", "14:00:00.001")],
    ),
    Case(
        "a policy that comes late counts from the last reset",
        only_gold(
            "promise: {target: 4h, start: 'status_class == \"open\"', "
            "stop: 'status_class == \"resolved\"', reset: 'event.type == \"incident.commented\"'}"
        ),
        [],
        [CREATED_SILVER, ("09:30", *CUSTOMER), ("10:00", *GOLD)],
        "18:00",
        [("breach", "13:30:00.001")],
    ),
    Case(
        "`starts_at` puts the start before a pause that is past, which counts as one",
        "attributes: {custom.t: time}\n"
        "policies: [{name: all, clocks: {promise: {target: 4h, starts_at: custom.t, "
        f"start: 'kind == \"a\"', stop: 'kind == \"z\"', {WAITS}}}}}}}]",
        [],
        [
            ("09:00", "created", {"custom": {"t": instant("09:00:00.000")}}),
            ("09:30", *PENDING),
            ("10:00", *OPEN),
            ("11:00", "updated", {"kind": "a"}),
        ],
        "18:00",
        [("breach", "13:30:00.001")],
    ),
    Case(
        "a clock that starts paused by its own start's event is paused from the first",
        "policies: [{name: all, clocks: {promise: {target: 4h, "
        "start: 'event.type == \"incident.commented\"', stop: 'kind == \"z\"', "
        "pause: 'event.author == \"agent\"', resume: 'event.author == \"customer\"'}}}]",
        [],
        [*OPENED, ("10:00", *REPLY), ("10:30", *CUSTOMER)],
        "18:00",
        [("breach", "14:30:00.001")],
    ),
    Case(
        "a start is looked for in the past where it became true, not where it still is",
        only_gold("promise: {target: 4h, start: 'kind == \"a\"', stop: 'kind == \"z\"'}"),
        [],
        [
            ("09:00", "created", {"tier": "silver", "kind": "x"}),
            ("09:30", "updated", {"kind": "a"}),
            ("10:00", *GOLD),
        ],
        "18:00",
        [("breach", "13:30:00.001")],
    ),
    Case(
        "a clock of one's own name starts at the event, not at the opening that this gives",
        only_gold(
            "promise: {target: 4h, start: 'status_class == \"open\"', stop: 'kind == \"z\"'}"
        ),
        [],
        [
            ("09:00", "created", {"tier": "silver", "opened_at": instant("08:00:00.000")}),
            ("10:00", *GOLD),
        ],
        "18:00",
        [("breach", "13:00:00.001")],
    ),
    Case(
        "a resolution that is taken back in the same instant leaves the pause before it a pause",
        only_gold(f"resolution: {{target: 4h, {WAITS}}}"),
        [],
        [
            CREATED_SILVER,
            ("09:30", *PENDING),
            ("10:00", "resolved"),
            ("10:00", "reopened"),
            ("10:30", *GOLD),
        ],
        "18:00",
        [("breach", "13:30:00.001")],
    ),
    Case(
        "a merge that brings an earlier opening finds a due before the pauses that followed",
        f"policies: [{{name: all, clocks: {{resolution: {{target: 4h, {WAITS}}}}}}}]",
        [],
        [
            ("09:00", "created", {"status": "waiting_customer"}),
            ("09:30", *OPEN),
            ("13:00", *PENDING),
            ("13:10", *OPEN),
            ("13:20", "absorbed", {"from": "Y", "opened_at": instant("08:00:00.000")}),
        ],
        "16:00",
        [("breach", "12:30:00.001")],
    ),
    Case(
        "an opening that comes later moves no clock that did not start with it",
        "policies: [{name: all, clocks: {promise: {target: 4h, "
        f"start: 'status_class == \"open\"', stop: 'kind == \"z\"', {WAITS}}}, "
        "resolution: {target: 8h}}}]",
        [],
        [
            ("09:00", "updated", {"title": "heard of first"}),
            ("09:20", *PENDING),
            ("09:40", *OPEN),
            ("10:00", "created"),
            ("10:30", *PENDING),
            ("11:00", *OPEN),
        ],
        "16:00",
        [("breach", "13:50:00.001")],
        {"resolution/1": instant("18:00:00.000")},
    ),
    Case(
        "an opening that comes later cuts a pause that goes beyond it",
        f"policies: [{{name: all, clocks: {{resolution: {{target: 4h, {WAITS}}}}}}}]",
        [],
        [
            ("09:00", "updated", {"title": "heard of first"}),
            ("09:20", *PENDING),
            ("10:30", *OPEN),
            ("11:00", "created", {"opened_at": instant("10:00:00.000")}),
        ],
        "16:00",
        [("breach", "14:30:00.001")],
    ),
    Case(
        "an update that its own time put before the opening stays there when that is corrected",
        "attributes: {custom.t: time}\n"
        "policies: [{name: all, clocks: {update: {every: 4h, from: opened, starts_at: custom.t}}}]",
        [],
        [
            ("09:00", "created", {"custom": {"t": instant("08:30:00.000")}}),
            ("09:30", "absorbed", {"from": "Y", "opened_at": instant("08:00:00.000")}),
        ],
        "16:00",
        [("breach", "12:30:00.001")],
    ),
]

RESPONSES = [
    Case(
        "a first_response of another set is not waited for",
        "sets: {ola: {party: team}}\npolicies:\n"
        "- {name: a, clocks: {first_response: {target: 8h}}}\n"
        "- {name: b, set: ola, clocks: {next_response: {target: 1h}}}\n",
        [],
        [*OPENED, ("09:30", *CUSTOMER)],
        "12:00",
        [("breach", "10:30:00.001")],
    ),
    Case(
        "what a customer writes when the incident is closed starts no next_response",
        "policies: [{name: all, clocks: {next_response: {target: 1h}}}]",
        [],
        [*OPENED, ("09:30", "closed"), ("10:00", *CUSTOMER)],
        "12:00",
        [],
        {"next_response/1": None},
    ),
    Case(
        "the opening comment is the first_response's, also when that is cancelled",
        "policies: [{name: all, clocks: {first_response: {target: 8h, cancel: 'kind == \"call\"'}, "
        "next_response: {target: 1h}}}]",
        [],
        [("09:00", "created", {"author": "customer"}), ("10:00", "updated", {"kind": "call"})],
        "12:00",
        [],
        {"next_response/1": None},
    ),
    Case(
        "the same under a policy that was chosen in between",
        by_tier(
            "first_response: {target: 8h, cancel: 'kind == \"call\"'}, next_response: {target: 1h}",
            "first_response: {target: 9h, cancel: 'kind == \"call\"'}, next_response: {target: 2h}",
        ),
        [],
        [
            ("09:00", "created", {"author": "customer", "tier": "silver"}),
            ("09:30", *GOLD),
            ("10:00", "updated", {"kind": "call"}),
        ],
        "12:00",
        [],
        {"next_response/1": None},
    ),
    Case(
        "when the first_response is cancelled the comment's pauses so far put off its answer",
        "policies: [{name: all, clocks: {first_response: {target: 8h, cancel: 'kind == \"call\"'}, "
        f"next_response: {{target: 2h, customer_comment_resumes: false, {WAITS}}}}}}}]",
        [],
        [
            *OPENED,
            ("09:10", *CUSTOMER),
            ("09:20", *PENDING),
            ("09:40", *OPEN),
            ("10:00", "updated", {"kind": "call"}),
        ],
        "12:00",
        [("breach", "11:30:00.001")],
    ),
    Case(
        "a reply that also cancels ends the cycle and begins none",
        "policies: [{name: all, clocks: "
        "{update: {every: 1h, cancel: 'event.author_id == \"boss\"'}}}]",
        [],
        [
            *OPENED,
            ("09:10", *REPLY),
            ("10:00", "commented", {"author": "agent", "author_id": "boss"}),
        ],
        "18:00",
        [],
        {"update/2": None},
    ),
    Case(
        "a start to come is forgotten with its rules, and does not come when others cancelled it",
        only_gold(
            "attention: {every: 2h, recurrence: sequential, start: 'status_class == \"open\"', "
            "stop: 'event.author == \"agent\"', cancel: 'kind == \"spam\"'}"
        ),
        [],
        [
            CREATED_GOLD,
            ("09:30", *REPLY),
            ("09:40", *SILVER),
            ("09:50", *GOLD),
            ("10:00", "updated", {"kind": "spam"}),
            ("10:10", "updated", {"kind": "real"}),
        ],
        "18:00",
        [],
        {"attention/3": None},
    ),
    Case(
        "an opening comment waits for an answer once there is no first_response for it",
        "policies: [{name: all, clocks: {first_response: {target: {low: 8h, default: none}}, "
        "next_response: {target: 2h}}}]",
        [],
        [
            ("09:00", "created", {"author": "customer", "priority": "low"}),
            ("10:00", "updated", {"priority": "high"}),
        ],
        "16:00",
        [("breach", "11:00:00.001")],
    ),
    Case(
        "a comment to a resolved incident waits from there, the time spent resolved left out",
        "policies: [{name: all, clocks: {first_response: {target: 8h}, "
        "next_response: {target: 2h}}}]",
        [],
        [
            *OPENED,
            ("09:10", *REPLY),
            ("09:30", "resolved"),
            ("09:40", *CUSTOMER),
            ("10:00", "reopened"),
        ],
        "16:00",
        [("breach", "12:00:00.001")],
    ),
    Case(
        "a clock that restarts itself goes on where its start still holds",
        "policies: [{name: all, clocks: {attention: {every: 2h, "
        "start: 'status_class == \"open\"', stop: 'event.author == \"agent\"'}}}]",
        [],
        [*OPENED, ("09:30", *REPLY)],
        "12:00",
        [("breach", "11:30:00.001")],
    ),
    Case(
        "an acknowledgement without end outlasts the steps that it does not stop",
        "policies: [{name: all, clocks: {resolution: {target: 4h}}, escalations: "
        "[{at: 30m after, notify: t}, {at: 1h after, notify: t, until: acknowledged}]}]",
        [],
        [*OPENED, ("13:10", "acknowledged", {"by": "kim"})],
        "18:00",
        [("breach", "13:00:00.001"), ("after:1800000", "13:30")],
    ),
    Case(
        "a step that a breach brought forward and a snooze holds is gone with its cycle",
        "policies: [{name: all, clocks: {update: {every: 1h}}, escalations: "
        "[{at: breach, notify: team}, {at: 30m after, notify: t}]}]",
        [],
        [
            *OPENED,
            ("09:05", *REPLY),
            ("09:10", "snoozed", {"until": instant("12:00:00.000")}),
            ("10:30", *REPLY),
        ],
        "13:00",
        [
            ("breach", "10:05:00.001"),
            ("after:1800000", "11:30:00.001"),
            ("breach", "11:30:00.001"),
        ],
    ),
]

REOPENINGS = [
    Case(
        "a reopening that is a reason to cancel continues nothing",
        "policies: [{name: all, clocks: {resolution: {target: 4h, cancel: 'kind == \"spam\"'}}}]",
        [],
        [*OPENED, ("09:30", "resolved"), ("10:00", "reopened", {"kind": "spam"})],
        "18:00",
        [],
        {"resolution/2": None},
    ),
]

EDITED = [
    Case(
        "an edit is for incidents too whose opening was never told",
        "policies: [{name: all, clocks: {resolution: {target: 8h}}}]",
        [
            (
                "10:00",
                "policies: [{name: all, clocks: {resolution: {target: 3h, on_edit: from_now}}}]",
            )
        ],
        [("09:00", "updated", {"title": "heard of first"})],
        "16:00",
        [("breach", "12:00:00.001")],
    ),
    Case(
        "an edit starts nothing for an incident that was deleted",
        "policies: [{name: all, clocks: {resolution: {target: 8h}}}]",
        [("10:00", "policies: [{name: all, clocks: {answer: {target: 3h}}}]")],
        [*OPENED, ("09:30", "deleted")],
        "16:00",
        [],
        {"answer/1": None},
    ),
]


@pytest.mark.parametrize(
    "case", [*PAST, *RESPONSES, *REOPENINGS, *EDITED], ids=lambda case: case.name
)
def test_a_whole_life(case: Case) -> None:
    check(case)
