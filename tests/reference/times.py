"""Instants (integer milliseconds since 1970, UTC) and durations as the texts write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?([Zz]|[+-]\d\d:\d\d)?)?$"
)
_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def parse_time(text: str) -> int:
    """RFC 3339 -> ms. "finer than ms cut, coarser taken at its start" (contracts, head)."""
    match = _RFC3339.match(text)
    if match is None:
        raise ValueError(f"not a time: {text!r}")
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    moment = datetime(
        int(year), int(month), int(day), int(hour or 0), int(minute or 0), 0, tzinfo=UTC
    )
    ms = int((moment - EPOCH) / timedelta(milliseconds=1)) + int(second or 0) * 1000
    ms += int(((fraction or "") + "000")[:3])
    if offset and offset not in "Zz":
        sign = 1 if offset[0] == "+" else -1
        ms -= sign * (int(offset[1:3]) * 60 + int(offset[4:6])) * 60_000
    return ms


def format_time(ms: int | None) -> str | None:
    """ms -> text, "written in UTC with milliseconds" (contracts, head)."""
    if ms is None:
        return None
    moment = EPOCH + timedelta(milliseconds=ms)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


def parse_duration(text: str) -> tuple[str, int]:
    """`1h30m` -> ("ms", 5400000); `2bd` -> ("bd", 2).

    "Durations `ms s m h d bd`, joined largest first"; "`bd` stands alone, whole" (language).
    """
    text = text.strip()
    days = re.fullmatch(r"(\d+)bd", text)
    if days:
        return ("bd", int(days.group(1)))
    parts = re.findall(r"(\d+)(ms|s|m|h|d)", text)
    if not parts or "".join(n + u for n, u in parts) != text:
        raise ValueError(f"not a duration: {text!r}")
    return ("ms", sum(int(n) * _UNITS[u] for n, u in parts))


def duration_ms(text: str) -> int:
    """A duration that cannot be in business days (`wait`, `hold`, `grace`, steps)."""
    unit, amount = parse_duration(text)
    if unit != "ms":
        raise ValueError(f"not a plain duration: {text!r}")
    return amount
