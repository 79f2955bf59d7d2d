"""Puts compiled calendars into the flat tables of the kernels, one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sla_engine.calendar.compiler import CompiledCalendar
from sla_engine.calendar.kernels import HINT_SHIFT, OPEN_HINT_SHIFT
from sla_engine.calendar.layout import CALENDAR, CalendarTables

_GROWTH: Final = 2

Ints = NDArray[np.int64]


class TableBuilder:
    """Appends calendars at the cost of the new one, not of all.

    `tables()` gives views whose contents never change: kernels may run on earlier ones in another
    thread while a calendar is added.
    """

    def __init__(self) -> None:
        self._rows: NDArray[Any] = np.zeros(0, dtype=CALENDAR)
        self._data = np.zeros(0, dtype=np.int64)
        self._size = 0

    def add(self, calendar: CompiledCalendar) -> int:
        """Appends `calendar`; its index `c` for the kernels."""
        zone = calendar.zone
        hints = _hints(calendar.starts, calendar.ends)
        open_hints = _open_hints(calendar.prefix)
        row = np.zeros(1, dtype=CALENDAR)
        row["count"] = calendar.starts.size
        row["open_ms"] = calendar.prefix[-1] + calendar.ends[-1] - calendar.starts[-1]
        row["starts"] = self._append(calendar.starts)
        row["ends"] = self._append(calendar.ends)
        row["prefix"] = self._append(calendar.prefix)
        row["origin"] = calendar.starts[0]
        row["hints"] = self._append(hints)
        row["hints_last"] = hints.size - 2
        row["open_hints"] = self._append(open_hints)
        row["open_hints_last"] = open_hints.size - 2
        row["day_count"] = calendar.days.size
        row["days"] = self._append(calendar.days)
        row["day_closes"] = self._append(calendar.day_closes)
        row["zone_count"] = zone.utc.size
        row["zone_utc"] = self._append(zone.utc)
        row["zone_local"] = self._append(zone.local)
        row["zone_offsets"] = self._append(zone.offsets)
        self._rows = np.concatenate([self._rows, row])
        return self._rows.size - 1

    def _append(self, values: Ints) -> int:
        begin, end = self._size, self._size + values.size
        if end > self._data.size:
            grown = np.empty(max(end, _GROWTH * self._data.size), dtype=np.int64)
            grown[:begin] = self._data[:begin]
            self._data = grown
        self._data[begin:end] = values
        self._size = end
        return begin

    def tables(self) -> CalendarTables:
        """The tables of all calendars added so far."""
        return CalendarTables(self._rows, self._data[: self._size])


def build_tables(calendars: Iterable[CompiledCalendar]) -> CalendarTables:
    """The tables of `calendars`; the index of each is its position."""
    builder = TableBuilder()
    for calendar in calendars:
        builder.add(calendar)
    return builder.tables()


def _hints(starts: Ints, ends: Ints) -> Ints:
    """How many intervals have ended at each multiple of 2^HINT_SHIFT ms; at last, all of them."""
    if starts.size == 1:  # may span all time: no array has that many hints
        return np.array([0, 1], dtype=np.int64)
    marks = np.arange(starts[0], ends[-1] + 1, 1 << HINT_SHIFT)
    return np.append(np.searchsorted(ends, marks, side="right"), ends.size).astype(np.int64)


def _open_hints(prefix: Ints) -> Ints:
    """How many intervals begin before each multiple of 2^OPEN_HINT_SHIFT ms of open time."""
    marks = np.arange(0, prefix[-1] + 1, 1 << OPEN_HINT_SHIFT)
    return np.append(np.searchsorted(prefix, marks, side="left"), prefix.size).astype(np.int64)
