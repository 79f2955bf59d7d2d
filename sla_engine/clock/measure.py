"""How a clock measures: open time so far, the instant at which an elapsed time is reached.

A clock's sums (`elapsed`, `paused`, `resolved`, `excluded`) are open time up to `anchor`.
While nothing but running time has passed since the start, the instant of any elapsed time
is a pure function of the start; otherwise the past needs the recorded segments.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from sla_engine.clock.business import (
    add_open,
    business_days_due,
    due_at_time,
    end_of_business_day,
    end_of_next_business_day,
    is_open,
    next_business_day_at,
    next_open,
    open_between,
)
from sla_engine.clock.compiled import inner
from sla_engine.clock.layout import (
    BREACHED,
    MOVED,
    NEVER,
    PAUSED_TIME,
    RESOLVED_TIME,
    RUNNING_TIME,
    State,
    TargetMode,
)
from sla_engine.clock.work import (
    SEGMENTS,
    clocks,
    counts,
    segments,
)

_RUNNING = int(State.RUNNING)
_PAUSED = int(State.PAUSED)
_LENGTH = int(TargetMode.LENGTH)
_BUSINESS_DAYS = int(TargetMode.BUSINESS_DAYS)
_ATTRIBUTE = int(TargetMode.ATTRIBUTE)
_END_OF_DAY = int(TargetMode.END_OF_DAY)
_END_OF_NEXT_DAY = int(TargetMode.END_OF_NEXT_DAY)
_NEXT_DAY_AT = int(TargetMode.NEXT_DAY_AT)


@inner
def record_segment(work: Any, at: int, start: int, end: int, kind: int) -> None:
    """Keep an interval of the clock's life, when the caller asked for segments."""
    if end > start and counts(work)[SEGMENTS] < len(segments(work)):
        n = counts(work)[SEGMENTS]
        segment = segments(work)[n]
        segment["start"] = start
        segment["end"] = end
        segment["clock"] = at
        segment["kind"] = kind
        counts(work)[SEGMENTS] = n + 1


@inner
def settle(rules: Any, work: Any, at: int, t: int) -> None:
    """Bring the sums of clock `at` up to instant `t`; earlier instants change nothing.

    After a breach the wall time spent paused or acknowledged moves the steps that follow.
    """
    clock = clocks(work)[at]
    anchor = clock["anchor"]
    if t <= anchor:
        return
    state = clock["state"]
    if state != _RUNNING and state != _PAUSED:
        return
    length = open_between(rules, clock["calendar"], anchor, t)
    if state == _RUNNING:
        clock["elapsed"] += length
        clock["wall"] += t - anchor
        record_segment(work, at, anchor, t, RUNNING_TIME)
    else:
        clock["paused"] += length
        record_segment(work, at, anchor, t, PAUSED_TIME)
    if clock["flags"] & BREACHED:
        if state == _PAUSED:
            clock["shift"] += t - anchor
        elif clock["ack_since"] != 0:
            clock["ack_shift"] += t - anchor
    clock["anchor"] = t


@inner
def only_ran(clock: Any) -> bool:
    """Whether all of its life so far was running time."""
    return clock["paused"] == 0 and clock["resolved"] == 0 and clock["excluded"] == 0


@inner
def instant_at(rules: Any, work: Any, at: int, elapsed: int) -> int:
    """When clock `at` has (had) run for `elapsed` ms: the first such millisecond.

    For the past of a clock that was paused the segments are walked; the caller makes sure
    that they were recorded (`looks_back`). A pause that began exactly when the time was
    reached comes first: the instant is then that of the resumption.
    """
    clock = clocks(work)[at]
    calendar = clock["calendar"]
    if elapsed <= 0:
        return clock["started"]
    if only_ran(clock):
        return add_open(rules, calendar, clock["started"], elapsed)
    if elapsed >= clock["elapsed"]:
        return add_open(rules, calendar, clock["anchor"], elapsed - clock["elapsed"])
    left = elapsed
    for n in range(counts(work)[SEGMENTS]):
        segment = segments(work)[n]
        if segment["clock"] != at or segment["kind"] != RUNNING_TIME:
            continue
        length = open_between(rules, calendar, segment["start"], segment["end"])
        if length >= left:
            return add_open(rules, calendar, segment["start"], left)
        left -= length
    return clock["anchor"]


@inner
def due_of(rules: Any, work: Any, at: int) -> int:
    """The due of a running clock from its target; a moved one never lands on a closing."""
    clock = clocks(work)[at]
    due = instant_at(rules, work, at, clock["target"])
    if clock["flags"] & MOVED and not is_open(rules, clock["calendar"], due):
        due = next_open(rules, clock["calendar"], due)
    return due


@inner
def first_due(
    rules: Any, incident: Any, plan: Any, calendar: int, started: int
) -> tuple[int, bool]:
    """(due, whether it was moved to an opening) of a clock started at `started`; NEVER: none."""
    mode = plan["mode"]
    amount = plan["amount"]
    if mode == _BUSINESS_DAYS:
        return business_days_due(rules, calendar, started, amount)
    if mode == _ATTRIBUTE:
        due = incident["times"][amount]
        if due == 0:
            return NEVER, False
        return due_at_time(rules, calendar, due)
    if mode == _END_OF_DAY:
        return end_of_business_day(rules, calendar, started), False
    if mode == _END_OF_NEXT_DAY:
        return end_of_next_business_day(rules, calendar, started), False
    if mode == _NEXT_DAY_AT:
        return next_business_day_at(rules, calendar, started, amount)
    return NEVER, False


@inner
def target_of(
    rules: Any, incident: Any, plan: Any, calendar: int, started: int
) -> tuple[int, bool, bool]:
    """(target ms, whether the due was moved to an opening, whether there is a target at all).

    For business days and dues the target is the open time from the start to that due, fixed
    at the start (policy-language, "Durations"); negative for a due before the start (D4).
    """
    if plan["mode"] == _LENGTH:
        return plan["amount"], False, True
    due, moved = first_due(rules, incident, plan, calendar, started)
    if due >= NEVER:
        return 0, False, False
    return open_between(rules, calendar, started, due), moved, True


@inner
def recount(rules: Any, work: Any, at: int, calendar: int) -> None:
    """Count the whole life of clock `at` again on another calendar, from its segments."""
    clock = clocks(work)[at]
    clock["calendar"] = calendar
    running = paused = resolved = excluded = 0
    for n in range(counts(work)[SEGMENTS]):
        segment = segments(work)[n]
        if segment["clock"] != at:
            continue
        length = open_between(rules, calendar, segment["start"], segment["end"])
        kind = segment["kind"]
        if kind == RUNNING_TIME:
            running += length
        elif kind == PAUSED_TIME:
            paused += length
        elif kind == RESOLVED_TIME:
            resolved += length
        else:
            excluded += length
    clock["elapsed"] = running
    clock["paused"] = paused
    clock["resolved"] = resolved
    clock["excluded"] = excluded


def segments_of(segments: NDArray[Any], at: int) -> NDArray[Any]:
    """The recorded segments of one clock row, in order."""
    return segments[segments["clock"] == at]
