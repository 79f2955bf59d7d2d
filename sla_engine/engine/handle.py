"""Handing bundles of arrays to kernels: by address when compiled, as they are when not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numba
import numpy as np
from numpy.typing import NDArray


class Bundle(Protocol):
    """A NamedTuple of arrays with its address table (clock.memory)."""

    def table(self) -> NDArray[np.int64]:
        """The table that compiled kernels read."""
        ...


@dataclass(frozen=True)
class Handle:
    """`value` goes to the kernel; `bundle` and `table` must live as long as it runs."""

    value: Any
    bundle: Bundle
    table: NDArray[np.int64] | None


class LastHandle:
    """Remembers the handle of a bundle that is replaced as a whole whenever an array of it grows.

    Making a table takes 40 us, more than folding ten events.
    """

    def __init__(self) -> None:
        self._last: Handle | None = None

    def of(self, bundle: Bundle) -> Handle:
        """The handle of this bundle."""
        if self._last is None or self._last.bundle is not bundle:
            self._last = handle(bundle)
        return self._last


def handle(bundle: Bundle) -> Handle:
    """The handle of a bundle as it is now; take a new one after an array was replaced."""
    if getattr(numba.config, "DISABLE_JIT", 0):
        return Handle(bundle, bundle, None)
    table = bundle.table()
    return Handle(table.ctypes.data, bundle, table)
