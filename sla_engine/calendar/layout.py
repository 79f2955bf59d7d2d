"""The two flat arrays that hold many calendars, as the kernels read them.

Two and not twenty: each array of an argument costs several words per call between kernels, and a
call of `add_open` with one array per column took four times as long.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

CALENDAR: Final = np.dtype(
    [
        (name, np.int64)
        for name in (
            "count",  # intervals
            "open_ms",  # open time of all of them
            "starts",  # UTC ms; sorted, disjoint, never touching
            "ends",
            "prefix",  # open ms before each interval
            "origin",  # UTC ms of the first hint
            "hints",  # intervals that have ended at origin + k * 2^27 ms; at last, all of them
            "hints_last",  # greatest k
            "open_hints",  # intervals with less than k * 2^25 ms of open time before them
            "open_hints_last",
            "day_count",  # open local dates
            "days",  # days since 1970
            "day_closes",  # UTC ms of the last closing of the intervals that begin on each
            "zone_count",  # the zone's offsets, as in ZoneTable
            "zone_utc",
            "zone_local",
            "zone_offsets",
        )
    ]
)
"""One row per calendar: numbers, and where in the data each of its columns begins."""


class CalendarTables(NamedTuple):
    """`rows`: CALENDAR [calendars]; `data`: int64, every column of every calendar."""

    rows: NDArray[Any]
    data: NDArray[np.int64]
