"""The fixed words of the policy language: attributes with their types, event members, classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sla_engine.policy.model import StatusClass

#: Built-in attributes of an incident -> type (policy-language, "Conditions").
ATTRIBUTES: Final[Mapping[str, str]] = {
    "priority": "text",
    "status": "text",
    "status_class": "text",
    "kind": "text",
    "channel": "text",
    "customer": "text",
    "requester": "text",
    "tier": "text",
    "contract": "text",
    "team": "text",
    "assignee": "text",
    "vendor": "text",
    "product": "text",
    "region": "text",
    "time_zone": "text",
    "tags": "list",
    "due": "time",
    "opened_at": "time",
    "reopens": "integer",
    "handoffs": "integer",
}

#: Known to clock conditions only: the event that is being applied; false between events.
EVENT_MEMBERS: Final[Mapping[str, str]] = {
    "event.type": "text",
    "event.author": "text",
    "event.author_id": "text",
    "event.public": "boolean",
}

#: Known to a step's `if` only.
SCORE: Final[Mapping[str, str]] = {"score": "integer"}

#: The event types a condition may compare `event.type` with (contracts section 1).
EVENT_TYPES: Final = (
    "incident.created",
    "incident.updated",
    "incident.commented",
    "incident.acknowledged",
    "incident.unacknowledged",
    "incident.snoozed",
    "incident.resolved",
    "incident.closed",
    "incident.reopened",
    "incident.merged",
    "incident.absorbed",
    "incident.deleted",
    "incident.rated",
    "clock.overridden",
    "customer.updated",
)

AUTHORS: Final = ("customer", "agent", "bot", "system")

#: Recipients that mean the incident's own at that instant.
RESERVED_RECIPIENTS: Final = ("team", "assignee", "customer", "requester", "vendor")

PARTIES: Final = ("us", "team", "vendor")

DEFAULT_PRIORITIES: Final = ("urgent", "high", "normal", "low")

STATUS_CLASSES: Final[Mapping[str, StatusClass]] = {
    label.name.lower(): label for label in StatusClass
}

#: The set every policy belongs to that names none.
DEFAULT_SET: Final = "default"

#: The calendar that is always there: open day and night, UTC.
ALWAYS_OPEN: Final = "24x7"
