"""Thresholds and ladders: when each step of a clock comes, and what firing it leaves behind."""

from __future__ import annotations

from typing import Any

import numpy as np

from sla_engine.clock.business import open_between
from sla_engine.clock.compiled import inner
from sla_engine.clock.layout import (
    BREACHED,
    HELD,
    NEVER,
    RUNNING_TIME,
    TOLD,
    AlertKind,
    Cause,
    State,
    definitions,
    profiles,
    steps,
)
from sla_engine.clock.measure import instant_at, only_ran, settle
from sla_engine.clock.work import (
    ALERTS,
    SEGMENTS,
    alerts,
    clocks,
    counts,
    incidents,
    segments,
)
from sla_engine.score.kernels import base_of_incident, elapsed_for, urgency

_RUNNING = int(State.RUNNING)
_PAUSED = int(State.PAUSED)
_SCHEDULED = int(State.SCHEDULED)

# policy.model.At, as plain numbers for the kernels
AT_PERCENT, AT_BEFORE, AT_BREACH, AT_AFTER, AT_EVERY, AT_SCORE = 0, 1, 2, 3, 4, 5

_WARNING = int(AlertKind.WARNING)
_BREACHED = int(AlertKind.BREACHED)
_ESCALATION = int(AlertKind.ESCALATION)
_CLEARED = int(AlertKind.CLEARED)
_NO_CAUSE = int(Cause.NONE)
_OF_HOLD = int(Cause.HELD)


@inner
def is_warning(step: Any) -> bool:
    """Whether the step belongs before the due (percent, before, score)."""
    at = step["at"]
    return at == AT_PERCENT or at == AT_BEFORE or at == AT_SCORE


@inner
def base_score(rules: Any, incident: Any) -> int:
    """The part of the score that does not move with time."""
    points = profiles(rules)[incident["profile"]]["base_score"]
    return base_of_incident(points, incident["reopens"], incident["handoffs"], incident["csat"])


@inner
def elapsed_before(rules: Any, work: Any, at: int, t: int) -> int:
    """Elapsed ms of clock `at` at an instant before its anchor, as far as it is known."""
    clock = clocks(work)[at]
    calendar = clock["calendar"]
    if t <= clock["started"]:
        return 0
    if only_ran(clock):
        return open_between(rules, calendar, clock["started"], t)
    total = np.int64(0)
    for n in range(counts(work)[SEGMENTS]):
        segment = segments(work)[n]
        if segment["clock"] == at and segment["kind"] == RUNNING_TIME and segment["start"] < t:
            total += open_between(rules, calendar, segment["start"], min(t, segment["end"]))
    return total


@inner
def elapsed_at(rules: Any, work: Any, at: int, t: int) -> int:
    """Elapsed ms of clock `at` at instant `t`."""
    clock = clocks(work)[at]
    if t < clock["anchor"]:
        return elapsed_before(rules, work, at, t)
    if clock["state"] != _RUNNING:
        return clock["elapsed"]
    from_anchor = open_between(rules, clock["calendar"], clock["anchor"], t)
    return clock["elapsed"] + from_anchor


@inner
def score_at(rules: Any, work: Any, row: int, t: int) -> int:
    """The incident's score at instant `t`: base plus the urgency of its tightest clock."""
    incident = incidents(work)[row]
    tightest = 0
    at = incident["clocks"]
    while at >= 0:
        clock = clocks(work)[at]
        if clock["state"] == _RUNNING or clock["state"] == _PAUSED:
            points = urgency(elapsed_at(rules, work, at, t), clock["target"])
            tightest = max(tightest, points)
        at = clock["next"]
    return base_score(rules, incident) + tightest


