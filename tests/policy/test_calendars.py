"""Calendars as written (policy-language, "Calendar")."""

from __future__ import annotations

from datetime import date

import pytest

from sla_engine.calendar import LAST_YEAR
from sla_engine.calendar.spec import ALWAYS, CalendarSpec, CountryHoliday, YearlyHoliday
from sla_engine.policy import check_texts, load_texts
from tests.policy.texts import FILE, message, policy_set, said

ALL = "policies: [{name: all, clocks: {resolution: {target: 1h}}}]\n"


def calendar(text: str) -> CalendarSpec:
    return policy_set(f"calendars: {{work: {text}}}\n{ALL}").calendars["work"]


def test_the_built_in_calendar_is_always_there() -> None:
    assert policy_set(ALL).calendars == {"24x7": ALWAYS}


def test_hours_are_days_and_ranges_of_days() -> None:
    spec = calendar(
        "{time_zone: Asia/Kolkata, hours: {mon-fri: [09:00-13:00, 14:00-18:00], sat: 10:00-14:00}}"
    )
    assert spec.time_zone == "Asia/Kolkata"
    assert spec.hours == {**dict.fromkeys(range(5), ((540, 780), (840, 1080))), 5: ((600, 840),)}


def test_a_range_of_days_may_go_over_the_weekend() -> None:
    assert set(calendar("{time_zone: UTC, hours: {fri-mon: [09:00-17:00]}}").hours) == {4, 5, 6, 0}


def test_hours_may_cross_midnight_and_end_at_24() -> None:
    spec = calendar("{time_zone: UTC, hours: {mon: [22:00-06:00], sun: [00:00-24:00]}}")
    assert spec.hours == {0: ((1320, 360),), 6: ((0, 1440),)}


def test_the_zone_may_be_the_incidents() -> None:
    spec = calendar(
        "{time_zone: {from: time_zone, default: Europe/Rome}, hours: {mon: 09:00-17:00}}"
    )
    assert (spec.time_zone, spec.zone_default) == (None, "Europe/Rome")


def test_holidays_are_dates_yearly_days_and_countries() -> None:
    spec = calendar(
        "{time_zone: UTC, hours: {mon: 09:00-17:00},"
        " holidays: [2026-05-01, 12-25, {country: IN, subdivision: TN}, {country: DE}]}"
    )
    assert spec.holidays == (
        date(2026, 5, 1),
        YearlyHoliday(12, 25),
        CountryHoliday("IN", "TN"),
        CountryHoliday("DE"),
    )


def test_a_calendar_may_be_open_on_single_dates_only() -> None:
    spec = calendar("{time_zone: UTC, dates: {2026-12-24: [09:00-12:00]}}")
    assert (spec.hours, len(spec.dates)) == ({}, 1)


def test_one_holiday_needs_no_list() -> None:
    spec = calendar("{time_zone: UTC, hours: {mon: 09:00-17:00}, holidays: {country: DE}}")
    assert spec.holidays == (CountryHoliday("DE"),)


def test_dates_replace_the_hours_of_a_day_and_close_it() -> None:
    spec = calendar(
        "{time_zone: UTC, hours: {mon: 09:00-17:00},"
        " dates: {2026-12-24: [09:00-12:00], 2026-12-25: []}}"
    )
    assert spec.dates == {date(2026, 12, 24): ((540, 720),), date(2026, 12, 25): ()}


