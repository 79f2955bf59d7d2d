"""Thresholds and ladders: when each step of a clock comes, as things stand."""

from __future__ import annotations

from typing import Any

from sla_engine.clock.compiled import inner
from sla_engine.clock.dues import target_now
from sla_engine.clock.far import far
from sla_engine.clock.layout import BREACHED, HELD, NEVER, PINNED, RUNNING_TIME, State
from sla_engine.clock.marks import end_wait, find_wait, is_done, is_open_cycle, now_of
from sla_engine.clock.rules import (
    OPT_WAITS,
    STEP_UNTIL_ACK,
    definitions,
    rungs,
    steps,
)
from sla_engine.clock.scoring import score_instant
from sla_engine.clock.stretches import reach
from sla_engine.clock.work import (
    ACKS,
    SEGMENTS,
    WAITS,
    acks,
    clocks,
    counts,
    recording,
    segments,
    waits,
)

_RUNNING = int(State.RUNNING)

# policy.model.At, as plain numbers for the kernels
AT_PERCENT, AT_BEFORE, AT_AFTER, AT_SCORE = 0, 1, 3, 5


@inner
def until_ack(rules: Any, rung: Any) -> bool:
    """Whether an acknowledgement stops the step."""
    return steps(rules)[rung["step"]]["options"] & STEP_UNTIL_ACK != 0


@inner
def need_for(rules: Any, rung: int, target: int) -> int:
    """The elapsed ms at which a `%` or `before` warning falls due under this target."""
    amount = rungs(rules)[rung]["amount"]
    if rungs(rules)[rung]["at"] == AT_PERCENT:
        return (amount * target + 99) // 100
    return target - amount


@far
def need_of(rules: Any, work: Any, at: int, rung: int, now: int) -> int:
    """The elapsed ms at which a warning falls due.

    "N % falls due at the first millisecond with elapsed * 100 >= N * target".
    """
    return need_for(rules, rung, target_now(rules, work, at, now))


@far
def warning_instant(rules: Any, work: Any, at: int, rung: int, now: int) -> int:
    """When a `%` or `before` step comes; NEVER while it is not to be seen."""
    need = need_of(rules, work, at, rung, now)
    return reach(rules, work, at, clocks(work)[at]["calendar"], need, 0, 0)


@far
def after_instant(rules: Any, work: Any, at: int, rung: int) -> int:
    """When a step after the breach comes: from the due on the wall clock, standstills added.

    NEVER when it was not reached before the standstill that lasts. A step of its own at the
    breach belongs to due + 1 ms.
    """
    clock = clocks(work)[at]
    acked = until_ack(rules, rungs(rules)[rung])
    offset = max(1, rungs(rules)[rung]["offset"])
    if recording(work):
        return walk_after(work, at, offset, acked)
    instant = clock["due"] + offset + clock["shift"]
    if acked:
        instant += clock["ack_shift"]
    stands_since = NEVER
    if clock["state"] != _RUNNING:
        stands_since = clock["since"]
    elif acked and clock["ack_since"] != 0:
        stands_since = max(clock["since"], clock["ack_since"])
    return instant if instant < stands_since else NEVER


@far
def walk_after(work: Any, at: int, left: int, acked: int) -> int:
    """The same from the recorded standstills one by one, which tells past instants too."""
    clock = clocks(work)[at]
    instant = clock["due"]
    while True:
        begin = NEVER
        end = NEVER
        for n in range(counts(work)[SEGMENTS]):
            segment = segments(work)[n]
            stands = segment["clock"] == at and segment["kind"] != RUNNING_TIME
            if stands and segment["end"] > instant and segment["start"] < begin:
                begin, end = segment["start"], segment["end"]
        for n in range(counts(work)[ACKS] if acked else 0):
            ack = acks(work)[n]
            if ack["clock"] == at and ack["end"] > instant and ack["begin"] < begin:
                begin, end = ack["begin"], ack["end"]
        if clock["state"] != _RUNNING and clock["since"] < begin:
            begin, end = clock["since"], NEVER
        if begin >= NEVER or (begin > instant and left < begin - instant):
            return instant + left
        left -= max(0, begin - instant)
        if end >= NEVER:
            return NEVER
        instant = end


