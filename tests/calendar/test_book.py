"""The book of calendars in use: lazy pairs of hours and zone, stable indexes, a bound."""

from __future__ import annotations

import pytest

from sla_engine.calendar import (
    ALWAYS_INDEX,
    Calendar,
    CalendarBook,
    CalendarSpec,
    add_open,
    compile_calendar,
)
from sla_engine.errors import CalendarError
from tests.calendar.walker import instant

HOUR = 3_600_000
NINE_TO_FIVE = {day: ((540, 1020),) for day in range(5)}
OFFICE = CalendarSpec("office", "UTC", NINE_TO_FIVE)
LOCAL = CalendarSpec("local", None, NINE_TO_FIVE, zone_default="Europe/Berlin")
FRIDAY = instant("2026-01-30T16:30:00Z")


def book_of(*specs: CalendarSpec, limit: int = 10) -> CalendarBook:
    return CalendarBook(specs, first_year=2025, last_year=2027, limit=limit)


def test_24x7_is_there_from_the_start() -> None:
    book = book_of()
    assert book.index("24x7") == ALWAYS_INDEX
    assert add_open(book.tables, ALWAYS_INDEX, FRIDAY, HOUR) == FRIDAY + HOUR


def test_behind_the_last_opening_that_is_known_no_time_is_open() -> None:
    office = Calendar.of(OFFICE, first_year=2025, last_year=2027)
    last_hour, later = instant("2027-12-31T16:00:00Z"), instant("2028-01-03T00:00:00Z")
    assert office.between(last_hour, later) == HOUR
    assert office.between(last_hour, later + 24 * HOUR) == HOUR


def test_a_pair_is_compiled_when_first_met_and_once() -> None:
    book = book_of(OFFICE, LOCAL)
    assert len(book) == 1
    indexes = [book.index("office"), book.index("office", "Asia/Tokyo"), book.index("office")]
    assert len(set(indexes)) == 1
    assert len(book) == 2


def test_the_incident_s_zone_counts_where_the_calendar_asks_for_it() -> None:
    book = book_of(OFFICE, LOCAL)
    zones = [book.compiled(book.index("local", zone)).time_zone for zone in ("", "Asia/Tokyo")]
    assert zones == ["Europe/Berlin", "Asia/Tokyo"]
    assert book.compiled(book.index("office", "Asia/Tokyo")).time_zone == "UTC"


def test_an_unknown_zone_of_an_incident_gives_way_to_the_default_and_is_counted() -> None:
    book = book_of(LOCAL)
    assert book.index("local", "Mars/Olympus") == book.index("local")
    assert book.unknown_zones == 1


def test_every_index_answers_for_its_own_calendar() -> None:
    book = book_of(OFFICE, LOCAL)
    pairs = [("office", ""), ("local", "America/New_York"), ("local", "Asia/Kolkata"), ("24x7", "")]
    indexes = [book.index(*pair) for pair in pairs]
    for index in indexes:
        alone = Calendar(book.compiled(index))
        assert add_open(book.tables, index, FRIDAY, 5 * HOUR) == alone.add(FRIDAY, 5 * HOUR)


def test_tables_taken_before_a_calendar_was_added_stay_valid() -> None:
    book = book_of(OFFICE, LOCAL)
    office = book.index("office")
    before = book.tables
    due = add_open(before, office, FRIDAY, HOUR)
    for zone in ("Asia/Tokyo", "Europe/Paris", "America/New_York"):
        book.index("local", zone)
    assert (
        add_open(before, office, FRIDAY, HOUR) == due == add_open(book.tables, office, FRIDAY, HOUR)
    )


def test_a_name_defined_anew_leaves_running_clocks_their_calendar() -> None:
    book = book_of(OFFICE)
    old = book.index("office")
    version = book.compiled(old).version
    book.define(CalendarSpec("office", "UTC", {day: ((600, 1020),) for day in range(5)}))
    new = book.index("office")
    assert add_open(book.tables, old, FRIDAY, HOUR) == instant("2026-02-02T09:30:00Z")
    assert add_open(book.tables, new, FRIDAY, HOUR) == instant("2026-02-02T10:30:00Z")
    assert book.index_of("office", version) == old
    book.define(OFFICE)
    assert book.index("office") == old
    assert book.index_of("office", "0" * 12) is None


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(CalendarError, match="unknown calendar 'ofice'; known: 24x7, office"):
        book_of(OFFICE).index("ofice")


def test_a_full_book_refuses_more_and_still_answers() -> None:
    book = book_of(OFFICE, LOCAL, limit=2)
    office = book.index("office")
    with pytest.raises(CalendarError, match=r"'local' in Europe/Berlin .* at most 2") as caught:
        book.index("local")
    assert caught.value.code == "TOO_MANY_CALENDARS"
    assert book.index("office") == office


def test_an_answer_beyond_the_compiled_years_is_an_error_by_name() -> None:
    calendar = Calendar(compile_calendar(OFFICE, None, 2025, 2027))
    for ask in (
        lambda: calendar.add(FRIDAY, 100_000 * HOUR),
        lambda: calendar.subtract(FRIDAY, 100_000 * HOUR),
        lambda: calendar.next_open(instant("2029-01-01T00:00Z")),
        lambda: calendar.next_close(instant("2029-01-01T00:00Z")),
        lambda: calendar.settle(instant("2029-01-01T00:00Z")),
        lambda: calendar.business_days_due(FRIDAY, 1000),
        lambda: calendar.business_days_due(FRIDAY, -1000),
        lambda: calendar.end_of_business_day(instant("2029-01-01T00:00Z")),
        lambda: calendar.end_of_next_business_day(instant("2029-01-01T00:00Z")),
        lambda: calendar.next_business_day_at(instant("2029-01-01T00:00Z"), 960),
        lambda: calendar.subtract(instant("2020-01-01T00:00Z"), 0),
    ):
        with pytest.raises(CalendarError, match="'office' is compiled for 2025 to 2027") as caught:
            ask()
        assert caught.value.code == "BEYOND_SPAN"
