"""Why a clock says what it says: the intervals its times are made of, and the events at their ends.

Design section 3, promise 10: events and intervals that make up the elapsed time, summing exactly,
with the versions of policy and calendar. Made from a folded history alone, so that Redis and a
file of events give the same answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sla_engine.calendar import open_between
from sla_engine.clock.layout import (
    EXCLUDED_TIME,
    PAUSED_TIME,
    RESOLVED_TIME,
    RUNNING_TIME,
)
from sla_engine.engine.refold import Folded, Folder, is_shown
from sla_engine.engine.report import clock_reports
from sla_engine.event.cloudevent import to_cloudevent
from sla_engine.event.times import format_time, parse_time_text
from sla_engine.policy.editions import shown
from sla_engine.policy.vocabulary import DEFAULT_SET

_OF_SEGMENT: Final = ("kind", "start", "end", "calendar")
#: What an interval counts as -> its name, and the member of a clock that it adds to.
KINDS: Final = {
    RUNNING_TIME: ("running", "elapsed_ms"),
    PAUSED_TIME: ("paused", "paused_ms"),
    RESOLVED_TIME: ("resolved", "resolved_ms"),
    EXCLUDED_TIME: ("excluded", "excluded_ms"),
}


def explain(folder: Folder, folded: Folded, allowed: Sequence[str] = ()) -> dict[str, Any]:
    """One incident, folded with intervals (`Folder.fold(..., report=True)`), explained.

    `clocks`: each clock as reported (contracts section 3) with its `calendar`, `calendar_version`,
    `time_zone` and `intervals` {counts_as, from, to, open_ms, wall_ms, events}; `events` are the
    ids of the events at the instant at which the interval began, of excluded time those that
    excluded it. `events` and `alerts` of the incident stand beside them.
    """
    alerts = folder.render(folded, allowed)
    reports = {_cycle(report): report for report in clock_reports(folder.book, folded, alerts)}
    events = [_event(folded, int(row)) for row in folded.order]
    events = [event for event in events if event["time"] <= format_time(folded.until)]
    clocks = []
    for row, segments in with_segments(folded):
        if is_shown(row):
            column = folder.book.definitions.columns[int(row["column"])]
            report = reports[(*column, int(row["cycle"]))]
            own = [event for event in events if _excludes(event, *column)]
            clocks.append({**report, **_intervals(folder, row, segments, events, own)})
    clocks.sort(key=_cycle)
    return {
        "tenant": folded.timeline.tenant,
        "incident": folded.timeline.incident,
        "as_of": format_time(folded.until),
        "events": events,
        "clocks": clocks,
        "alerts": alerts,
    }


def _cycle(report: dict[str, Any]) -> tuple[str, str, int]:
    return report["set"], report["clock"], report["cycle"]


def _event(folded: Folded, row: int) -> dict[str, Any]:
    batch = folded.batch
    return to_cloudevent(batch.data, batch.events[row], batch.spans)


def with_segments(folded: Folded) -> Iterable[tuple[Any, NDArray[Any]]]:
    """Every cycle with its intervals; past cycles are numbered -2, -3, ... in them."""
    for number, row in enumerate(folded.ended):
        yield row, folded.segments[folded.segments["clock"] == -2 - number]
    for number, row in enumerate(folded.clocks):
        yield row, folded.segments[folded.segments["clock"] == number]


def _intervals(
    folder: Folder,
    row: Any,
    segments: NDArray[Any],
    events: Sequence[dict[str, Any]],
    excluding: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    calendar = int(row["calendar"])
    compiled = folder.book.calendars.compiled(calendar)
    tables = folder.book.calendars.tables
    at: dict[str, list[str]] = {}
    for event in events:
        at.setdefault(event["time"], []).append(event["id"])
    made = []
    for kind, start, end, counted in joined(segments):
        begin = format_time(start)
        counted = calendar if counted < 0 else counted
        causes = at.get(begin, [])
        if kind == EXCLUDED_TIME:
            causes = [event["id"] for event in excluding if _covers(event, start, end)]
        elif not causes:
            causes = [e["id"] for e in excluding if e["data"]["exclude"]["to"] == begin]
        made.append(
            {
                "counts_as": KINDS[kind][0],
                "from": begin,
                "to": format_time(end),
                "open_ms": int(
                    open_between(tables, calendar if counted < 0 else counted, start, end)
                ),
                "wall_ms": end - start,
                "events": causes,
            }
        )
    return {
        "calendar": shown(compiled.name),
        "calendar_version": compiled.version,
        "time_zone": compiled.time_zone,
        "intervals": made,
    }


def _excludes(event: dict[str, Any], set_name: str, clock: str) -> bool:
    """Whether an event takes time out of this clock."""
    data = event["data"]
    named = (data.get("set") or DEFAULT_SET, data.get("clock"))
    return "exclude" in data and named == (set_name, clock)


def _covers(event: dict[str, Any], start: int, end: int) -> bool:
    """Whether some of the interval is what the event excludes: neighbours are shown as one."""
    given = event["data"]["exclude"]
    return parse_time_text(given["from"]) < end and start < parse_time_text(given["to"])


def joined(segments: NDArray[Any]) -> list[tuple[int, int, int, int]]:
    """(kind, start, end, calendar) in order of time, neighbours of one kind as one.

    `calendar` is the one that they are counted on, -1: the clock's.
    """
    made: list[tuple[int, int, int, int]] = []
    for n in np.argsort(segments["start"], kind="stable"):
        kind, start, end, calendar = (int(segments[name][n]) for name in _OF_SEGMENT)
        if made and made[-1][0] == kind and made[-1][2:] == (start, calendar):
            made[-1] = (kind, made[-1][1], end, calendar)
        else:
            made.append((kind, start, end, calendar))
    return made


def sums(intervals: Iterable[dict[str, Any]]) -> dict[str, int]:
    """Open time by member of a clock: what the intervals add up to."""
    found = {member: 0 for _, member in KINDS.values()}
    names = dict(KINDS.values())
    for interval in intervals:
        found[names[interval["counts_as"]]] += interval["open_ms"]
    return found
