"""A clock's life: rows, pause and resumption, the end of a cycle, a reopening."""

from __future__ import annotations

from typing import Any

from sla_engine.clock.business import open_between
from sla_engine.clock.compiled import inner
from sla_engine.clock.dues import hide_due, show_due, target_now
from sla_engine.clock.emit import emit_cleared
from sla_engine.clock.far import far
from sla_engine.clock.ladder import plan_next
from sla_engine.clock.layout import (
    BREACHED,
    BY_RESOLVE,
    DROPPED,
    HIDDEN,
    IRREGULAR,
    NEVER,
    PINNED,
    RESOLVED_TIME,
    State,
)
from sla_engine.clock.rebase import rebase
from sla_engine.clock.stretches import close_stretch, record_segment
from sla_engine.clock.work import (
    ARCHIVED,
    FREE_CLOCKS,
    SEGMENTS,
    archived,
    by_column,
    clocks,
    counts,
    free_clocks,
    incidents,
    recording,
    segments,
)

_NONE = int(State.NONE)
_RUNNING = int(State.RUNNING)
_PAUSED = int(State.PAUSED)


@far
def new_row(work: Any, row: int, column: int) -> int:
    """A clock row for this column, at the end of the incident's; cycle 0, state NONE."""
    free = counts(work)[FREE_CLOCKS] - 1
    at = free_clocks(work)[free]
    counts(work)[FREE_CLOCKS] = free
    clock = clocks(work)[at]
    clock["cycle"] = 0
    clock["pending"] = 0
    clock["column"] = column
    clock["definition"] = 0
    clock["calendar"] = 0
    clock["calendar_key"] = 0
    blank(clock)
    link_last(work, row, at)
    by_column(work)[column] = at
    return at


@inner
def link_last(work: Any, row: int, at: int) -> None:
    """Put a row that is in no list behind the incident's other clocks."""
    clocks(work)[at]["next"] = -1
    last = incidents(work)[row]["clocks"]
    if last < 0:
        incidents(work)[row]["clocks"] = at
        return
    while clocks(work)[last]["next"] >= 0:
        last = clocks(work)[last]["next"]
    clocks(work)[last]["next"] = at


@inner
def unlink(work: Any, row: int, at: int) -> None:
    """Take a row out of the incident's list."""
    before = incidents(work)[row]["clocks"]
    if before == at:
        incidents(work)[row]["clocks"] = clocks(work)[at]["next"]
        return
    while clocks(work)[before]["next"] != at:
        before = clocks(work)[before]["next"]
    clocks(work)[before]["next"] = clocks(work)[at]["next"]


@inner
def blank(clock: Any) -> None:
    """Clear everything but the row's link, column, cycle and what is pending."""
    clock["started"] = 0
    clock["since"] = 0
    clock["due"] = NEVER
    clock["target"] = 0
    clock["elapsed"] = 0
    clock["paused"] = 0
    clock["resolved"] = 0
    clock["excluded"] = 0
    clock["wall"] = 0
    clock["breached_at"] = 0
    clock["stopped"] = 0
    clock["next_at"] = NEVER
    clock["shift"] = 0
    clock["ack_since"] = 0
    clock["ack_until"] = 0
    clock["ack_shift"] = 0
    clock["once_at"] = 0
    clock["once"] = 0
    clock["reopens"] = 0
    clock["flags"] = 0
    clock["clears"] = 0
    clock["state"] = _NONE
    for n in range(len(clock["fired"])):
        clock["fired"][n] = 0
        clock["skipped"][n] = 0
    for n in range(len(clock["count"])):
        clock["count"][n] = 0


@far
def archive(rules: Any, work: Any, at: int) -> int:
    """Keep the cycle that is about to be replaced, when this fold records."""
    if not recording(work) or clocks(work)[at]["cycle"] == 0:
        return 0
    clocks(work)[at]["target"] = target_now(rules, work, at, clocks(work)[at]["stopped"])
    n = counts(work)[ARCHIVED]
    archived(work)[n] = clocks(work)[at]
    counts(work)[ARCHIVED] = n + 1
    for s in range(counts(work)[SEGMENTS]):
        if segments(work)[s]["clock"] == at:
            segments(work)[s]["clock"] = -2 - n
    return 0


@far
def pause(rules: Any, work: Any, row: int, at: int, t: int) -> int:
    """Stand still from `t` on; nothing fires, the waits that are left stay."""
    close_stretch(rules, work, at, t)
    clock = clocks(work)[at]
    clock["state"] = _PAUSED
    if clock["flags"] & PINNED == 0 and clock["due"] >= t:
        hide_due(clock)
    if clock["once"] != 0:
        incidents(work)[row]["flags"] |= IRREGULAR
    return plan_next(rules, work, row, at)


@far
def resume(rules: Any, work: Any, row: int, at: int, t: int) -> int:
    """Run on from `t`; a due that was not reached moves by the open time that was paused."""
    close_stretch(rules, work, at, t)
    clock = clocks(work)[at]
    clock["state"] = _RUNNING
    if clock["flags"] & PINNED:
        return rebase(rules, work, row, at, t)
    if clock["flags"] & HIDDEN:
        show_due(rules, work, at)
    return plan_next(rules, work, row, at)


@far
def end(rules: Any, work: Any, row: int, at: int, state: int, t: int, flags: int) -> int:
    """The cycle ends at `t` as MET or CANCELLED; those who were told hear it.

    `flags`: BY_RESOLVE or DROPPED, kept on the clock.
    """
    close_stretch(rules, work, at, t)
    clock = clocks(work)[at]
    clock["state"] = state
    clock["stopped"] = t
    clock["flags"] |= flags
    if clock["once"] != 0:
        incidents(work)[row]["flags"] |= IRREGULAR
    emit_cleared(rules, work, row, at)
    return plan_next(rules, work, row, at)


@far
def reopen(rules: Any, work: Any, row: int, at: int, t: int, paused: int) -> int:
    """The same cycle goes on; the time spent resolved never counts (D5)."""
    clock = clocks(work)[at]
    stopped = clock["stopped"]
    clock["resolved"] += open_between(rules, clock["calendar"], stopped, t)
    record_segment(work, at, stopped, t, RESOLVED_TIME)
    if clock["flags"] & BREACHED:
        clock["shift"] += max(0, t - max(stopped, clock["due"]))
    clock["since"] = t
    clock["stopped"] = 0
    clock["flags"] &= 0xFFFF ^ (BY_RESOLVE | DROPPED)
    clock["reopens"] += 1
    if clock["ack_until"] != 0 and clock["ack_until"] <= t:
        clock["ack_since"] = 0
        clock["ack_until"] = 0
    unreached = clock["flags"] & HIDDEN != 0 or clock["due"] >= stopped
    clock["state"] = _PAUSED if paused else _RUNNING
    if clock["flags"] & PINNED:
        return rebase(rules, work, row, at, t)
    if unreached:
        show_due(rules, work, at)
    return plan_next(rules, work, row, at)
