"""Business time in O(log n): kernels over flat tables, called by the clock's fold and by Python.

Every kernel takes `T` (CalendarTables), the index `c` of a calendar in it, and instants in UTC ms.
A calendar is open on [start, end) of each of its intervals. Where an answer lies beyond the
compiled span the result is `FAR` (or `LONG_AGO`, looking back); instants outside the span see
closed time. Nothing walks over days or intervals.

All kernels stay in this one file: a cached kernel is compiled anew only when its own file changes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar, cast

from numba import njit
from numpy import int64
from numpy.typing import NDArray

from sla_engine.calendar.layout import CalendarTables
from sla_engine.limits import DAY_MS, MINUTE_MS

FAR: Final = 1 << 60
"""Later than any instant: "never within the compiled span"."""
LONG_AGO: Final = -FAR
"""Earlier than any instant: the answer lies before the compiled span."""
HINT_SHIFT: Final = 27
"""One search hint per 2^27 ms (1.6 days): a search then takes a step or two instead of fifteen."""
OPEN_HINT_SHIFT: Final = 25
"""One per 2^25 ms (9.3 h) of open time, for the way back from open time to the interval."""

Ints = NDArray[int64]
_Kernel = TypeVar("_Kernel", bound=Callable[..., object])


def _kernel(function: _Kernel) -> _Kernel:
    return cast(_Kernel, njit(cache=True, nogil=True)(function))


def _part(function: _Kernel) -> _Kernel:
    """A kernel inlined into its callers: left to the compiler, `add_open` takes twice as long."""
    return cast(_Kernel, njit(cache=True, nogil=True, forceinline=True)(function))


@_part
def _upper(values: Ints, low: int, high: int, x: int) -> int:
    """First index in [low, high) whose value is > x, else high."""
    while low < high:
        middle = (low + high) >> 1
        if values[middle] <= x:
            low = middle + 1
        else:
            high = middle
    return low


@_part
def _lower(values: Ints, low: int, high: int, x: int) -> int:
    """First index in [low, high) whose value is >= x, else high."""
    while low < high:
        middle = (low + high) >> 1
        if values[middle] < x:
            low = middle + 1
        else:
            high = middle
    return low


@_part
def _interval(T: CalendarTables, c: int, t: int) -> int:
    """Number of the first interval that ends after t; the count of all if there is none."""
    row = T.rows[c]
    bucket = min(max((t - row["origin"]) >> HINT_SHIFT, 0), row["hints_last"])
    low = T.data[row["hints"] + bucket]
    high = T.data[row["hints"] + bucket + 1]
    ends = row["ends"]
    return int(_upper(T.data, ends + low, ends + high, t) - ends)


@_part
def _interval_reaching(T: CalendarTables, c: int, target: int) -> int:
    """Number of the interval in which the open time since the beginning reaches `target` > 0."""
    row = T.rows[c]
    bucket = min(target >> OPEN_HINT_SHIFT, row["open_hints_last"])
    low = T.data[row["open_hints"] + bucket]
    high = T.data[row["open_hints"] + bucket + 1]
    prefix = row["prefix"]
    return int(_lower(T.data, prefix + low, prefix + high, target) - prefix - 1)


@_part
def _open_before(T: CalendarTables, c: int, t: int) -> int:
    """Open ms from the beginning of the span to t."""
    row = T.rows[c]
    i = _interval(T, c, t)
    if i == row["count"]:
        return int(row["open_ms"])
    return int(T.data[row["prefix"] + i] + max(t - T.data[row["starts"] + i], 0))


@_kernel
def open_between(T: CalendarTables, c: int, a: int, b: int) -> int:
    """Open ms from a to b; negative when b is before a (design section 4)."""
    return _open_before(T, c, b) - _open_before(T, c, a)


@_kernel
def is_open(T: CalendarTables, c: int, t: int) -> bool:
    """Whether t lies in [start, end) of an interval."""
    row = T.rows[c]
    i = _interval(T, c, t)
    return bool(i < row["count"] and t >= T.data[row["starts"] + i])


@_kernel
def next_open(T: CalendarTables, c: int, t: int) -> int:
    """t if open then, else the next opening; a closing instant is not open."""
    row = T.rows[c]
    i = _interval(T, c, t)
    if i == row["count"]:
        return FAR
    return max(t, int(T.data[row["starts"] + i]))


@_kernel
def next_close(T: CalendarTables, c: int, t: int) -> int:
    """The first closing instant after t."""
    row = T.rows[c]
    i = _interval(T, c, t)
    if i == row["count"]:
        return FAR
    return int(T.data[row["ends"] + i])


@_kernel
def settle(T: CalendarTables, c: int, t: int) -> int:
    """t if open then or exactly at a closing, else the next opening.

    A due exactly at closing time stays at closing (design section 4), so this and not
    `next_open` moves a due that fell outside the hours.
    """
    row = T.rows[c]
    i = _interval(T, c, t)
    if i > 0 and T.data[row["ends"] + i - 1] == t:
        return t
    if i == row["count"]:
        return FAR
    return max(t, int(T.data[row["starts"] + i]))


@_kernel
def settle_back(T: CalendarTables, c: int, t: int) -> int:
    """t if open then or exactly at a closing, else the last closing before it."""
    row = T.rows[c]
    i = _interval(T, c, t)
    if i < row["count"] and t >= T.data[row["starts"] + i]:
        return t
    if i == 0:
        return LONG_AGO
    return int(T.data[row["ends"] + i - 1])


@_part
def _forward(T: CalendarTables, c: int, t: int, ms: int) -> int:
    """The earliest instant with `ms` > 0 of open time after t."""
    row = T.rows[c]
    target = _open_before(T, c, t) + ms
    i = _interval_reaching(T, c, target)
    due = int(T.data[row["starts"] + i] + target - T.data[row["prefix"] + i])
    return due if due <= T.data[row["ends"] + i] else FAR


@_part
def _backward(T: CalendarTables, c: int, t: int, ms: int) -> int:
    """The latest instant with `ms` > 0 of open time from it to t."""
    row = T.rows[c]
    target = _open_before(T, c, t) - ms
    if target < 0:
        return LONG_AGO
    # Open time reached at a closing is that before the next opening too, the later instant.
    i = _interval_reaching(T, c, target + 1)
    return int(T.data[row["starts"] + i] + target - T.data[row["prefix"] + i])


@_kernel
def add_open(T: CalendarTables, c: int, t: int, ms: int) -> int:
    """The earliest instant with `ms` of open time after t; so a due at closing stays at closing.

    `ms == 0` gives `settle(t)`: t itself if open or at a closing, else the next opening, where
    every longer time from t would begin too; hence add(add(t, x), y) == add(t, x + y) for all
    x, y >= 0. A negative `ms` looks back, as `sub_open` does.
    """
    if ms > 0:
        return _forward(T, c, t, ms)
    if ms < 0:
        return _backward(T, c, t, -ms)
    return settle(T, c, t)


@_kernel
def sub_open(T: CalendarTables, c: int, t: int, ms: int) -> int:
    """The latest instant with `ms` of open time from it to t; exactly at an opening it stays.

    `ms == 0` gives `settle_back(t)`: t itself if open or at a closing, else the last closing.
    A negative `ms` looks ahead, as `add_open` does.
    """
    if ms > 0:
        return _backward(T, c, t, ms)
    if ms < 0:
        return _forward(T, c, t, -ms)
    return settle_back(T, c, t)


@_kernel
def due_of_target(T: CalendarTables, c: int, start: int, target_ms: int, moved: bool) -> int:
    """The due recomputed from `target_ms`.

    A due that had been moved to an opening has the same open time before it as the closing
    before that opening: `moved` says which of the two is meant (policy-language, "Durations").
    """
    due = add_open(T, c, start, target_ms)
    return next_open(T, c, due) if moved else due


@_kernel
def due_at_time(T: CalendarTables, c: int, t: int) -> tuple[int, bool]:
    """(due, moved) of a `due_at` time: t, or the next opening when closed then (F15, G17)."""
    due = settle(T, c, t)
    return due, due != t


@_kernel
def to_local(T: CalendarTables, c: int, t: int) -> int:
    """Local ms since 1970-01-01T00:00 on the wall clock of the calendar's zone."""
    row = T.rows[c]
    utc = row["zone_utc"]
    k = _upper(T.data, utc, utc + row["zone_count"], t) - utc - 1
    return int(t + T.data[row["zone_offsets"] + k])


