"""Rules of calendars that show in few zones and years."""

from __future__ import annotations

from datetime import date

import pytest

from sla_engine.calendar import Calendar, CalendarSpec, CountryHoliday, compile_calendar
from sla_engine.errors import CalendarError
from tests.calendar.walker import instant

NINE_TO_FIVE = ((540, 1020),)


def nine_to_five(
    zone: str, dates: dict[date, tuple[tuple[int, int], ...]] | None = None
) -> Calendar:
    return Calendar.of(
        CalendarSpec("work", zone, dict.fromkeys(range(5), NINE_TO_FIVE), (), dates or {})
    )


@pytest.mark.parametrize(
    ("day", "opening"),
    [
        pytest.param("2000-10-06", "2000-10-06T12:00:00Z", id="before"),
        pytest.param("2000-10-10", "2000-10-10T11:00:00Z", id="in it"),
        pytest.param("2000-10-16", "2000-10-16T12:00:00Z", id="after"),
    ],
)
def test_a_summer_time_that_lasted_one_week(day: str, opening: str) -> None:
    """Recife's of the year 2000, as the IANA database lists it."""
    calendar = nine_to_five("America/Recife")
    assert calendar.next_open(instant(f"{day}T03:30:00Z")) == instant(opening)


def test_a_date_beyond_all_years_opens_no_other() -> None:
    far = nine_to_five("UTC", {date(year, 1, 2): ((0, 1440),) for year in range(3950, 4100)})
    assert far.version == nine_to_five("UTC").version


def test_an_unknown_subdivision_is_told_the_known_ones() -> None:
    with pytest.raises(CalendarError, match=r"known: .*\bBE, .*TH"):
        compile_calendar(CalendarSpec("c", "UTC", {0: NINE_TO_FIVE}, (CountryHoliday("DE", "XX"),)))
