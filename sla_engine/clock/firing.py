"""Firing: breaches and steps at their instants, one at a time."""

from __future__ import annotations

from typing import Any

from sla_engine.clock.emit import emit, emit_breach
from sla_engine.clock.far import far
from sla_engine.clock.holding import SKIPPED, UNKNOWN, held_until, verdict
from sla_engine.clock.ladder import (
    AT_AFTER,
    AT_SCORE,
    after_ack,
    need_of,
    plan_next,
    release_of,
    rung_at,
    rung_instant,
    until_ack,
)
from sla_engine.clock.layout import (
    BREACHED,
    HELD,
    NEVER,
    PINNED,
    AlertKind,
    Cause,
    State,
)
from sla_engine.clock.marks import (
    end_wait,
    find_wait,
    is_done,
    is_open_cycle,
    need_wait,
    now_of,
    put,
)
from sla_engine.clock.recount import recount_standing
from sla_engine.clock.rules import (
    ASKED,
    IF_HOLDS,
    OPT_SILENT,
    REACHED,
    STEP_IF,
    STEP_TELLS,
    definitions,
    rungs,
    steps,
)
from sla_engine.clock.stretches import elapsed_at
from sla_engine.clock.work import Outcome, clocks, incidents, waits

_DONE = int(Outcome.DONE)
_NEED_HISTORY = int(Outcome.NEED_HISTORY)
_NEED_JUDGEMENT = int(Outcome.NEED_JUDGEMENT)
_RUNNING = int(State.RUNNING)
_WARNING = int(AlertKind.WARNING)
_ESCALATION = int(AlertKind.ESCALATION)
_NO_CAUSE = int(Cause.NONE)
_ATTACHED = int(Cause.ATTACHED)
_HELD = int(Cause.HELD)


@far
def break_clock(rules: Any, work: Any, row: int, at: int, t: int, attached: int) -> int:
    """The breach is a fact of the cycle from `t`, due + 1 ms, on; it is said once."""
    clock = clocks(work)[at]
    clock["flags"] |= BREACHED
    clock["breached_at"] = t
    recount_standing(rules, work, at)
    if attached and definitions(rules)[clock["definition"]]["options"] & OPT_SILENT:
        return 0
    cause = _ATTACHED if attached else _NO_CAUSE
    if emit_breach(rules, work, row, at, cause):
        pull_next(rules, work, row, at, t)
    return 0


@far
def pull_next(rules: Any, work: Any, row: int, at: int, t: int) -> int:
    """A step reached nobody: the next one after the breach fires at the same instant (F70)."""
    clock = clocks(work)[at]
    definition = definitions(rules)[clock["definition"]]
    first = definition["rung"] + definition["warnings"]
    for rung in range(first, first + definition["afters"]):
        slot = rungs(rules)[rung]["slot"]
        if is_done(clock, slot):
            continue
        n = find_wait(work, at, slot)
        if n >= 0 and waits(work)[n]["instant"] < NEVER:
            continue
        if not until_ack(rules, rungs(rules)[rung]) or after_ack(work, at, t) == t:
            n = need_wait(work, row, at, slot, t)
            if n >= 0:
                waits(work)[n]["instant"] = t
        return 0
    return 0


@far
def pass_over(work: Any, at: int, slot: int) -> int:
    """The step is over for this cycle without having fired."""
    put(clocks(work)[at]["fired"], slot)
    put(clocks(work)[at]["skipped"], slot)
    n = find_wait(work, at, slot)
    if n >= 0:
        end_wait(work, n)
    return 0


@far
def try_rung(rules: Any, work: Any, row: int, at: int, rung: int, t: int) -> int:
    """A step's instant has come: it fires, is held, or is passed over. Returns an Outcome."""
    clock = clocks(work)[at]
    slot = rungs(rules)[rung]["slot"]
    step = rungs(rules)[rung]["step"]
    release = held_until(rules, work, row, at, rung, t)
    if release == SKIPPED:
        pass_over(work, at, slot)
        return _DONE
    if release > t:
        n = need_wait(work, row, at, slot, NEVER)
        if n < 0:
            return _NEED_HISTORY
        waits(work)[n]["wake"] = release
        if rungs(rules)[rung]["at"] == AT_SCORE:
            waits(work)[n]["instant"] = rung_instant(rules, work, row, at, rung)
        return _DONE
    judgement = verdict(rules, work, row, step, t)
    if judgement == UNKNOWN:
        return _NEED_JUDGEMENT
    instant = rung_instant(rules, work, row, at, rung)
    cause = _ATTACHED if clock["once"] == slot + 1 else _NO_CAUSE
    if clock["once"] == slot + 1:
        clock["once"] = 0
    pulled = False
    n = find_wait(work, at, slot)
    if n >= 0:
        is_after = rungs(rules)[rung]["at"] == AT_AFTER
        pulled = is_after and waits(work)[n]["instant"] < NEVER
        if waits(work)[n]["wake"] != 0:
            cause = _HELD
        end_wait(work, n)
    if steps(rules)[step]["options"] & STEP_IF and judgement & IF_HOLDS == 0:
        pass_over(work, at, slot)
        if pulled:
            pull_next(rules, work, row, at, instant)
        return _DONE
    fire(rules, work, row, at, rung, instant, cause)
    nobody = judgement & ASKED != 0 and judgement & REACHED == 0
    if steps(rules)[step]["options"] & STEP_TELLS == 0 and nobody:
        if rungs(rules)[rung]["at"] == AT_AFTER:
            pull_next(rules, work, row, at, instant)
    return _DONE


