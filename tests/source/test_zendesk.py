"""Zendesk's event webhooks become events (document: payloads/README.md)."""

from __future__ import annotations

from typing import Any

import pytest

from sla_engine.errors import EventError
from tests.source.examples import brief, changed, payload, translated

OPENED = "2026-11-23T09:00:00.000Z"


def of(value: Any) -> Any:
    (one,) = brief(translated("zendesk", value))
    return one


def test_a_new_ticket_opens_an_incident_with_all_that_is_known() -> None:
    assert of(payload("zendesk-created")) == (
        "incident.created",
        "35436",
        "2026-11-23T09:00:00.250Z",
        {
            "opened_at": OPENED,
            "actor": "8001",
            "title": "Lift out of order",
            "priority": "high",
            "status": "open",
            "kind": "incident",
            "customer": "9900",
            "requester": "8001",
            "team": "510",
            "assignee": None,
            "product": "360",
            "channel": "email",
            "tags": ["lift", "hall2"],
        },
    )


def test_the_events_id_is_zendesks_so_that_a_retry_is_a_duplicate() -> None:
    first = translated("zendesk", payload("zendesk-created"), "desk").events[0]
    again = translated("zendesk", payload("zendesk-created"), "desk").events[0]
    assert (first["source"], first["id"]) == ("desk", "e-1")
    assert first == again


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        *(("NEW", "open"), ("open", "open"), ("PENDING", "waiting_customer"), ("HOLD", "on_hold")),
        *(("SOLVED", "resolved"), ("CLOSED", "closed"), ("AT_THE_PARTNER", "at_the_partner")),
    ],
)
def test_a_status_becomes_its_class(status: str, expected: str) -> None:
    value = changed(payload("zendesk-status-changed"), "event", "current", to=status)
    assert of(value)[3]["status"] == expected


def test_what_a_later_update_did_takes_no_effect_at_the_time_of_an_earlier_event() -> None:
    """Delivered late: `detail` shows the ticket 45 minutes after the status was changed."""
    kind, _, time, data = of(payload("zendesk-status-changed-late"))
    assert (kind, time) == ("incident.updated", "2026-11-23T09:30:00.400Z")
    assert data == {"opened_at": OPENED, "actor": "8001", "status": "waiting_customer"}


def test_what_is_current_closes_the_gap_that_a_lost_webhook_left() -> None:
    data = of(payload("zendesk-status-changed"))[3]
    assert (data["status"], data["assignee"], data["priority"]) == (
        "waiting_customer",
        "7001",
        "high",
    )


@pytest.mark.parametrize(
    ("identity", "staff", "public", "author"),
    [
        ("7001", True, True, "agent"),
        ("8001", False, True, "customer"),
        ("7001", True, False, "agent"),
        ("-1", True, True, "system"),
    ],
)
def test_a_comment_says_who_wrote_it_and_for_whom_but_not_what(
    identity: str, staff: bool, public: bool, author: str
) -> None:
    value = payload("zendesk-comment-added")
    value["event"]["comment"] |= {"is_public": public}
    value["event"]["comment"]["author"] = {"id": identity, "is_staff": staff, "name": "Kim"}
    kind, _, _, data = of(value)
    assert kind == "incident.commented"
    assert (data["author"], data["author_id"], data["public"]) == (author, identity, public)
    assert "technician" not in str(data)


@pytest.mark.parametrize(
    ("kind", "current", "member", "expected"),
    [
        ("priority_changed", "URGENT", "priority", "urgent"),
        ("priority_changed", None, "priority", None),
        ("agent_assignment_changed", "7009", "assignee", "7009"),
        ("group_assignment_changed", "511", "team", "511"),
        ("organization_changed", "9901", "customer", "9901"),
        ("subject_changed", "Both lifts", "title", "Both lifts"),
        ("type_changed", "PROBLEM", "kind", "problem"),
    ],
)
def test_what_changed_is_taken_from_the_change(
    kind: str, current: str | None, member: str, expected: str | None
) -> None:
    value = payload("zendesk-status-changed-late")
    value |= {"type": f"zen:event-type:ticket.{kind}", "event": {"current": current}}
    assert of(value)[3] == {"opened_at": OPENED, "actor": "8001", member: expected}


@pytest.mark.parametrize(
    ("kind", "event_type", "status"),
    [
        ("soft_deleted", "incident.updated", "closed"),
        ("marked_as_spam", "incident.updated", "closed"),
        ("undeleted", "incident.updated", "open"),
        ("permanently_deleted", "incident.deleted", None),
    ],
)
def test_what_may_be_undone_closes_and_only_the_permanent_end_deletes(
    kind: str, event_type: str, status: str | None
) -> None:
    value = changed(
        payload("zendesk-status-changed-late"), "type", to=f"zen:event-type:ticket.{kind}"
    )
    found = of(value)
    assert (found[0], found[3].get("status")) == (event_type, status)


def test_more_tags_than_an_incident_may_have_are_no_reason_to_lose_it() -> None:
    value = changed(payload("zendesk-created"), "detail", "tags", to=[f"t{i}" for i in range(90)])
    assert of(value)[3]["tags"] == [f"t{i}" for i in range(32)]


@pytest.mark.parametrize(
    "kind", ["zen:event-type:ticket.followers_changed", "zen:event-type:user.created", "other"]
)
def test_what_clocks_do_not_look_at_is_said_to_be_ignored(kind: str) -> None:
    found = translated("zendesk", changed(payload("zendesk-created"), "type", to=kind))
    assert found.events == ()
    assert kind.removeprefix("zen:event-type:") in found.ignored[0]


@pytest.mark.parametrize(
    ("path", "to", "named"),
    [
        (("type",), None, "type"),
        (("id",), {}, "id"),
        (("time",), "yesterday", "time"),
        (("time",), True, "time"),
        (("detail",), [], "detail.id"),
        (("detail", "created_at"), "soon", "detail.created_at"),
    ],
)
def test_a_payload_that_is_not_zendesks_is_refused_by_the_members_name(
    path: tuple[str, ...], to: Any, named: str
) -> None:
    with pytest.raises(EventError) as refused:
        translated("zendesk", changed(payload("zendesk-created"), *path, to=to))
    assert f"{named}: " in refused.value.message
