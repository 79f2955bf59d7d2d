"""One run of a contender over the job: how long it took, and whether the answer is right."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.contenders.expected import Expected
from benchmarks.contenders.known import ROOT, Contender
from benchmarks.contenders.topics import PARTITIONS, Output, Topics
from benchmarks.job.checksum import checksum
from tests.services.kafka import KafkaBroker
from tests.services.process import Process
from tests.services.redis import RedisKind, RedisServer

#: How long a contender may take to begin, and to send what is due when all is read.
START_S, SETTLE_S = 120.0, 60.0
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class WrongAnswer(Exception):
    """A contender was fast or slow, but not right."""


def measure(
    contender: Contender, command: list[str], expected: Expected, broker: KafkaBroker, name: str
) -> dict[str, Any]:
    """Fill a topic, let the contender drain it, ask for its state; the figures of this run."""
    topics = Topics(broker, name)
    topics.create()
    topics.fill(expected.job)
    folder = Path(tempfile.mkdtemp(prefix="sla-contender-"))
    redis = RedisServer(RedisKind.REDIS, fsync="everysec") if contender.redis else None
    output = Output(topics)
    try:
        if redis:
            redis.start()
        environ = environment(topics, folder, str(redis.socket) if redis else "")
        begun = time.time()
        environ += [f"{name}={value}" for name, value in contender.environ.items()]
        told = ["env", *environ, *command]
        process = Process(told, log=folder / "contender.log", cwd=ROOT)
        try:
            figures = _drain(process, output, expected, begun)
            _ask(process, output, topics, expected)
        finally:
            process.stop()
        _check(output, expected)
        return figures
    finally:
        output.close()
        if redis:
            redis.close()
        topics.delete()
        shutil.rmtree(folder, ignore_errors=True)


def environment(topics: Topics, folder: Path, redis: str) -> list[str]:
    """What the contender is told, as `NAME=value`."""
    told = {
        "BOOTSTRAP": topics.broker.bootstrap,
        "EVENTS": topics.events,
        "ALERTS": topics.alerts,
        "ANSWERS": topics.answers,
        "GROUP": f"group-{topics.run}",
        "FOLDER": str(folder),
        "REDIS": redis,
        "PARTITIONS": str(PARTITIONS),
    }
    return [f"PYTHONPATH={ROOT}", *(f"BENCH_{name}={value}" for name, value in told.items())]


def _drain(process: Process, output: Output, expected: Expected, begun: float) -> dict[str, Any]:
    """From the first mark that was answered to the last one, or the last alert after it."""
    _until(process, output, lambda: bool(output.reached("first")), START_S, "the first mark")
    cpu, since = _cpu_s(process.pid), time.monotonic()
    all_reached = partial(_reached_all, output)
    _until(process, output, all_reached, expected.patience_s, "the last marks")
    cores = (_cpu_s(process.pid) - cpu) / max(0.001, time.monotonic() - since)
    _until(process, output, partial(_has_alerts, output, expected), SETTLE_S, "all alerts")
    end_ms = max(output.last_alert_ms, *output.reached("last"))
    took_s = (end_ms - min(output.reached("first"))) / 1000
    return {
        "events_per_s": round(expected.job.events / took_s),
        "drain_s": round(took_s, 3),
        "total_s": round(end_ms / 1000 - begun, 3),
        "cores": round(cores, 2),
        "peak_bytes": _peak_bytes(process.pid),
        "alerts_written": output.alerts_written,
    }


def _ask(process: Process, output: Output, topics: Topics, expected: Expected) -> None:
    topics.ask(expected.job)
    count = expected.job.incidents
    _until(
        process, output, lambda: len(output.lines) >= count, expected.patience_s, "all the lines"
    )


def _reached_all(output: Output) -> bool:
    return len(output.reached("last")) == PARTITIONS


def _has_alerts(output: Output, expected: Expected) -> bool:
    return len(output.alerts) >= expected.checksum.alerts


def _until(
    process: Process, output: Output, ready: Callable[[], bool], within_s: float, what: str
) -> None:
    """Read on until it is there; a contender that ends or takes too long has failed."""
    end = time.monotonic() + within_s
    while not ready():
        output.read()
        if not process.running or time.monotonic() > end:
            had = (
                f"{len(output.marks)} marks, {len(output.alerts)} alerts, {len(output.lines)} lines"
            )
            raise WrongAnswer(f"no answer for {what} ({had}):\n{process.log_tail()}")


def _check(output: Output, expected: Expected) -> None:
    found = checksum(output.lines.values(), output.alerts, expected.job.begin_ms)
    if found != expected.checksum:
        raise WrongAnswer(f"found {asdict(found)}\nright {asdict(expected.checksum)}")


def _cpu_s(pid: int) -> float:
    """CPU seconds of a process so far, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def _peak_bytes(pid: int) -> int:
    """Most memory a process has held so far."""
    status = Path(f"/proc/{pid}/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) * 1024
