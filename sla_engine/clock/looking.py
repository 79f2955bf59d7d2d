"""Whether an event asks for more than the rows tell: stretches or events that are past.

A fold in order that does not record must know before it changes anything; then the incident's
history is folded anew instead.
"""

from __future__ import annotations

from typing import Any

from sla_engine.clock.columns import attaches, had_clock
from sla_engine.clock.compiled import inner
from sla_engine.clock.dues import amount_of, has_target, target_from, time_in
from sla_engine.clock.far import far
from sla_engine.clock.ladder import need_for
from sla_engine.clock.layout import ACKED, BREACHED, BY_RESOLVE, FIRST, HELD, PINNED, State
from sla_engine.clock.marks import is_open_cycle
from sla_engine.clock.retarget import RESTART, what_changed
from sla_engine.clock.rules import (
    BEGINS,
    CANCEL,
    OPT_DROP_PAUSES,
    OPT_SCORES,
    OPT_WAITS,
    PAUSE,
    RESET,
    SETTLES,
    SPOKE,
    SPOKE_OPENING,
    STOP,
    Kind,
    columns,
    conditions,
    definitions,
    plans,
    profiles,
)
from sla_engine.clock.situation import REOPENED, RESOLVED_CLASS
from sla_engine.clock.stretches import elapsed_at
from sla_engine.clock.work import by_column, change, clocks, incidents
from sla_engine.event.layout import EventType

_PAUSED = int(State.PAUSED)
_FIRST_RESPONSE = int(Kind.FIRST_RESPONSE)
_ABSORBED = int(EventType.ABSORBED)
_OVERRIDDEN = int(EventType.OVERRIDDEN)

#: What `looks_back` asks for: nothing, a clock's earlier stretches, the events of the past.
NOTHING, STRETCHES, EVENTS = 0, 1, 2


@inner
def gets_clock(rules: Any, work: Any, column: int) -> bool:
    """Whether the rules give the column a clock after the event."""
    said = change(work)[0]
    return has_target(plans(rules)[said["profile"], column], said["times"], said["opened"])


@far
def looks_back(rules: Any, work: Any, row: int) -> int:
    """NOTHING, STRETCHES or EVENTS, for the event in hand."""
    said = change(work)[0]
    first = said["flags"] & FIRST != 0
    for column in range(len(columns(rules))):
        if not gets_clock(rules, work, column):
            continue
        if first:
            if first_needs(rules, work, column):
                return STRETCHES
            continue
        if attaches(rules, work, column) or starts_earlier(rules, work, column):
            return EVENTS
        definition = plans(rules)[said["profile"], column]["definition"]
        if definitions(rules)[definition]["options"] & OPT_WAITS:
            if comments_need(rules, work, column):
                return EVENTS
    if first:
        return NOTHING
    if said["type"] == _ABSORBED or said["type"] == _OVERRIDDEN:
        return STRETCHES
    if said["opened"] != said["old_opened"]:
        return STRETCHES
    if retargets(rules, work, row) and not all_simple(rules, work, row):
        return STRETCHES
    return NOTHING


@inner
def first_needs(rules: Any, work: Any, column: int) -> bool:
    """Whether a first event finds a clock paused that began before it."""
    said = change(work)[0]
    if conditions(rules)[said["now"], column] & PAUSE == 0:
        return False
    definition = plans(rules)[said["profile"], column]["definition"]
    return said["opened"] < said["t"] or definitions(rules)[definition]["starts_at"] >= 0


@inner
def starts_earlier(rules: Any, work: Any, column: int) -> bool:
    """Whether `starts_at` may put a start on this event before it."""
    said = change(work)[0]
    definition = definitions(rules)[plans(rules)[said["profile"], column]["definition"]]
    if definition["starts_at"] < 0:
        return False
    given = time_in(said["times"], said["opened"], definition["starts_at"])
    if given == 0 or given >= said["t"]:
        return False
    begins = BEGINS | STOP | RESET | SPOKE | SPOKE_OPENING
    return conditions(rules)[said["now"], column] & begins != 0


@far
def comments_need(rules: Any, work: Any, column: int) -> int:
    """Whether a next_response changed its rules, or starts at a comment that is past."""
    said = change(work)[0]
    old = plans(rules)[said["old_profile"], column]["definition"]
    if old != plans(rules)[said["profile"], column]["definition"]:
        return True
    remains = False
    for other in range(len(columns(rules))):
        if columns(rules)[other]["set"] != columns(rules)[column]["set"]:
            continue
        before = is_first(rules, said["old_profile"], other) and had_clock(rules, work, other)
        after = is_first(rules, said["profile"], other) and gets_clock(rules, work, other)
        if before != after:
            return True
        if after and stays_open(rules, work, other):
            remains = True
    at = by_column(work)[column]
    if at < 0 or is_open_cycle(clocks(work)[at]):
        return False
    since = clocks(work)[at]["pending"]
    if since == 0 or since >= said["t"] or remains:
        return False
    if conditions(rules)[said["now"], column] & SETTLES:
        return False
    return profiles(rules)[said["profile"]]["status"] < RESOLVED_CLASS


