"""Feeds of holidays as programs write them: whole days, repetitions, exceptions, zones."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla_engine.calendar import FIRST_YEAR, LAST_YEAR
from sla_engine.policy.ical import IcalError, read_holidays


def feed(*events: str, head: str = "VERSION:2.0\nPRODID:-//desk//EN") -> str:
    body = "\n".join(f"BEGIN:VEVENT\n{event}\nEND:VEVENT" for event in events)
    return f"BEGIN:VCALENDAR\n{head}\n{body}\nEND:VCALENDAR\n"


def days(*events: str) -> list[str]:
    """The days of these events, before 2031."""
    found = read_holidays(feed(*events))
    assert all(isinstance(day, date) for day in found)
    return [str(day) for day in found if str(day) < "2031"]


def failure(*events: str) -> str:
    with pytest.raises(IcalError) as caught:
        read_holidays(feed(*events))
    return f"{caught.value.line}: {caught.value}"


PUBLIC = """\
BEGIN:VCALENDAR
PRODID:-//Holidays//Public//EN
VERSION:2.0
CALSCALE:GREGORIAN
METHOD:PUBLISH
X-WR-CALNAME:Public holidays
X-WR-TIMEZONE:UTC
BEGIN:VEVENT
DTSTART;VALUE=DATE:20260501
DTEND;VALUE=DATE:20260502
DTSTAMP:20260105T080000Z
UID:20260501_a@holidays.example
CLASS:PUBLIC
DESCRIPTION:Public holiday in some states\\, a description that is longer tha
 n a line and goes on in the next
