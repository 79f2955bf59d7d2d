"""The real incident log through two workers, against a replay: `python -m tests.e2e.real_log`.

Time is driven by the events (`time.source = events`). What is compared is what others see: every
clock, every alert that is valid in the end; beside it the rows that the workers kept.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sla_engine.cli.live_tail import Received, Tail, alert_of, net_of
from sla_engine.cli.live_verdict import differences
from sla_engine.cli.live_worker import WorkerProcess
from sla_engine.cli.wiring import Services, open_services
from sla_engine.config import load_settings
from sla_engine.event.times import parse_time_text
from sla_engine.store.redis_store import RedisStore
from tests.e2e.kept import Kept, kept
from tests.e2e.real_log_events import LOG, POLICIES, Given, Record, engine, given
from tests.services.kafka import KafkaBroker, kafka_jars
from tests.services.process import ServerFailed
from tests.services.waiting import wait_until

LOGS = ("kafka", "redis")
WORKERS = ("ann", "ben")
PARTITIONS = 8
QUIET_S = 3.0
WITHIN_S = 900.0
CLAIMED = "claimed partition"
SHOWN_MAX = 10


@dataclass
class Verdict:
    """Figures of one run; the lists are the set differences, empty when all agree."""

    log: str
    events: int = 0
    incidents: int = 0
    seconds: float = 0.0
    claims: dict[str, int] = field(default_factory=dict)
    records: int = 0
    corrections: int = 0
    clocks: int = 0
    alerts: int = 0
    rows: int = 0
    dead: int = 0
    clock_differences: list[str] = field(default_factory=list)
    alert_differences: list[str] = field(default_factory=list)
    row_differences: list[str] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        """Nothing differs, nothing was refused, and both workers had their part."""
        found = (*self.clock_differences, *self.alert_differences, *self.row_differences)
        return not found and not self.dead and all(self.claims.values())

    def text(self) -> str:
        """The figures in lines."""
        lines = [
            f"{self.log}: {self.events} events about {self.incidents} incidents, "
            f"two workers, {PARTITIONS} partitions (claims: {self.claims})",
            f"sent, folded and told in   {self.seconds:.1f} s, "
            f"{self.events / max(self.seconds, 0.001):.0f} events/s",
            f"records on alerts          {self.records}, {self.corrections} of them corrections",
            f"clocks compared            {self.clocks}, differences {len(self.clock_differences)}",
            f"net alerts compared        {self.alerts}, differences {len(self.alert_differences)}",
            f"rows in the store compared {self.rows}, differences {len(self.row_differences)}",
            f"dead letters               {self.dead}",
        ]
        every = (*self.clock_differences, *self.alert_differences, *self.row_differences)
        return "\n".join([*lines, *(f"  {one}" for one in every[:SHOWN_MAX])])


@contextmanager
def servers(log: str, folder: Path, broker: KafkaBroker | None) -> Iterator[dict[str, str]]:
    """The settings of the run; state lies on a private server, as with nothing configured."""
    settings = {
        "SLA_TIME__SOURCE": "events",
        # The log is a year: everything is compared at its end, and where it is sparse, a few places
        # of disorder are months.
        "SLA_RETENTION__FINISHED": "1000d",
        "SLA_LATENESS__HORIZON": "1000d",
        "SLA_KAFKA__PARTITIONS": str(PARTITIONS),
        "SLA_DATA__DIR": str(folder / "data"),
    }
    with ExitStack() as stack:
        if log == "kafka":
            broker = broker or stack.enter_context(KafkaBroker(kafka_jars()))
            name = f"real-log-{os.getpid()}"
            settings["SLA_KAFKA__BROKERS"] = broker.bootstrap
            for topic in ("EVENTS", "ALERTS", "DEAD", "GROUP"):
                settings[f"SLA_KAFKA__{topic}"] = f"{name}-{topic.lower()}"
        yield settings


class Crew:
    """Two processes `sla-engine run`, each in a folder of its own."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        self._logs = {name: folder / name / "worker.log" for name in WORKERS}
        for log in self._logs.values():
            log.parent.mkdir()
            log.touch()
        self._workers = {
            name: WorkerProcess(log.parent, POLICIES, settings) for name, log in self._logs.items()
        }

    def start(self) -> None:
        """Start both, one after the other, until each owns something."""
        for name, worker in self._workers.items():
            worker.start()
            wait_until(lambda name=name: bool(self.claims()[name]), f"{name} owns nothing", 420)

    def claims(self) -> dict[str, int]:
        """How many partitions each has claimed."""
        self.check()
        return {
            name: log.read_text(errors="replace").count(CLAIMED) for name, log in self._logs.items()
        }

    def check(self) -> None:
        """An error, with the end of its output, when one ended by itself."""
        for worker in self._workers.values():
            worker.check()

    def stop(self) -> None:
        """Ask both to end, and wait."""
        for worker in self._workers.values():
            worker.stop()


