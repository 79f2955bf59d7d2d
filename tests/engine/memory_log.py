"""A log in memory with its producer and reader, and the feed that stands for the stream worker.

Deterministic: time is a clock that tests move, and everything runs in the calling thread.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from sla_engine.engine.ports import Acked, Inbox, LogIdentity, OutRecord, RawBatch, StoredRecord
from sla_engine.errors import SlaError
from sla_engine.stream.murmur2 import partition_of

TOPICS = ("events", "alerts", "dead", "clocks")


class VirtualClock:
    """The time of a test; it never goes back."""

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        return self._now_ms

    def move_to(self, now_ms: int) -> None:
        """Let time pass up to this instant."""
        assert now_ms >= self._now_ms, "the clock would go back"
        self._now_ms = now_ms


class MemoryLog:
    """Topics of one cluster; records stay. It is its own LogReader."""

    def __init__(self, clock: VirtualClock, partitions: int = 1, name: str = "first") -> None:
        self.clock = clock
        self.partitions = partitions
        self._name = name
        self.failures: list[SlaError] = []
        self._topics: dict[str, list[list[StoredRecord]]] = {
            topic: [[] for _ in range(partitions)] for topic in TOPICS
        }

    def append(self, record: OutRecord) -> int:
        """Put a record at the end of its partition; its offset."""
        number = record.partition
        if number is None:
            number = partition_of(record.key or b"", self.partitions)
        held = self._topics[record.topic][number]
        now = self.clock.now_ms()
        held.append(StoredRecord(number, len(held), now, record.key, record.value, record.headers))
        return len(held) - 1

    def records(self, topic: str, partition: int | None = None) -> list[StoredRecord]:
        """All records of a topic, partition by partition."""
        numbers = range(self.partitions) if partition is None else [partition]
        return [record for number in numbers for record in self._topics[topic][number]]

    def identity(self, topic: str = "events") -> LogIdentity:
        return LogIdentity(topic, self._name, self.partitions)

    def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        if topic == "alerts" and self.failures:
            raise self.failures.pop(0)
        return 0, len(self._topics[topic][partition])

    def read(
        self, topic: str, partition: int, start: int, end: int | None = None
    ) -> Iterator[StoredRecord]:
        yield from list(self._topics[topic][partition][start:end])


@dataclass
class MemoryProducer:
    """Hands records to the log. `holding` keeps them from it, as a broker that does not answer."""

    log: MemoryLog
    holding: bool = False
    silent: bool = False  # records are written, but their acknowledgements never come
    refusals: list[str] = field(default_factory=list)
    _waiting: list[tuple[OutRecord, Acked]] = field(default_factory=list)

    def produce(self, record: OutRecord, acked: Acked) -> None:
        if self.refusals:
            acked(record, None, self.refusals.pop(0))
            return
        self._waiting.append((record, acked))
        if not self.holding:
            self.flush(0)

    def flush(self, timeout_s: float) -> int:
        while self._waiting and not self.holding:
            record, acked = self._waiting.pop(0)
            offset = self.log.append(record)
            if not self.silent:
                acked(record, offset, "")
        return len(self._waiting)

    def close(self) -> None:
        """Nothing is held."""


class Feed:
    """Claims, reads and delivers for one engine, as its member of the group would."""

    def __init__(self, log: MemoryLog, inbox: Inbox) -> None:
        self._log = log
        self._inbox = inbox
        self.positions: dict[int, int] = {}

    def open(self, starts: dict[int, int]) -> None:
        """Read these partitions from here on; -2 is the beginning."""
        self.positions.update({p: max(0, start) for p, start in starts.items()})

    def deliver(self, partition: int, limit: int) -> int:
        """Deliver the next records of a partition, at most `limit`; how many."""
        start = self.positions[partition]
        records = list(self._log.read("events", partition, start, start + limit))
        _, end = self._log.bounds("events", partition)
        if records:
            assert self._inbox.deliver(raw_batch(partition, records, end))
            self.positions[partition] = start + len(records)
        return len(records)

    def tell_end(self, partition: int) -> None:
        """The log answers that its end is here."""
        self._inbox.end_seen(partition, self._log.bounds("events", partition)[1])


def raw_batch(partition: int, records: Sequence[StoredRecord], end: int) -> RawBatch:
    """Records as one batch of bytes with spans."""
    data = bytearray()
    spans: list[tuple[int, int, int, int]] = []
    for record in records:
        key = record.key or b""
        value = record.value or b""
        at = len(data)
        data += key + value
        spans.append(
            (at if record.key is not None else -1, at + len(key), at + len(key), len(data))
        )
    columns = np.array(spans, np.int32).reshape(-1, 4).T.copy()
    return RawBatch(
        partition=partition,
        data=np.frombuffer(bytes(data), np.uint8),
        offsets=np.array([record.offset for record in records], np.int64),
        key_start=columns[0],
        key_end=columns[1],
        value_start=columns[2],
        value_end=columns[3],
        append_ms=np.array([record.append_ms for record in records], np.int64),
        next_offset=records[-1].offset + 1,
        end_offset=end,
    )
