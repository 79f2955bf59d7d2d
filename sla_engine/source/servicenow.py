"""ServiceNow's records, posted by business rules that docs/gateway.md recommends, to events.

Documents: "Business rules" and "GlideRecord" of developer.servicenow.com, and "Incident states" of
the product documentation. ServiceNow has no webhooks of its own: the rule's script posts the fields
of the record as the table API names and writes them. Every payload is the whole record as it was
after one update, which `sys_mod_count` numbers; times are UTC without saying so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from sla_engine.errors import EventError
from sla_engine.source.model import Event, Translated, event_of
from sla_engine.source.reading import instant, needed, present, text

JOURNAL: Final = "sys_journal_field"
OPERATIONS: Final = {
    "insert": "incident.created",
    "update": "incident.updated",
    "delete": "incident.deleted",
}
#: Values of `state` as the product ships them -> the class of contracts section 1.
STATES: Final = {
    "1": "open",
    "2": "open",
    "3": "on_hold",
    "6": "resolved",
    "7": "closed",
    "8": "closed",
}
#: Values of `hold_reason`: for the caller, and for a vendor; others are `on_hold`.
REASONS: Final = {"1": "waiting_customer", "4": "waiting_vendor"}
#: Field -> attribute; the script sends references by what people read.
FIELDS: Final = {
    "short_description": "title",
    "priority": "priority",
    "category": "kind",
    "contact_type": "channel",
    "company": "customer",
    "caller_id": "requester",
    "assignment_group": "team",
    "assigned_to": "assignee",
    "location": "region",
    "cmdb_ci": "product",
}
#: Kinds of journal entries: only comments are read by the caller.
ENTRIES: Final = {"comments": True, "work_notes": False}
AUTHORS: Final = frozenset({"customer", "agent", "bot", "system"})
_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)")


def translate(payload: Mapping[str, Any], source: str) -> Translated:
    """See `model.Translate`."""
    if needed(payload, "table") == JOURNAL:
        return _entry(payload, source)
    operation = needed(payload, "operation")
    if operation not in OPERATIONS:
        raise EventError("operation: must be insert, update or delete; see docs/gateway.md")
    count = needed(payload, "sys_mod_count")
    if not (count.isascii() and count.isdecimal()):
        raise EventError("sys_mod_count: is no number; send the record's own")
    data = present(
        opened_at=_given(payload, "opened_at"), actor=text(payload, "sys_updated_by")
    ) | _state(payload)
    event = event_of(
        source,
        OPERATIONS[operation],
        needed(payload, "number"),
        f"{needed(payload, 'sys_id')}/{operation}/{count}",
        _utc(payload, "sys_updated_on"),
        {} if operation == "delete" else data,
    )
    return Translated((event | {"sequence": count},))


def _state(payload: Mapping[str, Any]) -> Event:
    """The record's fields; one that is sent empty is unset."""
    state: Event = {
        attribute: text(payload, name) for name, attribute in FIELDS.items() if name in payload
    }
    number = text(payload, "state")
    if number is not None:
        held = REASONS.get(text(payload, "hold_reason") or "") if number == "3" else None
        state["status"] = held or STATES.get(number, number)
    return state


def _entry(payload: Mapping[str, Any], source: str) -> Translated:
    """A comment or work note of a record."""
    element = needed(payload, "element")
    if element not in ENTRIES:
        return Translated(ignored=(f"{element}: is neither a comment nor a work note",))
    author, role = needed(payload, "sys_created_by"), needed(payload, "author")
    if role not in AUTHORS:
        raise EventError("author: must be customer, agent, bot or system; see docs/gateway.md")
    data: Event = {
        **present(opened_at=_given(payload, "opened_at")),
        "author": role,
        "author_id": author,
        "public": ENTRIES[element],
        "actor": author,
        "actor_role": role,
    }
    identity, time = needed(payload, "sys_id"), _utc(payload, "sys_created_on")
    subject = needed(payload, "number")
    return Translated((event_of(source, "incident.commented", subject, identity, time, data),))


def _utc(payload: Mapping[str, Any], name: str) -> str:
    """A time as GlideRecord's getValue writes it, in UTC; RFC 3339 is taken too."""
    found = _TIME.fullmatch(text(payload, name) or "")
    if found is None:
        return instant(payload, name)
    return instant({name: f"{found[1]}T{found[2]}Z"}, name)


def _given(payload: Mapping[str, Any], name: str) -> str | None:
    return None if text(payload, name) is None else _utc(payload, name)