@far
def rung_instant(rules: Any, work: Any, row: int, at: int, rung: int) -> int:
    """The computed instant of a step of a running clock, as the alert will say it."""
    clock = clocks(work)[at]
    slot = rungs(rules)[rung]["slot"]
    kind = rungs(rules)[rung]["at"]
    now = now_of(work, row)
    if kind == AT_SCORE:
        # Held: it belongs to the clock that was the tightest when the score was reached.
        n = find_wait(work, at, slot)
        if n >= 0 and waits(work)[n]["instant"] < NEVER:
            return waits(work)[n]["instant"]
        return score_instant(rules, work, row, at, rungs(rules)[rung]["amount"], now)
    if kind == AT_PERCENT or kind == AT_BEFORE:
        if clock["once"] == slot + 1:
            return clock["once_at"]
        return warning_instant(rules, work, at, rung, now)
    if clock["flags"] & BREACHED == 0:
        return NEVER
    if counts(work)[WAITS] > 0:
        n = find_wait(work, at, slot)
        if n >= 0 and waits(work)[n]["instant"] < NEVER:
            return waits(work)[n]["instant"]
    return after_instant(rules, work, at, rung)


@far
def forget_scores(rules: Any, work: Any, row: int, at: int) -> int:
    """A held step at a score that is not reached any more starts anew when it is again."""
    definition = definitions(rules)[clocks(work)[at]["definition"]]
    now = now_of(work, row)
    for rung in range(definition["rung"], definition["rung"] + definition["warnings"]):
        if rungs(rules)[rung]["at"] == AT_SCORE:
            n = find_wait(work, at, rungs(rules)[rung]["slot"])
            score = rungs(rules)[rung]["amount"]
            if n >= 0 and score_instant(rules, work, row, at, score, now) > now:
                end_wait(work, n)
    return 0


@inner
def after_ack(work: Any, at: int, t: int) -> int:
    """`t`, or the end of the acknowledgement it lies in."""
    clock = clocks(work)[at]
    if clock["ack_since"] != 0 and clock["ack_since"] <= t:
        if clock["ack_until"] == 0:
            return NEVER
        if t < clock["ack_until"]:
            return clock["ack_until"]
    if recording(work):
        for n in range(counts(work)[ACKS]):
            ack = acks(work)[n]
            if ack["clock"] == at and ack["begin"] <= t < ack["end"]:
                t = ack["end"]
    return t


@far
def rung_at(rules: Any, work: Any, row: int, at: int, rung: int) -> int:
    """When to try a step: its instant, or later while it is held or acknowledged."""
    instant = rung_instant(rules, work, row, at, rung)
    if instant >= NEVER:
        return NEVER
    t = max(instant, now_of(work, row))
    if counts(work)[WAITS] > 0:
        n = find_wait(work, at, rungs(rules)[rung]["slot"])
        if n >= 0:
            t = max(t, waits(work)[n]["wake"])
    if rungs(rules)[rung]["at"] == AT_AFTER and until_ack(rules, rungs(rules)[rung]):
        return after_ack(work, at, t)
    return t


@inner
def release_of(rules: Any, clock: Any) -> int:
    """When a breach on `hold` may leave."""
    return clock["breached_at"] + definitions(rules)[clock["definition"]]["hold"]


@far
def plan_next(rules: Any, work: Any, row: int, at: int) -> int:
    """Set the clock's nearest instant: start, breach, step, end of a hold or acknowledgement."""
    clock = clocks(work)[at]
    nearest = NEVER
    if clock["pending"] != 0 and not waits_for_comment(rules, clock):
        nearest = clock["pending"]
    if is_open_cycle(clock):
        definition = definitions(rules)[clock["definition"]]
        flags = clock["flags"]
        if flags & HELD:
            nearest = min(nearest, release_of(rules, clock))
        if clock["ack_since"] != 0 and clock["ack_until"] != 0:
            nearest = min(nearest, clock["ack_until"])
        running = clock["state"] == _RUNNING
        if flags & BREACHED == 0 and (running or flags & PINNED):
            nearest = min(nearest, clock["due"] + 1)
        if running:
            end = definition["rung"] + definition["warnings"]
            if flags & BREACHED:
                end += definition["afters"]
            for rung in range(definition["rung"], end):
                if not is_done(clock, rungs(rules)[rung]["slot"]):
                    nearest = min(nearest, rung_at(rules, work, row, at, rung))
    clock["next_at"] = nearest
    return 0


@inner
def waits_for_comment(rules: Any, clock: Any) -> bool:
    """Whether `pending` is a comment to be answered, not a start to come."""
    return definitions(rules)[clock["definition"]]["options"] & OPT_WAITS != 0
