"""Clocks at rest: between the turns that need them, an incident's CLOCK rows lie packed.

Three clocks take 100 to 120 bytes instead of 816, in blocks of whole units in one array; a block
given back is used again for one of its size. A turn wakes the clocks of the incidents it touches
into free CLOCK rows, and puts them to rest when it is sealed, with the bytes of their image
(engine.packing): what is awake is always among the rows that the turn changed.

What events do to an incident is mostly waiting for memory: a million incidents opened touch a
third of the pages they did, and a change reads two lines where it read a dozen.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sla_engine.clock.compiled import inner, kernel
from sla_engine.clock.room import longer, next_size
from sla_engine.clock.work import FREE_CLOCKS, Work, clocks, counts, free_clocks, incidents
from sla_engine.engine.entries import put_word, word_at
from sla_engine.engine.forms import FORMS
from sla_engine.engine.packing import SCRATCH_WORDS, Form, get_row, put_row, words_of
from sla_engine.engine.raw import copy_bytes

#: Per incident row: the first unit of its block, and the bytes in it; 0 bytes = nothing at rest.
PLACE = np.dtype([("unit", "u4"), ("size", "u4")])
#: Bytes before the clocks: how many they are.
HEAD_BYTES: Final = 4
UNIT_SHIFT: Final = 4
_UNIT: Final = 1 << UNIT_SHIFT
#: Blocks of more units than this are not used again; 900 clocks of one incident are smaller.
_UNITS_MAX: Final = 1 << 14
#: Bytes that a packed clock takes at most.
CLOCK_BYTES_MAX: Final = FORMS[1].most


class Rest(NamedTuple):
    """What kernels are handed to wake clocks and to put them to rest."""

    places: NDArray[Any]  # PLACE per incident row; of length 0: nothing ever rests
    blocks: NDArray[np.uint8]
    free: NDArray[np.int64]  # by units: the first free block, 0 = none; it begins with the next
    levels: NDArray[np.int64]  # [0]: the first unit that was never used
    incident_words: NDArray[np.uint64]
    clock_words: NDArray[np.uint64]
    form: Form  # of a clock
    scratch: NDArray[np.uint64]


@inner
def wake(work: Any, row: int, rest: Rest) -> bool:
    """Put the incident's clocks into CLOCK rows, linked in their order; False: too few are free."""
    size = np.int64(rest.places[row]["size"])
    if size == 0:
        return True
    at: Any = np.int64(rest.places[row]["unit"]) << UNIT_SHIFT
    count = word_at(rest.blocks, at)
    at += HEAD_BYTES
    free = counts(work)[FREE_CLOCKS]
    if count > free:
        return False
    before: Any = np.int64(-1)
    for n in range(count):
        clock = free_clocks(work)[free - 1 - n]
        at = np.int64(
            get_row(
                rest.form, rest.blocks, at, rest.clock_words, clock, before,
                rest.incident_words, row,
            )
        )  # fmt: skip
        before = np.int64(clock)
    following = np.int64(-1)
    for n in range(count - 1, -1, -1):
        clock = free_clocks(work)[free - 1 - n]
        clocks(work)[clock]["next"] = following
        following = np.int64(clock)
    incidents(work)[row]["clocks"] = following
    counts(work)[FREE_CLOCKS] = free - count
    give_back(row, rest)
    return True


@inner
def give_back(row: int, rest: Rest) -> None:
    """The incident's block is free; nothing of it is at rest."""
    size: Any = np.int64(rest.places[row]["size"])
    units = units_of(size)
    rest.places[row]["size"] = 0
    if units < len(rest.free):
        unit: Any = np.int64(rest.places[row]["unit"])
        put_word(rest.blocks, unit << UNIT_SHIFT, rest.free[units])
        rest.free[units] = unit


@inner
def lay(row: int, count: int, source: NDArray[np.uint8], begin: int, end: int, rest: Rest) -> None:
    """Put the `count` packed clocks source[begin:end] to rest. `room_for` was asked for them."""
    size = end - begin + HEAD_BYTES
    units = units_of(size)
    unit: Any = np.int64(0)
    if units < len(rest.free):
        unit = rest.free[units]
    if unit:
        rest.free[units] = word_at(rest.blocks, unit << UNIT_SHIFT)
    else:
        unit = rest.levels[0]
        rest.levels[0] += units
    at = unit << UNIT_SHIFT
    put_word(rest.blocks, at, count)
    at += HEAD_BYTES
    copy_bytes(rest.blocks, at, source, begin, end - begin)
    rest.places[row]["unit"] = unit
    rest.places[row]["size"] = size


