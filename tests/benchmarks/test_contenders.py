"""The runner of the contenders: what it keeps, and one contender from end to end."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.contenders.__main__ import kept, save
from benchmarks.contenders.expected import Expected, expected_of
from benchmarks.contenders.known import KNOWN
from benchmarks.contenders.run import WrongAnswer, measure
from benchmarks.job.checksum import Checksum
from tests.services.kafka import KafkaBroker

ABOUT = {"contender": "plain", "commit": "abc", "incidents": 10}
PLAIN = [sys.executable, "-m", "benchmarks.contenders.plain.app"]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def run(events_per_s: int) -> dict[str, Any]:
    return {"events_per_s": events_per_s, "cores": 1.5}


@pytest.mark.parametrize("name", KNOWN)
def test_every_contender_is_pinned(name: str) -> None:
    assert KNOWN[name].source.is_dir()
    assert KNOWN[name].versions()
    assert KNOWN[name].name == name


def test_least_middle_and_most_are_kept_with_the_runs(tmp_path: Path) -> None:
    path = tmp_path / "new" / "plain.json"
    save(path, ABOUT, [run(30), run(10), run(20)])
    found = json.loads(path.read_text())
    assert found["events_per_s"] == {"min": 10, "median": 20, "max": 30}
    assert found["runs"][0] == run(30)


def test_a_start_goes_on_from_the_runs_of_the_same_commit(tmp_path: Path) -> None:
    path = tmp_path / "plain.json"
    assert kept(path, ABOUT) == []
    save(path, ABOUT, [run(10)])
    assert kept(path, ABOUT) == [run(10)]
    assert kept(path, {**ABOUT, "commit": "def"}) == []


def test_the_answer_is_worked_out_once(tmp_path: Path) -> None:
    found = expected_of(50)
    kept_answers = list(tmp_path.rglob("answer-50-*.json"))
    assert len(kept_answers) == 1
    assert expected_of(50) == found
    assert found.checksum.incidents == 50


@pytest.mark.kafka
def test_a_contender_reaches_the_answer_on_a_broker(kafka_broker: KafkaBroker) -> None:
    figures = measure(KNOWN["plain"], PLAIN, expected_of(500), kafka_broker, "contender-right")
    assert figures["alerts_written"] == expected_of(500).checksum.alerts


@pytest.mark.kafka
def test_a_wrong_answer_is_no_figure(kafka_broker: KafkaBroker) -> None:
    right = expected_of(100)
    wrong = Checksum(100, "0" * 16, right.checksum.alerts, right.checksum.alert_ids)
    with pytest.raises(WrongAnswer, match="0000000000000000"):
        measure(KNOWN["plain"], PLAIN, Expected(right.job, wrong), kafka_broker, "contender-wrong")
