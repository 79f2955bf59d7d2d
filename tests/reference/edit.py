"""Another edition of the policies comes into force while clocks are open (decisions, "Edited
policies"; D7, D8, D15)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.reference import lifecycle as life
from tests.reference.clocks import Cycle, choose_calendar, choose_target
from tests.reference.policies import ClockDef
from tests.reference.record import Moment
from tests.reference.retarget import seen, take

if TYPE_CHECKING:
    from tests.reference.incident import Incident

PIN, FROM_NOW, RETROACTIVE = "pin", "from_now", "retroactive"


def open_cycles(incident: Incident, m: Moment) -> list[tuple[Cycle, str]]:
    """The open cycles that go on under the edition in force, each with how; cancels those that it
    does not have, and gives steps to those that take them."""
    taken = []
    for cycle in incident.open_cycles():
        d = incident.definitions.get(cycle.definition.identity)
        if d is None:
            # "`on_edit` of the new edition's `defaults` decides; `pin` keeps it, the others
            # cancel it"
            if incident.policies.document.get("defaults", {}).get("on_edit", PIN) != PIN:
                incident.drop(cycle, m.t)
            continue
        if d.option("ladder", "snapshot") == "live":
            # "with `live` it takes the new ones, even under `pin`"
            cycle.steps_of, cycle.ladder = incident.current, d.ladder
        mode = d.option("on_edit", PIN)
        if mode != PIN:
            cycle.edition, cycle.definition = incident.current, d
            taken.append((cycle, mode))
    return taken


def take_over(incident: Incident, cycle: Cycle, mode: str, m: Moment) -> None:
    """`from_now`: what was counted stays. `retroactive`: "its start stays; all stretches since then
    are laid out anew by the new conditions"; "where it has no target it is cancelled as it was
    counted"."""
    if mode == FROM_NOW:
        cycle.freeze(m.t)
    elif choose_target(incident.policies, cycle.definition, incident.view) is not None:
        moments = incident.record.moments
        cycle.stretches = life.stretches_since(cycle.definition, cycle.started, moments)


def new_target(incident: Incident, cycle: Cycle, t: int) -> None:
    """The target and the calendar of the edition in force."""
    d: ClockDef = cycle.definition
    choice = choose_target(incident.policies, d, incident.view)
    if choice is None:
        # "no entry and no default: no clock"
        incident.drop(cycle, t)
        return
    cycle.seen = seen(incident, d, choice, incident.current)
    take(incident, cycle, choice, choose_calendar(incident.policies, d, incident.view), t)