@inner
def step_instant(rules: Any, work: Any, row: int, at: int, step: Any, nth: int) -> int:
    """When the step's next firing comes, as things stand; NEVER when it cannot.

    `nth` counts firings of this step so far. A warning whose instant lies before the start
    comes at the start. Steps after the breach count from the due on the wall clock and keep
    the wait that is left while the clock is paused or, with `until: acknowledged`, taken.
    """
    clock = clocks(work)[at]
    kind = step["at"]
    if kind == AT_PERCENT:
        elapsed = (step["amount"] * clock["target"] + 99) // 100
        return instant_at(rules, work, at, elapsed)
    if kind == AT_BEFORE:
        return instant_at(rules, work, at, clock["target"] - step["amount"])
    if kind == AT_SCORE:
        missing = step["amount"] - base_score(rules, incidents(work)[row])
        elapsed = elapsed_for(missing, clock["target"])
        if elapsed < 0:
            return NEVER
        reached = instant_at(rules, work, at, elapsed)
        return max(reached, incidents(work)[row]["last_time"])
    if kind == AT_BREACH or clock["flags"] & BREACHED == 0:
        return NEVER
    wait = step["amount"] * (nth + 1) if kind == AT_EVERY else step["amount"]
    instant = clock["due"] + wait + clock["shift"]
    if wait == 0:
        instant += 1
    if step["until_ack"]:
        if clock["ack_since"] != 0:
            return NEVER
        instant += clock["ack_shift"]
    return instant


@inner
def plan_next(rules: Any, work: Any, row: int, at: int) -> None:
    """Set the clock's nearest instant: start, warning, breach, held breach, step, ack's end."""
    clock = clocks(work)[at]
    state = clock["state"]
    if state == _SCHEDULED:
        clock["next_at"] = clock["started"]
        return
    nearest = NEVER
    definition = definitions(rules)[clock["definition"]]
    if state == _RUNNING or (state == _PAUSED and clock["flags"] & BREACHED):
        if clock["flags"] & HELD:
            nearest = clock["breached_at"] + definition["hold"]
        if clock["ack_until"] != 0:
            nearest = min(nearest, clock["ack_until"])
    if state == _RUNNING:
        if clock["flags"] & BREACHED == 0:
            nearest = min(nearest, clock["due"] + 1)
        first = definition["step"]
        for n in range(definition["steps"]):
            if clock["armed"] >> n & 1:
                step = steps(rules)[first + n]
                instant = step_instant(rules, work, row, at, step, clock["count"][n])
                nearest = min(nearest, instant)
    clock["next_at"] = nearest


@inner
def emit(
    rules: Any,
    work: Any,
    row: int,
    at: int,
    kind: int,
    step: int,
    repeat: int,
    t: int,
    cause: int,
    decided: int,
) -> None:
    """Write one ALERT row; the alert counts as sent from here on."""
    incident = incidents(work)[row]
    clock = clocks(work)[at]
    n = counts(work)[ALERTS]
    alert = alerts(work)[n]
    alert["time"] = t
    alert["decided"] = decided
    alert["due"] = clock["due"]
    alert["started"] = clock["started"]
    alert["elapsed"] = elapsed_at(rules, work, at, t)
    alert["target"] = clock["target"]
    alert["row"] = row
    alert["definition"] = clock["definition"]
    alert["calendar"] = clock["calendar"]
    alert["profile"] = incident["profile"]
    alert["cycle"] = clock["cycle"]
    alert["step"] = step
    alert["events"] = incident["events"]
    alert["column"] = clock["column"]
    alert["score"] = score_at(rules, work, row, t)
    alert["repeat"] = repeat
    alert["kind"] = kind
    alert["cause"] = cause
    alert["superseded"] = 0
    counts(work)[ALERTS] = n + 1
    clock["flags"] |= TOLD


@inner
def emit_breach(rules: Any, work: Any, row: int, at: int, cause: int, decided: int) -> None:
    """The breach alert, with the actions of an `at: breach` step if there is one."""
    clock = clocks(work)[at]
    definition = definitions(rules)[clock["definition"]]
    step = -1
    for n in range(definition["steps"]):
        if steps(rules)[definition["step"] + n]["at"] == AT_BREACH:
            step = definition["step"] + n
    clock["flags"] &= 0xFF ^ HELD
    emit(rules, work, row, at, _BREACHED, step, 0, clock["breached_at"], cause, decided)


