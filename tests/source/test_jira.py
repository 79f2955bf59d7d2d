"""Jira's and Jira Service Management's webhooks become events (document: payloads/README.md)."""

from __future__ import annotations

from typing import Any

import pytest

from sla_engine.errors import EventError
from tests.source.examples import brief, changed, payload, translated

OPENED = "2026-11-23T09:00:00.000Z"


def of(value: Any) -> Any:
    (one,) = brief(translated("jira", value))
    return one


def test_a_new_issue_opens_an_incident_under_its_key() -> None:
    assert of(payload("jira-created")) == (
        "incident.created",
        "SD-17",
        "2026-11-23T09:00:00.040Z",
        {
            "opened_at": OPENED,
            "actor": "acc-ann",
            "title": "Scanner does not pair",
            "priority": "high",
            "kind": "[system] incident",
            "assignee": None,
            "requester": "acc-ann",
            "product": "SD",
            "status": "open",
            "tags": ["scanner"],
        },
    )


def test_a_changelog_sets_what_it_names() -> None:
    kind, _, time, data = of(payload("jira-updated"))
    assert (kind, time) == ("incident.updated", "2026-11-23T09:30:00.000Z")
    assert (data["status"], data["assignee"], data["priority"]) == (
        *("waiting_customer", "acc-kim", "high"),
    )


def test_half_an_hour_late_it_sets_nothing_else() -> None:
    """`issue.fields` shows the issue as it was 25 minutes after the change: resolved meanwhile."""
    data = of(payload("jira-updated-late"))[3]
    assert data == {
        "opened_at": OPENED,
        "actor": "acc-kim",
        "status": "waiting_customer",
        "assignee": "acc-kim",
    }


def test_a_retry_has_the_same_id_and_another_change_another() -> None:
    value = payload("jira-updated")
    first = translated("jira", value).events[0]
    other = translated("jira", changed(value, "changelog", "id", to="90002")).events[0]
    assert first["id"] == "jira:issue_updated/20017/90001"
    assert translated("jira", payload("jira-updated")).events[0] == first
    assert other["id"] != first["id"]


@pytest.mark.parametrize(
    ("name", "category", "expected"),
    [
        ("Waiting for customer", "indeterminate", "waiting_customer"),
        ("Pending", "indeterminate", "on_hold"),
        ("Waiting for support", "new", "open"),
        ("Resolved", "done", "resolved"),
        ("Canceled", "done", "closed"),
        ("Erledigt", "done", "resolved"),
        ("At the partner", None, "at_the_partner"),
    ],
)
def test_a_status_goes_by_its_name_or_else_by_its_category(
    name: str, category: str | None, expected: str
) -> None:
    value = payload("jira-created")
    value["issue"]["fields"]["status"] = {"name": name, "statusCategory": {"key": category}}
    assert of(value)[3]["status"] == expected


@pytest.mark.parametrize(
    ("account", "kind", "flags", "author", "public"),
    [
        ("acc-kim", "atlassian", {}, "agent", True),
        ("acc-kim", "atlassian", {"jsdPublic": False}, "agent", False),
        ("acc-kim", "atlassian", {"visibility": {"type": "role"}}, "agent", False),
        ("acc-bob", "customer", {}, "customer", True),
        ("acc-ann", "atlassian", {}, "customer", True),
        ("acc-bot", "app", {}, "bot", True),
    ],
)
def test_a_comment_says_who_wrote_it_and_whether_the_customer_sees_it(
    account: str, kind: str, flags: dict[str, Any], author: str, public: bool
) -> None:
    """The reporter is the customer, also where colleagues ask each other."""
    value = payload("jira-comment")
    value["comment"] |= {"author": {"accountId": account, "accountType": kind}, **flags}
    event_type, subject, time, data = of(value)
    assert (event_type, subject, time) == (
        *("incident.commented", "SD-17", "2026-11-23T09:31:40.000Z"),
    )
    assert (data["author"], data["author_id"], data["public"]) == (author, account, public)
    assert "dock" not in str(data)


def test_an_issue_that_moves_takes_its_clocks_to_its_new_key() -> None:
    value = changed(payload("jira-updated"), "issue", "key", to="NET-3")
    item = {"field": "Key", "fromString": "SD-17", "toString": "NET-3"}
    value["changelog"]["items"] = [item]
    update, merge = brief(translated("jira", value))
    assert update[:2] == ("incident.updated", "NET-3")
    assert merge == ("incident.merged", "SD-17", "2026-11-23T09:30:00.000Z", {"into": "NET-3"})


def test_a_deleted_issue_is_deleted() -> None:
    kind, subject, _, data = of(
        changed(payload("jira-created"), "webhookEvent", to="jira:issue_deleted")
    )
    assert (kind, subject) == ("incident.deleted", "SD-17")
    assert "title" not in data


@pytest.mark.parametrize("kind", ["comment_updated", "worklog_created", "sprint_started"])
def test_what_clocks_do_not_look_at_is_said_to_be_ignored(kind: str) -> None:
    found = translated("jira", changed(payload("jira-created"), "webhookEvent", to=kind))
    assert found.events == ()
    assert found.ignored[0].startswith(f"{kind}: ")


@pytest.mark.parametrize(
    ("path", "named"),
    [
        (("webhookEvent",), "webhookEvent"),
        (("timestamp",), "timestamp"),
        (("issue", "key"), "issue.key"),
        (("issue",), "issue.key"),
    ],
)
def test_what_is_missing_is_named(path: tuple[str, ...], named: str) -> None:
    with pytest.raises(EventError) as refused:
        translated("jira", changed(payload("jira-created"), *path, to=None))
    assert refused.value.message.startswith(f"{named}: ")
