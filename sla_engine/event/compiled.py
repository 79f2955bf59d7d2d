"""The one way kernels of this package are compiled, typed so that callers keep their signatures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS: Final[dict[str, Any]] = {
    "cache": True,
    "nogil": True,
    # Kernels here own no memory: counting references to their arguments would cost a third.
    "_nrt": False,
}


def kernel(function: F) -> F:
    """Compile on first call, keep the machine code on disk, release the interpreter lock.

    The compiled function keeps the plain one as `.py_func`. Integers inside a kernel are int64 or
    uint64 throughout, since mixing the two would make floats of them; constants that are handed
    to other kernels are numpy's, since each plain int would be compiled for anew. A kernel must
    not make or return an array.
    """
    return cast(F, njit(**_OPTIONS)(function))
