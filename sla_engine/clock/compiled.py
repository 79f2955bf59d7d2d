"""How the fold's kernels are compiled.

`inner` kernels are called by kernels only: without wrappers for Python, whose unpacking of the
tables costs more compile time than the kernels themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

_F = TypeVar("_F", bound=Callable[..., Any])


def inner(function: _F) -> _F:
    """A kernel that only kernels call."""
    compiled = njit(
        cache=True, nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True
    )(function)
    return cast(_F, compiled)


def kernel(function: _F) -> _F:
    """A kernel that Python calls."""
    compiled = njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)(function)
    return cast(_F, compiled)
