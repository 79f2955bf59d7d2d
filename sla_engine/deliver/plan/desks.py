"""Write-back: what an alert asks of the ticket it is about, as requests of the vendor's API.

The actions of an alert (`tag`, `set_priority`, `reassign`) are set on the ticket, and an internal
note says why. A note is written only if none with the alert's mark is there: the vendors' APIs
have no id of the caller's by which they would notice that one comes twice.
Sources: developer.zendesk.com/api-reference/ticketing/tickets (Tickets, Ticket Comments, Tags);
developer.atlassian.com/cloud/jira/platform/rest/v2 (Issues, Issue comments), where
`sd.public.comment` makes a comment internal; servicenow.com/docs, "Table API".
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote, urlencode

import orjson

from sla_engine.deliver.plan import words
from sla_engine.deliver.plan.message import Message, Request
from sla_engine.deliver.plan.model import Destination, Kind
from sla_engine.deliver.plan.routing import FOLLOWERS, word_of

COMMENTS_READ: Final = 100
"""The newest comments in which the mark is looked for."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an alert asks of its ticket; None: nothing."""

    tags: tuple[str, ...] = ()
    priority: str | None = None
    assignee: str | None = None
    team: str | None = None
    raised: str | None = None


def wanted(event: Mapping[str, Any]) -> Wanted:
    """The actions of an alert that a ticketing system carries out; the last of a kind counts."""
    tags: list[str] = []
    found: dict[str, str] = {}
    if word_of(event) in FOLLOWERS:
        return Wanted()
    for action in event["data"].get("actions") or ():
        args = action.get("args") or {}
        if action["do"] == "tag":
            tags.append(str(args["tag"]))
        for name in ("priority", "assignee", "team", "by"):
            if name in args:
                found[name] = str(args[name])
    names = ("priority", "assignee", "team", "by")
    return Wanted(tuple(tags), *(found.get(name) for name in names))


def mark_of(message: Message) -> str:
    """What a note ends with, so that it is known when it is there; the same on every attempt."""
    return f"[sla-engine {sha256(message.id.encode()).hexdigest()[:16]}]"


def note_of(message: Message, said: str) -> str:
    """The text of the internal note; what an API has no call for is asked of its reader."""
    event = message.alerts[0]
    raised = wanted(event).raised
    asked = "" if raised is None else f"\nPlease raise the priority by {raised}."
    return f"{said or words.line(event)}{asked}\n\n{mark_of(message)}"


