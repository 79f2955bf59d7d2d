"""murmur2 over keys where they lie in a batch; `murmur2` is for single keys."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sla_engine.stream.murmur2 import MASK, MULTIPLIER, POSITIVE, SEED

_BYTES = "Array(uint8, 1, 'C', readonly=True)"
_SPANS = "Array(int32, 1, 'C', readonly=True)"


@njit("int64(int64)", cache=True, nogil=True)
def times(value: int) -> int:
    """`value` times the multiplier modulo 2^32, in halves so that 63 bits suffice."""
    low = (value & 0xFFFF) * MULTIPLIER
    high = ((value >> 16) * MULTIPLIER) & 0xFFFF
    return (low + (high << 16)) & MASK


@njit(f"int64({_BYTES}, int64, int64)", cache=True, nogil=True)
def murmur2_span(data: NDArray[np.uint8], start: int, end: int) -> int:
    """murmur2 of `data[start:end]` as an unsigned 32-bit number."""
    length = int(end) - int(start)
    h = (SEED ^ length) & MASK
    pos = start
    for _ in range(length // 4):
        k = int(data[pos]) | int(data[pos + 1]) << 8
        k |= int(data[pos + 2]) << 16 | int(data[pos + 3]) << 24
        k = times(k)
        h = times(h) ^ times(k ^ (k >> 24))
        pos += 4
    tail = length % 4
    if tail >= 3:
        h ^= int(data[pos + 2]) << 16
    if tail >= 2:
        h ^= int(data[pos + 1]) << 8
    if tail >= 1:
        h = times(h ^ int(data[pos]))
    h = times(h ^ (h >> 13))
    return h ^ (h >> 15)


@njit(f"int32[:]({_BYTES}, {_SPANS}, {_SPANS}, int64)", cache=True, nogil=True)
def partitions_of_spans(
    data: NDArray[np.uint8],
    key_start: NDArray[np.int32],
    key_end: NDArray[np.int32],
    partitions: int,
) -> NDArray[np.int32]:
    """The partition each key belongs to; -1 where there is no key (start -1)."""
    n = len(key_start)
    result = np.empty(n, np.int32)
    for i in range(n):
        if key_start[i] < 0:
            result[i] = -1
        else:
            hashed = murmur2_span(data, key_start[i], key_end[i])
            result[i] = (hashed & POSITIVE) % partitions
    return result
