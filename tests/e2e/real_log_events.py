"""The real incident log as events, and what a replay makes of them."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import orjson

from sla_engine.cli.live_worker import plain_environment
from sla_engine.event.times import format_time, parse_time_text
from tests.scenarios.scatter import doubled, shuffled

ROOT = Path(__file__).resolve().parents[2]
SCENARIO = ROOT / "scenarios" / "servicenow"
POLICIES = SCENARIO / "policies"
LOG = ROOT.parent / "shared" / "data" / "servicenow_incidents" / "incident_event_log.csv.gz"
#: Time goes on so far behind the last event: what is still open then breaks its promise.
AFTER_MS = 30 * 86_400_000
#: So many places an event is displaced at most when they are sent in disorder.
DISPLACED_MAX = 100

Record = dict[str, Any]


@dataclass(frozen=True)
class Given:
    """The events as a file, the instant at which time ends, and what a replay makes of them."""

    file: Path
    events: int
    incidents: int
    until: str
    clocks: list[Record]
    alerts: list[Record]


def given(
    folder: Path, log: Path, incidents: int | None = None, disorder: int | None = None
) -> Given:
    """The log's events - of the first so many incidents - and their replay, in `folder`.

    `disorder` is a seed: then the file to send has them shuffled and a third of them twice, while
    the replay is of the clean ones.
    """
    made = subprocess.run(
        [sys.executable, str(SCENARIO / "events.py"), str(log)], capture_output=True, check=True
    ).stdout.splitlines()
    subjects = [orjson.loads(line)["subject"] for line in made]
    wanted = set(list(dict.fromkeys(subjects))[:incidents])
    lines = [line for line, subject in zip(made, subjects, strict=True) if subject in wanted]
    clean = folder / "events.jsonl"
    clean.write_bytes(b"".join(line + b"\n" for line in lines))
    last = parse_time_text(orjson.loads(lines[-1])["time"])
    until = format_time(last + AFTER_MS)
    clocks, alerts = folder / "clocks.jsonl", folder / "alerts.jsonl"
    engine(
        *("replay", clean, "--policies", POLICIES, "--until", until, "--strict"),
        *("--clocks", clocks, "--alerts", alerts),
    )
    file, sent = clean, lines
    if disorder is not None:
        rng = Random(disorder)
        sent = doubled(shuffled(lines, rng, within=DISPLACED_MAX), rng)
        file = folder / "disorder.jsonl"
        file.write_bytes(b"".join(line + b"\n" for line in sent))
    return Given(file, len(sent), len(wanted), until, records(clocks), records(alerts))


def engine(*words: object, settings: dict[str, str] | None = None) -> None:
    """A verb in a process of its own, with no settings but these."""
    command = [sys.executable, "-m", "sla_engine.cli", *map(str, words)]
    subprocess.run(command, check=True, cwd=ROOT, env=plain_environment(settings or {}))


def records(file: Path) -> list[Record]:
    """The objects of a file of JSON lines."""
    return [orjson.loads(line) for line in file.read_bytes().splitlines()]
