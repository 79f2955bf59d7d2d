"""The fold: one event, or the passing of time, on one incident and its clocks.

`advance` fires what falls due up to an instant; `apply` takes one event at its time. An event
at instant t comes before a timer at t (contracts section 1). Both are the only code that
decides; live, replayed and repeated folds all go through here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sla_engine.clock.columns import collect, take_columns
from sla_engine.clock.compiled import inner, kernel
from sla_engine.clock.dues import has_clock
from sla_engine.clock.edges import write_event, write_switch
from sla_engine.clock.far import far
from sla_engine.clock.firing import break_before, fire_due
from sla_engine.clock.ladder import forget_scores, plan_next
from sla_engine.clock.layout import (
    ECHO,
    ENDED,
    FIRST,
    IRREGULAR,
    LIFTED,
    LOOKS_BACK,
    NEVER,
    State,
)
from sla_engine.clock.lifecycle import end
from sla_engine.clock.looking import EVENTS, NOTHING, looks_back
from sla_engine.clock.marks import is_open_cycle, leave_waits
from sla_engine.clock.past import condition_row, ready_past
from sla_engine.clock.people import (
    absorb,
    acknowledge,
    end_ack,
    move_openings,
    override,
    snooze,
)
from sla_engine.clock.reading import read_spans, read_switch
from sla_engine.clock.rules import (
    HOLDS,
    OPT_SCORES,
    columns,
    conditions,
    definitions,
    plans,
    profiles,
)
from sla_engine.clock.situation import BETWEEN, PAUSE_LIFTED, RESOLVED_CLASS
from sla_engine.clock.starting import start
from sla_engine.clock.work import (
    MOMENTS,
    UPDATED_AT,
    WAITS,
    Outcome,
    change,
    clocks,
    counts,
    has_room,
    incidents,
    moments,
    next_due,
    recording,
)
from sla_engine.event.layout import EventType

_DONE = int(Outcome.DONE)
_NEED_SITUATION = int(Outcome.NEED_SITUATION)
_NEED_HISTORY = int(Outcome.NEED_HISTORY)
_NEED_ROOM = int(Outcome.NEED_ROOM)
_CANCELLED = int(State.CANCELLED)

_ACKNOWLEDGED = int(EventType.ACKNOWLEDGED)
_UNACKNOWLEDGED = int(EventType.UNACKNOWLEDGED)
_SNOOZED = int(EventType.SNOOZED)
_MERGED = int(EventType.MERGED)
_ABSORBED = int(EventType.ABSORBED)
_DELETED = int(EventType.DELETED)
_OVERRIDDEN = int(EventType.OVERRIDDEN)
_CUSTOMER_UPDATED = int(EventType.CUSTOMER_UPDATED)


@far
def nearest(work: Any, row: int) -> int:
    """The earliest instant of any clock of the incident, and the incident's timer."""
    instant = NEVER
    at = incidents(work)[row]["clocks"]
    while at >= 0:
        instant = min(instant, clocks(work)[at]["next_at"])
        at = clocks(work)[at]["next"]
    next_due(work)[row] = instant
    return instant


@far
def first_due_clock(work: Any, row: int, instant: int) -> int:
    """Of the clocks that fall due at `instant` the first by column, or -1."""
    best = -1
    at = incidents(work)[row]["clocks"]
    while at >= 0:
        clock = clocks(work)[at]
        if clock["next_at"] == instant:
            if best < 0 or clock["column"] < clocks(work)[best]["column"]:
                best = at
        at = clock["next"]
    return best


@far
def pass_time(rules: Any, work: Any, row: int, upto: int) -> int:
    """Fire everything of the incident that falls due at or before `upto`. An Outcome."""
    while True:
        instant = next_due(work)[row]
        if instant > upto:
            return _DONE
        incident = incidents(work)[row]
        if not recording(work):
            until = profiles(rules)[incident["profile"]]["until"]
            if incident["flags"] & IRREGULAR or instant >= until:
                return _NEED_HISTORY
        if not has_room(work):
            return _NEED_ROOM
        at = first_due_clock(work, row, instant)
        if at >= 0:
            incident["fired_at"] = max(incident["fired_at"], instant)
            outcome = pass_clock(rules, work, row, at, instant)
            if outcome != _DONE:
                return outcome
        nearest(work, row)


