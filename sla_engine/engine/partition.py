"""One partition in memory: its rows, its index, the history that is not checkpointed yet."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sla_engine.clock.layout import ENDED, FORGOTTEN, MERGED, NEVER
from sla_engine.clock.room import longer, next_size
from sla_engine.clock.work import (
    ALERTS,
    FREE_CLOCKS,
    HEADROOM,
    Outcome,
    Work,
    new_work,
    with_more_clocks,
    with_more_incidents,
)
from sla_engine.engine.entries import (
    append_entries,
    count_entries,
    drop_entries,
    stored_sizes,
    write_entries,
)
from sla_engine.engine.handle import Handle, LastHandle
from sla_engine.engine.images import images_of, sealed_images
from sla_engine.engine.inorder import PACKED_MAX
from sla_engine.engine.loading import put_rows, read_rows
from sla_engine.engine.packing import words_of
from sla_engine.engine.refold import Folded
from sla_engine.engine.rest import CLOCK_BYTES_MAX, Rest, Resting, forget_row, renumber
from sla_engine.engine.shard import (
    ARENA,
    DIRTY,
    ENTRIES,
    HISTORIES,
    INDEX_PER_ROW,
    PAGE_SHIFT,
    ROWS,
    TURN,
    Shard,
    chain_entry,
    find_incident,
    new_shard,
    reindex,
    touch_row,
)
from sla_engine.limits import TURN_EVENTS_MAX
from sla_engine.policy.tables import RuleBook

_START_ROWS = 1 << 10
#: Rows put into a larger index per call: a turn opens at most an eighth as many.
_INDEXED_AT_ONCE = 8 * TURN_EVENTS_MAX
#: What a row tells about people and what they said.
_OF_A_PERSON = ("team", "assignee", "requester", "customer", "times", "snoozed", "csat")


class Partition:
    """Rows of one partition and what changed since the last commit and checkpoint.

    Bytes are only appended to the arena (engine.histories reads what the store does not have
    yet). The arrays are replaced when they grow, so handles are taken per call.
    """

    def __init__(self, number: int, book: RuleBook) -> None:
        self.number = number
        self.book = book
        columns = max(1, book.columns)
        self.work: Work = new_work(_START_ROWS, 4 * _START_ROWS, columns)
        self.shard: Shard = new_shard(_START_ROWS)
        self.resting = Resting(_START_ROWS)
        self._next_index: NDArray[np.uint64] | None = None  # being filled with the first
        self._indexed = 0  # so many rows
        self.clock_ms = 0
        self._rules, self._work, self._shard = LastHandle(), LastHandle(), LastHandle()
        self.stored_upto = 0  # histories below this number may have bytes in the store

    # ------------------------------------------------------------------ room

    @property
    def rows(self) -> int:
        """Incident rows in use."""
        return int(self.shard.levels[ROWS])

    def reserve(self, incidents: int) -> None:
        """Room for that many more incidents, whatever their clocks."""
        self._reserve_rows(self.rows + incidents)
        self._reserve_clocks(len(self.work.by_column) * (incidents + 1))
        levels = self.shard.levels
        if levels[ARENA] + 4 * PACKED_MAX > len(self.shard.arena):
            self.more_arena()
        self._reserve_entries(4 * incidents + 1024)

    def reserve_all(self, rows: int) -> None:
        """Room for that many incidents at once."""
        self._reserve_rows(rows)

    def _reserve_rows(self, rows: int) -> None:
        size = len(self.work.incidents)
        if rows > size:
            size = next_size(size, rows)
            self.work = with_more_incidents(self.work, size)
            self.shard = self.shard._replace(
                stamps=longer(self.shard.stamps, size),
                dirty=longer(self.shard.dirty, size),
                pages=longer(self.shard.pages, (size >> PAGE_SHIFT) + 1),
            )
            self.resting.reserve_rows(size)
        self._grow_index(rows)
        histories = int(self.shard.levels[HISTORIES]) + rows - self.rows + 1
        old = len(self.shard.last_entry)
        if histories > old:
            more = longer(self.shard.last_entry, next_size(old, histories))
            more[old:] = -1
            self.shard = self.shard._replace(last_entry=more)

    def _reserve_clocks(self, free: int) -> None:
        missing = free - int(self.work.counts[FREE_CLOCKS])
        if missing > 0:
            size = len(self.work.clocks)
            self.work = with_more_clocks(self.work, next_size(size, size + missing))

    def _reserve_entries(self, more: int) -> None:
        size = len(self.shard.entries)
        needed = int(self.shard.levels[ENTRIES]) + more
        if needed > size:
            entries = longer(self.shard.entries, next_size(size, needed))
            self.shard = self.shard._replace(entries=entries)

    def _index_for(self, rows: int) -> None:
        size = 1 << (INDEX_PER_ROW * rows - 1).bit_length()
        index = np.zeros(size, np.uint64)
        reindex(index, self.work.incidents, 0, self.rows)
        self.shard = self.shard._replace(index=index)
        self._next_index = None

    def _grow_index(self, rows: int) -> None:
        """The index has a place for `rows` incidents, twice as many soon after it is half full.

        The larger one is filled a part at every call, and takes over when it has all rows: a
        partition of 250,000 incidents stood still for 50 ms when it was made at once.
        """
        places = len(self.shard.index)
        if INDEX_PER_ROW * rows <= places:
            return
        if 8 * rows > 7 * places:
            self._index_for(rows)
            return
        if self._next_index is None:
            self._next_index = np.zeros(2 * places, np.uint64)
            self._indexed = 0
        stop = min(self.rows, self._indexed + _INDEXED_AT_ONCE)
        reindex(self._next_index, self.work.incidents, self._indexed, stop)
        self._indexed = stop
        if stop == self.rows:
            self.shard = self.shard._replace(index=self._next_index)
            self._next_index = None

    def more_arena(self) -> None:
        """Twice the room for packed history."""
        arena = self.shard.arena
        arena = longer(arena, 2 * len(arena) + 8 * PACKED_MAX)
        self.shard = self.shard._replace(arena=arena)
        self._reserve_entries(len(self.shard.entries))

    def answer(self, outcome: int, data: NDArray[np.uint8], spans: NDArray[Any]) -> None:
        """Give a kernel what it asked for."""
        if outcome == Outcome.NEED_ROOM:
            alerts = longer(self.work.alerts, 2 * len(self.work.alerts))
            self.work = self.work._replace(alerts=alerts)
            self._reserve_clocks(2 * len(self.work.by_column) + HEADROOM)
        else:
            self.book.answer(outcome, self.work.counts, data, spans)

    def handles(self) -> tuple[Handle, Handle, Handle]:
        """Handles of rules, work and shard, good until one of them grows."""
        return self._rules.of(self.book.rules), self._work.of(self.work), self.shard_handle()

    def shard_handle(self) -> Handle:
        """The handle of the shard, good until it grows."""
        return self._shard.of(self.shard)

    # ------------------------------------------------------------------ rows

    def find(self, key1: int, key2: int) -> int:
        """The row of an incident, or -1."""
        shard = self.shard_handle()
        return int(
            find_incident(shard.value, self.work.incidents, np.uint64(key1), np.uint64(key2))
        )

    def touch(self, row: int) -> None:
        """Mark a row as changed by this turn."""
        touch_row(self.shard_handle().value, row)

    def append_history(self, row: int, packed: bytes) -> None:
        """Add packed bytes to an incident's history."""
        self.append_to(int(self.work.incidents[row]["history"]), packed)

    def append_to(self, history: int, packed: bytes) -> None:
        """Add packed bytes to a history."""
        levels = self.shard.levels
        if levels[ARENA] + len(packed) + PACKED_MAX > len(self.shard.arena):
            self.more_arena()
        self._reserve_entries(16)
        start = int(self.shard.levels[ARENA])
        end = start + len(packed)
        self.shard.arena[start:end] = np.frombuffer(packed, np.uint8)
        chain_entry(self.shard_handle().value, history, start, end)

    def replace(self, row: int, folded: Folded) -> None:
        """Take a refolded incident's rows in place of what the row had."""
        incident = self.work.incidents[row]
        kept = {name: incident[name].copy() for name in ("key1", "key2", "history")}
        forgotten = incident["flags"] & FORGOTTEN
        self.release_clocks(row)
        self.work.incidents[row] = folded.incident[0]
        for name, value in kept.items():
            self.work.incidents[row][name] = value
        self.work.incidents[row]["flags"] |= forgotten
        self.work.incidents[row]["clocks"] = -1
        self.link_clocks(row, folded.clocks)
        self.touch(row)

    def deleted(self) -> NDArray[np.int64]:
        """Rows of deleted incidents whose history is not known to be rewritten."""
        flags = self.work.incidents["flags"][: self.rows] & (ENDED | MERGED | FORGOTTEN)
        found: NDArray[np.int64] = np.flatnonzero(flags == ENDED)
        return found

    def strip(self, row: int) -> None:
        """Leave of a deleted incident's row what later events of it need."""
        incident = self.work.incidents[row]
        self.release_clocks(row)
        self.work.next_due[row] = NEVER
        incident["profile"] = self.book.blank
        incident["profile_key"] = self.book.profiles[self.book.blank]["key"]
        for name in _OF_A_PERSON:
            incident[name] = 0
        self.touch(row)

    def mark_forgotten(self, row: int) -> None:
        """The store has nothing of what the events of a deleted incident said."""
        self.work.incidents[row]["flags"] |= FORGOTTEN
        self.touch(row)

    def release_clocks(self, row: int) -> None:
        """The incident has no clocks any more."""
        forget_row(self._work.of(self.work).value, row, self.rest())

    def rest(self) -> Rest:
        """What kernels wake clocks from, good until rows grow."""
        return self.resting.of(self.work)

    @property
    def awake(self) -> int:
        """CLOCK rows in use."""
        return len(self.work.clocks) - int(self.work.counts[FREE_CLOCKS])

    @property
    def row_bytes(self) -> int:
        """Bytes of memory that the rows in use take, with their index and timers."""
        shard, work = self.shard, self.work
        per_row = (work.incidents, work.next_due, self.resting.places, shard.stamps, shard.dirty)
        own = sum(array.itemsize for array in (*per_row, shard.last_entry))
        return self.rows * own + shard.index.nbytes + self.resting.used_bytes

    def images(self, rows: NDArray[np.int64]) -> bytes:
        """The images of rows (engine.images)."""
        return images_of(self.work.incidents, self.work.clocks, rows, self.rest())

    def clocks(self, row: int) -> NDArray[Any]:
        """A copy of an incident's CLOCK rows; `calendar` and `definition` as they are here."""
        return read_rows(self.images(np.array([row]))).clocks

    def sealed_images(self, rows: NDArray[np.int64]) -> bytes:
        """The same of the rows that a turn changed, whose clocks are put to rest."""
        self.resting.room_for(len(rows), self.awake * CLOCK_BYTES_MAX)
        return sealed_images(self._work.of(self.work).value, rows, self.rest(), self.awake)

    def link_clocks(self, row: int, clocks: NDArray[Any]) -> None:
        """Put these clocks into free rows, linked in the order given; set the timer."""
        self._reserve_clocks(len(clocks))
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

    def load(
        self,
        rows: NDArray[np.int64],
        incidents: NDArray[Any],
        owners: NDArray[np.int64],
        clocks: NDArray[Any],
    ) -> None:
        """Put stored rows back, the later of two images of a row last.

        `profile` and `calendar` in them are this process's numbers; `owners`: per CLOCK row the
        place of its incident in `rows`, ascending.
        """
        if not len(rows):
            return
        self._reserve_rows(int(rows.max()) + 1)
        self.resting.room_for(len(rows), len(clocks) * CLOCK_BYTES_MAX)
        levels = self.shard.levels
        levels[ROWS] = max(int(levels[ROWS]), int(rows.max()) + 1)
        words = words_of(incidents), words_of(clocks)
        work = self._work.of(self.work).value
        put_rows(work, rows, incidents, owners, clocks, words, self.rest())
        self.reserve_histories(int(incidents["history"].max()) + 1)

    def reserve_histories(self, upto: int) -> None:
        """Histories below `upto` exist."""
        levels = self.shard.levels
        levels[HISTORIES] = max(int(levels[HISTORIES]), upto)
        self._reserve_rows(self.rows)

    def load_history(self, stored: bytes) -> None:
        """Put stored history entries behind what their incidents have."""
        data = np.frombuffer(stored, np.uint8)
        count, highest = count_entries(data, 0, len(data))
        self.reserve_histories(int(highest) + 1)
        while int(self.shard.levels[ARENA]) + len(data) + PACKED_MAX > len(self.shard.arena):
            self.more_arena()
        self._reserve_entries(int(count) + 1024)
        append_entries(self.shard_handle().value, data, 0, len(data))

    def renumber(self, profiles: NDArray[np.int32], calendars: NDArray[np.int32]) -> None:
        """The rules were made anew: `profiles` and `calendars` give new numbers by old ones."""
        work = self.work
        incidents = work.incidents[: self.rows]
        incidents["profile"] = profiles[incidents["profile"]]
        self._renumber_clocks(calendars)
        columns = max(1, self.book.columns)
        if columns != len(work.by_column):
            made = {
                "by_column": np.full(columns, -1, np.int64),
                "ended": np.zeros(columns, np.int64),
            }
            self.work = work._replace(**made)
        self.reserve(TURN_EVENTS_MAX)

    def _renumber_clocks(self, calendars: NDArray[np.int32]) -> None:
        """Calendars have other numbers, in the clocks that are awake and in those at rest."""
        if np.array_equal(calendars, np.arange(len(calendars))):
            return
        work, resting = self.work, self.resting
        work.clocks["calendar"] = calendars[work.clocks["calendar"]]
        resting.room_for(self.rows, 2 * resting.used_bytes)
        at = 0
        while at < self.rows:
            self._reserve_clocks(HEADROOM + int(work.counts[FREE_CLOCKS]))
            handle = self._work.of(self.work).value
            at = int(renumber(handle, at, self.rows, calendars, self.rest()))

    def mark_pages(self, rows: NDArray[np.int64]) -> None:
        """The stored pages of these rows are older than they: the next checkpoint writes them."""
        self.shard.pages[rows >> PAGE_SHIFT] = self.shard.levels[TURN]

    def rebuild_index(self) -> None:
        """After loading: the index over all rows."""
        self._index_for(max(self.rows, _START_ROWS))

    # ------------------------------------------------------------------ a turn's changes

    def alerts(self) -> NDArray[Any]:
        """ALERT rows that this turn emitted, in order."""
        return self.work.alerts[: int(self.work.counts[ALERTS])].copy()

    def changed(self) -> NDArray[np.int64]:
        """Rows that this turn changed."""
        return self.shard.dirty[: int(self.shard.levels[DIRTY])].copy()

    def new_history(self, since: int) -> bytes:
        """The entries from number `since` on, as stored."""
        return self.stored_entries(np.arange(since, int(self.shard.levels[ENTRIES])))

    def stored_entries(self, which: NDArray[np.int64]) -> bytes:
        """The entries with these numbers, as stored (engine.entries)."""
        out = np.empty(int(stored_sizes(self.shard, which).sum()), np.uint8)
        write_entries(self.shard_handle().value, which, out)
        return out.tobytes()

    def close_turn(self) -> None:
        """Forget what the turn changed: it is durable, or there was nothing."""
        self.work.counts[ALERTS] = 0
        self.shard.levels[DIRTY] = 0
        self.shard.levels[TURN] += 1

    def drop_pending(self, entries: int) -> None:
        """The first `entries` pending entries are in the store now; the others stay."""
        drop_entries(self.shard_handle().value, entries)
