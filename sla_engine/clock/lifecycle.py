"""A clock's life: start, pause, resume, end, a new target, a reopening."""

from __future__ import annotations

from typing import Any

from sla_engine.clock.business import open_between
from sla_engine.clock.compiled import inner
from sla_engine.clock.ladder import (
    AT_AFTER,
    AT_BEFORE,
    AT_BREACH,
    AT_EVERY,
    AT_PERCENT,
    emit_breach,
    emit_cleared,
    fire_step,
    mark_breached,
    plan_next,
    step_instant,
)
from sla_engine.clock.layout import (
    BREACHED,
    BY_RESOLVE,
    MOVED,
    NEVER,
    OPT_DROP_PAUSES,
    OPT_REARM,
    OPT_SILENT,
    PAUSED_TIME,
    RESOLVED_TIME,
    RUNNING_TIME,
    Cause,
    State,
    definitions,
    steps,
)
from sla_engine.clock.measure import (
    due_of,
    first_due,
    instant_at,
    record_segment,
    recount,
    settle,
    target_of,
)
from sla_engine.clock.work import (
    ARCHIVED,
    FREE_CLOCKS,
    SEGMENTS,
    archived,
    by_column,
    clocks,
    counts,
    free_clocks,
    incidents,
    segments,
)

_NONE = int(State.NONE)
_RUNNING = int(State.RUNNING)
_PAUSED = int(State.PAUSED)
_MET = int(State.MET)
_CANCELLED = int(State.CANCELLED)
_WAITING = int(State.WAITING)
_SCHEDULED = int(State.SCHEDULED)
_ATTACHED = int(Cause.ATTACHED)

# policy.model.OnPriorityChange
KEEP_START, RESTART, KEEP_DUE, EARLIER = 0, 1, 2, 3


@inner
def is_active(clock: Any) -> bool:
    """Running or paused."""
    return clock["state"] == _RUNNING or clock["state"] == _PAUSED


@inner
def new_row(work: Any, row: int, column: int) -> int:
    """A clock row for this column, linked into the incident; cycle 0, state NONE."""
    free = counts(work)[FREE_CLOCKS] - 1
    at = free_clocks(work)[free]
    counts(work)[FREE_CLOCKS] = free
    clock = clocks(work)[at]
    blank(clock)
    clock["cycle"] = 0
    clock["column"] = column
    clock["next"] = incidents(work)[row]["clocks"]
    incidents(work)[row]["clocks"] = at
    by_column(work)[column] = at
    return at


@inner
def blank(clock: Any) -> None:
    """Clear everything but the row's link, column and cycle."""
    clock["started"] = 0
    clock["anchor"] = 0
    clock["due"] = 0
    clock["target"] = 0
    clock["elapsed"] = 0
    clock["paused"] = 0
    clock["resolved"] = 0
    clock["excluded"] = 0
    clock["wall"] = 0
    clock["breached_at"] = 0
    clock["stopped"] = 0
    clock["shift"] = 0
    clock["ack_since"] = 0
    clock["ack_until"] = 0
    clock["ack_shift"] = 0
    clock["next_at"] = NEVER
    clock["reopens"] = 0
    clock["armed"] = 0
    clock["clears"] = 0
    clock["state"] = _NONE
    clock["flags"] = 0
    for n in range(len(clock["count"])):
        clock["count"][n] = 0


@inner
def archive(work: Any, at: int) -> None:
    """Keep the cycle that is about to be replaced, when the caller records."""
    clock = clocks(work)[at]
    if len(archived(work)) > 0 and clock["cycle"] > 0:
        n = counts(work)[ARCHIVED]
        archived(work)[n] = clock
        counts(work)[ARCHIVED] = n + 1
        for s in range(counts(work)[SEGMENTS]):
            if segments(work)[s]["clock"] == at:
                segments(work)[s]["clock"] = -2 - n


@inner
def start(
    rules: Any, work: Any, row: int, column: int, plan: Any, started: int, t: int, paused: bool
) -> bool:
    """Start the column's next cycle at `started` (seen at event time `t`); False: no target.

    A start in the past is an attachment: what it missed is not made up for (D6). A start
    still to come waits as SCHEDULED.
    """
    incident = incidents(work)[row]
    definition = definitions(rules)[plan["definition"]]
    if definition["starts_at"] >= 0:
        other = incident["times"][definition["starts_at"]]
        if other != 0 and other <= started:
            started = other
    target, moved, exists = target_of(rules, incident, plan, plan["calendar"], started)
    if not exists:
        return False
    at = by_column(work)[column]
    if at < 0:
        at = new_row(work, row, column)
    else:
        archive(work, at)
    clock = clocks(work)[at]
    blank(clock)
    clock["cycle"] += 1
    clock["definition"] = plan["definition"]
    clock["calendar"] = plan["calendar"]
    clock["calendar_key"] = plan["calendar_key"]
    clock["started"] = started
    clock["anchor"] = started
    clock["target"] = target
    clock["origin"] = incident["events"]
    if moved:
        clock["flags"] |= MOVED
    clock["armed"] = (1 << definition["steps"]) - 1
    if started > t:
        clock["state"] = _SCHEDULED
        clock["due"] = NEVER
        plan_next(rules, work, row, at)
        return True
    clock["state"] = _RUNNING
    set_due(rules, work, row, at, plan)
    attach(rules, work, row, at, t)
    if paused:
        pause(rules, work, row, at, t)
    else:
        plan_next(rules, work, row, at)
    return True


