"""One column at one event: rematch, then the first of stop > cancel > reset > ... > start."""

from __future__ import annotations

from typing import Any

import numpy as np

from sla_engine.clock.compiled import inner
from sla_engine.clock.layout import (
    BY_RESOLVE,
    CANCEL,
    CUSTOMER_SPOKE,
    LOST,
    NEVER,
    OPT_FROM_START,
    OPT_HAS_RESUME,
    OPT_RECURS,
    OPT_SEQUENTIAL,
    PAUSE,
    REPLY,
    RESET,
    RESUME,
    START,
    STOP,
    Kind,
    State,
    TargetMode,
    columns,
    conditions,
    definitions,
    plans,
    profiles,
)
from sla_engine.clock.lifecycle import (
    RESTART,
    drop,
    end,
    is_active,
    new_row,
    pause,
    reopen,
    resume,
    retarget,
    start,
)
from sla_engine.clock.situation import (
    BY_ENGINE,
    REOPENED,
    RESOLVED_CLASS,
)
from sla_engine.clock.work import (
    Outcome,
    by_column,
    clocks,
    incidents,
)
from sla_engine.event.layout import EventType

_DONE = int(Outcome.DONE)
_NEED_SITUATION = int(Outcome.NEED_SITUATION)
_NEED_HISTORY = int(Outcome.NEED_HISTORY)
_NEED_ROOM = int(Outcome.NEED_ROOM)

_RUNNING = int(State.RUNNING)
_PAUSED = int(State.PAUSED)
_MET = int(State.MET)
_CANCELLED = int(State.CANCELLED)
_WAITING = int(State.WAITING)
_SCHEDULED = int(State.SCHEDULED)
_NONE = int(State.NONE)

_NEXT_RESPONSE = int(Kind.NEXT_RESPONSE)
_UPDATE = int(Kind.UPDATE)
_RESOLUTION = int(Kind.RESOLUTION)
_CUSTOM = int(Kind.CUSTOM)

_CREATED = int(EventType.CREATED)
_ACKNOWLEDGED = int(EventType.ACKNOWLEDGED)
_UNACKNOWLEDGED = int(EventType.UNACKNOWLEDGED)
_MERGED = int(EventType.MERGED)
_DELETED = int(EventType.DELETED)

_ATTRIBUTE = int(TargetMode.ATTRIBUTE)

# policy.model.OnReopen
_CONTINUE, _NEW, _IGNORE, _GRACE = 0, 1, 2, 3


@inner
def plan_differs(rules: Any, old: int, new: int, column: int, moved_times: int) -> bool:
    """Whether the column's plan changed: definition, target, calendar or its due attribute."""
    a = plans(rules)[old, column]
    b = plans(rules)[new, column]
    if b["mode"] == _ATTRIBUTE and moved_times >> b["amount"] & 1:
        return True
    return not same_but_due(a, b)


@inner
def on_event(  # type: ignore[no-untyped-def]
    rules, work, row, column, t, old_profile, first, before, then, now, change, moved_times
):
    """One column at one event: rematch, then the first of stop > cancel > ... > start."""
    incident = incidents(work)[row]
    plan = plans(rules)[incident["profile"], column]
    had = not first and plans(rules)[old_profile, column]["definition"] >= 0
    at = by_column(work)[column]
    bits = conditions(rules)[now, column]
    active = at >= 0 and is_active(clocks(work)[at])
    if active and then != now and ended_by(rules, work, row, column, at, t, then, change):
        if plan["definition"] < 0 or bits & (STOP | CANCEL):
            return
        active = False
    if plan["definition"] < 0:
        if at >= 0:
            if active:
                end(rules, work, row, at, _CANCELLED, t, False)
                clocks(work)[at]["flags"] |= LOST
            elif clocks(work)[at]["state"] == _SCHEDULED:
                drop(work, at)
        return
    if active:
        on_active(rules, work, row, column, at, t, bits, old_profile, change, moved_times)
        return
    on_idle(rules, work, row, column, t, bits, before, had, first, change)


@inner
def ended_by(rules, work, row, column, at, t, then, change):  # type: ignore[no-untyped-def]
    """Whether the rules that were in force before the event end the clock on it."""
    bits = conditions(rules)[then, column]
    by_resolve = incidents(work)[row]["status"] >= RESOLVED_CLASS
    if bits & STOP:
        end(rules, work, row, at, _MET, t, by_resolve)
    elif bits & (CANCEL | RESET):
        end(rules, work, row, at, _CANCELLED, t, by_resolve)
    return bits & (STOP | CANCEL | RESET) != 0


@inner
def on_active(  # type: ignore[no-untyped-def]
    rules, work, row, column, at, t, bits, old_profile, change, moved_times
):
    """A running or paused clock meets an event."""
    incident = incidents(work)[row]
    profile = np.int64(incident["profile"])
    plan = plans(rules)[profile, column]
    clock = clocks(work)[at]
    by_resolve = incident["status"] >= RESOLVED_CLASS
    recurs = definitions(rules)[plan["definition"]]["options"] & OPT_RECURS != 0
    if bits & STOP:
        due = clock["due"]
        end(rules, work, row, at, _MET, t, by_resolve)
        if recurs and bits & START and incident["status"] < RESOLVED_CLASS:
            begin_next(rules, work, row, column, plan, due, t, bits)
        return
    if bits & CANCEL:
        end(rules, work, row, at, _CANCELLED, t, by_resolve)
        return
    if bits & RESET:
        end(rules, work, row, at, _CANCELLED, t, False)
        if bits & START:
            start(rules, work, row, column, plan, t, t, bits & PAUSE != 0)
        return
    old_plan = plans(rules)[old_profile, column]
    by_due = same_but_due(old_plan, plan)
    differs = plan["definition"] != clock["definition"] or plan_differs(
        rules, old_profile, profile, column, moved_times
    )
    priority_changed = (
        profiles(rules)[old_profile]["priority"] != profiles(rules)[profile]["priority"]
    )
    restart = definitions(rules)[plan["definition"]]["on_priority"] == RESTART
    if restart and (priority_changed or (differs and not by_due)):
        end(rules, work, row, at, _CANCELLED, t, False)
        start(rules, work, row, column, plan, t, t, bits & PAUSE != 0)
        return
    if differs:
        retarget(rules, work, row, at, plan, t, by_due)
        if not is_active(clock):
            return
    if clock["state"] == _RUNNING:
        if bits & PAUSE:
            pause(rules, work, row, at, t)
    elif change.situation & BY_ENGINE:
        return
    elif definitions(rules)[plan["definition"]]["options"] & OPT_HAS_RESUME:
        if bits & RESUME and bits & PAUSE == 0:
            resume(rules, work, row, at, t)
    elif bits & PAUSE == 0:
        resume(rules, work, row, at, t)


