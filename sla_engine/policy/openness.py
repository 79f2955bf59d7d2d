"""Whether a clock's calendar never closes."""

from __future__ import annotations

from collections.abc import Mapping

from sla_engine.calendar.spec import MINUTES_PER_DAY, CalendarSpec
from sla_engine.policy.model import CalendarChoice


def always_open(choice: CalendarChoice, calendars: Mapping[str, CalendarSpec]) -> bool:
    """True when every calendar that may be chosen is open day and night."""
    if choice.name is not None:
        names = {choice.name}
    elif choice.by_priority is not None:
        names = {*choice.by_priority.values(), choice.default}
    else:
        names = {*calendars}
    return all(_never_closes(calendars[name]) for name in names if name in calendars)


def _never_closes(spec: CalendarSpec) -> bool:
    whole = all((0, MINUTES_PER_DAY) in spec.hours.get(day, ()) for day in range(7))
    return whole and not spec.holidays and not spec.dates