@inner
def set_due(rules: Any, work: Any, row: int, at: int, plan: Any) -> None:
    """The due of a running clock; a due that lies before the start is taken as given (D4)."""
    clock = clocks(work)[at]
    if clock["target"] <= 0:
        incident = incidents(work)[row]
        clock["due"], _ = first_due(rules, incident, plan, clock["calendar"], clock["started"])
    else:
        clock["due"] = due_of(rules, work, at)


@inner
def attach(rules: Any, work: Any, row: int, at: int, t: int) -> None:
    """What a running clock whose instants may lie before `t` still says (D6).

    The due is behind: the breach alone. The due is ahead: only the highest passed warning.
    Steps after the breach that are behind are skipped. A score that is reached is not missed.
    """
    clock = clocks(work)[at]
    definition = definitions(rules)[clock["definition"]]
    broken = clock["flags"] & BREACHED != 0
    if not broken and clock["due"] < t:
        settle(rules, work, at, t)
        mark_breached(clock)
        broken = True
        if definition["options"] & OPT_SILENT == 0:
            emit_breach(rules, work, row, at, _ATTACHED, t)
    best = -1
    best_instant = -NEVER
    best_armed = False
    for n in range(definition["steps"]):
        armed = clock["armed"] >> n & 1 != 0
        step = steps(rules)[definition["step"] + n]
        if step["at"] == AT_PERCENT or step["at"] == AT_BEFORE:
            instant = step_instant(rules, work, row, at, step, 0)
            if instant < t:
                clock["armed"] &= 0xFFFF ^ (1 << n)
                if instant >= best_instant:
                    best = n
                    best_instant = instant
                    best_armed = armed
        elif armed and (step["at"] == AT_AFTER or step["at"] == AT_EVERY):
            skip_missed(rules, work, row, at, n, step, t)
    if best_armed and not broken:
        fire_step(rules, work, row, at, best, best_instant, _ATTACHED, t)


@inner
def skip_missed(rules: Any, work: Any, row: int, at: int, n: int, step: Any, t: int) -> None:
    """Pass over the firings of a step after the breach that lie before `t`."""
    clock = clocks(work)[at]
    while clock["armed"] >> n & 1:
        if step_instant(rules, work, row, at, step, clock["count"][n]) >= t:
            return
        if step["at"] == AT_EVERY and clock["count"][n] + 1 < step["times"]:
            clock["count"][n] += 1
        else:
            clock["armed"] &= 0xFFFF ^ (1 << n)


@inner
def pause(rules: Any, work: Any, row: int, at: int, t: int) -> None:
    """Stand still from `t` on; nothing fires, the waits that are left stay."""
    settle(rules, work, at, t)
    clock = clocks(work)[at]
    clock["state"] = _PAUSED
    if clock["anchor"] < t:
        clock["anchor"] = t
    if clock["flags"] & BREACHED == 0:
        clock["due"] = NEVER
    plan_next(rules, work, row, at)


@inner
def resume(rules: Any, work: Any, row: int, at: int, t: int) -> None:
    """Run on from `t`; the due moves by the open time that was paused."""
    settle(rules, work, at, t)
    clock = clocks(work)[at]
    clock["state"] = _RUNNING
    if clock["flags"] & BREACHED == 0:
        clock["due"] = due_of(rules, work, at)
    attach(rules, work, row, at, t)
    plan_next(rules, work, row, at)


@inner
def end(rules: Any, work: Any, row: int, at: int, state: int, t: int, by_resolve: bool) -> None:
    """The cycle ends at `t` as MET or CANCELLED; those who were told hear it."""
    settle(rules, work, at, t)
    clock = clocks(work)[at]
    clock["state"] = state
    clock["stopped"] = t
    if by_resolve:
        clock["flags"] |= BY_RESOLVE
    emit_cleared(rules, work, row, at)
    clock["ack_since"] = 0
    clock["ack_until"] = 0
    clock["next_at"] = NEVER


@inner
def drop(work: Any, at: int) -> None:
    """Forget a scheduled start: the cycle never was."""
    clock = clocks(work)[at]
    clock["state"] = _NONE
    clock["cycle"] -= 1
    clock["next_at"] = NEVER


@inner
def reopen(rules: Any, work: Any, row: int, at: int, t: int, paused: bool) -> None:
    """The same cycle goes on; the time spent resolved never counts (D5)."""
    clock = clocks(work)[at]
    stopped = clock["stopped"]
    clock["resolved"] += open_between(rules, clock["calendar"], stopped, t)
    record_segment(work, at, stopped, t, RESOLVED_TIME)
    if clock["flags"] & BREACHED:
        clock["shift"] += t - stopped
    clock["anchor"] = t
    clock["stopped"] = 0
    clock["flags"] &= 0xFF ^ BY_RESOLVE
    clock["reopens"] += 1
    clock["state"] = _RUNNING
    if clock["flags"] & BREACHED == 0:
        clock["due"] = due_of(rules, work, at)
    attach(rules, work, row, at, t)
    if paused:
        pause(rules, work, row, at, t)
    else:
        plan_next(rules, work, row, at)


