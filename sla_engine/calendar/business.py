"""One calendar for people and Python: what `calendar add|between|next-open|hours` ask."""

from __future__ import annotations

import numpy as np

from sla_engine.calendar import kernels
from sla_engine.calendar.compiler import (
    FIRST_YEAR,
    LAST_YEAR,
    CompiledCalendar,
    compile_calendar,
)
from sla_engine.calendar.kernels import FAR, LONG_AGO
from sla_engine.calendar.layout import CalendarTables
from sla_engine.calendar.spec import CalendarSpec
from sla_engine.calendar.tables import build_tables
from sla_engine.errors import CalendarError


class Calendar:
    """Business time of one compiled calendar. Instants are UTC ms, durations ms of open time.

    Answers follow the kernels of the same name; one beyond the compiled years is a CalendarError.
    """

    def __init__(self, compiled: CompiledCalendar) -> None:
        self.compiled = compiled
        self.tables: CalendarTables = build_tables([compiled])

    @classmethod
    def of(
        cls,
        spec: CalendarSpec,
        time_zone: str | None = None,
        first_year: int = FIRST_YEAR,
        last_year: int = LAST_YEAR,
    ) -> Calendar:
        """Compiles `spec`; see `compile_calendar`."""
        return cls(compile_calendar(spec, time_zone, first_year, last_year))

    @property
    def name(self) -> str:
        return self.compiled.name

    @property
    def time_zone(self) -> str:
        return self.compiled.time_zone

    @property
    def version(self) -> str:
        """12 hex digits (contracts section 3)."""
        return self.compiled.version

    def add(self, start: int, ms: int) -> int:
        """The earliest instant with `ms` of open time after `start`; a zero settles `start`."""
        return self._within(kernels.add_open(self.tables, 0, start, ms))

    def subtract(self, end: int, ms: int) -> int:
        """The latest instant with `ms` of open time between it and `end`."""
        return self._within(kernels.sub_open(self.tables, 0, end, ms))

    def between(self, start: int, end: int) -> int:
        """Open ms from `start` to `end`; negative when `end` is earlier."""
        return int(kernels.open_between(self.tables, 0, start, end))

    def is_open(self, at: int) -> bool:
        """Whether the calendar is open at `at`."""
        return bool(kernels.is_open(self.tables, 0, at))

    def next_open(self, at: int) -> int:
        """`at` if open then, else the next opening."""
        return self._within(kernels.next_open(self.tables, 0, at))

    def next_close(self, at: int) -> int:
        """The first closing after `at`."""
        return self._within(kernels.next_close(self.tables, 0, at))

    def settle(self, at: int) -> int:
        """`at` if open or at a closing, else the next opening."""
        return self._within(kernels.settle(self.tables, 0, at))

    def business_days_due(self, start: int, days: int) -> tuple[int, bool]:
        """(due, whether it was moved into open time) of `Nbd` from `start`."""
        due, moved = kernels.business_days_due(self.tables, 0, start, days)
        return self._within(due), bool(moved)

    def same_time_business_day(self, start: int, days: int) -> int:
        """The wall time of `start` on the nth open date after it, open then or not."""
        return self._within(kernels.same_time_business_day(self.tables, 0, start, days))

    def end_of_business_day(self, at: int) -> int:
        """The closing of the business day going on at `at`, or else of the next."""
        return self._within(kernels.end_of_business_day(self.tables, 0, at))

    def end_of_next_business_day(self, at: int) -> int:
        """The closing of the business day after that of `at`."""
        return self._within(kernels.end_of_next_business_day(self.tables, 0, at))

    def next_business_day_at(self, at: int, minute: int) -> tuple[int, bool]:
        """(due, whether it was moved) at `minute` after midnight of the next business day."""
        due, moved = kernels.next_business_day_at(self.tables, 0, at, minute)
        return self._within(due), bool(moved)

    def to_utc(self, local: int) -> int:
        """The instant of a local time, given as ms since 1970-01-01T00:00 on the wall clock."""
        return int(kernels.to_utc(self.tables, 0, local))

    def to_local(self, at: int) -> int:
        """The wall clock at `at`, as ms since 1970-01-01T00:00 on it."""
        return int(kernels.to_local(self.tables, 0, at))

    def intervals(self, start: int, end: int) -> list[tuple[int, int]]:
        """The open intervals within [start, end), cut at both ends, in order."""
        starts, ends = self.compiled.starts, self.compiled.ends
        low = int(np.searchsorted(ends, start, side="right"))
        high = int(np.searchsorted(starts, end, side="left"))
        return [
            (max(begin, start), min(until, end))
            for begin, until in zip(starts[low:high].tolist(), ends[low:high].tolist(), strict=True)
        ]

    def _within(self, instant: int) -> int:
        if LONG_AGO < instant < FAR:
            return int(instant)
        raise CalendarError(
            f"calendar {self.name!r} is compiled for {self.compiled.first_year} to "
            f"{self.compiled.last_year}; the answer lies outside: ask about another time",
            code="BEYOND_SPAN",
        )
