"""Open-addressing tables from 64-bit keys to small integers, read by kernels.

Keys are never 0. Tables are filled from Python when a kernel asks for a missing entry, and
replaced as a whole when they grow, so that a kernel always reads a consistent one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sla_engine.clock.compiled import kernel
from sla_engine.clock.layout import LOOKUP

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FOLD = np.uint64(0xD6E8FEB86659FD93)
_SHIFT = np.uint64(32)


@kernel
def mix(a: np.uint64, b: np.uint64) -> np.uint64:
    """One 64-bit key of two; never 0. Wraps modulo 2**64."""
    x = np.uint64(a) * _GOLDEN ^ (np.uint64(b) + _GOLDEN)
    x = (x ^ (x >> _SHIFT)) * _FOLD
    x = (x ^ (x >> _SHIFT)) * _FOLD
    x ^= x >> _SHIFT
    return x if x != np.uint64(0) else _GOLDEN


@kernel
def pair(high: int, low: int) -> np.uint64:
    """The exact key of two integers below 2**31 and 2**32; never 0."""
    return (np.uint64(high + 1) << _SHIFT) | np.uint64(low)


@kernel
def find(table: NDArray[Any], key: np.uint64) -> int:
    """The value of `key`, or -1."""
    mask = np.uint64(len(table) - 1)
    at = (key * _GOLDEN >> _SHIFT) & mask
    while True:
        stored = table[at]["key"]
        if stored == key:
            return table[at]["value"]
        if stored == np.uint64(0):
            return -1
        at = (at + np.uint64(1)) & mask


@kernel
def put(table: NDArray[Any], key: np.uint64, value: int) -> None:
    """Insert or replace; the caller keeps the table at most half full."""
    mask = np.uint64(len(table) - 1)
    at = (key * _GOLDEN >> _SHIFT) & mask
    while table[at]["key"] != np.uint64(0) and table[at]["key"] != key:
        at = (at + np.uint64(1)) & mask
    table[at]["key"] = key
    table[at]["value"] = value


class GrowingLookup:
    """The Python side of a LOOKUP table: fills it and doubles it when half full."""

    def __init__(self, size: int = 64) -> None:
        self.table = np.zeros(size, LOOKUP)
        self.count = 0

    def set(self, key: int, value: int) -> None:
        """Remember `value` for a key that is not in the table yet."""
        if 2 * (self.count + 1) > len(self.table):
            old = self.table
            self.table = np.zeros(2 * len(old), LOOKUP)
            for entry in old[old["key"] != 0]:
                put(self.table, entry["key"], entry["value"])
        put(self.table, np.uint64(key), value)
        self.count += 1
