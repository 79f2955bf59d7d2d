"""Bundles of arrays that compiled kernels take as one address.

A kernel that is handed forty arrays by value spends its time, and the compiler's, on copying
their descriptors. So a compiled kernel takes the address of a table of (address, length)
pairs, and an accessor such as `clocks(work)` makes the array where it is used. Run as plain
Python the same kernels take the bundle itself (a NamedTuple), and the accessor is `getattr`.

Whoever calls a compiled kernel keeps the bundle alive for the length of the call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numba import carray, types
from numba.extending import intrinsic, overload
from numpy.typing import NDArray

#: Words of a table before its first pair: the number of columns of two-dimensional arrays.
_HEAD = 1

int64 = np.dtype("i8")


@intrinsic  # type: ignore[untyped-decorator]
def _pointer(typing_context: Any, address: Any) -> Any:
    """An integer address as a pointer."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(types.voidptr))

    return types.voidptr(types.int64), generate


@intrinsic  # type: ignore[untyped-decorator]
def _word(typing_context: Any, address: Any, index: Any) -> Any:
    """The int64 at `address` + 8 * `index`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word = context.get_value_type(types.int64)
        base = builder.inttoptr(arguments[0], word.as_pointer())
        return builder.load(builder.gep(base, [arguments[1]]))

    return types.int64(types.int64, types.int64), generate


def accessor(
    name: str, place: int, dtype: np.dtype[Any], *, grid: bool = False
) -> Callable[[Any], Any]:
    """The function that gives array `name`, the `place`-th pair of its bundle's table.

    `grid`: two-dimensional, with as many columns as the table's head says.
    """
    where = _HEAD + 2 * place

    def get(bundle: Any) -> Any:
        return getattr(bundle, name)

    @overload(get)  # type: ignore[untyped-decorator]
    def compiled(bundle):  # type: ignore[no-untyped-def]
        if not isinstance(bundle, types.Integer):
            return None
        if grid:
            return lambda bundle: carray(
                _pointer(_word(bundle, where)), (_word(bundle, where + 1), _word(bundle, 0)), dtype
            )
        return lambda bundle: carray(
            _pointer(_word(bundle, where)), _word(bundle, where + 1), dtype
        )

    return get


def table_of(arrays: Sequence[NDArray[Any]], columns: int = 0) -> NDArray[np.int64]:
    """The table that accessors read; valid as long as `arrays` live and stay where they are."""
    table = np.zeros(_HEAD + 2 * len(arrays), np.int64)
    table[0] = columns
    for place, array in enumerate(arrays):
        if not array.flags.c_contiguous:
            raise ValueError("kernels take contiguous arrays only")
        table[_HEAD + 2 * place] = array.ctypes.data
        table[_HEAD + 2 * place + 1] = len(array)
    return table
