"""A clock's stretches of time: the one going on, the sums of those before, what they reach.

A clock's life is a row of stretches that count as running, paused or resolved. The CLOCK row
has the sums up to `since`, the begin of the stretch going on; a fold that records keeps every
earlier stretch as a SEGMENT.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sla_engine.clock.business import add_open, next_open, open_between
from sla_engine.clock.compiled import inner
from sla_engine.clock.far import far
from sla_engine.clock.layout import (
    BREACHED,
    NEVER,
    PAUSED_TIME,
    RUNNING_TIME,
    State,
)
from sla_engine.clock.work import (
    EXCLUDES,
    SEGMENTS,
    clocks,
    counts,
    excludes,
    recording,
    segments,
)

_RUNNING = int(State.RUNNING)
_PAUSED = int(State.PAUSED)

#: What `reach` is asked for.
GOAL_DUE = 1  # the due itself, not a threshold on the way
GOAL_MOVED = 2  # the due is an opening
GOAL_DROP = 4  # pauses count as running
GOAL_RUN = 8  # as if the clock ran from the instant given on


@far
def excluded_open(rules: Any, work: Any, column: int, calendar: int, a: int, b: int) -> int:
    """Open time in [a, b) that was taken out of the column's clocks; calendar -1: wall time."""
    total = 0
    reached = a
    for n in range(counts(work)[EXCLUDES]):
        if excludes(work)[n]["column"] != column:
            continue
        begin = max(excludes(work)[n]["begin"], reached)
        end = min(excludes(work)[n]["end"], b)
        if begin < end:
            total += end - begin if calendar < 0 else open_between(rules, calendar, begin, end)
            reached = end
    return total


@far
def run_open(rules: Any, work: Any, at: int, calendar: int, a: int, b: int) -> int:
    """Open time in [a, b), without what was taken out."""
    total = open_between(rules, calendar, a, b)
    if counts(work)[EXCLUDES] > 0:
        total -= excluded_open(rules, work, clocks(work)[at]["column"], calendar, a, b)
    return total


@far
def run_add(rules: Any, work: Any, at: int, calendar: int, begin: int, amount: int) -> int:
    """The first instant with `amount` of running time after `begin`."""
    reached = begin
    for n in range(counts(work)[EXCLUDES]):
        exclude = excludes(work)[n]
        if exclude["column"] != clocks(work)[at]["column"] or exclude["end"] <= reached:
            continue
        if exclude["begin"] > reached:
            found = add_open(rules, calendar, reached, amount)
            if found <= exclude["begin"]:
                return found
            amount -= open_between(rules, calendar, reached, exclude["begin"])
        reached = exclude["end"]
    return add_open(rules, calendar, reached, amount)


@far
def reached_from(
    rules: Any, work: Any, at: int, calendar: int, begin: int, left: int, goal: int
) -> int:
    """When a running stretch that begins at `begin` has used up `left`.

    A threshold that was passed before is reached at the begin; a due settles into open time.
    """
    if left <= 0 and goal & GOAL_DUE == 0:
        return begin
    instant = run_add(rules, work, at, calendar, begin, max(0, left))
    if goal & GOAL_DUE and goal & GOAL_MOVED:
        instant = next_open(rules, calendar, instant)
    return instant