@dataclass(frozen=True, slots=True)
class Desk:
    """One vendor's API: a ticket's address, the login, and the requests of an alert."""

    kind: Kind
    url: str
    headers: Mapping[str, str]
    table: str = ""

    def find(self, event: Mapping[str, Any]) -> Request | None:
        """The request whose answer names the ticket, where the incident's id does not."""
        if self.kind is not Kind.SERVICENOW:
            return None
        asked = {
            "sysparm_query": f"number={_plain(event['subject'])}",
            "sysparm_fields": "sys_id",
            "sysparm_limit": "1",
        }
        return self._get(f"/api/now/table/{self.table}?{urlencode(asked)}")

    def notes(self, ticket: str) -> Request:
        """The newest comments of the ticket, as text in which a mark is looked for."""
        if self.kind is Kind.ZENDESK:
            asked = {"sort_order": "desc", "per_page": COMMENTS_READ}
            return self._get(f"/api/v2/tickets/{ticket}/comments.json?{urlencode(asked)}")
        if self.kind is Kind.JIRA:
            asked = {"orderBy": "-created", "maxResults": COMMENTS_READ}
            return self._get(f"/rest/api/2/issue/{ticket}/comment?{urlencode(asked)}")
        asked = {
            "sysparm_query": f"element_id={ticket}^element=work_notes^ORDERBYDESCsys_created_on",
            "sysparm_fields": "value",
            "sysparm_limit": COMMENTS_READ,
        }
        return self._get(f"/api/now/table/sys_journal_field?{urlencode(asked)}")

    def changes(self, ticket: str, wish: Wanted, note: str | None) -> list[Request]:
        """What is changed; `note` None: it is there already, or not wanted."""
        if self.kind is Kind.ZENDESK:
            return self._zendesk(ticket, wish, note)
        if self.kind is Kind.JIRA:
            return self._jira(ticket, wish, note)
        return self._servicenow(ticket, wish, note)

    def _zendesk(self, ticket: str, wish: Wanted, note: str | None) -> list[Request]:
        made = []
        if wish.tags:
            # "Add tags": those that are there stay.
            made.append(self._put(f"/api/v2/tickets/{ticket}/tags.json", {"tags": list(wish.tags)}))
        changed: dict[str, Any] = {}
        if wish.priority:
            changed["priority"] = wish.priority
        changed |= {
            name: int(value)
            for name, value in (("assignee_id", wish.assignee), ("group_id", wish.team))
            if value and value.isdecimal()
        }
        if note is not None:
            changed["comment"] = {"body": note, "public": False}
        if changed:
            made.append(self._put(f"/api/v2/tickets/{ticket}.json", {"ticket": changed}))
        return made

    def _jira(self, ticket: str, wish: Wanted, note: str | None) -> list[Request]:
        made = []
        fields: dict[str, Any] = {}
        if wish.priority:
            fields["priority"] = {"name": wish.priority}
        if wish.assignee:
            fields["assignee"] = {"accountId": wish.assignee}
        update = {"labels": [{"add": tag.replace(" ", "_")} for tag in wish.tags]}
        if fields or wish.tags:
            body = {"fields": fields, "update": update if wish.tags else {}}
            made.append(self._put(f"/rest/api/2/issue/{ticket}", body))
        if note is not None:
            internal = [{"key": "sd.public.comment", "value": {"internal": True}}]
            said = {"body": note, "properties": internal}
            made.append(self._send("POST", f"/rest/api/2/issue/{ticket}/comment", said))
        return made

    def _servicenow(self, ticket: str, wish: Wanted, note: str | None) -> list[Request]:
        changed: dict[str, Any] = {}
        if wish.priority:
            changed["priority"] = wish.priority
        if wish.assignee:
            changed["assigned_to"] = wish.assignee
        if wish.team:
            changed["assignment_group"] = wish.team
        tags = "".join(f"\ntag: {tag}" for tag in wish.tags)
        if note is not None:
            # Labels are records of a table of their own there: the note names them.
            changed["work_notes"] = note + tags
        if not changed:
            return []
        path = f"/api/now/table/{self.table}/{ticket}?sysparm_input_display_value=true"
        return [self._send("PATCH", path, changed)]

    def _get(self, path: str) -> Request:
        return Request("GET", self.url + path, {"Accept": "application/json", **self.headers})

    def _put(self, path: str, body: Mapping[str, Any]) -> Request:
        return self._send("PUT", path, body)

    def _send(self, method: str, path: str, body: Mapping[str, Any]) -> Request:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        return Request(method, self.url + path, headers | dict(self.headers), orjson.dumps(body))


def desk_of(destination: Destination, password: str) -> Desk:
    """The vendor's API of a destination; Zendesk's user is an address and an API token."""
    options, kind = destination.options, destination.kind
    user = str(options["user"]) + ("/token" if kind is Kind.ZENDESK else "")
    proof = base64.b64encode(f"{user}:{password}".encode()).decode()
    table = quote(str(options.get("table", "")), safe="")
    return Desk(kind, str(options["url"]), {"Authorization": f"Basic {proof}"}, table)


def ticket_of(event: Mapping[str, Any]) -> str:
    """The incident's id as a part of a path."""
    return escaped(event["subject"])


def escaped(text: object) -> str:
    """A text as one part of a path; `.` and `..` lead elsewhere however they are written."""
    part = quote(str(text), safe="")
    return part.replace(".", "%252E") if part in (".", "..") else part


def _plain(value: object) -> str:
    """Without what ends a condition of an encoded query."""
    return "".join(c for c in str(value) if c.isalnum() or c in "-_.")