@far
def pass_clock(rules: Any, work: Any, row: int, at: int, t: int) -> int:
    """What falls due of one clock at `t`: a start, the end of an acknowledgement, steps."""
    clock = clocks(work)[at]
    if clock["ack_since"] != 0 and clock["ack_until"] != 0 and clock["ack_until"] <= t:
        end_ack(rules, work, at, clock["ack_until"])
    if clock["pending"] == t:
        outcome = begin_pending(rules, work, row, at, t)
        if outcome != _DONE:
            return outcome
    if is_open_cycle(clock):
        return fire_due(rules, work, row, at, t)
    plan_next(rules, work, row, at)
    return _DONE


@far
def begin_pending(rules: Any, work: Any, row: int, at: int, t: int) -> int:
    """A start that was waiting for the previous due begins if it still holds (D13). An Outcome."""
    clock = clocks(work)[at]
    incident = incidents(work)[row]
    column = clock["column"]
    if is_open_cycle(clock) or not has_clock(rules, work, row, column):
        clock["pending"] = 0
        return _DONE
    situation = BETWEEN | (PAUSE_LIFTED if incident["flags"] & LIFTED else 0)
    profile = incident["profile"]
    found = condition_row(rules, work, profile, situation, profile)
    if found < 0:
        return _NEED_SITUATION
    clock["pending"] = 0
    if conditions(rules)[found, column] & HOLDS == 0:
        return _DONE
    if not recording(work):
        moments(work)[0]["t"] = incident["last_time"]
        moments(work)[0]["situation"] = situation
        moments(work)[0]["profile"] = profile
        counts(work)[MOMENTS] = 1
    collect(work, row)
    start(rules, work, row, column, t, False)
    return _DONE


@kernel
def advance(rules: Any, work: Any, row: int, upto: int) -> int:
    """Fire everything of the incident that falls due at or before `upto`, in order.

    Returns an Outcome; after NEED_ROOM, NEED_SITUATION or NEED_JUDGEMENT call again, nothing is
    done twice. NEED_HISTORY: the rows do not tell enough, fold the history up to `upto`.
    """
    if next_due(work)[row] > upto:
        return _DONE
    outcome = pass_time(rules, work, row, upto)
    if outcome == _DONE or outcome == _NEED_HISTORY:
        leave_waits(work, row)
    return outcome


@far
def ready_rows(rules: Any, work: Any, row: int) -> int:
    """Find the condition rows that the event in hand needs. An Outcome."""
    said = change(work)[0]
    profile = said["profile"]
    old = said["old_profile"]
    said["now"] = condition_row(rules, work, profile, said["situation"], profile)
    if said["now"] < 0:
        return _NEED_SITUATION
    said["then"] = said["now"]
    said["before"] = -1
    if said["flags"] & FIRST:
        return _DONE
    same = not rules_differ(rules, old, profile)
    said["before"] = condition_row(rules, work, old, said["between"], old if same else profile)
    if said["before"] < 0:
        return _NEED_SITUATION
    if not same:
        said["then"] = condition_row(rules, work, profile, said["situation"], old)
        if said["then"] < 0:
            return _NEED_SITUATION
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
def note_moment(work: Any) -> None:
    """Keep the event in hand as the newest moment."""
    said = change(work)[0]
    n = counts(work)[MOMENTS] if recording(work) else 0
    moments(work)[n]["t"] = said["t"]
    moments(work)[n]["situation"] = said["situation"]
    moments(work)[n]["profile"] = said["profile"]
    counts(work)[MOMENTS] = n + 1


@far
def take_event(rules: Any, work: Any, row: int) -> int:
    """The event in hand changes the incident and its clocks; every row it needs is there."""
    said = change(work)[0]
    t = said["t"]
    kind = said["type"]
    note_moment(work)
    break_before(rules, work, row, t)
    write_event(rules, work, row)
    collect(work, row)
    if kind == _DELETED or kind == _MERGED:
        return end_all(rules, work, row, t)
    if kind == _ABSORBED:
        absorb(rules, work, row)
    elif said["opened"] != said["old_opened"] and said["flags"] & FIRST == 0:
        move_openings(rules, work, row)
    if kind == _ACKNOWLEDGED or kind == _UNACKNOWLEDGED:
        if said["flags"] & ECHO == 0:
            acknowledge(rules, work, row)
    elif kind == _SNOOZED:
        snooze(rules, work, row)
    take_columns(rules, work, row)
    if kind == _OVERRIDDEN:
        override(rules, work, row)
    return replan_scores(rules, work, row)


