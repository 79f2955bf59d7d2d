"""Instants as the contracts write them: RFC 3339 with an offset (contracts, first paragraph)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from sla_engine.limits import TIME_MAX_MS, TIME_MIN_MS

INSTANT = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?"
    r"(?:([Zz])|([+-])(\d{2}):(\d{2}))"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class InstantError(ValueError):
    """The text is no instant; the message says what one looks like."""


def parse_instant(text: str) -> int:
    """Milliseconds since the epoch; finer than ms is cut, coarser is taken at its start.

    Raises InstantError: not RFC 3339, no offset, or outside 1990..2100.
    """
    found = INSTANT.fullmatch(text)
    if found is None:
        raise InstantError(
            f"`{text}` is no instant - write it with an offset, like `2026-01-31T09:00:00+01:00`"
        )
    year, month, day, hour, minute, second, fraction, _, sign, hours, minutes = found.groups()
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    try:
        moment = datetime(
            int(year),
            int(month),
            int(day),
            int(hour),
            int(minute),
            int(second or 0),
            int((fraction or "")[:3].ljust(3, "0")) * 1000,
            timezone(-offset if sign == "-" else offset),
        )
    except ValueError as error:
        raise InstantError(f"`{text}` is no instant: {error}") from None
    instant = (moment - _EPOCH) // _MILLISECOND
    if not TIME_MIN_MS <= instant < TIME_MAX_MS:
        raise InstantError(f"`{text}` is outside 1990..2100")
    return instant


def format_instant(instant: int) -> str:
    """UTC with milliseconds, as all JSON is written: `2026-11-23T10:00:00.123Z`."""
    moment = _EPOCH + timedelta(milliseconds=instant)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{instant % 1000:03d}Z"
