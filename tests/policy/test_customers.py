"""The customer directory, inline and as a table."""

from __future__ import annotations

import pytest

from sla_engine.policy import check_texts, load_texts
from sla_engine.policy.model import Customer
from tests.policy.texts import FILE, policy_set, said

TOP = """\
attributes: {tier: {values: [gold, standard], default: standard}}
calendars: {chennai: {time_zone: Asia/Kolkata, hours: {mon: 09:00-17:00}}}
policies: [{name: all, clocks: {resolution: {target: 1h}}}]
"""
ACME = Customer(
    "ACME",
    {
        "tier": "gold",
        "contract": "C-7",
        "calendar": "chennai",
        "time_zone": "Asia/Kolkata",
        "team": "south",
        "region": "IN",
    },
    1_767_225_600_000,
    1_767_312_000_000,
)


def test_a_customer_fills_attributes_and_may_be_valid_for_a_time() -> None:
    customers = policy_set(
        TOP + "customers:\n"
        "  ACME: {tier: gold, contract: C-7, calendar: chennai, time_zone: Asia/Kolkata,\n"
        "         team: south, region: IN,\n"
        "         valid: {from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z'}}\n"
        "  4711: {}\n"
    ).customers
    assert customers == {"ACME": ACME, "4711": Customer("4711", {})}


def test_a_table_says_the_same() -> None:
    table = (
        "id,tier,contract,calendar,time_zone,team,region,valid_from,valid_to\n"
        "ACME,gold,C-7,chennai,Asia/Kolkata,south,IN,2026-01-01T00:00:00Z,2026-01-02T00:00:00Z\n"
        "\n"
        '"Bee, Ltd",,,,,,,,\n'
    )
    customers = load_texts({FILE: TOP + "customers: {file: c.csv}\n", "c.csv": table}).customers
    assert customers == {"ACME": ACME, "Bee, Ltd": Customer("Bee, Ltd", {})}


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("{teir: gold}", "UNKNOWN_KEY"),
        ("{tier: golden}", "UNKNOWN_VALUE"),
        ("{calendar: madras}", "UNKNOWN_CALENDAR"),
        ("{time_zone: Asia/Madras2}", "BAD_CALENDAR"),
        ("{team: [a]}", "WRONG_TYPE"),
        ("{valid: {from: 2026-01-01}}", "BAD_TIME"),
        ("{valid: {from: 2026-01-02T00:00:00Z, to: 2026-01-01T00:00:00Z}}", "BAD_TIME"),
        ("{valid: {since: 2026-01-02T00:00:00Z}}", "UNKNOWN_KEY"),
        ("gold", "WRONG_TYPE"),
    ],
)
def test_a_wrong_entry_is_said(entry: str, code: str) -> None:
    assert said(f"{TOP}customers:\n  ACME: {entry}\n") == [f"5: {code}"]


@pytest.mark.parametrize(
    ("table", "found"),
    [
        ("id,teir\nA,gold\n", "c.csv:1: UNKNOWN_KEY"),
        ("tier\ngold\n", "c.csv:1: MISSING_KEY"),
        ("id,id\nA,A\n", "c.csv:1: MISSING_KEY"),
        ("id,tier\nA,gold\nB\n", "c.csv:3: BAD_VALUE"),
        ("id,tier\nA,gold\nB,silver\n", "c.csv:3: UNKNOWN_VALUE"),
        ("id,tier\nA,gold\nA,gold\n", "c.csv:3: DUPLICATE"),
        ('id,tier\n"A"x,gold\n', "c.csv:2: FILE"),
        ("id,tier\n,gold\n", "c.csv:2: BAD_NAME"),
    ],
)
def test_a_wrong_table_is_said_at_its_line(table: str, found: str) -> None:
    texts = {FILE: TOP + "customers: {file: c.csv}\n", "c.csv": table}
    assert [f"{e.file}:{e.line}: {e.code}" for e in check_texts(texts)] == [found]


def test_a_table_that_is_not_there_names_the_nearest() -> None:
    texts = {FILE: TOP + "customers: {file: customer.csv}\n", "customers.csv": "id\n"}
    (error,) = check_texts(texts)
    assert (error.code, error.line) == ("FILE", 4)
    assert "did you mean `customers.csv`?" in error.message
