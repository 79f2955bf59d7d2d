"""Commands become events that the engine obeys, once, with who gave them and why."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest

from sla_engine.limits import API_BODY_BYTES_MAX
from tests.api.serving import Served, refused

LATER = "2026-11-23T20:00:00Z"
WHY = {"reason": "agreed by telephone", "actor": "kim"}


@pytest.fixture
def client(api: Served) -> httpx.Client:
    return api.client("act", "read", tenants=["default"])


def give(client: httpx.Client, name: str, body: Any = None, **options: Any) -> httpx.Response:
    return client.post(f"/v1/commands/{name}", json={"incident": "I1", **(body or {})}, **options)


def test_a_due_by_hand_counts(api: Served, client: httpx.Client) -> None:
    body = {"clock": "resolution", "due": LATER, **WHY}
    answer = give(client, "override", body)
    assert answer.status_code == 202
    told = answer.json()
    (record,) = api.log.records
    event = orjson.loads(record.value or b"")
    assert (record.topic, record.key) == ("events", b"I1")
    assert (event["id"], event["source"], event["time"]) == (told["id"], "api", told["time"])
    assert event["data"] == {"clock": "resolution", "due": LATER, **WHY}
    api.follow("08:45")
    clocks = client.get("/v1/incidents/I1").json()["clocks"]
    (clock,) = [each for each in clocks if each["clock"] == "resolution"]
    assert (clock["due"], clock["pinned"]) == ("2026-11-23T20:00:00.000Z", True)
    assert give(client, "override", {"clock": "resolution", "unpin": True, **WHY}).is_success
    api.follow("08:50")
    (clock,) = [
        each
        for each in client.get("/v1/incidents/I1").json()["clocks"]
        if each["clock"] == "resolution"
    ]
    assert not clock["pinned"]


def test_excluded_time_does_not_count(api: Served, client: httpx.Client) -> None:
    times = {"from": "2026-11-23T08:10:00Z", "to": "2026-11-23T08:20:00Z"}
    assert give(client, "exclude", {"clock": "resolution", **times, **WHY}).status_code == 202
    api.follow("08:45")
    told = client.get("/v1/incidents/I1").json()
    (clock,) = [each for each in told["clocks"] if each["clock"] == "resolution"]
    assert clock["excluded_ms"] == 600_000
    assert told["events"][-1]["data"]["actor"] == "kim"


def test_acknowledged_and_snoozed(api: Served, client: httpx.Client) -> None:
    assert give(client, "acknowledge", {"actor": "kim"}).status_code == 202
    assert give(client, "snooze", {"until": LATER}).status_code == 202
    assert give(client, "unacknowledge").status_code == 202
    api.follow("08:45")
    events = client.get("/v1/incidents/I1").json()["events"][-3:]
    by_type = {event["type"]: event["data"] for event in events}
    assert by_type["incident.acknowledged"] == {"by": "kim", "actor": "kim"}
    name = next(iter(api.keeper.tokens()))
    assert by_type["incident.snoozed"] == {"until": "2026-11-23T20:00:00.000Z", "actor": name}
    assert by_type["incident.unacknowledged"] == {"actor": name}
    assert api.desk.world.dead() == api.desk.world.dead()[:1], "none is a dead letter"


def test_the_same_key_is_done_once(api: Served, client: httpx.Client) -> None:
    headers = {"Idempotency-Key": "7f0c"}
    first = give(client, "acknowledge", {"actor": "kim"}, headers=headers)
    api.desk.at("08:45").follow()
    second = give(client, "acknowledge", {"actor": "kim"}, headers=headers)
    assert first.json() == second.json()
    assert api.log.records[0].value == api.log.records[1].value
    api.follow("08:46")
    kinds = [event["type"] for event in client.get("/v1/incidents/I1").json()["events"]]
    assert kinds.count("incident.acknowledged") == 1
    assert len(api.desk.world.dead()) == 1


def test_a_key_with_another_command_is_refused(api: Served, client: httpx.Client) -> None:
    headers = {"Idempotency-Key": "7f0c"}
    assert give(client, "acknowledge", {"actor": "kim"}, headers=headers).is_success
    refused(give(client, "acknowledge", {"actor": "lee"}, headers=headers), 422, "KEY_REUSED")
    other = api.client("act")
    assert give(other, "acknowledge", {"actor": "lee"}, headers=headers).is_success, "its own keys"
    for bad in ("", "x" * 300, '""'):
        refused(give(client, "acknowledge", headers={"Idempotency-Key": bad}), 400, "BAD_VALUE")


@pytest.mark.parametrize(
    ("name", "body", "field"),
    [
        ("snooze", {}, "until"),
        ("snooze", {"until": "tomorrow"}, "until"),
        ("snooze", {"until": 7}, "until"),
        ("override", {"clock": "resolution", **WHY}, "due"),
        ("override", {"clock": "resolution", "due": LATER, "unpin": True, **WHY}, "due"),
        ("override", {"clock": "resolution", "due": LATER}, "reason"),
        ("override", {"due": LATER, **WHY}, "clock"),
        ("exclude", {"clock": "resolution", "from": LATER, **WHY}, "to"),
        ("exclude", {"clock": "resolution", "from": "x", "to": LATER, **WHY}, "from"),
        ("acknowledge", {"actor": "sla-engine"}, "actor"),
        ("acknowledge", {"incident": ""}, "incident"),
        ("acknowledge", {"incident": ["I1"]}, "incident"),
        ("acknowledge", {"nonsense": 1}, "nonsense"),
        ("acknowledge", {"actor": "x" * 2_000}, "actor"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_on_the_log(
    api: Served, client: httpx.Client, name: str, body: dict[str, Any], field: str
) -> None:
    problem = refused(give(client, name, body), 400, "BAD_VALUE")
    assert problem["field"] == field
    assert api.log.records == []


def test_bodies_that_are_none(api: Served, client: httpx.Client) -> None:
    address = "/v1/commands/acknowledge"
    json = {"Content-Type": "application/json"}
    for body in (b"", b"{", b"[]", b"null", b"\xff", b"[" * 10_000):
        refused(client.post(address, content=body, headers=json), 400, "BAD_VALUE")
    refused(client.post(address, content=b"{}"), 415, "NOT_JSON")
    long = b'{"incident": "' + b"x" * API_BODY_BYTES_MAX + b'"}'
    refused(client.post(address, content=long, headers=json), 413, "TOO_LARGE")
    assert api.log.records == []


def test_an_incident_that_is_not_known_is_not_opened(api: Served, client: httpx.Client) -> None:
    refused(give(client, "acknowledge", {"incident": "nobody"}), 404, "NOT_FOUND")
    assert api.log.records == []


def test_while_the_log_takes_nothing_it_is_503(api: Served, client: httpx.Client) -> None:
    api.log.error = "no broker"
    answer = give(client, "acknowledge", headers={"Idempotency-Key": "k"})
    refused(answer, 503, "BUSY")
    assert answer.headers["retry-after"] == "1"
    api.log.error = ""
    assert give(client, "acknowledge", headers={"Idempotency-Key": "k"}).status_code == 202


def test_the_trail_says_who_did_what_and_why(api: Served, client: httpx.Client) -> None:
    give(client, "override", {"clock": "resolution", "due": LATER, **WHY})
    give(client, "acknowledge")
    admin = api.client("admin")
    first = admin.get("/v1/audit", params={"limit": 1}).json()
    second = admin.get("/v1/audit", params={"limit": 1, "cursor": first["next"]}).json()
    assert [e["action"] for e in (*first["entries"], *second["entries"])] == [
        "acknowledge",
        "override",
    ]
    (entry,) = second["entries"]
    assert entry["by"] == "t0"
    assert (entry["incident"], entry["actor"], entry["reason"]) == ("I1", "kim", WHY["reason"])