@far
def fire(rules: Any, work: Any, row: int, at: int, rung: int, t: int, cause: int) -> int:
    """Say the step and mark it fired; a re-armed warning counts on."""
    clock = clocks(work)[at]
    slot = rungs(rules)[rung]["slot"]
    repeat = rungs(rules)[rung]["repeat"]
    put(clock["fired"], slot)
    kind = _ESCALATION
    if rungs(rules)[rung]["at"] != AT_AFTER:
        kind = _WARNING
        clock["count"][slot] += 1
        repeat = clock["count"][slot] if clock["count"][slot] > 1 else 0
    return emit(rules, work, row, at, kind, rungs(rules)[rung]["step"], repeat, t, cause)


@far
def rank_of(rules: Any, work: Any, row: int, at: int, rung: int) -> int:
    """The lower of two steps at one instant: by elapsed time, or by distance from the due."""
    kind = rungs(rules)[rung]["at"]
    if kind == AT_AFTER:
        return rungs(rules)[rung]["offset"]
    if kind == AT_SCORE:
        return elapsed_at(rules, work, at, now_of(work, row))
    return need_of(rules, work, at, rung, now_of(work, row))


@far
def lower(rules: Any, work: Any, row: int, at: int, rung: int, other: int) -> int:
    """Whether of two steps that are tried together `rung` goes first.

    By instant, warnings first, then as `rank_of` says, then as written.
    """
    a = rung_instant(rules, work, row, at, rung)
    b = rung_instant(rules, work, row, at, other)
    if a != b:
        return a < b
    a_after = rungs(rules)[rung]["at"] == AT_AFTER
    b_after = rungs(rules)[other]["at"] == AT_AFTER
    if a_after != b_after:
        return b_after
    a = rank_of(rules, work, row, at, rung)
    b = rank_of(rules, work, row, at, other)
    if a != b:
        return a < b
    first = steps(rules)[rungs(rules)[rung]["step"]]["level"]
    return first < steps(rules)[rungs(rules)[other]["step"]]["level"]


@far
def next_rung(rules: Any, work: Any, row: int, at: int, t: int) -> int:
    """The step of a running clock to try first at or before `t`, or -1."""
    clock = clocks(work)[at]
    definition = definitions(rules)[clock["definition"]]
    best = -1
    if clock["state"] != _RUNNING:
        return best
    end = definition["rung"] + definition["warnings"]
    if clock["flags"] & BREACHED:
        end += definition["afters"]
    for rung in range(definition["rung"], end):
        if is_done(clock, rungs(rules)[rung]["slot"]):
            continue
        if rung_at(rules, work, row, at, rung) > t:
            continue
        if best < 0 or lower(rules, work, row, at, rung, best):
            best = rung
    return best


@far
def fire_due(rules: Any, work: Any, row: int, at: int, t: int) -> int:
    """Everything of an open clock that comes at `t`, in order. Returns an Outcome."""
    clock = clocks(work)[at]
    if clock["flags"] & HELD and release_of(rules, clock) <= t:
        clock["flags"] &= 0xFFFF ^ HELD
    running = clock["state"] == _RUNNING or clock["flags"] & PINNED != 0
    if clock["flags"] & BREACHED == 0 and running and clock["due"] + 1 <= t:
        break_clock(rules, work, row, at, clock["due"] + 1, False)
    while is_open_cycle(clock):
        rung = next_rung(rules, work, row, at, t)
        if rung < 0:
            break
        outcome = try_rung(rules, work, row, at, rung, t)
        if outcome != _DONE:
            return outcome
    plan_next(rules, work, row, at)
    return _DONE


@far
def break_before(rules: Any, work: Any, row: int, t: int) -> int:
    """A due before `t` is broken before the events of `t` are applied (D10, G13)."""
    at = incidents(work)[row]["clocks"]
    while at >= 0:
        clock = clocks(work)[at]
        running = clock["state"] == _RUNNING or clock["flags"] & PINNED != 0
        if is_open_cycle(clock) and running and clock["flags"] & BREACHED == 0:
            if clock["due"] < t:
                incident = incidents(work)[row]
                incident["fired_at"] = max(incident["fired_at"], clock["due"] + 1)
                break_clock(rules, work, row, at, clock["due"] + 1, False)
                plan_next(rules, work, row, at)
        at = clock["next"]
    return 0