SEQUENCE:0
STATUS:CONFIRMED
SUMMARY:Labour Day
TRANSP:TRANSPARENT
BEGIN:VALARM
ACTION:DISPLAY
TRIGGER:-P1D
END:VALARM
END:VEVENT
BEGIN:VTODO
UID:todo
DTSTART;VALUE=DATE:20260601
END:VTODO
BEGIN:VEVENT
DTSTART;VALUE=DATE:20261225
DTEND;VALUE=DATE:20261227
UID:20261225_b@holidays.example
SUMMARY:Christmas
END:VEVENT
END:VCALENDAR
"""
OFFICE = """\
BEGIN:VCALENDAR
PRODID:-//Office//Calendar//EN
VERSION:2.0
BEGIN:VTIMEZONE
TZID:Works Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
UID:1
SUMMARY:Stocktaking
DTSTART;TZID=Works Time:20260703T000000
DTEND;TZID=Works Time:20260705T000000
X-MICROSOFT-CDO-ALLDAYEVENT:TRUE
END:VEVENT
END:VCALENDAR
"""


@pytest.mark.parametrize("lines", ["\n", "\r\n"])
def test_a_public_feed(lines: str) -> None:
    found = read_holidays(PUBLIC.replace("\n", lines))
    assert found == (date(2026, 5, 1), date(2026, 12, 25), date(2026, 12, 26))


def test_a_feed_of_an_office_program() -> None:
    assert read_holidays(OFFICE) == (date(2026, 7, 3), date(2026, 7, 4))


def test_two_calendars_in_one_file() -> None:
    assert len(read_holidays(PUBLIC + OFFICE)) == 5


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("DTSTART;VALUE=DATE:20260703", ["2026-07-03"]),
        ("DTSTART:20260703", ["2026-07-03"]),
        ("DTSTART;VALUE=DATE:20260703\nDTEND;VALUE=DATE:20260703", ["2026-07-03"]),
        ("DTSTART;VALUE=DATE:20260703\nDURATION:P2D", ["2026-07-03", "2026-07-04"]),
        ("DTSTART;VALUE=DATE:20260703\nSTATUS:CANCELLED", []),
        (
            "DTSTART;VALUE=DATE:20280229\nRRULE:FREQ=YEARLY;UNTIL=20350101",
            ["2028-02-29"],
        ),
        (
            "DTSTART;VALUE=DATE:20281225\nRRULE:FREQ=YEARLY",
            ["2028-12-25", "2029-12-25", "2030-12-25"],
        ),
        (
            "DTSTART;VALUE=DATE:20260907\nRRULE:FREQ=YEARLY;BYMONTH=9;BYDAY=1MO;COUNT=3",
            ["2026-09-07", "2027-09-06", "2028-09-04"],
        ),
        (
            "DTSTART;VALUE=DATE:20260130\nRRULE:FREQ=MONTHLY;BYDAY=-1FR;UNTIL=20260327T000000Z",
            ["2026-01-30", "2026-02-27", "2026-03-27"],
        ),
        (
            "DTSTART;VALUE=DATE:20260703\nRRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=4\n"
            "EXDATE;VALUE=DATE:20260717\nEXDATE;VALUE=DATE:20260731",
            ["2026-07-03", "2026-08-14"],
        ),
        (
            "DTSTART;VALUE=DATE:20260703\nRDATE;VALUE=DATE:20260801,20260901",
            ["2026-07-03", "2026-08-01", "2026-09-01"],
        ),
        (
            "DTSTART;TZID=Asia/Kolkata:20260815T000000\nDTEND;TZID=Asia/Kolkata:20260816T000000\n"
            "RRULE:FREQ=YEARLY;UNTIL=20271231T235959Z\nEXDATE;TZID=Asia/Kolkata:20270815T000000",
            ["2026-08-15"],
        ),
        (
            "DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261226\nRRULE:FREQ=YEARLY;COUNT=2",
            ["2026-12-24", "2026-12-25", "2027-12-24", "2027-12-25"],
        ),
    ],
)
def test_the_days_of_an_event(event: str, expected: list[str]) -> None:
    assert days(event) == expected


def test_a_repetition_that_was_moved_or_called_off() -> None:
    series = "UID:a\nDTSTART;VALUE=DATE:20260703\nRRULE:FREQ=YEARLY;COUNT=3"
    moved = "UID:a\nRECURRENCE-ID;VALUE=DATE:20270703\nDTSTART;VALUE=DATE:20270705"
    off = "UID:a\nRECURRENCE-ID;VALUE=DATE:20280703\nDTSTART;VALUE=DATE:20280703\nSTATUS:CANCELLED"
    other = "UID:b\nRECURRENCE-ID;VALUE=DATE:20260703\nDTSTART;VALUE=DATE:20260901"
    assert days(series, moved, off) == ["2026-07-03", "2027-07-05"]
    assert days(moved, series, off) == ["2027-07-05", "2026-07-03"]
    assert days(series, other) == ["2026-07-03", "2027-07-03", "2028-07-03", "2026-09-01"]


def test_only_years_that_calendars_have() -> None:
    found = read_holidays(feed("DTSTART;VALUE=DATE:19500101\nRRULE:FREQ=YEARLY"))
    assert (found[0], found[-1]) == (date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 1, 1))


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("SUMMARY:no day", "4: an event has no DTSTART"),
        ("DTSTART:20260703\nDTSTART:20260704", "4: an event has more than one DTSTART"),
        ("DTSTART;VALUE=TIME:000000", "4: DTSTART 00:00:00 is no whole day"),
        ("DTSTART:2026", "4: DTSTART: "),
        ("DTSTART:20260230", "4: DTSTART: "),
        ("DTSTART:20260703T090000Z", "4: DTSTART 2026-07-03 09:00:00+00:00 is no whole day"),
        ("DTSTART:20261224\nDTEND:20261224T120000", "4: DTEND 2026-12-24 12:00:00 is no whole"),
        ("DTSTART:20260703\nDURATION:PT4H", "4: an event lasts 4:00:00, not whole days"),
        ("DTSTART:20260703\nDTEND:20260702", "4: an event ends before it begins"),
        ("DTSTART:20260703\nDTEND:20280703", "4: an event of more than 366 days"),
        ("DTSTART:20260703\nRRULE:FREQ=HOURLY", "4: an event repeats by `FREQ=HOURLY`"),
        ("DTSTART:20260703\nRRULE:FREQ=NEVER", "4: RRULE: "),
        ("DTSTART:20260703\nRRULE:FREQ=YEARLY;BYDAY=XX", "4: RRULE: "),
        ("DTSTART:20260703\nRRULE:FREQ=DAILY", "4: an event repeats by `FREQ=DAILY`, more than"),
        ("DTSTART:20260703\nRRULE:FREQ=YEARLY;BYDAY=99MO", "4: an event repeats by `FREQ=YEARLY;"),
        (
            "DTSTART:20260703\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260703",
            "4: `RANGE` of RECURRENCE-ID is not understood",
        ),
        ("DTSTART:20260703\nEXRULE:FREQ=YEARLY", "4: `EXRULE` is not understood"),
    ],
)
def test_what_is_no_holiday_is_said_with_its_line(event: str, said: str) -> None:
    assert failure(event).startswith(said)


def test_the_line_is_that_of_the_event() -> None:
    good = "DTSTART;VALUE=DATE:20260703\nSUMMARY:a\n  b"
    assert failure(good, good, "SUMMARY:none").startswith("14: ")


@pytest.mark.parametrize("text", ["", "hello", "BEGIN:VCALENDAR\nBEGIN:VEVENT\n", "\x00"])
def test_what_is_no_calendar_is_an_error(text: str) -> None:
    with pytest.raises(IcalError):
        read_holidays(text)


WORDS = [
    *{line for text in (PUBLIC, OFFICE) for line in text.splitlines()},
    "RRULE:FREQ=YEARLY;UNTIL=20300101",
    "RRULE:FREQ=WEEKLY;BYDAY=MO,-1FR;BYSETPOS=2;COUNT=3",
    "RRULE:FREQ=YEARLY;INTERVAL=0",
    "RRULE:UNTIL=x",
    "RDATE;VALUE=PERIOD:20260703T000000Z/P1D",
    "EXDATE:20260703T000000Z",
    "RECURRENCE-ID:20260703",
    "DURATION:-P1D",
    "DTSTART;TZID=Nowhere/Land:20260703T000000",
    "DTEND;VALUE=DATE:99991231",
    "DTSTART;VALUE=DATE:00010101",
]


@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=20), max_size=12))
def test_whatever_stands_in_an_event_it_is_read_or_refused(lines: list[str]) -> None:
    with suppress(IcalError):
        found = read_holidays(feed("\n".join(lines), "\n".join(reversed(lines))))
        assert all(FIRST_YEAR <= day.year <= LAST_YEAR for day in found if isinstance(day, date))
