"""Kernels that find the records in Kafka's batches (format v2) without an object per record.

`scan` walks the batch headers of a fetch answer, `unpack` the records of uncompressed batches.
Format: https://kafka.apache.org/documentation/#recordbatch (big-endian header of 61 bytes, then
records whose lengths and deltas are zigzag varints).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

# The columns of a row of the batch table.
RECORDS: Final = 0
"""Position of the first record, or of the compressed bytes."""
END: Final = 1
"""Position behind the batch."""
BASE: Final = 2
"""Offset of the batch."""
LAST_DELTA: Final = 3
"""Last offset of the batch minus BASE; it stays when compaction removes the record."""
ATTRIBUTES: Final = 4
BASE_MS: Final = 5
MAX_MS: Final = 6
COUNT: Final = 7
PRODUCER: Final = 8
CRC: Final = 9
COLUMNS: Final = 10

CODEC_MASK: Final = 0x07
LOG_APPEND_TIME: Final = 0x08
TRANSACTIONAL: Final = 0x10
CONTROL: Final = 0x20

# Why `scan` stopped.
COMPLETE: Final = 0
PARTIAL: Final = 1
"""The bytes end inside a batch: the broker cuts at the size that was asked for."""
BAD_LENGTH: Final = 2
BAD_MAGIC: Final = 3
BAD_HEADER: Final = 4

HEADER_BYTES: Final = 61
LENGTH_FIELD_END: Final = 12
RECORD_BYTES_MIN: Final = 7
ABSENT: Final = -1

_BYTES = "Array(uint8, 1, 'C', readonly=True)"
_TABLE = "Array(int64, 2, 'C', readonly=True)"


@njit(f"int64({_BYTES}, int64, int64)", cache=True, nogil=True)
def big_endian(data: NDArray[np.uint8], pos: int, width: int) -> int:
    """The signed integer of `width` bytes at `pos`."""
    value = int(data[pos])
    if value >= 128:
        value -= 256
    for i in range(pos + 1, pos + width):
        value = (value << 8) | int(data[i])
    return value


@njit(f"UniTuple(int64, 2)({_BYTES}, int64, int64)", cache=True, nogil=True)
def varint(data: NDArray[np.uint8], pos: int, end: int) -> tuple[int, int]:
    """The zigzag varint at `pos` and the position behind it; that is -1 if it is malformed.

    At most nine bytes, 62 bits of magnitude: no length, delta or time stamp needs more.
    """
    value = 0
    shift = 0
    while pos < end and shift < 63:
        byte = int(data[pos])
        pos += 1
        value |= (byte & 0x7F) << shift
        if byte < 128:
            return (value >> 1) ^ -(value & 1), pos
        shift += 7
    return 0, -1


@njit(f"Tuple((int64[:, ::1], int64, int64))({_BYTES})", cache=True, nogil=True)
def scan(data: NDArray[np.uint8]) -> tuple[NDArray[np.int64], int, int]:
    """The table of the batches in `data`, the position behind the last, and why it ended there."""
    table = np.empty((16, COLUMNS), np.int64)
    n = 0
    pos = 0
    why = COMPLETE
    while pos < len(data):
        left = len(data) - pos
        if left < LENGTH_FIELD_END:
            why = PARTIAL
            break
        length = big_endian(data, pos + 8, 4)
        if length < HEADER_BYTES - LENGTH_FIELD_END:
            why = BAD_LENGTH
            break
        if left < HEADER_BYTES or LENGTH_FIELD_END + length > left:
            why = PARTIAL
            break
        if data[pos + 16] != 2:
            why = BAD_MAGIC
            break
        if n == len(table):
            grown = np.empty((2 * n, COLUMNS), np.int64)
            grown[:n] = table
            table = grown
        row = table[n]
        row[RECORDS] = pos + HEADER_BYTES
        row[END] = pos + LENGTH_FIELD_END + length
        row[BASE] = big_endian(data, pos, 8)
        row[CRC] = big_endian(data, pos + 17, 4) & 0xFFFFFFFF
        row[ATTRIBUTES] = big_endian(data, pos + 21, 2)
        row[LAST_DELTA] = big_endian(data, pos + 23, 4)
        row[BASE_MS] = big_endian(data, pos + 27, 8)
        row[MAX_MS] = big_endian(data, pos + 35, 8)
        row[PRODUCER] = big_endian(data, pos + 43, 8)
        row[COUNT] = big_endian(data, pos + 57, 4)
        if row[BASE] < 0 or row[LAST_DELTA] < 0 or row[COUNT] < 0:
            why = BAD_HEADER
            break
        pos = row[END]
        n += 1
    return table[:n].copy(), pos, why


@njit(
    f"UniTuple(int64, 2)({_BYTES}, {_TABLE}, int64, int64[::1], int32[:, ::1], int64[::1])",
    cache=True,
    nogil=True,
)
def unpack(
    data: NDArray[np.uint8],
    table: NDArray[np.int64],
    from_offset: int,
    offsets: NDArray[np.int64],
    spans: NDArray[np.int32],
    append_ms: NDArray[np.int64],
) -> tuple[int, int]:
    """Fill the columns with the records at `from_offset` and later.

    The rows of `spans` are key start, key end, value start, value end; (-1, -1) for a null. The
    batches of `table` are uncompressed and hold no control records. Returns how many records
    there are and how many batches are sound: fewer than the table has when one is malformed; the
    records are those of the sound ones before it.
    """
    n = 0
    for b in range(len(table)):
        row = table[b]
        pos = row[RECORDS]
        end = row[END]
        last = -1
        sound = n
        for _ in range(row[COUNT]):
            size, pos = varint(data, pos, end)
            if pos < 0 or size < 0 or size > end - pos:
                return sound, b
            record_end = pos + size
            delta_ms, pos = varint(data, pos + 1, record_end)
            if pos < 0:
                return sound, b
            delta, pos = varint(data, pos, record_end)
            if pos < 0 or delta <= last or delta > row[LAST_DELTA]:
                return sound, b
            last = delta
            size, key = varint(data, pos, record_end)
            if key < 0 or size < -1 or size > record_end - key:
                return sound, b
            key_size = size
            pos = key + max(size, 0)
            size, value = varint(data, pos, record_end)
            if value < 0 or size < -1 or size > record_end - value:
                return sound, b
            if row[BASE] + delta >= from_offset:
                offsets[n] = row[BASE] + delta
                spans[0, n] = key if key_size >= 0 else ABSENT
                spans[1, n] = key + key_size if key_size >= 0 else ABSENT
                spans[2, n] = value if size >= 0 else ABSENT
                spans[3, n] = value + size if size >= 0 else ABSENT
                late = row[ATTRIBUTES] & LOG_APPEND_TIME
                append_ms[n] = row[MAX_MS] if late else row[BASE_MS] + delta_ms
                n += 1
            pos = record_end
        if pos != end:
            return sound, b
    return n, len(table)
