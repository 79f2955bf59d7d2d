"""What is said: one ALERT row per alert."""

from __future__ import annotations

from typing import Any

from sla_engine.clock.business import is_open
from sla_engine.clock.compiled import inner
from sla_engine.clock.dues import target_now
from sla_engine.clock.far import far
from sla_engine.clock.holding import in_window, judged
from sla_engine.clock.layout import (
    HELD,
    IRREGULAR,
    TOLD,
    AlertKind,
    Cause,
)
from sla_engine.clock.marks import now_of
from sla_engine.clock.rules import (
    ASKED,
    JUDGED_CALENDAR,
    REACHED,
    STEP_ASKS,
    STEP_DURING,
    STEP_TELLS,
    definitions,
    steps,
)
from sla_engine.clock.scoring import score_at
from sla_engine.clock.stretches import elapsed_at
from sla_engine.clock.work import ALERTS, alerts, clocks, counts, incidents, recording

_BREACHED = int(AlertKind.BREACHED)
_CLEARED = int(AlertKind.CLEARED)
_NO_CAUSE = int(Cause.NONE)
_HELD = int(Cause.HELD)


@far
def emit(
    rules: Any, work: Any, row: int, at: int, kind: int, step: int, repeat: int, t: int,
    cause: int,
) -> int:  # fmt: skip
    """Write one ALERT row, decided now; the figures are those of its instant `t`."""
    incident = incidents(work)[row]
    clock = clocks(work)[at]
    n = counts(work)[ALERTS]
    alert = alerts(work)[n]
    decided = now_of(work, row)
    alert["time"] = t
    alert["decided"] = decided
    alert["release"] = decided
    alert["due"] = clock["due"]
    alert["started"] = clock["started"]
    alert["elapsed"] = elapsed_at(rules, work, at, t)
    alert["target"] = target_now(rules, work, at, t)
    alert["row"] = row
    alert["definition"] = clock["definition"]
    alert["calendar"] = clock["calendar"]
    alert["profile"] = incident["profile"]
    alert["cycle"] = clock["cycle"]
    alert["step"] = step
    alert["events"] = incident["events"]
    alert["column"] = clock["column"]
    alert["score"] = score_at(rules, work, row, t)
    alert["parts"] = 0
    alert["repeat"] = repeat
    alert["kind"] = kind
    alert["cause"] = cause
    alert["superseded"] = 0
    counts(work)[ALERTS] = n + 1
    clock["flags"] |= TOLD
    return n


@inner
def parts_inside(rules: Any, work: Any, row: int, definition: Any) -> int:
    """Which `at: breach` steps add their actions: bit per step, those outside `during` do not."""
    parts = 0
    for n in range(definition["breaches"]):
        inside = True
        step = definition["breach"] + n
        if steps(rules)[step]["options"] & STEP_DURING:
            calendar = judged(rules, incidents(work)[row]["profile"], step) // JUDGED_CALENDAR - 1
            inside = is_open(rules, calendar, now_of(work, row)) != 0
        if inside:
            parts |= 1 << n
    return parts


@inner
def reaches_nobody(rules: Any, profile: int, definition: Any, parts: int) -> bool:
    """Whether the breach's actions tell somebody, but none of them exists."""
    asked = False
    for n in range(definition["breaches"]):
        step = definition["breach"] + n
        if parts >> n & 1 == 0:
            continue
        if steps(rules)[step]["options"] & STEP_TELLS:
            return False
        if steps(rules)[step]["options"] & STEP_ASKS:
            judgement = judged(rules, profile, step)
            if judgement & REACHED:
                return False
            if judgement & ASKED:
                asked = True
    return asked


@far
def emit_breach(rules: Any, work: Any, row: int, at: int, cause: int) -> int:
    """The breach, with the actions of its steps; 1 if it reaches nobody.

    On `hold` it leaves later, or at the end of the cycle: a fold that does not record leaves
    that to one that does.
    """
    clock = clocks(work)[at]
    definition = definitions(rules)[clock["definition"]]
    parts = parts_inside(rules, work, row, definition)
    t = clock["breached_at"]
    if in_window(rules, incidents(work)[row]["profile"], t):
        cause = _HELD
    release = t + definition["hold"]
    if release > now_of(work, row):
        clock["flags"] |= HELD
        incidents(work)[row]["flags"] |= IRREGULAR
    if clock["flags"] & HELD == 0 or recording(work):
        n = emit(rules, work, row, at, _BREACHED, -1, 0, t, cause)
        alerts(work)[n]["due"] = t - 1
        alerts(work)[n]["parts"] = parts
        alerts(work)[n]["release"] = max(release, alerts(work)[n]["decided"])
    return reaches_nobody(rules, incidents(work)[row]["profile"], definition, parts)


@inner
def release_held(work: Any, at: int, t: int) -> None:
    """The end of the cycle releases a breach that still waits for its `hold`."""
    clock = clocks(work)[at]
    for n in range(counts(work)[ALERTS]):
        alert = alerts(work)[n]
        same = alert["column"] == clock["column"] and alert["cycle"] == clock["cycle"]
        if same and alert["kind"] == _BREACHED and alert["release"] > t:
            alert["release"] = t
            alert["cause"] = _HELD
    clock["flags"] &= 0xFFFF ^ HELD


@far
def emit_cleared(rules: Any, work: Any, row: int, at: int) -> int:
    """The cycle ended while an alert of it is valid: tell those who were told."""
    clock = clocks(work)[at]
    if clock["flags"] & HELD:
        release_held(work, at, clock["stopped"])
    if clock["flags"] & TOLD:
        clock["clears"] += 1
        repeat = clock["clears"] if clock["clears"] > 1 else 0
        emit(rules, work, row, at, _CLEARED, -1, repeat, clock["stopped"], _NO_CAUSE)
    return 0
