"""RFC 3339 time stamps: text to milliseconds in a kernel, milliseconds to the one written form."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np

from sla_engine.event.compiled import kernel
from sla_engine.event.hashing import as_bytes
from sla_engine.limits import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS

BAD_TIME = -(1 << 62)
"""What `parse_time` answers when the text is no time stamp with an offset."""

_TWO, _FOUR = np.int64(2), np.int64(4)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_DAY_SECONDS = DAY_MS // SECOND_MS


@kernel
def digits(data: Any, at: Any, count: Any) -> Any:
    """The decimal number of `count` digits from `at`; -1 if one of them is no digit."""
    value: Any = 0
    for i in range(count):
        digit = np.int64(data[at + i]) - 48
        if digit < 0 or digit > 9:
            return -1
        value = value * 10 + digit
    return value


@kernel
def days_in_month(year: Any, month: Any) -> Any:
    """28..31, by the Gregorian calendar."""
    if month == 2:
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        return 29 if leap else 28
    return 30 if month in (4, 6, 9, 11) else 31


@kernel
def days_since_1970(year: Any, month: Any, day: Any) -> Any:
    """Days from 1970-01-01 to a Gregorian date, negative before it.

    Years are counted from March, so that the leap day is the last day of its year.
    """
    if month <= 2:
        year -= 1
        month += 12
    before_month = (153 * (month - 3) + 2) // 5
    before_year = 365 * year + year // 4 - year // 100 + year // 400
    return before_year + before_month + day - 1 - 719468


@kernel
def parse_date(data: Any, at: Any) -> Any:
    """Milliseconds at the start of `YYYY-MM-DD` at `at`; BAD_TIME if there is no such day."""
    year = digits(data, at, _FOUR)
    month = digits(data, at + 5, _TWO)
    day = digits(data, at + 8, _TWO)
    if year < 0 or month < 1 or month > 12 or day < 1 or day > days_in_month(year, month):
        return BAD_TIME
    if data[at + 4] != 45 or data[at + 7] != 45:
        return BAD_TIME
    return days_since_1970(year, month, day) * DAY_MS


@kernel
def parse_offset(data: Any, at: Any, end: Any) -> Any:
    """Milliseconds of `Z` or `+hh:mm` / `-hh:mm` from `at` up to `end`; BAD_TIME otherwise."""
    if at + 1 == end and (data[at] == 90 or data[at] == 122):
        return 0
    if at + 6 != end or data[at + 3] != 58 or (data[at] != 43 and data[at] != 45):
        return BAD_TIME
    hours = digits(data, at + 1, _TWO)
    minutes = digits(data, at + 4, _TWO)
    if hours < 0 or hours > 23 or minutes < 0 or minutes > 59:
        return BAD_TIME
    length = hours * HOUR_MS + minutes * MINUTE_MS
    return length if data[at] == 43 else -length


@kernel
def parse_fraction(data: Any, at: Any, end: Any) -> Any:
    """(milliseconds, position after) of `.fff...` at `at`; finer than ms is cut. (-1, at): bad."""
    first = at + 1
    p = first
    value: Any = 0
    scale = 100
    while p < end and data[p] >= 48 and data[p] <= 57:
        value += (np.int64(data[p]) - 48) * scale
        scale //= 10
        p += 1
    if p == first:
        return -1, at
    return value, p


@kernel
def is_leap_second(minute_start: Any) -> Any:
    """May the UTC minute that begins here have a 61st second: the last one of a month?"""
    next_day = minute_start + MINUTE_MS
    if next_day % DAY_MS != 0:
        return False
    days = next_day // DAY_MS + 719468
    era_day = days % 146097
    year_of_era = (era_day - era_day // 1460 + era_day // 36524 - era_day // 146096) // 365
    day_of_year = era_day - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month = (5 * day_of_year + 2) // 153
    return day_of_year == (153 * month + 2) // 5


@kernel
def parse_time(data: Any, start: Any, end: Any) -> Any:
    """Milliseconds since 1970 of the RFC 3339 text in data[start:end]; BAD_TIME if it is none.

    Read at any precision from hours on (`2026-11-23T10Z`): finer than ms is cut, coarser is taken
    at its start; a missing offset is an error (contracts, head). A leap second
    is the last millisecond of its minute, so that no instant passes another.
    """
    if end - start < 14:
        return BAD_TIME
    date = parse_date(data, start)
    mark = data[start + 10]
    hour = digits(data, start + 11, _TWO)
    if date == BAD_TIME or (mark != 84 and mark != 116 and mark != 32) or hour < 0 or hour > 23:
        return BAD_TIME
    p = start + 13
    minute = 0
    second = 0
    ms = 0
    if end - p >= 4 and data[p] == 58:
        minute = digits(data, p + 1, _TWO)
        p += 3
        if end - p >= 4 and data[p] == 58:
            second = digits(data, p + 1, _TWO)
            p += 3
            if data[p] == 46:
                ms, p = parse_fraction(data, p, end)
    if minute < 0 or minute > 59 or second < 0 or second > 60 or ms < 0 or p >= end:
        return BAD_TIME
    offset = parse_offset(data, p, end)
    if offset == BAD_TIME:
        return BAD_TIME
    minute_start = date + hour * HOUR_MS + minute * MINUTE_MS - offset
    if second == 60:
        if not is_leap_second(minute_start):
            return BAD_TIME
        return minute_start + MINUTE_MS - 1
    return minute_start + second * SECOND_MS + ms


def parse_time_text(text: str) -> int:
    """`parse_time` of a Python text."""
    data = as_bytes(text)
    return int(parse_time(data, 0, len(data)))


def format_time(instant_ms: int) -> str:
    """The written form of contracts: UTC with milliseconds, `2026-11-23T10:00:00.123Z`.

    Only years 1..9999 can be written.
    """
    second, ms = divmod(instant_ms, SECOND_MS)
    return f"{_written_second(second)}.{ms:03d}Z"


# The alerts of a turn share their seconds: 0.5 us for a known one, 2.6 us to write it anew.
@lru_cache(maxsize=4096)
def _written_second(second: int) -> str:
    """Date and time of a second since 1970."""
    day, second = divmod(second, _DAY_SECONDS)
    minute, second = divmod(second, 60)
    hour, minute = divmod(minute, 60)
    return f"{_written_day(day)}T{hour:02d}:{minute:02d}:{second:02d}"


@lru_cache(maxsize=4096)
def _written_day(day: int) -> str:
    """The date of a day since 1970."""
    return date.fromordinal(_EPOCH_DAY + day).isoformat()