@inner
def is_first(rules: Any, profile: int, column: int) -> bool:
    """Whether a column is a first_response under a profile."""
    definition = plans(rules)[profile, column]["definition"]
    return definition >= 0 and definitions(rules)[definition]["kind"] == _FIRST_RESPONSE


@inner
def stays_open(rules: Any, work: Any, column: int) -> bool:
    """Whether the column's clock is open and nothing on this event ends it."""
    said = change(work)[0]
    at = by_column(work)[column]
    if at < 0 or not is_open_cycle(clocks(work)[at]):
        return False
    bits = conditions(rules)[said["then"], column] | conditions(rules)[said["now"], column]
    return bits & (STOP | CANCEL | RESET) == 0


@inner
def is_up(work: Any, at: int) -> bool:
    """Whether the clock is open, or the event may reopen it."""
    clock = clocks(work)[at]
    if is_open_cycle(clock):
        return True
    return clock["flags"] & BY_RESOLVE != 0 and change(work)[0]["situation"] & REOPENED != 0


@far
def retargets(rules: Any, work: Any, row: int) -> int:
    """Whether the event changes what the rules choose for a clock that is open."""
    said = change(work)[0]
    at = incidents(work)[row]["clocks"]
    while at >= 0:
        clock = clocks(work)[at]
        if is_up(work, at) and gets_clock(rules, work, clock["column"]):
            plan = plans(rules)[said["profile"], clock["column"]]
            amount = amount_of(plan, said["times"], said["opened"])
            if what_changed(rules, work, at, said["profile"], amount) != 0:
                return True
        at = clock["next"]
    return False


@far
def all_simple(rules: Any, work: Any, row: int) -> int:
    """Whether the sums of every open clock tell what the new rules need of its life."""
    said = change(work)[0]
    at = incidents(work)[row]["clocks"]
    while at >= 0:
        clock = clocks(work)[at]
        if is_up(work, at):
            if clock["flags"] & (ACKED | HELD) or not is_open_cycle(clock):
                return False
            definition = plans(rules)[said["profile"], clock["column"]]["definition"]
            first = clock["since"] == clock["started"]
            if definition >= 0 and definitions(rules)[definition]["options"] & OPT_DROP_PAUSES:
                if not first or clock["state"] == _PAUSED:
                    return False
            # A stretch that ends on this very event is over when the new rules are looked at.
            ends = may_end(rules, work, at)
            if ends and not all_ahead(rules, work, at, elapsed_at(rules, work, at, said["t"])):
                return False
            if not ends and not first and not all_ahead(rules, work, at, clock["elapsed"]):
                return False
        at = clock["next"]
    return True


@inner
def may_end(rules: Any, work: Any, at: int) -> bool:
    """Whether the event in hand may end the stretch of an open clock that is going on."""
    said = change(work)[0]
    clock = clocks(work)[at]
    now = conditions(rules)[said["now"], clock["column"]]
    bits = conditions(rules)[said["then"], clock["column"]] | now
    if bits & (STOP | CANCEL | RESET) != 0:
        return True
    return (now & PAUSE != 0) != (clock["state"] == _PAUSED)


@inner
def all_ahead(rules: Any, work: Any, at: int, elapsed: int) -> bool:
    """Whether due and warnings lie behind all stretches that are over, by old and new target.

    Then their instants follow from the stretch going on and the sum of those before, `elapsed`,
    as in the usual case: another priority early in the clock's life, on the same calendar.
    """
    clock = clocks(work)[at]
    said = change(work)[0]
    plan = plans(rules)[said["profile"], clock["column"]]
    if plan["definition"] < 0 or plan["calendar"] != clock["calendar"]:
        return False
    definition = definitions(rules)[plan["definition"]]
    if definition["options"] & OPT_SCORES or definition["on_priority"] == RESTART:
        return False
    if clock["flags"] & (BREACHED | PINNED) or clock["target"] < 0:
        return False
    amount = amount_of(plan, said["times"], said["opened"])
    target = target_from(rules, plan["mode"], amount, clock["calendar"], clock["started"])
    target = min(target, clock["target"])
    least = target
    for rung in range(definition["rung"], definition["rung"] + definition["warnings"]):
        least = min(least, need_for(rules, rung, target))
    return least > elapsed
