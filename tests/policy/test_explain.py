"""Why an event gets a policy, and a policy set in plain words."""

from __future__ import annotations

import pytest

from sla_engine.policy import describe, explain, explain_text
from sla_engine.policy.choose import values_of
from sla_engine.policy.explain import SetExplanation, Verdict
from tests.policy.texts import policy_set

NOON = 1_767_268_800_000  # 2026-01-01T12:00:00Z
POLICIES = policy_set("""\
    priorities: {urgent: [P1], high: [], low: []}
    statuses: {pending: on_hold}
    attributes:
      tier: {values: [gold, standard], default: standard}
      custom.eur: number
      custom.ok: boolean
      custom.at: time
      custom.name: text
    calendars:
      work: {time_zone: UTC, hours: {mon-fri: [09:00-17:00]}}
      india: {time_zone: Asia/Kolkata, hours: {mon-fri: [09:00-17:00]}}
    customers:
      ACME: {tier: gold, calendar: india, team: south}
      OLD: {tier: gold, valid: {to: 2026-01-01T00:00:00Z}}
    recipients: {lead: {via: [mail]}}
    sets: {ola: {match: all, party: team}}
    policies:
      - name: expired
        valid: {to: 2026-01-01T00:00:00Z}
        clocks: {resolution: {target: 1h}}
      - name: gold-complaint
        when: kind == "complaint" && !(tier == "standard")
        calendar: {from: calendar, default: work}
        clocks:
          first_response: {target: {urgent: 15m, default: 1h}, pause: status == "pending"}
          delivery: {due_at: custom.at, start: reopens > 0, stop: reopens > 1}
          resolution: {target: [{when: custom.eur > 100.0, is: 1bd}, {is: none}]}
        escalations:
          - {at: 80%, notify: [team, lead], clocks: [resolution]}
          - {every: 30m, after: breach, times: 3, page: lead, until: acknowledged, if: score > 5}
          - {at: 1h before, raise_priority: 1}
          - {at: breach, tag: late, outside_hours: hold, during: work}
          - {at: 15m after, notify: lead}
          - {at: score >= 80}
      - name: same-team
        when: team == vendor
        calendar: {urgent: 24x7, default: work}
        clocks: {resolution: {due_at: next business day 16:05}}
      - name: everyone
        clocks: {resolution: {target: 8h}, update: {every: {by: tier, gold: 1h, default: 2h}}}
      - {name: holding, set: ola, clocks: {ownership: {target: 2h, per: assignee}}}
    """)


def default_set(**data: object) -> SetExplanation:
    return explain(POLICIES, data, NOON)[0]


def verdicts(explanation: SetExplanation) -> dict[str, str]:
    return {one.policy: one.verdict.name for one in explanation.considered}


def test_the_first_match_decides_and_every_earlier_policy_says_why_not() -> None:
    made = default_set(kind="order", team="a", vendor="b")
    assert verdicts(made) == {
        "expired": "NOT_VALID",
        "gold-complaint": "FALSE",
        "same-team": "FALSE",
        "everyone": "MATCHED",
    }
    assert [str(answer) for answer in made.considered[1].answers] == [
        'kind == "complaint" is false (kind is `order`)',
        '!(tier == "standard") is false (tier is `standard`)',
    ]
    assert [str(answer) for answer in made.considered[2].answers] == [
        "team == vendor is false (team and vendor is `a, b`)"
    ]


def test_a_policy_is_valid_from_its_first_instant_to_before_its_last() -> None:
    made = policy_set(
        "policies: [{name: p, clocks: {resolution: {target: 1h}}, valid:"
        " {from: 2026-01-01T12:00:00Z, to: 2026-01-01T13:00:00Z}}]"
    )
    valid = [
        bool(explain(made, {}, at_ms)[0].matched)
        for at_ms in (NOON - 1, NOON, NOON + 3_599_999, NOON + 3_600_000)
    ]
    assert valid == [False, True, True, False]


def test_only_the_parts_that_are_false_are_to_blame() -> None:
    made = default_set(kind="order", tier="gold")
    assert [answer.text for answer in made.considered[1].answers] == ['kind == "complaint"']


def test_a_match_says_what_is_promised_on_which_calendar() -> None:
    made = default_set(
        kind="complaint", customer="ACME", priority="P1", custom={"eur": 200, "at": None}
    )
    (matched,) = made.matched
    assert [(one.clock, one.target, one.calendar) for one in matched.promises] == [
        ("first_response", "15m", "india"),
        ("delivery", "none", "india"),
        ("resolution", "1bd", "india"),
    ]
    assert verdicts(made)["everyone"] == Verdict.NOT_REACHED.name


def test_other_attributes_get_other_targets() -> None:
    made = default_set(kind="complaint", tier="gold", custom={"at": "2026-01-02T00:00:00Z"})
    (matched,) = made.matched
    assert [(one.target, one.calendar) for one in matched.promises] == [
        ("1h", "work"),
        ("custom.at", "work"),
        ("none", "work"),
    ]
    (matched,) = default_set(team="a", vendor="a", priority="urgent").matched
    assert [(one.target, one.calendar) for one in matched.promises] == [
        ("next business day 16:05", "24x7")
    ]
    (matched,) = default_set(tier="gold", vendor="x").matched
    assert [one.target for one in matched.promises] == ["8h", "1h"]


def test_every_policy_of_a_set_that_matches_all_is_asked() -> None:
    assert verdicts(explain(POLICIES, {}, NOON)[1]) == {"holding": "MATCHED"}


