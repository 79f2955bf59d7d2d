"""Durations as the policy language writes them: `1h30m`, `20s`, `2bd`."""

from __future__ import annotations

import re
from typing import Final

from sla_engine.limits import (
    DAY_MS,
    DURATION_MAX_MS,
    DURATION_MIN_MS,
    HOUR_MS,
    MINUTE_MS,
    SECOND_MS,
)
from sla_engine.policy.model import BusinessDays

#: Units, largest first, with their milliseconds.
UNITS: Final = (("d", DAY_MS), ("h", HOUR_MS), ("m", MINUTE_MS), ("s", SECOND_MS), ("ms", 1))
BUSINESS_DAYS_MAX: Final = DURATION_MAX_MS // DAY_MS

BUSINESS_DAYS: Final = re.compile(r"([0-9]{1,9})bd")
PARTS: Final = re.compile("".join(f"(?:([0-9]{{1,15}}){unit})?" for unit, _ in UNITS))
_LOOSE = re.compile(r"(?:[0-9]+(?:bd|ms|[dhms]))+")


class DurationError(ValueError):
    """The text is no duration; the message says what one looks like."""


def parse_duration(text: str, *, zero: bool = False) -> int:
    """Milliseconds of `1h30m` and the like: 1s to 1000d (policy-language, "Durations").

    `zero` lets `0s` through, for options whose default it is. Raises DurationError.
    """
    if not text or not (found := PARTS.fullmatch(text)):
        raise DurationError(_why_not(text))
    total = sum(
        int(count) * size for count, (_, size) in zip(found.groups(), UNITS, strict=True) if count
    )
    if zero and total == 0:
        return 0
    if not DURATION_MIN_MS <= total <= DURATION_MAX_MS:
        raise DurationError(f"`{text}` is not between 1s and 1000d")
    return total


def parse_length(text: str) -> int | BusinessDays:
    """A target's length: a duration, or `Nbd` with N from 1 to 1000. Raises DurationError."""
    found = BUSINESS_DAYS.fullmatch(text)
    if not found:
        return parse_duration(text)
    days = int(found[1])
    if not 1 <= days <= BUSINESS_DAYS_MAX:
        raise DurationError(f"`{text}` is not between 1bd and {BUSINESS_DAYS_MAX}bd")
    return BusinessDays(days)


def format_duration(duration_ms: int) -> str:
    """The shortest way to write it, largest unit first; `0s` for none. Inverse of the parser."""
    parts = []
    rest = duration_ms
    for unit, size in UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def format_length(length: int | BusinessDays | None) -> str:
    """A target's length as the policy language writes it; None is `none`."""
    if length is None:
        return "none"
    return f"{length.days}bd" if isinstance(length, BusinessDays) else format_duration(length)


def says_days(text: str) -> bool:
    """Whether the text uses `d`, which is 24 h of open time and seldom what is meant."""
    found = PARTS.fullmatch(text)
    return bool(found and found[1])


def _why_not(text: str) -> str:
    if "bd" in text and _LOOSE.fullmatch(text):
        return f"`{text}`: business days stand alone and whole, like `2bd`, and only in a target"
    if _LOOSE.fullmatch(text):
        return f"`{text}`: each unit once, largest first, like `1h30m`"
    return f"`{text}` is no duration - write whole numbers with d, h, m, s or ms, like `1h30m`"