def run(log: str, folder: Path, told: Given, broker: KafkaBroker | None = None) -> Verdict:
    """Send everything to two workers, wait until nothing moves, compare."""
    with servers(log, folder, broker) as settings:
        services = open_services(load_settings(None, environ=settings).settings)
        try:
            return through(services, Crew(folder, settings), Verdict(log), told, settings)
        finally:
            services.close()


def through(
    services: Services, crew: Crew, verdict: Verdict, told: Given, settings: dict[str, str]
) -> Verdict:
    """The run itself; the workers have ended when their store is read."""
    verdict.events, verdict.incidents = told.events, told.incidents
    try:
        crew.start()
        begun = time.monotonic()
        engine("send", told.file, "--until", told.until, settings=settings)
        verdict.seconds = settled(services, crew) - begun
        verdict.claims = crew.claims()
    finally:
        crew.stop()
    compare(verdict, services, told)
    return verdict


def settled(services: Services, crew: Crew) -> float:
    """Wait until every event is in the store and every alert on the log; when the last one came."""
    reader = services.log.reader()
    store = RedisStore(services.redis_url)
    before: list[Any] = []
    since = time.monotonic()
    deadline = since + WITHIN_S
    try:
        while True:
            headers = [store.header(number)[0] for number in range(PARTITIONS)]
            ends = [reader.bounds("events", number)[1] for number in range(PARTITIONS)]
            told = [reader.bounds("alerts", number)[1] for number in range(PARTITIONS)]
            now: list[Any] = [[(one.next_offset, one.sequence) for one in headers], told]
            if now != before:
                before, since = now, time.monotonic()
            read_all = [one.next_offset for one in headers] == ends
            if read_all and time.monotonic() - since > QUIET_S:
                return since
            crew.check()
            if time.monotonic() > deadline:
                raise ServerFailed(f"the workers did not finish in {WITHIN_S:.0f} s")
            time.sleep(0.1)
    finally:
        store.close()


def compare(verdict: Verdict, services: Services, told: Given) -> None:
    """What the log and the store have, against the replay."""
    received = Received()
    for record in Tail(services.log.reader(), "alerts", PARTITIONS).new():
        alert = alert_of(record)
        if alert is not None:
            verdict.records += 1
            received.take(alert)
    until_ms = parse_time_text(told.until)
    verdict.corrections = sum(alert.is_correction for alert in received.by_id.values())
    expected = net_of(told.alerts, until_ms)
    verdict.alerts = len(expected)
    verdict.alert_differences = differences(expected, received.net(until_ms))
    verdict.dead = len(list(Tail(services.log.reader(), "dead", PARTITIONS).new()))
    found: Kept = kept(services, POLICIES, until_ms)
    verdict.rows, verdict.row_differences = found.rows, found.differences
    verdict.clocks = len(told.clocks)
    verdict.clock_differences = differences(by_key(told.clocks), by_key(found.clocks))


def by_key(clocks: Sequence[Record]) -> dict[str, Record]:
    """The clocks by what names them."""
    names = ("tenant", "incident", "set", "clock", "cycle")
    return {"/".join(str(clock[name]) for name in names): clock for clock in clocks}


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that goes with the block. Not pytest's: a socket's path must be short."""
    folder = Path(tempfile.mkdtemp(prefix="sla-real-log-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """One log after the other; 0 only if nothing differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.real_log", description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=LOG, help="the log, as .csv.gz")
    parser.add_argument("--log", choices=LOGS, action="append", help="only this one")
    parser.add_argument("--incidents", type=int, help="only the first so many")
    parser.add_argument("--disorder", type=int, metavar="SEED", help="send shuffled and doubled")
    options = parser.parse_args(arguments)
    right = True
    with scratch() as folder:
        told = given(folder, options.file, options.incidents, options.disorder)
        for log in options.log or LOGS:
            with scratch() as own:
                verdict = run(log, own, told)
            sys.stdout.write(verdict.text() + "\n")
            right = right and verdict.is_right
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
