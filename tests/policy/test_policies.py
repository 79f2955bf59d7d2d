"""Policies as wholes: sets, validity, ladders, and their versions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sla_engine.policy import check_directory, check_texts, load_directory, load_text
from sla_engine.policy.model import RepeatLadder
from tests.policy.texts import message, policy, policy_set, said

ONE = "{name: p, clocks: {resolution: {target: 4h}}%s}"


def test_a_policy_that_says_little_is_in_the_default_set_and_always_valid() -> None:
    made = policy(f"policies: [{ONE % ''}]")
    assert (made.name, made.set, made.when, made.valid_from, made.valid_to) == (
        "p",
        "default",
        None,
        None,
        None,
    )
    assert (made.steps, made.repeat_ladder, made.ack_expires_ms) == ((), None, 0)


def test_policies_keep_the_order_they_are_written_in() -> None:
    text = "policies:\n" + "".join(
        f"  - {{name: {name}, when: reopens > {n}, clocks: {{resolution: {{target: 1h}}}}}}\n"
        for n, name in enumerate("cab")
    )
    assert [made.name for made in policy_set(text).policies] == ["c", "a", "b"]


def test_a_policy_may_be_valid_for_a_time() -> None:
    valid = ", valid: {from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z'}"
    made = policy(f"policies: [{ONE % valid}]")
    assert (made.valid_from, made.valid_to) == (1_767_225_600_000, 1_767_312_000_000)
    made = policy(f"policies: [{ONE % ', valid: {to: 2026-01-01T00:00:00Z}'}]")
    assert (made.valid_from, made.valid_to) == (None, 1_767_225_600_000)


def test_a_ladder_may_be_repeated_and_an_acknowledgement_expire() -> None:
    made = policy(f"policies: [{ONE % ', repeat_ladder: {times: 3, wait: 30m}, ack_expires: 15m'}]")
    assert made.repeat_ladder == RepeatLadder(3, 1_800_000)
    assert made.ack_expires_ms == 900_000


@pytest.mark.parametrize(
    ("rest", "codes"),
    [
        (", set: ola", "UNKNOWN_SET"),
        (", wen: reopens > 1", "UNKNOWN_KEY"),
        (", valid: {from: tomorrow}", "BAD_TIME"),
        (", valid: 2026", "WRONG_TYPE"),
        (", repeat_ladder: {times: 3}", "MISSING_KEY"),
        (", repeat_ladder: {times: 300, wait: 1h}", "BAD_VALUE"),
        (", ack_expires: 1bd", "BAD_DURATION"),
        (", escalations: {at: breach}", "WRONG_TYPE"),
        (", when: [a]", "WRONG_TYPE"),
    ],
)
def test_what_is_wrong_with_a_policy_is_said(rest: str, codes: str) -> None:
    assert said(f"policies:\n  - {ONE % rest}") == [f"2: {codes}"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{clocks: {resolution: {target: 4h}}}", "MISSING_KEY"),
        ("{name: , clocks: {resolution: {target: 4h}}}", "WRONG_TYPE"),
        ("{name: p}", "MISSING_KEY"),
        ("{name: p, clocks: {}}", "MISSING_KEY"),
        ("{name: p, clocks: [resolution]}", "WRONG_TYPE"),
        ("p", "WRONG_TYPE"),
    ],
)
def test_a_policy_needs_a_name_and_clocks(text: str, code: str) -> None:
    assert said(f"policies: [{text}]")[0] == f"1: {code}"


def test_a_policys_name_is_given_once() -> None:
    text = f"policies:\n  - {ONE % ', when: reopens > 1'}\n  - {ONE % ''}\n"
    assert said(text) == ["3: DUPLICATE"]
    assert "policies.yaml:2" in message(text)


def test_clock_names_are_unique_in_a_set_that_matches_all() -> None:
    text = """\
        sets: {ola: {match: all}}
        policies:
          - {name: a, set: ola, clocks: {acknowledge: {target: 1h}}}
          - {name: b, set: ola, clocks: {acknowledge: {target: 2h}}}
          - {name: c, clocks: {acknowledge: {target: 2h}}}
        """
    assert said(text) == ["4: CLOCK_NAMES"]
    assert "with `kind: acknowledge`" in message(text)
    named = text.replace("{acknowledge: {target: 2h", "{second: {kind: acknowledge, target: 2h")
    assert said(named) == []
    assert said(text.replace("match: all", "match: first")) == ["4: UNREACHABLE"]


def test_a_version_is_what_a_policy_means_not_how_it_is_written() -> None:
    made = policy("policies: [{name: p, clocks: {resolution: {target: 90m}}}]")
    same = policy("""\
        # said otherwise
        defaults: {rearm: false}
        policies:
          - clocks:
              resolution:
                target: '1h30m'
                calendar: 24x7
            name: p
        """)
    assert re.fullmatch(r"[0-9a-f]{12}", made.version)
    assert same.version == made.version


@pytest.mark.parametrize(
    "change",
    [
        ("4h", "5h"),
        ("reopens > 1", "reopens > 2"),
        ("50%", "51%"),
        ("notify: team", "page: team"),
        ("notify: team", "notify: vendor"),
        ("name: p", "name: q"),
        ("hold: 1s", "hold: 2s"),
    ],
)
def test_a_version_changes_with_what_a_policy_means(change: tuple[str, str]) -> None:
    text = """\
        defaults: {hold: 1s}
        policies:
          - name: p
            when: reopens > 1
            clocks: {resolution: {target: 4h}}
            escalations: [{at: 50%, notify: team}]
        """
    old, new = policy_set(text), policy_set(text.replace(*change))
    assert old.policies[0].version != new.policies[0].version
    assert old.version != new.version


@pytest.mark.parametrize(
    "more",
    [
        "customers: {ACME: {tier: gold}}",
        "statuses: {pending: on_hold}",
        "recipients: {lead: {}}",
        "priorities: {urgent: [P1], high: [], normal: [], low: []}",
        "calendars: {work: {time_zone: UTC, hours: {mon: 09:00-17:00}, holidays: [2026-01-01]}}",
    ],
)
def test_the_sets_version_is_over_everything(more: str) -> None:
    text = f"policies: [{ONE % ''}]\n"
    plain, richer = policy_set(text), policy_set(f"{text}{more}\n")
    assert plain.version != richer.version
    assert plain.policies[0].version == richer.policies[0].version


def test_every_golden_set_loads_without_a_finding(shared: Path) -> None:
    folders = sorted(path for path in (shared / "golden").iterdir() if path.is_dir())
    assert len(folders) == 32
    for folder in folders:
        assert check_directory(folder) == []
        assert load_directory(folder).policies


def test_the_example_of_the_policy_language_loads_without_a_finding(shared: Path) -> None:
    language = (shared / "policy-language.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", language, re.DOTALL)
    assert check_texts({"example.yaml": example}) == []
    loaded = load_text(example)
    assert [made.name for made in loaded.policies] == [
        "late-parcel-premium",
        "promised-delivery",
        "customs",
        "invoice-query",
        "phone",
        "complaint",
        "everyone",
        "hand-off",
        "carrier-partner",
    ]
    assert sum(len(made.clocks) for made in loaded.policies) == 20
