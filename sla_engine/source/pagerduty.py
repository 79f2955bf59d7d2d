"""PagerDuty's v3 webhooks to events.

Document: github.com/PagerDuty/developer-docs, docs/webhooks/01-Overview. Events of one incident
come in order but may be dropped for a day, so each one brings the whole incident with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sla_engine.source.model import Event, Translated, event_of
from sla_engine.source.reading import (
    given_instant,
    instant,
    listed,
    lower,
    needed,
    present,
    text,
)

#: PagerDuty's event -> ours. An escalation or reassignment sets team and assignee.
TYPES: Final = {
    "incident.triggered": "incident.created",
    "incident.acknowledged": "incident.acknowledged",
    "incident.unacknowledged": "incident.unacknowledged",
    "incident.delegated": "incident.updated",
    "incident.escalated": "incident.updated",
    "incident.reassigned": "incident.updated",
    "incident.priority_updated": "incident.updated",
    "incident.reopened": "incident.reopened",
    "incident.resolved": "incident.resolved",
}

STATUSES: Final = {"triggered": "open", "acknowledged": "open", "resolved": "resolved"}


def translate(payload: Mapping[str, Any], source: str) -> Translated:
    """See `model.Translate`."""
    kind = needed(payload, "event", "event_type")
    if kind == "incident.annotated":
        return Translated((_note(payload, source),))
    if kind not in TYPES:
        return Translated(ignored=(f"{kind}: changes nothing that clocks look at",))
    subject = needed(payload, "event", "data", "id")
    data = _incident(payload) | _who(payload)
    if kind == "incident.acknowledged":
        data |= present(by=text(payload, "event", "agent", "id"))
    return Translated((_event(payload, source, TYPES[kind], subject, data),))


def _event(payload: Mapping[str, Any], source: str, kind: str, subject: str, data: Event) -> Event:
    identity = needed(payload, "event", "id")
    return event_of(source, kind, subject, identity, instant(payload, "event", "occurred_at"), data)


def _note(payload: Mapping[str, Any], source: str) -> Event:
    """A note is read by responders only; the payload has its text, and no author but the agent."""
    data: Event = {"author": "agent", "public": False, **_who(payload)}
    data |= present(author_id=text(payload, "event", "agent", "id"))
    subject = needed(payload, "event", "data", "incident", "id")
    return _event(payload, source, "incident.commented", subject, data)


def _who(payload: Mapping[str, Any]) -> Event:
    return present(actor=text(payload, "event", "agent", "id"))


def _incident(payload: Mapping[str, Any]) -> Event:
    """The incident as `event.data` has it."""
    data = ("event", "data")
    urgency = text(payload, *data, "urgency")
    return {
        **present(
            title=text(payload, *data, "title"),
            url=text(payload, *data, "html_url"),
            opened_at=given_instant(payload, *data, "created_at"),
            product=text(payload, *data, "service", "summary"),
            channel=text(payload, "event", "client", "name"),
            status=STATUSES.get(text(payload, *data, "status") or ""),
        ),
        "priority": lower(text(payload, *data, "priority", "summary") or urgency),
        "team": _first(listed(payload, *data, "teams"), "summary"),
        **_assignee(payload),
    }


def _assignee(payload: Mapping[str, Any]) -> Event:
    """Who took it. Until then PagerDuty's assignees are those whom it pages: nobody answers yet."""
    status = text(payload, "event", "data", "status")
    if status == "acknowledged":
        return {"assignee": _first(listed(payload, "event", "data", "assignees"), "id")}
    return {"assignee": None} if status == "triggered" else {}


def _first(references: list[Any], name: str) -> str | None:
    first = references[0] if references else None
    return text(first, name) if isinstance(first, Mapping) else None
