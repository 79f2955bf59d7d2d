"""Handing bundles of arrays to kernels: by address when compiled, as they are when not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import config
from numpy.typing import NDArray

from sla_engine.clock.layout import Rules
from sla_engine.clock.work import Work


@dataclass(frozen=True)
class Handle:
    """`value` goes to the kernel; `bundle` and `table` must live as long as it runs."""

    value: Any
    bundle: Rules | Work
    table: NDArray[np.int64] | None


def handle(bundle: Rules | Work) -> Handle:
    """The handle of a bundle as it is now; take a new one after an array was replaced."""
    if config.DISABLE_JIT:
        return Handle(bundle, bundle, None)
    table = bundle.table()
    return Handle(table.ctypes.data, bundle, table)