@_kernel
def to_utc(T: CalendarTables, c: int, local: int) -> int:
    """The instant of a local time: moved forward in a gap, the first one in an overlap."""
    row = T.rows[c]
    begins = row["zone_local"]
    k = _upper(T.data, begins, begins + row["zone_count"], local) - begins - 1
    return int(local - T.data[row["zone_offsets"] + k])


@_kernel
def same_time_business_day(T: CalendarTables, c: int, t: int, n: int) -> int:
    """The wall time of t on the nth open date after its date (before it, if n < 0).

    An open date is one on which open time begins: the early hours of Saturday that belong to a
    Friday night do not make Saturday one. The date of t is its local date, whatever the hours.
    """
    if n == 0:
        return t
    row = T.rows[c]
    local = to_local(T, c, t)
    begin, end = row["days"], row["days"] + row["day_count"]
    if n > 0:
        i = _upper(T.data, begin, end, local // DAY_MS) + n - 1
        if i >= end:
            return FAR
    else:
        i = _lower(T.data, begin, end, local // DAY_MS) + n
        if i < begin:
            return LONG_AGO
    return to_utc(T, c, int(T.data[i]) * DAY_MS + local % DAY_MS)


@_kernel
def business_days_due(T: CalendarTables, c: int, t: int, n: int) -> tuple[int, bool]:
    """(due, moved) of `Nbd`: the nth open date, same wall time, else the next opening (H07).

    With n < 0 the nth open date before, and the last closing when closed then.
    """
    at = same_time_business_day(T, c, t, n)
    due = settle(T, c, at) if n >= 0 else settle_back(T, c, at)
    return due, due != at


@_kernel
def add_business_days(T: CalendarTables, c: int, t: int, n: int) -> int:
    """The due of `business_days_due`."""
    return business_days_due(T, c, t, n)[0]


@_part
def _next_business_day(T: CalendarTables, c: int, t: int) -> int:
    """Number of the first open date after the local date of t: the date of `1bd`."""
    row = T.rows[c]
    days = row["days"]
    date = to_local(T, c, t) // DAY_MS
    return int(_upper(T.data, days, days + row["day_count"], date) - days)


@_kernel
def end_of_business_day(T: CalendarTables, c: int, t: int) -> int:
    """The last closing of the business day that is going on at t, or else begins next.

    After today's closing, or on a closed day, that is the next open date: a due in the past would
    promise nothing. During a night shift it is that shift's end, also after midnight, as the
    interval belongs to the day it begins.
    """
    row = T.rows[c]
    days, closes, count = row["days"], row["day_closes"], row["day_count"]
    date = to_local(T, c, t) // DAY_MS
    # An interval ends within two days of its date, and one of a later date has not begun at t: of
    # all the dates from here on, only the first few can be over.
    i = _lower(T.data, days, days + count, date - 2) - days
    while i < count and T.data[closes + i] <= t:
        i += 1
    return int(T.data[closes + i]) if i < count else FAR


@_kernel
def end_of_next_business_day(T: CalendarTables, c: int, t: int) -> int:
    """The last closing of the first open date after the local date of t, which is that of `1bd`.

    Before opening, at noon and after closing on a Monday that is Tuesday's; at the weekend it is
    Monday's.
    """
    row = T.rows[c]
    i = _next_business_day(T, c, t)
    return int(T.data[row["day_closes"] + i]) if i < row["day_count"] else FAR


@_kernel
def next_business_day_at(T: CalendarTables, c: int, t: int, minute: int) -> tuple[int, bool]:
    """(due, moved) of `next business day 16:00` (minute 960): that time of the date of `1bd`.

    Moved to the next opening when closed then.
    """
    row = T.rows[c]
    i = _next_business_day(T, c, t)
    if i >= row["day_count"]:
        return FAR, False
    local = int(T.data[row["days"] + i]) * DAY_MS + minute * MINUTE_MS
    return due_at_time(T, c, to_utc(T, c, local))
