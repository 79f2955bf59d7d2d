"""`policy check`, `explain` and `test` as a person or a program sees them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sla_engine.policy import policy_schema
from tests.cli.calling import Capture, call, event, run_apart

CASE = """\
tests:
  - name: waiting does not count
    events:
      - {type: created, at: '2026-11-23T09:00:00+01:00', priority: high}
      - {type: updated, at: '2026-11-23T10:00:00+01:00', status: waiting_customer}
    until: '2026-11-23T12:00:00+01:00'
    expect: {clocks: {resolution: {state: STATE, due: null}}}
"""


def test_check_prints_what_is_promised_in_plain_words(
    capsysbinary: Capture, policies: Path
) -> None:
    called = call(capsysbinary, "policy", "check", policies)
    assert (called.code, called.err) == (0, "")
    assert (
        "resolved within 4 hours for high, 2 business days otherwise, in the hours of office"
        in (called.out)
    )


def test_check_prints_every_finding_with_file_line_and_code(
    capsysbinary: Capture, policies: Path
) -> None:
    (policies / "more.yaml").write_text(
        "policies:\n"
        "  - name: a\n"
        "    clocks: {resolution: {target: 1d}}\n"
        "  - name: b\n"
        "    calendar: nowhere\n"
        "    clocks: {resolution: {target: soon}}\n"
    )
    called = call(capsysbinary, "policy", "check", policies)
    assert called.code == 1
    places = [line.split(" ")[0] for line in called.out.splitlines()]
    assert "more.yaml:5:" in places
    assert "more.yaml:6:" in places
    assert all(line.split(" ")[1].isupper() for line in called.out.splitlines())


def test_warnings_are_marked_and_no_failure(capsysbinary: Capture, policies: Path) -> None:
    (policies / "more.yaml").write_text(
        "policies: [{name: never, clocks: {resolution: {target: 1h}}}]\n"
    )
    called = call(capsysbinary, "policy", "check", policies)
    assert called.code == 0
    assert " warning: " in called.out.splitlines()[0] + called.out.splitlines()[1]


def test_check_for_programs(capsysbinary: Capture, policies: Path) -> None:
    called = call(capsysbinary, "policy", "check", policies, "--format", "json")
    assert called.json()["findings"] == []
    assert called.json()["summary"].startswith("default (what we promise")
    (policies / "support.yaml").write_text("policies: 5\n")
    called = call(capsysbinary, "policy", "check", policies, "--format", "json")
    assert called.code == 1
    (finding,) = called.json()["findings"]
    assert (finding["file"], finding["line"], finding["severity"]) == ("support.yaml", 1, "error")
    assert called.json()["summary"] is None


def test_schema_prints_the_schema_of_policy_files(capsysbinary: Capture) -> None:
    called = call(capsysbinary, "policy", "schema")
    assert (called.code, called.err) == (0, "")
    assert called.json() == policy_schema()


TIERS = """\
attributes: {tier: {values: [gold, standard], default: standard}, custom.value_eur: number}
customers: {ACME: {tier: gold}}
policies:
  - name: gold
    when: tier == "gold" && custom.value_eur > 100.0
    clocks: {resolution: {target: 1h}}
  - name: everyone
    clocks: {resolution: {target: {urgent: 2h, default: 8h}}}
