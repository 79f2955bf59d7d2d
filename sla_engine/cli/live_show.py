"""The courier's day told live: events sent on time, alerts read back, a worker killed once."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import orjson

from sla_engine.cli.live_day import (
    BOUNCED,
    CUSTOMS,
    DAY_MS,
    DAY_START_MS,
    GOLD,
    LEFT_ALONE,
    OFFLINE,
    Told,
    courier_day,
)
from sla_engine.cli.live_pace import Pace
from sla_engine.cli.live_tail import Alert, Received, Tail, alert_of
from sla_engine.cli.live_tell import Teller, day_time, what_it_says
from sla_engine.cli.live_worker import WorkerProcess, claimed, tokens, wait_until_claimed
from sla_engine.cli.wiring import Services
from sla_engine.engine.ports import OutRecord, Producer, Store
from sla_engine.errors import LogUnavailable

HEROES: Final = (CUSTOMS, GOLD, BOUNCED, LEFT_ALONE, OFFLINE)
#: When the worker is killed, in ms of the story from the start of the day (13:00).
KILL_MS: Final = 5 * 3_600_000
#: The first event comes this long after everything stands ready.
_LEAD_MS: Final = 500
_TICK_S: Final = 0.05
_CLAIM_S: Final = 60.0
#: How long the last alerts may take; what is still missing then is missing.
_LAST_S: Final = 20.0


@dataclass
class Outage:
    """The worker that was killed: who it was, and when its successor had all partitions."""

    pid: int = 0
    killed_ms: int = 0
    back_ms: int = 0


@dataclass
class Show:
    """One telling. `run` returns when the day is over and every event is on the log."""

    services: Services
    store: Store
    worker: WorkerProcess
    teller: Teller
    seed: int
    partitions: int
    received: Received = field(default_factory=Received)
    outage: Outage = field(default_factory=Outage)
    accepted: int = 0
    failed: list[str] = field(default_factory=list)
    pace: Pace = field(init=False)

    def __post_init__(self) -> None:
        reader = self.services.log.reader()
        self.alerts = Tail(reader, "alerts", self.partitions)
        self.events = Tail(reader, "events", self.partitions)
        self.dead = Tail(reader, "dead", self.partitions)
        self._owners: list[bytes] = [b""] * self.partitions
        self._waiting = False

    def begin(self) -> None:
        """Start the worker and wait until it has every partition."""
        self.worker.start()
        wait_until_claimed(
            self.worker, self.store, self._owners, _CLAIM_S, lambda: self.teller.status("claiming")
        )

    @property
    def end_ms(self) -> int:
        """The end of the day on the wall clock."""
        return self.pace.wall(DAY_START_MS + DAY_MS)

    def run(self) -> None:
        """Tell the day."""
        now = time.time_ns() // 1_000_000
        self.pace = Pace(DAY_START_MS, now + _LEAD_MS)
        left = deque(courier_day(self.seed))
        producer = self.services.log.producer()
        try:
            while (now := time.time_ns() // 1_000_000) <= self.end_ms:
                story = self.pace.story(now) - DAY_START_MS
                self._send(left, story, producer)
                self._listen()
                self._kill_and_watch(story, now)
                self.teller.status(self._where(story))
                time.sleep(_TICK_S)
            self._send(left, DAY_MS, producer)
            if unsent := producer.flush(30):
                raise LogUnavailable(f"{unsent} events were not taken by the log within 30 s")
        finally:
            producer.close()
        if self.failed:
            raise LogUnavailable(f"{len(self.failed)} events were refused: {self.failed[0]}")

    def settle(self, wanted: set[str]) -> None:
        """Wait until the alerts in `wanted` are there, or for too long; then end the worker."""
        deadline = time.monotonic() + _LAST_S
        while wanted != self.received.net(self.end_ms).keys() and time.monotonic() < deadline:
            self.worker.check()
            self._listen()
            time.sleep(_TICK_S)
        self.worker.stop()
        self._listen()

    def recorded(self, folder: Path) -> list[bytes]:
        """The events as the log has them, also written to `folder`/events.jsonl."""
        values = [record.value for record in self.events.new() if record.value]
        with (folder / "events.jsonl").open("wb") as out:
            out.writelines(value + b"\n" for value in values)
        return values

    def refused(self) -> int:
        """How many events lie in the dead letters, each counted once."""
        places = [dict(record.headers) for record in self.dead.new()]
        return len({(place["dl-partition"], place["dl-offset"]) for place in places})

    # ------------------------------------------------------------------ what happens

    def _send(self, left: deque[Told], story_ms: int, producer: Producer) -> None:
        while left and left[0].sent_ms <= story_ms:
            told = left.popleft()
            value = orjson.dumps(self.pace.event(told.event))
            producer.produce(OutRecord("events", None, told.incident.encode(), value), self._acked)
            if told.line:
                self.teller.happens(DAY_START_MS + told.sent_ms, told.incident, told.line)

    def _acked(self, record: OutRecord, offset: int | None, error: str) -> None:
        if error:
            self.failed.append(error)
        else:
            self.accepted += 1

    def _listen(self) -> None:
        fresh = [alert for record in self.alerts.new() if (alert := alert_of(record)) is not None]
        for alert in sorted(fresh, key=lambda each: each.time_ms):
            if self.received.take(alert) and alert.event["subject"] in HEROES:
                self._tell(alert)

    def _tell(self, alert: Alert) -> None:
        if alert.data.get("superseded"):
            return
        late = alert.data.get("late")
        by = f"  ({alert.data['late_by_ms'] / 1000:.1f} s late: {late})" if late else ""
        story = self.pace.story(alert.time_ms)
        self.teller.happens(story, alert.event["subject"], what_it_says(alert) + by, alert=True)

    def _kill_and_watch(self, story_ms: int, now_ms: int) -> None:
        if not self.outage.killed_ms and story_ms >= KILL_MS:
            self._owners = tokens(self.store, self.partitions)
            self.outage.pid, self.outage.killed_ms = self.worker.pid, now_ms
            self.worker.kill()
            self.teller.line(f"{self._clock(story_ms)} x kill -9 {self.outage.pid}: no worker now")
            self.worker.start()
            self._waiting = True
        elif self._waiting and all(claimed(self._owners, tokens(self.store, self.partitions))):
            self._waiting = False
            self.outage.back_ms = now_ms
            gone = (now_ms - self.outage.killed_ms) / 1000
            self.teller.line(
                f"{self._clock(story_ms)} x a new worker has all partitions, {gone:.1f} s later"
            )
        else:
            self.worker.check()

    def _clock(self, story_ms: int) -> str:
        return day_time(DAY_START_MS + story_ms)

    def _where(self, story_ms: int) -> str:
        return (
            f"{self._clock(story_ms)}  {self.accepted} events accepted,"
            f" {len(self.received.by_id)} alerts received"
        )


def partitions_of(services: Services, wanted: int) -> int:
    """Make the topics; how many partitions there are."""
    return services.log.ensure_topics(wanted).partitions


__all__: Sequence[str] = ("HEROES", "Outage", "Show", "partitions_of")
