"""Policy tests: events as they are written, expectations as far as they are named."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from sla_engine.policy import PolicySet, load_cases, load_directory, run_cases
from sla_engine.policy.cases import Case, read_cases
from sla_engine.policy.compare import compare
from sla_engine.policy.findings import Findings
from tests.policy.texts import policy_set
from tests.reference import fold, load_policies

Record = dict[str, object]


def case(text: str) -> Case:
    """The one test of a file."""
    found = Findings()
    cases = read_cases({"x.test.yaml": dedent(text)}, found)
    assert found.sorted() == []
    return cases[0]


def expecting(expect: str) -> Case:
    return case(
        "tests: [{name: t, events: [{type: created, at: 2026-01-01T00:00:00Z}],"
        f" until: 2026-01-02T00:00:00Z, expect: {expect}}}]"
    )


def said(text: str) -> list[str]:
    found = Findings()
    read_cases({"x.test.yaml": dedent(text)}, found)
    return [f"{one.line}: {one.code}" for one in found.sorted()]


def test_an_event_is_a_cloudevent_with_its_position_as_sequence() -> None:
    made = case("""\
        tests:
          - name: a day
            events:
              - {type: created, at: '2026-01-01T09:00:00+01:00', priority: 1, tags: [vip, 7]}
              - {type: incident.commented, at: 2026-01-01T10:00:00.5Z, author: agent, public: false}
              - {type: updated, at: 2026-01-01T11:00:00Z, incident: Y, tenant: t, team: null,
                 custom: {eur: 12.5, n: 3, ok: true, code: '3', none: null}}
              - {type: clock.overridden, at: 2026-01-01T12:00:00Z, clock: resolution, unpin: true}
              - {type: rated, at: 2026-01-01T13:00:00Z, csat: 2, id: me, source: desk, sequence: 9}
            until: 2026-01-02T00:00:00Z
            expect: {}
        """)
    common = {"specversion": "1.0", "source": "policy-test", "subject": "X"}
    assert made.events == (
        {
            **common,
            "id": "e1",
            "type": "incident.created",
            "time": "2026-01-01T08:00:00.000Z",
            "sequence": "1",
            "data": {"priority": "1", "tags": ["vip", "7"]},
        },
        {
            **common,
            "id": "e2",
            "type": "incident.commented",
            "time": "2026-01-01T10:00:00.500Z",
            "sequence": "2",
            "data": {"author": "agent", "public": False},
        },
        {
            **common,
            "id": "e3",
            "type": "incident.updated",
            "subject": "Y",
            "tenant": "t",
            "time": "2026-01-01T11:00:00.000Z",
            "sequence": "3",
            "data": {
                "team": None,
                "custom": {"eur": 12.5, "n": 3, "ok": True, "code": "3", "none": None},
            },
        },
        {
            **common,
            "id": "e4",
            "type": "clock.overridden",
            "time": "2026-01-01T12:00:00.000Z",
            "sequence": "4",
            "data": {"clock": "resolution", "unpin": True},
        },
        {
            **common,
            "id": "me",
            "source": "desk",
            "type": "incident.rated",
            "time": "2026-01-01T13:00:00.000Z",
            "sequence": "9",
            "data": {"csat": 2},
        },
    )
    assert (made.name, made.where, made.until_ms) == ("a day", "x.test.yaml:2", 1_767_312_000_000)
    assert (made.clocks, made.alerts) == (None, None)


def clocks(*cycles: Record) -> list[Record]:
    return [{"incident": "X", "set": "default", "clock": "update", **cycle} for cycle in cycles]


def differences(expect: str, given: list[Record], alerts: list[Record] | None = None) -> list[str]:
    """`member: expected X, got Y` of every difference."""
    found = compare(expecting(expect), given, alerts or [])
    assert all(one.where == "x.test.yaml:1" for one in found)
    return [str(one).removeprefix("x.test.yaml:1: ") for one in found]


TWO = clocks(
    {"cycle": 1, "state": "met", "due": "2026-01-01T01:00:00.000Z", "breached": False},
    {"cycle": 2, "state": "paused", "due": None, "breached": True, "elapsed_ms": 60000},
)


@pytest.mark.parametrize(
    "expect",
    [
        "{}",
        "{clocks: {update: {state: paused}}}",
        "{clocks: {update: {due: null, breached: true, elapsed_ms: 60000}}}",
        "{clocks: {update/1: {state: met}, update/2: {state: paused}, update/3: null}}",
        "{clocks: {update/1: {due: '2026-01-01T02:00:00+01:00'}}}",
        "{clocks: {resolution: null}}",
        "{clocks: {update: {set: default, incident: X}}}",
        "{clocks: {update/1: {incident: Y, state: open}}}",
    ],
)
def test_clocks_are_compared_as_far_as_they_are_named(expect: str) -> None:
    given = [
        *TWO,
        {"incident": "Y", "set": "default", "clock": "update", "cycle": 1, "state": "open"},
    ]
    assert differences(expect, given) == []


@pytest.mark.parametrize(
    ("expect", "difference"),
    [
        ("update: {state: met}", "clocks.update.state: expected met, got paused"),
        ("update: {breached: false}", "clocks.update.breached: expected false, got true"),
        ("update: {due: 2026-01-01T01:00:00Z}", "got null"),
        ("update/1: {due: null}", "expected null, got 2026-01-01T01:00:00.000Z"),
        ("update/2: null", "expected no such cycle, got {state: paused}"),
        ("update/3: {state: met}", "expected a clock, got none (there are: update/1, update/2)"),
        ("resolution: {state: met}", "expected a clock, got none"),
        ("update: {incident: Z}", "expected a clock, got none"),
    ],
)
def test_a_clock_that_differs_names_the_member(expect: str, difference: str) -> None:
    (found,) = differences(f"{{clocks: {{{expect}}}}}", TWO)
    assert difference in found


def test_a_clock_name_of_two_sets_needs_the_set() -> None:
    given = [*TWO, {**TWO[0], "set": "ola", "state": "running"}]
    (found,) = differences("{clocks: {update: {state: met}}}", given)
    assert "name `set`" in found
    assert differences("{clocks: {update: {set: ola, state: running}}}", given) == []


def alert(threshold: str, at: str, kind: str = "clock.warning", **data: object) -> Record:
    return {
        "type": f"sla.{kind}",
        "id": f"default/X/default/update/1/{threshold}",
        "subject": "X",
        "time": f"2026-01-01T{at}.000Z",
        "data": {"incident": "X", "clock": "update", **data},
    }


ALERTS = [
    alert(
        "80%",
        "00:48:00",
        actions=[{"do": "notify", "to": ["team:noc", "lead"]}, {"do": "page", "to": ["lead"]}],
    ),
    alert("breach", "01:00:00", "clock.breached"),
    alert("after:1800000/2", "02:00:00", "escalation", level=3),
    alert("cleared", "03:00:00", "alert.cleared"),
    {
        **alert("x", "04:00:00", "alert.retracted", alert="default/X/default/update/1/80%"),
        "id": "default/X/default/update/1/80%~2",
    },
]
LINES = [
    "{clock: update, threshold: 80%, at: 2026-01-01T00:48:00Z, to: ['team:noc', lead]}",
    "{type: breached, threshold: breach}",
    "{threshold: after:1800000/2, level: 3, type: sla.escalation}",
    "{threshold: cleared, type: cleared}",
    "{threshold: 80%, type: alert.retracted}",
]


@pytest.mark.parametrize("order", [LINES, LINES[::-1]])
def test_alerts_match_completely_in_any_order(order: list[str]) -> None:
    assert differences(f"{{alerts: [{', '.join(order)}]}}", [], ALERTS) == []


def test_an_expectation_that_fits_several_takes_the_one_that_is_left() -> None:
    lines = ["{clock: update}", *LINES[:4]]
    assert differences(f"{{alerts: [{', '.join(lines)}]}}", [], ALERTS) == []


def test_alerts_that_are_not_expected_and_missing_ones_are_said() -> None:
    (found,) = differences("{alerts: []}", [], ALERTS[1:2])
    assert found.startswith("alerts: expected no further alert, got {type: sla.clock.breached")
    (found,) = differences("{alerts: [{threshold: breach}]}", [], [])
    assert found == "alerts[1]: expected {threshold: breach}, got none"
    assert differences("{}", [], ALERTS) == []


def test_the_nearest_alert_shows_what_differs() -> None:
    lines = LINES[0].replace("lead", "boss").replace("48", "47")
    assert differences(f"{{alerts: [{lines}, {LINES[1]}]}}", [], ALERTS[:2]) == [
        "alerts[1].at: expected 2026-01-01T00:47:00Z, got 2026-01-01T00:48:00Z (1m later)",
        "alerts[1].to: expected [team:noc, boss], got [team:noc, lead]",
    ]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (("tests:", "test:"), ["1: MISSING_KEY", "1: UNKNOWN_KEY"]),
        (("type: created", "type: craeted"), ["4: BAD_VALUE"]),
        (("at: 2026-01-01T00:00:00Z", "at: 2026-01-01T00:00:00"), ["4: BAD_TIME"]),
        (("type: created, ", ""), ["4: MISSING_KEY"]),
        (("until: 2026-01-02T00:00:00Z", "untli: 2026"), ["2: MISSING_KEY", "5: UNKNOWN_KEY"]),
        (("state: met", "sate: met"), ["8: UNKNOWN_KEY"]),
        (("threshold: 80%", "treshold: 80%"), ["10: UNKNOWN_KEY"]),
        (("alerts:", "alert:"), ["9: UNKNOWN_KEY"]),
        (("{state: met}", "met"), ["8: WRONG_TYPE"]),
        (("name: t", "nmae: t"), ["2: MISSING_KEY", "2: UNKNOWN_KEY"]),
    ],
)
def test_what_is_wrong_with_a_test_is_said(change: tuple[str, str], found: list[str]) -> None:
    text = """\
        tests:
          - name: t
            events:
              - {type: created, at: 2026-01-01T00:00:00Z}
            until: 2026-01-02T00:00:00Z
            expect:
              clocks:
                update: {state: met}
              alerts:
                - {threshold: 80%}
        """
    assert said(text) == []
    assert said(text.replace(*change)) == found


def test_the_engine_gets_the_policies_the_events_and_the_end() -> None:
    policies = policy_set("policies: [{name: p, clocks: {update: {every: 1h}}}]")
    asked: list[tuple[PolicySet, list[str], int]] = []

    def run(
        given: PolicySet, events: list[dict[str, object]], until_ms: int
    ) -> tuple[list[Record], list[Record]]:
        asked.append((given, [str(event["type"]) for event in events], until_ms))
        return TWO, []

    good, bad = (expecting(f"{{clocks: {{update: {{state: {s}}}}}}}") for s in ("paused", "met"))
    results = run_cases(policies, [good, bad], run)
    assert [result.passed for result in results] == [True, False]
    assert asked == [(policies, ["incident.created"], 1_767_312_000_000)] * 2


def test_the_golden_cases_pass_through_the_reference_fold(shared: Path) -> None:
    """Reader and comparison against an engine that is known to pass."""
    count = 0
    for folder in sorted(path for path in (shared / "golden").iterdir() if path.is_dir()):
        reference = load_policies(folder)

        def run(
            policies: PolicySet, events: list[dict[str, object]], until_ms: int
        ) -> tuple[list[Record], list[Record]]:
            result = fold(reference, events, until_ms)  # noqa: B023 - called in this turn only
            return result.clocks, result.alerts

        for result in run_cases(load_directory(folder), load_cases(folder), run):
            count += 1
            assert result.passed, [str(one) for one in result.differences]
    assert count == 41