def test_conditions_see_labels_classes_defaults_and_the_directory() -> None:
    values = values_of(
        POLICIES,
        {
            "priority": "P1",
            "status": "pending",
            "customer": "ACME",
            "team": "north",
            "tags": ["a", 1],
            "due": "2026-01-01T12:00:00Z",
            "reopens": 2,
            "custom": {"eur": 5, "ok": True, "name": 7, "at": "soon", "unknown": "x"},
            "title": None,
        },
        NOON,
    )
    assert values == {
        "priority": "urgent",
        "status": "pending",
        "status_class": "on_hold",
        "customer": "ACME",
        "tier": "gold",
        "calendar": "india",
        "team": "north",
        "tags": ("a", "1"),
        "due": NOON,
        "reopens": 2,
        "custom.eur": 5,
        "custom.ok": True,
        "custom.name": "7",
        "custom.at": None,
    }


def test_an_incident_of_which_nothing_is_known_is_open() -> None:
    assert values_of(POLICIES, {"customer": "OLD", "custom": {"eur": True}}, NOON) == {
        "customer": "OLD",
        "tier": "standard",
        "status_class": "open",
        "custom.eur": None,
    }
    assert values_of(POLICIES, {"customer": "OLD"}, NOON - 86_400_000)["tier"] == "gold"
    assert values_of(POLICIES, {"status": "whatever"}, NOON)["status_class"] == "open"


def test_the_explanation_reads_as_lines() -> None:
    lines = explain_text(explain(POLICIES, {"team": "a", "vendor": "b"}, NOON)).splitlines()
    assert lines[:4] == [
        "set default",
        "  expired is not valid at that instant (policies.yaml:18)",
        "  gold-complaint does not match (policies.yaml:21)",
        '    kind == "complaint" is false (kind is absent)',
    ]
    assert lines[-3:] == [
        "set ola",
        "  holding matches (policies.yaml:41)",
        "    ownership: 2h on 24x7",
    ]


def test_a_set_without_a_match_says_so() -> None:
    policies = policy_set(
        'policies: [{name: p, when: kind == "a", clocks: {resolution: {target: 1h}}}]'
    )
    assert explain_text(explain(policies, {}, NOON)).endswith("  no policy matches: no clock")


def test_a_policy_set_is_described_in_plain_words() -> None:
    assert describe(POLICIES).splitlines() == [
        "default (what we promise; the first that matches applies):",
        "  expired: every incident, before 2026-01-01T00:00:00.000Z",
        "    resolution: resolved within 1 hour, day and night",
        '  gold-complaint: when kind == "complaint" && !(tier == "standard")',
        "    first_response: a first reply within 15 minutes for urgent, 1 hour otherwise, in the "
        "incident's own hours, else in the hours of work; standing still while "
        'status == "pending"',
        "    delivery: from reopens > 0 until reopens > 1, by the incident's custom.at, in the "
        "incident's own hours, else in the hours of work",
        "    resolution: resolved within 1 business day if custom.eur > 100.0, no promise "
        "otherwise, in the "
        "incident's own hours, else in the hours of work",
        "    at 80% of the time: notify team; notify lead by mail (resolution only)",
        "    then every 30 minutes, 3 times, until somebody acknowledges, if score > 5: page lead "
        "by mail",
        "    1 hour before it is due: raise priority 1",
        "    when it is broken, in the hours of work only, held until the calendar opens: tag late",
        "    15 minutes after it was due: notify lead by mail",
        "    at score 80: nothing",
        "  same-team: when team == vendor",
        "    resolution: resolved by next business day 16:05, day and night for urgent, in the "
        "hours of work otherwise",
        "  everyone: every other incident",
        "    resolution: resolved within 8 hours, day and night",
        "    update: word from us again within 1 hour for gold, 2 hours otherwise, day and night",
        "ola (what a team owes; all that match apply):",
        "  holding: every incident",
        "    ownership: passed on or resolved by each assignee within 2 hours, day and night",
    ]


@pytest.mark.parametrize(
    ("calendar", "target", "said"),
    [
        ("24x7", "1d", "1 day, day and night"),
        ("24x7", "1d12h", "1 day 12 hours, day and night"),
        ("work", "1d", "24 hours of open time, in the hours of work"),
        ("work", "2d30m", "48 hours 30 minutes of open time, in the hours of work"),
        ("work", "4h", "4 hours, in the hours of work"),
        ("work", "1bd", "1 business day, in the hours of work"),
        ("work", "{high: 20s, low: none, default: 2bd}",
         "20 seconds for high, no promise for low, 2 business days otherwise, "
         "in the hours of work"),
    ],
)  # fmt: skip
def test_a_day_of_an_office_is_not_called_a_day(calendar: str, target: str, said: str) -> None:
    text = describe(
        policy_set(
            "calendars: {work: {time_zone: UTC, hours: {mon-fri: 09:00-17:00}}}\n"
            f"policies: [{{name: p, clocks: {{resolution: {{target: {target}, "
            f"calendar: {calendar}}}}}, escalations: [{{at: 1d before, notify: team}}, "
            "{at: 1d after, notify: team}]}]"
        )
    )
    before = "1 day" if calendar == "24x7" else "24 hours of open time"
    assert text.splitlines()[2:] == [
        f"    resolution: resolved within {said}",
        f"    {before} before it is due: notify team",
        "    1 day after it was due: notify team",
    ]
