"""Business days: `Nbd`, `end of business day`, `next business day 16:00` at the edges of a day."""

from __future__ import annotations

from datetime import date

import pytest

from sla_engine.calendar import (
    Calendar,
    CalendarSpec,
    build_tables,
    due_at_time,
    due_of_target,
)
from tests.calendar.walker import instant

OFFICE = CalendarSpec("office", "UTC", {day: ((540, 1020),) for day in range(5)})
NIGHT = CalendarSpec("night", "UTC", {day: ((1320, 360),) for day in range(5)})
FOUR_PM = 16 * 60


def calendar_of(spec: CalendarSpec) -> Calendar:
    return Calendar.of(spec, first_year=2025, last_year=2027)


@pytest.fixture(scope="module")
def office() -> Calendar:
    return calendar_of(OFFICE)


@pytest.fixture(scope="module")
def night() -> Calendar:
    return calendar_of(NIGHT)


# 2026-01-12 is a Monday.


@pytest.mark.parametrize(
    ("start", "n", "due", "moved"),
    [
        ("2026-01-30T16:30", 2, "2026-02-03T16:30", False),  # H07: from Friday afternoon
        ("2026-01-31T12:00", 2, "2026-02-03T12:00", False),  # H07: from Saturday noon
        ("2026-01-12T07:00", 2, "2026-01-14T09:00", True),  # H07: before opening
        ("2026-01-12T18:00", 1, "2026-01-14T09:00", True),  # after closing: past Tuesday's closing
        ("2026-01-12T17:00", 1, "2026-01-13T17:00", False),  # exactly at closing stays at closing
        ("2026-01-12T10:00:00.123", 1, "2026-01-13T10:00:00.123", False),
        ("2026-01-14T10:00", -2, "2026-01-12T10:00", False),
        ("2026-01-14T20:00", -1, "2026-01-13T17:00", True),  # looking back: to the last closing
    ],
)
def test_nth_business_day(office: Calendar, start: str, n: int, due: str, moved: bool) -> None:
    assert office.business_days_due(instant(start), n) == (instant(due), moved)


def test_a_business_day_keeps_the_wall_time_over_a_clock_change() -> None:
    spec = CalendarSpec("ny", "America/New_York", {day: ((540, 1020),) for day in range(5)})
    due, moved = calendar_of(spec).business_days_due(instant("2026-03-06T16:00:00-05:00"), 1)
    assert (due, moved) == (instant("2026-03-09T16:00:00-04:00"), False)


def test_a_holiday_is_no_business_day() -> None:
    holidays = (date(2026, 1, 13),)
    calendar = calendar_of(CalendarSpec("office", "UTC", OFFICE.hours, holidays))
    assert calendar.business_days_due(instant("2026-01-12T10:00"), 1)[0] == instant(
        "2026-01-14T10:00"
    )


def test_the_morning_that_a_night_shift_reaches_into_is_no_business_day_of_its_own(
    night: Calendar,
) -> None:
    friday_evening = instant("2026-01-16T23:00")
    assert night.business_days_due(friday_evening, 1)[0] == instant("2026-01-19T23:00")
    saturday_morning = instant("2026-01-17T02:00")
    assert night.business_days_due(saturday_morning, 1) == (instant("2026-01-19T22:00"), True)


def test_a_moved_due_is_found_again_from_its_target(office: Calendar) -> None:
    start = instant("2026-01-12T07:00")
    due, moved = office.business_days_due(start, 2)
    target_ms = office.between(start, due)
    assert due_of_target(office.tables, 0, start, target_ms, moved) == due
    assert due_of_target(office.tables, 0, start, target_ms, False) == instant("2026-01-13T17:00")


