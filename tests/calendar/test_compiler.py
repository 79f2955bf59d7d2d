"""From hours as written to open time: golden vectors of one zone change, holidays, errors."""

from __future__ import annotations

from datetime import date

import pytest

from sla_engine.calendar import (
    ALWAYS,
    FAR,
    LONG_AGO,
    Calendar,
    CalendarSpec,
    CountryHoliday,
    Holiday,
    Interval,
    YearlyHoliday,
    compile_calendar,
    holiday_notes,
)
from sla_engine.calendar.kernels import OPEN_HINT_SHIFT
from sla_engine.errors import CalendarError
from tests.calendar.walker import instant

HOUR = 3_600_000
NINE_TO_FIVE = ((540, 1020),)
SUNDAY = 6


def weekly(
    *hours: Interval,
    days: range = range(5),
    zone: str = "UTC",
    holidays: tuple[Holiday, ...] = (),
    dates: dict[date, tuple[Interval, ...]] | None = None,
) -> Calendar:
    spec = CalendarSpec("work", zone, {day: hours for day in days}, holidays, dates or {})
    return Calendar.of(spec, first_year=2020, last_year=2030)


@pytest.mark.parametrize(
    ("calendar", "start", "hours", "due"),
    [
        pytest.param(
            weekly((540, 1020)), "2026-01-30T16:30:00Z", 1, "2026-02-02T09:30:00Z", id="G01"
        ),
        pytest.param(
            weekly((480, 1080)), "2026-01-12T17:00:00Z", 4, "2026-01-13T11:00:00Z", id="G02"
        ),
        pytest.param(
            weekly((540, 1020)), "2026-01-12T09:00:00Z", 24, "2026-01-14T17:00:00Z", id="G04"
        ),
        pytest.param(
            weekly((540, 720), (780, 1020)),
            "2026-01-12T11:30:00Z",
            2,
            "2026-01-12T14:30:00Z",
            id="G05",
        ),
        pytest.param(
            weekly((0, 360), days=range(6, 7), zone="Europe/London"),
            "2026-03-29T00:30:00Z",
            4,
            "2026-03-29T04:30:00Z",
            id="G06",
        ),
        pytest.param(
            weekly((0, 360), days=range(6, 7), zone="Europe/London"),
            "2026-10-25T00:30:00+01:00",
            4,
            "2026-10-25T03:30:00Z",
            id="G07",
        ),
        pytest.param(
            weekly((540, 1020), zone="America/New_York"),
            "2026-03-06T16:00:00-05:00",
            2,
            "2026-03-09T14:00:00Z",
            id="G08",
        ),
        pytest.param(
            weekly((1320, 360)), "2026-01-16T23:00:00Z", 8, "2026-01-19T23:00:00Z", id="H06"
        ),
    ],
)
def test_golden_dues(calendar: Calendar, start: str, hours: int, due: str) -> None:
    assert calendar.add(instant(start), hours * HOUR) == instant(due)


@pytest.mark.parametrize(
    ("day", "next_day", "open_ms"),
    [("2026-03-29", "2026-03-30", 18_000_000), ("2026-10-25", "2026-10-26", 25_200_000)],
)
def test_a_day_of_a_clock_change_has_its_real_length(day: str, next_day: str, open_ms: int) -> None:
    sundays = weekly((0, 360), days=range(6, 7), zone="Europe/London")
    assert (
        sundays.between(instant(f"{day}T00:00Z") - HOUR, instant(f"{next_day}T00:00Z")) == open_ms
    )


def test_business_time_of_a_weekend_with_wall_time_beside_it() -> None:
    """G03."""
    calendar = weekly((480, 1020))
    start, end = instant("2025-12-12T21:00:00Z"), instant("2025-12-15T09:30:00Z")
    assert calendar.between(start, end) == 1.5 * HOUR
    assert calendar.between(end, start) == -1.5 * HOUR


def test_an_interval_that_a_gap_leaves_empty_is_no_open_time() -> None:
    calendar = weekly((150, 195), days=range(6, 7), zone="America/Los_Angeles")
    assert not calendar.intervals(instant("2026-03-08T00:00Z"), instant("2026-03-09T00:00Z"))


