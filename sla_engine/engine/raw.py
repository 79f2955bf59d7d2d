"""Bytes and words of arrays as a processor takes them, for kernels.

Compiled: one instruction or one call each, and nothing is checked. Run as plain Python: the same
by slices. Words are 8 bytes, the lowest first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from sla_engine.clock.far import is_plain

_BYTE, _WORD, _BIT = ir.IntType(8), ir.IntType(64), ir.IntType(1)


def _address(context: Any, builder: Any, kind: Any, array: Any, at: Any) -> Any:
    """The address of array[at], one of bytes."""
    data = context.make_array(kind)(context, builder, array).data
    return builder.gep(data, [at])


def _copy_bytes(typing: Any, target: Any, at: Any, source: Any, begin: Any, count: Any) -> Any:
    """target[at : at + count] = source[begin : begin + count]; the two may overlap."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        to, where, from_, first, length = arguments
        cgutils.raw_memmove(  # type: ignore[no-untyped-call]
            builder,
            _address(context, builder, signature.args[0], to, where),
            _address(context, builder, signature.args[2], from_, first),
            length,
            1,
        )
        return context.get_dummy_value()

    return types.void(target, types.int64, source, types.int64, types.int64), generate


def _store_word(typing: Any, out: Any, at: Any, value: Any) -> Any:
    """Eight bytes of `value` to out[at:]; all eight must be the writer's own."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = _address(context, builder, signature.args[0], arguments[0], arguments[1])
        builder.store(arguments[2], builder.bitcast(place, _WORD.as_pointer()), align=1)
        return context.get_dummy_value()

    return types.void(out, types.int64, types.uint64), generate


def _load_word(typing: Any, data: Any, at: Any) -> Any:
    """The eight bytes data[at:]; all eight must be there."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = _address(context, builder, signature.args[0], arguments[0], arguments[1])
        return builder.load(builder.bitcast(place, _WORD.as_pointer()), align=1)

    return types.uint64(data, types.int64), generate


def _bytes_of(typing: Any, value: Any) -> Any:
    """Bytes that a word needs; 0 for 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        zeros = builder.ctlz(arguments[0], ir.Constant(_BIT, 0))
        return builder.lshr(builder.sub(ir.Constant(_WORD, 71), zeros), ir.Constant(_WORD, 3))

    return types.int64(types.uint64), generate


def _bits_of(typing: Any, value: Any) -> Any:
    """How many bits are set."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), generate


def _lowest_bit(typing: Any, value: Any) -> Any:
    """The number of the lowest bit that is set; the value is not 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(_BIT, 0))

    return types.int64(types.uint64), generate


def _plain_copy_bytes(
    target: NDArray[np.uint8], at: int, source: NDArray[np.uint8], begin: int, count: int
) -> None:
    target[at : at + count] = source[begin : begin + count].copy()


def _plain_store_word(out: NDArray[np.uint8], at: int, value: Any) -> None:
    out[at : at + 8] = np.frombuffer(int(value).to_bytes(8, "little"), np.uint8)


def _plain_load_word(data: NDArray[np.uint8], at: int) -> Any:
    return np.uint64(int.from_bytes(data[at : at + 8].tobytes(), "little"))


def _plain_bytes_of(value: Any) -> int:
    return (int(value).bit_length() + 7) // 8


def _plain_bits_of(value: Any) -> int:
    return int(value).bit_count()


def _plain_lowest_bit(value: Any) -> int:
    return (int(value) & -int(value)).bit_length() - 1


_made: Any = intrinsic
copy_bytes: Any = _plain_copy_bytes
store_word: Any = _plain_store_word
load_word: Any = _plain_load_word
bytes_of: Any = _plain_bytes_of
bits_of: Any = _plain_bits_of
lowest_bit: Any = _plain_lowest_bit
if not is_plain():
    copy_bytes, store_word, load_word = map(_made, (_copy_bytes, _store_word, _load_word))
    bytes_of, bits_of, lowest_bit = map(_made, (_bytes_of, _bits_of, _lowest_bit))
