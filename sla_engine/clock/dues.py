"""Targets and dues: what the rules choose for a clock, and when it falls due."""

from __future__ import annotations

from typing import Any

from sla_engine.clock.business import (
    add_business_days,
    end_of_business_day,
    end_of_next_business_day,
    is_open,
    next_business_day_at,
    open_between,
    settled,
)
from sla_engine.clock.compiled import inner
from sla_engine.clock.far import far
from sla_engine.clock.layout import BREACHED, HIDDEN, MOVED, NEVER, PINNED
from sla_engine.clock.recount import recount_standing
from sla_engine.clock.rules import TargetMode, plans
from sla_engine.clock.stretches import GOAL_DUE, GOAL_MOVED, elapsed_at, reach, run_open
from sla_engine.clock.work import SEGMENTS, clocks, counts, incidents, recording, segments

_NONE = int(TargetMode.NONE)
_LENGTH = int(TargetMode.LENGTH)
_BUSINESS_DAYS = int(TargetMode.BUSINESS_DAYS)
_ATTRIBUTE = int(TargetMode.ATTRIBUTE)
_END_OF_DAY = int(TargetMode.END_OF_DAY)
_END_OF_NEXT_DAY = int(TargetMode.END_OF_NEXT_DAY)
_OPENED_AT = 1


@inner
def time_in(times: Any, opened: int, index: int) -> int:
    """A time attribute; `opened_at` is the opening when nothing set it. 0 = absent."""
    if index == _OPENED_AT and times[index] == 0:
        return opened
    return times[index]


@inner
def amount_of(plan: Any, times: Any, opened: int) -> int:
    """A plan's target as chosen: ms, days, a minute, or the instant of its attribute."""
    if plan["mode"] == _ATTRIBUTE:
        return time_in(times, opened, plan["amount"])
    return plan["amount"]


@inner
def has_target(plan: Any, times: Any, opened: int) -> bool:
    """Whether there is a clock: a policy has it, and the rules choose a target."""
    if plan["definition"] < 0 or plan["mode"] == _NONE:
        return False
    return plan["mode"] != _ATTRIBUTE or time_in(times, opened, plan["amount"]) != 0


@inner
def plan_of(rules: Any, work: Any, row: int, column: int) -> Any:
    """The plan in force for a column."""
    return plans(rules)[incidents(work)[row]["profile"], column]


@inner
def has_clock(rules: Any, work: Any, row: int, column: int) -> bool:
    """`has_target` of the plan in force."""
    incident = incidents(work)[row]
    plan = plans(rules)[incident["profile"], column]
    return has_target(plan, incident["times"], incident["opened"])


@far
def first_due(rules: Any, mode: int, amount: int, calendar: int, started: int) -> int:
    """The due of a clock started at `started`, for every target that is not a length."""
    if mode == _BUSINESS_DAYS:
        return add_business_days(rules, calendar, started, amount)
    if mode == _ATTRIBUTE:
        return settled(rules, calendar, amount)
    if mode == _END_OF_DAY:
        return end_of_business_day(rules, calendar, started)
    if mode == _END_OF_NEXT_DAY:
        return end_of_next_business_day(rules, calendar, started)
    return next_business_day_at(rules, calendar, started, amount)


@far
def target_from(rules: Any, mode: int, amount: int, calendar: int, started: int) -> int:
    """The target in ms: for days and dues the open time from the start to that due.

    Fixed at the start (policy-language, "Durations"); negative for a due before the start (D4).
    """
    if mode == _LENGTH:
        return amount
    due = first_due(rules, mode, amount, calendar, started)
    return open_between(rules, calendar, started, due)


@far
def own_target(rules: Any, work: Any, at: int, mode: int, amount: int, calendar: int) -> int:
    """`target_from` for a clock, some of whose stretches stay counted on an earlier calendar."""
    clock = clocks(work)[at]
    started = clock["started"]
    target = target_from(rules, mode, amount, calendar, started)
    if mode == _LENGTH or not recording(work):
        return target
    due = first_due(rules, mode, amount, calendar, started)
    for n in range(counts(work)[SEGMENTS]):
        segment = segments(work)[n]
        end = min(segment["end"], due)
        if segment["clock"] == at and segment["calendar"] >= 0 and segment["start"] < end:
            target -= open_between(rules, calendar, segment["start"], end)
            target += open_between(rules, segment["calendar"], segment["start"], end)
    return target


@far
def falls_on_opening(rules: Any, mode: int, amount: int, calendar: int, started: int) -> int:
    """Whether a due that is not a length is an opening instant, moved there or given so."""
    if mode == _LENGTH:
        return 0
    due = first_due(rules, mode, amount, calendar, started)
    return is_open(rules, calendar, due) and not is_open(rules, calendar, due - 1)


@far
def take_target(rules: Any, work: Any, at: int, mode: int, amount: int) -> int:
    """Give the clock this target, counted from its start on its calendar."""
    clock = clocks(work)[at]
    calendar = clock["calendar"]
    clock["choice_mode"] = mode
    clock["choice_amount"] = amount
    clock["target"] = own_target(rules, work, at, mode, amount, calendar)
    if falls_on_opening(rules, mode, amount, calendar, clock["started"]):
        clock["flags"] |= MOVED
    else:
        clock["flags"] &= 0xFFFF ^ MOVED
    return 0


@far
def visible_due(rules: Any, work: Any, at: int) -> int:
    """The due as things stand, pinned or counted; NEVER while it is not to be seen."""
    clock = clocks(work)[at]
    if clock["flags"] & PINNED:
        return clock["due"]
    calendar = clock["calendar"]
    if clock["target"] < 0:
        mode = clock["choice_mode"]
        return first_due(rules, mode, clock["choice_amount"], calendar, clock["started"])
    goal = GOAL_DUE | GOAL_MOVED if clock["flags"] & MOVED else GOAL_DUE
    return reach(rules, work, at, calendar, clock["target"], goal, 0)


@far
def show_due(rules: Any, work: Any, at: int) -> int:
    """Set `due` anew: "null while paused, unless pinned, or breached: then the due it broke"."""
    clock = clocks(work)[at]
    due = visible_due(rules, work, at)
    if due < NEVER:
        clock["due"] = due
        clock["flags"] &= 0xFFFF ^ HIDDEN
    else:
        hide_due(clock)
    return recount_standing(rules, work, at)


@inner
def hide_due(clock: Any) -> None:
    """The due was not reached before the clock stood still."""
    clock["due"] = clock["breached_at"] - 1 if clock["flags"] & BREACHED else NEVER
    clock["flags"] |= HIDDEN


@far
def target_now(rules: Any, work: Any, at: int, t: int) -> int:
    """The target at `t`; while pinned: elapsed plus the open time left to the due."""
    clock = clocks(work)[at]
    if clock["flags"] & PINNED == 0:
        return clock["target"]
    due = clock["due"]
    calendar = clock["calendar"]
    left = run_open(rules, work, at, calendar, min(t, due), max(t, due))
    return elapsed_at(rules, work, at, t) + (left if t <= due else -left)
