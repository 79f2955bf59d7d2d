"""PagerDuty's v3 webhooks become events (document: payloads/README.md)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.source.examples import brief, changed, payload, translated


def of(value: Any) -> Any:
    (one,) = brief(translated("pagerduty", value))
    return one


def test_what_is_triggered_opens_an_incident() -> None:
    assert of(payload("pagerduty-triggered")) == (
        "incident.created",
        "PINC042",
        "2026-11-23T09:00:00.512Z",
        {
            "title": "Sorter 2 does not answer",
            "url": "https://parcels.pagerduty.com/incidents/PINC042",
            "opened_at": "2026-11-23T09:00:00.000Z",
            "product": "Sorting",
            "channel": "Monitoring",
            "status": "open",
            "priority": "p1",
            "team": "Depot",
            "assignee": None,
        },
    )


def test_an_acknowledgement_says_by_whom() -> None:
    kind, subject, time, data = of(payload("pagerduty-acknowledged"))
    assert (kind, subject, time) == (
        *("incident.acknowledged", "PINC042", "2026-11-23T09:04:10.000Z"),
    )
    assert (data["by"], data["actor"], data["assignee"]) == ("PKIM001",) * 3


def test_who_is_only_paged_has_not_taken_it() -> None:
    """An incident is triggered with assignees: their clock to take it must not be met by that."""
    value = payload("pagerduty-triggered")
    assert value["event"]["data"]["assignees"]
    assert of(value)[3]["assignee"] is None


def test_a_note_is_an_internal_comment_without_its_text() -> None:
    kind, subject, _, data = of(payload("pagerduty-annotated"))
    assert (kind, subject) == ("incident.commented", "PINC042")
    assert data == {
        "author": "agent",
        "author_id": "PKIM001",
        "public": False,
        "actor": "PKIM001",
    }


def test_the_end() -> None:
    kind, _, _, data = of(payload("pagerduty-resolved"))
    assert (kind, data["status"]) == ("incident.resolved", "resolved")
    assert "assignee" not in data, "who had it stays"
    assert data["priority"] == "high", "without a priority its urgency counts"


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("incident.unacknowledged", "incident.unacknowledged"),
        ("incident.reopened", "incident.reopened"),
        ("incident.escalated", "incident.updated"),
        ("incident.delegated", "incident.updated"),
        ("incident.reassigned", "incident.updated"),
        ("incident.priority_updated", "incident.updated"),
    ],
)
def test_every_type_has_its_own(theirs: str, ours: str) -> None:
    assert of(changed(payload("pagerduty-triggered"), "event", "event_type", to=theirs))[0] == ours


def test_a_lost_webhook_is_made_up_for_by_the_next() -> None:
    """All events before it were dropped: the update alone says what the incident is."""
    value = changed(
        payload("pagerduty-triggered"), "event", "event_type", to="incident.priority_updated"
    )
    data = of(value)[3]
    assert (data["opened_at"], data["status"], data["team"], data["priority"]) == (
        *("2026-11-23T09:00:00.000Z", "open", "Depot", "p1"),
    )


@pytest.mark.parametrize("kind", ["pagey.ping", "service.updated", "incident.responder.added"])
def test_what_clocks_do_not_look_at_is_said_to_be_ignored(kind: str) -> None:
    value = changed(payload("pagerduty-triggered"), "event", "event_type", to=kind)
    found = translated("pagerduty", value)
    assert found.events == ()
    assert kind in found.ignored[0]
