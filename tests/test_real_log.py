"""A real incident log through `replay`: the engine's verdicts against the source system's own."""

from __future__ import annotations

import csv
import gzip
import subprocess
import sys
from collections import Counter
from pathlib import Path

import orjson
import pytest

from sla_engine.cli import main

SCENARIO = Path(__file__).resolve().parent.parent / "scenarios" / "servicenow"
POLICIES = str(SCENARIO / "policies")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(str(ended.value.code))


@pytest.fixture(scope="module")
def log(shared: Path) -> Path:
    return shared / "data" / "servicenow_incidents" / "incident_event_log.csv.gz"


@pytest.fixture(scope="module")
def events(log: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log as events, made by the scenario's own script."""
    made = tmp_path_factory.mktemp("servicenow") / "events.jsonl"
    with made.open("wb") as file:
        script = [sys.executable, str(SCENARIO / "events.py"), str(log)]
        subprocess.run(script, stdout=file, check=True)
    return made


@pytest.fixture(scope="module")
def verdicts(log: Path) -> dict[str, tuple[str, bool]]:
    """incident -> (priority, in time) as the source system left them."""
    with gzip.open(log, "rt", encoding="utf-8", newline="") as file:
        return {
            row["number"]: (row["priority"], row["made_sla"] == "true")
            for row in csv.DictReader(file)
        }


def test_every_row_becomes_an_event(events: Path) -> None:
    made = [orjson.loads(line) for line in events.read_bytes().splitlines()]
    assert len(made) == 141_712
    assert len({one["subject"] for one in made}) == 24_918
    assert len({one["id"] for one in made}) == len(made)
    assert [one["time"] for one in made] == sorted(one["time"] for one in made)
    assert sum(one["type"] == "incident.created" for one in made) == 24_918


def test_the_verdicts_agree_with_the_systems_own(
    events: Path,
    verdicts: dict[str, tuple[str, bool]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In time: no more than the target's open time from opening to closing (`remaining_ms`)."""
    written = tmp_path / "clocks.jsonl"
    assert call("replay", str(events), "--policies", POLICIES, "--clocks", str(written)) == 0
    # Sorted by cycle: the last one of an incident stays.
    clocks = {one["incident"]: one for one in map(orjson.loads, written.read_bytes().splitlines())}
    agreed: Counter[tuple[str, bool]] = Counter()
    for incident, (priority, in_time) in verdicts.items():
        if priority in ("3", "4"):
            clock = clocks[incident]
            assert clock["state"] == "met"
            agreed[priority, (clock["remaining_ms"] >= 0) == in_time] += 1
    figures = {
        priority: f"{agreed[priority, True]} of {agreed[priority, True] + agreed[priority, False]}"
        for priority in ("3", "4")
    }
    with capsys.disabled():
        sys.stdout.write(f"\nagreement with made_sla by priority: {figures}\n")
    assert agreed["3", True] / (agreed["3", True] + agreed["3", False]) >= 0.999
    assert agreed["4", True] > 700
    assert agreed["4", False] == 0


def test_the_scenario_keeps_its_own_tests(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("policy", "check", POLICIES) == 0
    assert call("policy", "test", POLICIES) == 0
    assert "FAILED" not in capsys.readouterr().out


@pytest.mark.parametrize("partitions", ["4", "64"])
def test_partitions_change_no_byte(events: Path, tmp_path: Path, partitions: str) -> None:
    def written(name: str, *options: str) -> tuple[bytes, bytes]:
        clocks, alerts = tmp_path / f"{name}.clocks", tmp_path / f"{name}.alerts"
        files = ["--clocks", str(clocks), "--alerts", str(alerts)]
        assert call("replay", str(events), "--policies", POLICIES, *files, *options) == 0
        return clocks.read_bytes(), alerts.read_bytes()

    assert written("one") == written("many", "--partitions", partitions)
