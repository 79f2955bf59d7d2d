"""The fold: one event, or the passing of time, on one incident and its clocks.

`advance` fires what falls due up to an instant; `apply` takes one event at its time. An event
at instant t comes before a timer at t (contracts section 1). Both are the only code that
decides; live, replayed and repeated folds all go through here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sla_engine.clock.acknowledge import acknowledge, unacknowledge
from sla_engine.clock.columns import on_event, plan_differs
from sla_engine.clock.compiled import inner, kernel
from sla_engine.clock.ladder import break_now, fire_due, plan_next
from sla_engine.clock.layout import (
    BREACHED,
    CREATED_SEEN,
    ENDED,
    INFERRED,
    MERGED,
    NEVER,
    PAUSE,
    START,
    STOP,
    Kind,
    State,
    TargetMode,
    columns,
    conditions,
    plans,
    profiles,
    situations,
)
from sla_engine.clock.lifecycle import (
    drop,
    end,
    is_active,
    needs_past,
    pause,
    retarget,
)
from sla_engine.clock.lookup import find, mix, pair
from sla_engine.clock.situation import (
    BETWEEN,
    PAUSE_LIFTED,
    RESOLVED_CLASS,
    Change,
    read_event,
    write_event,
)
from sla_engine.clock.work import (
    NEED_A,
    NEED_B,
    NEED_C,
    Outcome,
    by_column,
    clocks,
    counts,
    has_room,
    incidents,
    next_due,
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
def nearest(work: Any, row: int) -> int:
    """The earliest instant of any clock of the incident, and the incident's timer."""
    instant = NEVER
    at = incidents(work)[row]["clocks"]
    while at >= 0:
        instant = min(instant, clocks(work)[at]["next_at"])
        at = clocks(work)[at]["next"]
    next_due(work)[row] = instant
    return instant


@kernel
def advance(rules: Any, work: Any, row: int, upto: int) -> int:
    """Fire everything of the incident that falls due at or before `upto`, in order.

    Clocks that fall due at the same instant go in the order of their columns.
    Returns an Outcome; after NEED_ROOM or NEED_SITUATION call again, nothing is done twice.
    """
    while True:
        instant = next_due(work)[row]
        if instant > upto:
            return _DONE
        if not has_room(work):
            return _NEED_ROOM
        best = -1
        at = incidents(work)[row]["clocks"]
        while at >= 0:
            clock = clocks(work)[at]
            if clock["next_at"] == instant and (
                best < 0 or clock["column"] < clocks(work)[best]["column"]
            ):
                best = at
            at = clock["next"]
        if best < 0:
            nearest(work, row)
            continue
        if clocks(work)[best]["state"] == _SCHEDULED:
            outcome = begin_scheduled(rules, work, row, best, instant)
            if outcome != _DONE:
                return outcome
        else:
            clock = clocks(work)[best]
            if clock["ack_until"] == instant:
                unacknowledge(rules, work, row, best, instant)
            fire_due(rules, work, row, best, instant)
            plan_next(rules, work, row, best)
        incidents(work)[row]["fired_at"] = max(incidents(work)[row]["fired_at"], instant)
        nearest(work, row)


@inner
def begin_scheduled(rules: Any, work: Any, row: int, at: int, instant: int) -> int:
    """A start that was waiting for its instant: it begins if its start still holds then."""
    clock = clocks(work)[at]
    incident = incidents(work)[row]
    column = clock["column"]
    plan = plans(rules)[incident["profile"], column]
    kind = columns(rules)[column]["kind"]
    situation = BETWEEN | (PAUSE_LIFTED if incident["flags"] & 2 else 0)
    bits = 0
    found = find(situations(rules), pair(incident["profile"], situation))
    if found < 0:
        counts(work)[NEED_A] = incident["profile"]
        counts(work)[NEED_B] = situation
        counts(work)[NEED_C] = 0
        return _NEED_SITUATION
    bits = conditions(rules)[found, column]
    holds = plan["definition"] >= 0 and incident["status"] < RESOLVED_CLASS
    if kind == _CUSTOM:
        holds = plan["definition"] >= 0 and bits & START != 0 and bits & STOP == 0
    if not holds:
        drop(work, at)
        return _DONE
    clock["state"] = _RUNNING
    clock["due"] = NEVER
    retarget(rules, work, row, at, plan, instant, False)
    if clock["state"] == _RUNNING and bits & PAUSE:
        pause(rules, work, row, at, instant)
    return _DONE


@inner
def collect(work: Any, row: int) -> None:
    """Fill the scratch `by_column` with the incident's clock rows."""
    by_column(work)[:] = -1
    at = incidents(work)[row]["clocks"]
    while at >= 0:
        by_column(work)[clocks(work)[at]["column"]] = at
        at = clocks(work)[at]["next"]


@inner
def situation_row(rules: Any, work: Any, profile: int, situation: int) -> int:
    """The condition row of (profile, event class), or -1 with the request noted."""
    found = find(situations(rules), pair(profile, situation))
    if found < 0:
        counts(work)[NEED_A] = profile
        counts(work)[NEED_B] = situation
        counts(work)[NEED_C] = 0
    return found


