"""Escalation steps: one instant and its actions; what has one threshold forms one alert."""

from __future__ import annotations

import pytest

from sla_engine.policy.model import Action, At
from tests.features.telling import event, replayed
from tests.features.telling import said as told_by
from tests.policy.texts import message, said, steps

MINUTE, HOUR = 60_000, 3_600_000
LEADS = "recipients: {lead: {via: [mail, sms]}, boss: {}}"


def wrong(listed: str, top: str = LEADS) -> list[str]:
    return said(
        "policies: [{name: p, clocks: {resolution: {target: 4h}, update: {every: 1h}},"
        f" escalations: [{listed}]}}]\n{top}\n"
    )


@pytest.mark.parametrize(
    ("at", "form", "amount", "threshold"),
    [
        ("at: 80%", At.PERCENT, 80, "80%"),
        ("at: 1h before", At.BEFORE, HOUR, "before:3600000"),
        ("at: breach", At.BREACH, 0, "breach"),
        ("at: 30m after", At.AFTER, 30 * MINUTE, "after:1800000"),
        ("at: score >= 80", At.SCORE, 80, "score:80"),
        ("every: 30m, after: breach, times: 6", At.EVERY, 30 * MINUTE, "after:1800000"),
    ],
)
def test_a_step_has_one_instant(at: str, form: At, amount: int, threshold: str) -> None:
    (step,) = steps(f"{{{at}, notify: team}}")
    assert (step.at, step.amount, step.threshold) == (form, amount, threshold)
    assert step.times == (6 if form is At.EVERY else 1)
    assert (step.level, step.where, step.clocks) == (1, "policies.yaml:2", None)
    assert (step.until_acknowledged, step.hold_outside_hours) == (False, False)
    assert (step.condition, step.during) == (None, "")


def test_what_a_step_may_say_besides() -> None:
    (step,) = steps(
        "{at: 30m after, notify: team, clocks: [update], until: acknowledged,"
        " outside_hours: hold, if: score >= 50, during: work}",
        "calendars: {work: {time_zone: UTC, hours: {mon: 09:00-17:00}}}",
        "resolution: {target: 4h}, update: {every: 1h}",
    )
    assert step.clocks == ("update",)
    assert step.until_acknowledged
    assert step.hold_outside_hours
    assert step.condition is not None
    assert step.condition.holds({"score": 50})
    assert step.during == "work"


def test_the_defaults_may_be_said() -> None:
    (step,) = steps("{at: 80%, notify: team, until: met, outside_hours: fire}")
    assert not step.until_acknowledged
    assert not step.hold_outside_hours


def test_actions_keep_the_order_they_are_written_in() -> None:
    (step,) = steps(
        "{at: 80%, raise_priority: 1, page: lead, notify: [team, boss, lead], reassign: noc,"
        " set_priority: urgent, tag: [late, vip], webhook: 'https://example.org/x'}",
        LEADS,
    )
    assert step.actions == (
        Action("raise_priority", args={"by": 1}),
        Action("page", ("lead",), {"via": ["mail", "sms"]}),
        Action("notify", ("team", "boss"), {"via": []}),
        Action("notify", ("lead",), {"via": ["mail", "sms"]}),
        Action("reassign", args={"team": "noc"}),
        Action("set_priority", args={"priority": "urgent"}),
        Action("tag", args={"tag": "late"}),
        Action("tag", args={"tag": "vip"}),
        Action("webhook", args={"url": "https://example.org/x"}),
    )


def test_reassign_may_name_a_person() -> None:
    (step,) = steps("{at: 80%, reassign: {assignee: kim}}")
    assert step.actions == (Action("reassign", args={"assignee": "kim"}),)


@pytest.mark.parametrize("name", ["team", "assignee", "customer", "requester", "vendor"])
def test_the_incidents_own_are_recipients(name: str) -> None:
    assert steps(f"{{at: breach, page: {name}}}")[0].actions[0].to == (name,)


