"""The one way kernels of this package are compiled, typed so that callers keep their signatures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile on first call, keep the machine code on disk, release the interpreter lock.

    The compiled function keeps the plain one as `.py_func`; integers inside a kernel are
    int64 or uint64 throughout, since mixing the two would make floats of them.
    """
    return cast(F, njit(cache=True, nogil=True)(function))


def inlined(function: F) -> F:
    """The same for a small kernel that becomes part of its callers.

    A call with an array argument costs two reference counts, more than reading a word.
    """
    return cast(F, njit(cache=True, nogil=True, inline="always")(function))