@kernel
def apply(
    rules: Any, work: Any, row: int, event: Any, spans: NDArray[Any],
    data: NDArray[np.uint8], opened: int, may_look_back: bool,
) -> int:  # fmt: skip
    """Apply one event; time has been advanced to just before it. Returns an Outcome.

    `opened` >= 0 says that this is the incident's first event and when it was opened.
    `may_look_back`: segments are recorded, so no answer is ever NEED_HISTORY.
    """
    first = opened >= 0
    incident = incidents(work)[row]
    if not has_room(work):
        return _NEED_ROOM
    change = read_event(rules, work, row, event, spans, data, first)
    if change.outcome != _DONE:
        return change.outcome
    before = 0
    if not first:
        between = BETWEEN | (change.situation & PAUSE_LIFTED)
        before = situation_row(rules, work, incident["profile"], between)
    if before < 0:
        return _NEED_SITUATION
    now = situation_row(rules, work, change.profile, change.situation)
    if now < 0:
        return _NEED_SITUATION
    then = now
    if not first and rules_differ(rules, incident["profile"], change.profile):
        then = old_rules_row(rules, work, incident["profile"], change)
        if then < 0:
            return _NEED_SITUATION
    break_before(rules, work, row, event["time"])
    collect(work, row)
    old_profile = np.int64(incident["profile"])
    if not first and not may_look_back and looks_back(rules, work, old_profile, change):
        return _NEED_HISTORY
    moved_times = times_moved(incident, change)
    if first:
        incident["opened"] = opened
        incident["events"] = 0
    write_event(rules, work, row, event, spans, change)
    incident["events"] += 1
    kind = event["type"]
    if kind == _CREATED:
        incident["flags"] |= CREATED_SEEN
    elif first:
        incident["flags"] |= INFERRED
    t = event["time"]
    if kind == _DELETED or kind == _MERGED:
        incident["flags"] |= ENDED | (MERGED if kind == _MERGED else 0)
        end_all(rules, work, row, t)
    elif incident["flags"] & ENDED == 0:
        for column in range(len(columns(rules))):
            on_event(
                rules, work, row, column, t, old_profile, first, before, then, now, change,
                moved_times,
            )  # fmt: skip
        if kind == _ACKNOWLEDGED:
            acknowledge(rules, work, row, event, spans, data, t)
        elif kind == _UNACKNOWLEDGED:
            unacknowledge_all(rules, work, row, t)
        replan_scores(rules, work, row)
    nearest(work, row)
    return _DONE


@inner
def rules_differ(rules: Any, old: int, new: int) -> bool:
    """Whether any column's clock definition changes from one profile to the other."""
    if old == new:
        return False
    for column in range(len(columns(rules))):
        if plans(rules)[old, column]["definition"] != plans(rules)[new, column]["definition"]:
            return True
    return False


@inner
def old_rules_row(rules: Any, work: Any, old: int, change: Change) -> int:
    """The condition row of the rules in force before, over the attributes after the event."""
    key = mix(pair(change.profile, change.situation), np.uint64(old + 1))
    found = find(situations(rules), key)
    if found < 0:
        counts(work)[NEED_A] = change.profile
        counts(work)[NEED_B] = change.situation
        counts(work)[NEED_C] = old + 1
    return found


@inner
def break_before(rules: Any, work: Any, row: int, t: int) -> None:
    """A due before `t` is broken before the events of `t` are applied (D10, G13)."""
    at = incidents(work)[row]["clocks"]
    while at >= 0:
        clock = clocks(work)[at]
        if clock["state"] == _RUNNING and clock["flags"] & BREACHED == 0 and clock["due"] < t:
            break_now(rules, work, row, at)
        at = clock["next"]


@inner
def replan_scores(rules: Any, work: Any, row: int) -> None:
    """Reopens, hand-offs, ratings and priority move the base score: instants follow."""
    at = incidents(work)[row]["clocks"]
    while at >= 0:
        if clocks(work)[at]["state"] == _RUNNING:
            plan_next(rules, work, row, at)
        at = clocks(work)[at]["next"]


@inner
def times_moved(incident: Any, change: Change) -> int:
    """One bit per entry of INCIDENT.times that the event changes."""
    times = incident["times"]
    moved = 0
    if times[0] != change.due:
        moved |= 1
    if times[1] != change.opened_at:
        moved |= 2
    if times[2] != change.third:
        moved |= 4
    if times[3] != change.fourth:
        moved |= 8
    return moved


@inner
def looks_back(rules: Any, work: Any, old: int, change: Change) -> bool:
    """Whether a new plan needs the past of a clock whose sums alone do not tell it."""
    moved = 15  # err on the safe side: any due attribute may have moved
    priority_changed = (
        profiles(rules)[old]["priority"] != profiles(rules)[change.profile]["priority"]
    )
    for column in range(len(columns(rules))):
        at = by_column(work)[column]
        if at < 0 or not is_active(clocks(work)[at]):
            continue
        differs = plan_differs(rules, old, change.profile, column, moved)
        if (differs or priority_changed) and needs_past(
            clocks(work)[at], plans(rules)[change.profile, column]
        ):
            return True
    return False


@inner
def end_all(rules: Any, work: Any, row: int, t: int) -> None:
    """Deleted or merged: every clock is cancelled."""
    at = incidents(work)[row]["clocks"]
    while at >= 0:
        clock = clocks(work)[at]
        if is_active(clock):
            end(rules, work, row, at, _CANCELLED, t, False)
        elif clock["state"] == _SCHEDULED:
            drop(work, at)
        at = clock["next"]


@inner
def unacknowledge_all(rules: Any, work: Any, row: int, t: int) -> None:
    """`incident.unacknowledged`: every taken clock's ladder goes on."""
    at = incidents(work)[row]["clocks"]
    while at >= 0:
        if clocks(work)[at]["ack_since"] != 0:
            unacknowledge(rules, work, row, at, t)
        at = clocks(work)[at]["next"]
