"""Holidays expanded to dates, so that a compiled calendar depends on no holiday package."""

from __future__ import annotations

import warnings
from calendar import isleap
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Final

from sla_engine.calendar.spec import CountryHoliday, Holiday, YearlyHoliday
from sla_engine.errors import CalendarError

_COUNTRIES_CACHED: Final = 64


def expand_holidays(
    holidays: Iterable[Holiday], first_year: int, last_year: int
) -> frozenset[date]:
    """All dates of `first_year`..`last_year` that are holidays (F48).

    Raises CalendarError for a day no year has, and for an unknown country or subdivision.
    """
    dates: set[date] = set()
    for holiday in holidays:
        if isinstance(holiday, YearlyHoliday):
            dates.update(_yearly(holiday, first_year, last_year))
        elif isinstance(holiday, CountryHoliday):
            dates.update(_country(holiday, first_year, last_year)[0])
        else:
            dates.add(holiday)
    return frozenset(dates)


def _yearly(holiday: YearlyHoliday, first_year: int, last_year: int) -> list[date]:
    month, day = holiday.month, holiday.day
    try:
        date(2000, month, day)  # a leap year, so that 29 February is a day of some years
    except ValueError:
        raise CalendarError(f"holiday {month:02d}-{day:02d}: no year has that day") from None
    is_leap_day = (month, day) == (2, 29)
    return [
        date(year, month, day)
        for year in range(first_year, last_year + 1)
        if not is_leap_day or isleap(year)
    ]


def holiday_notes(holidays: Iterable[Holiday], first_year: int, last_year: int) -> tuple[str, ...]:
    """What a policy's author should know, such as years for which no holidays are known."""
    notes: list[str] = []
    for holiday in holidays:
        if isinstance(holiday, CountryHoliday):
            _, said = _country(holiday, first_year, last_year)
            notes += [f"holidays of {holiday.country}: {note}" for note in said]
    return tuple(notes)


@lru_cache(maxsize=_COUNTRIES_CACHED)
def _country(
    holiday: CountryHoliday, first_year: int, last_year: int
) -> tuple[frozenset[date], tuple[str, ...]]:
    """The dates, and what the package says of years that it does not know."""
    # Imported on first use: it costs more than everything else that a calendar needs.
    import holidays as package

    known = package.list_supported_countries()
    if holiday.country not in known:
        raise CalendarError(
            f"holidays: unknown country {holiday.country!r}; use an ISO 3166 code such as `DE`",
            code="UNKNOWN_COUNTRY",
        )
    subdivisions = known[holiday.country]
    if holiday.subdivision is not None and holiday.subdivision not in subdivisions:
        names = ", ".join(subdivisions) or "none"
        raise CalendarError(
            f"holidays: {holiday.country} has no subdivision {holiday.subdivision!r}; "
            f"known: {names}",
            code="UNKNOWN_COUNTRY",
        )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        dates = package.country_holidays(
            holiday.country,
            subdiv=holiday.subdivision,
            years=range(first_year, last_year + 1),
            expand=False,
        )
    return frozenset(dates), tuple(sorted({str(warning.message) for warning in caught}))