def test_a_date_whose_hours_a_gap_swallows_is_no_business_day() -> None:
    sundays = weekly((150, 210), days=range(6, 7), zone="America/Los_Angeles")
    saturday = instant("2026-03-07T10:00-08:00")
    assert sundays.end_of_business_day(saturday) == instant("2026-03-15T03:30-07:00")
    assert sundays.end_of_next_business_day(saturday) == instant("2026-03-15T03:30-07:00")


def test_a_date_that_the_date_line_skipped_opens_nothing() -> None:
    spec = CalendarSpec("apia", "Pacific/Apia", {day: NINE_TO_FIVE for day in range(5)})
    calendar = Calendar.of(spec, first_year=2011, last_year=2012)
    thursday_closes = instant("2011-12-29T17:00:00-10:00")
    assert calendar.next_open(thursday_closes) == instant("2012-01-02T09:00:00+14:00")
    assert calendar.business_days_due(thursday_closes, 1)[0] == instant("2012-01-02T17:00:00+14:00")


def test_overlapping_and_touching_intervals_are_one() -> None:
    calendar = weekly((540, 720), (660, 780), (780, 1020))
    monday = instant("2026-01-12T00:00:00Z")
    assert calendar.intervals(monday, monday + 24 * HOUR) == [
        (monday + 9 * HOUR, monday + 17 * HOUR)
    ]


def test_touching_days_are_one() -> None:
    calendar = weekly((0, 1440))
    monday = instant("2026-01-12T00:00:00Z")
    assert calendar.next_close(monday) == monday + 5 * 24 * HOUR


def test_a_holiday_closes_the_shift_that_begins_on_it_and_leaves_the_one_before() -> None:
    calendar = weekly((1320, 360), holidays=(date(2026, 1, 14),))
    tuesday_night, wednesday_night = instant("2026-01-14T03:00:00Z"), instant("2026-01-14T23:00Z")
    assert calendar.is_open(tuesday_night)
    assert calendar.next_open(wednesday_night) == instant("2026-01-15T22:00:00Z")
    assert not calendar.is_open(instant("2026-01-15T03:00:00Z"))


def test_a_date_replaces_the_hours_of_its_day_also_on_a_holiday() -> None:
    eve, boxing_day = date(2026, 12, 24), date(2026, 12, 26)
    calendar = weekly(
        (540, 1020),
        holidays=(YearlyHoliday(12, 24), YearlyHoliday(12, 25)),
        dates={eve: ((540, 720),), boxing_day: ((600, 660),), date(2026, 12, 28): ()},
    )
    found = calendar.intervals(instant("2026-12-23T18:00Z"), instant("2026-12-29T09:30Z"))
    assert found == [
        (instant("2026-12-24T09:00Z"), instant("2026-12-24T12:00Z")),
        (instant("2026-12-26T10:00Z"), instant("2026-12-26T11:00Z")),
        (instant("2026-12-29T09:00Z"), instant("2026-12-29T09:30Z")),
    ]


def test_a_leap_day_is_a_holiday_in_leap_years_only() -> None:
    calendar = weekly((540, 1020), days=range(7), holidays=(YearlyHoliday(2, 29),))
    assert not calendar.is_open(instant("2024-02-29T12:00Z"))
    assert calendar.is_open(instant("2025-03-01T12:00Z"))


def test_public_holidays_of_a_country_and_of_a_subdivision() -> None:
    germany = weekly((540, 1020), holidays=(CountryHoliday("DE"),))
    bavaria = weekly((540, 1020), holidays=(CountryHoliday("DE", "BY"),))
    unity_day, epiphany = instant("2025-10-03T12:00Z"), instant("2026-01-06T12:00Z")
    assert not germany.is_open(unity_day)
    assert germany.is_open(epiphany)
    assert not bavaria.is_open(epiphany)


def test_years_without_known_holidays_are_said() -> None:
    (note,) = holiday_notes((CountryHoliday("IN", "TN"),), 1990, 2101)
    assert note.startswith("holidays of IN: ")
    assert not holiday_notes((date(2026, 1, 1), CountryHoliday("DE")), 1991, 2100)


@pytest.mark.parametrize(
    ("holiday", "said"),
    [
        (CountryHoliday("XX"), "unknown country 'XX'"),
        (CountryHoliday("DE", "XX"), "DE has no subdivision 'XX'"),
        (YearlyHoliday(2, 30), "02-30: no year has that day"),
    ],
)
def test_an_impossible_holiday_is_named(holiday: Holiday, said: str) -> None:
    with pytest.raises(CalendarError, match=f"^calendar 'work': .*{said}"):
        weekly((540, 1020), holidays=(holiday,))


