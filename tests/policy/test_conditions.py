"""Conditions: CEL over attributes, typed and checked (policy-language, "Conditions")."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla_engine.event.layout import TYPE_NAMES
from sla_engine.policy.cel import Scope
from sla_engine.policy.model import Value
from sla_engine.policy.nodes import Place, Scalar
from sla_engine.policy.vocabulary import ATTRIBUTES, EVENT_TYPES
from tests.policy.conditions import INSTANT, KNOWN, VALUES, Known, Values, compiled, problems
from tests.policy.texts import policy, said


@pytest.mark.parametrize(
    "name", [name for name, kind in ATTRIBUTES.items() if kind == "text" and name != "tier"]
)
def test_a_text_that_is_absent_is_empty(name: str) -> None:
    condition = compiled(f'{name} == ""')
    assert condition.holds({})
    assert condition.holds({name: None})
    assert condition.attributes == {name}


@pytest.mark.parametrize(
    ("text", "values", "answer"),
    [
        ("reopens == 0 && handoffs == 0", {}, True),
        ("handoffs > 1", {"handoffs": 2}, True),
        ("size(tags) == 0", {}, True),
        ('"vip" in tags', {"tags": ("vip", "x")}, True),
        ("custom.b", {}, False),
        ("custom.b", {"custom.b": True}, True),
        ("custom.n > 2.5", {"custom.n": 3}, True),
        ("handoffs > -1", {}, True),
        ("reopens in [-1, 2]", {"reopens": -1}, True),
        ("custom.n > 2.5", {"custom.n": "three"}, False),
        ("has(custom.s)", {}, False),
        ("has(custom.s)", {"custom.s": ""}, True),
        ("has(custom.n) == true", {"custom.n": 0}, True),
        ("true != has(custom.n)", {"custom.n": 0}, False),
        ("has( custom . t )", {"custom.t": INSTANT}, True),
        ('tier == "standard"', {}, True),
        ('tier == "gold"', {"tier": "gold"}, True),
        ('priority in ["urgent"]', {"priority": "urgent"}, True),
        ("opened_at.getFullYear() == 2026", {"opened_at": INSTANT}, True),
        ('kind.startsWith("inv")', {"kind": "invoice"}, True),
        ('kind == "x" // whatever', {"kind": "x"}, True),
    ],
)
def test_attributes_have_their_types(text: str, values: Values, answer: bool) -> None:
    assert compiled(text).holds(values) is answer


@pytest.mark.parametrize("operator", ["<", "<=", ">", ">=", "==", "!="])
def test_an_absent_time_compares_false(operator: str) -> None:
    comparison = f'due {operator} timestamp("2026-01-01T00:00:00Z")'
    assert not compiled(comparison).holds({})
    assert compiled(f"!({comparison})").holds({})
    assert not compiled(f"due {operator} opened_at").holds({"due": INSTANT})


def test_a_time_is_exact_to_the_millisecond() -> None:
    condition = compiled('due < timestamp("2026-01-01T00:00:00.002Z")')
    assert condition.holds({"due": INSTANT + 1})
    assert not condition.holds({"due": INSTANT + 2})


@pytest.mark.parametrize("value", [None, 7, 1.5, True, "text", ("a",), 10**30, "\ud800"])
def test_a_value_of_any_kind_is_answered_and_never_raises(value: Value) -> None:
    for text in ('kind == "a"', "reopens > 1", "custom.n > 1.0", "custom.b", '"a" in tags'):
        condition = compiled(text)
        assert condition.holds(dict.fromkeys(condition.attributes, value)) in (True, False)


def test_a_part_that_cannot_be_evaluated_is_false() -> None:
    assert not compiled("10 / reopens > 1").holds({"reopens": 0})
    assert compiled('10 / reopens > 1 || kind == "a"').holds({"kind": "a"})
    assert compiled("!(10 / reopens > 1)").holds({"reopens": 0})
    assert not compiled('tags[3] == "a"').holds({"tags": ("a",)})


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        ('statsu == "open"', "UNKNOWN_ATTRIBUTE", "did you mean `status`?"),
        ('custom.m == "a"', "UNKNOWN_ATTRIBUTE", "`custom.m` is not declared"),
        ("now > due", "UNKNOWN_ATTRIBUTE", "time is what thresholds are for"),
        ('_has_custom_n && kind == "a"', "UNKNOWN_ATTRIBUTE", "`_has_custom_n`"),
        ('tier == "silver"', "UNKNOWN_VALUE", "known: gold, standard"),
        ('tier in ["gold", "golden"]', "UNKNOWN_VALUE", "did you mean `gold`?"),
        ('tier == ""', "UNKNOWN_VALUE", "no value of `tier`"),
        ('"P1" == priority', "UNKNOWN_VALUE", "write the label, `urgent`"),
        ('priority == "hgih"', "UNKNOWN_VALUE", "no value of `priority`"),
        ('status == "pendign"', "UNKNOWN_VALUE", "did you mean `pending`?"),
        ('status_class == "pending"', "UNKNOWN_VALUE", "no value of `status_class`"),
        ("reopens > 1.5", "CONDITION", "column 9"),
        ("custom.n > 1", "CONDITION", "a number is written with a point: 1.0"),
        ("kind == 3", "CONDITION", "no matching overload"),
        ("kind", "CONDITION", "`kind` is a string"),
        ("kind ==", "CONDITION", "Syntax error"),
        ("foo(kind)", "CONDITION", "undeclared reference to 'foo'"),
        ("has(kind)", "CONDITION", "has() takes a custom.X"),
        ("has(channel)", "CONDITION", "has() takes a custom.X"),
        ("has(event.type)", "CONDITION", 'compare `event.type` with "" instead'),
        ("custom == kind", "CONDITION", "write `custom.NAME`"),
        ('event.type == "incident.created"', "CONDITION", "only to a clock's conditions"),
        ("score > 80", "CONDITION", "only in a step's `if`"),
        ('due > timestamp("tomorrow")', "CONDITION", "timestamp() can never work"),
        ('kind.matches("(")', "CONDITION", "missing )"),
        ("  ", "CONDITION", "a condition is empty"),
    ],
)
def test_what_is_wrong_is_said_with_file_line_and_a_hint(text: str, code: str, hint: str) -> None:
    (problem,) = problems(text)
    assert problem.startswith(f"policies.yaml:7: {code} ")
    assert hint in problem


def test_every_mistake_of_a_condition_is_said() -> None:
    assert len(problems('knid == "a" && teem == "b" && tier == "silver"')) == 3


def test_event_members_are_known_to_clock_conditions_only() -> None:
    condition = compiled('event.type == "incident.commented" && event.public', Scope.CLOCK)
    assert condition.uses_event
    assert condition.holds({"event.type": "incident.commented", "event.public": True})
    assert not condition.holds({})
    (problem,) = problems('event.type == "commented"', Scope.CLOCK)
    assert "did you mean `incident.commented`?" in problem


def test_the_score_is_known_to_a_steps_if() -> None:
    assert compiled("score >= 80", Scope.STEP).holds({"score": 80})


def test_event_types_are_those_of_the_contracts() -> None:
    assert set(EVENT_TYPES) < set(TYPE_NAMES)


def test_a_line_inside_a_block_is_its_own() -> None:
    text = """\
        policies:
          - name: all
            when: |
              kind == "a" &&
              teem == "b"
            clocks: {resolution: {target: 1h}}
        """
    assert "5: UNKNOWN_ATTRIBUTE" in said(text)


def test_a_condition_says_where_it_stands() -> None:
    when = policy("""\
        policies:
          - name: all
            when: kind == "a"
            clocks: {resolution: {target: 1h}}
        """).when
    assert when is not None
    assert (when.text, when.where) == ('kind == "a"', "policies.yaml:3")


@settings(deadline=None)
@given(KNOWN, VALUES)
def test_a_condition_means_what_it_says(known: Known, values: Values) -> None:
    assert compiled(known.text).holds(values) is known.answer(values)


@pytest.mark.parametrize(
    ("text", "atoms", "joint"),
    [
        (
            'kind == "a" && tier in ["gold"]',
            {("kind", 'kind == "a"'), ("tier", 'tier in ["gold"]')},
            set(),
        ),
        (
            '!(kind == "a" || kind == "b") && has(custom.n)',
            {("kind", '!(kind == "a" || kind == "b")'), ("custom.n", "has(custom.n)")},
            set(),
        ),
        (
            'team == vendor || kind == "a"',
            {("kind", 'kind == "a"')},
            {"team", "vendor"},
        ),
        (
            'custom.b ? reopens > 2 : (kind + "x").startsWith("a")',
            {
                ("custom.b", "custom.b"),
                ("reopens", "reopens > 2"),
                ("kind", '(kind + "x").startsWith("a")'),
            },
            set(),
        ),
        (
            'tags.exists(tier, tier == "x") && (handoffs > -1) == (tier == "gold")',
            {
                ("tags", 'tags.exists(tier, tier == "x")'),
                ("handoffs", "handoffs > -1"),
                ("tier", 'tier == "gold"'),
            },
            set(),
        ),
        ("1 < 2", set(), set()),
    ],
)
def test_a_condition_splits_into_parts_of_one_attribute(
    text: str, atoms: set[tuple[str, str]], joint: set[str]
) -> None:
    condition = compiled(text)
    assert {(atom.attribute, atom.text) for atom in condition.atoms} == atoms
    assert condition.joint == joint


@settings(deadline=None)
@given(KNOWN, VALUES)
def test_an_atoms_text_means_what_the_atom_does(known: Known, values: Values) -> None:
    for atom in compiled(known.text).atoms:
        value = values.get(atom.attribute)
        assert compiled(atom.text).holds({atom.attribute: value}) is atom.holds(value)


@settings(deadline=None)
@given(KNOWN, VALUES, VALUES, st.data())
def test_atoms_and_joint_values_determine_a_condition(
    known: Known, values: Values, others: Values, data: st.DataObject
) -> None:
    """An attribute may take any other value that its atoms cannot tell apart (the profile)."""
    condition = compiled(known.text)
    swapped = dict(values)
    for name in sorted(condition.attributes - condition.joint):
        atoms = [atom for atom in condition.atoms if atom.attribute == name]
        mine, other = values.get(name), others.get(name)
        same = all(atom.holds(mine) is atom.holds(other) for atom in atoms)
        if same and data.draw(st.booleans()):
            swapped[name] = other
    assert condition.holds(swapped) is condition.holds(values)


def test_a_scalar_in_a_block_counts_lines_from_its_content() -> None:
    scalar = Scalar("a", Place("f", 3), block_line=4)
    assert str(scalar.content) == "f:4"
