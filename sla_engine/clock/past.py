"""The past of a clock: what its definition makes of the events there were before it attached.

A fold that records has every event as a MOMENT; one that does not has the event in hand only,
and is asked for the past of nothing else.
"""

from __future__ import annotations

from typing import Any

from sla_engine.clock.compiled import inner
from sla_engine.clock.far import far
from sla_engine.clock.layout import (
    NEVER,
    PAUSED_TIME,
    RESOLVED_TIME,
    RUNNING_TIME,
    State,
)
from sla_engine.clock.lookup import find, mix, pair
from sla_engine.clock.recount import recount
from sla_engine.clock.rules import (
    BEGINS,
    CANCEL,
    HOLDS,
    MAY_START,
    OPT_EDGE,
    OPT_FROM_START,
    OPT_HAS_RESUME,
    OPT_RECURS,
    OPT_REOPENS,
    OVER,
    PAUSE,
    RESET,
    RESUME,
    SETTLES,
    SPOKE,
    SPOKE_OPENING,
    STOP,
    Kind,
    conditions,
    definitions,
    plans,
    situations,
)
from sla_engine.clock.situation import BETWEEN, BY_ENGINE, PAUSE_LIFTED, REOPENED
from sla_engine.clock.stretches import record_segment
from sla_engine.clock.work import (
    MOMENTS,
    NEED_A,
    NEED_B,
    NEED_C,
    SEGMENTS,
    Outcome,
    clocks,
    counts,
    incidents,
    moments,
    segments,
)

_DONE = int(Outcome.DONE)
_NEED_SITUATION = int(Outcome.NEED_SITUATION)
_RUNNING = int(State.RUNNING)
_PAUSED = int(State.PAUSED)
_NEXT_RESPONSE = int(Kind.NEXT_RESPONSE)
_UPDATE = int(Kind.UPDATE)

# policy.model.OnReopen
CONTINUE, NEW, IGNORE, GRACE = 0, 1, 2, 3

#: No instant: there is no start.
NO_START = -NEVER


@far
def condition_row(rules: Any, work: Any, profile: int, situation: int, ruler: int) -> int:
    """The condition row of (profile, event class) under the rules of profile `ruler`.

    -1, with the request noted, when Python must make it.
    """
    key = pair(profile, situation)
    asked = 0
    if ruler != profile:
        asked = ruler + 1
        key = mix(key, asked)
    found = find(situations(rules), key)
    if found < 0:
        counts(work)[NEED_A] = profile
        counts(work)[NEED_B] = situation
        counts(work)[NEED_C] = asked
    return found


@far
def ready_past(rules: Any, work: Any, ruler: int) -> int:
    """Whether every condition row of the past is there under these rules: an Outcome."""
    for n in range(counts(work)[MOMENTS]):
        moment = moments(work)[n]
        if condition_row(rules, work, moment["profile"], moment["situation"], ruler) < 0:
            return _NEED_SITUATION
        between = BETWEEN | (moment["situation"] & PAUSE_LIFTED)
        if condition_row(rules, work, moment["profile"], between, ruler) < 0:
            return _NEED_SITUATION
    return _DONE


@far
def bits_at(rules: Any, work: Any, row: int, column: int, n: int, between: int) -> int:
    """What holds for a column at the n-th moment under the present rules; `between`: after it."""
    moment = moments(work)[n]
    situation = moment["situation"]
    if between:
        situation = BETWEEN | (situation & PAUSE_LIFTED)
    ruler = incidents(work)[row]["profile"]
    found = condition_row(rules, work, moment["profile"], situation, ruler)
    return conditions(rules)[found, column] if found >= 0 else 0


@inner
def counts_resolved(kind: int, bits: int) -> bool:
    """Whether a clock that the resolution would have met stood still after a moment."""
    if bits & OVER == 0:
        return False
    return kind == _NEXT_RESPONSE or bits & STOP != 0


@inner
def paused_after(options: int, bits: int, situation: int, was_paused: bool) -> bool:
    """Whether an open cycle is paused after an event.

    "Without `resume` it runs again when `pause` is false"; an echo resumes nothing.
    """
    if bits & PAUSE:
        return True
    if not was_paused:
        return False
    if situation & BY_ENGINE:
        return True
    return options & OPT_HAS_RESUME != 0 and bits & RESUME == 0


