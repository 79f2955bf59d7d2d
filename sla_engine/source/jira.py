"""Jira's and Jira Service Management's webhooks, issues and comments, to events.

Document: developer.atlassian.com/cloud/jira/service-desk/webhooks. They come up to half an hour
late and more than once, so an event says when the issue was opened, and sets what its changelog
says. What else `issue.fields` shows is taken only while it is not newer than the event. An issue
that is moved to another project gets another key: that is a merge into the new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sla_engine.errors import EventError
from sla_engine.event.times import format_time
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

ISSUE: Final = {
    "jira:issue_created": "incident.created",
    "jira:issue_updated": "incident.updated",
    "jira:issue_deleted": "incident.deleted",
}
#: Names of the usual workflows -> the class of contracts section 1; others go by their category.
STATUSES: Final = {
    "waiting for customer": "waiting_customer",
    "pending": "on_hold",
    "on hold": "on_hold",
    "closed": "closed",
    "canceled": "closed",
    "cancelled": "closed",
}
#: Jira's three categories of statuses.
CATEGORIES: Final = {"new": "open", "indeterminate": "open", "done": "resolved"}
#: Account types of people who write comments.
AUTHORS: Final = {"customer": "customer", "app": "bot"}
#: Field of a changelog's item -> attribute.
CHANGES: Final = {
    "status": "status",
    "priority": "priority",
    "assignee": "assignee",
    "reporter": "requester",
    "summary": "title",
    "labels": "tags",
    "issuetype": "kind",
}


def translate(payload: Mapping[str, Any], source: str) -> Translated:
    """See `model.Translate`."""
    kind = needed(payload, "webhookEvent")
    if kind == "comment_created":
        return Translated((_comment(payload, source),))
    if kind not in ISSUE:
        return Translated(ignored=(f"{kind}: changes nothing that clocks look at",))
    key = needed(payload, "issue", "key")
    time_ms = instant_ms(payload, "timestamp")
    data = _common(payload)
    if kind != "jira:issue_deleted" and _is_of(payload, time_ms):
        data |= _state(record(payload, "issue", "fields"))
    moved: list[Event] = []
    if kind == "jira:issue_updated":
        changes = [item for item in listed(payload, "changelog", "items") if _is_item(item)]
        data |= _changes(changes, payload)
        moved = _moves(changes, payload, source)
    # Of several webhooks for one change the changelog is the same.
    which = text(payload, "changelog", "id") or str(time_ms)
    identity = f"{kind}/{needed(payload, 'issue', 'id')}/{which}"
    event = event_of(source, ISSUE[kind], key, identity, format_time(time_ms), data)
    return Translated((event, *moved))


def _comment(payload: Mapping[str, Any], source: str) -> Event:
    identity = needed(payload, "comment", "id")
    author = needed(payload, "comment", "author", "accountId")
    account = text(payload, "comment", "author", "accountType")
    reporter = text(payload, "issue", "fields", "reporter", "accountId")
    role = "customer" if author == reporter else AUTHORS.get(account or "", "agent")
    # Outside of service projects there is no such flag: who may read it is restricted or nobody's.
    restricted = bool(record(payload, "comment", "visibility"))
    public = member(payload, "comment", "jsdPublic") is not False and not restricted
    data: Event = {
        "author": role,
        "author_id": author,
        "public": public,
        "actor": author,
        "actor_role": role,
        **present(opened_at=given_instant(payload, "issue", "fields", "created")),
    }
    return event_of(
        source,
        "incident.commented",
        needed(payload, "issue", "key"),
        f"comment_created/{identity}",
        instant(payload, "comment", "created"),
        data,
    )


def _common(payload: Mapping[str, Any]) -> Event:
    return present(
        opened_at=given_instant(payload, "issue", "fields", "created"),
        actor=text(payload, "user", "accountId"),
    )


def _state(fields: Mapping[str, Any]) -> Event:
    """The issue as `issue.fields` has it; what it has not got is unset."""
    state: Event = {
        "title": text(fields, "summary"),
        "priority": lower(text(fields, "priority", "name")),
        "kind": lower(text(fields, "issuetype", "name")),
        "assignee": text(fields, "assignee", "accountId"),
        "requester": text(fields, "reporter", "accountId"),
        "product": text(fields, "project", "key"),
    }
    name = text(fields, "status", "name")
    if name is not None:
        state["status"] = status_of(name, text(fields, "status", "statusCategory", "key"))
    if "labels" in fields:
        state["tags"] = tags(listed(fields, "labels"))
    return state


def status_of(name: str, category: str | None) -> str:
    """The class of a status; its own name in one word where neither name nor category tell."""
    known = STATUSES.get(name.lower())
    if known is not None:
        return known
    return CATEGORIES.get(category or "", "_".join(name.lower().split()))


def _is_item(item: object) -> bool:
    return isinstance(item, Mapping) and isinstance(item.get("field"), str)


def _changes(items: list[Any], payload: Mapping[str, Any]) -> Event:
    """What the changelog says: `to` are ids, `toString` what people read."""
    changed: Event = {}
    for item in items:
        attribute = CHANGES.get(item["field"])
        shown = text(item, "toString")
        if attribute in ("assignee", "requester"):
            changed[attribute] = text(item, "to")
        elif attribute == "status":
            if shown is None:
                raise EventError("changelog.items.toString: is missing; is this Jira's payload?")
            changed["status"] = status_of(shown, _category(shown, payload))
        elif attribute == "tags":
            changed["tags"] = tags((shown or "").split())
        elif attribute in ("priority", "kind"):
            changed[attribute] = lower(shown)
        elif attribute is not None:
            changed[attribute] = shown
    return changed


def _category(name: str, payload: Mapping[str, Any]) -> str | None:
    """The category of a status, if the issue still has it."""
    status = record(payload, "issue", "fields", "status")
    return text(status, "statusCategory", "key") if status.get("name") == name else None


def _moves(items: list[Any], payload: Mapping[str, Any], source: str) -> list[Event]:
    """A merge of the old key into the new one, for an issue that was moved."""
    found: list[Event] = []
    for item in items:
        old, new = text(item, "fromString"), text(item, "toString")
        if item["field"] == "Key" and old and new and old != new:
            identity = f"moved/{needed(payload, 'issue', 'id')}/{old}/{new}"
            time = instant(payload, "timestamp")
            found.append(event_of(source, "incident.merged", old, identity, time, {"into": new}))
    return found


def _is_of(payload: Mapping[str, Any], time_ms: int) -> bool:
    """Is `issue.fields` the issue as this event left it, and not as a later one did?"""
    if member(payload, "issue", "fields", "updated") is None:
        return text(payload, "webhookEvent") == "jira:issue_created"
    updated_ms = instant_ms(payload, "issue", "fields", "updated")
    return updated_ms // SECOND_MS <= time_ms // SECOND_MS
