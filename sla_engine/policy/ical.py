"""Holidays from an iCalendar file: whole-day events, repeated yearly or not (RFC 5545)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from sla_engine.calendar.spec import Holiday, YearlyHoliday

_DAYS_MAX: Final = 366
_YEARLY: Final = "FREQ=YEARLY"


class IcalError(ValueError):
    """The file is no calendar of whole days; `line` says where."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def read_holidays(text: str) -> tuple[Holiday, ...]:
    """The days of all events, in the order of the file. Raises IcalError."""
    if "BEGIN:VCALENDAR" not in text:
        raise IcalError(1, "is no iCalendar file (no BEGIN:VCALENDAR)")
    found: dict[Holiday, None] = {}
    for line, event in _events(text):
        found.update(dict.fromkeys(_days(line, event)))
    return tuple(found)


def _events(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and properties of each VEVENT; parameters of a property are dropped."""
    event: dict[str, str] | None = None
    began = 0
    for number, line in _lines(text):
        name, _, value = line.partition(":")
        name = name.partition(";")[0].upper()
        if line == "BEGIN:VEVENT":
            event, began = {}, number
        elif line == "END:VEVENT" and event is not None:
            yield began, event
            event = None
        elif event is not None:
            event[name] = value.strip()


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Unfolded lines with the number of their first physical line."""
    number = 1
    pending = ""
    began = 1
    for line in text.splitlines():
        if line[:1] in (" ", "\t"):
            pending += line[1:]
        else:
            if pending:
                yield began, pending
            pending, began = line, number
        number += 1
    if pending:
        yield began, pending


def _days(line: int, event: dict[str, str]) -> Iterator[Holiday]:
    first = _date(line, event.get("DTSTART", ""))
    last = _date(line, event["DTEND"]) if "DTEND" in event else first + timedelta(days=1)
    count = max(1, (last - first).days)
    if count > _DAYS_MAX:
        raise IcalError(line, f"an event of more than {_DAYS_MAX} days is no holiday")
    rule = event.get("RRULE")
    if rule is not None and rule.upper().rstrip(";") != _YEARLY:
        raise IcalError(line, f"an event repeats by `{rule}` - only {_YEARLY} is understood")
    for number in range(count):
        day = first + timedelta(days=number)
        yield day if rule is None else YearlyHoliday(day.month, day.day)


def _date(line: int, text: str) -> date:
    try:
        if len(text) == 8:
            return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        pass
    raise IcalError(line, f"`{text}` is no whole day - an event needs DTSTART;VALUE=DATE:20261225")