@inner
def same_but_due(old: Any, new: Any) -> bool:
    """Whether two plans agree, so that only the value of a due attribute can differ."""
    return (
        old["definition"] == new["definition"]
        and old["mode"] == new["mode"]
        and old["amount"] == new["amount"]
        and old["calendar"] == new["calendar"]
    )


@inner
def begin_next(  # type: ignore[no-untyped-def]
    rules, work, row, column, plan, due, t, bits
):
    """The cycle after a met one: at once, or with `sequential` at the previous due (D13)."""
    started = t
    options = definitions(rules)[plan["definition"]]["options"]
    if options & OPT_SEQUENTIAL and due > t and due < NEVER:
        started = due
    start(rules, work, row, column, plan, started, t, bits & PAUSE != 0)


@inner
def on_idle(  # type: ignore[no-untyped-def]
    rules, work, row, column, t, bits, before, had, first, change
):
    """No cycle is running: reopen the last one, or start the next."""
    incident = incidents(work)[row]
    plan = plans(rules)[incident["profile"], column]
    definition = definitions(rules)[plan["definition"]]
    kind = columns(rules)[column]["kind"]
    at = by_column(work)[column]
    stopped = bits & (STOP | CANCEL) != 0
    paused = bits & PAUSE != 0
    if change.situation & REOPENED and at >= 0 and not stopped:
        clock = clocks(work)[at]
        ended_by_resolve = clock["state"] == _MET and clock["flags"] & BY_RESOLVE != 0
        if (kind == _RESOLUTION or kind == _CUSTOM) and ended_by_resolve:
            mode = definition["on_reopen"]
            again = mode == _CONTINUE or (
                mode == _GRACE and t - clock["stopped"] <= definition["grace"]
            )
            if again:
                go_on(rules, work, row, column, at, plan, t, paused)
            elif mode != _IGNORE:
                start(rules, work, row, column, plan, t, t, paused)
            return
    if kind == _NEXT_RESPONSE:
        on_waiting(rules, work, row, column, t, bits, plan)
        return
    if stopped:
        if at >= 0 and clocks(work)[at]["state"] == _SCHEDULED and bits & CANCEL:
            drop(work, at)
        return
    options = definition["options"]
    if (
        options & OPT_FROM_START
        and (first or not had)
        and (at < 0 or clocks(work)[at]["cycle"] == 0 or clocks(work)[at]["flags"] & LOST != 0)
    ):
        start(rules, work, row, column, plan, incident["opened"], t, paused)
        return
    if at >= 0 and clocks(work)[at]["state"] == _SCHEDULED:
        return
    if bits & START == 0:
        return
    if kind == _CUSTOM and not first and had and conditions(rules)[before, column] & START:
        return
    start(rules, work, row, column, plan, t, t, paused)


@inner
def go_on(  # type: ignore[no-untyped-def]
    rules, work, row, column, at, plan, t, paused
):
    """Reopened in the same cycle, under whatever plan is in force now."""
    reopen(rules, work, row, at, t, paused)
    clock = clocks(work)[at]
    if plan["definition"] != clock["definition"] or plan["calendar"] != clock["calendar"]:
        retarget(rules, work, row, at, plan, t, False)


@inner
def on_waiting(  # type: ignore[no-untyped-def]
    rules, work, row, column, t, bits, plan
):
    """`next_response`: remember the oldest unanswered comment, start once it may."""
    incident = incidents(work)[row]
    at = by_column(work)[column]
    if bits & REPLY:
        if at >= 0 and clocks(work)[at]["state"] == _WAITING:
            clocks(work)[at]["state"] = _NONE
        return
    waiting = at >= 0 and clocks(work)[at]["state"] == _WAITING
    since = clocks(work)[at]["anchor"] if waiting else t
    if not waiting and bits & CUSTOMER_SPOKE == 0:
        return
    first_response = columns(rules)[column]["first_response"]
    blocked = incident["status"] >= RESOLVED_CLASS
    if first_response >= 0:
        other = by_column(work)[first_response]
        if other >= 0 and is_active(clocks(work)[other]):
            blocked = True
    if not blocked:
        start(rules, work, row, column, plan, since, t, bits & PAUSE != 0)
        return
    if not waiting:
        remember(work, row, column, t)


@inner
def remember(work, row, column, t):  # type: ignore[no-untyped-def]
    """Keep `t` as the oldest unanswered comment; the cycle that ended before stays known."""
    at = by_column(work)[column]
    if at < 0:
        at = new_row(work, row, column)
    clock = clocks(work)[at]
    clock["state"] = _WAITING
    clock["anchor"] = t
    clock["next_at"] = NEVER
