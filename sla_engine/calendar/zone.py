"""IANA time zones as arrays, from the pinned `tzdata` package and never from the system (D18)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import cache, lru_cache
from importlib import import_module
from importlib.resources import files
from io import BytesIO
from struct import Struct, unpack_from
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from sla_engine.calendar.kernels import LONG_AGO
from sla_engine.errors import CalendarError
from sla_engine.limits import DAY_MS, SECOND_MS

#: A zone's file lists its changes up to the point from which a yearly rule holds. From there on
#: changes are looked for in steps of two weeks: a rule's two changes lie months apart.
_RULE_STEP_S: Final = 14 * 86_400
_HEADER = Struct(">4sc15x6L")
_ZONES_CACHED: Final = 128


@dataclass(frozen=True, slots=True, eq=False)
class ZoneTable:
    """A zone's UTC offsets: entry k holds from its instant until the next entry's.

    `utc` are UTC ms, `local` the local ms from which the offset holds, `offsets` ms east of UTC;
    the first entry begins `LONG_AGO`. `local` is placed so that a local time in a gap takes the
    offset before it (and so moves forward) and one in an overlap takes the first (design
    section 4).
    """

    name: str
    utc: NDArray[np.int64]
    local: NDArray[np.int64]
    offsets: NDArray[np.int64]

    def to_utc(self, local_ms: NDArray[np.int64]) -> NDArray[np.int64]:
        """UTC ms of local ms since 1970-01-01T00:00 on the wall clock."""
        return local_ms - self.offsets[np.searchsorted(self.local, local_ms, side="right") - 1]

    def skipped_days(self) -> NDArray[np.int64]:
        """Local dates (days since 1970) that never were, as the date line moved past them."""
        begins = self.utc[1:] + self.offsets[:-1]
        ends = self.utc[1:] + self.offsets[1:]
        skipped = [
            np.arange(-(-begin // DAY_MS), end // DAY_MS)
            for begin, end in zip(begins, ends, strict=True)
            if end - begin >= DAY_MS
        ]
        return np.concatenate([np.empty(0, np.int64), *skipped]).astype(np.int64)


def tzdata_version() -> str:
    """The release of the IANA database that every conversion uses, such as `2026f`."""
    version: str = import_module("tzdata").IANA_VERSION
    return version


@cache
def known_zones() -> frozenset[str]:
    """All zone names of the installed `tzdata`."""
    return frozenset(files("tzdata").joinpath("zones").read_text("ascii").split())


def check_zone(name: str) -> None:
    """Raises CalendarError, naming the nearest known zone, unless `name` is an IANA zone."""
    if name in known_zones():
        return
    near = get_close_matches(name, known_zones(), n=1)
    hint = f" - did you mean `{near[0]}`?" if near else ""
    raise CalendarError(f"unknown time zone {name!r}{hint}", code="UNKNOWN_ZONE")


@lru_cache(maxsize=_ZONES_CACHED)
def load_zone(name: str, first_year: int, last_year: int) -> ZoneTable:
    """The offsets of `name` from a year before `first_year` to a year after `last_year`."""
    check_zone(name)
    data = files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()
    zone = ZoneInfo.from_file(BytesIO(data), key=name)
    begin = int(datetime(first_year - 1, 1, 1, tzinfo=UTC).timestamp())
    end = int(datetime(last_year + 2, 1, 1, tzinfo=UTC).timestamp())
    changes = _changes(zone, _listed_changes(data), begin, end)
    utc = np.array([at for at, _ in changes], dtype=np.int64) * SECOND_MS
    offsets = np.array([offset for _, offset in changes], dtype=np.int64) * SECOND_MS
    local = utc.copy()
    local[1:] += np.maximum(offsets[:-1], offsets[1:])
    utc[0] = local[0] = LONG_AGO
    return ZoneTable(name, utc, local, offsets)


def _listed_changes(data: bytes) -> tuple[int, ...]:
    """The instants in seconds that a TZif file lists (RFC 9636: the second, 64-bit block)."""
    *_, isut, isstd, leap, times, types, chars = _HEADER.unpack_from(data)
    second = _HEADER.size + times * 5 + types * 6 + chars + leap * 8 + isstd + isut
    times = _HEADER.unpack_from(data, second)[-3]
    return unpack_from(f">{times}q", data, second + _HEADER.size)


def _changes(
    zone: ZoneInfo, listed: tuple[int, ...], begin: int, end: int
) -> list[tuple[int, int]]:
    """(instant, offset from then on) in seconds; the first is the offset at `begin`."""

    def offset(at: int) -> int:
        delta = datetime.fromtimestamp(at, zone).utcoffset()
        return 0 if delta is None else delta.days * 86_400 + delta.seconds

    found = [(begin, offset(begin))]
    for at in listed:
        if begin < at < end and offset(at) != found[-1][1]:
            found.append((at, offset(at)))
    for step in range(max((begin, *listed)), end, _RULE_STEP_S):
        after = offset(step + _RULE_STEP_S)
        if after != found[-1][1]:
            found.append((_first(offset, after, step, step + _RULE_STEP_S), after))
    return found


def _first(offset: Callable[[int], int], wanted: int, low: int, high: int) -> int:
    """The first second in (low, high] with the offset `wanted`, which `high` has."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if offset(middle) == wanted else (middle, high)
    return high
