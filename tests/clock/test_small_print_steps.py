"""Rules of steps, breaches and what people say about them that only a second look brings out:
figures worked out by hand, and what the reference says of the same case."""

from __future__ import annotations

from typing import Any

import pytest

from sla_engine.clock import work as of_work
from tests.clock.test_editions import OPENED, RECIPIENT, Case, check
from tests.clock.test_small_print import CUSTOMER, FOUR_HOURS, OPEN, PENDING, REPLY, exclude
from tests.engine.world import World, clean_stream, short
from tests.features.telling import event, replayed
from tests.reference.test_reference_rules import WORK, instant

PAUSES = ", pause: 'status_class == \"waiting_customer\"'"
NOTE = ("updated", {"title": "a note"})
ONE_HOUR_AFTER = ", escalations: [{at: 1h after, notify: t, until: acknowledged}]"
UNREACHED = (
    "policies: [{name: all, clocks: {resolution: {target: 4h}}, escalations: "
    "[%s{at: breach, page: assignee}, {at: 1h after, notify: t, until: acknowledged}]}]"
)
NIGHT = "calendars: {night: {time_zone: UTC, hours: {mon-fri: 01:00-02:00}}}\n"
UNTIL_BY = (
    "{target: 2h, start: 'event.type == \"incident.created\"', stop: 'event.author_id == \"%s\"'}"
)
NAMED = f"policies: [{{name: all, clocks: {{kim: {UNTIL_BY % 'kim'}, bob: {UNTIL_BY % 'bob'}}}}}]"
AFTER_EIGHT = (
    "policies: [{name: all, when: 'opened_at > timestamp(\"2026-01-12T08:00:00Z\")', "
    "clocks: {resolution: {target: %s}}}]"
)
EDITED = (
    "policies: [{name: all, clocks: {resolution: {target: 4h, calendar: work" + PAUSES + "}, "
    "first_response: {target: 9h%s}}}]"
)
RACE = (
    "calendars: {work: {time_zone: UTC, hours: {mon-fri: [09:00-17:00]}}}\n"
    "policies: [{name: all, calendar: work, clocks: {resolution: {target: 6h}, "
    "first_response: {target: 40h}, "
    "watch: {target: 4h, start: 'kind == \"late\"', stop: 'kind != \"late\"'}}, "
    "escalations: [{at: score >= 15, notify: t, clocks: [watch]}]}]"
)


def by(author_id: str, author: str = "agent") -> tuple[str, dict[str, Any]]:
    """A comment by this person."""
    return "commented", {"author": author, "author_id": author_id}


