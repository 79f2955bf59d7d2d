"""An open cycle whose priority, target, calendar or policy changed (D3, D4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.reference.calendars import Calendar
from tests.reference.clocks import (
    RUN,
    Choice,
    Cycle,
    choose_calendar,
    choose_target,
    make_target,
)
from tests.reference.policies import ClockDef
from tests.reference.record import Moment
from tests.reference.timers import rebase

if TYPE_CHECKING:
    from tests.reference.incident import Incident


def seen(incident: Incident, d: ClockDef, choice: Choice) -> tuple[Any, ...]:
    calendar = choose_calendar(incident.policies, d, incident.view)
    return (choice, calendar.identity, incident.view.text("priority"), d.policy)


def retarget(incident: Incident, cycle: Cycle, m: Moment) -> None:
    """Priority, target, calendar or policy of an open cycle may have changed (D3, D4)."""
    d = cycle.definition
    choice = choose_target(incident.policies, d, m.after)
    if choice is None:
        # "no entry and no default: no clock"; `due_at` "unset: cancelled"
        incident.end(cycle, m.t, "cancelled", why="dropped")
        return
    calendar = choose_calendar(incident.policies, d, m.after)
    old, cycle.seen = cycle.seen, seen(incident, d, choice)
    if cycle.seen == old:
        return
    moved_due = choice.kind == "at" and old[0].kind == "at" and choice != old[0]
    policy_changed = old[3] != cycle.seen[3]
    if moved_due and old[1:] == cycle.seen[1:]:
        # "When the attribute of `due_at` changes, `target_ms` is taken anew from the start"
        _take(incident, cycle, choice, calendar, m.t)
        return
    mode = d.option("on_priority_change", "keep_start")
    if mode == "restart" and cycle.pin is None:
        # "ends the cycle as `cancelled` and starts the next one at that instant"
        incident.end(cycle, m.t, "cancelled", why="restart")
        incident.start(d, m.t)
        return
    target_changed = old[:2] != cycle.seen[:2]
    if not target_changed and not policy_changed:
        return
    if mode == "keep_due" and not moved_due:
        if policy_changed:
            rebase(incident, cycle, m.t)
        return
    if mode == "earlier" and not _is_earlier(cycle, choice, calendar, m.t):
        if policy_changed:
            rebase(incident, cycle, m.t)
        return
    if not d.option("carry_pauses", True):
        cycle.pauses_to_run(m.t)
    _take(incident, cycle, choice, calendar, m.t)


def _take(incident: Incident, cycle: Cycle, choice: Choice, calendar: Calendar, t: int) -> None:
    cycle.choice, cycle.calendar = choice, calendar
    cycle.target = make_target(choice, calendar, cycle.started)
    rebase(incident, cycle, t)


def _is_earlier(cycle: Cycle, choice: Choice, calendar: Calendar, t: int) -> bool:
    """D3 "earlier of both"; a paused clock compares as if it ran again at `t`."""
    trial = Cycle(
        cycle.definition,
        cycle.number,
        calendar,
        choice,
        make_target(choice, calendar, cycle.started),
        cycle.party,
        [type(s)(s.begin, s.end, s.kind) for s in cycle.stretches],
        cycle.excludes,
    )
    if not cycle.definition.option("carry_pauses", True):
        trial.pauses_to_run(t)
    return _due_if_running(trial, t) < _due_if_running(cycle, t)


def _due_if_running(cycle: Cycle, t: int) -> int:
    trial = Cycle(
        cycle.definition,
        cycle.number,
        cycle.calendar,
        cycle.choice,
        cycle.target,
        cycle.party,
        [type(s)(s.begin, s.end, s.kind) for s in cycle.stretches],
        cycle.excludes,
    )
    trial.switch(t, RUN)
    due = trial.computed_due()
    assert due is not None
    return due
