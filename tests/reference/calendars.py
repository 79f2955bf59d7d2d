"""Business time: a calendar is walked day by day, interval by interval.

Every function takes and returns integer milliseconds UTC. Days are remembered per calendar only
to save time; nothing depends on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.reference.times import EPOCH

Span = tuple[int, int]
Minutes = tuple[int, int]
_DAY_MS = 86_400_000
_FAR_DAYS = 366 * 12


class Calendar:
    """Weekly hours in a zone, with closed days and replaced days.

    `hours` maps a weekday (0 = Monday) to intervals in minutes of the day; an end at or before its
    beginning lies on the next day.
    """

    def __init__(
        self,
        name: str,
        zone: str,
        hours: dict[int, list[Minutes]],
        closed: Callable[[date], bool],
        dates: dict[date, list[Minutes]],
    ) -> None:
        self.name = name
        self.zone_name = zone
        self.zone = ZoneInfo(zone)
        self._hours = hours
        self._closed = closed
        self._dates = dates
        self._days: dict[date, list[Span]] = {}

    @property
    def identity(self) -> tuple[str, str]:
        """Two calendars with the same name and zone are the same calendar."""
        return (self.name, self.zone_name)

    # --- local time --------------------------------------------------------------------------

    def instant(self, day: date, minutes: int) -> int:
        """Local wall time -> instant. Minutes may exceed a day.

        "a local time in a gap moves forward, in an overlap is the first one" (design section 4):
        fold=0 means both, since in a gap it keeps the offset from before.
        """
        wall = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minutes)
        local = wall.replace(tzinfo=self.zone, fold=0)
        return int((local.astimezone(UTC) - EPOCH) / timedelta(milliseconds=1))

    def local(self, ms: int) -> datetime:
        return (EPOCH + timedelta(milliseconds=ms)).astimezone(self.zone)

    def local_date(self, ms: int) -> date:
        return self.local(ms).date()

    def same_wall_time(self, day: date, ms: int) -> int:
        """The instant on `day` with the wall time that `ms` has here."""
        at = self.local(ms)
        minutes = at.hour * 60 + at.minute
        rest = at.second * 1000 + at.microsecond // 1000
        wall = datetime(day.year, day.month, day.day, tzinfo=UTC)
        wall += timedelta(minutes=minutes, milliseconds=rest)
        local = wall.replace(tzinfo=self.zone, fold=0)
        return int((local.astimezone(UTC) - EPOCH) / timedelta(milliseconds=1))

    # --- days --------------------------------------------------------------------------------

    def day(self, day: date) -> list[Span]:
        """The intervals that begin on this date.

        "`22:00-06:00` belongs to the day it begins; `24:00` ends a day"; "`dates` replaces that
        day, `[]` closes it" - also a holiday; a holiday closes its date.
        """
        if day not in self._days:
            if day in self._dates:
                hours = self._dates[day]
            elif self._closed(day):
                hours = []
            else:
                hours = self._hours.get(day.weekday(), [])
            spans = []
            for begin, end in hours:
                late = end if end > begin else end + 24 * 60
                span = (self.instant(day, begin), self.instant(day, late))
                if span[0] < span[1]:
                    spans.append(span)
            self._days[day] = sorted(spans)
        return self._days[day]

    def next_open_date(self, after: date) -> date:
        """The first date after `after` on which an interval begins."""
        for step in range(1, _FAR_DAYS):
            day = after + timedelta(days=step)
            if self.day(day):
                return day
        raise ValueError(f"calendar {self.name} never opens after {after}")

    # --- open time ---------------------------------------------------------------------------

    def spans(self, from_ms: int, to_ms: int) -> list[Span]:
        """Open intervals that touch [from, to], joined where they meet, not clipped."""
        day = self.local_date(from_ms) - timedelta(days=2)
        last = self.local_date(to_ms) + timedelta(days=1)
        found: list[Span] = []
        while day <= last:
            found.extend(self.day(day))
            day += timedelta(days=1)
        joined: list[Span] = []
        for begin, end in sorted(found):
            if joined and begin <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(joined[-1][1], end))
            else:
                joined.append((begin, end))
        return [span for span in joined if span[1] >= from_ms and span[0] <= to_ms]

    def open_between(self, a: int, b: int) -> int:
        """Open ms from a to b; "between a later and an earlier instant: negative"."""
        if b < a:
            return -self.open_between(b, a)
        return sum(max(0, min(b, end) - max(a, begin)) for begin, end in self.spans(a, b))

    def is_open(self, ms: int) -> bool:
        return any(begin <= ms < end for begin, end in self.spans(ms, ms))

    def is_closing(self, ms: int) -> bool:
        return any(end == ms for _begin, end in self.spans(ms, ms))

    def _forward(self, ms: int) -> Iterator[Span]:
        """Joined open intervals from `ms` on, clipped at `ms`, in windows of thirty days."""
        at = ms
        while at < ms + _FAR_DAYS * _DAY_MS:
            until = at + 30 * _DAY_MS
            for begin, end in self.spans(at, until):
                if max(begin, at) < min(end, until):
                    yield (max(begin, at), min(end, until))
            at = until
        raise ValueError(f"calendar {self.name} has too little open time after {ms}")

    def next_open(self, ms: int) -> int:
        """`ms` if open then, else the next opening."""
        return next(self._forward(ms))[0]

    def add(self, ms: int, amount: int) -> int:
        """The first instant at which `amount` open ms have passed since `ms`.

        "deadline exactly at closing time: stays at closing". Nothing left to pass at a closed
        instant that is no closing: the next opening (conformance case biz_for-062).
        """
        if amount < 0:
            raise ValueError("negative amount")
        if amount == 0:
            return ms if self.is_closing(ms) else self.next_open(ms)
        for begin, end in self._forward(ms):
            if amount <= end - begin:
                return begin + amount
            amount -= end - begin
        raise AssertionError("unreachable")

    def move_to_open(self, ms: int) -> int:
        """A due: "closed then: next opening"; exactly at closing it stays."""
        return ms if self.is_closing(ms) else self.next_open(ms)

    def is_opening(self, ms: int) -> bool:
        """Open now and not a moment before."""
        return self.is_open(ms) and not self.is_open(ms - 1)

    # --- whole days --------------------------------------------------------------------------

    def business_days(self, start: int, count: int) -> int:
        """ "`Nbd` = the Nth open date after the start's date, same wall time, moved to the next
        opening if closed then"."""
        day = self.local_date(start)
        for _ in range(count):
            day = self.next_open_date(day)
        return self.move_to_open(self.same_wall_time(day, start))

    def end_of_business_day(self, start: int) -> int:
        """The last closing of the business day that is running at `start`, or of the next one."""
        day = self.local_date(start) - timedelta(days=2)
        while True:
            spans = self.day(day)
            if spans and max(end for _begin, end in spans) > start:
                return max(end for _begin, end in spans)
            day = self.next_open_date(day)

    def end_of_next_business_day(self, start: int) -> int:
        day = self.next_open_date(self.local_date(start))
        return max(end for _begin, end in self.day(day))

    def next_business_day_at(self, start: int, minutes: int) -> int:
        day = self.next_open_date(self.local_date(start))
        return self.move_to_open(self.instant(day, minutes))