def test_steps_of_one_threshold_form_one_alert() -> None:
    made = steps(
        "{at: 50%, notify: team}, {at: breach, page: boss}, {at: 50%, tag: late},"
        " {at: 30m after, notify: lead}, {every: 30m, after: breach, times: 3, page: boss}",
        LEADS,
    )
    assert [(step.level, step.threshold, step.times) for step in made] == [
        (1, "50%", 1),
        (2, "breach", 1),
        (4, "after:1800000", 1),
        (5, "after:1800000", 3),
    ]
    assert [action.do for action in made[0].actions] == ["notify", "tag"]


def test_steps_are_joined_clock_by_clock() -> None:
    made = steps(
        "{at: 50%, notify: team, clocks: [update]}, {at: 50%, tag: late}",
        clocks="resolution: {target: 4h}, update: {every: 1h}",
    )
    assert [(step.level, step.clocks, [a.do for a in step.actions]) for step in made] == [
        (1, ("update",), ["notify", "tag"]),
        (2, ("resolution",), ["tag"]),
    ]


def test_a_breach_step_that_may_be_left_out_is_an_alert_of_its_own() -> None:
    made = steps(
        "{at: breach, page: boss}, {at: breach, notify: team, if: reopens > 1},"
        " {at: breach, tag: late}",
        LEADS,
    )
    assert [[action.do for action in step.actions] for step in made] == [
        ["page", "tag"],
        ["notify"],
    ]


@pytest.mark.parametrize(
    ("first", "second", "key"),
    [
        ("until: met", "until: acknowledged", "until"),
        ("if: reopens > 1", "if: reopens > 2", "if"),
        ("if: reopens > 1", "tag: x", "if"),
        ("outside_hours: hold", "outside_hours: fire", "outside_hours"),
    ],
)
def test_steps_of_one_threshold_must_agree(first: str, second: str, key: str) -> None:
    text = f"""\
calendars: {{work: {{time_zone: UTC, hours: {{mon: 09:00-17:00}}}}}}
defaults: {{calendar: work}}
policies:
  - name: p
    clocks: {{resolution: {{target: 4h}}}}
    escalations:
      - {{at: 30m after, notify: team, {first}}}
      - {{at: 30m after, notify: team, {second}}}
"""
    assert said(text) == ["8: THRESHOLD"]
    assert f"`{key}` differ" in message(text)
    assert "policies.yaml:7" in message(text)


def test_steps_of_one_threshold_in_different_hours_are_not_carried_out() -> None:
    """The contract lets them be one alert; only the hours of the first would count."""
    step = "{at: 30m after, notify: team, during: 24x7}"
    assert wrong(f"{step}, {step}") == []
    assert set(wrong(f"{step}, {step.replace(', during: 24x7', '')}")) == {"1: NOT_CARRIED_OUT"}


def test_repeats_of_one_distance_may_differ_in_their_number() -> None:
    """They form one alert as long as both go on (contracts section 2)."""
    one = "{every: 30m, after: breach, times: 3, notify: team}"
    assert wrong(f"{one}, {one}") == []
    assert wrong(f"{one}, {one.replace('times: 3', 'times: 4')}") == []
    assert set(wrong(f"{one}, {one.replace('team', 'team, until: acknowledged')}")) == {
        "1: THRESHOLD"
    }


def test_in_each_repeat_the_actions_are_those_of_the_steps_that_go_on() -> None:
    policies = """
policies:
  - name: all
    clocks: {resolution: {target: 1h}}
    escalations:
      - {every: 30m, after: breach, times: 1, tag: a}
      - {every: 30m, after: breach, times: 3, tag: b}
      - {every: 30m, after: breach, times: 2, tag: c}
"""
    _, alerts = replayed(policies, [event(1, "created", "09:00")], "20:00")
    assert told_by(alerts) == [
        "10:00:00.001 breached resolution/1/breach",
        "10:30 escalation resolution/1/after:1800000/1",
        "11:00 escalation resolution/1/after:1800000/2",
        "11:30 escalation resolution/1/after:1800000/3",
    ]
    told = [[one["args"]["tag"] for one in alert["data"]["actions"]] for alert in alerts]
    assert told == [[], ["a", "b", "c"], ["b", "c"], ["b"]]