CASES = [
    Case(
        "a breach on hold leaves at the end of the cycle, and those who were told hear of the end",
        FOUR_HOURS % ", hold: 10m",
        [],
        [*OPENED, ("13:05", "resolved")],
        "18:00",
        [("breach", "13:00:00.001")],
    ),
    Case(
        "an event of the breach's own instant is no attachment: silent is not for it",
        FOUR_HOURS % ", if_already_breached: silent",
        [],
        [*OPENED, ("13:00:00.001", *NOTE)],
        "18:00",
        [("breach", "13:00:00.001")],
    ),
    Case(
        "a due that a pause puts on the closing stays there, whoever was warned before",
        WORK
        + "policies: [{name: all, calendar: work, clocks: {resolution: {target: 4h"
        + PAUSES
        + "}}, escalations: [{at: 50%, notify: t}]}]",
        [],
        [("12:00", "created"), ("14:30", *PENDING), ("15:30", *OPEN)],
        "18:00",
        [("50%", "14:00"), ("breach", "17:00:00.001")],
    ),
    Case(
        "starts_at: the opening is when nothing else was said of it",
        "policies: [{name: all, clocks: {claim: {target: 4h, starts_at: opened_at, "
        "start: 'kind == \"claim\"', stop: 'kind == \"\"'}}}]",
        [],
        [*OPENED, ("10:00", "updated", {"kind": "claim"})],
        "18:00",
        [("breach", "13:00:00.001")],
    ),
    Case(
        "an agent's public comment lifts no wait for the customer",
        FOUR_HOURS % PAUSES,
        [],
        [*OPENED, ("09:30", *PENDING), ("10:00", *REPLY), ("10:30", *NOTE)],
        "18:00",
        [],
    ),
    Case(
        "a second opening leaves a lifted pause lifted",
        FOUR_HOURS % PAUSES,
        [],
        [
            ("09:00", "created", {"status": "waiting_customer"}),
            ("09:10", *CUSTOMER),
            ("09:20", "created", {"title": "again"}),
            ("10:00", *NOTE),
        ],
        "18:00",
        [("breach", "13:10:00.001")],
    ),
    Case(
        "a customer's word is forgotten with the status, also where no opening was seen",
        FOUR_HOURS % PAUSES,
        [],
        [
            ("09:00", "updated", {"status": "waiting_customer"}),
            ("09:10", *CUSTOMER),
            ("09:20", *OPEN),
            ("09:30", *PENDING),
            ("10:00", *NOTE),
            ("10:10", *NOTE),
        ],
        "18:00",
        [],
    ),
    Case(
        "each person's comment stops the clock that waits for that person: kim",
        NAMED,
        [],
        [*OPENED, ("09:30", *by("ann")), ("10:00", *by("kim"))],
        "12:00",
        [("breach", "11:00:00.001")],
        {"kim/1": instant("11:00:00.000")},
    ),
    Case(
        "each person's comment stops the clock that waits for that person: bob",
        NAMED,
        [],
        [*OPENED, ("09:30", *by("ann")), ("10:00", *by("bob"))],
        "12:00",
        [("breach", "11:00:00.001")],
        {"bob/1": instant("11:00:00.000")},
    ),
    *(
        Case(
            f"an agent's answer counts whoever the requester is: {agent} to {requester}",
            "policies: [{name: all, clocks: {first_response: {target: 1h}}}]",
            [],
            [("09:00", "created", {"requester": requester}), ("09:30", *by(agent))],
            "12:00",
            [],
        )
        for agent, requester in (("kim", "ann"), ("ann", "kim"))
    ),
    Case(
        "of two steps at the breach the one outside its calendar adds nothing",
        NIGHT + "policies: [{name: other, when: 'kind == \"other\"', clocks: {resolution: "
        "{target: 1h}}, escalations: [{at: breach, notify: t}]}, "
        "{name: all, clocks: {resolution: {target: 4h}}, escalations: "
        "[{at: breach, notify: t}, {at: breach, tag: night, during: night}]}]",
        [],
        OPENED,
        "18:00",
        [("breach", "13:00:00.001")],
    ),
    Case(
        "a step passed over takes nothing from the one that is brought forward",
        NIGHT + UNREACHED % "{at: 50%, notify: t, during: night}, ",
        [],
        OPENED,
        "18:00",
        [("after:3600000", "13:00:00.001"), ("breach", "13:00:00.001")],
    ),
    Case(
        "a breach that reaches nobody brings no step forward that is acknowledged",
        UNREACHED % "",
        [],
        [
            *OPENED,
            ("12:00", "acknowledged", {"clock": "resolution", "until": instant("13:30")}),
        ],
        "18:00",
        [("breach", "13:00:00.001"), ("after:3600000", "14:30")],
    ),
    Case(
        "an acknowledgement that ends in a pause: the steps stand still once",
        "policies: [{name: all, clocks: {resolution: {target: 4h"
        + PAUSES
        + "}}"
        + ONE_HOUR_AFTER
        + "}]",
        [],
        [
            *OPENED,
            ("13:10", "acknowledged", {"until": instant("13:50")}),
            ("13:30", *PENDING),
            ("14:30", *OPEN),
        ],
        "18:00",
        [("breach", "13:00:00.001"), ("after:3600000", "15:20")],
    ),
    Case(
        "an acknowledgement until an instant that is past is none",
        "policies: [{name: all, clocks: {resolution: {target: 4h}}" + ONE_HOUR_AFTER + "}]",
        [],
        [*OPENED, ("13:10", "acknowledged", {"until": instant("13:05")})],
        "18:00",
        [("breach", "13:00:00.001"), ("after:3600000", "14:00")],
    ),
    Case(
        "a snooze starts nothing that waits for the first response",
        "policies: [{name: all, clocks: {first_response: {target: 8h}, "
        "next_response: {target: 1h}}}]",
        [],
        [
            *OPENED,
            ("09:30", *CUSTOMER),
            ("09:40", "snoozed", {"until": instant("09:45")}),
            ("11:00", *REPLY),
        ],
        "12:00",
        [],
        {"next_response/1": None},
    ),
    Case(
        "a comment before a resolution waits for no answer after the reopening",
        "attributes: {tier: {values: [gold, silver]}}\n"
        "policies: [{name: gold, when: 'tier == \"gold\"', clocks: "
        "{next_response: {target: 1h}}}]",
        [],
        [
            ("09:00", "created", {"tier": "silver"}),
            ("09:30", *CUSTOMER),
            ("10:00", "resolved"),
            ("10:10", "reopened"),
            ("10:20", "updated", {"tier": "gold"}),
        ],
        "18:00",
        [],
    ),
    Case(
        "a score step comes when its clock overtakes the one that was tighter",
        RACE,
        [],
        [*OPENED, ("10:00", "updated", {"kind": "late"})],
        "13:00",
        [("score:15", "12:00:00.001")],
    ),
    Case(
        "a score step does not come with the end of time taken out of another clock",
        RACE,
        [],
        [
            *OPENED,
            ("10:00", "updated", {"kind": "late"}),
            (
                "10:10",
                "clock.overridden",
                {**exclude("11:00", "11:45")[1], "clock": "first_response"},
            ),
        ],
        "13:00",
        [("score:15", "12:00:00.001")],
    ),
    Case(
        "of two warnings that a snooze held the earlier is the lower one, however they are written",
        "policies: [{name: all, clocks: {resolution: {target: 4h}}, escalations: "
        "[{at: 75%, notify: t}, {at: 50%, notify: t}]}]",
        [],
        [*OPENED, ("10:00", "snoozed", {"until": instant("12:30")})],
        "12:45",
        [("50%", "11:00"), ("75%", "12:00")],
    ),
    Case(
        "an acknowledgement that ends with the breach keeps no step back",
        UNREACHED % "",
        [],
        [
            *OPENED,
            ("12:00", "acknowledged", {"clock": "resolution", "until": instant("13:00:00.001")}),
            ("13:00:00.001", *NOTE),
        ],
        "18:00",
        [("after:3600000", "13:00:00.001"), ("breach", "13:00:00.001")],
    ),
    Case(
        "a reopening counts on the event that reopens",
        "policies: [{name: all, clocks: {again: {target: 1h, start: 'reopens > 0', "
        "stop: 'kind == \"done\"'}}}]",
        [],
        [*OPENED, ("09:30", "resolved"), ("10:00", "reopened")],
        "18:00",
        [("breach", "11:00:00.001")],
    ),
    Case(
        "a condition on opened_at reads the opening where nothing was said of it, whatever the due",
        AFTER_EIGHT % "4h",
        [],
        [("09:00", "created", {"due": instant("17:00")})],
        "18:00",
        [("breach", "13:00:00.001")],
    ),
    Case(
        "a condition on opened_at does not read the opening of an incident taken in",
        AFTER_EIGHT % "4h",
        [],
        [
            ("09:00", "created", {"opened_at": instant("09:00")}),
            (
                "10:00",
                "absorbed",
                {"from": "Y", "opened_at": instant("07:00:00.000"), "absorbed": []},
            ),
        ],
        "18:00",
        [("breach", "11:00:00.001")],
    ),
    Case(
        "a step that a snooze held has its own instant, before a pause that came after it",
        "policies: [{name: all, clocks: {resolution: {target: 4h" + PAUSES + "}}, "
        "escalations: [{at: 1h after, notify: t}]}]",
        [],
        [
            *OPENED,
            ("13:30", "snoozed", {"until": instant("16:00")}),
            ("14:30", *PENDING),
            ("15:00", *OPEN),
        ],
        "18:00",
        [("breach", "13:00:00.001"), ("after:3600000", "14:00")],
    ),
    Case(
        "after a breach that was not said the steps ahead come all the same",
        "policies: [{name: all, clocks: {claim: {target: 1h, starts_at: opened_at, "
        "start: 'kind == \"claim\"', stop: 'kind == \"\"', if_already_breached: silent}}, "
        "escalations: [{at: 4h after, notify: t}]}]",
        [],
        [*OPENED, ("12:00", "updated", {"kind": "claim"})],
        "18:00",
        [("after:14400000", "14:00")],
    ),
    Case(
        "a hold that ends leaves the other steps to their own instants",
        "policies: [{name: all, clocks: {resolution: {target: 4h}}, escalations: "
        "[{at: score >= 50, notify: t}, {at: 50%, notify: t}]}]",
        [],
        [*OPENED, ("10:30", "snoozed", {"until": instant("11:30")})],
        "11:45",
        [("50%", "11:00")],
    ),
    Case(
        "time taken out of a clock does not undo its pin",
        FOUR_HOURS % "",
        [],
        [
            *OPENED,
            (
                "09:10",
                "clock.overridden",
                {
                    "clock": "resolution",
                    "due": instant("15:00"),
                    "actor": "boss",
                    "reason": "agreed",
                },
            ),
            ("09:20", *exclude("10:00", "10:30")),
        ],
        "18:00",
        [("breach", "15:00:00.001")],
    ),
    Case(
        "round the clock too a score step comes when its clock overtakes the tighter one",
        RACE.replace("calendar: work", "calendar: 24x7"),
        [],
        [*OPENED, ("10:00", "updated", {"kind": "late"})],
        "13:00",
        [("score:15", "12:00:00.001")],
    ),
    Case(
        "each acknowledgement keeps its own end when the next one ends",
        "policies: [{name: all, clocks: {resolution: {target: 4h}}" + ONE_HOUR_AFTER + "}]",
        [],
        [
            *OPENED,
            ("13:10", "acknowledged"),
            ("13:20", "unacknowledged"),
            ("13:40", "acknowledged"),
            ("13:50", "unacknowledged"),
        ],
        "18:00",
        [("breach", "13:00:00.001"), ("after:3600000", "14:20")],
    ),
    Case(
        "custom: null unsets every one of them, also for the policies",
        "attributes: {custom.x: text}\n"
        "policies: [{name: all, when: 'custom.x == \"a\"', clocks: {resolution: {target: 4h}}}]",
        [],
        [("09:00", "created", {"custom": {"x": "a"}}), ("10:00", "updated", {"custom": None})],
        "18:00",
        [],
    ),
    Case(
        "a breach that reaches nobody brings no step forward that is acknowledged without end",
        UNREACHED % "",
        [],
        [
            *OPENED,
            ("12:00", "acknowledged", {"clock": "resolution"}),
            ("15:00", "unacknowledged", {"clock": "resolution"}),
        ],
        "18:00",
        [("breach", "13:00:00.001"), ("after:3600000", "16:00")],
    ),
    Case(
        "a step after a breach waits while the clock stands, whatever moves the due meanwhile",
        "policies: [{name: all, clocks: {resolution: {due_at: due" + PAUSES + "}}, "
        "escalations: [{at: 1h after, notify: t}]}]",
        [],
        [
            ("09:00", "created", {"status": "waiting_customer", "due": instant("08:30")}),
            ("10:00", "updated", {"due": instant("08:40")}),
            ("11:00", *OPEN),
        ],
        "18:00",
        [("breach", "08:30:00.001"), ("after:3600000", "11:40")],
    ),
    Case(
        "from_now for one clock leaves what another has counted in its own hours",
        WORK + EDITED % "",
        [("11:00", WORK + EDITED % ", on_edit: from_now")],
        [("08:00", "created"), ("10:00", *PENDING), ("10:30", *OPEN)],
        "16:00",
        [("breach", "13:30:00.001")],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_small_print_of_steps(case: Case) -> None:
    case.said.sort(key=lambda one: one[1])
    check(case)


@pytest.mark.parametrize(
    "case", [case for case in CASES if not case.later], ids=lambda case: case.name
)
def test_a_worker_that_hears_it_as_it_happens_says_the_same(case: Case) -> None:
    """It folds event by event and keeps sums only, where they tell enough."""
    policies = RECIPIENT + case.first
    world = World(policies, start=instant("08:00"))
    worker = world.worker().claim(0)
    for at, kind, *data in case.events:
        world.move_to(at)
        world.send(kind, "X", data[0] if data else {})
        worker.catch_up()
    world.move_to(case.until)
    worker.catch_up()
    assert world.net() == clean_stream(policies, world.sent, world.clock.now_ms())
    told = [(one["data"]["threshold"], short(one["time"])) for one in world.alerts()]
    said = [(name, at if at.count(":") == 2 else f"{at}:00") for name, at in case.said]
    assert sorted(one for one in told if one[0] != "cleared") == sorted(said)


def test_only_the_warning_that_the_change_brought_is_attached() -> None:
    policies = (
        "recipients: {t: {}}\npolicies: [{name: all, clocks: {resolution: {target: "
        "{low: 8h, default: 4h}}}, escalations: [{at: 50%, notify: t}, {at: 90%, notify: t}]}]"
    )
    events = [
        event(1, "created", "09:00", priority="low"),
        event(2, "updated", "12:00", priority="high"),
    ]
    _, alerts = replayed(policies, events, "18:00")
    assert [(one["data"]["threshold"], one["data"]["late"]) for one in alerts] == [
        ("50%", "attached"),
        ("90%", None),
        ("breach", None),
    ]


def test_more_steps_may_be_held_in_one_turn_than_a_worker_has_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(of_work, "WAITS_IN_HAND", 4)
    policies = (
        "recipients: {t: {}}\npolicies: [{name: all, clocks: {resolution: {target: 1h}}, "
        "escalations: [{every: 10m, after: breach, times: 8, notify: t}]}]"
    )
    world = World(policies, start=instant("08:00"))
    worker = world.worker().claim(0)
    world.send("created", "X")
    world.send("snoozed", "X", {"until": instant("14:00")})
    worker.catch_up()
    for at in ("13:00", "15:00"):
        world.move_to(at)
        worker.catch_up()
        assert world.net() == clean_stream(policies, world.sent, world.clock.now_ms())
    assert len(world.net()) == 9
