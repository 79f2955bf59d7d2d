"""Rules of the policy language that show in few policies: figures worked out by hand, and what the
reference says of the same case."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sla_engine.policy import check_directory, check_texts, load
from sla_engine.policy.cel import Conditions, Scope
from sla_engine.policy.codes import CODES
from sla_engine.policy.compare import compare
from sla_engine.policy.directory import Directory, Update
from sla_engine.policy.editions import Edition
from sla_engine.policy.findings import Findings, Severity
from sla_engine.policy.model import Customer
from sla_engine.policy.nodes import Scalar
from sla_engine.policy.profile import EDITION
from sla_engine.policy.tables import RuleBook
from tests.clock.test_editions import OPENED, RESTART, Case, check
from tests.policy.conditions import LITERALS, PLACE, compiled, problems
from tests.policy.test_cases import clocks, expecting
from tests.policy.texts import FILE, policy_set, said
from tests.reference.test_edition_rules import resolution
from tests.reference.test_reference_rules import WORK, instant
from tests.reference.times import parse_time

URGENT = ("updated", {"priority": "urgent"})
SCORED = ", escalations: [{at: score >= 30, notify: t}]"
HALF_IF = ", escalations: [{at: 50%%, notify: t, if: score >= %d}]"
OFFICE = (
    "calendars: {office: {time_zone: {from: time_zone, default: UTC}, "
    "hours: {mon-fri: [09:00-17:00]}}}\n"
)
NUMBERED = "attributes: {custom.n: number, custom.b: boolean}\n"
WINDOW = "{from: 2026-01-12T10:00:00Z, to: 2026-01-12T12:00:00Z, when: kind == '%s'}"
MAINTAINED = f"maintenance: [{', '.join(WINDOW % kind for kind in 'abc')}]\n"

CASES = [
    Case(
        "from no priority to the most urgent is another priority",
        resolution(f"target: 4h, {RESTART}"),
        [],
        [*OPENED, ("10:00", *URGENT)],
        "12:00",
        [],
        {"resolution/2": instant("14:00:00.000")},
    ),
    Case(
        "from one label that no policy declares to another is another priority",
        resolution(f"target: 4h, {RESTART}"),
        [],
        [("09:00", "created", {"priority": "odd"}), ("10:00", "updated", {"priority": "even"})],
        "12:00",
        [],
        {"resolution/2": instant("14:00:00.000")},
    ),
    Case(
        "a policy that became valid is not looked for when a calendar is named that no clock asks",
        "policies: [{name: a, valid: {from: 2026-01-12T10:00:00Z}, clocks: "
        "{resolution: {target: 1h}}}]",
        [],
        [*OPENED, ("10:30", "updated", {"calendar": "work"})],
        "12:00",
        [],
    ),
    Case(
        "steps at a score that a clock keeps through an edit follow the score",
        resolution("target: 4h", SCORED),
        [("09:30", resolution("target: 5h, on_edit: from_now"))],
        [*OPENED, ("10:00", *URGENT)],
        "12:00",
        [("score:30", "10:15")],
        {"resolution/1": instant("14:00:00.000")},
    ),
    Case(
        "a step's `if` holds at the very score that it asks for",
        resolution("target: 4h", HALF_IF % 20),
        [],
        OPENED,
        "12:00",
        [("50%", "11:00")],
    ),
    Case(
        "a step's `if` does not hold one point below the score that it asks for",
        resolution("target: 4h", HALF_IF % 21),
        [],
        OPENED,
        "12:00",
        [],
    ),
    Case(
        "the breach is marked in a maintenance window, without any escalation, whichever window",
        MAINTAINED + resolution("target: 2h"),
        [],
        [("09:00", "created", {"kind": "c"})],
        "12:30",
        [("breach", "11:00:00.001")],
    ),
    Case(
        "steps are held in the last of many maintenance windows only where its `when` holds",
        MAINTAINED + resolution("target: 4h", ", escalations: [{at: 50%, notify: t}]"),
        [],
        [("09:00", "created", {"kind": "d"})],
        "12:30",
        [("50%", "11:00")],
    ),
    Case(
        "the time of the next business day counts its minutes",
        WORK + "policies: [{name: a, calendar: work, clocks: "
        "{resolution: {due_at: next business day 15:45}}}]",
        [],
        OPENED,
        "12:00",
        [],
        {"resolution/1": "2026-01-13T15:45:00.000Z"},
    ),
    Case(
        "who wrote a comment may end a clock",
        "policies: [{name: a, clocks: {promise: {target: 4h, "
        "start: 'event.type == \"incident.created\"', stop: 'event.author_id == \"kim\"'}}}]",
        [],
        [
            *OPENED,
            ("09:30", "commented", {"author": "agent", "author_id": "max"}),
            ("10:00", "commented", {"author": "agent", "author_id": "kim"}),
        ],
        "14:00",
        [],
    ),
    Case(
        "a note for the agents is not public, whoever wrote it",
        "policies: [{name: a, clocks: {promise: {target: 4h, "
        "start: 'event.type == \"incident.created\"', stop: event.public}}}]",
        [],
        [*OPENED, ("10:00", "commented", {"author": "agent", "public": False})],
        "12:00",
        [],
        {"promise/1": instant("13:00:00.000")},
    ),
    Case(
        "the hours of `during` are those of the incident's zone at that instant",
        OFFICE + resolution("target: 4h", ", escalations: [{at: 50%, notify: t, during: office}]"),
        [],
        [
            ("09:00", "created", {"time_zone": "Asia/Tokyo"}),
            ("10:00", "updated", {"time_zone": "Europe/London"}),
        ],
        "12:00",
        [("50%", "11:00")],
    ),
    Case(
        "a clock that an edition leaves out stays when nothing else was said",
        resolution("target: 4h"),
        [("10:00", "policies: [{name: all, clocks: {update: {every: 9h}}}]")],
        OPENED,
        "14:00",
        [("breach", "13:00:00.001")],
    ),
    Case(
        "next_response begins on the event that ends first_response, whatever that is",
        "policies: [{name: a, clocks: {next_response: {target: 2h}, first_response: {target: 8h, "
        "stop: 'event.type == \"incident.acknowledged\"'}}}]",
        [],
        [
            *OPENED,
            ("09:10", "commented", {"author": "customer"}),
            ("10:00", "acknowledged", {"by": "kim"}),
        ],
        "12:00",
        [("breach", "11:10:00.001")],
    ),
    Case(
        "next_response waits for a first_response that starts with it, in whatever order written",
        "policies: [{name: a, when: kind == 'x', clocks: {next_response: {target: 2h}, "
        "first_response: {target: 8h}}}]",
        [],
        [
            *OPENED,
            ("09:10", "commented", {"author": "customer"}),
            ("10:00", "updated", {"kind": "x"}),
        ],
        "12:00",
        [],
    ),
    Case(
        "a policy that became valid is looked for when a time that a clock asks for changes",
        "attributes: {custom.t: time}\npolicies: [{name: a, valid: {from: 2026-01-12T10:00:00Z}, "
        "clocks: {resolution: {due_at: custom.t}}}]",
        [],
        [
            ("09:00", "created", {"custom": {"t": instant("15:00:00.000")}}),
            ("10:30", "updated", {"custom": {"t": instant("11:00:00.000")}}),
        ],
        "12:00",
        [("breach", "11:00:00.001")],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_rule_that_few_policies_show(case: Case) -> None:
    check(case)


def test_a_number_that_is_none_is_not_there() -> None:
    text = "policies: [{name: a, when: has(custom.n), clocks: {resolution: {target: 1h}}}]"
    created = ("09:00", "created", {"custom": {"n": "three"}})
    check(Case("", NUMBERED + text, [], [created], "12:00", []))


def test_a_profile_is_read_as_its_own_edition_reads_it() -> None:
    text = "attributes: {tier: {values: [gold, silver], default: %s}}\npolicies: []"
    later = Edition(parse_time(instant("10:00")), policy_set(text % "gold"))
    book = RuleBook(policy_set(text % "silver"), [later])
    profiles = book.load_profiles([b"{}", json.dumps({EDITION: str(later.begin_ms)}).encode()])
    assert [book.values_of(profile)["tier"] for profile in profiles] == ["silver", "gold"]


def test_the_linter_reads_negative_numbers() -> None:
    found = Findings()
    conditions = Conditions(LITERALS, found)
    conditions.compile(Scalar("handoffs > -7", PLACE), Scope.WHEN)
    assert conditions.usage["handoffs > -7"].literals["handoffs"] == {-7}


def test_has_asks_for_custom_attributes_and_not_for_a_loops_own_name() -> None:
    assert problems("tags.exists(custom, has(custom.n))") != []


def test_an_update_of_a_customer_counts_from_its_instant_on() -> None:
    directory = Directory({"ACME": Customer("ACME", {"tier": "silver"})})
    directory.update("default", "ACME", Update(1_000, changes=(("tier", "gold"),)))
    tiers = {
        (at, passed): directory.entry("default", "ACME", at, passed=passed)["tier"]
        for at, passed in ((999, True), (1_000, False), (1_000, True), (1_001, False))
    }
    assert list(tiers.values()) == ["silver", "silver", "gold", "gold"]


def test_people_whom_no_rule_asks_for_stand_in_no_profile() -> None:
    """Neither with policies that are valid for a time, where more has to be kept apart."""
    policies = policy_set(
        "policies: [{name: a, valid: {from: '2026-01-01T00:00:00Z'}, clocks: "
        '{resolution: {target: 4h, pause: kind == "x"}}}]'
    )
    assert not {"assignee", "requester"} & set(RuleBook(policies).slots.names)


def test_the_parts_of_a_condition_are_named_as_they_are_written() -> None:
    condition = compiled('kind == "a" || custom.n > 3.0 && custom.b')
    assert [atom.text for atom in condition.atoms] == ['kind == "a"', "custom.n > 3.0", "custom.b"]


def test_a_pattern_may_hold_any_character() -> None:
    assert problems('kind.matches("^\N{PACKAGE}")') == []


def test_a_line_break_in_a_table_belongs_to_its_field() -> None:
    top = "customers: {file: c.csv}\npolicies: [{name: all, clocks: {resolution: {target: 1h}}}]\n"
    found = check_texts({FILE: top, "c.csv": 'id,tier\n"AC\nME",\n'})
    assert [one.code for one in found] == ["BAD_NAME"]


def test_a_step_for_all_of_the_incidents_own_people_of_whom_there_is_nobody() -> None:
    everybody = ("team", "assignee", "customer", "requester", "vendor")
    nobody = " && ".join(f'{name} == ""' for name in everybody)
    text = f"""\
        policies:
          - name: a
            when: '{nobody}'
            clocks: {{resolution: {{target: 4h}}}}
            escalations: [{{at: 80%, notify: [{", ".join(everybody)}]}}]
          - {{name: rest, clocks: {{resolution: {{target: 4h}}}}}}
        """
    assert "5: NO_ACTION" in said(text)


@pytest.mark.parametrize(
    ("elapsed", "shown"), [(90_000, "90000 (30s more)"), (30_000, "30000 (30s less)")]
)
def test_a_length_that_differs_says_in_which_direction(elapsed: int, shown: str) -> None:
    given = clocks({"cycle": 1, "elapsed_ms": elapsed})
    (found,) = compare(expecting("{clocks: {update: {elapsed_ms: 60000}}}"), given, [])
    assert found.got == shown


@pytest.mark.parametrize(
    "name",
    [
        "NO_POLICY",
        "MISSING_DEFAULT",
        "NO_TARGET",
        "UNREACHABLE",
        "OVERLAP",
        "DAY_IS_24H",
        "NEVER_PAUSED",
        "ALWAYS_PAUSED",
        "START_WITHIN_END",
        "NEVER_ENDS",
        "ENDLESS_CYCLES",
        "NO_CATCH_ALL",
        "SEVERAL_ATTRIBUTES",
        "WARNING_AT_START",
        "NO_EFFECT",
        "NO_ACTION",
    ],
)
def test_what_is_doubtful_is_no_reason_to_refuse_a_policy_set(name: str) -> None:
    found = check_texts({FILE: CODES[name].example})
    assert {one.severity for one in found if one.code == name} == {Severity.WARNING}


@pytest.mark.parametrize(("text", "answer"), [("custom.n == 0.0", True), ("custom.n < 0.0", False)])
def test_an_absent_number_is_nought(text: str, answer: bool) -> None:
    assert compiled(text).holds({}) is answer


@pytest.mark.parametrize(
    "when",
    [
        'status == "on_hold" && tier == "gold"',
        "has(custom.b) && !custom.b",
        "custom.n < -5.0",
    ],
)
def test_a_condition_that_can_hold_is_not_said_never_to(when: str) -> None:
    text = f"""\
        {NUMBERED.rstrip()}
        policies:
          - {{name: a, when: '{when}', clocks: {{resolution: {{target: 4h}}}}}}
          - {{name: rest, clocks: {{resolution: {{target: 4h}}}}}}
        """
    assert said(text) == []


def test_a_condition_that_builds_a_message_is_refused() -> None:
    assert problems("Order{weight: 1} == Order{weight: 1}") != []


def test_a_directory_of_one_byte_too_much_is_refused_and_never_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "policies: [{name: a, clocks: {resolution: {target: 1h}}}] # and so on"
    (tmp_path / FILE).write_text(text)
    monkeypatch.setattr(load, "POLICY_BYTES_MAX", len(text))
    assert check_directory(tmp_path) == []
    monkeypatch.setattr(load, "POLICY_BYTES_MAX", len(text) - 1)
    assert [one.code for one in check_directory(tmp_path)] == ["FILE"]
