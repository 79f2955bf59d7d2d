"""Kernels that find the records in entries of a stream (see layout), no object per record."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sla_engine.stream.redis_streams.layout import LENGTHS_BYTES, STAMP_BYTES

_BYTES = "Array(uint8, 1, 'C', readonly=True)"


@njit(f"int64({_BYTES}, int64, int64)", cache=True, nogil=True)
def little_endian(data: NDArray[np.uint8], pos: int, width: int) -> int:
    """The signed integer of `width` bytes at `pos`."""
    value = int(data[pos + width - 1])
    if value >= 128:
        value -= 256
    for i in range(pos + width - 2, pos - 1, -1):
        value = (value << 8) | int(data[i])
    return value


@njit(f"int64({_BYTES}, int64, int64)", cache=True, nogil=True)
def record_end(data: NDArray[np.uint8], pos: int, end: int) -> int:
    """The position behind the record at `pos`; -1 if it does not fit in before `end`."""
    if end - pos < LENGTHS_BYTES:
        return -1
    size = LENGTHS_BYTES
    for i in range(3):
        length = little_endian(data, pos + 4 * i, 4)
        if length < -1 or (i == 2 and length < 0):
            return -1
        size += max(length, 0)
    return pos + size if size <= end - pos else -1


@njit(f"int64({_BYTES}, int64[::1])", cache=True, nogil=True)
def count(data: NDArray[np.uint8], ends: NDArray[np.int64]) -> int:
    """How many records the entries hold that lie one behind the other; -1 if one is malformed.

    `ends` are the positions behind each entry.
    """
    n = 0
    start = 0
    for end in ends:
        pos = start + STAMP_BYTES
        while pos != end:
            pos = record_end(data, pos, end)
            if pos < 0:
                return -1
            n += 1
        start = end
    return n


@njit(f"void({_BYTES}, int64[::1], int64[::1], int32[:, ::1], int64[::1])", cache=True, nogil=True)
def fill(
    data: NDArray[np.uint8],
    ends: NDArray[np.int64],
    offsets: NDArray[np.int64],
    spans: NDArray[np.int32],
    append_ms: NDArray[np.int64],
) -> None:
    """Fill the columns of a RawBatch with the records that `count` counted.

    The rows of `spans` are key start, key end, value start, value end; (-1, -1) for a null.
    """
    n = 0
    start = 0
    for end in ends:
        offset = little_endian(data, start, 8)
        stamp = little_endian(data, start + 8, 8)
        pos = start + STAMP_BYTES
        while pos < end:
            key_size = little_endian(data, pos, 4)
            value_size = little_endian(data, pos + 4, 4)
            key = pos + LENGTHS_BYTES
            value = key + max(key_size, 0)
            offsets[n] = offset
            append_ms[n] = stamp
            spans[0, n] = key if key_size >= 0 else -1
            spans[1, n] = key + key_size if key_size >= 0 else -1
            spans[2, n] = value if value_size >= 0 else -1
            spans[3, n] = value + value_size if value_size >= 0 else -1
            pos = record_end(data, pos, end)
            offset += 1
            n += 1
        start = end
