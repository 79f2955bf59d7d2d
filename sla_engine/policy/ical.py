"""Holidays from an iCalendar file: its whole days, repeated as their rules say (RFC 5545).

The file is parsed by `icalendar`, rules are expanded by `dateutil`. What cannot be a holiday of
whole days is an error rather than left out: a half day would be measured as an open one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import islice, takewhile
from typing import Any, Final

from dateutil.rrule import rrulestr
from icalendar import Calendar

from sla_engine.calendar import FIRST_YEAR, LAST_YEAR
from sla_engine.calendar.spec import Holiday

_DAYS_MAX: Final = 366
#: Days on which one event may fall; more is no feed of holidays.
_TIMES_MAX: Final = 10_000
_FREQUENCIES: Final = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY")
_FIRST, _LAST = date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31)
_DAY: Final = timedelta(days=1)


class IcalError(ValueError):
    """The file is no calendar of whole days; `line` says where."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def read_holidays(text: str) -> tuple[Holiday, ...]:
    """The days of all events, in the order of the file. Raises IcalError."""
    if "BEGIN:VCALENDAR" not in text.upper():
        raise IcalError(1, "is no iCalendar file (no BEGIN:VCALENDAR)")
    try:
        calendars = Calendar.from_ical(text, multiple=True)
    except ValueError as error:
        raise IcalError(1, f"is no iCalendar file: {error}") from None
    placed = _placed(text, [event for each in calendars for event in each.walk("VEVENT")])
    moved = {_instance(line, event) for line, event in placed if "RECURRENCE-ID" in event}
    found: dict[Holiday, None] = {}
    for line, event in placed:
        if str(event.get("STATUS", "")).upper() != "CANCELLED":
            found.update(dict.fromkeys(_days(line, event, moved)))
    return tuple(found)


def _placed(text: str, events: Sequence[Any]) -> list[tuple[int, Any]]:
    """The events with the lines where they begin; none has a property that was not understood."""
    begins = [
        number
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip().upper() == "BEGIN:VEVENT" and line[:1] not in (" ", "\t")
    ]
    if len(begins) != len(events) or "END:VCALENDAR" not in text.upper():
        raise IcalError((begins or [1])[-1], "an event, or the calendar, does not end")
    for line, event in zip(begins, events, strict=True):
        if event.errors:
            name, why = event.errors[0]
            raise IcalError(line, f"{name}: {why}")
    return list(zip(begins, events, strict=True))


def _instance(line: int, event: Any) -> tuple[str, date]:
    """The repetition that an event stands in for."""
    if any("RANGE" in each.params for each in _several(event, "RECURRENCE-ID")):
        raise IcalError(line, "`RANGE` of RECURRENCE-ID is not understood; write a series anew")
    return str(event.get("UID", "")), _date(line, event, "RECURRENCE-ID")


def _days(line: int, event: Any, moved: set[tuple[str, date]]) -> Iterator[date]:
    first = _date(line, event, "DTSTART")
    count = _length(line, event, first)
    begins: Iterable[date] = [first]
    if "RECURRENCE-ID" not in event:
        own = str(event.get("UID", ""))
        begins = (day for day in _repeated(line, event, first) if (own, day) not in moved)
    for begin in begins:
        for number in range(count):
            day = begin + number * _DAY
            if _FIRST <= day <= _LAST:
                yield day


def _length(line: int, event: Any, first: date) -> int:
    """How many days an event lasts."""
    if "DTEND" in event:
        count = (_date(line, event, "DTEND") - first).days
    elif lengths := _several(event, "DURATION"):
        lasts = lengths[0].dt
        count = lasts.days
        if lasts % _DAY:
            raise IcalError(line, f"an event lasts {lasts}, not whole days")
    else:
        count = 1
    if count < 0:
        raise IcalError(line, "an event ends before it begins")
    if count > _DAYS_MAX:
        raise IcalError(line, f"an event of more than {_DAYS_MAX} days is no holiday")
    return max(1, count)


def _repeated(line: int, event: Any, first: date) -> Iterable[date]:
    """The first days of an event and of its repetitions, ascending."""
    if "EXRULE" in event:
        raise IcalError(line, "`EXRULE` is not understood; write `EXDATE`")
    days = {first, *_listed(line, event, "RDATE")}
    for rule in _several(event, "RRULE"):
        days.update(_ruled(line, rule, first))
    return sorted(days - set(_listed(line, event, "EXDATE")))


def _ruled(line: int, rule: Any, first: date) -> Iterator[date]:
    parts, last = dict(rule), _midnight(_LAST)
    written = rule.to_ical().decode()
    if str(parts.get("FREQ", [""])[0]).upper() not in _FREQUENCIES:
        raise IcalError(line, f"an event repeats by `{written}` - days repeat {_FREQUENCIES}")
    if "COUNT" not in parts:  # a zone or a time of day says nothing about whole days
        until = parts.get("UNTIL", [_LAST])[0]
        until = datetime.combine(until, time.max) if _is_day(until) else until.replace(tzinfo=None)
        parts["UNTIL"] = [min(until, last)]
    try:
        begins = rrulestr(type(rule)(parts).to_ical().decode(), dtstart=_midnight(first))
        found = list(islice(takewhile(lambda begin: begin <= last, begins), _TIMES_MAX + 1))
    except (ValueError, IndexError, OverflowError) as error:
        raise IcalError(line, f"an event repeats by `{written}`: {error}") from None
    if len(found) > _TIMES_MAX:
        raise IcalError(line, f"an event repeats by `{written}`, more than {_TIMES_MAX} times")
    yield from (begin.date() for begin in found)


def _listed(line: int, event: Any, name: str) -> Iterator[date]:
    """The days of RDATE or EXDATE, however many properties they are written in."""
    for listed in _several(event, name):
        for item in listed.dts:
            given = item.dt
            yield _whole(line, name, given[0] if isinstance(given, tuple) else given)


def _several(event: Any, name: str) -> list[Any]:
    given = event.get(name, [])
    return given if isinstance(given, list) else [given]


def _date(line: int, event: Any, name: str) -> date:
    given = _several(event, name)
    if len(given) != 1:
        raise IcalError(line, f"an event has {'more than one' if given else 'no'} {name}")
    return _whole(line, name, given[0].dt)


def _whole(line: int, name: str, given: object) -> date:
    """A date, or a midnight in its own zone, which is how some programs write whole days."""
    if isinstance(given, datetime) and given.time() == time.min:
        return given.date()
    if isinstance(given, date) and _is_day(given):
        return given
    raise IcalError(line, f"{name} {given} is no whole day - write {name};VALUE=DATE:20261225")


def _is_day(given: date | datetime) -> bool:
    return not isinstance(given, datetime)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min)
