"""Recipients of an action: names, and the incident's own people at that instant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sla_engine.policy.model import Action

#: The incident's own team, people and partners, sent with their value (contracts section 2).
RESERVED = ("team", "assignee", "customer", "requester", "vendor")

_TELLING = ("notify", "page")


def recipients_for(names: Sequence[str], values: Mapping[str, Any]) -> list[str]:
    """Named recipients as they are; reserved ones with their value, left out when absent."""
    found = []
    for name in names:
        if name not in RESERVED:
            found.append(name)
        elif values.get(name):
            found.append(f"{name}:{values[name]}")
    return found


def actions_for(
    actions: Sequence[Action], values: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], bool]:
    """(the alert's `actions`, whether it tells somebody but nobody of them exists; F70)."""
    made = []
    asked = reached = 0
    for action in actions:
        to = recipients_for(action.to, values)
        if action.do in _TELLING:
            asked += 1
            reached += bool(to)
        made.append({"do": action.do, "to": to, "args": dict(action.args)})
    return made, asked > 0 and reached == 0
