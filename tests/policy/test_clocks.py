"""Clocks: kinds, targets, conditions, options and their defaults."""

from __future__ import annotations

import pytest

from sla_engine.policy.model import (
    BusinessDays,
    CalendarChoice,
    ClockPolicy,
    DueAtAttribute,
    DueAtRelative,
    FixedTarget,
    OnEdit,
    OnPriorityChange,
    OnReopen,
    Relative,
    ReplyRules,
    TargetBy,
    TargetCases,
)
from tests.policy.texts import clock, message, policy, said

MINUTE, HOUR = 60_000, 3_600_000
WORK = "calendars: {work: {time_zone: UTC, hours: {mon: 09:00-17:00}}}"


def wrong(options: str, top: str = "") -> list[str]:
    return said(f"policies: [{{name: p, clocks: {{{options}}}}}]\n{top}\n")


def test_a_clock_that_says_nothing_has_the_defaults() -> None:
    assert clock("resolution: {target: 4h}") == ClockPolicy(
        name="resolution",
        kind="resolution",
        target=FixedTarget(4 * HOUR),
        where="policies.yaml:2",
        recurs=False,
        calendar=CalendarChoice(name="24x7"),
        reply=ReplyRules(notes=False, bots=False, requester=False),
        customer_comment_resumes=True,
        resolve_meets=False,
        on_reopen=OnReopen.CONTINUE,
        on_priority_change=OnPriorityChange.KEEP_START,
        carry_pauses=True,
        rearm=False,
        silent_if_breached=False,
        sequential=False,
        hold_ms=0,
        on_edit=OnEdit.PIN,
        own_start_on_merge=False,
        live_ladder=False,
    )


@pytest.mark.parametrize(
    "kind",
    ["first_response", "next_response", "update", "resolution", "acknowledge", "answer"],
)
def test_a_clocks_name_is_its_kind(kind: str) -> None:
    assert clock(f"{kind}: {{target: 4h}}").kind == kind


def test_a_clock_of_another_name_may_have_a_kind_too() -> None:
    made = clock("settled: {kind: resolution, target: 4h}")
    assert (made.name, made.kind) == ("settled", "resolution")


def test_ownership_is_per_team_or_assignee() -> None:
    assert clock("ownership: {target: 2h}").per == "team"
    assert clock("ownership: {target: 2h, per: assignee}").per == "assignee"


def test_any_other_name_needs_a_start_and_a_stop() -> None:
    made = clock("wait: {target: 1h, start: reopens > 0, stop: reopens > 1, cancel: reopens > 2}")
    assert made.kind == "custom"
    assert [c and c.text for c in (made.start, made.stop, made.cancel, made.reset)] == [
        "reopens > 0",
        "reopens > 1",
        "reopens > 2",
        None,
    ]
    assert wrong("wait: {target: 1h}") == ["1: MISSING_KEY", "1: MISSING_KEY"]
    assert "first_response" in message(
        "policies: [{name: p, clocks: {first_respons: {target: 1h, stop: reopens > 0}}}]"
    )


def test_conditions_of_a_clock_may_mention_the_event() -> None:
    made = clock("resolution: {target: 1h, pause: event.public, resume: reopens > 1}")
    assert made.pause is not None
    assert made.pause.uses_event
    assert made.resume is not None
    made = clock('first_response: {target: 1h, stop: event.type == "incident.acknowledged"}')
    assert made.stop is not None


def test_update_may_begin_at_the_opening_and_repeats_itself() -> None:
    made = clock("update: {every: 4h, from: opened}")
    assert (made.recurs, made.from_opened) == (True, True)
    assert not clock("update: {target: 4h}").recurs


def test_a_time_attribute_may_replace_the_start() -> None:
    assert clock("resolution: {target: 4h, starts_at: opened_at}").starts_at == "opened_at"
    top = "attributes: {custom.taken: time}"
    assert (
        clock("resolution: {target: 4h, starts_at: custom.taken}", top).starts_at == "custom.taken"
    )


def test_a_target_is_one_length_or_depends_on_the_priority() -> None:
    assert clock("resolution: {target: 5bd}").target == FixedTarget(BusinessDays(5))
    assert clock("resolution: {target: {urgent: 1h, low: none, default: 2bd}}").target == TargetBy(
        "priority", {"urgent": HOUR, "low": None}, BusinessDays(2), True
    )
    target = clock("resolution: {target: {urgent: 1h, high: 2h, normal: 3h, low: 4h}}").target
    assert isinstance(target, TargetBy)
    assert (target.default, target.has_default) == (None, False)


def test_a_target_may_depend_on_another_attribute() -> None:
    top = "attributes: {tier: {values: [gold, standard]}, custom.level: text}"
    assert clock(
        "resolution: {target: {by: tier, gold: 1h, standard: 4h}}", top
    ).target == TargetBy("tier", {"gold": HOUR, "standard": 4 * HOUR}, None, False)
    target = clock("resolution: {target: {by: custom.level, 3: 1h, default: 4h}}", top).target
    assert target == TargetBy("custom.level", {"3": HOUR}, 4 * HOUR, True)


