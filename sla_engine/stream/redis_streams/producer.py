"""The producer port on Redis Streams: batches per partition, from a thread of its own."""

from __future__ import annotations

import itertools
import logging
import threading
import time
import uuid
from collections import deque
from dataclasses import dataclass

from sla_engine.engine.ports import Acked, OutRecord
from sla_engine.errors import LogError, LogUnavailable
from sla_engine.limits import (
    DAY_MS,
    LOG_TIMEOUT_MS,
    OUTBOX_PENDING_MAX,
    RETRY_FIRST_MS,
    RETRY_LAST_MS,
)
from sla_engine.stream.acking import tell
from sla_engine.stream.link import Link
from sla_engine.stream.murmur2 import partition_of
from sla_engine.stream.redis_streams.client import Command, LogClient, call
from sla_engine.stream.redis_streams.layout import (
    BATCH_BYTES,
    BATCH_RECORDS,
    RedisSettings,
    memory_key,
    pack,
    stream_key,
)
from sla_engine.stream.redis_streams.topics import Topics

log = logging.getLogger(__name__)

Place = tuple[str, int]


@dataclass(slots=True)
class Waiting:
    """A record on its way."""

    record: OutRecord
    acked: Acked
    packed: bytes
    since: float


@dataclass(slots=True)
class Lane:
    """What goes to one partition: batches keep their order, one is under way at a time."""

    waiting: deque[Waiting]
    batch: list[Waiting]
    number: int = 0


class RedisProducer:
    """See `ports.Producer`. Callbacks come from its own thread.

    A batch whose answer was lost is sent again under its number, which the log remembers: so a
    retry never adds a record twice.
    """

    def __init__(self, settings: RedisSettings, *, pending_max: int = OUTBOX_PENDING_MAX) -> None:
        self._settings = settings
        self._pending_max = pending_max
        self._client = LogClient(settings.url)
        self._topics = Topics(settings, self._client)
        self._name = uuid.uuid4().hex
        self._link = Link("Redis (log, producer)", log)
        self._partitions: dict[str, int] = {}
        self._turn = itertools.count()
        self._lanes: dict[Place, Lane] = {}
        self._pending = 0
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="sla-producer", daemon=True)
        self._thread.start()

    def produce(self, record: OutRecord, acked: Acked) -> None:
        """Queue a record; waits only while the local queue is full.

        `acked` gets the offset, or an error text when the log refused it or did not answer for
        30 s. LogUnavailable if the queue stays full.
        """
        topic = self._settings.topic(record.topic)
        place = (topic, self._partition(topic, record))
        item = Waiting(record, acked, pack(record), time.monotonic())
        with self._changed:
            room = self._changed.wait_for(self._has_room, 2 * LOG_TIMEOUT_MS / 1000)
            if not room or self._closed:
                raise LogUnavailable(
                    f"Redis (log): {self._pending} records wait for an acknowledgement"
                )
            self._lanes.setdefault(place, Lane(deque(), [])).waiting.append(item)
            self._pending += 1
            self._changed.notify_all()

    def flush(self, timeout_s: float) -> int:
        """Wait until all is acknowledged or given up; how many records still are not."""
        with self._changed:
            self._changed.wait_for(lambda: self._pending == 0, timeout_s)
            return self._pending

    def close(self) -> None:
        """Wait shortly for what is on its way, then end; the rest is reported as failed."""
        self.flush(LOG_TIMEOUT_MS / 1000)
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()
        for lane in self._lanes.values():
            self._done([*lane.batch, *lane.waiting], None, "the producer was closed")
        self._client.close()

    def _has_room(self) -> bool:
        return self._pending < self._pending_max or self._closed

    def _partition(self, topic: str, record: OutRecord) -> int:
        count = self._partitions.get(topic)
        if count is None:
            count = self._partitions[topic] = self._topics.identity(topic).partitions
        if record.partition is not None:
            if not 0 <= record.partition < count:
                raise LogError(f"{topic} has {count} partitions, none is {record.partition}")
            return record.partition
        if record.key is None:
            return next(self._turn) % count
        return partition_of(record.key, count)

    def _run(self) -> None:
        wait_ms = RETRY_FIRST_MS
        while True:
            places = self._next_batches()
            if not places:
                return
            try:
                answers = self._client.try_all([self._command(place) for place in places])
            except LogUnavailable as error:
                answers = [error] * len(places)
            unavailable = self._answered(places, answers)
            if unavailable is None:
                self._link.answered()
                wait_ms = RETRY_FIRST_MS
                continue
            self._link.lost(unavailable)
            with self._changed:
                self._changed.wait_for(lambda: self._closed, wait_ms / 1000)
            wait_ms = min(2 * wait_ms, RETRY_LAST_MS)

    def _next_batches(self) -> list[Place]:
        """The partitions with a batch to send, taken from their queues; empty: closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._pending > 0 or self._closed)
            if self._closed:
                return []
            places = []
            for place, lane in self._lanes.items():
                if not lane.batch:
                    size = 0
                    while lane.waiting and len(lane.batch) < BATCH_RECORDS and size < BATCH_BYTES:
                        item = lane.waiting.popleft()
                        size += len(item.packed)
                        lane.batch.append(item)
                    lane.number += bool(lane.batch)
                if lane.batch:
                    places.append(place)
            return places

    def _command(self, place: Place) -> Command:
        topic, partition = place
        lane = self._lanes[place]
        keys = [stream_key(topic, partition), memory_key(topic, partition, self._name)]
        packed = b"".join(item.packed for item in lane.batch)
        return call("append", keys, lane.number, DAY_MS, len(lane.batch), packed)

    def _answered(
        self, places: list[Place], answers: list[bytes | LogError]
    ) -> LogUnavailable | None:
        """Report what is decided; the reason to wait, if something is to be sent again."""
        again: LogUnavailable | None = None
        for place, answer in zip(places, answers, strict=True):
            lane = self._lanes[place]
            if isinstance(answer, LogUnavailable):
                again = answer
                self._give_up_old(lane, str(answer))
            else:
                failed = isinstance(answer, LogError)
                first = None if failed else int(answer)  # type: ignore[arg-type]
                self._done(lane.batch, first, str(answer) if failed else "")
                lane.batch = []
        return again

    def _give_up_old(self, lane: Lane, why: str) -> None:
        """A whole batch is given up once its first record is too old, since it has one number."""
        if time.monotonic() - lane.batch[0].since > LOG_TIMEOUT_MS / 1000:
            self._done(lane.batch, None, why)
            lane.batch = []

    def _done(self, items: list[Waiting], first: int | None, error: str) -> None:
        for i, item in enumerate(items):
            tell(item.acked, item.record, None if first is None else first + i, error)
        with self._changed:
            self._pending -= len(items)
            self._changed.notify_all()