@inner
def emit_cleared(rules: Any, work: Any, row: int, at: int) -> None:
    """The cycle ended while an alert of it is valid: tell those who were told."""
    clock = clocks(work)[at]
    if clock["flags"] & HELD:
        emit_breach(rules, work, row, at, _OF_HOLD, clock["stopped"])
    if clock["flags"] & TOLD:
        clock["clears"] += 1
        repeat = clock["clears"] if clock["clears"] > 1 else 0
        stopped = clock["stopped"]
        emit(rules, work, row, at, _CLEARED, -1, repeat, stopped, _NO_CAUSE, stopped)


@inner
def mark_breached(clock: Any) -> None:
    """The breach is a fact of the cycle from due + 1 ms on."""
    clock["flags"] |= BREACHED
    clock["breached_at"] = clock["due"] + 1


@inner
def fire_step(
    rules: Any, work: Any, row: int, at: int, n: int, t: int, cause: int, decided: int
) -> None:
    """Fire step `n` of the clock at its instant `t` and count it."""
    clock = clocks(work)[at]
    definition = definitions(rules)[clock["definition"]]
    index = definition["step"] + n
    step = steps(rules)[index]
    count = clock["count"][n] + 1
    clock["count"][n] = count
    repeat = count if step["at"] == AT_EVERY or count > 1 else 0
    if step["at"] != AT_EVERY or count >= step["times"]:
        clock["armed"] &= 0xFFFF ^ (1 << n)
    kind = _WARNING if is_warning(step) else _ESCALATION
    emit(rules, work, row, at, kind, index, repeat, t, cause, decided)


@inner
def is_tightest(rules: Any, work: Any, row: int, at: int, t: int) -> bool:
    """Whether no other clock of the incident has a larger elapsed share at `t`."""
    own_elapsed = elapsed_at(rules, work, at, t)
    own_target = max(1, clocks(work)[at]["target"])
    other = incidents(work)[row]["clocks"]
    while other >= 0:
        clock = clocks(work)[other]
        if other != at and (clock["state"] == _RUNNING or clock["state"] == _PAUSED):
            elapsed = elapsed_at(rules, work, other, t)
            if float(elapsed) * own_target > float(own_elapsed) * max(1, clock["target"]):
                return False
        other = clock["next"]
    return True


@inner
def break_now(rules: Any, work: Any, row: int, at: int) -> None:
    """The due has passed: breached at due + 1 ms; the alert leaves now or after `hold`."""
    clock = clocks(work)[at]
    settle(rules, work, at, clock["due"] + 1)
    mark_breached(clock)
    if definitions(rules)[clock["definition"]]["hold"] > 0:
        clock["flags"] |= HELD
    else:
        emit_breach(rules, work, row, at, _NO_CAUSE, clock["breached_at"])
    plan_next(rules, work, row, at)


@inner
def fire_due(rules: Any, work: Any, row: int, at: int, t: int) -> None:
    """Everything of a running clock that falls due at instant `t`, in written order."""
    clock = clocks(work)[at]
    definition = definitions(rules)[clock["definition"]]
    if clock["flags"] & BREACHED == 0 and clock["due"] + 1 == t:
        break_now(rules, work, row, at)
    if clock["flags"] & HELD and clock["breached_at"] + definition["hold"] == t:
        emit_breach(rules, work, row, at, _OF_HOLD, t)
    for n in range(definition["steps"]):
        if clock["armed"] >> n & 1 == 0:
            continue
        step = steps(rules)[definition["step"] + n]
        if step_instant(rules, work, row, at, step, clock["count"][n]) != t:
            continue
        if step["at"] == AT_SCORE and not is_tightest(rules, work, row, at, t):
            clock["armed"] &= 0xFFFF ^ (1 << n)
            continue
        fire_step(rules, work, row, at, n, t, _NO_CAUSE, t)