@inner
def release(work: Any, row: int) -> None:
    """Give the CLOCK rows of an incident back."""
    at = incidents(work)[row]["clocks"]
    free = counts(work)[FREE_CLOCKS]
    while at >= 0:
        free_clocks(work)[free] = at
        free += 1
        at = clocks(work)[at]["next"]
    counts(work)[FREE_CLOCKS] = free
    incidents(work)[row]["clocks"] = -1


@inner
def settle(work: Any, row: int, rest: Rest) -> None:
    """Put the incident's clocks to rest. `room_for` was asked for them."""
    none = np.int64(-1)
    # Written behind all blocks, where they stay unless a block of their size is free.
    begin: Any = (rest.levels[0] << UNIT_SHIFT) + HEAD_BYTES
    at = begin
    count: Any = np.int64(0)
    before: Any = none
    clock = incidents(work)[row]["clocks"]
    while clock >= 0:
        at = np.int64(
            put_row(
                rest.form, rest.clock_words, clock, before, rest.incident_words, row,
                rest.blocks, at, rest.scratch,
            )
        )  # fmt: skip
        before = np.int64(clock)
        count += 1
        clock = clocks(work)[clock]["next"]
    if count:
        lay(row, count, rest.blocks, begin, at, rest)
    release(work, row)


@inner
def units_of(size: int) -> int:
    """Units of a block with that many bytes."""
    return (size + _UNIT - 1) >> UNIT_SHIFT


@kernel
def forget_row(work: Any, row: int, rest: Rest) -> None:
    """The incident has no clocks any more, awake or at rest."""
    release(work, row)
    if rest.places[row]["size"]:
        give_back(row, rest)


@kernel
def renumber(work: Any, first: int, rows: int, calendars: NDArray[np.int32], rest: Rest) -> int:
    """Clocks at rest get other numbers of calendars, from row `first` on; where it stopped.

    It stops before `rows` when too few CLOCK rows are free.
    """
    for row in range(first, rows):
        if rest.places[row]["size"] == 0:
            continue
        if not wake(work, row, rest):
            return row
        clock = incidents(work)[row]["clocks"]
        while clock >= 0:
            clocks(work)[clock]["calendar"] = calendars[clocks(work)[clock]["calendar"]]
            clock = clocks(work)[clock]["next"]
        settle(work, row, rest)
    return rows


class Resting:
    """The arrays of one partition that hold what is at rest, and how they grow."""

    def __init__(self, rows: int) -> None:
        self.places = np.zeros(rows, PLACE)
        self.blocks = np.zeros(1 << 16, np.uint8)
        self.free = np.zeros(_UNITS_MAX, np.int64)
        self.levels = np.ones(1, np.int64)  # unit 0 stands for none
        self.scratch = np.zeros(SCRATCH_WORDS, np.uint64)

    def of(self, work: Work) -> Rest:
        """For kernels, with the rows of a work; good until either grows."""
        return Rest(
            self.places, self.blocks, self.free, self.levels,
            words_of(work.incidents), words_of(work.clocks), FORMS[1], self.scratch,
        )  # fmt: skip

    def reserve_rows(self, rows: int) -> None:
        """Places for that many incidents."""
        if rows > len(self.places):
            self.places = longer(self.places, rows)

    def room_for(self, incidents: int, packed: int) -> None:
        """Room for so many more blocks with that many bytes of clocks together."""
        needed = (int(self.levels[0]) << UNIT_SHIFT) + packed + incidents * (HEAD_BYTES + _UNIT)
        if needed > len(self.blocks):
            self.blocks = longer(self.blocks, next_size(len(self.blocks), 2 * needed))

    @property
    def used_bytes(self) -> int:
        """Bytes of blocks that are or were in use."""
        return int(self.levels[0]) << UNIT_SHIFT


def nothing_at_rest(incidents: NDArray[Any], clocks: NDArray[Any]) -> Rest:
    """For rows that are all awake."""
    none = np.zeros(0, np.int64)
    places, blocks = np.zeros(0, PLACE), np.zeros(0, np.uint8)
    words = words_of(incidents), words_of(clocks)
    return Rest(places, blocks, none, none, *words, FORMS[1], np.zeros(SCRATCH_WORDS, np.uint64))
