"""Priority, target, calendar or policy of an open cycle changed (D3, D4, D16)."""

from __future__ import annotations

from typing import Any

from sla_engine.clock.compiled import inner
from sla_engine.clock.dues import (
    amount_of,
    falls_on_opening,
    first_due,
    has_clock,
    own_target,
    take_target,
)
from sla_engine.clock.edited import take_edited
from sla_engine.clock.far import far
from sla_engine.clock.layout import DROPPED, MOVED, PINNED, SWITCHES, State
from sla_engine.clock.lifecycle import end
from sla_engine.clock.rebase import rebase
from sla_engine.clock.recount import count_pauses, recount
from sla_engine.clock.rules import (
    OPT_DROP_PAUSES,
    TargetMode,
    definitions,
    plans,
    profiles,
)
from sla_engine.clock.starting import start
from sla_engine.clock.stretches import GOAL_DROP, GOAL_DUE, GOAL_MOVED, GOAL_RUN, reach
from sla_engine.clock.work import change, clocks, incidents

_CANCELLED = int(State.CANCELLED)
_ATTRIBUTE = int(TargetMode.ATTRIBUTE)

# policy.model.OnPriorityChange
KEEP_START, RESTART, KEEP_DUE, EARLIER = 0, 1, 2, 3

# What changed since the rules were last looked at.
CHOICE_CHANGED = 1
CALENDAR_CHANGED = 2
PRIORITY_CHANGED = 4
POLICY_CHANGED = 8
STEPS_CHANGED = 16


@far
def what_changed(rules: Any, work: Any, at: int, profile: int, amount: int) -> int:
    """Bits for what a profile's plan, choosing `amount`, changes for the clock."""
    clock = clocks(work)[at]
    plan = plans(rules)[profile, clock["column"]]
    found = 0
    if plan["mode"] != clock["seen_mode"] or amount != clock["seen_amount"]:
        found |= CHOICE_CHANGED
    if plan["calendar_key"] != clock["seen_calendar"]:
        found |= CALENDAR_CHANGED
    if profiles(rules)[profile]["priority"] != clock["seen_priority"]:
        found |= PRIORITY_CHANGED
    seen = definitions(rules)[clock["seen_definition"]]
    now = definitions(rules)[plan["definition"]]
    if now["policy"] != seen["policy"]:
        found |= POLICY_CHANGED
    if now["ladder"] != seen["ladder"]:
        found |= STEPS_CHANGED
    return found


@far
def retarget(rules: Any, work: Any, row: int, at: int, t: int) -> int:
    """Look at the rules anew for an open cycle and take what changed, in its mode."""
    clock = clocks(work)[at]
    incident = incidents(work)[row]
    if not has_clock(rules, work, row, clock["column"]):
        return end(rules, work, row, at, _CANCELLED, t, DROPPED)
    plan = plans(rules)[incident["profile"], clock["column"]]
    definition = definitions(rules)[plan["definition"]]
    amount = amount_of(plan, incident["times"], incident["opened"])
    changed = what_changed(rules, work, at, incident["profile"], amount)
    moved_due = (
        changed & CHOICE_CHANGED != 0
        and plan["mode"] == _ATTRIBUTE
        and clock["seen_mode"] == _ATTRIBUTE
    )
    edition = definitions(rules)[clock["seen_definition"]]["edition"]
    see(rules, clock, plan, incident["profile"], amount)
    if change(work)[0]["flags"] & SWITCHES and definition["edition"] != edition:
        return take_edited(rules, work, row, at, amount, t)
    if change(work)[0]["flags"] & SWITCHES:
        changed &= ~PRIORITY_CHANGED  # other labels only: nothing happened to the incident
    if changed == 0:
        return 0
    if changed == STEPS_CHANGED:
        return rebase(rules, work, row, at, t)
    if moved_due and changed == CHOICE_CHANGED:
        return take(rules, work, row, at, plan, amount, t)
    mode = definition["on_priority"]
    if mode == RESTART and clock["flags"] & PINNED == 0:
        end(rules, work, row, at, _CANCELLED, t, 0)
        return start(rules, work, row, clock["column"], t, False)
    if changed == PRIORITY_CHANGED:
        return 0
    keeps = mode == KEEP_DUE and not moved_due
    if mode == EARLIER:
        keeps = not is_earlier(rules, work, at, plan, amount, t)
    if keeps:
        return rebase(rules, work, row, at, t) if changed & POLICY_CHANGED else 0
    if definition["options"] & OPT_DROP_PAUSES:
        count_pauses(rules, work, at, t)
    return take(rules, work, row, at, plan, amount, t)


@inner
def see(rules: Any, clock: Any, plan: Any, profile: int, amount: int) -> None:
    """Remember what the rules chose at this look."""
    clock["seen_mode"] = plan["mode"]
    clock["seen_amount"] = amount
    clock["seen_calendar"] = plan["calendar_key"]
    clock["seen_priority"] = profiles(rules)[profile]["priority"]
    clock["seen_definition"] = plan["definition"]


@inner
def take(rules: Any, work: Any, row: int, at: int, plan: Any, amount: int, t: int) -> int:
    """The clock goes on with this target and calendar, counted from its start."""
    clock = clocks(work)[at]
    if plan["calendar"] != clock["calendar"]:
        recount(rules, work, at, plan["calendar"])
        clock["calendar_key"] = plan["calendar_key"]
    take_target(rules, work, at, plan["mode"], amount)
    return rebase(rules, work, row, at, t)


@inner
def is_earlier(rules: Any, work: Any, at: int, plan: Any, amount: int, t: int) -> bool:
    """D3, "earlier of both"; a paused clock compares as if it ran again at `t`."""
    clock = clocks(work)[at]
    drops = definitions(rules)[plan["definition"]]["options"] & OPT_DROP_PAUSES != 0
    calendar = plan["calendar"]
    mode = plan["mode"]
    started = clock["started"]
    target = own_target(rules, work, at, mode, amount, calendar)
    if target < 0:
        new = first_due(rules, mode, amount, calendar, started)
    else:
        goal = GOAL_DUE | GOAL_RUN | (GOAL_DROP if drops else 0)
        if falls_on_opening(rules, mode, amount, calendar, started):
            goal |= GOAL_MOVED
        new = reach(rules, work, at, calendar, target, goal, t)
    if clock["target"] < 0:
        mode = clock["choice_mode"]
        old = first_due(rules, mode, clock["choice_amount"], clock["calendar"], started)
    else:
        goal = GOAL_DUE | GOAL_RUN | (GOAL_MOVED if clock["flags"] & MOVED else 0)
        old = reach(rules, work, at, clock["calendar"], clock["target"], goal, t)
    return new < old
