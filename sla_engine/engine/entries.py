"""History entries on their way: arena -> journal and stored chunks, and back at a claim.

An entry as stored: history (u32), length (u32), the packed bytes. All loops are kernels, so that
a turn, a checkpoint and a claim make no Python object per event.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sla_engine.clock.compiled import inner, kernel
from sla_engine.engine.raw import copy_bytes
from sla_engine.engine.shard import ARENA, ENTRIES, Shard, arena, chain, entries, last_entry, levels

_HEAD = struct.Struct("<II")
HEAD_BYTES = 8


@inner
def put_word(out: NDArray[np.uint8], at: int, value: int) -> None:
    """Four bytes, the lowest first."""
    for shift in range(4):
        out[at + shift] = (value >> (8 * shift)) & 0xFF


@inner
def word_at(data: NDArray[np.uint8], at: int) -> int:
    """What `put_word` wrote."""
    value = np.int64(0)
    for shift in range(4):
        value |= np.int64(data[at + shift]) << (8 * shift)
    return value


@kernel
def write_entries(shard: Any, which: NDArray[np.int64], out: NDArray[np.uint8]) -> int:
    """Write the entries with these numbers, one after the other; the end in `out`."""
    at = np.int64(0)
    source = arena(shard)
    for n in which:
        entry = entries(shard)[n]
        start = np.int64(entry["start"])
        length = np.int64(entry["length"])
        put_word(out, at, np.int64(entry["history"]))
        put_word(out, at + 4, length)
        at += 8
        copy_bytes(out, at, source, start, length)
        at += length
    return at


@kernel
def append_entries(shard: Any, data: NDArray[np.uint8], start: int, stop: int) -> int:
    """Chain the stored entries of `data[start:stop]` to their histories; how many.

    Arena, entries and histories must have room.
    """
    at = start
    count = np.int64(0)
    while at < stop:
        history = word_at(data, at)
        length = word_at(data, at + 4)
        at += 8
        begin = levels(shard)[ARENA]
        target = arena(shard)
        copy_bytes(target, begin, data, at, length)
        at += length
        chain(shard, history, begin, begin + length)
        count += 1
    return count


@kernel
def count_entries(data: NDArray[np.uint8], start: int, stop: int) -> tuple[int, int]:
    """(entries, highest history or -1) in stored entries."""
    at = start
    count = np.int64(0)
    highest = np.int64(-1)
    while at < stop:
        highest = max(highest, word_at(data, at))
        at += 8 + word_at(data, at + 4)
        count += 1
    return count, highest


@kernel
def drop_entries(shard: Any, count: int) -> None:
    """Forget the first `count` entries; the others move to the front of arena and entries."""
    level = levels(shard)
    total = level[ENTRIES]
    begin = level[ARENA]
    if count < total:
        begin = entries(shard)[count]["start"]
    for n in range(count):
        history = entries(shard)[n]["history"]
        if last_entry(shard)[history] < count:
            last_entry(shard)[history] = -1
    source = arena(shard)
    copy_bytes(source, 0, source, begin, level[ARENA] - begin)
    for n in range(count, total):
        entry = entries(shard)[n]
        previous = entry["previous"]
        moved = entries(shard)[n - count]
        moved["start"] = entry["start"] - begin
        moved["length"] = entry["length"]
        moved["history"] = entry["history"]
        moved["previous"] = previous - count if previous >= count else -1
        last_entry(shard)[moved["history"]] = n - count
    level[ENTRIES] = total - count
    level[ARENA] -= begin


def stored_sizes(shard: Shard, which: NDArray[np.int64]) -> NDArray[np.int64]:
    """Bytes that each of these entries takes as stored."""
    return shard.entries["length"][which].astype(np.int64) + HEAD_BYTES


def stored_entry(history: int, packed: bytes) -> bytes:
    """An entry as stored."""
    return _HEAD.pack(history, len(packed)) + packed


def entries_in(stored: bytes) -> Iterator[tuple[int, bytes]]:
    """(history, packed bytes) of stored entries, oldest first."""
    at = 0
    while at < len(stored):
        history, length = _HEAD.unpack_from(stored, at)
        at += _HEAD.size
        yield history, stored[at : at + length]
        at += length
