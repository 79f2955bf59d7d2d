"""A clock whose instants may lie before now: after a start, a new target, ladder or pin (D6).

The due is behind: the breach alone is said. The due is ahead: only the highest passed warning.
Steps after the breach that are behind are missed; what lies ahead again may still come.
"""

from __future__ import annotations

from typing import Any

from sla_engine.clock.compiled import inner
from sla_engine.clock.dues import show_due, visible_due
from sla_engine.clock.far import far
from sla_engine.clock.firing import break_clock
from sla_engine.clock.ladder import AT_SCORE, after_instant, need_of, plan_next, warning_instant
from sla_engine.clock.layout import BREACHED, NEVER, WARNING_SLOTS
from sla_engine.clock.marks import drop, end_wait, find_wait, has, put
from sla_engine.clock.rules import OPT_REARM, definitions, rungs, steps
from sla_engine.clock.work import WAITS, clocks, counts, waits


@far
def rebase(rules: Any, work: Any, row: int, at: int, t: int) -> int:
    """Judge the clock's due and steps anew at `t`, and plan what comes next."""
    show_due(rules, work, at)
    due = visible_due(rules, work, at)
    past = due < t
    if past and clocks(work)[at]["flags"] & BREACHED == 0:
        break_clock(rules, work, row, at, due + 1, True)
    if past:
        drop_pulled(work, at)
    rebase_warnings(rules, work, at, t, past)
    if clocks(work)[at]["flags"] & BREACHED:
        rebase_afters(rules, work, at, t)
    return plan_next(rules, work, row, at)


@inner
def drop_pulled(work: Any, at: int) -> None:
    """Steps that were brought forward come at their own instants."""
    for n in range(counts(work)[WAITS] - 1, -1, -1):
        wait = waits(work)[n]
        if wait["clock"] != at:
            continue
        if wait["slot"] >= WARNING_SLOTS:
            wait["instant"] = NEVER
        if wait["wake"] == 0:
            end_wait(work, n)


@inner
def is_held(work: Any, at: int, slot: int) -> bool:
    """Whether the step waits for the end of a hold."""
    n = find_wait(work, at, slot)
    return n >= 0 and waits(work)[n]["wake"] != 0


@far
def rebase_warnings(rules: Any, work: Any, at: int, t: int, past: int) -> int:
    """Warnings: missed ones are passed over, but for the highest when the due is ahead."""
    clock = clocks(work)[at]
    definition = definitions(rules)[clock["definition"]]
    rearms = definition["options"] & OPT_REARM != 0
    clock["once"] = 0
    best = -1
    best_instant = -NEVER
    best_need = -NEVER
    for rung in range(definition["rung"], definition["rung"] + definition["warnings"]):
        if rungs(rules)[rung]["at"] == AT_SCORE:
            continue
        slot = rungs(rules)[rung]["slot"]
        instant = warning_instant(rules, work, at, rung, t)
        ahead = instant >= t
        fired = has(clock["fired"], slot)
        skipped = has(clock["skipped"], slot)
        held = is_held(work, at, slot)
        if fired and not skipped:
            if ahead and rearms:
                drop(clock["fired"], slot)
        elif skipped and not fired and ahead:
            drop(clock["skipped"], slot)
        elif not fired and not skipped and not ahead and not held:
            put(clock["skipped"], slot)
        if ahead or held:
            continue
        need = need_of(rules, work, at, rung, t)
        higher = instant > best_instant or (instant == best_instant and need > best_need)
        if higher or (instant == best_instant and need == best_need and later(rules, rung, best)):
            best, best_instant, best_need = rung, instant, need
    if best >= 0 and not past:
        slot = rungs(rules)[best]["slot"]
        if has(clock["skipped"], slot) and not has(clock["fired"], slot):
            drop(clock["skipped"], slot)
            clock["once"] = slot + 1
            clock["once_at"] = best_instant
    return 0


@inner
def later(rules: Any, rung: int, other: int) -> bool:
    """Whether a step is written behind another."""
    level = steps(rules)[rungs(rules)[rung]["step"]]["level"]
    return level > steps(rules)[rungs(rules)[other]["step"]]["level"]


@far
def rebase_afters(rules: Any, work: Any, at: int, t: int) -> int:
    """Steps after the breach: those behind are missed, missed ones ahead again are not."""
    clock = clocks(work)[at]
    definition = definitions(rules)[clock["definition"]]
    first = definition["rung"] + definition["warnings"]
    for rung in range(first, first + definition["afters"]):
        slot = rungs(rules)[rung]["slot"]
        fired = has(clock["fired"], slot)
        if fired or (counts(work)[WAITS] > 0 and find_wait(work, at, slot) >= 0):
            continue
        ahead = after_instant(rules, work, at, rung) >= t
        if has(clock["skipped"], slot):
            if ahead:
                drop(clock["skipped"], slot)
        elif not ahead:
            put(clock["skipped"], slot)
    return 0
