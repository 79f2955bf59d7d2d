"""Numbers in as few bytes as they need: little-endian groups of seven bits, the last below 128."""

from __future__ import annotations

from typing import Any

import numpy as np

from sla_engine.event.compiled import kernel

_SEVEN_BITS, _SEVEN, _ONE = np.uint64(127), np.uint64(7), np.uint64(1)
_BYTES_MAX = 10
_SMALL = tuple(bytes((value,)) for value in range(128))


@kernel
def put_varint(out: Any, at: Any, value: Any) -> Any:
    """Write a number >= 0; returns the position behind it."""
    rest = np.uint64(value)
    while rest > _SEVEN_BITS:
        out[at] = np.uint8(rest & _SEVEN_BITS) | np.uint8(128)
        rest >>= _SEVEN
        at += 1
    out[at] = np.uint8(rest)
    return at + 1


@kernel
def varint_length(value: Any) -> Any:
    """Bytes that `put_varint` writes."""
    rest = np.uint64(value) >> _SEVEN
    count = 1
    while rest > np.uint64(0):
        rest >>= _SEVEN
        count += 1
    return count


@kernel
def get_varint(data: Any, at: Any, end: Any) -> Any:
    """(number, position behind it); position -1 when it does not end before `end`."""
    value = np.uint64(0)
    shift = np.uint64(0)
    while at < end and shift < np.uint64(64):
        b = np.uint64(data[at])
        value |= (b & _SEVEN_BITS) << shift
        at += 1
        if b <= _SEVEN_BITS:
            return np.int64(value), at
        shift += _SEVEN
    return np.int64(0), np.int64(-1)


@kernel
def zigzag(value: Any) -> Any:
    """A signed number as one >= 0, small ones small."""
    return (np.int64(value) << 1) ^ (np.int64(value) >> 63)


@kernel
def unzigzag(value: Any) -> Any:
    """The inverse of `zigzag`."""
    return np.int64(np.uint64(value) >> _ONE) ^ -(np.int64(value) & 1)


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """`get_varint` of Python bytes, up to their end."""
    value = shift = 0
    for behind in range(at, min(at + _BYTES_MAX, len(data))):
        byte = data[behind]
        value |= (byte & 127) << shift
        if byte < 128:
            return value, behind + 1
        shift += 7
    return 0, -1


def varint(value: int) -> bytes:
    """A number >= 0 as `put_varint` writes it."""
    if value < 128:
        return _SMALL[value]
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
