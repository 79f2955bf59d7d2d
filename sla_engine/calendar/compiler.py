"""From business hours as written to sorted intervals in UTC (F45-F51)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sla_engine.calendar.holiday import expand_holidays
from sla_engine.calendar.kernels import FAR, LONG_AGO
from sla_engine.calendar.spec import MINUTES_PER_DAY, CalendarSpec, Interval
from sla_engine.calendar.zone import ZoneTable, load_zone, tzdata_version
from sla_engine.errors import CalendarError
from sla_engine.limits import DAY_MS, MINUTE_MS

FIRST_YEAR: Final = 1990
LAST_YEAR: Final = 2101
"""Events lie in 1990..2099 (contracts section 1); dues may lie beyond the last one."""

_EPOCH: Final = date(1970, 1, 1).toordinal()
#: Local dates compiled beyond both ends: a zone's offset and a night shift reach over the edge.
_MARGIN_DAYS: Final = 2

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class CompiledCalendar:
    """One calendar in one zone, over a span of years.

    `starts`, `ends`, `prefix`: int64 [n], the open intervals in UTC ms, sorted, disjoint, never
    touching, and the open ms before each. `days`: int64 [d], the local dates (days since 1970) on
    which open time begins; `day_closes`: the last closing of the intervals that begin on each.
    `version`: contracts section 3.
    """

    name: str
    time_zone: str
    first_year: int
    last_year: int
    starts: Ints
    ends: Ints
    prefix: Ints
    days: Ints
    day_closes: Ints
    zone: ZoneTable
    version: str


def compile_calendar(
    spec: CalendarSpec,
    time_zone: str | None = None,
    first_year: int = FIRST_YEAR,
    last_year: int = LAST_YEAR,
) -> CompiledCalendar:
    """`spec` in `time_zone` (its own when None), for all instants of the given years.

    A local time in a gap moves forward, one in an overlap is the first (design section 4); an
    interval that this leaves empty is dropped. A calendar that is open without a break over the
    whole span never closes. Raises CalendarError for a calendar without open time (G21), an
    unknown zone, country or subdivision.
    """
    zone_name = time_zone or spec.time_zone or spec.zone_default or ""
    try:
        zone = load_zone(zone_name, first_year, last_year)
        day, start, end = _expand(spec, zone, first_year, last_year)
    except CalendarError as error:
        raise CalendarError(f"calendar {spec.name!r}: {error}", code=error.code) from None
    if day.size == 0:
        raise CalendarError(
            f"calendar {spec.name!r} has no open time from {first_year} to {last_year} in "
            f"{zone.name}: give it hours on a weekday that is no holiday, or a date with hours",
            code="NO_OPEN_TIME",
        )
    starts, ends = _merge(start, end)
    days, day_closes = _business_days(day, end)
    version = _version(zone.name, starts, ends, days, day_closes)
    if _never_closes(starts, ends, zone, first_year, last_year):
        starts, ends = np.array([LONG_AGO]), np.array([FAR])
    prefix = np.concatenate([np.zeros(1, np.int64), np.cumsum(ends - starts)[:-1]])
    return CompiledCalendar(
        spec.name, zone.name, first_year, last_year, starts, ends, prefix, days, day_closes, zone,
        version,
    )  # fmt: skip


def _dates(first_year: int, last_year: int) -> Ints:
    begin = date(first_year, 1, 1).toordinal() - _EPOCH - _MARGIN_DAYS
    end = date(last_year, 12, 31).toordinal() - _EPOCH + _MARGIN_DAYS
    return np.arange(begin, end + 1, dtype=np.int64)


def _never_closes(
    starts: Ints, ends: Ints, zone: ZoneTable, first_year: int, last_year: int
) -> bool:
    dates = _dates(first_year, last_year)
    begin, end = zone.to_utc(np.array([dates[0], dates[-1] + 1]) * DAY_MS)
    return bool(starts.size == 1 and starts[0] <= begin and ends[0] >= end)


def _expand(
    spec: CalendarSpec, zone: ZoneTable, first_year: int, last_year: int
) -> tuple[Ints, Ints, Ints]:
    """(date it belongs to, start, end) of every interval that is not empty, in UTC ms."""
    dates = _dates(first_year, last_year)
    holidays = expand_holidays(spec.holidays, first_year - 1, last_year + 1)
    replaced = [day.toordinal() - _EPOCH for day in (*holidays, *spec.dates)]
    # A date that the date line skipped has no instant at which anything could begin.
    skipped = zone.skipped_days()
    weekly = dates[~np.isin(dates, np.concatenate([np.array(replaced, np.int64), skipped]))]
    single = {day.toordinal() - _EPOCH: hours for day, hours in spec.dates.items()}
    weekdays = (weekly + 3) % 7  # 1970-01-01 was a Thursday
    parts = [(weekly[weekdays == weekday], hours) for weekday, hours in spec.hours.items()]
    parts += [
        (np.array([day]), hours)
        for day, hours in single.items()
        if dates[0] <= day <= dates[-1] and day not in skipped
    ]
    spans = [(days, *_span(interval)) for days, hours in parts for interval in hours]
    day = np.concatenate([np.empty(0, np.int64), *(days for days, _, _ in spans)])
    lengths = [days.size for days, _, _ in spans]
    begin = np.repeat(np.array([begin for _, begin, _ in spans], np.int64), lengths)
    until = np.repeat(np.array([until for _, _, until in spans], np.int64), lengths)
    start = zone.to_utc(day * DAY_MS + begin * MINUTE_MS)
    end = zone.to_utc(day * DAY_MS + until * MINUTE_MS)
    kept = start < end
    return day[kept], start[kept], end[kept]


def _span(interval: Interval) -> Interval:
    begin, until = interval
    return (begin, until) if until > begin else (begin, until + MINUTES_PER_DAY)


def _merge(start: Ints, end: Ints) -> tuple[Ints, Ints]:
    """The union of intervals, sorted; those that overlap or touch become one."""
    order = np.argsort(start, kind="stable")
    start, reach = start[order], np.maximum.accumulate(end[order])
    opens = np.concatenate([np.ones(1, np.bool_), start[1:] > reach[:-1]])
    lasts = np.concatenate([np.flatnonzero(opens)[1:] - 1, np.array([start.size - 1])])
    return start[opens], reach[lasts]


def _business_days(day: Ints, end: Ints) -> tuple[Ints, Ints]:
    days, position = np.unique(day, return_inverse=True)
    closes = np.full(days.size, LONG_AGO, dtype=np.int64)
    np.maximum.at(closes, position, end)
    return days, closes


def _version(zone: str, *arrays: Ints) -> str:
    """12 hex digits over what a due depends on: intervals, the dates they belong to, the zone."""
    digest = sha256(f"{zone}\n{tzdata_version()}\n".encode())
    for array in arrays:
        digest.update(len(array).to_bytes(8, "little"))
        digest.update(array.astype("<i8").tobytes())
    return digest.hexdigest()[:12]
