"""The 64-bit hash that stands for a text everywhere: a seeded multiply-and-fold over 8-byte words.

Each word is multiplied and its high half folded onto the low one, then the running value likewise;
either step is a bijection, so two texts of equal length that differ in one word never meet before
the last word. 0 is kept for "no text". Not meant to resist an attacker who knows the seeds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sla_engine.event.compiled import kernel

SEED_TEXT = 0x6A09E667F3BCC909
"""Seed of every text's hash in SPAN.hash, SPAN.name and EVENT.source."""
SEED_KEY1 = 0xBB67AE8584CAA73B
"""Seed of EVENT.key1, over tenant + 0x00 + subject."""
SEED_KEY2 = 0x3C6EF372FE94F82B
"""Seed of EVENT.key2, over the same bytes."""
SEED_ID = 0xA54FF53A5F1D36F1
"""Seed of EVENT.id, over source + 0x00 + id."""

_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_WORD = np.uint64(0xD6E8FEB86659FD93)
_RUN = np.uint64(0xA3B195354A39B70D)
_LAST = np.uint64(0xC2B2AE3D27D4EB4F)
_B8, _B16, _B24, _B32 = np.uint64(8), np.uint64(16), np.uint64(24), np.uint64(32)
_B40, _B48, _B56, _B29 = np.uint64(40), np.uint64(48), np.uint64(56), np.uint64(29)
_ONE, _THREE = np.uint64(1), np.uint64(3)
_2, _4, _5, _6, _7 = np.uint64(2), np.uint64(4), np.uint64(5), np.uint64(6), np.uint64(7)


@kernel
def load_word(data: Any, at: Any) -> Any:
    """The 8 bytes from `at` as a little-endian uint64; all of them must lie inside `data`."""
    p = np.uint64(at)
    low = (
        np.uint64(data[p])
        | np.uint64(data[p + _ONE]) << _B8
        | np.uint64(data[p + _2]) << _B16
        | np.uint64(data[p + _THREE]) << _B24
    )
    high = (
        np.uint64(data[p + _4]) << _B32
        | np.uint64(data[p + _5]) << _B40
        | np.uint64(data[p + _6]) << _B48
        | np.uint64(data[p + _7]) << _B56
    )
    return low | high


@kernel
def load_part(data: Any, at: Any, length: Any) -> Any:
    """The `length` (1..7) bytes from `at` as the low bytes of a uint64."""
    if at + 8 <= data.size:
        shift = np.uint64(64 - 8 * length)
        return np.uint64(load_word(data, at)) << shift >> shift
    word = np.uint64(0)
    for i in range(length):
        word |= np.uint64(data[at + i]) << np.uint64(8 * i)
    return word


@kernel
def absorb(state: Any, word: Any) -> Any:
    """Take one word into the running value."""
    word = np.uint64(word) * _WORD
    word ^= word >> _B32
    state = (np.uint64(state) ^ word) * _RUN
    return state ^ (state >> _B29)


@kernel
def finish(state: Any) -> Any:
    """Spread every bit of the running value over all 64; never 0."""
    state = np.uint64(state)
    state ^= state >> _B32
    state *= _LAST
    state ^= state >> _B29
    state *= _SPREAD
    state ^= state >> _B32
    if state == np.uint64(0):
        return _SPREAD
    return state


@kernel
def hash_bytes(data: Any, start: Any, length: Any, seed: Any) -> Any:
    """Hash of `length` bytes of the uint8 array `data` from `start`: uint64, 0 when empty only."""
    if length == 0:
        return np.uint64(0)
    state = np.uint64(seed) ^ (np.uint64(length) * _SPREAD)
    at = np.int64(start)
    rest = np.int64(length)
    while rest >= 8:
        state = np.uint64(absorb(state, load_word(data, at)))
        at += 8
        rest -= 8
    if rest > 0:
        state = np.uint64(absorb(state, load_part(data, at, rest)))
    return np.uint64(finish(state))


@kernel
def join(data: Any, start1: Any, length1: Any, start2: Any, length2: Any, scratch: Any) -> Any:
    """Copy the two spans into `scratch`, 0x00 between them; returns the length of the whole."""
    for i in range(length1):
        scratch[i] = data[start1 + i]
    scratch[length1] = 0
    for i in range(length2):
        scratch[length1 + 1 + i] = data[start2 + i]
    return length1 + 1 + length2


@kernel
def hash_value(value: Any, seed: Any) -> Any:
    """Hash of a whole number (int64), for spans that carry a value instead of a text."""
    return np.uint64(finish(absorb(np.uint64(seed), np.uint64(value))))


def as_bytes(text: str) -> NDArray[np.uint8]:
    """The UTF-8 of a text as an array for the kernels, which are compiled for writable ones."""
    return np.frombuffer(bytearray(text, "utf-8"), np.uint8)


def hash_text(text: str, seed: int = SEED_TEXT) -> int:
    """The hash of a text's UTF-8; equal to SPAN.hash of the same text with the default seed."""
    data = as_bytes(text)
    return int(hash_bytes(data, 0, len(data), np.uint64(seed)))


def incident_key(tenant: str, subject: str) -> tuple[int, int]:
    """(key1, key2) of an incident, as in EVENT."""
    text = f"{tenant}\0{subject}"
    return hash_text(text, SEED_KEY1), hash_text(text, SEED_KEY2)


def event_id(source: str, identity: str) -> int:
    """EVENT.id of (source, id), the duplicate key of contracts section 1."""
    return hash_text(f"{source}\0{identity}", SEED_ID)