@far
def replan_scores(rules: Any, work: Any, row: int) -> int:
    """Reopens, hand-offs, ratings and other clocks move scores: instants follow."""
    at = incidents(work)[row]["clocks"]
    while at >= 0:
        clock = clocks(work)[at]
        if is_open_cycle(clock):
            if definitions(rules)[clock["definition"]]["options"] & OPT_SCORES:
                if counts(work)[WAITS] > 0:
                    forget_scores(rules, work, row, at)
                plan_next(rules, work, row, at)
        at = clock["next"]
    return nearest(work, row)


@far
def end_all(rules: Any, work: Any, row: int, t: int) -> int:
    """Deleted or merged: every clock is cancelled, nothing comes after."""
    at = incidents(work)[row]["clocks"]
    while at >= 0:
        clock = clocks(work)[at]
        clock["pending"] = 0
        if is_open_cycle(clock):
            end(rules, work, row, at, _CANCELLED, t, 0)
        clock["next_at"] = NEVER
        at = clock["next"]
    next_due(work)[row] = NEVER
    return 0


@inner
def concerns(incident: Any, event: Any, spans: NDArray[Any]) -> bool:
    """Whether the event is the incident's; `customer.updated` is for open ones of its customer."""
    if event["type"] != _CUSTOMER_UPDATED:
        return True
    if incident["status"] >= RESOLVED_CLASS:
        return False
    return incident["customer"] == spans[event["span"] + 1]["hash"]


@kernel
def apply(
    rules: Any, work: Any, row: int, event: Any, spans: NDArray[Any],
    data: NDArray[np.uint8], opened: int, may_look_back: bool,
) -> int:  # fmt: skip
    """Apply one event; time has been advanced to just before it. Returns an Outcome.

    `opened` >= 0 says that this is the incident's first event and when it was opened.
    `may_look_back`: the whole history is being folded, so no answer is ever NEED_HISTORY.
    """
    flags = incidents(work)[row]["flags"]
    if flags & IRREGULAR and not may_look_back:
        return _NEED_HISTORY
    if event["type"] == _CUSTOMER_UPDATED:
        counts(work)[UPDATED_AT] = event["time"]
    if flags & ENDED or not concerns(incidents(work)[row], event, spans):
        incidents(work)[row]["events"] += 1
        return _DONE
    if not has_room(work):
        return _NEED_ROOM
    outcome = read_spans(rules, work, row, event, spans, data, opened)
    if outcome != _DONE:
        return outcome
    outcome = ready_event(rules, work, row, may_look_back)
    if outcome != _DONE:
        return outcome
    take_event(rules, work, row)
    leave_waits(work, row)
    return _DONE


@far
def switch(rules: Any, work: Any, row: int, t: int) -> int:
    """At `t` the next edition of the policies comes into force (D7): they are matched anew.

    For folds that record; time has been advanced to just before it. Returns an Outcome.
    """
    if not has_room(work):
        return _NEED_ROOM
    outcome = read_switch(rules, work, row, t)
    if outcome != _DONE:
        return outcome
    outcome = ready_rows(rules, work, row)
    if outcome != _DONE:
        return outcome
    outcome = ready_moments(rules, work, row)
    if outcome != _DONE:
        return outcome
    note_moment(work)
    break_before(rules, work, row, t)
    write_switch(rules, work, row)
    collect(work, row)
    take_columns(rules, work, row)
    replan_scores(rules, work, row)
    leave_waits(work, row)
    return _DONE


@far
def ready_event(rules: Any, work: Any, row: int, may_look_back: int) -> int:
    """Whether all that the event in hand needs is there, before it changes anything. An Outcome."""
    said = change(work)[0]
    outcome = ready_rows(rules, work, row)
    if outcome != _DONE:
        return outcome
    collect(work, row)
    needs = looks_back(rules, work, row)
    if needs == NOTHING:
        return _DONE
    if not may_look_back:
        return _NEED_HISTORY
    if needs == EVENTS:
        said["flags"] |= LOOKS_BACK
        return ready_moments(rules, work, row)
    return _DONE


@far
def ready_moments(rules: Any, work: Any, row: int) -> int:
    """Whether the past can be looked at under the new rules, the event in hand included."""
    said = change(work)[0]
    outcome = ready_past(rules, work, said["profile"])
    if outcome != _DONE:
        return outcome
    between = BETWEEN | (said["situation"] & PAUSE_LIFTED)
    if condition_row(rules, work, said["profile"], between, said["profile"]) < 0:
        return _NEED_SITUATION
    return _DONE
