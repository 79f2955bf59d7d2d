"""The measurement behind `sla-engine bench`: an engine, a log and a store in memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

import numpy as np

from sla_engine.cli.steady import POLICIES, created, mixed
from sla_engine.engine.checkpoint import Round
from sla_engine.engine.loading import Reader
from sla_engine.engine.owned import Owned
from sla_engine.engine.partition import Partition
from sla_engine.engine.partition_clock import PartitionClock
from sla_engine.engine.ports import LogIdentity, RawBatch
from sla_engine.engine.recovery import claim
from sla_engine.engine.refold import Folder
from sla_engine.engine.turn import TurnSettings
from sla_engine.event.decode import Decoder
from sla_engine.limits import TURN_EVENTS_MAX
from sla_engine.policy import load_text
from sla_engine.policy.tables import RuleBook
from sla_engine.store.memory import MemoryStore
from sla_engine.store.memory_server import MemoryServer

_BATCH = 2_000
_OPEN_MINUTES = 30
_ROWS_PER_LOAD = 16_384

Event = tuple[bytes, bytes]


def measure(incidents: int, step: Callable[[str], None]) -> dict[str, int]:
    """All figures; `step` is told what begins."""
    book = RuleBook(load_text(POLICIES))
    owned = _owner(book)
    begin = datetime.now(UTC) - timedelta(minutes=_OPEN_MINUTES)
    step(f"writing {2 * incidents:,} events")
    openings = list(_batches(created(incidents, begin), 0))
    later = begin + timedelta(milliseconds=incidents + 1000)
    changes = list(_batches(mixed(incidents, incidents, later), incidents))
    step(f"opening {incidents:,} incidents")
    opened = _apply(owned, openings)
    step("changing them")
    changed = _apply(owned, changes)
    step("loading them again")
    loaded = _load(owned.partition, book)
    used = owned.partition.row_bytes
    return {
        "incidents": incidents,
        "events": 2 * incidents,
        "created_per_s": round(incidents / opened),
        "changed_per_s": round(incidents / changed),
        "row_bytes_per_incident": round(used / incidents),
        "load_ms_per_million": round(loaded * 1e9 / incidents),
    }


def _owner(book: RuleBook) -> Owned:
    store = MemoryStore(MemoryServer(), now_ms=lambda: 0)
    log = LogIdentity("events", "bench", 1)
    clock = PartitionClock(by_events=True, max_hold_ms=0)
    return claim(store, 0, b"bench", log, book, Folder(book), TurnSettings(), clock)


def _batches(events: Iterable[Event], first: int) -> Iterator[RawBatch]:
    source = iter(events)
    while chunk := list(islice(source, _BATCH)):
        yield _batch(chunk, first)
        first += len(chunk)


def _batch(chunk: list[Event], first: int) -> RawBatch:
    """The events as they come from a log: one run of bytes with spans."""
    lengths = np.array([[len(key), len(value)] for key, value in chunk], np.int32).ravel()
    ends = np.cumsum(lengths, dtype=np.int32)
    starts = ends - lengths
    count = len(chunk)
    return RawBatch(
        partition=0,
        data=np.frombuffer(b"".join(part for event in chunk for part in event), np.uint8),
        offsets=np.arange(first, first + count),
        key_start=starts[::2],
        key_end=ends[::2],
        value_start=starts[1::2],
        value_end=ends[1::2],
        append_ms=np.zeros(count, np.int64),
        next_offset=first + count,
        end_offset=first + count,
    )


def _apply(owned: Owned, batches: list[RawBatch]) -> float:
    """Seconds until all batches are decoded, folded and in the journal; rounds are not counted."""
    decoder = Decoder()
    spent = 0.0
    checkpoint = Round(owned)
    for batch in batches:
        begun = time.perf_counter()
        decoded = decoder.decode(batch, None)
        for start in range(0, len(batch), TURN_EVENTS_MAX):
            stop = min(len(batch), start + TURN_EVENTS_MAX)
            owned.turn.take(decoded, start, stop)
            owned.commit(int(batch.offsets[stop - 1]) + 1)
        spent += time.perf_counter() - begun
        if checkpoint.is_due():
            checkpoint.begin()
            while checkpoint.is_running:
                checkpoint.step()
    return spent


def _load(partition: Partition, book: RuleBook) -> float:
    """Seconds to put all rows into another partition, as a claim does."""
    blobs = [
        partition.images(np.arange(first, min(first + _ROWS_PER_LOAD, partition.rows)))
        for first in range(0, partition.rows, _ROWS_PER_LOAD)
    ]
    fresh, reader = Partition(0, book), Reader()
    begun = time.perf_counter()
    for blob in blobs:
        read = reader.read(blob)
        fresh.load(read.rows, read.incidents, read.owners, read.clocks)
    fresh.rebuild_index()
    return time.perf_counter() - begun
