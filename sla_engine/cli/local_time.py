"""A calendar's own wall clock: how it is read and written for people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final

import click

from sla_engine.calendar import Calendar
from sla_engine.cli.output import span
from sla_engine.limits import DAY_MS
from sla_engine.policy.instants import InstantError, parse_instant

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY: Final = date(1970, 1, 1)
#: Days that `hours` prints at most.
_DAYS_MAX: Final = 400


def _moment(local_ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=local_ms)


def local_text(calendar: Calendar, instant: int) -> str:
    """`Mon 2026-11-30 11:30 Asia/Kolkata`."""
    moment = _moment(calendar.to_local(instant))
    seconds = f":{moment:%S}" if moment.second or moment.microsecond else ""
    ms = f".{moment.microsecond // 1000:03d}" if moment.microsecond else ""
    return f"{moment:%a %Y-%m-%d %H:%M}{seconds}{ms} {calendar.time_zone}"


def bound(calendar: Calendar, text: str, *, later: bool) -> int:
    """A time, or the beginning of a local date; `later`: the date's end."""
    try:
        if not _DATE.fullmatch(text):
            return parse_instant(text)
        day = (date.fromisoformat(text) - _EPOCH_DAY).days + later
    except (InstantError, ValueError) as error:
        raise click.BadParameter(f"{error}; a date like 2026-01-31 is good too") from None
    return calendar.to_utc(day * DAY_MS)


def days(calendar: Calendar, begin: int, end: int) -> Iterator[str]:
    """One line per local date: its opening hours, or that it is closed."""
    first = calendar.to_local(begin) // DAY_MS
    last = calendar.to_local(max(begin, end - 1)) // DAY_MS
    if last - first >= _DAYS_MAX:
        raise click.UsageError(f"more than {_DAYS_MAX} days; ask about fewer, or --format json")
    for day in range(first, last + 1):
        a = max(begin, calendar.to_utc(day * DAY_MS))
        b = min(end, calendar.to_utc((day + 1) * DAY_MS))
        spans = [
            f"{_moment(calendar.to_local(x)):%H:%M}-{_closing(calendar, y, day)}"
            for x, y in calendar.intervals(a, b)
        ]
        yield f"{_moment(day * DAY_MS):%a %Y-%m-%d}  {', '.join(spans) or 'closed'}"
    yield f"open time: {span(calendar.between(begin, end))}"


def _closing(calendar: Calendar, instant: int, day: int) -> str:
    local = calendar.to_local(instant)
    return "24:00" if local == (day + 1) * DAY_MS else f"{_moment(local):%H:%M}"
