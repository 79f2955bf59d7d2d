"""What alerts say whatever the incident: it depends on the rules and the step alone.

Looked up once per combination and kept as long as the rules: finding it anew for every alert
took a third of rendering one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sla_engine.alert.ids import encoded
from sla_engine.clock.layout import AlertKind
from sla_engine.policy.editions import shown
from sla_engine.policy.model import Action
from sla_engine.policy.tables import RuleBook

TYPES = {
    AlertKind.WARNING: "sla.clock.warning",
    AlertKind.BREACHED: "sla.clock.breached",
    AlertKind.ESCALATION: "sla.escalation",
    AlertKind.CLEARED: "sla.alert.cleared",
}

_TYPES = {int(kind): name for kind, name in TYPES.items()}
# Plain numbers: an enumeration's members are slow to look up.
_CLEARED, _BREACHED, _ESCALATION = (
    int(kind) for kind in (AlertKind.CLEARED, AlertKind.BREACHED, AlertKind.ESCALATION)
)


@dataclass(frozen=True, slots=True)
class Wording:
    """What the rules say of an ALERT row."""

    type: str
    set_name: str
    clock: str
    path: str  # set and clock as a part of an id
    policy: str
    policy_version: str
    calendar: str
    calendar_version: str
    threshold: str  # normalised, without its repeat
    level: int | None  # of an escalation
    actions: tuple[Action, ...]  # with recipients as written

    def id(self, address: str, cycle: int, repeat: int) -> str:
        """`<tenant>/<incident>/<set>/<clock>/<cycle>/<threshold>[/<repeat>]`; repeat 0: no part.

        `address` is `<tenant>/<incident>`, encoded.
        """
        tail = f"/{repeat}" if repeat else ""
        return f"{address}/{self.path}/{cycle}/{self.threshold}{tail}"


def wording_of(book: RuleBook, row: Any) -> Wording:
    """What an ALERT row says by the rules."""
    key = (
        row["kind"],
        row["definition"],
        row["column"],
        row["calendar"],
        row["step"],
        row["parts"],
    )
    found: Wording | None = book.wordings.get(key)
    if found is None:
        found = book.wordings[key] = _worded(book, *map(int, key))
    return found


def _worded(
    book: RuleBook, kind: int, definition: int, column: int, calendar: int, step: int, parts: int
) -> Wording:
    policy = book.definitions.owners[definition]
    set_name, clock = book.definitions.columns[column]
    zoned = book.calendars.compiled(calendar)
    is_rung = kind == _ESCALATION and step >= 0
    return Wording(
        type=_TYPES[kind],
        set_name=set_name,
        clock=clock,
        path=f"{encoded(set_name)}/{encoded(clock)}",
        policy=policy.name,
        policy_version=policy.version,
        calendar=shown(zoned.name),
        calendar_version=zoned.version,
        threshold=_threshold(book, kind, step),
        level=book.definitions.steps[step].level if is_rung else None,
        actions=_asked(book, definition, step, parts),
    )


def _threshold(book: RuleBook, kind: int, step: int) -> str:
    if kind == _CLEARED:
        return "cleared"
    if kind == _BREACHED:
        return "breach"
    return book.definitions.steps[step].threshold


def _asked(book: RuleBook, definition: int, step: int, parts: int) -> tuple[Action, ...]:
    """The step's actions, or those that a breach's steps add."""
    if step >= 0:
        return book.definitions.steps[step].actions
    ladder = book.definitions.ladders[definition]
    own = book.definitions.steps[ladder.first_breach : ladder.first_breach + ladder.breaches]
    asked = [part.actions for n, part in enumerate(own) if parts >> n & 1]
    return tuple(action for actions in asked for action in actions)
