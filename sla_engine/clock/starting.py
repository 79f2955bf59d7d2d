"""Starting a cycle, now or at an instant that is past."""

from __future__ import annotations

from typing import Any

from sla_engine.clock.compiled import inner
from sla_engine.clock.dues import amount_of, has_clock, take_target, time_in
from sla_engine.clock.far import far
from sla_engine.clock.layout import BY_EDIT, FROM_OPENING, SWITCHES
from sla_engine.clock.lifecycle import archive, blank, link_last, new_row, unlink
from sla_engine.clock.marks import end_wait, now_of
from sla_engine.clock.past import trace
from sla_engine.clock.rebase import rebase
from sla_engine.clock.rules import (
    OPT_FROM_START,
    OPT_OWN_START,
    Kind,
    definitions,
    plans,
    profiles,
)
from sla_engine.clock.work import (
    ACKS,
    WAITS,
    acks,
    by_column,
    change,
    clocks,
    counts,
    incidents,
    waits,
)

_UPDATE = int(Kind.UPDATE)


@inner
def opening_for(rules: Any, work: Any, row: int, definition: int) -> int:
    """When the incident was opened, or the earliest of what it absorbed (D19)."""
    incident = incidents(work)[row]
    absorbed = incident["absorbed"]
    if absorbed == 0 or definitions(rules)[definition]["options"] & OPT_OWN_START:
        return incident["opened"]
    return min(incident["opened"], absorbed)


@inner
def forget_waits(work: Any, at: int) -> None:
    """What waited or was acknowledged belongs to the cycle before."""
    for n in range(counts(work)[WAITS] - 1, -1, -1):
        if waits(work)[n]["clock"] == at:
            end_wait(work, n)
    for n in range(counts(work)[ACKS]):
        if acks(work)[n]["clock"] == at:
            acks(work)[n]["clock"] = -1


@far
def start(rules: Any, work: Any, row: int, column: int, t: int, own: int) -> int:
    """Start the column's next cycle at `t`; no target: no cycle.

    `own`: by the clock's own start, which `starts_at` replaces when it is not later. A start in
    the past is an attachment: what it missed is not made up for (D6).
    """
    if not has_clock(rules, work, row, column):
        return 0
    incident = incidents(work)[row]
    plan = plans(rules)[incident["profile"], column]
    definition = definitions(rules)[plan["definition"]]
    if own and definition["starts_at"] >= 0:
        given = time_in(incident["times"], incident["opened"], definition["starts_at"])
        if given != 0 and given <= t:
            t = given
    at = by_column(work)[column]
    if at < 0:
        at = new_row(work, row, column)
    archive(rules, work, at)
    clock = clocks(work)[at]
    if clock["cycle"] == 0:
        unlink(work, row, at)
        link_last(work, row, at)
    forget_waits(work, at)
    blank(clock)
    clock["cycle"] += 1
    clock["started"] = t
    clock["origin"] = incident["events"]
    clock["definition"] = plan["definition"]
    clock["calendar"] = plan["calendar"]
    clock["calendar_key"] = plan["calendar_key"]
    amount = amount_of(plan, incident["times"], incident["opened"])
    clock["seen_mode"] = plan["mode"]
    clock["seen_amount"] = amount
    clock["seen_calendar"] = plan["calendar_key"]
    clock["seen_priority"] = profiles(rules)[incident["profile"]]["priority"]
    clock["seen_definition"] = plan["definition"]
    if change(work)[0]["flags"] & SWITCHES:
        clock["flags"] |= BY_EDIT
    if own and starts_at_opening(rules, work, row, plan["definition"], t):
        clock["flags"] |= FROM_OPENING
    trace(rules, work, row, at)
    take_target(rules, work, at, plan["mode"], amount)
    return rebase(rules, work, row, at, now_of(work, row))


@inner
def starts_at_opening(rules: Any, work: Any, row: int, definition: int, t: int) -> bool:
    """Whether a start is that of the incident, and moves with it."""
    if definitions(rules)[definition]["options"] & OPT_FROM_START:
        return True
    is_update = definitions(rules)[definition]["kind"] == _UPDATE
    return is_update and t == opening_for(rules, work, row, definition)