@far
def trace(rules: Any, work: Any, row: int, at: int) -> int:
    """Lay out the stretches of a cycle from its start, in the past or now, to now.

    "Pauses between retro start and attach extend due" (F25), and the time spent resolved never
    counts.
    """
    clock = clocks(work)[at]
    column = clock["column"]
    definition = definitions(rules)[clock["definition"]]
    options = definition["options"]
    start = clock["started"]
    first = 0
    while first < counts(work)[MOMENTS] and moments(work)[first]["t"] <= start:
        first += 1
    kind = RUNNING_TIME
    if first > 0:
        between = moments(work)[first - 1]["t"] != start
        bits = bits_at(rules, work, row, column, first - 1, between)
        event_bits = bits_at(rules, work, row, column, first - 1, False)
        if counts_resolved(definition["kind"], event_bits):
            kind = RESOLVED_TIME
        elif bits & PAUSE:
            kind = PAUSED_TIME
    clock["since"] = start
    for n in range(first, counts(work)[MOMENTS]):
        bits = bits_at(rules, work, row, column, n, False)
        still = kind == RESOLVED_TIME and bits & OVER != 0
        after = RUNNING_TIME
        if still or counts_resolved(definition["kind"], bits):
            after = RESOLVED_TIME
        elif paused_after(options, bits, moments(work)[n]["situation"], kind == PAUSED_TIME):
            after = PAUSED_TIME
        if after != kind:
            turn_stretch(work, at, moments(work)[n]["t"], kind, after)
        kind = after
    clock["state"] = _PAUSED if kind == PAUSED_TIME else _RUNNING
    return recount(rules, work, at, clock["calendar"])


@inner
def turn_stretch(work: Any, at: int, t: int, kind: int, after: int) -> None:
    """At `t` the stretch going on ends and one of kind `after` begins, or goes on after all."""
    clock = clocks(work)[at]
    if clock["since"] < t:
        record_segment(work, at, clock["since"], t, kind)
        clock["since"] = t
        return
    last = counts(work)[SEGMENTS] - 1
    if last >= 0 and segments(work)[last]["clock"] == at and segments(work)[last]["kind"] == after:
        clock["since"] = segments(work)[last]["start"]
        counts(work)[SEGMENTS] = last


@inner
def continues(definition: Any, stopped: int, t: int) -> int:
    """What a reopening at `t` makes of a cycle met at `stopped`: CONTINUE, NEW or IGNORE."""
    mode = definition["on_reopen"]
    if mode == GRACE:
        return CONTINUE if t - stopped <= definition["grace"] else NEW
    return mode


@inner
def begins_at(rules: Any, work: Any, row: int, column: int, n: int, bits: int, edge: bool) -> bool:
    """Whether the clock's start becomes true at the n-th moment."""
    if bits & BEGINS == 0:
        return False
    return not edge or n == 0 or bits_at(rules, work, row, column, n - 1, True) & HOLDS == 0


@far
def past_start(rules: Any, work: Any, row: int, column: int, opening: int) -> int:
    """The start of the cycle that would be open now, had the clock been there from the first.

    "New ones start at their own start instant" (policy-language, "Policy"); NO_START: none.
    """
    plan = plans(rules)[incidents(work)[row]["profile"], column]
    definition = definitions(rules)[plan["definition"]]
    options = definition["options"]
    edge = options & OPT_EDGE != 0
    from_start = options & OPT_FROM_START != 0
    start = NO_START
    stopped = NO_START
    stopped_start = NO_START
    for n in range(counts(work)[MOMENTS]):
        t = moments(work)[n]["t"]
        bits = bits_at(rules, work, row, column, n, False)
        ending = bits & (STOP | CANCEL | RESET)
        if start != NO_START and ending:
            held = start
            start = next_start(options, bits, t)
            stopped = NO_START
            if bits & STOP and bits & OVER:
                stopped = t
            if stopped != NO_START and start == NO_START and options & OPT_REOPENS:
                stopped_start = held
            continue
        reopened = moments(work)[n]["situation"] & REOPENED != 0
        if start == NO_START and reopened and stopped != NO_START and not ending:
            if options & OPT_REOPENS:
                mode = continues(definition, stopped, t)
                if mode == CONTINUE:
                    start = stopped_start
                elif mode == NEW:
                    start = t
            stopped = NO_START
            if start != NO_START:
                continue
        if start == NO_START and bits & MAY_START:
            if begins_at(rules, work, row, column, n, bits, edge):
                at_opening = n == 0 and (from_start or definition["kind"] == _UPDATE)
                start = opening if at_opening else t
    return start


@inner
def next_start(options: int, bits: int, t: int) -> int:
    """After an end: the start of the next cycle on the same event, or NO_START."""
    if bits & HOLDS == 0:
        return NO_START
    if bits & STOP:
        recurs = options & OPT_RECURS != 0 and options & OPT_FROM_START == 0
        return t if recurs and bits & MAY_START else NO_START
    return t if bits & CANCEL == 0 else NO_START


@far
def unanswered_since(rules: Any, work: Any, row: int, column: int, exists: int) -> int:
    """The oldest unanswered comment of a customer for a `next_response`; 0 = none.

    `exists`: the set has a first_response, so that a comment given with `created` is not meant.
    """
    since = 0
    for n in range(counts(work)[MOMENTS]):
        bits = bits_at(rules, work, row, column, n, False)
        since = answered(bits, since, moments(work)[n]["t"], exists)
    return since


@inner
def answered(bits: int, since: int, t: int, exists: int) -> int:
    """`since` after one more event."""
    if bits & SETTLES:
        since = 0
    if since == 0 and (bits & SPOKE or (bits & SPOKE_OPENING and not exists)):
        return t
    return since
