"""The top-level key `calendars`: business hours as written, to calendar specifications."""

from __future__ import annotations

import re
from collections.abc import Mapping as Map
from datetime import date
from itertools import pairwise
from typing import Final

from sla_engine.calendar.compiler import compile_calendar
from sla_engine.calendar.holiday import expand_holidays
from sla_engine.calendar.spec import (
    ALWAYS,
    MINUTES_PER_DAY,
    CalendarSpec,
    CountryHoliday,
    Holiday,
    Interval,
    YearlyHoliday,
)
from sla_engine.calendar.zone import check_zone
from sla_engine.errors import CalendarError
from sla_engine.policy.ical import IcalError, read_holidays
from sla_engine.policy.names import suggestion
from sla_engine.policy.nodes import Mapping, Node, Place, Scalar
from sla_engine.policy.reading import Reader

CALENDAR_KEYS: Final = ("time_zone", "hours", "holidays", "dates")
#: Keys of a zone that comes from the incident, of a country's holidays, of a feed.
ZONE_KEYS: Final = ("from", "default")
COUNTRY_KEYS: Final = ("country", "subdivision")
FEED_KEYS: Final = ("ical",)
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
INTERVAL: Final = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2})")
YEARLY: Final = re.compile(r"(\d{2})-(\d{2})")
DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
#: A year for asking whether a country is known; which one does not matter.
_ANY_YEAR: Final = 2024


def read_calendars(
    node: Node | None, tables: Map[str, str], read: Reader
) -> dict[str, CalendarSpec]:
    """Calendars by name, the built-in `24x7` included; `tables` holds the iCalendar files."""
    calendars = {ALWAYS.name: ALWAYS}
    mapping = None if node is None else read.mapping(node, "`calendars`")
    for key, value in mapping or ():
        name = read.name(key, "a calendar")
        if name == ALWAYS.name:
            read.error(key.place, "BAD_NAME", f"`{name}` is built in and cannot be changed")
            continue
        calendars[name] = _Calendar(name, tables, read).spec(key, value)
    return calendars


