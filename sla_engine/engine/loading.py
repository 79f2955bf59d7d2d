"""Stored rows back into memory: images are found by one kernel and put in place by another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sla_engine.clock.compiled import kernel
from sla_engine.clock.layout import CLOCK, INCIDENT, NEVER
from sla_engine.clock.work import FREE_CLOCKS, clocks, counts, free_clocks, incidents, next_due
from sla_engine.engine.entries import word_at
from sla_engine.engine.images import IMAGE_HEAD_BYTES
from sla_engine.errors import StoreError


@dataclass(frozen=True)
class StoredRows:
    """Images in the order in which they were written; numbers are still the writer's own."""

    rows: NDArray[np.int64]
    incidents: NDArray[Any]  # INCIDENT
    owners: NDArray[np.int64]  # per CLOCK row: the place of its incident, ascending
    clocks: NDArray[Any]  # CLOCK


@kernel
def find_images(
    data: NDArray[np.uint8],
    incident_size: int,
    clock_size: int,
    rows: NDArray[np.int64],
    places: NDArray[np.int64],
    owners: NDArray[np.int64],
    clock_places: NDArray[np.int64],
) -> tuple[int, int]:
    """(images, clocks) in `data`, with where each begins; (-1, 0) when the bytes are cut off."""
    at = np.int64(0)
    images = np.int64(0)
    found = np.int64(0)
    while at < len(data):
        if at + 8 + incident_size > len(data):
            return np.int64(-1), np.int64(0)
        rows[images] = word_at(data, at)
        held = word_at(data, at + 4)
        at += 8
        places[images] = at
        at += incident_size
        if at + held * clock_size > len(data):
            return np.int64(-1), np.int64(0)
        for _ in range(held):
            owners[found] = images
            clock_places[found] = at
            found += 1
            at += clock_size
        images += 1
    return images, found


@kernel
def put_rows(
    work: Any,
    rows: NDArray[np.int64],
    stored: NDArray[Any],
    owners: NDArray[np.int64],
    stored_clocks: NDArray[Any],
) -> None:
    """Put INCIDENT and CLOCK rows into `work`; enough CLOCK rows must be free."""
    begin = np.int64(0)
    for place in range(len(rows)):
        row = rows[place]
        at = incidents(work)[row]["clocks"]
        while at >= 0:
            free = counts(work)[FREE_CLOCKS]
            free_clocks(work)[free] = at
            counts(work)[FREE_CLOCKS] = free + 1
            at = clocks(work)[at]["next"]
        incidents(work)[row] = stored[place]
        end = begin
        while end < len(owners) and owners[end] == place:
            end += 1
        following = np.int64(-1)
        nearest = NEVER
        for n in range(end - 1, begin - 1, -1):
            free = counts(work)[FREE_CLOCKS] - 1
            counts(work)[FREE_CLOCKS] = free
            at = free_clocks(work)[free]
            clocks(work)[at] = stored_clocks[n]
            clocks(work)[at]["next"] = following
            following = at
            nearest = min(nearest, stored_clocks[n]["next_at"])
        incidents(work)[row]["clocks"] = following
        next_due(work)[row] = nearest
        begin = end


def read_rows(images: bytes) -> StoredRows:
    """The rows in the bytes of images. StoreError when they are cut off."""
    data = np.frombuffer(images, np.uint8)
    most = len(data) // (IMAGE_HEAD_BYTES + INCIDENT.itemsize) + 1
    most_clocks = len(data) // CLOCK.itemsize + 1
    rows, places = np.empty(most, np.int64), np.empty(most, np.int64)
    owners, clock_places = np.empty(most_clocks, np.int64), np.empty(most_clocks, np.int64)
    count, found = find_images(
        data, INCIDENT.itemsize, CLOCK.itemsize, rows, places, owners, clock_places
    )
    if count < 0:
        raise StoreError("stored rows are cut off: the store has lost a part of what it was given")
    return StoredRows(
        rows[:count],
        _gathered(data, places[:count], INCIDENT),
        owners[:found],
        _gathered(data, clock_places[:found], CLOCK),
    )


def _gathered(
    data: NDArray[np.uint8], places: NDArray[np.int64], dtype: np.dtype[Any]
) -> NDArray[Any]:
    size = dtype.itemsize
    if not len(places):
        return np.zeros(0, dtype)
    windows = np.lib.stride_tricks.sliding_window_view(data, size)
    return np.ascontiguousarray(windows[places]).view(dtype).reshape(len(places))


def translated(keys: NDArray[Any], meaning: Callable[[int], int]) -> NDArray[np.int64]:
    """Stored keys of profiles or calendars as this process's numbers, each key asked for once."""
    known, which = np.unique(keys, return_inverse=True)
    numbers = np.array([meaning(int(key)) for key in known], np.int64)
    return numbers[which] if len(known) else np.zeros(0, np.int64)
