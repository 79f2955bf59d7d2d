"""Write-back: a breach comes back to a stand-in of each vendor's API as note and tag, once."""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from tests.deliver.delivering import MemoryAlerts, alert, cleared, delivering, warning
from tests.deliver.receiver import Answer, Got, Receiver, receiver

DONE = "SELECT count(*) FROM deliveries WHERE state = 1"
ACTIONS = [
    {"do": "notify", "to": ["lead"], "args": {"via": []}},
    {"do": "tag", "to": [], "args": {"tag": "sla-breached"}},
    {"do": "set_priority", "to": [], "args": {"priority": "urgent"}},
    {"do": "reassign", "to": [], "args": {"assignee": "77"}},
    {"do": "raise_priority", "to": [], "args": {"by": 1}},
]


class StandIn:
    """Tickets of a vendor with tags, fields and notes; `failing` answers are given instead."""

    def __init__(self) -> None:
        self.notes: list[dict[str, Any]] = []
        self.tags: set[str] = set()
        self.fields: dict[str, Any] = {}
        self.failing: list[tuple[str, Answer]] = []
        self.cut_off = False

    def answer(self, got: Got) -> Answer:
        user, _, password = b64decode(got.headers["authorization"][6:]).decode().partition(":")
        if not user.startswith("sla@example.com") or password != "made-up-password":
            return Answer(401)
        for place, (method, answer) in enumerate(self.failing):
            if method == got.method:
                del self.failing[place]
                if self.cut_off:
                    self.take(got)  # done, and the answer is lost
                return answer
        return self.take(got)

    def take(self, got: Got) -> Answer:
        """Carry a request out."""
        raise AssertionError(f"{type(self).__name__} takes nothing")


class Zendesk(StandIn):
    """developer.zendesk.com: Tickets, Ticket Comments, Tags."""

    def take(self, got: Got) -> Answer:
        path = urlsplit(got.path).path
        if path == "/api/v2/tickets/4711/comments.json":
            return Answer(200, body=orjson.dumps({"comments": self.notes}))
        if path == "/api/v2/tickets/4711/tags.json":
            self.tags |= set(got.json["tags"])
            return Answer(200)
        assert (got.method, path) == ("PUT", "/api/v2/tickets/4711.json")
        changed = dict(got.json["ticket"])
        if "comment" in changed:
            self.notes.append(changed.pop("comment"))
        self.fields |= changed
        return Answer(200)


class Jira(StandIn):
    """developer.atlassian.com, REST v2: Issues, Issue comments."""

    def take(self, got: Got) -> Answer:
        path = urlsplit(got.path).path
        if path == "/rest/api/2/issue/4711/comment":
            if got.method == "POST":
                self.notes.append(got.json)
                return Answer(201)
            return Answer(200, body=orjson.dumps({"comments": self.notes}))
        assert (got.method, path) == ("PUT", "/rest/api/2/issue/4711")
        self.tags |= {one["add"] for one in got.json["update"].get("labels", ())}
        self.fields |= got.json["fields"]
        return Answer(204)


class ServiceNow(StandIn):
    """servicenow.com/docs: Table API."""

    def take(self, got: Got) -> Answer:
        parts = urlsplit(got.path)
        query = parse_qs(parts.query)
        if parts.path == "/api/now/table/incident":
            assert query["sysparm_query"] == ["number=4711"]
            return Answer(200, body=orjson.dumps({"result": [{"sys_id": "5137153cc611227c"}]}))
        if parts.path == "/api/now/table/sys_journal_field":
            return Answer(200, body=orjson.dumps({"result": self.notes}))
        assert (got.method, parts.path) == ("PATCH", "/api/now/table/incident/5137153cc611227c")
        changed = dict(got.json)
        if "work_notes" in changed:
            self.notes.append({"value": changed.pop("work_notes")})
        self.fields |= changed
        return Answer(200)


VENDORS = {"zendesk": Zendesk, "jira": Jira, "servicenow": ServiceNow}


def plan_for(kind: str, desk: Receiver, more: str = "") -> str:
    return f"""
destinations:
  back: {{kind: {kind}, url: {desk.url}, user: sla@example.com, secret: back{more}}}
default: back
"""


SECRETS = [("back", "made-up-password")]


@pytest.mark.parametrize("kind", VENDORS)
def test_a_breach_comes_back_as_a_note_a_tag_and_fields(kind: str, tmp_path: Path) -> None:
    vendor = VENDORS[kind]()
    log = MemoryAlerts()
    log.add(alert(actions=ACTIONS), cleared("4711", "breach"))
    with receiver(vendor.answer) as desk:
        with delivering(plan_for(kind, desk), log, tmp_path, secrets=SECRETS) as running:
            running.wait_until(DONE, [(2,)])
    told, end = vendor.notes
    text = orjson.dumps(told).decode()
    assert "breached: 4711 resolution, Parcel 4711 is late" in text
    assert "Please raise the priority by 1." in text
    assert "cleared" in orjson.dumps(end).decode()
    if kind == "zendesk":
        assert told["public"] is False
        assert vendor.tags == {"sla-breached"}
        assert vendor.fields == {"priority": "urgent", "assignee_id": 77}
    elif kind == "jira":
        assert told["properties"] == [{"key": "sd.public.comment", "value": {"internal": True}}]
        assert vendor.tags == {"sla-breached"}
        assert vendor.fields == {"priority": {"name": "urgent"}, "assignee": {"accountId": "77"}}
    else:
        assert "tag: sla-breached" in told["value"]
        assert vendor.fields == {"priority": "urgent", "assigned_to": "77"}


@pytest.mark.parametrize("kind", VENDORS)
def test_a_note_whose_answer_was_lost_is_not_written_again(kind: str, tmp_path: Path) -> None:
    vendor = VENDORS[kind]()
    writing = {"zendesk": "PUT", "jira": "POST", "servicenow": "PATCH"}[kind]
    vendor.failing = [(writing, Answer(502)), ("GET", Answer(429)), (writing, Answer(502))]
    vendor.cut_off = True
    log = MemoryAlerts()
    log.add(alert(actions=ACTIONS), warning("4711"))
    with receiver(vendor.answer) as desk:
        with delivering(plan_for(kind, desk), log, tmp_path, secrets=SECRETS) as running:
            running.wait_until(DONE, [(2,)])
    assert len(vendor.notes) == 2


def test_a_ticket_that_servicenow_does_not_have_is_a_letter(tmp_path: Path) -> None:
    log = MemoryAlerts()
    log.add(alert())
    with receiver(lambda _: Answer(200, body=b'{"result": []}')) as desk:
        with delivering(plan_for("servicenow", desk), log, tmp_path, secrets=SECRETS) as running:
            running.wait_until(
                "SELECT state, error FROM deliveries", [(2, "there is no ticket 4711")]
            )


@pytest.mark.parametrize("incident", ["../../users/1", "..", "4711?x=1", "1^active=true"])
def test_an_incidents_id_stays_one_part_of_the_path(incident: str, tmp_path: Path) -> None:
    log = MemoryAlerts()
    log.add(alert(incident))
    for number, kind in enumerate(VENDORS):
        folder = tmp_path / str(number)
        with receiver(lambda _: Answer(200, body=b"{}")) as desk:
            with delivering(plan_for(kind, desk), log, folder, secrets=SECRETS) as running:
                running.wait_until("SELECT count(*) FROM deliveries WHERE state > 0", [(1,)])
        for got in desk.got:
            assert "/../" not in got.path
            assert "?x=1" not in got.path
            assert "^active" not in got.path
