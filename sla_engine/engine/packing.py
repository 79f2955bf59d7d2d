"""Rows in few bytes: most words of a row are zero, small, or what its neighbour has.

A row is written as words of 8 bytes, two at a time: a byte with their two codes (the first in
the low half), then the bytes of the first and those of the second. Codes: 0 = zero; 1 to 8 = so
many bytes, the lowest first; SAME = the word of the row before; LAST = `clock.layout.NEVER`.
An incident with three clocks takes about 300 bytes instead of 1,000, and as much less of the
time that the store needs to take it in.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sla_engine.clock.compiled import inner
from sla_engine.clock.layout import NEVER

SAME = 9
LAST = 10

_LOW_BYTE, _BYTE, _ZERO = np.uint64(255), np.uint64(8), np.uint64(0)
_NEVER = np.uint64(NEVER)


def packed_max(words: int) -> int:
    """No fewer bytes than one row of so many words takes."""
    return (words + 1) // 2 + 8 * words


def packed_min(words: int) -> int:
    """The bytes of a row of zeros."""
    return (words + 1) // 2


@inner
def put_row(
    words: NDArray[np.uint64],
    row: int,
    before: int,
    mask: NDArray[np.uint64],
    out: NDArray[np.uint8],
    at: int,
) -> int:
    """Write words[row] & mask; the end. `before`: the row written before it, -1 = none."""
    count = words.shape[1]
    for first in range(0, count, 2):
        codes = at
        at += 1
        held = np.int64(0)
        for n in range(first, min(first + 2, count)):
            value: Any = words[row, n] & mask[n]
            code: Any = np.int64(0)
            if value == _ZERO:
                code = np.int64(0)
            elif value == _NEVER:
                code = np.int64(LAST)
            elif before >= 0 and value == words[before, n] & mask[n]:
                code = np.int64(SAME)
            else:
                while value != _ZERO:
                    out[at] = np.uint8(value & _LOW_BYTE)
                    value >>= _BYTE
                    at += 1
                    code += 1
            held |= code << (4 * (n - first))
        out[codes] = np.uint8(held)
    return at


@inner
def get_row(
    data: NDArray[np.uint8], at: int, out: NDArray[np.uint64], row: int, before: int
) -> int:
    """Read a row into out[row]; the position behind it, -1 when the bytes end before it does."""
    count = out.shape[1]
    for first in range(0, count, 2):
        if at >= len(data):
            return -1
        held = np.int64(data[at])
        at += 1
        for n in range(first, min(first + 2, count)):
            code: Any = (held >> (4 * (n - first))) & 15
            value: Any = _ZERO
            if code == LAST:
                value = _NEVER
            elif code == SAME:
                if before < 0:
                    return -1
                value = out[before, n]
            elif code > LAST or at + code > len(data):
                return -1
            else:
                for byte in range(code):
                    value |= np.uint64(data[at + byte]) << np.uint64(8 * byte)
                at += code
            out[row, n] = value
    return at


def words_of(rows: NDArray[Any]) -> NDArray[np.uint64]:
    """A contiguous array of records as a view [rows, words]."""
    words: NDArray[np.uint64] = rows.view(np.uint64)
    return words.reshape(len(rows), rows.dtype.itemsize // 8)


def mask_without(dtype: np.dtype[Any], *names: str) -> NDArray[np.uint64]:
    """A mask of a record's words that leaves these members out."""
    record = np.full(1, 0, dtype)
    raw = record.view(np.uint8)
    raw[:] = 255
    for name in names:
        record[name] = 0
    words: NDArray[np.uint64] = words_of(record)[0].copy()
    return words
