"""Edited policies through the kernels, from YAML and events: figures worked out by hand, and what
the reference says of the same case."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.clock.comparing import Pair, compared, engine_fold, reference_fold
from tests.reference.test_edition_rules import OLD, resolution
from tests.reference.test_reference_rules import WORK, clock_time, instant
from tests.reference.times import parse_time

LOW_FIRST = "priorities: [low, normal, high, urgent]\n"
RECIPIENT = "recipients: {t: {}}\n"
UPDATE = "policies: [{name: all, clocks: {update: {every: %s}}}]"
RESTART = "on_priority_change: restart"


@dataclass
class Case:
    """A history under `first` and the editions after it, what must be said, and the dues."""

    name: str
    first: str
    later: list[tuple[str, str]]
    events: list[tuple[Any, ...]]
    until: str
    said: list[tuple[str, str]]
    dues: dict[str, str | None] = field(default_factory=dict)

    @property
    def pair(self) -> Pair:
        later = [(parse_time(instant(at)), RECIPIENT + text) for at, text in self.later]
        return Pair.of(RECIPIENT + self.first, later)

    @property
    def full(self) -> list[dict[str, Any]]:
        return [
            {
                "specversion": "1.0",
                "id": str(number),
                "source": "test",
                "type": kind if "." in kind else f"incident.{kind}",
                "subject": "X",
                "time": instant(at),
                "sequence": str(number),
                "data": data[0] if data else {},
            }
            for number, (at, kind, *data) in enumerate(self.events)
        ]


OPENED: list[tuple[Any, ...]] = [("09:00", "created")]
HALF = ", escalations: [{at: 50%, notify: t}]"
REPLY = ("commented", {"author": "agent"})

CASES = [
    Case(
        "an event of the instant is the new edition's",
        OLD,
        [("10:00", resolution("target: 1h"))],
        [("10:00", "created")],
        "12:00",
        [("breach", "11:00:00.001")],
    ),
    Case(
        "pin",
        OLD,
        [("10:00", resolution("target: 1h", HALF))],
        OPENED,
        "12:00",
        [],
        {"resolution/1": instant("13:00:00.000")},
    ),
    Case(
        "from_now",
        OLD,
        [("10:00", WORK + resolution("target: 10h, calendar: work, on_edit: from_now"))],
        [("07:00", "created")],
        "10:30",
        [],
        {"resolution/1": instant("17:00:00.000")},
    ),
    Case(
        "from_now, reached before",
        OLD,
        [("11:00", resolution("target: 1h, on_edit: from_now", HALF))],
        OPENED,
        "12:00",
        [("breach", "10:00:00.001")],
        {"resolution/1": instant("10:00:00.000")},
    ),
    Case(
        "retroactive",
        OLD,
        [
            (
                "10:45",
                resolution("target: 4h, pause: status_class == 'on_hold', on_edit: retroactive"),
            )
        ],
        [
            *OPENED,
            ("09:30", "updated", {"status": "on_hold"}),
            ("10:30", "updated", {"status": "open"}),
        ],
        "11:00",
        [],
        {"resolution/1": instant("14:00:00.000")},
    ),
    Case(
        "the next cycle is the new edition's",
        UPDATE % "1h",
        [("09:30", UPDATE % "3h")],
        [*OPENED, ("09:10", *REPLY), ("09:50", *REPLY)],
        "10:30",
        [],
        {"update/1": instant("10:10:00.000"), "update/2": instant("12:50:00.000")},
    ),
    Case(
        "the next edition decides anew",
        OLD,
        [
            ("10:00", resolution("target: 5h")),
            ("11:00", resolution("target: 6h, on_edit: from_now")),
        ],
        OPENED,
        "12:00",
        [],
        {"resolution/1": instant("15:00:00.000")},
    ),
    Case(
        "a clock that ended does not come back",
        OLD,
        [("10:00", resolution("target: 9h, on_edit: retroactive"))],
        [*OPENED, ("09:30", "resolved"), ("11:00", "updated", {"kind": "x"})],
        "12:00",
        [],
        {"resolution/1": instant("13:00:00.000")},
    ),
]

DAYS = "2026-01-14T13:30:00.000Z"
SETTLED = [
    (
        "in a `team` set the team at the cycle's start",
        Case(
            "the party of a clock that starts by the directory of an edition",
            OLD,
            [
                (
                    "10:00",
                    "customers: {ACME: {team: noc}}\nsets: {ola: {party: team}}\npolicies: "
                    "[{name: a, set: ola, clocks: {ownership: {per: team, target: 9h}}}]",
                )
            ],
            [("09:00", "created", {"customer": "ACME"})],
            "11:00",
            [],
            {"ownership/1": instant("19:00:00.000")},
        ),
    ),
    (
        "an event at instant t is applied before a timer at t",
        Case(
            "a passed warning of an edition beside an event of its instant",
            OLD,
            [
                (
                    "12:00",
                    resolution("target: 4h, ladder: live, on_edit: from_now", HALF),
                )
            ],
            [("09:00", "created"), ("12:00", "updated", {"priority": "urgent"})],
            "12:30",
            [("50%", "11:00")],
        ),
    ),
    (
        "with `live` it takes the new ones, even under `pin`",
        Case(
            "pin with the steps of the new edition",
            OLD,
            [("10:00", resolution("target: 1h, ladder: live", HALF))],
            OPENED,
            "12:00",
            [("50%", "11:00")],
            {"resolution/1": instant("13:00:00.000")},
        ),
    ),
    (
        "`Nbd` = the Nth open date after the start's date",
        Case(
            "from_now with business days",
            resolution("target: 2d"),
            [("21:15", WORK + resolution("target: 2bd, calendar: work, on_edit: from_now"))],
            [("13:30", "created")],
            "21:30",
            [],
            {"resolution/1": DAYS},
        ),
    ),
    (
        "pinned: labels are its own edition's too",
        Case(
            "pin with other priorities",
            resolution(f"target: 4h, {RESTART}"),
            [("10:00", LOW_FIRST + resolution("target: 4h"))],
            [("09:00", "created", {"priority": "normal"})],
            "11:00",
            [],
            {"resolution/1": instant("13:00:00.000")},
        ),
    ),
    (
        "the clock keeps its version until it ends, also through later priority changes",
        Case(
            "a pinned clock that restarts",
            resolution(f"target: 4h, {RESTART}"),
            [("10:00", resolution("target: 2h"))],
            [*OPENED, ("10:30", "updated", {"priority": "low"})],
            "11:00",
            [],
            {"resolution/2": instant("14:30:00.000")},
        ),
    ),
    (
        "in force for everything at or after its effective_from",
        Case(
            "a step at a score that was reached before",
            OLD,
            [
                (
                    "12:00",
                    resolution(
                        "target: 4h, ladder: live", ", escalations: [{at: score >= 20, notify: t}]"
                    ),
                )
            ],
            OPENED,
            "12:30",
            [("score:20", "12:00")],
        ),
    ),
    (
        "with the due still ahead only the highest passed warning is sent",
        Case(
            "two passed warnings of one instant",
            OLD,
            [
                (
                    "12:00",
                    resolution(
                        "target: 4h, ladder: live",
                        ", escalations: [{at: 50%, notify: t}, {at: 2h before, notify: t}]",
                    ),
                )
            ],
            OPENED,
            "12:30",
            [("before:7200000", "11:00")],
        ),
    ),
    (
        "`N after` and `every` count from `due`; those still ahead come",
        Case(
            "steps after the breach come with an edition",
            OLD,
            [
                (
                    "13:45",
                    resolution(
                        "target: 4h, ladder: live",
                        ", escalations: [{every: 30m, after: breach, times: 2, notify: t}]",
                    ),
                )
            ],
            OPENED,
            "14:30",
            [("breach", "13:00:00.001"), ("after:1800000/2", "14:00")],
        ),
    ),
    (
        "a clock that the new edition gives no target is cancelled as it was counted",
        Case(
            "retroactive without a target",
            OLD,
            [
                (
                    "10:45",
                    resolution(
                        "due_at: due, pause: status_class == 'on_hold', on_edit: retroactive"
                    ),
                )
            ],
            [
                *OPENED,
                ("09:30", "updated", {"status": "on_hold"}),
                ("10:30", "updated", {"status": "open"}),
            ],
            "15:00",
            [],
        ),
    ),
    (
        "a held step at a score belongs to the clock that was the tightest when it was reached",
        Case(
            "a score held by a snooze while another clock overtakes",
            "policies: [{name: all, clocks: {resolution: {target: 4h}, update: {every: 2h}},"
            " escalations: [{at: score >= 20, clocks: [resolution], notify: t}]}]",
            [],
            [
                *OPENED,
                ("09:30", "snoozed", {"until": instant("18:00:00.000")}),
                ("11:50", *REPLY),
            ],
            "18:30",
            [("score:20", "11:00"), ("breach", "13:00:00.001"), ("breach", "13:50:00.001")],
        ),
    ),
]


def check(case: Case) -> None:
    """What the engine says is what was worked out, and what the reference says."""
    until = parse_time(instant(case.until))
    clocks, alerts = engine_fold(case.pair, case.full, until)
    alerts.sort(key=lambda alert: (alert["time"], alert["id"]))
    told = [(alert["data"]["threshold"], clock_time(alert["time"])) for alert in alerts]
    assert [one for one in told if one[0] != "cleared"] == case.said
    dues = {f"{clock['clock']}/{clock['cycle']}": clock["due"] for clock in clocks}
    assert {name: dues.get(name) for name in case.dues} == case.dues
    assert compared(reference_fold(case.pair, case.full, until), clocks, alerts) == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_edit_while_the_incident_is_open(case: Case) -> None:
    check(case)


@pytest.mark.parametrize(("words", "case"), SETTLED, ids=lambda value: getattr(value, "name", ""))
def test_what_the_kernels_once_folded_otherwise_is_as_the_words_say(words: str, case: Case) -> None:
    """`words` decided; the reference says so, and the kernels are held to it."""
    result = reference_fold(case.pair, case.full, parse_time(instant(case.until)))
    told = [(a["data"]["threshold"], clock_time(a["time"])) for a in result.alerts]
    assert [one for one in told if one[0] != "cleared"] == case.said
    dues = {f"{clock['clock']}/{clock['cycle']}": clock["due"] for clock in result.clocks}
    assert {name: dues.get(name) for name in case.dues} == case.dues, words
    check(case)