def test_a_calendar_without_open_time_is_refused_by_name() -> None:
    """G21."""
    with pytest.raises(CalendarError, match="'work' has no open time") as caught:
        weekly()
    assert caught.value.code == "NO_OPEN_TIME"


def test_an_unknown_zone_is_refused_with_the_nearest() -> None:
    with pytest.raises(CalendarError, match="'Europe/Berlim' - did you mean `Europe/Berlin`"):
        weekly((540, 1020), zone="Europe/Berlim")


@pytest.mark.parametrize("hours", [{7: NINE_TO_FIVE}, {0: ((1440, 60),)}, {0: ((0, 1441),)}])
def test_impossible_hours_are_refused(hours: dict[int, tuple[Interval, ...]]) -> None:
    with pytest.raises(CalendarError, match="'work'"):
        CalendarSpec("work", "UTC", hours)


def test_a_calendar_has_a_zone_or_a_default_for_the_incident_s_own() -> None:
    with pytest.raises(CalendarError, match="default zone"):
        CalendarSpec("work", None, {0: NINE_TO_FIVE})
    spec = CalendarSpec("work", None, {0: NINE_TO_FIVE}, zone_default="Asia/Tokyo")
    assert compile_calendar(spec, None, 2020, 2021).time_zone == "Asia/Tokyo"
    assert compile_calendar(spec, "Asia/Kolkata", 2020, 2021).time_zone == "Asia/Kolkata"


def test_24x7_never_closes() -> None:
    always = compile_calendar(ALWAYS)
    assert (always.starts.tolist(), always.ends.tolist()) == ([LONG_AGO], [FAR])
    calendar = Calendar(always)
    last = instant("2099-12-31T23:59:59.999Z")
    assert calendar.add(last, 1000 * 24 * HOUR) == last + 1000 * 24 * HOUR
    assert calendar.subtract(0, HOUR) == -HOUR
    assert calendar.between(0, last) == last
    assert calendar.end_of_business_day(instant("2026-01-12T10:00Z")) == instant(
        "2026-01-13T00:00Z"
    )


def test_the_default_span_covers_every_event_in_every_zone() -> None:
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        spec = CalendarSpec("all", zone, {day: ((0, 1439),) for day in range(7)})
        calendar = Calendar.of(spec)
        assert calendar.between(instant("1990-01-01T00:00Z"), instant("1990-01-03T00:00Z")) == (
            2 * 1439 * 60_000
        )
        assert calendar.is_open(instant("2101-12-31T23:00Z"))


def test_a_due_exactly_where_a_search_hint_lies() -> None:
    """After 1024 days of 1024 minutes the open time is a multiple of the hints' distance."""
    calendar = weekly((0, 1024), days=range(7))
    begin = int(calendar.compiled.starts[0])
    open_ms = 1024 * 1024 * 60_000
    assert open_ms % (1 << OPEN_HINT_SHIFT) == 0
    closing = begin + 1023 * 24 * HOUR + 1024 * 60_000
    assert calendar.add(begin, open_ms) == closing
    assert calendar.subtract(begin + 1024 * 24 * HOUR + 1, 1) == begin + 1024 * 24 * HOUR
    assert calendar.subtract(closing, open_ms) == begin


def test_a_version_names_all_that_a_due_depends_on() -> None:
    versions = [
        calendar.version
        for calendar in (
            weekly((540, 1020)),
            weekly((540, 1021)),
            weekly((540, 1020), zone="Africa/Abidjan"),
            weekly((540, 1020), holidays=(date(2026, 1, 1),)),
            # The same open time, begun on other days: `1bd` differs.
            weekly((1320, 360), days=range(7)),
            weekly((0, 360), (1320, 1440), days=range(7)),
        )
    ]
    # The same intervals on the same days, but Saturday's end differs.
    versions += [
        compile_calendar(
            CalendarSpec("work", "UTC", {4: ((1320, 360),), 5: ((0, end),)}), None, 2020, 2030
        ).version
        for end in (120, 360)
    ]
    assert len(set(versions)) == len(versions)
    assert all(len(version) == 12 and int(version, 16) >= 0 for version in versions)
    assert weekly((540, 720), (720, 1020)).version == weekly((540, 1020)).version