def test_a_target_may_be_the_first_case_that_holds() -> None:
    target = clock("resolution: {target: [{when: reopens > 1, is: 1h}, {is: none}]}").target
    assert isinstance(target, TargetCases)
    first, rest = target.cases
    assert first.when is not None
    assert (first.when.text, first.length) == ("reopens > 1", HOUR)
    assert (rest.when, rest.length) == (None, None)


@pytest.mark.parametrize(
    ("due", "target"),
    [
        ("due", DueAtAttribute("due")),
        ("custom.at", DueAtAttribute("custom.at")),
        ("end of business day", DueAtRelative(Relative.END_OF_BUSINESS_DAY)),
        ("end of next business day", DueAtRelative(Relative.END_OF_NEXT_BUSINESS_DAY)),
        ("next business day 16:00", DueAtRelative(Relative.NEXT_BUSINESS_DAY_AT, 960)),
    ],
)
def test_a_due_is_a_time_attribute_or_a_business_day(
    due: str, target: DueAtAttribute | DueAtRelative
) -> None:
    assert clock(f"resolution: {{due_at: {due}}}", "attributes: {custom.at: time}").target == target


@pytest.mark.parametrize(
    ("option", "field", "value"),
    [
        ("reply: {notes: true}", "reply", ReplyRules(notes=True)),
        ("reply: {bots: true, requester: true}", "reply", ReplyRules(bots=True, requester=True)),
        ("customer_comment_resumes: false", "customer_comment_resumes", False),
        ("on_reopen: new", "on_reopen", OnReopen.NEW),
        ("on_reopen: ignore", "on_reopen", OnReopen.IGNORE),
        ("on_reopen: {grace: 1h}", "grace_ms", HOUR),
        ("on_reopen: {grace: 1h}", "on_reopen", OnReopen.GRACE),
        ("on_priority_change: restart", "on_priority_change", OnPriorityChange.RESTART),
        ("on_priority_change: keep_due", "on_priority_change", OnPriorityChange.KEEP_DUE),
        ("on_priority_change: earlier", "on_priority_change", OnPriorityChange.EARLIER),
        ("carry_pauses: false", "carry_pauses", False),
        ("rearm: true", "rearm", True),
        ("if_already_breached: silent", "silent_if_breached", True),
        ("recurrence: sequential", "sequential", True),
        ("hold: 5s", "hold_ms", 5000),
        ("hold: 0s", "hold_ms", 0),
        ("on_edit: from_now", "on_edit", OnEdit.FROM_NOW),
        ("on_edit: retroactive", "on_edit", OnEdit.RETROACTIVE),
        ("on_merge: own_start", "own_start_on_merge", True),
        ("ladder: live", "live_ladder", True),
        ("calendar: work", "calendar", CalendarChoice(name="work")),
        (
            "calendar: {urgent: 24x7, default: work}",
            "calendar",
            CalendarChoice(by_priority={"urgent": "24x7"}, default="work"),
        ),
        (
            "calendar: {from: calendar, default: work}",
            "calendar",
            CalendarChoice(from_attribute=True, default="work"),
        ),
    ],
)
@pytest.mark.parametrize("place", ["clock", "policy", "defaults"])
def test_an_option_may_stand_on_the_clock_the_policy_or_in_defaults(
    option: str, field: str, value: object, place: str
) -> None:
    on = {name: option if name == place else "" for name in ("clock", "policy", "defaults")}
    made = policy(
        f"{WORK}\ndefaults: {{{on['defaults']}}}\n"
        f"policies: [{{name: p, clocks: {{resolution: {{target: 4h, {on['clock']}}}}}, "
        f"{on['policy']}}}]"
    ).clocks[0]
    assert getattr(made, field) == value


def test_on_resolve_met_is_for_response_clocks() -> None:
    assert clock("first_response: {target: 1h, on_resolve: met}").resolve_meets
    assert clock("next_response: {target: 1h, on_resolve: met}").resolve_meets
    assert wrong("acknowledge: {target: 1h, on_resolve: met}") == ["1: NOT_FOR_KIND"]


def test_the_nearest_option_wins() -> None:
    made = policy("""\
        defaults: {hold: 1s, on_edit: from_now, on_merge: own_start}
        policies:
          - name: p
            hold: 2s
            on_edit: retroactive
            clocks:
              resolution: {target: 4h, hold: 3s}
              update: {every: 4h}
        """)
    first, second = made.clocks
    assert (first.hold_ms, first.on_edit, first.own_start_on_merge) == (
        3000,
        OnEdit.RETROACTIVE,
        True,
    )
    assert second.hold_ms == 2000


