"""The words that a policy set declares: attributes, priorities, statuses, sets, recipients."""

from __future__ import annotations

import pytest

from sla_engine.policy.model import AttributeSpec, Recipient, SetSpec, StatusClass
from tests.policy.texts import message, policy_set, said

ALL = "policies: [{name: all, clocks: {resolution: {target: 1h}}}]\n"


def test_attributes_have_a_type_values_a_default_and_may_be_personal() -> None:
    declared = policy_set(
        """\
        attributes:
          tier: {values: [platinum, gold, standard], default: standard}
          custom.eur: number
          custom.fragile: boolean
          custom.promised_at: time
          custom.name: {type: text, personal: true}
          tags: {values: [vip, new]}
        """
        + ALL
    ).attributes
    assert declared["tier"] == AttributeSpec(
        "tier", "text", ("platinum", "gold", "standard"), "standard"
    )
    assert [declared[f"custom.{n}"].type for n in ("eur", "fragile", "promised_at", "name")] == [
        "number",
        "boolean",
        "time",
        "text",
    ]
    assert declared["custom.name"].personal
    assert declared["tags"].values == ("vip", "new")


def test_the_requester_is_personal_always() -> None:
    assert policy_set(ALL).attributes["requester"].personal
    assert policy_set("attributes: {requester: text}\n" + ALL).attributes["requester"].personal


@pytest.mark.parametrize(
    ("attributes", "code", "hint"),
    [
        ("{custom.x: txt}", "BAD_VALUE", "did you mean `text`?"),
        ("{custom.x: [text]}", "WRONG_TYPE", "one of text, number, boolean, time"),
        ("{custom.3x: text}", "BAD_NAME", "letters, digits"),
        ("{custom.in: text}", "BAD_NAME", "letters, digits"),
        ("{shoe: text}", "UNKNOWN_ATTRIBUTE", "declare `custom.NAME`"),
        ("{teir: {values: [a]}}", "UNKNOWN_ATTRIBUTE", "did you mean `tier`?"),
        ("{tier: {vales: [a]}}", "UNKNOWN_KEY", "did you mean `values`?"),
        ("{tier: {values: a}}", "WRONG_TYPE", "a list"),
        ("{tier: {values: [a, a]}}", "DUPLICATE", "`a` is listed twice"),
        ("{tier: {values: [a, b], default: c}}", "UNKNOWN_VALUE", "`c` is not among its values"),
        ("{tier: {type: number}}", "BAD_VALUE", "its type is text"),
        ("{custom.n: {type: number, values: [a]}}", "BAD_VALUE", "only a text has values"),
        ("{custom.n: {type: text, personal: 1}}", "WRONG_TYPE", "true or false"),
    ],
)
def test_a_wrong_attribute_is_said(attributes: str, code: str, hint: str) -> None:
    text = f"attributes: {attributes}\n{ALL}"
    assert said(text) == [f"1: {code}"]
    assert hint in message(text)


def test_priorities_are_urgent_high_normal_low_unless_said() -> None:
    assert policy_set(ALL).priorities == ("urgent", "high", "normal", "low")
    assert policy_set("priorities: [P1, P2]\n" + ALL).priorities == ("P1", "P2")


def test_priorities_as_a_map_keep_their_order_and_their_synonyms() -> None:
    loaded = policy_set('priorities: {urgent: [P1, "1"], high: P2, low: }\n' + ALL)
    assert loaded.priorities == ("urgent", "high", "low")
    assert loaded.priority_synonyms == {
        "urgent": "urgent",
        "high": "high",
        "low": "low",
        "P1": "urgent",
        "1": "urgent",
        "P2": "high",
    }


@pytest.mark.parametrize(
    ("priorities", "code"),
    [
        ("[a, a]", "DUPLICATE"),
        ("{a: [x], b: [x]}", "DUPLICATE"),
        ("{a: [b], b: []}", "DUPLICATE"),
        ("[]", "BAD_VALUE"),
        ("urgent", "WRONG_TYPE"),
        ("[default]", "BAD_NAME"),
        ("[[a]]", "WRONG_TYPE"),
        ('[""]', "BAD_NAME"),
    ],
)
def test_wrong_priorities_are_said(priorities: str, code: str) -> None:
    assert f"1: {code}" in said(f"priorities: {priorities}\n{ALL}")