class _Calendar:
    """Reads one calendar."""

    def __init__(self, name: str, tables: Map[str, str], read: Reader) -> None:
        self._name = name
        self._what = f"calendar `{name}`"
        self._tables = tables
        self._read = read

    def spec(self, key: Scalar, node: Node) -> CalendarSpec:
        zone: str | None = "UTC"
        default: str | None = None
        hours: dict[int, tuple[Interval, ...]] = {}
        holidays: tuple[Holiday, ...] = ()
        dates: dict[date, tuple[Interval, ...]] = {}
        before = len(self._read.findings)
        given = self._read.mapping(node, self._what)
        if given is not None:
            self._read.keys(given, CALENDAR_KEYS, self._what)
            needed = self._read.required(given, "time_zone", self._what)
            if needed is not None:
                zone, default = self._zone(needed)
            if (value := given.get("hours")) is not None:
                hours = self._hours(value)
            if (value := given.get("holidays")) is not None:
                items = self._read.one_or_more(value)
                holidays = tuple(day for item in items for day in self._holidays(item))
            if (value := given.get("dates")) is not None:
                dates = self._dates(value)
        spec = CalendarSpec(self._name, zone, hours, holidays, dates, default)
        if len(self._read.findings) == before and not any(hours.values()):
            self._check_open(key, spec)
        return spec

    def _check_open(self, key: Scalar, spec: CalendarSpec) -> None:
        """Without weekly hours only its dates can open a calendar (G21)."""
        try:
            compile_calendar(spec)
        except CalendarError as error:
            self._read.error(
                key.place,
                "NO_OPEN_TIME",
                f"{error} - weekly `hours` look like {{mon-fri: [09:00-17:00]}}",
            )

    def _zone(self, node: Node) -> tuple[str | None, str | None]:
        if not isinstance(node, Mapping):
            return self._zone_name(node), None
        self._read.keys(node, ZONE_KEYS, f"`time_zone` of {self._what}")
        source = self._read.required(node, "from", "`time_zone`")
        default = self._read.required(node, "default", "`time_zone`")
        if source is not None:
            self._read.choice(source, ("time_zone",), "`from`")
        return None, "UTC" if default is None else self._zone_name(default)

    def _zone_name(self, node: Node) -> str:
        scalar = self._read.scalar(node, f"`time_zone` of {self._what}", "an IANA time zone")
        if scalar is None:
            return "UTC"
        try:
            check_zone(scalar.text)
        except CalendarError as error:
            self._read.error(scalar.place, "BAD_CALENDAR", f"{self._what}: {error}")
            return "UTC"
        return scalar.text

    def _hours(self, node: Node) -> dict[int, tuple[Interval, ...]]:
        hours: dict[int, tuple[Interval, ...]] = {}
        for key, value in self._read.mapping(node, f"`hours` of {self._what}") or ():
            intervals = self._intervals(value)
            for day in self._days(key):
                if day in hours:
                    self._read.error(
                        key.place, "DUPLICATE", f"{self._what}: {DAYS[day]} is given twice"
                    )
                hours[day] = intervals
        self._nights(node, hours)
        return hours

    def _nights(self, node: Node, hours: Map[int, tuple[Interval, ...]]) -> None:
        """Hours after midnight belong to the day before and may reach into those of the next."""
        for day, intervals in hours.items():
            reach = max((end for begin, end in intervals if end <= begin), default=0)
            following = (day + 1) % 7
            if any(begin < reach for begin, _ in hours.get(following, ())):
                self._read.error(
                    node.place,
                    "OVERLAP",
                    f"{self._what}: the night of {DAYS[day]} overlaps the hours of "
                    f"{DAYS[following]}",
                )

    def _days(self, key: Scalar) -> list[int]:
        """`mon` or `fri-mon` as weekdays, Monday = 0."""
        first, _, last = key.text.partition("-")
        if first in DAYS and (not last or last in DAYS):
            begin, end = DAYS.index(first), DAYS.index(last or first)
            return [day % 7 for day in range(begin, end + (7 if end < begin else 0) + 1)]
        hint = suggestion(key.text, DAYS)
        self._read.error(
            key.place, "UNKNOWN_KEY", f"{self._what}: `{key.text}` is no day or range{hint}"
        )
        return []

    def _dates(self, node: Node) -> dict[date, tuple[Interval, ...]]:
        dates: dict[date, tuple[Interval, ...]] = {}
        for key, value in self._read.mapping(node, f"`dates` of {self._what}") or ():
            day = self._date(key)
            if day is not None:
                dates[day] = self._intervals(value)
        return dates

    def _intervals(self, node: Node) -> tuple[Interval, ...]:
        found = []
        for item in self._read.one_or_more(node):
            scalar = self._read.scalar(item, f"hours of {self._what}", "like 09:00-17:00")
            interval = None if scalar is None else self._interval(scalar)
            if interval is not None:
                found.append(interval)
        found.sort()
        for (begin, end), (following, _) in pairwise(found):
            if following < (end if end > begin else end + MINUTES_PER_DAY):
                self._read.error(
                    node.place, "OVERLAP", f"{self._what}: hours that overlap are one interval"
                )
        return tuple(found)

    def _interval(self, scalar: Scalar) -> Interval | None:
        found = INTERVAL.fullmatch(scalar.text)
        if found is not None:
            from_hour, from_minute, to_hour, to_minute = map(int, found.groups())
            begin, end = from_hour * 60 + from_minute, to_hour * 60 + to_minute
            valid = max(from_minute, to_minute) < 60 and begin < MINUTES_PER_DAY >= end
            if valid and begin != end:
                return begin, end
        self._read.error(
            scalar.place,
            "BAD_CALENDAR",
            f"{self._what}: `{scalar.text}` is no interval - write HH:MM-HH:MM, up to 24:00",
        )
        return None

    def _date(self, scalar: Scalar) -> date | None:
        try:
            if DATE.fullmatch(scalar.text):
                return date.fromisoformat(scalar.text)
        except ValueError as error:
            self._read.error(scalar.place, "BAD_CALENDAR", f"{self._what}: {error}")
            return None
        self._read.error(
            scalar.place, "BAD_CALENDAR", f"{self._what}: `{scalar.text}` is no date (2026-12-24)"
        )
        return None

    def _holidays(self, node: Node) -> tuple[Holiday, ...]:
        if isinstance(node, Mapping):
            return self._feed(node) if "ical" in node else self._country(node)
        scalar = self._read.scalar(node, f"a holiday of {self._what}", "a date")
        if scalar is None:
            return ()
        found = YEARLY.fullmatch(scalar.text)
        if found is None:
            day = self._date(scalar)
            return () if day is None else (day,)
        return self._known((YearlyHoliday(int(found[1]), int(found[2])),), scalar)

    def _country(self, node: Mapping) -> tuple[Holiday, ...]:
        self._read.keys(node, (*COUNTRY_KEYS, *FEED_KEYS), "a holiday")
        code = self._read.required(node, "country", "a holiday")
        part = node.get("subdivision")
        country = None if code is None else self._read.text(code, "`country`")
        subdivision = None if part is None else self._read.text(part, "`subdivision`")
        return self._known((CountryHoliday(country, subdivision),), node) if country else ()

    def _known(self, holidays: tuple[Holiday, ...], node: Node) -> tuple[Holiday, ...]:
        """Holidays that exist at all: some year has the day, somebody keeps the country's."""
        try:
            expand_holidays(holidays, _ANY_YEAR, _ANY_YEAR)
        except CalendarError as error:
            self._read.error(node.place, "BAD_CALENDAR", f"{self._what}: {error}")
            return ()
        return holidays

    def _feed(self, node: Mapping) -> tuple[Holiday, ...]:
        self._read.keys(node, FEED_KEYS, "a holiday feed")
        name = self._read.scalar(node.get("ical") or node, "`ical`", "a file beside this one")
        if name is None:
            return ()
        if name.text not in self._tables:
            hint = suggestion(name.text, self._tables)
            self._read.error(
                name.place, "FILE", f"{self._what}: no file `{name.text}` (*.ics) beside it{hint}"
            )
            return ()
        try:
            return read_holidays(self._tables[name.text])
        except IcalError as error:
            self._read.error(Place(name.text, error.line), "BAD_CALENDAR", f"{self._what}: {error}")
            return ()
