"""ServiceNow: a record as the recommended business rule posts it, and comments, become events."""

from __future__ import annotations

from typing import Any

import pytest

from sla_engine.errors import EventError
from tests.source.examples import brief, changed, payload, translated

UPDATE = payload("servicenow-update")


def test_an_update_is_the_record_as_it_is_now() -> None:
    found = translated("servicenow", UPDATE)
    assert brief(found) == [
        (
            *("incident.updated", "INC0010042", "2026-11-23T09:30:00.000Z"),
            {
                "opened_at": "2026-11-23T09:00:00.000Z",
                "actor": "kim",
                "title": "Badge reader is dead",
                "priority": "2",
                "kind": "hardware",
                "channel": "phone",
                "customer": "Acme",
                "requester": "ann",
                "team": "Field",
                "assignee": None,
                "region": "Hamburg",
                "status": "waiting_customer",
            },
        )
    ]
    assert found.events[0]["sequence"] == "3"
    assert found.events[0]["id"] == "9d385017c611228701d22104cc95c371/update/3"


@pytest.mark.parametrize(
    ("state", "reason", "expected"),
    [
        ("1", "", "open"),
        ("2", "1", "open"),
        ("3", "1", "waiting_customer"),
        ("3", "4", "waiting_vendor"),
        ("3", "3", "on_hold"),
        ("3", "", "on_hold"),
        ("6", "", "resolved"),
        ("7", "", "closed"),
        ("8", "", "closed"),
        ("18", "", "18"),
    ],
)
def test_states_and_reasons_become_classes(state: str, reason: str, expected: str) -> None:
    value = UPDATE | {"state": state, "hold_reason": reason}
    assert translated("servicenow", value).events[0]["data"]["status"] == expected


def test_a_comment_is_public_and_a_work_note_is_not() -> None:
    comment = payload("servicenow-comment")
    note = changed(comment, "element", to="work_notes")
    said = [brief(translated("servicenow", one))[0] for one in (comment, note)]
    assert [one[:3] for one in said] == [
        ("incident.commented", "INC0010042", "2026-11-23T09:20:00.000Z")
    ] * 2
    assert [one[3]["public"] for one in said] == [True, False]
    assert {one[3]["author"] for one in said} == {"agent"}
    other = translated("servicenow", changed(comment, "element", to="approval_history"))
    assert (other.events, len(other.ignored)) == ((), 1)


def test_inserted_and_deleted() -> None:
    (opened,) = translated("servicenow", UPDATE | {"operation": "insert"}).events
    (gone,) = translated("servicenow", UPDATE | {"operation": "delete"}).events
    assert (opened["type"], gone["type"]) == ("incident.created", "incident.deleted")
    assert gone["data"] == {}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"operation": "query"}, "operation: must be insert, update or delete"),
        ({"sys_mod_count": "3a"}, "sys_mod_count: is no number"),
        ({"sys_updated_on": "23.11.2026 09:30"}, "sys_updated_on: is no time"),
        ({"number": ""}, "number: is missing"),
    ],
)
def test_a_payload_of_another_rule_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(EventError) as refused:
        translated("servicenow", UPDATE | changes)
    assert refused.value.message.startswith(said)
