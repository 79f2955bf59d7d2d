"""The linter: what is allowed but hardly meant, only where that is certain."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla_engine.policy import Severity, check_texts
from sla_engine.policy.cel import Conditions, Scope
from sla_engine.policy.codes import CODES, codes_markdown
from sla_engine.policy.decide import Decider
from sla_engine.policy.findings import Findings
from sla_engine.policy.nodes import Scalar
from tests.policy.conditions import KNOWN, LITERALS, PLACE, VALUES, Known, Values
from tests.policy.texts import findings, message, said


def policies(*whens: str, rest: str = "") -> str:
    """Policies a, b, c with these conditions; empty: none."""
    lines = ["policies:"]
    for name, when in zip("abcdef", whens, strict=False):
        condition = f"when: '{when}', " if when else ""
        lines.append(f"  - {{name: {name}, {condition}clocks: {{resolution: {{target: 4h}}}}}}")
    return "\n".join(lines) + "\n" + rest


def clock(options: str) -> str:
    return f"policies: [{{name: p, clocks: {{{options}}}}}]"


@pytest.mark.parametrize("name", CODES)
def test_every_code_has_an_example_that_gets_it(name: str) -> None:
    code = CODES[name]
    found = [one for one in check_texts({"example.yaml": code.example}) if one.code == name]
    assert found, [str(one) for one in check_texts({"example.yaml": code.example})]
    assert all((one.severity is Severity.WARNING) is code.warning for one in found)
    assert code.rule


def test_every_code_is_in_the_documented_table() -> None:
    header, _, *rows = codes_markdown().splitlines()
    assert len(rows) == len(CODES)
    assert all(row.replace("\\|", "").count("|") == header.count("|") for row in rows)


def test_a_finding_is_printed_with_its_place_and_warnings_are_marked() -> None:
    error, warning = (
        findings("polices: []\n" + policies(""))[0],
        findings(clock("resolution: {target: 4h, resume: reopens > 1}"))[0],
    )
    assert str(error).startswith("policies.yaml:1: UNKNOWN_KEY a policy file has no key")
    assert str(warning).startswith("policies.yaml:1: NEVER_PAUSED warning: clock `resolution`")


def test_findings_come_in_the_order_of_file_and_line() -> None:
    found = check_texts({"b.yaml": "x: 1\n", "a.yaml": "\ny: 1\nz: 1\n"})
    assert [(one.file, one.line) for one in found] == [("a.yaml", 2), ("a.yaml", 3), ("b.yaml", 1)]


@pytest.mark.parametrize(
    ("whens", "line"),
    [
        (("", 'kind == "a"'), 3),
        (('kind == "a"', 'kind == "a" && team == "b"', ""), 3),
        (('kind in ["a", "b"]', 'kind == "b"', ""), 3),
        (('kind != "a"', 'kind == "a"', ""), 4),
        (('kind == "a" && kind == "b"', ""), 2),
        (('status_class == "on_hold"', 'status == "on_hold"', ""), 3),
        (("reopens > 1", "reopens == 3", ""), 3),
        (("custom.b", "!custom.b", ""), 4),
        (('"vip" in tags', '"vip" in tags && "new" in tags', ""), 3),
        (("custom.n > 1.0", "custom.n > 2.0", ""), 3),
    ],
)
def test_a_policy_that_is_never_chosen_is_said(whens: tuple[str, ...], line: int) -> None:
    text = policies(*whens, rest="attributes: {custom.b: boolean, custom.n: number}\n")
    assert said(text) == [f"{line}: UNREACHABLE"]


@pytest.mark.parametrize(
    "whens",
    [
        ('kind == "a"', 'kind == "b"', ""),
        ('kind == "a" && team == "b"', 'kind == "a"', ""),
        ('kind.startsWith("a")', 'kind == "ab"', ""),
        ("team == vendor", "vendor == team", ""),
        ('status == "on_hold"', 'status_class == "on_hold"', ""),
        ("reopens > 3", "reopens > 1", ""),
    ],
)
def test_a_policy_that_may_be_chosen_is_not(whens: tuple[str, ...]) -> None:
    text = policies(*whens, rest="statuses: {parked: on_hold}\n")
    assert not [one for one in findings(text) if one.code == "UNREACHABLE"]


def test_a_policy_behind_one_that_is_valid_for_a_time_may_be_chosen() -> None:
    text = policies("", "").replace("{name: a,", "{name: a, valid: {to: 2026-01-01T00:00:00Z},")
    assert said(text) == []


def test_every_policy_of_a_set_that_matches_all_may_be_chosen() -> None:
    text = policies("", rest="sets: {default: {match: all}}\n").replace(
        "policies:\n",
        "policies:\n  - {name: x, clocks: {update: {every: 1h}}}\n",
    )
    assert said(text) == []


def test_the_default_set_should_leave_nothing_out() -> None:
    assert said(policies('kind == "a"', 'kind == "b"')) == ["3: NO_CATCH_ALL"]
    assert said(policies('kind == "a"', 'kind != "a"')) == []
    assert said(policies('kind == "" || kind == "a"')) == ["2: NO_CATCH_ALL"]
    assert "no `when`" in message(policies('kind == "a"'))


@pytest.mark.parametrize(
    ("options", "codes"),
    [
        ('w: {target: 1h, start: kind == "a", stop: kind != "b"}', ["START_WITHIN_END"]),
        (
            'w: {target: 1h, start: reopens > 2, stop: kind == "a", cancel: reopens > 1}',
            ["START_WITHIN_END"],
        ),
        ('w: {target: 1h, start: kind == "a", stop: kind == "b"}', []),
        ('w: {target: 1h, start: kind != "a", stop: kind == "b"}', []),
        ('resolution: {target: 1h, pause: status_class == "resolved"}', ["NEVER_PAUSED"]),
        ('resolution: {target: 1h, pause: kind == "a" && kind == "b"}', ["NEVER_PAUSED"]),
        ("resolution: {target: 1h, pause: reopens > 2, stop: reopens > 1}", ["NEVER_PAUSED"]),
        ('resolution: {target: 1h, pause: status_class == "closed", stop: reopens > 1}', []),
        (
            'acknowledge: {target: 1h, pause: status_class == "closed", stop: reopens > 1}',
            ["NEVER_PAUSED"],
        ),
        ('resolution: {target: 1h, pause: status_class == "on_hold"}', []),
        ('resolution: {target: 1h, pause: kind != "a" || kind == "a"}', ["ALWAYS_PAUSED"]),
        ("resolution: {target: 1h, pause: team == vendor}", ["SEVERAL_ATTRIBUTES"]),
        (
            'resolution: {target: [{when: kind == "a", is: 1h}, {when: kind == "b", is: 2h}]}',
            ["MISSING_DEFAULT"],
        ),
        (
            "resolution: {target: [{when: reopens > 1, is: 1h}, {when: reopens > 2, is: 2h},"
            " {is: 3h}]}",
            ["UNREACHABLE"],
        ),
        ("resolution: {target: {urgent: 1h, high: 2h}}", ["NO_TARGET"]),
        ("resolution: {target: {urgent: 1h, high: 2h, normal: none, low: 8h}}", []),
        ("resolution: {target: {by: team, noc: 1h}}", ["MISSING_DEFAULT"]),
        ("resolution: {target: 1h, calendar: {urgent: 24x7}}", ["MISSING_DEFAULT"]),
    ],
)
def test_doubts_about_a_clock(options: str, codes: list[str]) -> None:
    assert [one.code for one in findings(clock(options))] == codes


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ("resolution: {target: 1d, calendar: work}", 1),
        ("resolution: {target: {urgent: 1d12h, default: 2bd}, calendar: work}", 1),
        ("resolution: {target: [{is: 2d}], calendar: work}", 1),
        ("update: {every: 1d, calendar: {urgent: 24x7, default: work}}", 1),
        ("update: {every: 1d, calendar: {from: calendar, default: 24x7}}", 1),
    ],
)
def test_a_day_on_business_hours_is_doubtful(options: str, line: int) -> None:
    work = "\ncalendars: {work: {time_zone: UTC, hours: {mon: 09:00-17:00}}}"
    assert said(clock(options) + work) == [f"{line}: DAY_IS_24H"]


def test_a_day_on_a_calendar_that_never_closes_is_a_day() -> None:
    assert said(clock("resolution: {target: 1d}")) == []
    assert said(clock("resolution: {target: {by: kind, d: 1d, default: 30d}}")) == []


@pytest.mark.parametrize(
    ("step", "codes"),
    [
        ("{at: 4h before, notify: team}", ["WARNING_AT_START"]),
        ("{at: 239m before, notify: team}", []),
        ("{at: 80%}", ["NO_ACTION"]),
        ("{at: 80%, notify: team, until: acknowledged}", ["NO_EFFECT"]),
        ("{at: 30m after, notify: team, until: acknowledged}", []),
        ("{at: 80%, notify: team, outside_hours: hold}", ["NO_EFFECT"]),
        ("{at: 1d before, notify: team}", ["WARNING_AT_START"]),
    ],
)
def test_doubts_about_a_step(step: str, codes: list[str]) -> None:
    text = f"policies: [{{name: p, clocks: {{resolution: {{target: 4h}}}}, escalations: [{step}]}}]"
    assert [one.code for one in findings(text)] == codes


def test_a_ladder_that_repeats_nothing_is_doubtful() -> None:
    text = "policies: [{name: p, clocks: {resolution: {target: 4h}}, repeat_ladder: %s}]"
    assert said(text % "{times: 2, wait: 1h}") == ["1: NO_EFFECT"]


def test_a_set_with_errors_is_not_linted() -> None:
    assert said(clock("resolution: {tagret: 4h, pause: team == vendor}")) == [
        "1: ONE_OF",
        "1: UNKNOWN_KEY",
    ]


def test_a_number_between_two_that_are_close_is_thought_of() -> None:
    conditions = Conditions(LITERALS, Findings())
    narrow = conditions.compile(Scalar("custom.n > 2.2 && custom.n < 2.4", PLACE), Scope.WHEN)
    empty = conditions.compile(Scalar("custom.n > 2.4 && custom.n < 2.2", PLACE), Scope.WHEN)
    assert narrow is not None
    assert empty is not None
    decider = Decider(conditions)
    assert not decider.never(narrow)
    assert decider.never(empty)


@settings(deadline=None)
@given(KNOWN, KNOWN, st.lists(VALUES, min_size=1, max_size=8))
def test_what_is_called_implied_is_implied_for_every_incident(
    premise: Known, other: Known, incidents: list[Values]
) -> None:
    conditions = Conditions(LITERALS, Findings())
    first, second = (
        conditions.compile(Scalar(known.text, PLACE), Scope.WHEN) for known in (premise, other)
    )
    assert first is not None
    assert second is not None
    decider = Decider(conditions)
    implied, never = decider.implies(first, [second]), decider.never(first)
    for values in incidents:
        if premise.answer(values):
            assert not never
            assert other.answer(values) or not implied
