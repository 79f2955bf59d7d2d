"""A made-up value stands for that of a person wherever the rules cannot tell them apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla_engine.policy import load_text
from sla_engine.policy.profile import Slots
from sla_engine.policy.stand_in import literals_of

RULES = """
attributes: {custom.nick: {type: text, personal: true}, custom.site: text}
policies:
  - name: some
    when: >-
      requester.endsWith("@vip.example") || custom.nick == 'boss' || size(requester) > 12
      || requester.startsWith("dr-") || custom.site == 'here' || assignee in ["noc-1", "noc-2"]
    clocks: {resolution: {target: 1h}}
  - {name: all, clocks: {resolution: {target: 2h}}}
"""


def kept(name: str, value: str, rules: str = RULES) -> object:
    """What a profile keeps of a value."""
    slots = Slots(load_text(rules))
    found, _ = slots.class_of(slots.index[name], value)
    return slots.slots[name].values[found]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("requester", "ann@vip.example"),
        ("requester", "dr-ann@vip.example"),
        ("requester", "dr-ann"),
        ("requester", "ann"),
        ("requester", "ann@somewhere.else.example"),
        ("custom.nick", "ann"),
        ("assignee", "ann"),
    ],
)
def test_the_value_kept_names_nobody(name: str, value: str) -> None:
    assert "ann" not in str(kept(name, value))


def test_what_the_rules_name_is_kept() -> None:
    assert kept("custom.nick", "boss") == "boss"
    assert kept("custom.site", "there") == "there"


@given(st.text(min_size=1, max_size=20) | st.sampled_from(["dr-x@vip.example", "a@vip.example"]))
def test_the_rules_answer_the_same(value: str) -> None:
    slots = Slots(load_text(RULES))
    slot = slots.slots["requester"]
    found, _ = slots.class_of(slots.index["requester"], value)
    stands = slot.values[found]
    assert [bool(test(stands)) for test in slot.tests] == [bool(test(value)) for test in slot.tests]
    assert slots.class_of(slots.index["requester"], stands)[0] == found
    assert slots.names_somebody((found,) * len(slots.names)) == (stands == value)


def test_where_no_made_up_value_answers_alike_the_own_one_is_kept_and_known_as_such() -> None:
    rules = """
policies:
  - name: own
    when: requester.matches('^[a-z]+#[0-9]$')
    clocks: {resolution: {target: 1h}}
"""
    slots = Slots(load_text(rules))
    at = slots.index["requester"]
    first, second = (slots.class_of(at, value)[0] for value in ("ann#1", "bob#2"))
    assert slots.slots["requester"].named == {first, second}
    assert slots.slots["requester"].values[1:] == ["ann#1", "bob#2"]


def test_literals_are_the_texts_and_whole_numbers_of_a_condition() -> None:
    said = """requester == "a'b" || size(requester) > 12 && requester != 'x "y"'"""
    assert literals_of(said) == ["a'b", "12", 'x "y"']
