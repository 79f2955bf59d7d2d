"""The rolling checkpoint: pages and history written behind the journal, which it then trims.

A round writes every page that changed since the last one and appends the history that the
round found pending, in calls of at most 256 KB between turns; its last call trims the journal
up to the sequence at which the round began. Repeating any part of it is harmless.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

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


def chunk_name(history: int) -> str:
    """The blob that keeps an incident's history with those of its neighbours."""
    return f"h:{history // HISTORY_CHUNK_INCIDENTS}"


def page_name(number: int) -> str:
    """The blob of one page of rows."""
    return f"p:{number}"


@dataclass
class Round:
    """One round over a partition."""

    owned: Owned
    last_turn: int = 0  # pages changed after this turn are written
    sequence: int = 0
    entries: int = 0
    started_turn: int = 0
    is_running: bool = False
    _calls: Iterator[Checkpoint] = field(default_factory=lambda: iter(()))
    _next: Checkpoint | None = None

    def is_due(self, *, force: bool = False) -> bool:
        """Whether enough journal has come together for the next round."""
        owned = self.owned
        if self.is_running or owned.sequence == self.sequence:
            return False
        return force or owned.journal_bytes >= CHECKPOINT_ROUND_BYTES_MIN

    def begin(self) -> None:
        """Decide what the round writes; memory is between turns.

        Calls are made one at a time, so a page may be newer than where the round began: the
        journal behind it holds whole rows, and loading it ends in the same state.
        """
        owned = self.owned
        partition = owned.partition
        self.sequence = owned.sequence
        self.entries = int(partition.shard.levels[ENTRIES])
        self.started_turn = int(partition.shard.levels[TURN])
        owned.journal_bytes = 0
        changed = partition.shard.pages[: (partition.rows >> PAGE_SHIFT) + 1] > self.last_turn
        extra = {
            "pages": str((partition.rows >> PAGE_SHIFT) + 1).encode(),
            "histories": str(int(partition.shard.levels[HISTORIES])).encode(),
            "clock": str(owned.clock.value_ms).encode(),
            "policies": partition.book.editions.version.encode(),
        }
        last = Checkpoint(owned.number, owned.token, extra=extra, trim_to=self.sequence)
        self._calls = chain(self._pages(np.flatnonzero(changed)), self._history(), (last,))
        self._next = None
        self.is_running = True

    def step(self) -> None:
        """Write the next call; after the last one the round is over.

        A call that was not answered stays the next one: the trim may never overtake it.
        """
        if self._next is None:
            self._next = next(self._calls)
        call = replace(self._next, after=self.owned.sequence)
        self.owned.store.checkpoint(call)
        self._next = None
        reach("in_checkpoint")
        if call.trim_to is not None:
            self._finish()

    def _finish(self) -> None:
        owned = self.owned
        self.last_turn = self.started_turn - 1
        owned.partition.stored_upto = int(owned.partition.shard.levels[HISTORIES])
        owned.partition.drop_pending(self.entries)
        owned.committed_entries = int(owned.partition.shard.levels[ENTRIES])
        self.is_running = False

    def _pages(self, changed: NDArray[np.int64]) -> Iterator[Checkpoint]:
        owned = self.owned
        partition = owned.partition
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
        partition = owned.partition
        chunks = partition.shard.entries["history"][: self.entries] // HISTORY_CHUNK_INCIDENTS
        order = np.argsort(chunks, kind="stable")
        edges = np.append(np.flatnonzero(np.diff(chunks[order])) + 1, len(order))
        appends: list[tuple[str, bytes]] = []
        first = 0
        size = 0
        for edge in edges.tolist() if len(order) else ():
            blob = partition.stored_entries(order[first:edge])
            name = chunk_name(int(chunks[order[first]]) * HISTORY_CHUNK_INCIDENTS)
            if appends and size + len(blob) > CHECKPOINT_CALL_BYTES_MAX:
                yield Checkpoint(owned.number, owned.token, appends=appends)
                appends, size = [], 0
            appends.append((name, blob))
            size += len(blob)
            first = edge
        if appends:
            yield Checkpoint(owned.number, owned.token, appends=appends)
