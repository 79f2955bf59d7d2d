"""Zendesk's event webhooks (`zen:event-type:ticket.*`) to events.

Document: developer.zendesk.com/api-reference/webhooks/event-types/ticket-events. Order is not
guaranteed, so every event says when the ticket was opened, and sets what it changed. What else
`detail` tells of the ticket is taken only while it is not newer than the event: a later state must
not take effect at an earlier time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sla_engine.errors import EventError
from sla_engine.limits import SECOND_MS
from sla_engine.source.model import Event, Translated, event_of
from sla_engine.source.reading import (
    given_instant,
    instant,
    instant_ms,
    listed,
    lower,
    member,
    needed,
    present,
    record,
    tags,
    text,
)

PREFIX: Final = "zen:event-type:"

#: Zendesk's statuses, in either case -> the class of contracts section 1.
STATUSES: Final = {
    "new": "open",
    "open": "open",
    "pending": "waiting_customer",
    "hold": "on_hold",
    "solved": "resolved",
    "closed": "closed",
    "archived": "closed",
    "deleted": "closed",
}
#: Event -> the attribute that its `event.current` is the new value of.
CHANGES: Final = {
    "ticket.status_changed": "status",
    "ticket.priority_changed": "priority",
    "ticket.agent_assignment_changed": "assignee",
    "ticket.group_assignment_changed": "team",
    "ticket.organization_changed": "customer",
    "ticket.requester_changed": "requester",
    "ticket.brand_changed": "product",
    "ticket.type_changed": "kind",
    "ticket.ticket_type_changed": "kind",
    "ticket.subject_changed": "title",
}
#: Events that end a ticket in ways that may be undone, or undo them.
ENDINGS: Final = {
    "ticket.soft_deleted": "closed",
    "ticket.marked_as_spam": "closed",
    "ticket.undeleted": "open",
}
_SYSTEM_USER = "-1"


def translate(payload: Mapping[str, Any], source: str) -> Translated:
    """See `model.Translate`."""
    kind = needed(payload, "type").removeprefix(PREFIX)
    if not kind.startswith("ticket."):
        return Translated(ignored=(f"{kind}: is not about a ticket",))
    subject = needed(payload, "detail", "id")
    found = _meaning(kind, payload)
    if found is None:
        return Translated(ignored=(f"{kind}: changes nothing that clocks look at",))
    event_type, own = found
    state = _state(record(payload, "detail")) if _is_of(payload) else {}
    data = _common(payload) | state | own
    event = event_of(
        source,
        event_type,
        subject,
        needed(payload, "id"),
        instant(payload, "time"),
        data,
    )
    return Translated((event,))


def _meaning(kind: str, payload: Mapping[str, Any]) -> tuple[str, Event] | None:
    """The type of the event, and what it says itself."""
    detail, change = record(payload, "detail"), record(payload, "event")
    if kind == "ticket.created":
        return "incident.created", _state(detail)
    if kind in CHANGES:
        if "current" not in change:
            raise EventError("event.current: is missing; is this Zendesk's payload?")
        attribute = CHANGES[kind]
        return "incident.updated", {attribute: _value(attribute, text(change, "current"))}
    if kind == "ticket.tags_changed":
        return "incident.updated", {"tags": tags(listed(detail, "tags"))}
    if kind == "ticket.comment_added":
        return "incident.commented", _comment(payload)
    if kind in ENDINGS:
        return "incident.updated", {"status": ENDINGS[kind]}
    if kind == "ticket.permanently_deleted":
        return "incident.deleted", {}
    return None


def _comment(payload: Mapping[str, Any]) -> Event:
    identity = needed(payload, "event", "comment", "author", "id")
    staff = member(payload, "event", "comment", "author", "is_staff") is True
    role = "system" if identity == _SYSTEM_USER else "agent" if staff else "customer"
    public = member(payload, "event", "comment", "is_public") is not False
    return {
        "author": role,
        "author_id": identity,
        "public": public,
        "actor": identity,
        "actor_role": role,
    }


def _common(payload: Mapping[str, Any]) -> Event:
    """What never changes, and who did it."""
    return present(
        opened_at=given_instant(payload, "detail", "created_at"),
        actor=text(payload, "detail", "actor_id"),
    )


def _state(detail: Mapping[str, Any]) -> Event:
    """The ticket as `detail` has it; what it has not got is unset."""
    members = {
        "title": "subject",
        "priority": "priority",
        "status": "status",
        "kind": "type",
        "customer": "organization_id",
        "requester": "requester_id",
        "team": "group_id",
        "assignee": "assignee_id",
        "product": "brand_id",
    }
    state: Event = {
        name: _value(name, text(detail, key)) for name, key in members.items() if key in detail
    }
    state |= present(channel=text(detail, "via", "channel"))
    if "tags" in detail:
        state["tags"] = tags(listed(detail, "tags"))
    return state


def _value(attribute: str, value: str | None) -> str | None:
    """A value as events write it; Zendesk writes some in capitals."""
    if attribute in ("priority", "kind"):
        return lower(value)
    if attribute == "status" and value is not None:
        return STATUSES.get(value.lower(), value.lower())
    return value


def _is_of(payload: Mapping[str, Any]) -> bool:
    """Is `detail` the ticket as this event left it, and not as a later one did?"""
    if member(payload, "detail", "updated_at") is None:
        return False
    # To the second: Zendesk cuts one of the two times to seconds.
    updated = instant_ms(payload, "detail", "updated_at") // SECOND_MS
    return updated <= instant_ms(payload, "time") // SECOND_MS
