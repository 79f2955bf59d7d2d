"""An open cycle whose priority, target, calendar or policy changed (D3, D4)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.reference.calendars import Calendar
from tests.reference.clocks import (
    RUN,
    Choice,
    Cycle,
    Target,
    choose_calendar,
    choose_target,
    make_target,
)
from tests.reference.policies import ClockDef
from tests.reference.record import Moment
from tests.reference.timers import rebase

if TYPE_CHECKING:
    from tests.reference.incident import Incident


def seen(incident: Incident, d: ClockDef, choice: Choice, edition: int) -> tuple[Any, ...]:
    """What a change of which is taken up: target, calendar, priority, policy."""
    view = incident.view_in(edition)
    calendar = choose_calendar(incident.editions[edition][1], d, view)
    return (choice, calendar.identity, view.text("priority"), (edition, d.policy))


def retarget(incident: Incident, cycle: Cycle, m: Moment) -> None:
    """Priority, target, calendar or policy of an open cycle may have changed (D3, D4)."""
    d, policies = cycle.definition, incident.editions[cycle.edition][1]
    choice = choose_target(policies, d, m.after)
    if choice is None:
        # "no entry and no default: no clock"; `due_at` "unset: cancelled"
        incident.drop(cycle, m.t)
        return
    calendar = choose_calendar(policies, d, m.after)
    old, cycle.seen = cycle.seen, seen(incident, d, choice, cycle.edition)
    if cycle.seen == old:
        return
    moved_due = choice.kind == "at" and old[0].kind == "at" and choice != old[0]
    policy_changed = old[3] != cycle.seen[3]
    if moved_due and old[1:] == cycle.seen[1:]:
        # "When the attribute of `due_at` changes, `target_ms` is taken anew from the start"
        take(incident, cycle, choice, calendar, m.t)
        return
    mode = d.option("on_priority_change", "keep_start")
    if mode == "restart" and cycle.pin is None:
        # "ends the cycle as `cancelled` and starts the next one at that instant"
        incident.end(cycle, m.t, "cancelled", why="restart")
        # "the clock keeps its version until it ends, also through later priority changes"
        incident.start(d, m.t, like=cycle)
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
    take(incident, cycle, choice, calendar, m.t)


def take(incident: Incident, cycle: Cycle, choice: Choice, calendar: Calendar, t: int) -> None:
    """Target and calendar from now on; what follows from it."""
    cycle.choice, cycle.calendar = choice, calendar
    cycle.target = make_target(choice, calendar, cycle.started, cycle)
    rebase(incident, cycle, t)


def _is_earlier(cycle: Cycle, choice: Choice, calendar: Calendar, t: int) -> bool:
    """D3 "earlier of both"; a paused clock compares as if it ran again at `t`."""
    trial = _like(cycle, choice, calendar, make_target(choice, calendar, cycle.started, cycle))
    if not cycle.definition.option("carry_pauses", True):
        trial.pauses_to_run(t)
    return _due_if_running(trial, t) < _due_if_running(cycle, t)


def _due_if_running(cycle: Cycle, t: int) -> int:
    trial = _like(cycle, cycle.choice, cycle.calendar, cycle.target)
    trial.switch(t, RUN)
    due = trial.computed_due()
    assert due is not None
    return due


def _like(cycle: Cycle, choice: Choice, calendar: Calendar, target: Target) -> Cycle:
    return replace(
        cycle,
        choice=choice,
        calendar=calendar,
        target=target,
        stretches=[replace(s) for s in cycle.stretches],
    )
