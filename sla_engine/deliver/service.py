"""Delivery as a whole: the log into the file, the file to every destination, side by side."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from sla_engine.deliver import queue
from sla_engine.deliver.intake import Intake
from sla_engine.deliver.lists import Lists
from sla_engine.deliver.plan.model import Plan
from sla_engine.deliver.plan.routing import waits_of
from sla_engine.deliver.resending import Alertmanager
from sla_engine.deliver.sender import Counting, Sender, Transport
from sla_engine.deliver.store import Store
from sla_engine.engine.ports import Clock, LogIdentity, LogReader, StoredRecord
from sla_engine.errors import ConfigError, LogUnavailable, PositionLost
from sla_engine.limits import (
    DELIVER_BATCH_ALERTS,
    DELIVER_POLL_MS,
    DELIVER_STOP_MS,
    HOUR_MS,
    RETRY_FIRST_MS,
    RETRY_LAST_MS,
)

TOPIC = "alerts"
SWEPT_AT_ONCE = 1_000

_log = logging.getLogger(__name__)


@dataclass
class Delivery:
    """Everything that runs; `begin` says where to begin in a log that is new to the file.

    `on_ready` is called when it is known where reading begins: what comes then is delivered.
    """

    plan: Plan
    store: Store
    reader: LogReader
    transports: Mapping[str, Transport]
    lists: Lists
    clock: Clock
    draw: Callable[[], float]
    metrics: Counting
    begin: Literal["start", "end"] | None = None
    on_ready: Callable[[], None] = lambda: None
    senders: dict[str, Sender] = field(init=False)

    def __post_init__(self) -> None:
        self.senders = {
            name: Sender(
                one,
                self.transports[name],
                self.store,
                self.lists,
                self.clock,
                self.draw,
                self.metrics,
            )
            for name, one in self.plan.destinations.items()
        }
        self._bunched = asyncio.Event()
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """End soon; call it in the loop's thread."""
        self._stop.set()

    async def run(self) -> None:
        """Until `stop`, or a fault that a person must mend; then finish what is on its way."""
        tasks: list[asyncio.Task[Any]] = []
        try:
            intake = await self.store.call(lambda database: Intake(self.plan, database))
            identity = await asyncio.to_thread(self.reader.identity, TOPIC)
            positions = await self._positions(identity)
            self.on_ready()
            tasks += [asyncio.create_task(one) for one in self._work(intake, identity, positions)]
            tasks.append(asyncio.create_task(self._stop.wait()))
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await self._finish(tasks)

    def _work(
        self, intake: Intake, identity: LogIdentity, positions: dict[int, int]
    ) -> list[Coroutine[Any, Any, None]]:
        """Everything that goes on side by side."""
        return [
            self._read(intake, identity, positions),
            self._gather(),
            self._sweep(),
            *(sender.run() for sender in self.senders.values()),
            *(one.repeat() for one in self.transports.values() if isinstance(one, Alertmanager)),
        ]

    async def _finish(self, tasks: Sequence[asyncio.Task[Any]]) -> None:
        within_s = DELIVER_STOP_MS / 1000
        await asyncio.gather(*(one.stop(within_s) for one in self.senders.values()))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ------------------------------------------------------------------ reading

    async def _positions(self, identity: LogIdentity) -> dict[int, int]:
        """Where reading goes on per partition.

        PositionLost: the file belongs to another log. ConfigError: nobody said whether alerts from
        before the first start are to be delivered; a person decides, since they may be old.
        """
        rows = await self.store.call(
            lambda database: database.execute("SELECT * FROM positions").fetchall()
        )
        known = {partition: next for topic, partition, next in rows if topic == identity.topic_id}
        if rows and not known and self.begin is None:
            raise PositionLost(
                f"{self.store.path} belongs to another log than the {identity.topic} that is "
                "there now: start once with `--begin start` to deliver what is on it, or with "
                "`--begin end` to deliver what comes from now on"
            )
        found, there = {}, 0
        for partition in range(identity.partitions):
            first, end = await asyncio.to_thread(self.reader.bounds, TOPIC, partition)
            found[partition] = known.get(partition, end if self.begin == "end" else first)
            there += end - first
        if not known and there and self.begin is None:
            raise ConfigError(
                f"the log holds {there} alerts already: start once with `--begin start` to deliver "
                "them, or with `--begin end` to deliver those from now on"
            )
        if not known:
            await self.store.call(
                lambda database: database.executemany(
                    "INSERT OR REPLACE INTO positions VALUES (?, ?, ?)",
                    [(identity.topic_id, one, at) for one, at in found.items()],
                )
            )
        return found

    async def _read(self, intake: Intake, identity: LogIdentity, positions: dict[int, int]) -> None:
        """Alerts from the log, each partition on from where the file says."""
        wait_ms = DELIVER_POLL_MS
        while True:
            try:
                more = False
                for partition in positions:
                    more |= await self._read_some(intake, identity, positions, partition)
                wait_ms = 0 if more else DELIVER_POLL_MS
            except LogUnavailable as error:
                wait_ms = min(max(2 * wait_ms, RETRY_FIRST_MS), RETRY_LAST_MS)
                _log.warning("the log does not answer", extra={"why": str(error)})
            await asyncio.sleep(wait_ms / 1000)

    async def _read_some(
        self, intake: Intake, identity: LogIdentity, positions: dict[int, int], partition: int
    ) -> bool:
        """At most a batch of one partition; whether there may be more."""
        start = positions[partition]
        first, end, records = await asyncio.to_thread(self._fetch, partition, start)
        if end < start:
            _log.error(
                "the log was set back: it is read again, and what was delivered stays so",
                extra={"partition": partition, "from": start, "to": first},
            )
            positions[partition] = first
            return True
        if first > start:
            _log.error(
                "the log dropped alerts before they were delivered",
                extra={"partition": partition, "from": start, "to": first},
            )
            positions[partition] = first
        if not records:
            return False
        now_ms = self.clock.now_ms()
        touched = await self.store.call(
            lambda database: intake.take(database, identity.topic_id, partition, records, now_ms)
        )
        positions[partition] = records[-1].offset + 1
        if intake.passed_over:
            _log.error(
                "records of the log are no alerts, and were passed over",
                extra={"partition": partition, "count": intake.passed_over},
            )
            intake.passed_over = 0
        self.metrics.count("sla_deliver_alerts", len(records))
        for name in touched:
            self.senders[name].wake()
        self._bunched.set()
        return len(records) >= DELIVER_BATCH_ALERTS

    def _fetch(self, partition: int, start: int) -> tuple[int, int, list[StoredRecord]]:
        first, end = self.reader.bounds(TOPIC, partition)
        records: list[StoredRecord] = []
        if end > max(start, first):
            for record in self.reader.read(TOPIC, partition, max(start, first), end):
                records.append(record)
                if len(records) >= DELIVER_BATCH_ALERTS:
                    break
        return first, end, records

    # ------------------------------------------------------------------ groups, and old rows

    async def _gather(self) -> None:
        """A message of every group when its time has come."""

        def interval_of(key: str) -> int:
            return waits_of(self.plan, key)[1]

        while True:
            self._bunched.clear()
            now_ms = self.clock.now_ms()
            touched = await self.store.call(
                partial(queue.flush, now_ms=now_ms, interval_of=interval_of)
            )
            for name in touched & set(self.senders):
                self.senders[name].wake()
            due_ms = await self.store.call(queue.next_bunch)
            # A group that comes first waits at least its own time: no need to look before.
            ahead_ms = HOUR_MS if due_ms is None else max(1, due_ms - self.clock.now_ms())
            try:
                async with asyncio.timeout(ahead_ms / 1000):
                    await self._bunched.wait()
            except TimeoutError:
                pass

    async def _sweep(self) -> None:
        """Now and then: what is long done is forgotten."""
        while True:
            now_ms = self.clock.now_ms()
            dropped = await self.store.call(
                partial(queue.sweep, now_ms=now_ms, destinations=self.senders, limit=SWEPT_AT_ONCE)
            )
            await asyncio.to_thread(self.lists.sweep, now_ms)
            if dropped:
                _log.error("the oldest dead letters were dropped", extra={"count": dropped})
                self.metrics.count("sla_deliver_dropped", dropped)
            await asyncio.sleep(60)
