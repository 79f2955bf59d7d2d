"""The rolling checkpoint: pages and history written behind the journal, which it then trims.

A round writes every page that changed since the last one and appends the history that the
round found pending, in calls of at most 256 KB between turns; its last call trims the journal
up to the sequence at which the round began. Repeating any part of it is harmless.

Where an incident was deleted before the round began, its row is stripped, its chunk of history is
rewritten instead of appended to (engine.forgetting), and what the trim drops does not stay in the
bytes of what is kept. Rows say that this is done only after the round: a crash in the middle
repeats it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sla_engine.engine import personal
from sla_engine.engine.failpoints import reach
from sla_engine.engine.forgetting import rewritten
from sla_engine.engine.images import page
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


#: Makes the next call of a round, anew when it was not answered.
Call = Callable[[], Checkpoint]


@dataclass
class Round:
    """One round over a partition."""

    owned: Owned
    last_turn: int = 0  # pages changed after this turn are written
    sequence: int = 0
    entries: int = 0
    started_turn: int = 0
    is_running: bool = False
    _deleted: list[int] = field(default_factory=list)  # rows of deleted incidents
    _calls: Iterator[Call] = field(default_factory=lambda: iter(()))
    _make: Call | None = None

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
        self._deleted = partition.deleted().tolist()
        for row in self._deleted:
            partition.strip(row)
        changed = partition.shard.pages[: (partition.rows >> PAGE_SHIFT) + 1] > self.last_turn
        extra = {
            "pages": str((partition.rows >> PAGE_SHIFT) + 1).encode(),
            "histories": str(int(partition.shard.levels[HISTORIES])).encode(),
            "clock": str(owned.clock.value_ms).encode(),
            "policies": partition.book.editions.version.encode(),
        }
        owned.personal.begin_round(
            np.unique(partition.work.incidents["profile_key"][: partition.rows]).tolist()
        )
        last = partial(self._last, extra)
        self._calls = chain(self._pages(np.flatnonzero(changed)), self._history(), (last,))
        self._make = None
        self.is_running = True

    def step(self) -> None:
        """Write the next call; after the last one the round is over.

        A call that was not answered stays the next one: the trim may never overtake it.
        """
        self._make = self._make or next(self._calls)
        call = replace(self._make(), after=self.owned.sequence)
        self.owned.store.checkpoint(call)
        self._make = None
        reach("in_checkpoint")
        if call.trim_to is not None:
            self._finish()

    def _last(self, extra: Mapping[str, bytes]) -> Checkpoint:
        """Made at every try: turns go on, and what they say of profiles must stay."""
        owned = self.owned
        left = owned.personal.left()
        swept = len(left) < len(owned.personal.stored)
        return Checkpoint(
            owned.number,
            owned.token,
            puts=[(personal.NAME, personal.as_stored(left))] if swept else (),
            extra=extra,
            trim_to=self.sequence,
            purge=bool(self._deleted),
        )

    def _finish(self) -> None:
        owned = self.owned
        owned.drop_personal(owned.personal.left())
        self.last_turn = self.started_turn - 1
        owned.partition.stored_upto = int(owned.partition.shard.levels[HISTORIES])
        owned.partition.drop_pending(self.entries)
        owned.committed_entries = int(owned.partition.shard.levels[ENTRIES])
        for row in self._deleted:
            owned.partition.mark_forgotten(row)
        self.is_running = False

    def _call(self, **writes: Any) -> Call:
        """A call that needs nothing of the store to be made."""
        made = Checkpoint(self.owned.number, self.owned.token, **writes)
        return lambda: made

    def _pages(self, changed: NDArray[np.int64]) -> Iterator[Call]:
        partition = self.owned.partition
        puts: list[tuple[str, bytes]] = []
        size = 0
        for number in changed.tolist():
            first = number << PAGE_SHIFT
            rows = np.arange(first, min(first + (1 << PAGE_SHIFT), partition.rows))
            blob = page(partition.images(rows))
            if puts and size + len(blob) > CHECKPOINT_CALL_BYTES_MAX:
                yield self._call(puts=puts)
                puts, size = [], 0
            puts.append((page_name(number), blob))
            size += len(blob)
        if puts:
            yield self._call(puts=puts)

    def _history(self) -> Iterator[Call]:
        """What is pending, by chunk; chunks with a deleted incident are rewritten."""
        partition = self.owned.partition
        deleted = self._deleted_by_chunk()
        pending = partition.shard.entries["history"][: self.entries] // HISTORY_CHUNK_INCIDENTS
        order = np.argsort(pending, kind="stable")
        edges = np.append(np.flatnonzero(np.diff(pending[order])) + 1, len(order))
        appends: list[tuple[str, bytes]] = []
        first = 0
        size = 0
        for edge in edges.tolist() if len(order) else ():
            blob = partition.stored_entries(order[first:edge])
            chunk = int(pending[order[first]])
            first = edge
            if chunk in deleted:
                yield partial(self._rewriting, chunk, blob, deleted.pop(chunk))
                continue
            if appends and size + len(blob) > CHECKPOINT_CALL_BYTES_MAX:
                yield self._call(appends=appends)
                appends, size = [], 0
            appends.append((_chunk_name(chunk), blob))
            size += len(blob)
        if appends:
            yield self._call(appends=appends)
        for chunk, histories in deleted.items():
            yield partial(self._rewriting, chunk, b"", histories)

    def _deleted_by_chunk(self) -> dict[int, list[int]]:
        numbers = self.owned.partition.work.incidents["history"][self._deleted].tolist()
        found: dict[int, list[int]] = {}
        for history in sorted(numbers):
            found.setdefault(history // HISTORY_CHUNK_INCIDENTS, []).append(history)
        return found

    def _rewriting(self, chunk: int, pending: bytes, deleted: Sequence[int]) -> Checkpoint:
        """A chunk as it is to be, in one call whatever its size: it is replaced as a whole."""
        owned = self.owned
        name = _chunk_name(chunk)
        (stored,) = owned.store.read(owned.number, [name])
        blob = rewritten((stored or b"") + pending, deleted)
        return Checkpoint(owned.number, owned.token, puts=[(name, blob)])


def _chunk_name(chunk: int) -> str:
    return chunk_name(chunk * HISTORY_CHUNK_INCIDENTS)
