"""Bundles of arrays that compiled kernels take as one address.

A kernel that is handed forty arrays by value spends its time, and the compiler's, on copying
their descriptors. So a compiled kernel takes the address of a table of (address, length)
pairs, and an accessor such as `clocks(work)` makes the array where it is used. Run as plain
Python the same kernels take the bundle itself (a NamedTuple), and the accessor is `getattr`.

Whoever calls a compiled kernel keeps the bundle alive for the length of the call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array
from numba.np.numpy_support import from_dtype
from numpy.typing import NDArray

from sla_engine.clock.far import FUNCTIONS_WORD, WORD, compile_far, is_plain, load_word

#: Words of a table before its first pair: columns of two-dimensional arrays, far kernels.
_HEAD = 2

int64 = np.dtype("i8")


def accessor(
    name: str, place: int, dtype: np.dtype[Any], *, grid: bool = False
) -> Callable[[Any], Any]:
    """The function that gives array `name`, the `place`-th pair of its bundle's table.

    `grid`: two-dimensional, with as many columns as the table's head says.
    """
    if is_plain():
        return attrgetter(name)
    where = _HEAD + 2 * place
    kind = types.Array(from_dtype(dtype), 2 if grid else 1, "C")

    def get(context: Any, bundle: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            address, length = (load_word(builder, arguments[0], where + n) for n in (0, 1))
            itemsize = ir.Constant(WORD, dtype.itemsize)
            shape, strides = [length], [itemsize]
            if grid:
                columns = load_word(builder, arguments[0], 0)
                shape, strides = [length, columns], [builder.mul(columns, itemsize), itemsize]
            array = make_array(kind)(context, builder)
            pointer = context.get_data_type(kind.dtype).as_pointer()
            populate_array(
                array,
                data=builder.inttoptr(address, pointer),
                shape=shape,
                strides=strides,
                itemsize=itemsize,
                meminfo=None,
                parent=None,
            )
            return array._getvalue()  # noqa: SLF001

        return kind(types.int64), generate

    return intrinsic(get)  # type: ignore[no-any-return]


def table_of(arrays: Sequence[NDArray[Any]], columns: int = 0) -> NDArray[np.int64]:
    """The table that accessors read; valid as long as `arrays` live and stay where they are."""
    table = np.zeros(_HEAD + 2 * len(arrays), np.int64)
    table[0] = columns
    if not is_plain():
        table[FUNCTIONS_WORD] = compile_far().ctypes.data
    for place, array in enumerate(arrays):
        if not array.flags.c_contiguous:
            raise ValueError("kernels take contiguous arrays only")
        table[_HEAD + 2 * place] = array.ctypes.data
        table[_HEAD + 2 * place + 1] = len(array)
    return table
