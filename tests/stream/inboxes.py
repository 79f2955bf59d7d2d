"""Inboxes that stand in for the engine: one in memory, one that keeps a ledger on disk."""

from __future__ import annotations

import queue
import secrets
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from sla_engine.engine.ports import RawBatch

EARLIEST = -2


@dataclass
class MemoryInbox:
    """Takes everything at once and remembers it; `full` makes it refuse, `stored` are positions.

    `stale` lists what came for a partition that was not assigned, or not any more.
    """

    stored: dict[int, int] = field(default_factory=dict)
    full: bool = False
    assign_error: Exception | None = None
    keys: dict[int, list[bytes | None]] = field(default_factory=dict)
    values: dict[int, list[bytes | None]] = field(default_factory=dict)
    next_offset: dict[int, int] = field(default_factory=dict)
    ends: dict[int, int] = field(default_factory=dict)
    ends_seen: int = 0
    offered: int = 0
    calls: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    owned: set[int] = field(default_factory=set)
    stale: list[str] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def assign(self, partitions: Sequence[int]) -> Future[dict[int, int]]:
        future: Future[dict[int, int]] = Future()
        with self.changed:
            self.calls.append(("assign", tuple(partitions)))
            if self.assign_error is not None:
                future.set_exception(self.assign_error)
            else:
                self.owned.update(partitions)
                future.set_result({p: self.stored.get(p, EARLIEST) for p in partitions})
            self.changed.notify_all()
        return future

    def revoke(self, partitions: Sequence[int]) -> Future[None]:
        future: Future[None] = Future()
        with self.changed:
            self.calls.append(("revoke", tuple(partitions)))
            self.owned.difference_update(partitions)
            self.changed.notify_all()
        future.set_result(None)
        return future

    def deliver(self, batch: RawBatch) -> bool:
        with self.changed:
            self.offered += 1
            if batch.partition not in self.owned:
                self.stale.append(f"batch of {batch.partition} at {batch.offsets[:1]}")
            self.changed.notify_all()
            if self.full:
                return False
            data = bytes(batch.data)
            self.keys.setdefault(batch.partition, []).extend(
                spans_of(data, batch.key_start, batch.key_end)
            )
            self.values.setdefault(batch.partition, []).extend(
                spans_of(data, batch.value_start, batch.value_end)
            )
            self.next_offset[batch.partition] = batch.next_offset
            self.stored[batch.partition] = batch.next_offset
        return True

    def end_seen(self, partition: int, end_offset: int) -> None:
        with self.changed:
            if partition not in self.owned:
                self.stale.append(f"end of {partition}")
            self.ends[partition] = end_offset
            self.ends_seen += 1
            self.changed.notify_all()

    def positions(self) -> Mapping[int, int]:
        with self.changed:
            return dict(self.next_offset)

    def received(self) -> int:
        """Records taken so far."""
        return sum(len(values) for values in self.values.values())


def spans_of(data: bytes, starts: Sequence[int], ends: Sequence[int]) -> list[bytes | None]:
    """The bytes of each span; None for (-1, -1)."""
    return [None if start < 0 else data[start:end] for start, end in zip(starts, ends, strict=True)]


LEDGER = """
create table if not exists part (p integer primary key, token text, next integer);
create table if not exists rec (p integer, off integer, key blob, worker text);
create table if not exists wrong (what text, p integer, off integer, worker text);
"""


