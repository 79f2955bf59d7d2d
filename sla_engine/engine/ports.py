"""The ports of the engine: what it asks of a log, a producer and a store.

Adapters (Kafka, Redis Streams, Redis, memory) implement these; the engine imports none of
them. Everything that crosses a port is bytes, integers and arrays: the formats of journal,
pages, timer wheel and history belong to the engine, the store never looks inside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]
Int32s = NDArray[np.int32]


# --------------------------------------------------------------------------- the event log


@dataclass(slots=True)
class RawBatch:
    """Consecutive records of one partition as bytes with spans; no object per record.

    `data` holds the record bytes (uint8); the spans are int32 positions in it, `n` long each;
    a key that is absent has start -1. `append_ms` is the log's own time of each record (ms).
    `offsets` ascend, not always by one (compacted or transactional logs leave gaps);
    `next_offset` is where the batch that follows begins. `end_offset` is the end of the log
    when this was read: `next_offset == end_offset` means caught up.
    """

    partition: int
    data: NDArray[np.uint8]
    offsets: Int64s
    key_start: Int32s
    key_end: Int32s
    value_start: Int32s
    value_end: Int32s
    append_ms: Int64s
    next_offset: int
    end_offset: int

    def __len__(self) -> int:
        return len(self.offsets)


@dataclass(frozen=True, slots=True)
class LogIdentity:
    """What a stored position belongs to; a position of another log is refused, never reset.

    `topic_id` changes when the topic is deleted and made anew (Kafka's topic UUID; for Redis
    Streams a random id made with the log).
    """

    topic: str
    topic_id: str
    partitions: int


class Inbox(Protocol):
    """The engine's side of the log port; every method may be called from any thread.

    Order of calls per partition: `assign` -> (`deliver` | `end_seen`)* -> `revoke`.
    """

    def assign(self, partitions: Sequence[int]) -> Future[dict[int, int]]:
        """Claim these partitions; the result is the offset to read each from.

        Fails with PositionLost when the log no longer has that offset or is another log.
        A partition without stored state starts at its log's earliest offset (-2 is returned).
        """
        ...

    def revoke(self, partitions: Sequence[int]) -> Future[None]:
        """Finish what is in flight for them, then let go; resolves when nothing more is written."""
        ...

    def deliver(self, batch: RawBatch) -> bool:
        """Queue a batch; False when the bounded queue is full (offer it again, do not drop)."""
        ...

    def end_seen(self, partition: int, end_offset: int) -> None:
        """The log answered: its end is `end_offset` now. Call it for every answer, also empty."""
        ...

    def positions(self) -> Mapping[int, int]:
        """Next offset made durable per owned partition, for advisory commits."""
        ...


# --------------------------------------------------------------------------- the producer


@dataclass(frozen=True, slots=True)
class OutRecord:
    """A record to produce. `partition` None: by murmur2 of the key, as Java's clients do.

    `topic` is a role: `events`, `alerts` or `dead`; the adapter knows its name.
    """

    topic: str
    partition: int | None
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


#: Called with (record, offset or None, error text or "") from the producer's own thread.
Acked = Callable[[OutRecord, int | None, str], None]


class Producer(Protocol):
    """Durable, ordered per partition, idempotent where the log can be (acks=all)."""

    def produce(self, record: OutRecord, acked: Acked) -> None:
        """Hand over; never blocks longer than the local queue needs; retries by itself."""
        ...

    def flush(self, timeout_s: float) -> int:
        """Wait for acknowledgements; returns how many records are still unacknowledged."""
        ...

    def close(self) -> None: ...


class LogReader(Protocol):
    """Plain reading of a partition, outside of any group: alert tails, dead letters, replays."""

    def identity(self, topic: str) -> LogIdentity: ...

    def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        """Earliest and end offset."""
        ...

    def read(
        self, topic: str, partition: int, start: int, end: int | None = None
    ) -> Iterator[StoredRecord]:
        """Records from `start` up to `end` (exclusive; None: the end at the time of the call)."""
        ...


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """One record as read back: for tails, dead letters and tools, not for the hot path."""

    partition: int
    offset: int
    append_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


# --------------------------------------------------------------------------- the store


@dataclass(slots=True)
class Header:
    """What the store knows about a partition without looking into the engine's formats.

    `next_offset` -1: nothing was ever written. `sequence` is the last journal entry,
    `trimmed_to` the last one already contained in pages. `alerts_position` is the offset in
    the alerts topic up to which the engine's own alerts are known to be recorded.
    `extra` are small engine-owned fields (page count, wheel index, clock, format version).
    """

    next_offset: int = -1
    sequence: int = 0
    trimmed_to: int = 0
    alerts_position: int = -1
    identity: LogIdentity | None = None
    extra: dict[str, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class Commit:
    """One atomic step of one partition: journal entry, outbox and offset move together.

    `sequence` must be the stored one + 1 and `from_offset` the stored next offset, else the
    call is refused (Fenced). Timers move no offset: then `next_offset == from_offset`.
    `outbox` entries get the ids `<sequence>-<i>`, i from 0.
    """

    partition: int
    token: bytes
    sequence: int
    from_offset: int
    next_offset: int
    journal: bytes
    outbox: Sequence[bytes] = ()


@dataclass(slots=True)
class Checkpoint:
    """Writes behind the journal, one atomic call of at most 256 KB; idempotent when repeated.

    `puts` replace, `appends` append to, `deletes` unlink named blobs; `extra` updates header
    fields; `trim_to` drops journal entries up to and including that sequence. `after` is the
    sequence of the writer's last commit: a store that does not have it was set back, and refuses.
    `purge`: no byte of what the trim drops may stay in the form in which the rest is kept.
    """

    partition: int
    token: bytes
    puts: Sequence[tuple[str, bytes]] = ()
    appends: Sequence[tuple[str, bytes]] = ()
    deletes: Sequence[str] = ()
    extra: Mapping[str, bytes] = field(default_factory=dict)
    trim_to: int | None = None
    after: int = 0
    purge: bool = False


class Store(Protocol):
    """Durable state of partitions. Synchronous; used from the engine thread only.

    Every write carries the owner token; a write whose token is not the stored one changes
    nothing and raises Fenced. Connection loss raises StoreUnavailable: the caller retries or
    gives the partition up; a call whose answer was lost may have been applied.
    """

    def check(self) -> None:
        """Refuse (StoreRefused) a server that evicts or does not persist, saying why."""
        ...

    def claim(self, partition: int, token: bytes, identity: LogIdentity) -> Header:
        """Write the token, then return the header. PositionLost if the identity differs."""
        ...

    def header(self, partition: int) -> tuple[Header, bytes]:
        """Header and current owner token, read only (followers, tools)."""
        ...

    def commit(self, commits: Sequence[Commit]) -> list[Exception | None]:
        """Apply each, pipelined in one round trip; per commit None or Fenced."""
        ...

    def begin(self, commits: Sequence[Commit]) -> None:
        """Send what `commit` would, and do not wait; never raises. `answers` comes next."""
        ...

    def answers(self) -> list[Exception | None]:
        """What `commit` would return or raise for the commits that were begun."""
        ...

    def journal(self, partition: int, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Entries with sequence > after, ascending, at most `limit`."""
        ...

    def checkpoint(self, writes: Checkpoint) -> None: ...

    def read(self, partition: int, names: Sequence[str]) -> list[bytes | None]:
        """Named blobs, pipelined; None where there is none."""
        ...

    def outbox(self, partition: int, after: str, limit: int) -> list[tuple[str, bytes]]:
        """(id, entry) after that id ("" = from the start), ascending, at most `limit`."""
        ...

    def trim_outbox(self, partition: int, token: bytes, upto: str, alerts_position: int) -> None:
        """Drop entries up to and including `upto`; remember the alerts position (-1: leave it)."""
        ...

    def put_shared(self, name: str, blob: bytes) -> None:
        """A blob that belongs to no partition (policy texts by version). Not fenced: write-once."""
        ...

    def shared(self, prefix: str) -> dict[str, bytes]: ...

    def time_ms(self) -> int:
        """The server's own clock (ms), the second opinion on a jump of the wall clock."""
        ...

    def close(self) -> None: ...


class Clock(Protocol):
    """Time for the shell: an anchor plus the monotonic clock, never going back."""

    def now_ms(self) -> int: ...


def unanswered(results: Iterable[Exception | None]) -> list[int]:
    """Positions of the commits that were refused."""
    return [i for i, result in enumerate(results) if result is not None]