@inner
def needs_past(clock: Any, plan: Any) -> bool:
    """Whether a new plan needs the clock's intervals: its sums alone do not say enough."""
    if plan["definition"] < 0:
        return False
    if plan["calendar"] != clock["calendar"]:
        return clock["anchor"] > clock["started"]
    return clock["paused"] != 0 or clock["resolved"] != 0 or clock["excluded"] != 0


@inner
def retarget(rules: Any, work: Any, row: int, at: int, plan: Any, t: int, by_due: bool) -> None:
    """The clock goes on under a new plan (D3, D4, D16) from event time `t` on.

    `by_due`: only the attribute of `due_at` changed, which no mode can refuse.
    """
    incident = incidents(work)[row]
    clock = clocks(work)[at]
    definition = definitions(rules)[plan["definition"]]
    mode = KEEP_START if by_due else definition["on_priority"]
    settle(rules, work, at, t)
    if mode == KEEP_DUE:
        if clock["definition"] != plan["definition"]:
            change_ladder(rules, clock, plan["definition"])
        plan_next(rules, work, row, at)
        return
    if plan["calendar"] != clock["calendar"]:
        recount(rules, work, at, plan["calendar"])
        clock["calendar_key"] = plan["calendar_key"]
    if clock["definition"] != plan["definition"]:
        change_ladder(rules, clock, plan["definition"])
    if definition["options"] & OPT_DROP_PAUSES and clock["paused"] != 0:
        count_pauses(work, at)
    target, moved, exists = target_of(rules, incident, plan, clock["calendar"], clock["started"])
    if not exists:
        end(rules, work, row, at, _CANCELLED, t, False)
        return
    if mode == EARLIER and target >= clock["target"]:
        plan_next(rules, work, row, at)
        return
    clock["target"] = target
    clock["flags"] = clock["flags"] | MOVED if moved else clock["flags"] & (0xFF ^ MOVED)
    if clock["state"] == _RUNNING:
        set_due(rules, work, row, at, plan)
    elif clock["flags"] & BREACHED:
        clock["due"] = instant_at(rules, work, at, target)
    rearm(rules, work, row, at, t)
    if clock["state"] == _RUNNING:
        attach(rules, work, row, at, t)
    plan_next(rules, work, row, at)


@inner
def count_pauses(work: Any, at: int) -> None:
    """carry_pauses: false turns the earlier pauses into elapsed time (D4)."""
    clock = clocks(work)[at]
    clock["elapsed"] += clock["paused"]
    clock["paused"] = 0
    for n in range(counts(work)[SEGMENTS]):
        segment = segments(work)[n]
        if segment["clock"] == at and segment["kind"] == PAUSED_TIME:
            segment["kind"] = RUNNING_TIME


@inner
def change_ladder(rules: Any, clock: Any, definition: int) -> None:
    """A rematch to another policy brings its ladder; thresholds that fired stay fired."""
    old = definitions(rules)[clock["definition"]]
    new = definitions(rules)[definition]
    fired = clock["count"].copy()
    armed = clock["armed"]
    clock["armed"] = 0
    for n in range(new["steps"]):
        step = steps(rules)[new["step"] + n]
        count = 0
        keep = True
        for m in range(old["steps"]):
            other = steps(rules)[old["step"] + m]
            same_form = (step["at"] >= AT_AFTER) == (other["at"] >= AT_AFTER)
            same_kind = step["at"] == other["at"] or (same_form and step["at"] in (3, 4))
            if same_kind and step["amount"] == other["amount"]:
                count = fired[m]
                keep = count == 0 or (armed >> m & 1 != 0)
        clock["count"][n] = count
        if keep and (step["at"] != AT_EVERY or count < step["times"]):
            clock["armed"] |= 1 << n
    for n in range(new["steps"], len(fired)):
        clock["count"][n] = 0
    clock["definition"] = definition


@inner
def rearm(rules: Any, work: Any, row: int, at: int, t: int) -> None:
    """Arm what never fired, and with `rearm: true` what fired but lies ahead again (D16)."""
    clock = clocks(work)[at]
    definition = definitions(rules)[clock["definition"]]
    again = definition["options"] & OPT_REARM != 0
    for n in range(definition["steps"]):
        step = steps(rules)[definition["step"] + n]
        if step["at"] == AT_BREACH or clock["armed"] >> n & 1:
            continue
        if clock["count"][n] == 0:
            clock["armed"] |= 1 << n
        elif again and (step["at"] == AT_PERCENT or step["at"] == AT_BEFORE):
            paused = clock["state"] == _PAUSED
            if paused or step_instant(rules, work, row, at, step, 0) >= t:
                clock["armed"] |= 1 << n
