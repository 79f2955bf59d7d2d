"""One number for the end state and one for the alerts, whatever order they come in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

#: The due of a clock within a line: 13 digits, ms since 1970.
_DUE = re.compile(r"/(\d{13})/")
_MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Checksum:
    """Sums modulo 2^64 of 64-bit hashes, and how many there were of each."""

    incidents: int
    state: str
    alerts: int
    alert_ids: str


def checksum(lines: Iterable[str], alerts: Iterable[str], begin_ms: int) -> Checksum:
    """Of the lines (dues counted from the job's begin, so that it may begin any time) and ids."""
    relative = [_DUE.sub(lambda due: f"/{int(due[1]) - begin_ms}/", line) for line in lines]
    ids = set(alerts)
    return Checksum(len(relative), _sum(relative), len(ids), _sum(ids))


def _sum(texts: Iterable[str]) -> str:
    hashes = (blake2b(text.encode(), digest_size=8).digest() for text in texts)
    return f"{sum(int.from_bytes(each, 'big') for each in hashes) & _MASK:016x}"
