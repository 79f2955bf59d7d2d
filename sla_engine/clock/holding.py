"""Steps that may not fire yet: snoozed, in maintenance, outside hours; steps with a condition.

What a step's `if`, a window's `when` and its recipients say of an incident depends on the
profile alone (and, for an `if` that reads it, the score): Python judges once, kernels look up.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sla_engine.clock.business import is_open, next_open
from sla_engine.clock.compiled import inner
from sla_engine.clock.far import far
from sla_engine.clock.lookup import find, mix, pair
from sla_engine.clock.rules import (
    IF_HOLDS,
    JUDGED_CALENDAR,
    STEP_ASKS,
    STEP_DURING,
    STEP_HOLDS,
    STEP_SCORED,
    judgements,
    rungs,
    steps,
    windows,
)
from sla_engine.clock.scoring import score_at
from sla_engine.clock.work import NEED_A, NEED_B, NEED_C, clocks, counts, incidents

#: `held_until` of a step that is passed over.
SKIPPED = -1
#: `verdict` when Python must judge first.
UNKNOWN = -1


@inner
def judged(rules: Any, profile: int, step: int) -> int:
    """The judgement of a step under a profile, whatever the score; made with the profile."""
    return max(0, find(judgements(rules), mix(pair(profile, step), np.uint64(0))))


@far
def in_window(rules: Any, profile: int, t: int) -> int:
    """The end of the first maintenance window at `t` that is for the incident; 0 = none."""
    for n in range(len(windows(rules))):
        window = windows(rules)[n]
        if window["begin"] <= t < window["end"]:
            if window["asks"] == 0 or judged(rules, profile, len(steps(rules)) + n) & IF_HOLDS:
                return window["end"]
    return 0


@far
def held_until(rules: Any, work: Any, row: int, at: int, rung: int, t: int) -> int:
    """When a step may fire that is tried at `t`: then, or later; SKIPPED: not at all.

    A snooze and a maintenance window hold it, `outside_hours: hold` until its calendar opens
    (D14); outside `during` it is passed over, or held until that opens.
    """
    profile = incidents(work)[row]["profile"]
    if t < incidents(work)[row]["snoozed"]:
        return incidents(work)[row]["snoozed"]
    end = in_window(rules, profile, t)
    if end != 0:
        return end
    step = rungs(rules)[rung]["step"]
    options = steps(rules)[step]["options"]
    if options & STEP_DURING:
        calendar = judged(rules, profile, step) // JUDGED_CALENDAR - 1
        if not is_open(rules, calendar, t):
            return next_open(rules, calendar, t) if options & STEP_HOLDS else SKIPPED
    elif options & STEP_HOLDS:
        return next_open(rules, clocks(work)[at]["calendar"], t)
    return t


@far
def verdict(rules: Any, work: Any, row: int, step: int, t: int) -> int:
    """The judgement of a step at `t`; UNKNOWN, with the request noted, when Python must judge."""
    options = steps(rules)[step]["options"]
    if options & STEP_ASKS == 0:
        return IF_HOLDS
    profile = incidents(work)[row]["profile"]
    score = score_at(rules, work, row, t) + 1 if options & STEP_SCORED else 0
    found = find(judgements(rules), mix(pair(profile, step), np.uint64(score)))
    if found < 0:
        counts(work)[NEED_A] = profile
        counts(work)[NEED_B] = step
        counts(work)[NEED_C] = score
        return UNKNOWN
    return found
