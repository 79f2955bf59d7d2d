"""How the fold's kernels are compiled; see `far` for those that are not linked together.

`inner` kernels are small, called by kernels only and linked into them: without wrappers for
Python, whose unpacking of the tables costs more compile time than the kernels themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

_F = TypeVar("_F", bound=Callable[..., Any])

_OPTIONS: dict[str, Any] = {
    "cache": True,
    "nogil": True,
    "error_model": "numpy",
    "no_cfunc_wrapper": True,
}


def inner(function: _F) -> _F:
    """A kernel that only kernels call."""
    return cast(_F, njit(no_cpython_wrapper=True, **_OPTIONS)(function))


def kernel(function: _F) -> _F:
    """A kernel that Python calls."""
    return cast(_F, njit(**_OPTIONS)(function))
