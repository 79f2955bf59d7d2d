"""The calendar's kernels over the fold's bundle: one small wrapper each.

The calendar takes its tables as a NamedTuple of arrays; the wrappers make it from the bundle's
address, in one place, so that the fold's own kernels stay small for the compiler.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import overload

from sla_engine.calendar import kernels as calendar
from sla_engine.calendar.layout import CALENDAR, CalendarTables
from sla_engine.clock.compiled import inner
from sla_engine.clock.layout import CALENDAR_PLACE
from sla_engine.clock.memory import accessor, int64

_rows = accessor("rows", CALENDAR_PLACE, CALENDAR)
_data = accessor("data", CALENDAR_PLACE + 1, int64)


def _tables(rules: Any) -> CalendarTables:
    return rules.calendars  # type: ignore[no-any-return]


@overload(_tables)  # type: ignore[untyped-decorator]
def _compiled_tables(rules):  # type: ignore[no-untyped-def]
    if not isinstance(rules, types.Integer):
        return None
    return lambda rules: CalendarTables(_rows(rules), _data(rules))


@inner
def open_between(rules: Any, c: int, a: int, b: int) -> int:
    """See calendar.kernels.open_between."""
    return calendar.open_between(_tables(rules), c, a, b)


@inner
def add_open(rules: Any, c: int, t: int, ms: int) -> int:
    """See calendar.kernels.add_open."""
    return calendar.add_open(_tables(rules), c, t, ms)


@inner
def is_open(rules: Any, c: int, t: int) -> bool:
    """See calendar.kernels.is_open."""
    return calendar.is_open(_tables(rules), c, t)


@inner
def next_open(rules: Any, c: int, t: int) -> int:
    """See calendar.kernels.next_open."""
    return calendar.next_open(_tables(rules), c, t)


@inner
def due_at_time(rules: Any, c: int, t: int) -> tuple[int, bool]:
    """See calendar.kernels.due_at_time."""
    return calendar.due_at_time(_tables(rules), c, t)


@inner
def business_days_due(rules: Any, c: int, t: int, n: int) -> tuple[int, bool]:
    """See calendar.kernels.business_days_due."""
    return calendar.business_days_due(_tables(rules), c, t, n)


@inner
def end_of_business_day(rules: Any, c: int, t: int) -> int:
    """See calendar.kernels.end_of_business_day."""
    return calendar.end_of_business_day(_tables(rules), c, t)


@inner
def end_of_next_business_day(rules: Any, c: int, t: int) -> int:
    """See calendar.kernels.end_of_next_business_day."""
    return calendar.end_of_next_business_day(_tables(rules), c, t)


@inner
def next_business_day_at(rules: Any, c: int, t: int, minute: int) -> tuple[int, bool]:
    """See calendar.kernels.next_business_day_at."""
    return calendar.next_business_day_at(_tables(rules), c, t, minute)
