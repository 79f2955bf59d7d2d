"""Far calls: kernels that are compiled one by one and call each other by address.

numba links every kernel into each of its callers and optimises the whole again, level by level;
a fold of a hundred kernels would take minutes. A far kernel is compiled once, alone, and called
through a table of addresses that every bundle's table points to (memory.table_of). It takes and
returns int64 only and raises nothing; its first argument is always a bundle. Run as plain Python
it is the function itself.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature
from typing import Any, TypeVar, cast

import numba
import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from sla_engine.clock.manifest import FAR_KERNELS

_F = TypeVar("_F", bound=Callable[..., Any])

WORD = ir.IntType(64)
#: Where a bundle's table keeps the address of `ADDRESSES` (memory.table_of).
FUNCTIONS_WORD = 1

#: Machine addresses by number; filled by `compile_far`. Never replaced, only filled.
ADDRESSES: NDArray[np.int64] = np.zeros(len(FAR_KERNELS), np.int64)

_NUMBERS = {name: number for number, name in enumerate(FAR_KERNELS)}
_registered: dict[int, Callable[..., Any]] = {}
#: Keeps the machine code alive.
_compiled: dict[int, Any] = {}


def is_plain() -> bool:
    """Whether kernels run as plain Python (NUMBA_DISABLE_JIT=1)."""
    return bool(getattr(numba.config, "DISABLE_JIT", 0))


def far(function: _F) -> _F:
    """A kernel that is compiled alone; its name must stand in the manifest."""
    if is_plain():
        return function
    name = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
    number = _NUMBERS[name]
    _registered[number] = function
    return cast(_F, _caller(number, _arity(function)))


def _arity(function: Callable[..., Any]) -> int:
    return function.__code__.co_argcount


def _caller(number: int, arity: int) -> Any:
    """What numba compiles a call of far kernel `number` to."""

    def call(context: Any, *arguments: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            convention = context.call_conv
            kind = convention.get_function_type(types.int64, [types.int64] * arity)
            address = load_word(builder, load_word(builder, values[0], FUNCTIONS_WORD), number)
            function = builder.inttoptr(address, kind.as_pointer())
            result = cgutils.alloca_once(builder, kind.args[0].pointee)
            error = cgutils.alloca_once(builder, kind.args[1].pointee)
            builder.call(function, [result, error, *values])
            return builder.load(result)

        return types.int64(*[types.int64] * arity), generate

    names = ["context", *(f"argument{n}" for n in range(arity))]
    parameters = [Parameter(each, Parameter.POSITIONAL_OR_KEYWORD) for each in names]
    call.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    return intrinsic(call)


def load_word(builder: Any, address: Any, word: int) -> Any:
    """The word at an address, an int64 itself."""
    base = builder.inttoptr(address, WORD.as_pointer())
    return builder.load(builder.gep(base, [ir.Constant(WORD, word)]))


def compile_far(progress: Callable[[str], None] | None = None) -> NDArray[np.int64]:
    """Compile what is registered and not compiled yet; returns the table of addresses."""
    for number in sorted(_registered.keys() - _compiled.keys()):
        function = _registered[number]
        if progress is not None:
            progress(FAR_KERNELS[number])
        signature = types.int64(*[types.int64] * _arity(function))
        made = njit(
            signature,
            cache=True,
            nogil=True,
            error_model="numpy",
            no_cpython_wrapper=True,
            no_cfunc_wrapper=True,
        )(function)
        (code,) = made.overloads.values()
        _compiled[number] = made
        ADDRESSES[number] = code.library.get_pointer_to_function(code.fndesc.llvm_func_name)
    return ADDRESSES