class Ledger:
    """What the workers of a test did, in one file that survives any of them."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = off")
        self._db.executescript(LEDGER)

    def claim(self, partition: int, token: str) -> int:
        """Write the token, then return the next offset (-2 if there is none)."""
        self._db.execute("begin immediate")
        row = self._db.execute("select next from part where p = ?", (partition,)).fetchone()
        following = EARLIEST if row is None else int(row[0])
        self._db.execute("replace into part values (?, ?, ?)", (partition, token, following))
        self._db.execute("commit")
        return following

    def commit(self, batch: RawBatch, token: str, worker: str) -> bool:
        """Record a batch and its position in one step; False when the token is not ours."""
        data = bytes(batch.data)
        keys = spans_of(data, batch.key_start, batch.key_end)
        self._db.execute("begin immediate")
        owner, following = self._db.execute(
            "select token, next from part where p = ?", (batch.partition,)
        ).fetchone()
        ours = owner == token
        if ours:
            if len(batch) and int(batch.offsets[0]) != max(following, 0):
                self._wrong("not contiguous", batch.partition, int(batch.offsets[0]), worker)
            rows = zip(batch.offsets.tolist(), keys, strict=True)
            self._db.executemany(
                "insert into rec values (?, ?, ?, ?)",
                [(batch.partition, offset, key, worker) for offset, key in rows],
            )
            self._db.execute(
                "update part set next = ? where p = ?", (batch.next_offset, batch.partition)
            )
        self._db.execute("commit")
        return ours

    def wrong(self, what: str, partition: int, offset: int, worker: str) -> None:
        """Record a violation."""
        self._wrong(what, partition, offset, worker)

    def violations(self) -> list[tuple[str, int, int, str]]:
        """All that was recorded as wrong."""
        return list(self._db.execute("select * from wrong"))

    def processed(self) -> int:
        """Records over all partitions."""
        return int(self._db.execute("select count(*) from rec").fetchone()[0])

    def records(self) -> dict[int, list[tuple[int, bytes]]]:
        """(offset, key) per partition, in the order in which they were processed."""
        result: dict[int, list[tuple[int, bytes]]] = {}
        for p, offset, key in self._db.execute("select p, off, key from rec order by rowid"):
            result.setdefault(p, []).append((offset, key))
        return result

    def workers(self) -> set[str]:
        """The workers that own a partition now or once processed a record."""
        return {row[0] for row in self._db.execute("select distinct worker from rec")}

    def owners(self) -> dict[int, str]:
        """Token per partition."""
        return dict(self._db.execute("select p, token from part"))

    def _wrong(self, what: str, partition: int, offset: int, worker: str) -> None:
        self._db.execute("insert into wrong values (?, ?, ?, ?)", (what, partition, offset, worker))


class LedgerInbox:
    """Processes in a thread of its own from a bounded queue, fenced by tokens, into a Ledger."""

    def __init__(self, path: Path, worker: str, *, room: int = 4) -> None:
        self._ledger = Ledger(path)
        self._worker = worker
        self._tokens: dict[int, str] = {}
        self._next: dict[int, int] = {}
        self._queue: queue.Queue[RawBatch | tuple[Future[None], Sequence[int]]] = queue.Queue(room)
        self._owned: set[int] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._work, daemon=True).start()

    def assign(self, partitions: Sequence[int]) -> Future[dict[int, int]]:
        future: Future[dict[int, int]] = Future()
        with self._lock:
            for partition in partitions:
                self._tokens[partition] = f"{self._worker}/{secrets.token_hex(8)}"
                self._next[partition] = self._ledger.claim(partition, self._tokens[partition])
            self._owned.update(partitions)
            future.set_result({p: self._next[p] for p in partitions})
        return future

    def revoke(self, partitions: Sequence[int]) -> Future[None]:
        future: Future[None] = Future()
        with self._lock:
            self._owned.difference_update(partitions)
        self._queue.put((future, partitions))
        return future

    def deliver(self, batch: RawBatch) -> bool:
        with self._lock:
            if batch.partition not in self._owned:
                self._ledger.wrong("delivered after revoke", batch.partition, -1, self._worker)
        try:
            self._queue.put_nowait(batch)
        except queue.Full:
            return False
        return True

    def end_seen(self, partition: int, end_offset: int) -> None:
        with self._lock:
            if partition not in self._owned:
                self._ledger.wrong("end after revoke", partition, end_offset, self._worker)

    def positions(self) -> Mapping[int, int]:
        with self._lock:
            return {p: self._next[p] for p in self._owned if self._next[p] >= 0}

    def _work(self) -> None:
        while True:
            item = self._queue.get()
            if isinstance(item, RawBatch):
                self._process(item)
            else:
                item[0].set_result(None)

    def _process(self, batch: RawBatch) -> None:
        token = self._tokens[batch.partition]
        if self._ledger.commit(batch, token, self._worker):
            with self._lock:
                self._next[batch.partition] = batch.next_offset
