"""Changing a clock's past, in a fold that records: other calendar, other start, pauses counted."""

from __future__ import annotations

from typing import Any

from sla_engine.clock.business import open_between
from sla_engine.clock.compiled import inner
from sla_engine.clock.far import far
from sla_engine.clock.layout import (
    BREACHED,
    NEVER,
    PAUSED_TIME,
    RESOLVED_TIME,
    RUNNING_TIME,
    State,
)
from sla_engine.clock.stretches import close_stretch, excluded_open, record_segment
from sla_engine.clock.work import (
    ACKS,
    EXCLUDES,
    SEGMENTS,
    acks,
    clocks,
    counts,
    recording,
    segments,
)

_RUNNING = int(State.RUNNING)
_PAUSED = int(State.PAUSED)
#: SEGMENT.clock of a stretch that was taken away.
_NO_CLOCK = -1


@far
def recount(rules: Any, work: Any, at: int, calendar: int) -> int:
    """Count the stretches before `since` anew, on this calendar."""
    clock = clocks(work)[at]
    clock["calendar"] = calendar
    if not recording(work):
        return 0
    clock["elapsed"] = 0
    clock["paused"] = 0
    clock["resolved"] = 0
    clock["excluded"] = 0
    clock["wall"] = 0
    column = clock["column"]
    for n in range(counts(work)[SEGMENTS]):
        segment = segments(work)[n]
        if segment["clock"] != at:
            continue
        start = segment["start"]
        end = segment["end"]
        used = segment["calendar"] if segment["calendar"] >= 0 else calendar
        length = open_between(rules, used, start, end)
        if segment["kind"] == PAUSED_TIME:
            clock["paused"] += length
        elif segment["kind"] == RESOLVED_TIME:
            clock["resolved"] += length
        else:
            clock["wall"] += end - start
            if counts(work)[EXCLUDES] > 0:
                out = excluded_open(rules, work, column, used, start, end)
                clock["excluded"] += out
                length -= out
                clock["wall"] -= excluded_open(rules, work, column, -1, start, end)
            clock["elapsed"] += length
    return 0


@inner
def ack_overlap(work: Any, at: int, begin: int, end: int) -> int:
    """How much of the clock's running time lies in an acknowledgement [begin, end) after the due.

    The stretch going on counts only for one that has ended: what lasts is added at its end.
    """
    clock = clocks(work)[at]
    begin = max(begin, clock["due"])
    total = 0
    for n in range(counts(work)[SEGMENTS]):
        segment = segments(work)[n]
        if segment["clock"] == at and segment["kind"] == RUNNING_TIME:
            total += max(0, min(segment["end"], end) - max(segment["start"], begin))
    if clock["state"] == _RUNNING and end < NEVER:
        total += max(0, end - max(clock["since"], begin))
    return total


@far
def recount_standing(rules: Any, work: Any, at: int) -> int:
    """The wall time since the due in which steps after the breach stood still, for a new due."""
    clock = clocks(work)[at]
    clock["shift"] = 0
    clock["ack_shift"] = 0
    if not recording(work) or clock["flags"] & BREACHED == 0:
        return 0
    for n in range(counts(work)[SEGMENTS]):
        segment = segments(work)[n]
        if segment["clock"] == at and segment["kind"] != RUNNING_TIME:
            clock["shift"] += max(0, segment["end"] - max(segment["start"], clock["due"]))
    for n in range(counts(work)[ACKS]):
        ack = acks(work)[n]
        if ack["clock"] == at:
            clock["ack_shift"] += ack_overlap(work, at, ack["begin"], ack["end"])
    return 0


@far
def count_pauses(rules: Any, work: Any, at: int, t: int) -> int:
    """carry_pauses: false turns the pauses up to `t` into elapsed time (D4)."""
    if clocks(work)[at]["state"] == _PAUSED:
        close_stretch(rules, work, at, t)
    for n in range(counts(work)[SEGMENTS]):
        segment = segments(work)[n]
        if segment["clock"] == at and segment["kind"] == PAUSED_TIME and segment["calendar"] < 0:
            segment["kind"] = RUNNING_TIME
    return recount(rules, work, at, clocks(work)[at]["calendar"])


@inner
def first_segment(work: Any, at: int) -> int:
    """The earliest recorded stretch of a clock, or -1."""
    for n in range(counts(work)[SEGMENTS]):
        if segments(work)[n]["clock"] == at:
            return n
    return -1


@inner
def run_before(work: Any, at: int, n: int, start: int, end: int) -> None:
    """Put a running stretch before the n-th recorded one (-1: there is none)."""
    record_segment(work, at, start, end, RUNNING_TIME)
    if n < 0:
        return
    last = counts(work)[SEGMENTS] - 1
    for m in range(last, n, -1):
        segments(work)[m] = segments(work)[m - 1]
    segments(work)[n]["start"] = start
    segments(work)[n]["end"] = end
    segments(work)[n]["clock"] = at
    segments(work)[n]["kind"] = RUNNING_TIME
    segments(work)[n]["calendar"] = -1


@far
def move_start(rules: Any, work: Any, at: int, start: int) -> int:
    """Start the cycle at another instant; what lies before the old start counts as running."""
    clock = clocks(work)[at]
    first = first_segment(work, at)
    if start < clock["started"]:
        if first >= 0 and segments(work)[first]["kind"] == RUNNING_TIME:
            segments(work)[first]["start"] = start
        elif first >= 0 or clock["state"] != _RUNNING:
            end = segments(work)[first]["start"] if first >= 0 else clock["since"]
            run_before(work, at, first, start, end)
        else:
            clock["since"] = start
    else:
        for n in range(counts(work)[SEGMENTS]):
            segment = segments(work)[n]
            if segment["clock"] == at and segment["end"] <= start:
                segment["clock"] = _NO_CLOCK
            elif segment["clock"] == at and segment["start"] < start:
                segment["start"] = start
        clock["since"] = max(clock["since"], start)
    clock["started"] = start
    return recount(rules, work, at, clock["calendar"])
