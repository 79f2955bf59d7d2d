"""The thread that reads the claimed streams and hands their entries on as raw batches."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from sla_engine.engine.ports import RawBatch
from sla_engine.errors import LogError, LogUnavailable, PositionLost, SlaError
from sla_engine.limits import FETCH_BYTES_MAX, RETRY_FIRST_MS, STORE_TIMEOUT_MS
from sla_engine.stream.consumer import Feed
from sla_engine.stream.holding import RETRY_S, Holding
from sla_engine.stream.link import Link
from sla_engine.stream.redis_streams import kernels
from sla_engine.stream.redis_streams.client import LogClient
from sla_engine.stream.redis_streams.layout import (
    BATCH_BYTES,
    RedisSettings,
    behind,
    stream_key,
)
from sla_engine.stream.redis_streams.topics import Topics

READ_MAX: Final = 5_000
READ_MIN: Final = 4
"""Entries of one partition in one answer, by the size of the entries that came before."""
ANSWER_BYTES: Final = 4 * FETCH_BYTES_MAX

log = logging.getLogger(__name__)


class Feeder:
    """Reads while it is open; opening and closing take effect between two deliveries."""

    def __init__(
        self, settings: RedisSettings, feed: Feed, rolled_back: Callable[[], None]
    ) -> None:
        """`rolled_back` is called when the log ends before what was read from it."""
        self._settings = settings
        self._feed = feed
        self._rolled_back = rolled_back
        timeout_s = (STORE_TIMEOUT_MS + settings.wait_ms) / 1000
        self._client = LogClient(settings.url, timeout_s=timeout_s)
        self._topics = Topics(settings, self._client)
        self._link = Link("Redis (log)", log)
        self._holding = Holding(feed.inbox)
        self._positions: dict[int, int] = {}
        self._seek: set[int] = set()
        self._entry_bytes: dict[int, float] = {}
        self._epoch = 0
        self._changed = threading.Condition()
        self._stopped = False
        self._thread: threading.Thread | None = None

    def open(self, offsets: Mapping[int, int]) -> None:
        """Read these partitions from these offsets on."""
        with self._changed:
            self._positions = dict(offsets)
            self._seek = set(offsets)
            self._epoch += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="sla-feeder", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def close(self) -> None:
        """Deliver nothing more; when this returns, no delivery is under way."""
        with self._changed:
            self._positions = {}
            self._epoch += 1
            self._holding.drop()

    def stop(self) -> None:
        """Close, and end the thread."""
        self.close()
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
        self._client.close()

    def position(self, partition: int) -> int | None:
        """The offset that is read next."""
        return self._positions.get(partition)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._positions) or self._stopped)
                if self._stopped:
                    return
                epoch = self._epoch
                held = set(self._holding.partitions)
                wanted = {p: at for p, at in self._positions.items() if p not in held}
            try:
                self._turn(epoch, wanted, bool(held))
            except LogUnavailable as error:
                self._link.lost(error)
                self._pause(RETRY_FIRST_MS / 1000)
            except SlaError as error:
                self._give_up(error)
            except Exception as error:
                log.exception("entries of the log could not be handed on")
                self._give_up(LogError(f"Redis (log): entries could not be handed on: {error!r}"))

    def _turn(self, epoch: int, wanted: Mapping[int, int], held: bool) -> None:
        if not self._link.up:
            self._check_ends(epoch, wanted)
        if wanted:
            self._read(epoch, wanted, 1 if held else self._settings.wait_ms)
        else:
            self._pause(RETRY_S)
        if held:
            with self._changed:
                if epoch == self._epoch:
                    self._holding.offer_again()

    def _read(self, epoch: int, wanted: Mapping[int, int], wait_ms: int) -> None:
        topic = self._feed.topic
        count = self._count(wanted)
        keys = [stream_key(topic, p) for p in wanted]
        ids = [behind(self._entry(p, offset)) for p, offset in wanted.items()]
        block = ("BLOCK", wait_ms)
        answer = self._client.run("XREAD", "COUNT", count, *block, "STREAMS", *keys, *ids)
        self._link.answered()
        came = {bytes(key): entries for key, entries in answer or ()}
        found = {p: came.get(key.encode(), []) for p, key in zip(wanted, keys, strict=True)}
        more = [p for p, entries in found.items() if len(entries) == count]
        ends = self._topics.bounds(topic, *more) if more else {}
        with self._changed:
            if epoch != self._epoch:
                return
            self._seek.difference_update(wanted)
            for partition, entries in found.items():
                end = ends[partition][1] if partition in ends else -1
                if entries:
                    end = self._deliver(partition, wanted[partition], entries, end)
                self._feed.inbox.end_seen(partition, max(end, wanted[partition]))

    def _entry(self, partition: int, offset: int) -> int:
        """Where the entry with the offset begins; only the first may be read from its middle."""
        if partition in self._seek:
            return self._topics.entry_of(self._feed.topic, partition, offset)
        return offset

    def _deliver(self, partition: int, position: int, entries: list[Any], end: int) -> int:
        values = [fields[1] for _, fields in entries]
        batch = raw_batch(self._feed.topic, partition, position, values)
        batch.end_offset = max(end, batch.next_offset)
        self._positions[partition] = batch.next_offset
        self._entry_bytes[partition] = len(batch.data) / len(values)
        self._holding.offer(partition, iter((batch,)))
        return batch.end_offset

    def _count(self, wanted: Mapping[int, int]) -> int:
        """As many entries per partition as make up one answer together with the others'."""
        weights = (self._entry_bytes.get(p, BATCH_BYTES) for p in wanted)
        return int(min(READ_MAX, max(READ_MIN, ANSWER_BYTES / sum(weights))))

    def _check_ends(self, epoch: int, wanted: Mapping[int, int]) -> None:
        """A server that comes back may have lost its last second."""
        bounds = self._topics.bounds(self._feed.topic, *wanted)
        if any(bounds[p][1] < offset for p, offset in wanted.items()):
            with self._changed:
                if epoch == self._epoch:
                    self.close()
                    self._rolled_back()

    def _pause(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopped, seconds)

    def _give_up(self, error: SlaError) -> None:
        self.close()
        self._feed.report(error)


