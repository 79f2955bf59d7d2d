"""Lengths of time as one says them: `4 hours`, `2 business days`, `24 hours of open time`."""

from __future__ import annotations

from typing import Final

from sla_engine.limits import HOUR_MS
from sla_engine.policy.durations import UNITS
from sla_engine.policy.model import BusinessDays, Length

_WORDS: Final = {"d": "day", "h": "hour", "m": "minute", "s": "second", "ms": "millisecond"}


def spoken_length(length: Length, *, closes: bool) -> str:
    """What a target promises. `closes`: the calendar is not open day and night."""
    if length is None:
        return "no promise"
    if isinstance(length, BusinessDays):
        return _counted(length.days, "business day")
    return spoken_duration(length, closes=closes)


def spoken_duration(duration_ms: int, *, closes: bool = False) -> str:
    """A duration, largest unit first; where the calendar closes `1d` is 24 hours, not a day."""
    units = [(name, size) for name, size in UNITS if not (closes and name == "d")]
    parts = []
    rest = duration_ms
    for name, size in units:
        count, rest = divmod(rest, size)
        if count:
            parts.append(_counted(count, _WORDS[name]))
    said = " ".join(parts) or "at once"
    return f"{said} of open time" if closes and duration_ms >= 24 * HOUR_MS else said


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
