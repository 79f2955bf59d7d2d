"""`python -m benchmarks.contenders NAME`: fill a topic, let a contender drain it, keep figures.

Runs that a results file already holds, of the same commit and size, are kept: a start that was
broken off goes on where it was. A run whose answer is wrong ends the command and is not kept.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.contenders.expected import expected_of
from benchmarks.contenders.known import KNOWN, ROOT, Contender
from benchmarks.contenders.run import measure
from benchmarks.job.generate import Job
from tests.services.kafka import KafkaBroker, kafka_jars

#: All threads of a contender join its group before partitions are given out, as by default (3 s).
BROKER = {"group.initial.rebalance.delay.ms": "1000"}
RESULTS = ROOT / "benchmarks" / "results" / "contenders"


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.contenders", description=__doc__)
    parser.add_argument("name", choices=[*KNOWN, "all"])
    parser.add_argument("--incidents", type=int, help="openings, and as many changes")
    parser.add_argument("--runs", type=int, help="of each contender")
    parser.add_argument("--again", action="store_true", help="set runs aside that are kept")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the figures")
    options = parser.parse_args()
    for name in KNOWN if options.name == "all" else [options.name]:
        one = KNOWN[name]
        path = options.results / f"{name}.json"
        if options.again:
            path.unlink(missing_ok=True)
        incidents = options.incidents or one.incidents
        complete(one, incidents, options.runs or one.runs, path)


def complete(contender: Contender, incidents: int, count: int, path: Path) -> None:
    """Run as often as is missing, and write the file after each run."""
    about = description(contender, incidents)
    runs = kept(path, about)
    if len(runs) >= count:
        print(f"{contender.name}: {len(runs)} runs are there already ({path})")
        return
    expected = expected_of(incidents)
    command = contender.prepare()
    with KafkaBroker(kafka_jars(), settings=BROKER) as broker:
        while len(runs) < count:
            run = measure(contender, command, expected, broker, f"{contender.name}-{len(runs)}")
            print(f"{contender.name}: {run}", flush=True)
            runs.append(run)
            save(path, {**about, "answer": asdict(expected.checksum)}, runs)


def description(contender: Contender, incidents: int) -> dict[str, Any]:
    """What the figures are of."""
    return {
        "contender": contender.name,
        "command": f"python -m benchmarks.contenders {contender.name} --incidents {incidents}",
        "commit": _said(["git", "rev-parse", "--short", "HEAD"]),
        "incidents": incidents,
        "events": Job(incidents).events,
        "durability": contender.durability,
        "settings": {**contender.settings, **contender.environ},
        "versions": contender.versions(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}",
    }


def kept(path: Path, about: dict[str, Any]) -> list[dict[str, Any]]:
    """The runs of an earlier start, if they are of the same thing."""
    if not path.exists():
        return []
    before = json.loads(path.read_text())
    same = all(before.get(name) == value for name, value in about.items())
    return list(before["runs"]) if same else []


def save(path: Path, about: dict[str, Any], runs: list[dict[str, Any]]) -> None:
    """Write the runs with the least, the middle and the most of each figure."""
    figures = {
        name: {
            "min": min(values),
            "median": statistics.median(values),
            "max": max(values),
        }
        for name in runs[0]
        if (values := [run[name] for run in runs])
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**about, **figures, "runs": runs}, indent=2) + "\n")


def _said(command: list[str]) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


if __name__ == "__main__":
    main()
