"""The rolling checkpoint: pages and history written behind the journal, which it then trims.

A round writes every page that changed since the last one and appends the history that the
round found pending, in calls of at most 256 KB between turns; its last call trims the journal
up to the sequence at which the round began. Repeating any part of it is harmless.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from sla_engine.engine.failpoints import reach
from sla_engine.engine.images import images_of, page
from sla_engine.engine.owned import Owned
from sla_engine.engine.ports import Checkpoint
from sla_engine.engine.shard import ENTRIES, HISTORIES, PAGE_SHIFT, TURN
from sla_engine.limits import (
    CHECKPOINT_CALL_BYTES_MAX,
    CHECKPOINT_ROUND_BYTES_MIN,
    HISTORY_CHUNK_INCIDENTS,
)

_ENTRY = struct.Struct("<II")


def chunk_name(history: int) -> str:
    """The blob that keeps an incident's history with those of its neighbours."""
    return f"h:{history // HISTORY_CHUNK_INCIDENTS}"


def page_name(number: int) -> str:
    """The blob of one page of rows."""
    return f"p:{number}"


def entries_in(chunk: bytes) -> Iterator[tuple[int, bytes]]:
    """(history, packed bytes) in a stored chunk, oldest first."""
    at = 0
    while at < len(chunk):
        history, length = _ENTRY.unpack_from(chunk, at)
        at += _ENTRY.size
        yield history, chunk[at : at + length]
        at += length


@dataclass
class Round:
    """One round over a partition."""

    owned: Owned
    last_turn: int = 0  # pages changed after this turn are written
    sequence: int = 0
    entries: int = 0
    started_turn: int = 0
    calls: list[Checkpoint] = field(default_factory=list)

    @property
    def is_running(self) -> bool:
        """Whether calls of the round are left."""
        return bool(self.calls)

    def is_due(self, *, force: bool = False) -> bool:
        """Whether enough journal has come together for the next round."""
        owned = self.owned
        if self.is_running or owned.sequence == self.sequence:
            return False
        return force or owned.journal_bytes >= CHECKPOINT_ROUND_BYTES_MIN

    def begin(self) -> None:
        """Cut the round into calls; memory is between turns."""
        owned = self.owned
        partition = owned.partition
        self.sequence = owned.sequence
        self.entries = int(partition.shard.levels[ENTRIES])
        self.started_turn = int(partition.shard.levels[TURN])
        owned.journal_bytes = 0
        calls = [*self._pages(), *self._history()]
        extra = {
            "pages": str((partition.rows >> PAGE_SHIFT) + 1).encode(),
            "histories": str(int(partition.shard.levels[HISTORIES])).encode(),
            "clock": str(owned.clock.value_ms).encode(),
            "policies": partition.book.policies.version.encode(),
        }
        calls.append(Checkpoint(owned.number, owned.token, extra=extra, trim_to=self.sequence))
        self.calls = calls

    def step(self) -> None:
        """Write the next call; after the last one the round is over.

        A call that was not answered stays the next one: the trim may never overtake it.
        """
        self.owned.store.checkpoint(self.calls[0])
        del self.calls[0]
        reach("in_checkpoint")
        if not self.calls:
            self._finish()

    def _finish(self) -> None:
        owned = self.owned
        self.last_turn = self.started_turn - 1
        owned.partition.stored_upto = int(owned.partition.shard.levels[HISTORIES])
        owned.partition.drop_pending(self.entries)
        owned.committed_entries = int(owned.partition.shard.levels[ENTRIES])

    def _pages(self) -> Iterator[Checkpoint]:
        owned = self.owned
        partition = owned.partition
        used = (partition.rows >> PAGE_SHIFT) + 1
        changed = np.flatnonzero(partition.shard.pages[:used] > self.last_turn)
        puts: list[tuple[str, bytes]] = []
        size = 0
        for number in changed.tolist():
            first = number << PAGE_SHIFT
            rows = np.arange(first, min(first + (1 << PAGE_SHIFT), partition.rows))
            blob = page(images_of(partition.work.incidents, partition.work.clocks, rows))
            if puts and size + len(blob) > CHECKPOINT_CALL_BYTES_MAX:
                yield Checkpoint(owned.number, owned.token, puts=puts)
                puts, size = [], 0
            puts.append((page_name(number), blob))
            size += len(blob)
        if puts:
            yield Checkpoint(owned.number, owned.token, puts=puts)

    def _history(self) -> Iterator[Checkpoint]:
        owned = self.owned
        chunks: dict[str, list[bytes]] = {}
        for history, packed in owned.partition.new_history(0):
            chunks.setdefault(chunk_name(history), []).append(
                _ENTRY.pack(history, len(packed)) + packed
            )
        appends: list[tuple[str, bytes]] = []
        size = 0
        for name, parts in chunks.items():
            blob = b"".join(parts)
            if appends and size + len(blob) > CHECKPOINT_CALL_BYTES_MAX:
                yield Checkpoint(owned.number, owned.token, appends=appends)
                appends, size = [], 0
            appends.append((name, blob))
            size += len(blob)
        if appends:
            yield Checkpoint(owned.number, owned.token, appends=appends)
