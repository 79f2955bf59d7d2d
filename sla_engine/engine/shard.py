"""What a partition keeps beside its rows: the index of incidents, what a turn changed, history.

New history entries lie in an arena, chained per incident, until a checkpoint has moved them
to the store; so a turn appends bytes and touches no Python object per event.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sla_engine.clock.compiled import inner, kernel
from sla_engine.clock.memory import accessor, table_of

#: One history entry in the arena; `previous` is the incident's entry before it, -1 = none.
ENTRY = np.dtype(
    [("start", "i8"), ("length", "i4"), ("history", "i4"), ("previous", "i8")], align=True
)


class Shard(NamedTuple):
    """Arrays of one partition, handed to kernels like Work and Rules."""

    index: NDArray[np.uint64]  # upper half of key1, and 1 + the row; 0 = free
    stamps: NDArray[np.int64]  # per row: the turn that last changed it
    dirty: NDArray[np.int64]  # rows changed by this turn
    pages: NDArray[np.int64]  # per page: the turn that last changed it
    arena: NDArray[np.uint8]  # packed history entries
    entries: NDArray[Any]  # ENTRY
    last_entry: NDArray[np.int64]  # per history: its newest entry in the arena, -1 = none
    levels: NDArray[np.int64]  # fill levels, see the constants below

    def table(self) -> NDArray[np.int64]:
        """What compiled kernels are given; keep `self` alive while they run."""
        return table_of(self)


ROWS, INDEXED, DIRTY, ARENA, ENTRIES, HISTORIES, TURN = 0, 1, 2, 3, 4, 5, 6
LEVELS = 8
PAGE_SHIFT = 8  # limits.PAGE_RECORDS = 256
INDEX_PER_ROW = 2  # places of the index per row, at least, when it was made

_ZERO, _ONE, _HALF = np.uint64(0), np.uint64(1), np.uint64(32)
_LOWER = np.uint64(0xFFFF_FFFF)

_I8 = np.dtype("i8")
index = accessor("index", 0, np.dtype("u8"))
stamps = accessor("stamps", 1, _I8)
dirty = accessor("dirty", 2, _I8)
pages = accessor("pages", 3, _I8)
arena = accessor("arena", 4, np.dtype("u1"))
entries = accessor("entries", 5, ENTRY)
last_entry = accessor("last_entry", 6, _I8)
levels = accessor("levels", 7, _I8)


def new_shard(rows: int) -> Shard:
    """An empty shard with room for `rows` incidents (a power of two)."""
    made = Shard(
        index=np.zeros(INDEX_PER_ROW * rows, np.uint64),
        stamps=np.zeros(rows, np.int64),
        dirty=np.zeros(rows, np.int64),
        pages=np.zeros((rows >> PAGE_SHIFT) + 1, np.int64),
        arena=np.zeros(1 << 20, np.uint8),
        entries=np.zeros(1 << 12, ENTRY),
        last_entry=np.full(rows, -1, np.int64),
        levels=np.zeros(LEVELS, np.int64),
    )
    made.levels[TURN] = 1
    return made


@inner
def find_row(shard: Any, incidents: NDArray[Any], key1: np.uint64, key2: np.uint64) -> int:
    """The row of an incident, or -1. Both halves of the key must agree."""
    table = index(shard)
    mask = np.uint64(len(table) - 1)
    at = key1 & mask
    while True:
        stored = table[at]
        if stored == _ZERO:
            return np.int64(-1)
        if stored >> _HALF == key1 >> _HALF:
            row = np.int64(stored & _LOWER) - 1
            if incidents[row]["key1"] == key1 and incidents[row]["key2"] == key2:
                return row
        at = (at + _ONE) & mask


@inner
def enter_row(table: NDArray[np.uint64], key1: np.uint64, row: int) -> None:
    """Put a row into the index, behind others that begin at the same place."""
    mask = np.uint64(len(table) - 1)
    at = key1 & mask
    while table[at] != _ZERO:
        at = (at + _ONE) & mask
    table[at] = (key1 >> _HALF << _HALF) | np.uint64(row + 1)


@inner
def touch(shard: Any, row: int) -> None:
    """The turn in hand changed this row."""
    level = levels(shard)
    turn = level[TURN]
    if stamps(shard)[row] != turn:
        stamps(shard)[row] = turn
        dirty(shard)[level[DIRTY]] = row
        level[DIRTY] += 1
        pages(shard)[row >> PAGE_SHIFT] = turn


@inner
def chain(shard: Any, history: int, start: int, end: int) -> None:
    """Chain the arena's bytes [start, end) to an incident's history."""
    level = levels(shard)
    n = level[ENTRIES]
    entry = entries(shard)[n]
    entry["start"] = start
    entry["length"] = end - start
    entry["history"] = history
    entry["previous"] = last_entry(shard)[history]
    last_entry(shard)[history] = n
    level[ENTRIES] = n + 1
    level[ARENA] = end


@kernel
def reindex(table: NDArray[np.uint64], incidents: NDArray[Any], first: int, stop: int) -> None:
    """Put the incident rows from `first` to `stop` into an index that has none of them."""
    for row in range(first, stop):
        enter_row(table, incidents[row]["key1"], row)


@kernel
def find_incident(shard: Any, incidents: NDArray[Any], key1: np.uint64, key2: np.uint64) -> int:
    """`find_row` for Python."""
    return find_row(shard, incidents, key1, key2)


@kernel
def touch_row(shard: Any, row: int) -> None:
    """`touch` for Python."""
    touch(shard, row)


@kernel
def chain_entry(shard: Any, history: int, start: int, end: int) -> None:
    """`chain` for Python."""
    chain(shard, history, start, end)
