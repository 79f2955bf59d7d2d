"""Calendars drawn at random, in zones and weeks where local time misbehaves."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import strategies as st

from sla_engine.calendar import CalendarSpec

#: Zone and the first day of a window with a change in it.
WINDOWS = (
    ("UTC", date(2026, 2, 20)),
    ("Europe/London", date(2026, 3, 20)),
    ("Europe/London", date(2026, 10, 20)),
    ("America/New_York", date(2026, 3, 1)),
    ("America/New_York", date(2062, 10, 30)),
    ("Australia/Lord_Howe", date(2026, 4, 1)),  # half an hour back
    ("Australia/Lord_Howe", date(2026, 9, 28)),
    ("America/Sao_Paulo", date(2015, 10, 12)),  # at midnight
    ("America/Sao_Paulo", date(2016, 2, 14)),
    ("America/Havana", date(2026, 10, 27)),  # 01:00 back to 00:00
    ("Africa/Casablanca", date(2026, 2, 10)),  # both ways within five weeks
    ("Asia/Kathmandu", date(2026, 7, 1)),
    ("Pacific/Apia", date(2011, 12, 24)),  # no 30 December
    ("Pacific/Kwajalein", date(1993, 8, 15)),  # no 21 August
    ("Pacific/Kiritimati", date(1994, 12, 26)),
)
#: Instants are drawn from as many days.
DRAWN_DAYS = 14

_minute = st.one_of(
    st.sampled_from((0, 90, 120, 150, 180, 540, 1020, 1320)),
    st.integers(min_value=0, max_value=1439),
)
_end = st.one_of(st.just(1440), _minute)
_intervals = st.lists(st.tuples(_minute, _end), min_size=1, max_size=3).map(tuple)


@st.composite
def calendars(draw: st.DrawFn) -> tuple[CalendarSpec, date]:
    """(a calendar that is open at least weekly, first day of a window in its zone)."""
    zone, first = draw(st.sampled_from(WINDOWS))
    days = st.integers(min_value=-2, max_value=DRAWN_DAYS).map(lambda n: first + timedelta(days=n))
    hours = draw(st.dictionaries(st.integers(0, 6), _intervals, min_size=1, max_size=7))
    holidays = draw(st.lists(days, max_size=3).map(tuple))
    dates = draw(st.dictionaries(days, st.one_of(st.just(()), _intervals), max_size=3))
    return CalendarSpec("drawn", zone, hours, holidays, dates), first


def instants(first: date) -> st.SearchStrategy[int]:
    """UTC ms in the drawn days; often on a whole minute, as boundaries are."""
    begin = (first - date(1970, 1, 1)).days * 86_400_000
    length = DRAWN_DAYS * 86_400_000
    exact = st.integers(0, length // 60_000).map(lambda minute: begin + minute * 60_000)
    return st.one_of(exact, st.integers(begin, begin + length))
