"""Every scenario: policies without findings that keep their tests, events that use all of them."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest

from sla_engine.cli.live_tail import net_of
from sla_engine.cli.live_verdict import differences
from sla_engine.cli.send import events_of
from sla_engine.engine.replay_arrival import ArrivalReplay
from sla_engine.event.times import parse_time_text
from sla_engine.policy import check_directory, load_cases, load_directory, run_cases
from sla_engine.policy.model import PolicySet
from sla_engine.scenario import NAMES, business_of, policies_of
from sla_engine.scenario.drawn import Window, drawn
from sla_engine.scenario.told import Told, lines
from tests.scenarios.folded import Records, as_cases_run, replayed

#: The first fold compiles the kernels.
pytestmark = [pytest.mark.timeout(600), pytest.mark.parametrize("name", NAMES)]

ROOT = Path(__file__).resolve().parents[2]
SEED = 7
KINDS = {"sla.clock.warning", "sla.clock.breached", "sla.escalation", "sla.alert.cleared"}


@cache
def policies(name: str) -> PolicySet:
    return load_directory(policies_of(name))


@cache
def told(name: str, seed: int = SEED, disorder: bool = False) -> tuple[Told, ...]:
    return tuple(drawn(business_of(name), seed, disorder=disorder))


def text(name: str, seed: int = SEED, disorder: bool = False) -> bytes:
    return b"".join(lines(told(name, seed, disorder)))


@cache
def the_day(name: str) -> tuple[Records, Records, list[str]]:
    """(clocks, alerts, codes of what was refused) at the end of the usual window."""
    end_ms = Window.of(business_of(name)).end_ms
    clocks, alerts, replay = replayed(policies(name), text(name), end_ms)
    return clocks, alerts, [letter.code for letter in replay.log.dead_letters()]


def test_the_policies_have_neither_errors_nor_warnings(name: str) -> None:
    assert check_directory(policies_of(name)) == []


def test_the_policies_pass_their_own_tests(name: str) -> None:
    results = run_cases(policies(name), load_cases(policies_of(name)), as_cases_run)
    assert len(results) >= 3
    assert [str(line) for result in results for line in result.differences] == []


def test_every_policy_has_a_policy_test(name: str) -> None:
    tried: set[tuple[str, str]] = set()

    def run(policies: PolicySet, events: Records, until_ms: int) -> tuple[Records, Records]:
        clocks, alerts = as_cases_run(policies, events, until_ms)
        tried.update((clock["set"], clock["policy"]) for clock in clocks)
        return clocks, alerts

    run_cases(policies(name), load_cases(policies_of(name)), run)
    assert tried == {(policy.set, policy.name) for policy in policies(name).policies}


def test_no_event_is_refused(name: str) -> None:
    assert the_day(name)[2] == []


def test_every_policy_is_used(name: str) -> None:
    used = {(clock["set"], clock["policy"]) for clock in the_day(name)[0]}
    assert used == {(policy.set, policy.name) for policy in policies(name).policies}


def test_every_kind_of_alert_is_sent(name: str) -> None:
    assert {alert["type"] for alert in the_day(name)[1]} == KINDS


def test_clocks_pause_are_met_and_are_missed(name: str) -> None:
    clocks = the_day(name)[0]
    assert any(clock["paused_ms"] for clock in clocks)
    met = Counter(clock["breached"] for clock in clocks if clock["state"] == "met")
    assert met[False] > met[True] > 0


def test_a_seed_gives_the_same_bytes_and_another_seed_others(name: str) -> None:
    for disorder in (False, True):
        first = text(name, SEED, disorder)
        again = b"".join(lines(drawn(business_of(name), SEED, disorder=disorder)))
        assert first == again
        assert first != text(name, SEED + 1, disorder)


def test_events_stand_in_order_and_inside_the_window(name: str) -> None:
    window = Window.of(business_of(name))
    times = [parse_time_text(each.event["time"]) for each in told(name)]
    assert times == sorted(times)
    assert window.start_ms <= times[0]
    assert times[-1] < window.end_ms


def test_window_and_number_are_the_callers(name: str) -> None:
    """Two weeks of another year, fifty matters: so many are opened, and none outside."""
    start = parse_time_text("2027-06-07T00:00:00Z")
    window = Window(start, start + 14 * 86_400_000)
    events = [each.event for each in drawn(business_of(name), 3, window=window, count=50)]
    opened = [event for event in events if event["type"] == "incident.created"]
    assert len([event for event in opened if "." not in event["subject"]]) == 50
    assert all(window.start_ms <= parse_time_text(e["time"]) < window.end_ms for e in events)
    assert len({event["id"] for event in events}) == len(events)
    _, _, replay = replayed(policies(name), b"".join(map(_line, events)), window.end_ms)
    assert list(replay.log.dead_letters()) == []


def _line(event: dict[str, Any]) -> bytes:
    return orjson.dumps(event) + b"\n"


def test_in_disorder_the_same_events_come_late_and_twice(name: str) -> None:
    once = {each.event["id"]: each.event for each in told(name, SEED, True)}
    clean = {each.event["id"]: each.event for each in told(name)}
    assert once == clean
    assert len(told(name, SEED, True)) > len(clean)
    assert any(each.sent_ms > each.at_ms for each in told(name, SEED, True))


def test_disorder_ends_where_the_clean_day_ends(name: str) -> None:
    end_ms = Window.of(business_of(name)).end_ms
    clean_clocks, clean_alerts, _ = the_day(name)
    replay = ArrivalReplay(policies(name))
    for part in _parts(text(name, SEED, True), 40):
        replay.add(part)
    clocks = [clock for one in replay.incidents(end_ms) for clock in one.clocks()]
    assert list(replay.log.dead_letters()) == []
    assert replay.duplicates > 0
    assert differences(net_of(clean_alerts, end_ms), net_of(replay.sent, end_ms)) == []
    assert _by_key(clocks) == _by_key(clean_clocks)


def _parts(whole: bytes, size: int) -> list[bytes]:
    rows = whole.splitlines(keepends=True)
    return [b"".join(rows[first : first + size]) for first in range(0, len(rows), size)]


def _by_key(clocks: Records) -> dict[tuple[Any, ...], dict[str, Any]]:
    return {tuple(c[key] for key in ("incident", "set", "clock", "cycle")): c for c in clocks}


def test_the_command_writes_what_replay_reads(name: str, tmp_path: Path) -> None:
    """As its README says it, in processes of their own."""
    words = [sys.executable, "-m", "sla_engine.scenario", name, "--seed", str(SEED)]
    written = subprocess.run(words, capture_output=True, check=True, cwd=ROOT).stdout
    assert written == text(name)
    events = tmp_path / "events.jsonl"
    events.write_bytes(written)
    replay = [sys.executable, "-m", "sla_engine.cli", "replay", str(events), "--strict"]
    folder = ROOT / "scenarios" / name / "policies"
    done = subprocess.run([*replay, "--policies", str(folder)], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_send_puts_the_events_on_the_log_as_they_are(name: str, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(text(name))
    sent = [orjson.loads(value) for value in events_of(file, None)]
    assert sent == [each.event for each in told(name)]


def test_it_lies_beside_the_other_scenarios(name: str) -> None:
    folder = ROOT / "scenarios" / name
    assert (folder / "policies").resolve() == policies_of(name).resolve()
    commands = (folder / "README.md").read_text("utf-8")
    assert f"python -m sla_engine.scenario {name} " in commands
    assert f"sla-engine policy test scenarios/{name}/policies" in commands
