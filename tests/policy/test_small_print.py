"""Rules of the policy language that show in few policies: figures worked out by hand, and what the
reference says of the same case."""

from __future__ import annotations

import pytest

from sla_engine.policy import check_texts
from sla_engine.policy.compare import compare
from sla_engine.policy.tables import RuleBook
from tests.clock.test_editions import OPENED, RESTART, Case, check
from tests.policy.conditions import compiled, problems
from tests.policy.test_cases import clocks, expecting
from tests.policy.texts import FILE, policy_set, said
from tests.reference.test_edition_rules import resolution
from tests.reference.test_reference_rules import WORK, instant

URGENT = ("updated", {"priority": "urgent"})
SCORED = ", escalations: [{at: score >= 30, notify: t}]"
HALF_IF = ", escalations: [{at: 50%%, notify: t, if: score >= %d}]"
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
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_rule_that_few_policies_show(case: Case) -> None:
    check(case)


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
