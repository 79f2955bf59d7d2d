"""What a step or a maintenance window says of an incident: judged once per profile.

A judgement has bits for the `if` (or `when`) and for whom it reaches, and above them 1 + the
index of the calendar of `during`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sla_engine.calendar import CalendarBook
from sla_engine.clock.rules import (
    ASKED,
    IF_HOLDS,
    JUDGED_CALENDAR,
    REACHED,
    STEP_ASKS,
    STEP_SCORED,
)
from sla_engine.policy.definitions import Definitions
from sla_engine.policy.model import Action, Value
from sla_engine.policy.profile import RESERVED, TELLING


def judgement_of(
    definitions: Definitions,
    step: int,
    values_in: Callable[[int], Mapping[str, Value]],
    score: int,
    calendars: CalendarBook,
) -> int | None:
    """The judgement of step number `step` (windows follow the steps); None: none is needed.

    `values_in` gives the attributes as an edition of the policies reads them. `score` is one more
    than the score, 0 when it does not matter: a step whose `if` reads the score has no judgement
    then.
    """
    if step >= len(definitions.steps):
        edition, window = definitions.windows[step - len(definitions.steps)]
        return None if window.when is None else IF_HOLDS * window.when.holds(values_in(edition))
    ladder_step = definitions.steps[step]
    if ladder_step.options & STEP_ASKS == 0:
        return None
    edition = definitions.step_editions[step]
    values = values_in(edition)
    seen = dict(values)
    if ladder_step.options & STEP_SCORED:
        if score == 0:
            return None
        seen["score"] = score - 1
    found = 0
    if ladder_step.condition is None or ladder_step.condition.holds(seen):
        found |= IF_HOLDS
    found |= _reach(ladder_step.actions, values)
    if ladder_step.during:
        zone = str(values.get("time_zone") or "")
        name = definitions.editions.calendars[edition].get(ladder_step.during, ladder_step.during)
        found += JUDGED_CALENDAR * (1 + calendars.index(name, zone))
    return found


def _reach(actions: tuple[Action, ...], values: Mapping[str, Value]) -> int:
    """Whether actions tell somebody, and whether one of them exists."""
    told = {name for action in actions if action.do in TELLING for name in action.to}
    if not told:
        return 0
    exists = any(name not in RESERVED or values.get(name) for name in told)
    return ASKED | (REACHED if exists else 0)
