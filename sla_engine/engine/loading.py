"""Stored rows back into memory: images are read by one kernel and put in place by another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sla_engine.clock.compiled import kernel
from sla_engine.clock.layout import CLOCK, INCIDENT, NEVER
from sla_engine.clock.work import incidents, next_due
from sla_engine.engine.entries import word_at
from sla_engine.engine.forms import FORMS
from sla_engine.engine.images import IMAGE_HEAD_BYTES
from sla_engine.engine.packing import Form, get_row, put_row, words_of
from sla_engine.engine.rest import HEAD_BYTES, UNIT_SHIFT, Rest, give_back, lay, release
from sla_engine.errors import StoreError

_LEAST = FORMS[0].map_bytes, FORMS[1].map_bytes


@dataclass(frozen=True)
class StoredRows:
    """Images in the order in which they were written; numbers are still the writer's own."""

    rows: NDArray[np.int64]
    incidents: NDArray[Any]  # INCIDENT
    owners: NDArray[np.int64]  # per CLOCK row: the place of its incident, ascending
    clocks: NDArray[Any]  # CLOCK


@dataclass(frozen=True)
class Image:
    """One row as stored."""

    row: int
    incident: NDArray[Any]  # one INCIDENT
    clocks: NDArray[Any]  # CLOCK rows


@kernel
def get_images(
    data: NDArray[np.uint8],
    rows: NDArray[np.int64],
    found: NDArray[np.uint64],
    owners: NDArray[np.int64],
    found_clocks: NDArray[np.uint64],
    forms: tuple[Form, Form],
) -> tuple[int, int]:
    """Read all images into the arrays, `found` and `found_clocks` as words; (images, clocks).

    (-1, 0) when the bytes are cut off or no images.
    """
    of_incident, of_clock = forms
    at = np.int64(0)
    images = np.int64(0)
    clocks = np.int64(0)
    none = np.int64(-1)
    while at < len(data):
        if at + IMAGE_HEAD_BYTES > len(data):
            return none, np.int64(0)
        rows[images] = word_at(data, at)
        held = word_at(data, at + 4)
        at += IMAGE_HEAD_BYTES
        at = np.int64(get_row(of_incident, data, at, found, images, none, found, images))
        before = none
        for _ in range(held):
            if at < 0 or clocks >= len(owners):
                return none, np.int64(0)
            owners[clocks] = images
            at = np.int64(get_row(of_clock, data, at, found_clocks, clocks, before, found, images))
            before = clocks
            clocks += 1
        if at < 0:
            return none, np.int64(0)
        images += 1
    return images, clocks


@kernel
def put_rows(
    work: Any,
    rows: NDArray[np.int64],
    stored: NDArray[Any],
    owners: NDArray[np.int64],
    stored_clocks: NDArray[Any],
    words: tuple[NDArray[np.uint64], NDArray[np.uint64]],
    rest: Rest,
) -> None:
    """Put INCIDENT rows into `work` and their clocks to rest, for which there must be room.

    `words`: both kinds of stored rows as words. A row that was there already is replaced.
    """
    none = np.int64(-1)
    heads, packed = words
    begin = np.int64(0)
    for place in range(len(rows)):
        row = rows[place]
        release(work, row)
        if rest.places[row]["size"]:
            give_back(row, rest)
        incidents(work)[row] = stored[place]
        incidents(work)[row]["clocks"] = none
        # Written behind all blocks, where they stay unless a block of their size is free.
        first = (rest.levels[0] << UNIT_SHIFT) + HEAD_BYTES
        at = first
        nearest = NEVER
        before = none
        end = begin
        while end < len(owners) and owners[end] == place:
            at = np.int64(
                put_row(rest.form, packed, end, before, heads, place, rest.blocks, at, rest.scratch)
            )
            nearest = min(nearest, stored_clocks[end]["next_at"])
            before = end
            end += 1
        if end > begin:
            lay(row, end - begin, rest.blocks, first, at, rest)
        next_due(work)[row] = nearest
        begin = end


class Reader:
    """Reads images into arrays of its own, again and again.

    What it gives is good until the next read: memory that is handed out anew for every read costs
    three times what the reading does.
    """

    def __init__(self) -> None:
        self._rows = np.empty(0, np.int64)
        self._incidents = np.empty(0, INCIDENT)
        self._owners = np.empty(0, np.int64)
        self._clocks = np.empty(0, CLOCK)

    def read(self, images: bytes) -> StoredRows:
        """The rows in the bytes of images. StoreError when they are cut off."""
        data = np.frombuffer(images, np.uint8)
        self._reserve(len(data))
        count, found = get_images(
            data, self._rows, words_of(self._incidents), self._owners, words_of(self._clocks), FORMS
        )
        if count < 0:
            raise StoreError(
                "stored rows are cut off: the store has lost a part of what it was given"
            )
        return StoredRows(
            self._rows[:count], self._incidents[:count], self._owners[:found], self._clocks[:found]
        )

    def _reserve(self, size: int) -> None:
        """Room for rows of nothing but zeros; what is not used of it is never touched."""
        most = size // (IMAGE_HEAD_BYTES + _LEAST[0]) + 1
        if most > len(self._rows):
            self._rows, self._incidents = np.empty(most, np.int64), np.empty(most, INCIDENT)
        most = size // _LEAST[1] + 1
        if most > len(self._owners):
            self._owners, self._clocks = np.empty(most, np.int64), np.empty(most, CLOCK)


def read_rows(images: bytes) -> StoredRows:
    """The rows in the bytes of images. StoreError when they are cut off."""
    return Reader().read(images)


def read_images(stored: bytes) -> Iterator[Image]:
    """The images one by one, for readers that keep the latest of each row."""
    read = read_rows(stored)
    edges = np.searchsorted(read.owners, np.arange(len(read.rows) + 1)).tolist()
    for n, row in enumerate(read.rows.tolist()):
        yield Image(row, read.incidents[n : n + 1], read.clocks[edges[n] : edges[n + 1]])


def translated(keys: NDArray[Any], meaning: Callable[[int], int]) -> NDArray[np.int64]:
    """Stored keys of profiles or calendars as this process's numbers, each key asked for once."""
    known, which = np.unique(keys, return_inverse=True)
    numbers = np.array([meaning(int(key)) for key in known], np.int64)
    return numbers[which] if len(known) else np.zeros(0, np.int64)
