"""The calendars in use: (name, zone) -> index in the kernels' tables, compiled when first met."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sla_engine.calendar.compiler import (
    FIRST_YEAR,
    LAST_YEAR,
    CompiledCalendar,
    compile_calendar,
)
from sla_engine.calendar.layout import CalendarTables
from sla_engine.calendar.spec import ALWAYS, CalendarSpec
from sla_engine.calendar.tables import TableBuilder
from sla_engine.calendar.zone import known_zones
from sla_engine.errors import CalendarError

CALENDARS_MAX: Final = 256
"""(hours, zone) pairs of one book: about 1.5 MB each for office hours over the default span."""
ALWAYS_INDEX: Final = 0
"""Index of the built-in `24x7` in every book."""


class CalendarBook:
    """Compiles pairs of hours and zone lazily and keeps them; an index, once given, stays valid.

    Nothing is evicted, as running clocks hold indexes; more than `limit` pairs are refused.
    """

    def __init__(
        self,
        specs: Iterable[CalendarSpec] = (),
        *,
        first_year: int = FIRST_YEAR,
        last_year: int = LAST_YEAR,
        limit: int = CALENDARS_MAX,
    ) -> None:
        self._span = (first_year, last_year)
        self._limit = limit
        self._specs: dict[str, CalendarSpec] = {}
        self._compiled: list[CompiledCalendar] = []
        self._current: dict[tuple[str, str], int] = {}
        self._versions: dict[tuple[str, str], int] = {}
        self._builder = TableBuilder()
        self._tables = self._builder.tables()
        #: Incidents' zones that are no IANA zone and were answered with the default.
        self.unknown_zones = 0
        for spec in (ALWAYS, *specs):
            self.define(spec)
        self.index(ALWAYS.name)

    def __len__(self) -> int:
        return len(self._compiled)

    def define(self, spec: CalendarSpec) -> None:
        """Makes `spec` the meaning of its name from now on; earlier indexes keep theirs."""
        self._specs[spec.name] = spec
        for pair in [pair for pair in self._current if pair[0] == spec.name]:
            del self._current[pair]

    def index(self, name: str, time_zone: str = "") -> int:
        """The index of a calendar for an incident whose `time_zone` attribute is given.

        The attribute counts only for calendars that take their zone from the incident; absent or
        unknown it gives way to their default. Raises CalendarError for an unknown name, a
        calendar that cannot be compiled, or a full book.
        """
        spec = self._spec(name)
        return self._pair(spec, self._zone(spec, time_zone))

    def _spec(self, name: str) -> CalendarSpec:
        if name not in self._specs:
            known = ", ".join(sorted(self._specs))
            raise CalendarError(
                f"unknown calendar {name!r}; known: {known}", code="UNKNOWN_CALENDAR"
            )
        return self._specs[name]

    def _zone(self, spec: CalendarSpec, time_zone: str) -> str:
        if spec.time_zone is not None:
            return spec.time_zone
        if time_zone in known_zones():
            return time_zone
        if time_zone:
            self.unknown_zones += 1
        return spec.zone_default or ""

    def _pair(self, spec: CalendarSpec, zone: str) -> int:
        found = self._current.get((spec.name, zone))
        if found is not None:
            return found
        calendar = compile_calendar(spec, zone, *self._span)
        found = self._versions.get((spec.name, calendar.version))
        if found is None:
            found = self._add(calendar)
        self._current[spec.name, zone] = found
        return found

    def _add(self, calendar: CompiledCalendar) -> int:
        if len(self._compiled) >= self._limit:
            raise CalendarError(
                f"calendar {calendar.name!r} in {calendar.time_zone} would be the "
                f"{self._limit + 1}th pair of hours and zone; at most {self._limit} are kept: "
                "use fewer calendars that take their zone from the incident",
                code="TOO_MANY_CALENDARS",
            )
        index = self._builder.add(calendar)
        self._compiled.append(calendar)
        self._tables = self._builder.tables()
        self._versions[calendar.name, calendar.version] = index
        return index

    @property
    def tables(self) -> CalendarTables:
        """The tables of all calendars compiled so far; take them anew after `index`."""
        return self._tables

    def compiled(self, index: int) -> CompiledCalendar:
        """The calendar at `index`: its name, zone and version for reports."""
        return self._compiled[index]

    def index_of(self, name: str, version: str) -> int | None:
        """The index of a version met before, for clocks that are pinned to it."""
        return self._versions.get((name, version))