@far
def reach(rules: Any, work: Any, at: int, calendar: int, need: int, goal: int, t: int) -> int:
    """The first instant with `need` of running time used up; NEVER while it is not to be seen.

    A stretch that ends exactly then does not reach it: the event that ended it came first, and
    the wait that is left, none, follows it (contracts section 1, policy-language "Escalation
    step"). `t` matters for GOAL_DROP and GOAL_RUN only.
    """
    clock = clocks(work)[at]
    done = clock["elapsed"] if not recording(work) else 0
    begin = NEVER
    end = NEVER
    counted = np.int32(-1)  # the calendar that the stretches from `begin` on stay counted on
    if recording(work):
        for n in range(counts(work)[SEGMENTS]):
            segment = segments(work)[n]
            if segment["clock"] != at:
                continue
            kind = segment["kind"]
            own = segment["calendar"]
            drops = kind == PAUSED_TIME and goal & GOAL_DROP != 0 and own < 0
            if kind != RUNNING_TIME and not drops:
                continue
            if begin < NEVER and (segment["start"] != end or own != counted):
                used = counted if counted >= 0 else calendar
                instant = reached_from(rules, work, at, used, begin, need - done, goal)
                if instant < end:
                    return instant
                done += run_open(rules, work, at, used, begin, end)
                begin = NEVER
            if begin == NEVER:
                begin = segment["start"]
            end = segment["end"]
            counted = own
    running = clock["state"] == _RUNNING
    latest = NEVER
    if running or (clock["state"] == _PAUSED and goal & GOAL_DROP):
        latest = clock["since"]
    elif goal & GOAL_RUN:
        latest = t
    if begin < NEVER and (latest != end or counted >= 0):
        used = counted if counted >= 0 else calendar
        instant = reached_from(rules, work, at, used, begin, need - done, goal)
        if instant < end:
            return instant
        done += run_open(rules, work, at, used, begin, end)
        begin = NEVER
    if latest == NEVER:
        return NEVER
    if begin == NEVER:
        begin = latest
    instant = reached_from(rules, work, at, calendar, begin, need - done, goal)
    if running or goal & GOAL_RUN or instant < t:
        return instant
    return NEVER


@far
def elapsed_at(rules: Any, work: Any, at: int, t: int) -> int:
    """Running time of clock `at` used up at instant `t`."""
    clock = clocks(work)[at]
    calendar = clock["calendar"]
    if t <= clock["started"]:
        return 0
    if t >= clock["since"]:
        if clock["state"] != _RUNNING:
            return clock["elapsed"]
        return clock["elapsed"] + run_open(rules, work, at, calendar, clock["since"], t)
    if not recording(work):
        return run_open(rules, work, at, calendar, clock["started"], t)
    total = 0
    for n in range(counts(work)[SEGMENTS]):
        segment = segments(work)[n]
        if segment["clock"] == at and segment["kind"] == RUNNING_TIME and segment["start"] < t:
            end = min(t, segment["end"])
            used = segment["calendar"] if segment["calendar"] >= 0 else calendar
            total += run_open(rules, work, at, used, segment["start"], end)
    return total


@inner
def record_segment(work: Any, at: int, start: int, end: int, kind: int) -> None:
    """Keep a stretch that is over, when this fold records."""
    if end > start and recording(work):
        n = counts(work)[SEGMENTS]
        segment = segments(work)[n]
        segment["start"] = start
        segment["end"] = end
        segment["clock"] = at
        segment["kind"] = kind
        segment["calendar"] = -1
        counts(work)[SEGMENTS] = n + 1


@far
def close_stretch(rules: Any, work: Any, at: int, t: int) -> int:
    """Add the stretch going on to the sums; the next one begins at `t`.

    After the breach the wall time in which the clock did not run, or ran acknowledged, moves
    the steps that follow.
    """
    clock = clocks(work)[at]
    since = clock["since"]
    if t <= since:
        return 0
    calendar = clock["calendar"]
    length = open_between(rules, calendar, since, t)
    begin = max(since, clock["due"])
    if clock["state"] == _RUNNING:
        wall = t - since
        if counts(work)[EXCLUDES] > 0:
            out = excluded_open(rules, work, clock["column"], calendar, since, t)
            clock["excluded"] += out
            length -= out
            wall -= excluded_open(rules, work, clock["column"], -1, since, t)
        clock["elapsed"] += length
        clock["wall"] += wall
        record_segment(work, at, since, t, RUNNING_TIME)
        if clock["flags"] & BREACHED and clock["ack_since"] != 0:
            clock["ack_shift"] += max(0, t - max(begin, clock["ack_since"]))
    elif clock["state"] == _PAUSED:
        clock["paused"] += length
        record_segment(work, at, since, t, PAUSED_TIME)
        if clock["flags"] & BREACHED:
            clock["shift"] += max(0, t - begin)
    clock["since"] = t
    return 0
