"""Business time, in one run: `python -m benchmarks.calendars [--count N]`.

The kernels against what a Python program would take instead: numpy's business days (whole ones),
pandas' business hours, and a loop that walks from day to day. All answers are for one office in
London, Monday to Friday from 9 to 17, with England's bank holidays. Pandas is left out when not
installed. Figures go to results/calendars.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sla_engine.calendar import (
    CalendarSpec,
    CalendarTables,
    CountryHoliday,
    add_open,
    build_tables,
    compile_calendar,
    country_dates,
    open_between,
)

Ints = NDArray[np.int64]
HOUR_MS = 3_600_000
OPEN, CLOSE = clock_time(9), clock_time(17)
LONDON = ZoneInfo("Europe/London")
BEGIN = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp()) * 1000
YEAR_MS = 365 * 24 * HOUR_MS
RUNS = 5
#: The slow ones are asked less often.
SLOW = 2_000


@njit(cache=True, nogil=True)
def add_all(tables: CalendarTables, begins: Ints, lengths: Ints, out: Ints) -> None:
    """The deadline of each length from each instant."""
    for n in range(len(begins)):
        out[n] = add_open(tables, 0, begins[n], lengths[n])


@njit(cache=True, nogil=True)
def between_all(tables: CalendarTables, begins: Ints, ends: Ints, out: Ints) -> None:
    """The open time between each pair of instants."""
    for n in range(len(begins)):
        out[n] = open_between(tables, 0, begins[n], ends[n])


def walked(begin_ms: int, length_ms: int, holidays: set[Any]) -> int:
    """A deadline as most desks' code finds it: from day to day."""
    now = datetime.fromtimestamp(begin_ms / 1000, LONDON)
    left = timedelta(milliseconds=length_ms)
    while True:
        day = now.date()
        if day.weekday() < 5 and day not in holidays:
            opens = datetime.combine(day, OPEN, LONDON)
            closes = datetime.combine(day, CLOSE, LONDON)
            start = max(now, opens)
            if start < closes:
                free = closes - start
                if left <= free:
                    return int((start + left).timestamp() * 1000)
                left -= free
        now = datetime.combine(day + timedelta(days=1), clock_time(0), LONDON)


def rate(work: Callable[[], object], count: int) -> dict[str, float]:
    """Answers per second over RUNS runs."""
    work()
    found = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        work()
        found.append(count / (time.perf_counter() - begun))
    return {"min": round(min(found)), "median": round(median(found)), "max": round(max(found))}


def measure(count: int) -> dict[str, dict[str, float]]:
    """Answers per second of each way."""
    spec = CalendarSpec(
        "office",
        "Europe/London",
        {day: ((540, 1020),) for day in range(5)},
        holidays=(CountryHoliday("GB", "ENG"),),
    )
    tables = build_tables([compile_calendar(spec, None, 2025, 2028)])
    drawn = np.random.default_rng(1)
    begins = BEGIN + drawn.integers(0, YEAR_MS, count)
    lengths = drawn.integers(1, 80 * HOUR_MS, count)
    deadlines = np.empty(count, np.int64)
    open_time = np.empty(count, np.int64)
    found = {
        "kernel: add": rate(lambda: add_all(tables, begins, lengths, deadlines), count),
        "kernel: between": rate(lambda: between_all(tables, begins, deadlines, open_time), count),
    }
    assert (open_time == lengths).all()
    free = {date.fromisoformat(day) for day in country_dates({"office": spec})["office"]}
    slow = list(zip(begins[:SLOW].tolist(), lengths[:SLOW].tolist(), strict=True))
    assert [walked(*each, free) for each in slow] == deadlines[:SLOW].tolist()
    found["loop from day to day: add"] = rate(lambda: [walked(*each, free) for each in slow], SLOW)
    days = begins.astype("datetime64[ms]").astype("datetime64[D]")
    ends = deadlines.astype("datetime64[ms]").astype("datetime64[D]")
    week = np.busdaycalendar(holidays=sorted(free))
    whole = lengths // (8 * HOUR_MS)
    found["numpy: busday_offset, whole days"] = rate(
        lambda: np.busday_offset(days, whole, "forward", busdaycal=week), count
    )
    found["numpy: busday_count, whole days"] = rate(
        lambda: np.busday_count(days, ends, busdaycal=week), count
    )
    if find_spec("pandas"):
        found["pandas: CustomBusinessHour, whole hours"] = _pandas(begins, lengths, sorted(free))
    return found


def _pandas(begins: Ints, lengths: Ints, holidays: list[Any]) -> dict[str, float]:
    import pandas as pd

    hour = pd.offsets.CustomBusinessHour(start=OPEN, end=CLOSE, holidays=holidays)
    stamps = [pd.Timestamp(each, unit="ms") for each in begins[:SLOW].tolist()]
    hours = (lengths[:SLOW] // HOUR_MS).tolist()
    return rate(lambda: [a + n * hour for a, n in zip(stamps, hours, strict=True)], SLOW)


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calendars", description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    options = parser.parse_args()
    found = measure(options.count)
    for name, figures in found.items():
        least, most = figures["min"], figures["max"]
        print(f"{name:<42} {figures['median']:>14,.0f} /s  ({least:,.0f} to {most:,.0f})")
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    kept = {
        "command": f"python -m benchmarks.calendars --count {options.count}",
        "machine": machine,
    }
    path = Path(__file__).parent / "results" / "calendars.json"
    path.write_text(json.dumps({**kept, "per_second": found}, indent=2) + "\n")
    print(f"kept in {path}")


if __name__ == "__main__":
    main()
