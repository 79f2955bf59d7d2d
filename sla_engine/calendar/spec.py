"""What a calendar is before it is compiled: the objects that a policy file turns into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from sla_engine.errors import CalendarError

Interval = tuple[int, int]
"""(from, to) in minutes since local midnight; `to <= from` crosses midnight (22:00-06:00)."""

MINUTES_PER_DAY: Final = 1440


@dataclass(frozen=True, slots=True)
class YearlyHoliday:
    """The same day every year (`12-25`); 29 February exists in leap years only."""

    month: int
    day: int


@dataclass(frozen=True, slots=True)
class CountryHoliday:
    """The public holidays of a country, or of one of its subdivisions (`IN`, `TN`)."""

    country: str
    subdivision: str | None = None


Holiday = date | YearlyHoliday | CountryHoliday


@dataclass(frozen=True, slots=True)
class CalendarSpec:
    """Business hours as written (policy-language, "Calendar").

    `hours` maps weekday (0 = Monday) to intervals, `dates` replaces the intervals of single dates,
    those of a holiday too. An interval belongs to the day it begins, so a holiday closes the
    intervals that begin on it and leaves the early hours that the day before still owns.
    `time_zone` is None when the zone is the incident's; `zone_default` then stands in for
    incidents without one.
    """

    name: str
    time_zone: str | None
    hours: Mapping[int, tuple[Interval, ...]]
    holidays: tuple[Holiday, ...] = ()
    dates: Mapping[date, tuple[Interval, ...]] = field(default_factory=dict)
    zone_default: str | None = None

    def __post_init__(self) -> None:
        if (self.time_zone is None) == (self.zone_default is None):
            raise CalendarError(
                f"calendar {self.name!r}: give either a time zone, or a default zone for "
                "incidents that bring their own"
            )
        for weekday, intervals in self.hours.items():
            if not 0 <= weekday <= 6:
                raise CalendarError(f"calendar {self.name!r}: weekday {weekday} is not 0..6")
            self._check(intervals, f"weekday {weekday}")
        for day, intervals in self.dates.items():
            self._check(intervals, day.isoformat())

    def _check(self, intervals: tuple[Interval, ...], where: str) -> None:
        for start, end in intervals:
            if not (0 <= start < MINUTES_PER_DAY and 0 <= end <= MINUTES_PER_DAY):
                raise CalendarError(
                    f"calendar {self.name!r}, {where}: {start}-{end} is not an interval of "
                    f"minutes within 0..{MINUTES_PER_DAY}"
                )


ALWAYS_NAME: Final = "24x7"

ALWAYS: Final = CalendarSpec(
    name=ALWAYS_NAME,
    time_zone="UTC",
    hours={weekday: ((0, MINUTES_PER_DAY),) for weekday in range(7)},
)
"""The built-in calendar that never closes, and the default of every clock."""