def test_a_clock_has_at_most_16_different_steps() -> None:
    many = ", ".join(f"{{at: {n}%, notify: team}}" for n in range(1, 17))
    assert wrong(many) == []
    assert set(wrong(many + ", {at: 17%, notify: team}")) == {"1: TOO_MANY_STEPS"}
    assert wrong(many + ", {at: 16%, notify: team}") == []
    assert wrong(many + ", {at: 17%, notify: team, clocks: [update]}") == ["1: TOO_MANY_STEPS"]


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ("{notify: team}", "ONE_OF"),
        ("{at: breach, every: 1h, notify: team}", "ONE_OF"),
        ("{at: breach, times: 3, notify: team}", "ONE_OF"),
        ("{at: breach, after: breach, notify: team}", "ONE_OF"),
        ("{every: 1h, times: 3, notify: team}", "MISSING_KEY"),
        ("{every: 1h, after: breach, notify: team}", "MISSING_KEY"),
        ("{every: 1h, after: start, times: 3, notify: team}", "BAD_VALUE"),
        ("{every: 1h, after: breach, times: 0, notify: team}", "BAD_VALUE"),
        ("{every: 1h, after: breach, times: 101, notify: team}", "BAD_VALUE"),
        ("{every: 1h, after: breach, times: many, notify: team}", "WRONG_TYPE"),
        ("{every: 1x, after: breach, times: 3, notify: team}", "BAD_DURATION"),
        ("{at: 0%, notify: team}", "BAD_VALUE"),
        ("{at: 101%, notify: team}", "BAD_VALUE"),
        ("{at: 12.5%, notify: team}", "BAD_VALUE"),
        ("{at: score >= 101, notify: team}", "BAD_VALUE"),
        ("{at: score > 80, notify: team}", "BAD_VALUE"),
        ("{at: 1h earlier, notify: team}", "BAD_VALUE"),
        ("{at: 1bd before, notify: team}", "BAD_DURATION"),
        ("{at: 0s after, notify: team}", "BAD_DURATION"),
        ("{at: [80%], notify: team}", "WRONG_TYPE"),
        ("{at: breach, notfy: team, page: boss}", "UNKNOWN_KEY"),
        ("{at: breach, notify: laed}", "UNKNOWN_RECIPIENT"),
        ("{at: breach, notify: {to: lead}}", "WRONG_TYPE"),
        ("{at: breach, notify: team, clocks: [resolutoin]}", "UNKNOWN_CLOCK"),
        ("{at: breach, notify: team, until: taken}", "BAD_VALUE"),
        ("{at: breach, notify: team, outside_hours: wait}", "BAD_VALUE"),
        ("{at: breach, notify: team, if: event.public}", "CONDITION"),
        ("{at: breach, notify: team, during: work}", "UNKNOWN_CALENDAR"),
        ("{at: breach, raise_priority: 0}", "BAD_VALUE"),
        ("{at: breach, raise_priority: up}", "WRONG_TYPE"),
        ("{at: breach, set_priority: hihg}", "UNKNOWN_VALUE"),
        ("{at: breach, reassign: {taem: noc}}", "UNKNOWN_KEY"),
        ("{at: breach, reassign: {team: noc, assignee: kim}}", "ONE_OF"),
        ("{at: breach, webhook: example.org}", "BAD_VALUE"),
        ("breach", "WRONG_TYPE"),
    ],
)
def test_what_is_wrong_with_a_step_is_said(step: str, code: str) -> None:
    assert wrong(step) == [f"1: {code}"]