def test_statuses_have_a_class_and_classes_are_labels() -> None:
    statuses = policy_set(
        "statuses: {pending: waiting_customer, solved: resolved}\n" + ALL
    ).statuses
    assert statuses["pending"] is StatusClass.WAITING_CUSTOMER
    assert statuses["solved"] is StatusClass.RESOLVED
    assert statuses["on_hold"] is StatusClass.ON_HOLD
    assert len(statuses) == 8


@pytest.mark.parametrize(
    ("statuses", "code", "hint"),
    [
        ("{pending: waiting}", "BAD_VALUE", "did you mean `waiting_vendor`?"),
        ("{open: closed}", "BAD_NAME", "stays its own label"),
        ("[pending]", "WRONG_TYPE", "a map"),
    ],
)
def test_wrong_statuses_are_said(statuses: str, code: str, hint: str) -> None:
    text = f"statuses: {statuses}\n{ALL}"
    assert said(text) == [f"1: {code}"]
    assert hint in message(text)


def test_a_class_may_be_declared_as_itself() -> None:
    assert policy_set("statuses: {open: open}\n" + ALL).statuses["open"] is StatusClass.OPEN


def test_sets_match_the_first_policy_and_are_ours_unless_said() -> None:
    sets = policy_set("sets: {ola: {match: all, party: team}, uc: {party: vendor}}\n" + ALL).sets
    assert sets == {
        "default": SetSpec("default"),
        "ola": SetSpec("ola", match_all=True, party="team"),
        "uc": SetSpec("uc", party="vendor"),
    }


def test_the_default_set_may_be_changed() -> None:
    assert policy_set("sets: {default: {match: all}}\n" + ALL).sets["default"].match_all


@pytest.mark.parametrize(
    ("sets", "code"),
    [
        ("{ola: {match: some}}", "BAD_VALUE"),
        ("{ola: {party: them}}", "BAD_VALUE"),
        ("{ola: {mach: all}}", "UNKNOWN_KEY"),
        ("{ola: all}", "WRONG_TYPE"),
    ],
)
def test_wrong_sets_are_said(sets: str, code: str) -> None:
    assert said(f"sets: {sets}\n{ALL}") == [f"1: {code}"]


def test_recipients_have_ways_and_a_description() -> None:
    recipients = policy_set(
        "recipients: {lead: {via: [mail, sms], description: on call}, boss: {}}\n" + ALL
    ).recipients
    assert recipients["lead"] == Recipient("lead", ("mail", "sms"), "on call")
    assert recipients["boss"] == Recipient("boss")


@pytest.mark.parametrize(
    ("recipients", "code"),
    [
        ("{team: {}}", "BAD_NAME"),
        ("{vendor: {}}", "BAD_NAME"),
        ("{lead: {vai: [x]}}", "UNKNOWN_KEY"),
        ("{lead: mail}", "WRONG_TYPE"),
        ("[lead]", "WRONG_TYPE"),
        ('{"a\\tb": {}}', "BAD_NAME"),
        ("{" + "x" * 256 + ": {}}", "BAD_NAME"),
    ],
)
def test_wrong_recipients_are_said(recipients: str, code: str) -> None:
    assert said(f"recipients: {recipients}\n{ALL}") == [f"1: {code}"]


def test_maintenance_is_a_window_with_a_condition() -> None:
    (window,) = policy_set(
        """\
        maintenance:
          - {from: 2026-01-01T00:00:00Z, to: '2026-01-01T02:00:00+01:00', when: team == "noc"}
        """
        + ALL
    ).maintenance
    assert (window.from_ms, window.to_ms) == (1_767_225_600_000, 1_767_229_200_000)
    assert window.when is not None
    assert window.when.holds({"team": "noc"})


@pytest.mark.parametrize(
    ("window", "code"),
    [
        ("{from: 2026-01-01T00:00:00Z}", "MISSING_KEY"),
        ("{from: 2026-01-01, to: 2026-01-02T00:00:00Z}", "BAD_TIME"),
        ("{from: 2026-01-02T00:00:00Z, to: 2026-01-01T00:00:00Z}", "BAD_TIME"),
        ("{from: 2026-01-01T00:00:00Z, to: 2026-01-02T00:00:00Z, wen: x}", "UNKNOWN_KEY"),
        (
            "{from: 2026-01-01T00:00:00Z, to: 2026-01-02T00:00:00Z, when: event.public}",
            "CONDITION",
        ),
        ("nightly", "WRONG_TYPE"),
    ],
)
def test_a_wrong_window_is_said(window: str, code: str) -> None:
    assert said(f"maintenance: [{window}]\n{ALL}") == [f"1: {code}"]
