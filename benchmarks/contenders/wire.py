"""What each contender in Python is told, and what it writes; standard library only."""

from __future__ import annotations

import os
from dataclasses import dataclass

#: Types of the two records that are for measuring.
MARK, ASK = "sla.time", "bench.ask"


@dataclass(frozen=True, slots=True)
class Told:
    """Where the job is and where its results go; the runner puts it into the environment."""

    bootstrap: str
    events: str
    alerts: str
    answers: str
    group: str
    folder: str
    redis: str
    partitions: int


def told() -> Told:
    """Read the environment."""
    names = ("BOOTSTRAP", "EVENTS", "ALERTS", "ANSWERS", "GROUP", "FOLDER", "REDIS")
    values = [os.environ[f"BENCH_{name}"] for name in names]
    return Told(*values, partitions=int(os.environ["BENCH_PARTITIONS"]))


def alert(incident: str, alert_id: str) -> bytes:
    """An alert as a CloudEvent."""
    return (
        f'{{"specversion":"1.0","id":"{alert_id}","source":"bench","type":"sla.alert",'
        f'"subject":"{incident}"}}'
    ).encode()