def raw_batch(topic: str, partition: int, position: int, entries: list[bytes]) -> RawBatch:
    """The records from offset `position` on as one RawBatch; one join, no object per record.

    PositionLost when the entries begin behind it: the log was trimmed.
    """
    data = np.frombuffer(b"".join(entries), np.uint8)
    ends = np.cumsum(np.fromiter(map(len, entries), np.int64, len(entries)))
    n = kernels.count(data, ends)
    if n <= 0:
        raise LogError(
            f"{topic}[{partition}]: behind offset {position} is an entry that is no log's"
        )
    offsets, append_ms = np.empty(n, np.int64), np.empty(n, np.int64)
    spans = np.empty((4, n), np.int32)
    kernels.fill(data, ends, offsets, spans, append_ms)
    if offsets[-1] - offsets[0] != n - 1:
        raise LogError(f"{topic}[{partition}]: offsets are missing behind {offsets[0]}")
    begin = position - int(offsets[0])
    if begin < 0:
        raise PositionLost(
            f"{topic}[{partition}]: offset {position} is gone, the log goes on at {offsets[0]}."
            " Nothing was skipped and nothing reset."
        )
    return RawBatch(
        partition=partition,
        data=data,
        offsets=offsets[begin:],
        key_start=spans[0, begin:],
        key_end=spans[1, begin:],
        value_start=spans[2, begin:],
        value_end=spans[3, begin:],
        append_ms=append_ms[begin:],
        next_offset=int(offsets[-1]) + 1,
        end_offset=int(offsets[-1]) + 1,
    )
