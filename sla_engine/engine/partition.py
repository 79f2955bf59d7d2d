"""One partition in memory: its rows, its index, the history that is not checkpointed yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sla_engine.clock.layout import NEVER
from sla_engine.clock.work import (
    ALERTS,
    FREE_CLOCKS,
    Outcome,
    Work,
    new_work,
    with_more_clocks,
    with_more_incidents,
)
from sla_engine.engine.handle import Handle, handle
from sla_engine.engine.images import Image
from sla_engine.engine.inorder import PACKED_MAX
from sla_engine.engine.refold import Folded
from sla_engine.engine.shard import (
    ARENA,
    DIRTY,
    ENTRIES,
    HISTORIES,
    PAGE_SHIFT,
    ROWS,
    TURN,
    Shard,
    chain_entry,
    find_incident,
    grown,
    new_shard,
    reindex,
    touch_row,
)
from sla_engine.policy.tables import RuleBook

_START_ROWS = 1 << 10


class Partition:
    """Rows of one partition and what changed since the last commit and checkpoint.

    Bytes are only appended to the arena; `pending(history)` gives what the store does not
    have yet. The arrays are replaced when they grow, so handles are taken per call.
    """

    def __init__(self, number: int, book: RuleBook) -> None:
        self.number = number
        self.book = book
        columns = max(1, book.columns)
        self.work: Work = new_work(_START_ROWS, 4 * _START_ROWS, columns)
        self.shard: Shard = new_shard(_START_ROWS)
        self.clock_ms = 0
        self.stored_upto = 0  # histories below this number may have bytes in the store

    # ------------------------------------------------------------------ room

    @property
    def rows(self) -> int:
        """Incident rows in use."""
        return int(self.shard.levels[ROWS])

    def reserve(self, incidents: int) -> None:
        """Room for that many more incidents, whatever their clocks."""
        self._reserve_rows(self.rows + incidents)
        columns = len(self.work.by_column)
        free = int(self.work.counts[FREE_CLOCKS])
        if free < columns * (incidents + 1):
            more = len(self.work.clocks) + columns * (incidents + 1)
            self.work = with_more_clocks(self.work, max(more, 2 * len(self.work.clocks)))
        levels = self.shard.levels
        if levels[ARENA] + 4 * PACKED_MAX > len(self.shard.arena):
            self.more_arena()
        needed = int(levels[ENTRIES]) + 4 * incidents + 1024
        if needed > len(self.shard.entries):
            self.shard = self.shard._replace(entries=grown(self.shard.entries, 2 * needed))

    def _reserve_rows(self, rows: int) -> None:
        size = len(self.work.incidents)
        if rows > size:
            while size < rows:
                size *= 2
            self.work = with_more_incidents(self.work, size)
            index = np.zeros(4 * size, self.shard.index.dtype)
            reindex(index, self.work.incidents, self.rows)
            self.shard = self.shard._replace(
                index=index,
                stamps=grown(self.shard.stamps, size),
                dirty=grown(self.shard.dirty, size),
                pages=grown(self.shard.pages, (size >> PAGE_SHIFT) + 1),
            )
        histories = int(self.shard.levels[HISTORIES]) + rows - self.rows + 1
        if histories > len(self.shard.last_entry):
            more = grown(self.shard.last_entry, 2 * histories)
            more[len(self.shard.last_entry) :] = -1
            self.shard = self.shard._replace(last_entry=more)

    def more_arena(self) -> None:
        """Twice the room for packed history."""
        arena = self.shard.arena
        self.shard = self.shard._replace(
            arena=grown(arena, 2 * len(arena) + 8 * PACKED_MAX),
            entries=grown(self.shard.entries, 2 * len(self.shard.entries)),
        )

    def answer(self, outcome: int, data: NDArray[np.uint8], spans: NDArray[Any]) -> None:
        """Give a kernel what it asked for."""
        if outcome == Outcome.NEED_ROOM:
            self.work = self.work._replace(
                alerts=grown(self.work.alerts, 2 * len(self.work.alerts))
            )
            if self.work.counts[FREE_CLOCKS] < 2 * len(self.work.by_column):
                self.work = with_more_clocks(self.work, 2 * len(self.work.clocks))
        else:
            self.book.answer(outcome, self.work.counts, data, spans)

    def handles(self) -> tuple[Handle, Handle, Handle]:
        """Handles of rules, work and shard, good until one of them grows."""
        return handle(self.book.rules), handle(self.work), handle(self.shard)

    # ------------------------------------------------------------------ rows

    def find(self, key1: int, key2: int) -> int:
        """The row of an incident, or -1."""
        shard = handle(self.shard)
        return int(
            find_incident(shard.value, self.work.incidents, np.uint64(key1), np.uint64(key2))
        )

    def touch(self, row: int) -> None:
        """Mark a row as changed by this turn."""
        touch_row(handle(self.shard).value, row)

    def append_history(self, row: int, packed: bytes) -> None:
        """Add packed bytes to an incident's history."""
        self.append_to(int(self.work.incidents[row]["history"]), packed)

    def append_to(self, history: int, packed: bytes) -> None:
        """Add packed bytes to a history."""
        levels = self.shard.levels
        if levels[ARENA] + len(packed) + PACKED_MAX > len(self.shard.arena):
            self.more_arena()
        if levels[ENTRIES] + 16 > len(self.shard.entries):
            self.shard = self.shard._replace(
                entries=grown(self.shard.entries, 2 * len(self.shard.entries))
            )
        start = int(self.shard.levels[ARENA])
        end = start + len(packed)
        self.shard.arena[start:end] = np.frombuffer(packed, np.uint8)
        chain_entry(handle(self.shard).value, history, start, end)

    def pending(self, history: int) -> bytes:
        """The history bytes of an incident that are not in the store yet, oldest first."""
        parts = []
        at = int(self.shard.last_entry[history])
        while at >= 0:
            entry = self.shard.entries[at]
            start = int(entry["start"])
            parts.append(self.shard.arena[start : start + int(entry["length"])].tobytes())
            at = int(entry["previous"])
        return b"".join(reversed(parts))

    def replace(self, row: int, folded: Folded) -> None:
        """Take a refolded incident's rows in place of what the row had."""
        incident = self.work.incidents[row]
        kept = {name: incident[name].copy() for name in ("key1", "key2", "history")}
        self.release_clocks(row)
        self.work.incidents[row] = folded.incident[0]
        for name, value in kept.items():
            self.work.incidents[row][name] = value
        self.work.incidents[row]["clocks"] = -1
        self.link_clocks(row, folded.clocks)
        self.touch(row)

    def release_clocks(self, row: int) -> None:
        """Give the clock rows of an incident back."""
        at = int(self.work.incidents[row]["clocks"])
        while at >= 0:
            free = int(self.work.counts[FREE_CLOCKS])
            self.work.free_clocks[free] = at
            self.work.counts[FREE_CLOCKS] = free + 1
            at = int(self.work.clocks[at]["next"])
        self.work.incidents[row]["clocks"] = -1

    def link_clocks(self, row: int, clocks: NDArray[Any]) -> None:
        """Put these clocks into free rows, linked in the order given; set the timer."""
        work = self.work
        nearest = int(NEVER)
        for clock in clocks[::-1]:
            free = int(work.counts[FREE_CLOCKS]) - 1
            at = int(work.free_clocks[free])
            work.counts[FREE_CLOCKS] = free
            work.clocks[at] = clock
            work.clocks[at]["next"] = work.incidents[row]["clocks"]
            work.incidents[row]["clocks"] = at
            nearest = min(nearest, int(clock["next_at"]))
        work.next_due[row] = nearest

    def load(self, image: Image, profile: int, calendars: Sequence[int]) -> None:
        """Put a stored row back; `profile` and `calendars` are this process's numbers."""
        self._reserve_rows(image.row + 1)
        self.reserve(1)
        levels = self.shard.levels
        row = image.row
        levels[ROWS] = max(int(levels[ROWS]), row + 1)
        self.release_clocks(row)
        self.work.incidents[row] = image.incident[0]
        self.work.incidents[row]["profile"] = profile
        self.work.incidents[row]["clocks"] = -1
        clocks = image.clocks.copy()
        clocks["calendar"] = calendars
        self.link_clocks(row, clocks)
        history = int(image.incident[0]["history"])
        levels[HISTORIES] = max(int(levels[HISTORIES]), history + 1)

    def mark_page(self, row: int) -> None:
        """The stored page of this row is older than the row: the next checkpoint writes it."""
        self.shard.pages[row >> PAGE_SHIFT] = self.shard.levels[TURN]

    def rebuild_index(self) -> None:
        """After loading: the index over all rows."""
        index = np.zeros(4 * len(self.work.incidents), self.shard.index.dtype)
        reindex(index, self.work.incidents, self.rows)
        self.shard = self.shard._replace(index=index)

    # ------------------------------------------------------------------ a turn's changes

    def alerts(self) -> NDArray[Any]:
        """ALERT rows that this turn emitted, in order."""
        return self.work.alerts[: int(self.work.counts[ALERTS])].copy()

    def changed(self) -> NDArray[np.int64]:
        """Rows that this turn changed."""
        return self.shard.dirty[: int(self.shard.levels[DIRTY])].copy()

    def new_history(self, since: int) -> list[tuple[int, bytes]]:
        """(history, bytes) of the entries from number `since` on, in order."""
        entries = self.shard.entries[since : int(self.shard.levels[ENTRIES])]
        raw = self.shard.arena
        return [
            (int(h), raw[int(s) : int(s) + int(n)].tobytes())
            for s, n, h in zip(entries["start"], entries["length"], entries["history"], strict=True)
        ]

    def close_turn(self) -> None:
        """Forget what the turn changed: it is durable, or there was nothing."""
        self.work.counts[ALERTS] = 0
        self.shard.levels[DIRTY] = 0
        self.shard.levels[TURN] += 1

    def drop_pending(self, entries: int) -> None:
        """The first `entries` pending entries are in the store now; the others stay."""
        kept = self.new_history(entries)
        self.shard.levels[ARENA] = 0
        self.shard.levels[ENTRIES] = 0
        self.shard.last_entry[:] = -1
        for history, packed in kept:
            self.append_to(history, packed)