HOURS = "hours: {mon: [09:00-17:00]}"


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        (f"{{time_zone: Europe/Berlim, {HOURS}}}", "BAD_CALENDAR", "did you mean `Europe/Berlin`?"),
        (f"{{{HOURS}}}", "MISSING_KEY", "needs `time_zone`"),
        (f"{{time_zone: {{from: time_zone}}, {HOURS}}}", "MISSING_KEY", "needs `default`"),
        (f"{{time_zone: {{from: zone, default: UTC}}, {HOURS}}}", "BAD_VALUE", "time_zone"),
        ("{time_zone: UTC, hours: {}}", "NO_OPEN_TIME", "no open time"),
        ("{time_zone: UTC, hours: {mon: []}}", "NO_OPEN_TIME", "no open time"),
        ("{time_zone: UTC, dates: {2026-12-24: []}}", "NO_OPEN_TIME", "no open time"),
        ("{time_zone: UTC, dates: {1960-12-24: 09:00-17:00}}", "NO_OPEN_TIME", "from 1990"),
        ("{time_zone: UTC, hours: {mo: 09:00-17:00}}", "UNKNOWN_KEY", "did you mean `mon`?"),
        ("{time_zone: UTC, hours: {mon: 9-17}}", "BAD_CALENDAR", "write HH:MM-HH:MM"),
        ("{time_zone: UTC, hours: {mon: 09:00-24:01}}", "BAD_CALENDAR", "up to 24:00"),
        ("{time_zone: UTC, hours: {mon: 24:00-08:00}}", "BAD_CALENDAR", "no interval"),
        ("{time_zone: UTC, hours: {mon: 09:60-10:00}}", "BAD_CALENDAR", "no interval"),
        ("{time_zone: UTC, hours: {mon: 09:00-09:00}}", "BAD_CALENDAR", "no interval"),
        (
            "{time_zone: UTC, hours: {mon: 09:00-17:00, mon-tue: 10:00-11:00}}",
            "DUPLICATE",
            "mon is given twice",
        ),
        (f"{{time_zone: UTC, {HOURS}, holiday: []}}", "UNKNOWN_KEY", "did you mean `holidays`?"),
        (f"{{time_zone: UTC, {HOURS}, holidays: 13-01}}", "BAD_CALENDAR", "no year has that day"),
        (f"{{time_zone: UTC, {HOURS}, holidays: 2026-02-30}}", "BAD_CALENDAR", "day"),
        (f"{{time_zone: UTC, {HOURS}, holidays: easter}}", "BAD_CALENDAR", "no date"),
        (f"{{time_zone: UTC, {HOURS}, holidays: {{country: ZZ}}}}", "BAD_CALENDAR", "'ZZ'"),
        (
            f"{{time_zone: UTC, {HOURS}, holidays: {{country: DE, subdivision: QQ}}}}",
            "BAD_CALENDAR",
            "no subdivision",
        ),
        (f"{{time_zone: UTC, {HOURS}, holidays: {{subdivision: TN}}}}", "MISSING_KEY", "country"),
        (f"{{time_zone: UTC, {HOURS}, dates: {{12-24: []}}}}", "BAD_CALENDAR", "no date"),
        (f"{{time_zone: UTC, {HOURS}, holidays: {{ical: x.ics}}}}", "FILE", "no file `x.ics`"),
        ("office", "WRONG_TYPE", "a map"),
    ],
)
def test_a_wrong_calendar_is_said(text: str, code: str, hint: str) -> None:
    whole = f"calendars:\n  work: {text}\n{ALL}"
    assert said(whole) == [f"2: {code}"]
    assert hint in message(whole)


@pytest.mark.parametrize(
    "hours",
    ["[09:00-12:00, 11:00-17:00]", "[11:00-17:00, 09:00-12:00]", "[20:00-06:00, 22:00-23:00]"],
)
def test_hours_of_a_day_that_overlap_are_doubtful(hours: str) -> None:
    assert said(f"calendars: {{w: {{time_zone: UTC, hours: {{mon: {hours}}}}}}}\n{ALL}") == [
        "1: OVERLAP"
    ]


def test_hours_that_touch_do_not_overlap() -> None:
    text = "calendars: {w: {time_zone: UTC, hours: {mon: [09:00-12:00, 12:00-17:00]}}}\n"
    assert said(text + ALL) == []


def test_the_built_in_calendar_cannot_be_redefined() -> None:
    assert said(f"calendars: {{24x7: {{time_zone: UTC, {HOURS}}}}}\n{ALL}") == ["1: BAD_NAME"]


FEED = """\
BEGIN:VCALENDAR
BEGIN:VEVENT
SUMMARY:works outing\\, long
  text
DTSTART;VALUE=DATE:20260703
END:VEVENT
BEGIN:VEVENT
DTSTART;VALUE=DATE:20261224
DTEND;VALUE=DATE:20261227
END:VEVENT
BEGIN:VEVENT
DTSTART;VALUE=DATE:20260101
RRULE:FREQ=YEARLY
END:VEVENT
END:VCALENDAR
"""
WITH_FEED = f"calendars: {{w: {{time_zone: UTC, {HOURS}, holidays: {{ical: days.ics}}}}}}\n{ALL}"


def test_holidays_may_come_from_a_feed() -> None:
    spec = load_texts({FILE: WITH_FEED, "days.ics": FEED}).calendars["w"]
    assert spec.holidays == (
        date(2026, 7, 3),
        date(2026, 12, 24),
        date(2026, 12, 25),
        date(2026, 12, 26),
        *(date(year, 1, 1) for year in range(2026, LAST_YEAR + 1)),
    )


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("BEGIN:VCALENDAR", "BEGIN:SOMETHING", "days.ics:1"),
        ("DTSTART;VALUE=DATE:20260703", "DTSTART:20260703T090000Z", "days.ics:2"),
        ("FREQ=YEARLY", "FREQ=HOURLY", "days.ics:11"),
        ("20261227", "20281227", "days.ics:7"),
    ],
)
def test_a_feed_that_cannot_be_understood_is_said_at_its_line(
    old: str, new: str, found: str
) -> None:
    (error,) = check_texts({FILE: WITH_FEED, "days.ics": FEED.replace(old, new)})
    assert f"{error.file}:{error.line}" == found
    assert error.code == "BAD_CALENDAR"
