"""The calendar's kernels over the fold's bundle: one far kernel each.

The calendar takes its tables as a NamedTuple of arrays; here it is made from the bundle's
address, in one place, so that the fold's own kernels stay small for the compiler.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import overload

from sla_engine.calendar import kernels as calendar
from sla_engine.calendar.layout import CALENDAR, CalendarTables
from sla_engine.clock.far import far
from sla_engine.clock.memory import accessor, int64
from sla_engine.clock.rules import CALENDAR_PLACE

_rows = accessor("rows", CALENDAR_PLACE, CALENDAR)
_data = accessor("data", CALENDAR_PLACE + 1, int64)


def _tables(rules: Any) -> CalendarTables:
    return rules.calendars  # type: ignore[no-any-return]


@overload(_tables)  # type: ignore[untyped-decorator]
def _compiled_tables(rules):  # type: ignore[no-untyped-def]
    if not isinstance(rules, types.Integer):
        return None
    return lambda rules: CalendarTables(_rows(rules), _data(rules))


@far
def open_between(rules: Any, c: int, a: int, b: int) -> int:
    """See calendar.kernels.open_between."""
    return calendar.open_between(_tables(rules), c, a, b)


@far
def add_open(rules: Any, c: int, t: int, ms: int) -> int:
    """See calendar.kernels.add_open."""
    return calendar.add_open(_tables(rules), c, t, ms)


@far
def is_open(rules: Any, c: int, t: int) -> int:
    """See calendar.kernels.is_open."""
    return 1 if calendar.is_open(_tables(rules), c, t) else 0


@far
def next_open(rules: Any, c: int, t: int) -> int:
    """See calendar.kernels.next_open."""
    return calendar.next_open(_tables(rules), c, t)


@far
def next_edge(rules: Any, c: int, t: int) -> int:
    """The first opening or closing after `t`."""
    tables = _tables(rules)
    if calendar.is_open(tables, c, t):
        return calendar.next_close(tables, c, t)
    return calendar.next_open(tables, c, t)


@far
def settled(rules: Any, c: int, t: int) -> int:
    """A due given as a time: it, or the next opening when closed then."""
    return calendar.settle(_tables(rules), c, t)


@far
def add_business_days(rules: Any, c: int, t: int, n: int) -> int:
    """See calendar.kernels.business_days_due."""
    return calendar.add_business_days(_tables(rules), c, t, n)


@far
def end_of_business_day(rules: Any, c: int, t: int) -> int:
    """See calendar.kernels.end_of_business_day."""
    return calendar.end_of_business_day(_tables(rules), c, t)


@far
def end_of_next_business_day(rules: Any, c: int, t: int) -> int:
    """See calendar.kernels.end_of_next_business_day."""
    return calendar.end_of_next_business_day(_tables(rules), c, t)


@far
def next_business_day_at(rules: Any, c: int, t: int, minute: int) -> int:
    """See calendar.kernels.next_business_day_at."""
    return calendar.next_business_day_at(_tables(rules), c, t, minute)[0]