"""


@pytest.mark.parametrize(
    ("attributes", "lines"),
    [
        (
            ["tier=gold", "custom.value_eur=250.5"],
            [
                "gold matches (support.yaml:4)",
                "resolution: 1h on 24x7",
                "everyone is not reached: an earlier policy of the set matches",
            ],
        ),
        (
            ["priority=urgent", "tier=gold", "custom.value_eur=7"],
            [
                "gold does not match",
                "custom.value_eur > 100.0 is false (custom.value_eur is `7`)",
                "everyone matches",
                "resolution: 2h on 24x7",
            ],
        ),
        (["customer=ACME", "custom.value_eur=101"], ["gold matches"]),
    ],
)
def test_explain_says_which_policies_match_and_why_the_others_do_not(
    capsysbinary: Capture, policies: Path, attributes: list[str], lines: list[str]
) -> None:
    (policies / "support.yaml").write_text(TIERS)
    called = call(capsysbinary, "policy", "explain", policies, *attributes)
    assert called.code == 0
    for line in lines:
        assert line in called.out


def test_explain_takes_an_event_or_its_data(
    capsysbinary: Capture, policies: Path, tmp_path: Path
) -> None:
    (policies / "support.yaml").write_text(TIERS)
    file = tmp_path / "event.json"
    data = {"customer": "ACME", "custom": {"value_eur": 500}}
    for text in (event(1, "created", "08:00", **data), b'{"customer": "BETA", "priority": "low"}'):
        file.write_bytes(text)
        explain = "policy", "explain", policies, "--event", file, "--format", "json"
        found = call(capsysbinary, *explain).json()
        verdicts = {one["policy"]: one["verdict"] for one in found["sets"][0]["policies"]}
        gold = b"ACME" in text
        assert verdicts["gold"] == ("matched" if gold else "false")
        assert found["at"] == "2026-11-23T08:00:00.000Z" or not gold
    # NAME=VALUE beats the event.
    found = call(capsysbinary, *explain, "priority=urgent").json()
    assert found["data"]["priority"] == "urgent"
    assert found["sets"][0]["policies"][1]["clocks"][0]["target"] == "2h"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["priority"], "write NAME=VALUE"),
        (["custom.x=1"], "`custom.x` is not declared"),
        (["custom.value_eur=lots"], "`custom.value_eur` is a number"),
        (["--event", "{tmp}/no.json"], "no.json"),
        (["--event", "{tmp}/broken.json"], "is no JSON"),
    ],
)
def test_explain_refuses_what_it_cannot_understand(
    capsysbinary: Capture, policies: Path, tmp_path: Path, given: list[str], said: str
) -> None:
    (policies / "support.yaml").write_text(TIERS)
    (tmp_path / "broken.json").write_text("{")
    words = [word.format(tmp=tmp_path) for word in given]
    called = call(capsysbinary, "policy", "explain", policies, *words)
    assert called.code == 2
    assert said in called.err


def test_test_runs_every_test_and_says_what_differs(capsysbinary: Capture, policies: Path) -> None:
    (policies / "a.test.yaml").write_text(CASE.replace("STATE", "paused"))
    called = call(capsysbinary, "policy", "test", policies)
    assert (called.code, called.err) == (0, "1 of 1 tests passed\n")
    (policies / "b.test.yaml").write_text(CASE.replace("STATE", "running"))
    called = call(capsysbinary, "policy", "test", policies)
    assert called.code == 1
    assert called.err == "1 of 2 tests passed\n"
    assert "b.test.yaml:7: clocks.resolution.state: expected running, got paused" in called.out


def test_test_for_programs(capsysbinary: Capture, policies: Path) -> None:
    (policies / "a.test.yaml").write_text(CASE.replace("STATE", "met"))
    called = call(capsysbinary, "policy", "test", policies, "--format", "json")
    (case,) = called.objects()
    assert (case["name"], case["passed"]) == ("waiting does not count", False)
    assert len(case["reasons"]) == 1


def test_an_event_that_is_refused_fails_its_test(capsysbinary: Capture, policies: Path) -> None:
    comment = "{type: commented, at: '2026-11-23T11:00:00+01:00'}"
    text = CASE.replace("STATE", "paused").replace("    until", f"      - {comment}\n    until")
    (policies / "a.test.yaml").write_text(text)
    called = call(capsysbinary, "policy", "test", policies)
    assert called.code == 1
    assert "event 3 was refused: NO_AUTHOR" in called.out


def test_a_directory_without_tests_is_a_wrong_call(capsysbinary: Capture, policies: Path) -> None:
    called = call(capsysbinary, "policy", "test", policies)
    assert called.code == 2
    assert "no tests" in called.err


def test_a_broken_test_file_is_told_by_file_and_line(policies: Path) -> None:
    (policies / "a.test.yaml").write_text("tests:\n  - {nam: x}\n")
    called = run_apart("policy", "test", policies)
    assert called.code == 1
    assert "a.test.yaml:2: " in called.err


def test_a_wrong_due_and_a_wrong_length_say_how_far_they_are_off(
    capsysbinary: Capture, policies: Path
) -> None:
    wrong = "{state: paused, target_ms: 10800000, started: '2026-11-23T09:30:00+01:00'}"
    text = CASE.replace("{state: STATE, due: null}", wrong).replace(
        "resolution:", "default/resolution:"
    )
    (policies / "a.test.yaml").write_text(text)
    out = call(capsysbinary, "policy", "test", policies).out
    assert "target_ms: expected 10800000, got 14400000 (1h more)" in out
    assert (
        "clocks.default/resolution.started: expected 2026-11-23T09:30:00+01:00, "
        "got 2026-11-23T09:00:00+01:00 (30m earlier)" in out
    )
