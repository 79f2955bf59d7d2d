"""Edited policies: which edition an incident and each of its clocks go by (D7, D8, D15).

An edition is a published policy set, in force from an instant on. At that instant policies are
matched anew. A clock that is open may stay with the rules, or with the steps, of the edition
before until it ends: its column is pinned, which is a part of the incident's profile.
"""

from __future__ import annotations

from typing import Any

from sla_engine.clock.compiled import inner
from sla_engine.clock.far import far
from sla_engine.clock.layout import FIRST, SWITCHES
from sla_engine.clock.marks import is_open_cycle
from sla_engine.clock.past import condition_row
from sla_engine.clock.rules import (
    CANCEL,
    ENGINE_EDITION_SLOT,
    ENGINE_PINS_SLOT,
    OPT_LIVE,
    RESET,
    STOP,
    conditions,
    definitions,
    editions,
    engine,
    plans,
    profiles,
)
from sla_engine.clock.taking import take_slot
from sla_engine.clock.work import Outcome, change, clocks, incidents

_DONE = int(Outcome.DONE)
_NEED_SITUATION = int(Outcome.NEED_SITUATION)

# policy.model.OnEdit
PIN, FROM_NOW, RETROACTIVE = 0, 1, 2

#: What of an earlier edition a column keeps.
KEEPS_RULES, KEEPS_STEPS = 1, 2


@inner
def edition_class(rules: Any, t: int) -> int:
    """The class of the edition in force at `t`; 0 is the first one."""
    found = 0
    for n in range(len(editions(rules))):
        if editions(rules)[n]["begin"] <= t:
            found = editions(rules)[n]["found"]
    return found


@far
def take_edition(rules: Any, work: Any, row: int) -> int:
    """The profile takes the edition in force, and what is kept of earlier ones. An Outcome."""
    said = change(work)[0]
    anew = said["flags"] & (FIRST | SWITCHES)
    if anew:
        slot = engine(rules)[ENGINE_EDITION_SLOT]
        outcome = take_slot(rules, work, slot, edition_class(rules, said["t"]))
        if outcome != _DONE:
            return outcome
    if said["flags"] & FIRST:
        return _DONE
    if not anew and profiles(rules)[said["profile"]]["pins"] == 0:
        return _DONE
    return take_pins(rules, work, row)


@far
def take_pins(rules: Any, work: Any, row: int) -> int:
    """Which clocks stay with an earlier edition after the event in hand. An Outcome.

    One that ends on the event stays with none: its next cycle is the edition's in force.
    """
    said = change(work)[0]
    switches = said["flags"] & SWITCHES != 0
    found = -1
    if not switches:
        old = said["old_profile"]
        found = condition_row(rules, work, said["profile"], said["situation"], old)
        if found < 0:
            return _NEED_SITUATION
    slot = engine(rules)[ENGINE_PINS_SLOT]
    outcome = take_slot(rules, work, slot, 0)
    free = said["profile"]
    at = incidents(work)[row]["clocks"]
    while at >= 0 and outcome == _DONE:
        clock = clocks(work)[at]
        if is_open_cycle(clock):
            ends = 0
            if not switches:
                ends = conditions(rules)[found, clock["column"]] & (STOP | CANCEL | RESET)
            kept = kept_of(rules, clock, free, switches) if ends == 0 else 0
            if kept != 0:
                outcome = take_slot(rules, work, slot, (clock["definition"] + 1) * 4 + kept)
        at = clock["next"]
    return outcome


@inner
def kept_of(rules: Any, clock: Any, free: int, switches: bool) -> int:
    """KEEPS_RULES and KEEPS_STEPS of an open clock; `free` is the profile that keeps nothing."""
    own = definitions(rules)[clock["definition"]]
    edition = profiles(rules)[free]["edition"]
    kept = KEEPS_RULES if own["edition"] != edition else 0
    if own["ladder"] != edition:
        kept |= KEEPS_STEPS
    if not switches:
        return kept
    number = plans(rules)[free, clock["column"]]["definition"]
    if number < 0:
        return kept if profiles(rules)[free]["keeps"] else 0
    new = definitions(rules)[number]
    if new["on_edit"] != PIN:
        kept &= KEEPS_STEPS
    if new["options"] & OPT_LIVE:
        kept &= KEEPS_RULES
    return kept