@pytest.mark.parametrize(
    ("at", "end", "next_end"),
    [
        ("2026-01-12T07:00", "2026-01-12T17:00", "2026-01-13T17:00"),  # before opening
        ("2026-01-12T12:00", "2026-01-12T17:00", "2026-01-13T17:00"),
        ("2026-01-12T17:00", "2026-01-13T17:00", "2026-01-13T17:00"),  # closed for today
        ("2026-01-12T20:00", "2026-01-13T17:00", "2026-01-13T17:00"),
        ("2026-01-17T12:00", "2026-01-19T17:00", "2026-01-19T17:00"),  # Saturday
    ],
)
def test_end_of_business_day(office: Calendar, at: str, end: str, next_end: str) -> None:
    assert office.end_of_business_day(instant(at)) == instant(end)
    assert office.end_of_next_business_day(instant(at)) == instant(next_end)


def test_a_lunch_break_ends_no_business_day() -> None:
    hours = {day: ((540, 720), (780, 1020)) for day in range(5)}
    calendar = calendar_of(CalendarSpec("lunch", "UTC", hours))
    assert calendar.end_of_business_day(instant("2026-01-12T12:30")) == instant("2026-01-12T17:00")


@pytest.mark.parametrize(
    ("at", "end", "next_end"),
    [
        ("2026-01-12T23:00", "2026-01-13T06:00", "2026-01-14T06:00"),
        ("2026-01-13T02:00", "2026-01-13T06:00", "2026-01-15T06:00"),  # the date is Tuesday
        ("2026-01-13T12:00", "2026-01-14T06:00", "2026-01-15T06:00"),
        ("2026-01-17T02:00", "2026-01-17T06:00", "2026-01-20T06:00"),  # Friday's shift
    ],
)
def test_end_of_a_night_shift_s_day(night: Calendar, at: str, end: str, next_end: str) -> None:
    assert night.end_of_business_day(instant(at)) == instant(end)
    assert night.end_of_next_business_day(instant(at)) == instant(next_end)


def test_a_day_s_own_closing_counts_also_inside_the_shift_of_the_day_before() -> None:
    calendar = calendar_of(CalendarSpec("odd", "UTC", {4: ((1320, 360),), 5: ((0, 120),)}))
    friday = instant("2026-01-16T12:00")
    assert calendar.end_of_business_day(instant("2026-01-17T01:00")) == instant("2026-01-17T06:00")
    assert calendar.end_of_next_business_day(friday) == instant("2026-01-17T02:00")


@pytest.mark.parametrize(
    ("at", "due", "moved"),
    [
        ("2026-01-12T10:00", "2026-01-13T16:00", False),
        ("2026-01-12T20:00", "2026-01-13T16:00", False),
        ("2026-01-16T10:00", "2026-01-19T16:00", False),
        ("2026-01-17T10:00", "2026-01-19T16:00", False),
    ],
)
def test_next_business_day_at_a_time(office: Calendar, at: str, due: str, moved: bool) -> None:
    assert office.next_business_day_at(instant(at), FOUR_PM) == (instant(due), moved)


def test_next_business_day_at_a_closed_time_is_the_next_opening(office: Calendar) -> None:
    monday = instant("2026-01-12T10:00")
    assert office.next_business_day_at(monday, 8 * 60) == (instant("2026-01-13T09:00"), True)
    assert office.next_business_day_at(monday, 17 * 60) == (instant("2026-01-13T17:00"), False)
    assert office.next_business_day_at(monday, 18 * 60) == (instant("2026-01-14T09:00"), True)


def test_a_due_time_outside_hours_is_moved_to_the_opening() -> None:
    """G17."""
    spec = CalendarSpec("work", "UTC", {day: ((480, 960),) for day in range(5)})
    tables = build_tables([calendar_of(spec).compiled])
    wednesday_evening, opening = instant("2026-01-14T20:30"), instant("2026-01-15T08:00")
    closing = instant("2026-01-14T16:00")
    assert due_at_time(tables, 0, wednesday_evening) == (opening, True)
    assert due_at_time(tables, 0, opening) == (opening, False)
    assert due_at_time(tables, 0, closing) == (closing, False)