def test_a_default_may_be_taken_back() -> None:
    made = policy("""\
        defaults: {rearm: true, hold: 5s, carry_pauses: false}
        policies:
          - name: p
            clocks: {resolution: {target: 4h, rearm: false, hold: 0s, carry_pauses: true}}
        """).clocks[0]
    assert (made.rearm, made.hold_ms, made.carry_pauses) == (False, 0, True)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ("resolution: {}", "ONE_OF"),
        ("resolution: {target: 1h, every: 2h}", "ONE_OF NOT_FOR_KIND"),
        ("resolution: {target: 1h, due_at: due}", "ONE_OF"),
        ("resolution: 4h", "WRONG_TYPE"),
        ("resolution: {target: 4}", "BAD_DURATION"),
        ("resolution: {target: none}", "BAD_DURATION"),
        ("resolution: {target: {urgent: 4x, default: 1h}}", "BAD_DURATION"),
        ("resolution: {target: {urgnet: 4h, default: 1h}}", "UNKNOWN_VALUE"),
        ("resolution: {target: {by: teir, default: 1h}}", "UNKNOWN_ATTRIBUTE"),
        ("resolution: {target: {by: reopens, 1: 1h, default: 1h}}", "UNKNOWN_ATTRIBUTE"),
        ("resolution: {target: []}", "BAD_VALUE"),
        ("resolution: {target: [{when: reopens > 1}, {is: 1h}]}", "MISSING_KEY"),
        ("resolution: {target: [{if: reopens > 1, is: 1h}, {is: 1h}]}", "UNKNOWN_KEY UNREACHABLE"),
        ("resolution: {target: [{when: event.public, is: 1h}, {is: 1h}]}", "CONDITION"),
        ("resolution: {target: [1h]}", "WRONG_TYPE"),
        ("resolution: {due_at: deu}", "UNKNOWN_ATTRIBUTE"),
        ("resolution: {due_at: kind}", "UNKNOWN_ATTRIBUTE"),
        ("resolution: {due_at: next business day 24:00}", "UNKNOWN_ATTRIBUTE"),
        ("resolution: {due_at: end of buisness day}", "UNKNOWN_ATTRIBUTE"),
        ("resolution: {target: 1h, starts_at: kind}", "UNKNOWN_ATTRIBUTE"),
        ("resolution: {target: 1h, kind: resolve}", "BAD_VALUE"),
        ("resolution: {target: 1h, per: team}", "NOT_FOR_KIND"),
        ("resolution: {target: 1h, from: opened}", "NOT_FOR_KIND"),
        ("resolution: {target: 1h, start: reopens > 0}", "NOT_FOR_KIND"),
        ("first_response: {target: 1h, reset: reopens > 0}", "NOT_FOR_KIND"),
        ("first_response: {target: 1h, on_reopen: new}", "NOT_FOR_KIND"),
        ("first_response: {every: 1h}", "NOT_FOR_KIND"),
        ("ownership: {target: 1h, per: desk}", "BAD_VALUE"),
        ("update: {every: 1h, from: resolved}", "BAD_VALUE"),
        ("resolution: {target: 1h, pause: [reopens > 1]}", "WRONG_TYPE"),
        ("resolution: {target: 1h, on_reopen: never}", "BAD_VALUE"),
        ("resolution: {target: 1h, on_reopen: {garce: 1h}}", "MISSING_KEY UNKNOWN_KEY"),
        ("resolution: {target: 1h, on_reopen: {grace: 1bd}}", "BAD_DURATION"),
        ("resolution: {target: 1h, on_priority_change: keep}", "BAD_VALUE"),
        ("resolution: {target: 1h, carry_pauses: maybe}", "WRONG_TYPE"),
        ("resolution: {target: 1h, reply: {bot: true}}", "UNKNOWN_KEY"),
        ("resolution: {target: 1h, reply: true}", "WRONG_TYPE"),
        ("resolution: {target: 1h, hold: -1s}", "BAD_DURATION"),
        ("resolution: {target: 1h, calendar: work}", "UNKNOWN_CALENDAR"),
        ("resolution: {target: 1h, calendar: {urgent: work, default: 24x7}}", "UNKNOWN_CALENDAR"),
        ("resolution: {target: 1h, calendar: {from: region, default: 24x7}}", "BAD_VALUE"),
        ("resolution: {target: 1h, calendar: {urgnet: 24x7, default: 24x7}}", "UNKNOWN_VALUE"),
        ("resolution: {target: 1h, ladder: frozen}", "BAD_VALUE"),
        ("resolution: {tagret: 1h}", "ONE_OF UNKNOWN_KEY"),
        ('"": {target: 1h, start: reopens > 0, stop: reopens > 1}', "BAD_NAME"),
    ],
)
def test_what_is_wrong_with_a_clock_is_said(options: str, found: str) -> None:
    assert wrong(options) == [f"1: {code}" for code in sorted(found.split())]


def test_all_mistakes_of_all_clocks_are_said_at_once() -> None:
    assert said("""\
        policies:
          - name: p
            clocks:
              resolution:
                target: 4x
                pause: knid == "a"
              update:
                every: 4h
                form: opened
            when: teem == "b"
        """) == [
        "5: BAD_DURATION",
        "6: UNKNOWN_ATTRIBUTE",
        "9: UNKNOWN_KEY",
        "10: UNKNOWN_ATTRIBUTE",
    ]
