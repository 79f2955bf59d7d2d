"""Business time the slow way: every minute of a window is marked open or closed, then counted.

Written from the texts alone; offsets of all zones since 1990 are whole minutes.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from sla_engine.calendar import CalendarSpec

MINUTE_MS = 60_000
DAY_MINUTES = 1440
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@cache
def zone_of(name: str) -> ZoneInfo:
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as stream:
        return ZoneInfo.from_file(stream, key=name)


def instant(text: str) -> int:
    """UTC ms of a time with an offset; one without an offset is UTC."""
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - EPOCH) // timedelta(milliseconds=1)


def wall_to_utc(zone: ZoneInfo, day: date, minutes: int) -> int:
    """A local time in a gap moves forward, in an overlap it is the first (fold=0)."""
    wall = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minutes)
    return (wall.replace(tzinfo=zone, fold=0).astimezone(UTC) - EPOCH) // timedelta(milliseconds=1)


def exists(zone: ZoneInfo, day: date) -> bool:
    noon = EPOCH + timedelta(milliseconds=wall_to_utc(zone, day, DAY_MINUTES // 2))
    return noon.astimezone(zone).date() == day


class Walker:
    """One calendar over `days` days from `first`; instants must stay inside."""

    def __init__(self, spec: CalendarSpec, zone_name: str, first: date, days: int) -> None:
        self.zone = zone_of(zone_name)
        self.begin = instant(f"{first.isoformat()}T00:00:00")
        self.minutes = bytearray(days * DAY_MINUTES)
        self.spans: dict[date, list[tuple[int, int]]] = {}
        for ahead in range(-3, days + 3):
            self._mark(spec, first + timedelta(days=ahead))

    def _mark(self, spec: CalendarSpec, day: date) -> None:
        hours = spec.hours.get(day.weekday(), ())
        hours = () if day in spec.holidays else hours
        hours = spec.dates.get(day, hours)
        for start, end in hours if exists(self.zone, day) else ():
            until = end if end > start else end + DAY_MINUTES
            a, b = (wall_to_utc(self.zone, day, minutes) for minutes in (start, until))
            if a >= b:
                continue
            self.spans.setdefault(day, []).append((a, b))
            low, high = ((t - self.begin) // MINUTE_MS for t in (a, b))
            low, high = max(low, 0), min(high, len(self.minutes))
            if low < high:
                self.minutes[low:high] = b"\1" * (high - low)

    def is_open(self, t: int) -> bool:
        return self.minutes[(t - self.begin) // MINUTE_MS] == 1

    def is_closing(self, t: int) -> bool:
        return not self.is_open(t) and self.is_open(t - 1)

    def open_between(self, a: int, b: int) -> int:
        if b < a:
            return -self.open_between(b, a)
        (first, a_rest), (last, b_rest) = (divmod(t - self.begin, MINUTE_MS) for t in (a, b))
        whole = self.minutes.count(1, first, last) * MINUTE_MS
        return whole - self.minutes[first] * a_rest + self.minutes[last] * b_rest

    def _run_end(self, t: int) -> int:
        """The first instant after t at which open turns to closed or closed to open."""
        minute = (t - self.begin) // MINUTE_MS
        end = self.minutes.find(1 - self.minutes[minute], minute)
        assert end >= 0, "the window is too short for this question"
        return self.begin + end * MINUTE_MS

    def _run_begin(self, t: int) -> int:
        """The last instant before t at which open turned to closed or closed to open."""
        minute = (t - 1 - self.begin) // MINUTE_MS
        begin = self.minutes.rfind(1 - self.minutes[minute], 0, minute)
        assert begin >= 0, "the window is too short for this question"
        return self.begin + (begin + 1) * MINUTE_MS

    def next_open(self, t: int) -> int:
        return t if self.is_open(t) else self._run_end(t)

    def next_close(self, t: int) -> int:
        return self._run_end(self.next_open(t))

    def add(self, t: int, ms: int) -> int:
        """The first instant with `ms` of open time after t; for zero t or the next opening."""
        if ms == 0:
            return t if self.is_closing(t) else self.next_open(t)
        while ms > 0:
            end = self._run_end(t)
            step = min(end - t, ms) if self.is_open(t) else end - t
            ms -= step if self.is_open(t) else 0
            t += step
        return t

    def subtract(self, t: int, ms: int) -> int:
        """The last instant with `ms` of open time up to t; for zero t or the last closing."""
        if ms == 0:
            return t if self.is_open(t) or self.is_closing(t) else self._run_begin(t)
        while ms > 0:
            begin = self._run_begin(t)
            step = min(t - begin, ms) if self.is_open(t - 1) else t - begin
            ms -= step if self.is_open(t - 1) else 0
            t -= step
        return t

    def local(self, t: int) -> datetime:
        return (EPOCH + timedelta(milliseconds=t)).astimezone(self.zone)

    def open_date_after(self, day: date) -> date:
        return min(candidate for candidate in self.spans if candidate > day)

    def business_days(self, t: int, n: int) -> int:
        local = self.local(t)
        day = local.date()
        for _ in range(n):
            day = self.open_date_after(day)
        midnight = datetime(local.year, local.month, local.day, tzinfo=UTC)
        time_ms = (local.replace(tzinfo=UTC) - midnight) // timedelta(milliseconds=1)
        minutes, rest = divmod(time_ms, MINUTE_MS)
        return self.add(wall_to_utc(self.zone, day, minutes) + rest, 0)

    def end_of_business_day(self, t: int) -> int:
        closes = {day: max(end for _, end in spans) for day, spans in self.spans.items()}
        return closes[min(day for day, close in closes.items() if close > t)]
