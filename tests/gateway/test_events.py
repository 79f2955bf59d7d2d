"""`POST /v1/events`: what is taken, in each of CloudEvents' modes, and what is refused and why."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest

from sla_engine.ingest.door import DoorSettings
from sla_engine.limits import GATEWAY_BATCH_EVENTS_MAX
from tests.gateway.serving import BATCH, PROVEN, STRUCTURED, Gateway, MemoryLog, event, gateway


def refused(answer: httpx.Response, status: int, code: str) -> Any:
    """The problem document of a refusal (RFC 9457)."""
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["title"]
    assert problem["detail"]
    return problem


def test_a_structured_event_is_on_the_log_as_it_came(door: Gateway, log: MemoryLog) -> None:
    raw = orjson.dumps(event()).replace(b",", b", ")
    answer = door.post(raw)
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1})
    assert [(r.topic, r.partition, r.key, r.value) for r in log.records] == [
        ("events", None, b"4711", raw)
    ]


def test_a_batch_keeps_its_order(door: Gateway, log: MemoryLog) -> None:
    answer = door.post([event(str(i), "incident.updated") for i in range(100)])
    assert answer.json() == {"accepted": 100}
    assert [one["id"] for one in log.events] == [str(i) for i in range(100)]


def test_an_empty_batch_is_taken(door: Gateway, log: MemoryLog) -> None:
    assert door.post([]).json() == {"accepted": 0}
    assert log.records == []


def binary(door: Gateway, body: bytes, headers: Any = (), **changes: str) -> httpx.Response:
    attributes = {k: str(v) for k, v in event().items() if k != "data"} | changes
    sent = {"Content-Type": "application/json", **PROVEN}
    sent |= {f"ce-{name}": value for name, value in attributes.items()}
    return door.client.post("/v1/events", content=body, headers=[*sent.items(), *headers])


def test_binary_mode_has_attributes_in_headers_and_data_as_body(
    door: Gateway, log: MemoryLog
) -> None:
    answer = binary(door, b'{"priority": "low"}', tenant="acme", subject="M%C3%BCnchen%20%E2%82%AC")
    assert answer.status_code == 202
    (taken,) = log.events
    assert taken == event(subject="M\u00fcnchen \u20ac", tenant="acme", data={"priority": "low"})
    assert log.records[0].key == "M\u00fcnchen \u20ac".encode()


def test_binary_mode_undoes_quotes(door: Gateway, log: MemoryLog) -> None:
    binary(door, b"{}", subject='"a\\"b c"')
    assert log.events[0]["subject"] == 'a"b c'


@pytest.mark.parametrize(
    ("body", "headers", "code", "said"),
    [
        (b'{}, "tenant": "acme"', [], "NOT_JSON", "data: "),
        (b"{", [], "NOT_JSON", "data: "),
        (b"{}", [("ce-id", "2")], "NOT_CLOUDEVENT", "ce-id: came twice"),
        (b"{}", [("ce-data", "{}")], "NOT_CLOUDEVENT", "ce-data: names no attribute"),
        (b"{}", [("ce-data_base64", "e30")], "NOT_CLOUDEVENT", "names no attribute"),
        (b"{}", [("ce-tenant", "%FF")], "NOT_CLOUDEVENT", "ce-tenant: is not UTF-8"),
        (b"[]", [], "BAD_VALUE", "data: is a list; send an object"),
    ],
)
def test_what_binary_mode_refuses(
    door: Gateway, log: MemoryLog, body: bytes, headers: Any, code: str, said: str
) -> None:
    problem = refused(binary(door, body, headers), 400, code)
    assert said in problem["detail"]
    assert log.records == []


@pytest.mark.parametrize(
    ("changes", "code", "field", "mend"),
    [
        ({"specversion": "2.0"}, "NOT_CLOUDEVENT", "specversion", 'must be the text "1.0"'),
        ({"subject": None}, "NOT_CLOUDEVENT", "subject", "send a text"),
        ({"type": "ticket.made"}, "UNKNOWN_TYPE", "type", "send one of incident.created"),
        ({"time": "2026-11-23 10:00"}, "NO_TIME", "time", "send it like 2026-11-23T10"),
        ({"time": "2026-11-23T10:10:01Z"}, "TIME_IN_FUTURE", "time", "check the source's clock"),
        ({"id": "x" * 256}, "BAD_ID", "id", "send at most 255 bytes"),
        ({"data": {"priority": ["high"]}}, "BAD_VALUE", "data.priority", "send a text"),
        ({"data": {"team": "x" * 1025}}, "TOO_LONG", "data.team", "send at most 1024 bytes"),
        ({"data": {"tags": ["x", 1, {}]}}, "BAD_VALUE", "data.tags[2]", "send a text"),
        ({"type": "incident.commented"}, "NO_AUTHOR", "data.author", "say who wrote"),
    ],
)
def test_a_problem_names_field_and_reason_and_how_to_mend_it(
    door: Gateway, log: MemoryLog, changes: Any, code: str, field: str, mend: str
) -> None:
    problem = refused(door.post(event(**changes)), 400, code)
    assert problem["field"] == field
    assert mend in problem["detail"]
    assert "index" not in problem
    assert log.records == []


def test_the_time_ahead_that_is_allowed_is_taken(door: Gateway) -> None:
    assert door.post(event(time="2026-11-23T10:10:00Z")).status_code == 202


@pytest.mark.parametrize("bad", [0, 3, 6])
def test_a_batch_with_one_bad_event_is_refused_whole_with_its_index(
    door: Gateway, log: MemoryLog, bad: int
) -> None:
    events = [event(str(i)) for i in range(7)]
    events[bad]["time"] = "yesterday"
    problem = refused(door.post(events), 400, "NO_TIME")
    assert (problem["index"], problem["field"]) == (bad, "time")
    assert log.records == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "NOT_JSON"),
        (b"{}", 400, "NOT_CLOUDEVENT"),
        (b"[{}", 400, "NOT_JSON"),
        (b'["\xff"]', 400, "NOT_JSON"),
        (b"[" * 100_000, 400, "TOO_DEEP"),
        (b"[" * 60 + b"]" * 60, 400, "TOO_DEEP"),
        (b"[" + b"{}," * GATEWAY_BATCH_EVENTS_MAX + b"{}]", 413, "TOO_LARGE"),
    ],
)
def test_what_is_no_batch(
    door: Gateway, log: MemoryLog, body: bytes, status: int, code: str
) -> None:
    refused(door.post(body, headers=BATCH), status, code)
    assert log.records == []


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"[1]", b"{" * 50_000, b'{"a":' * 40 + b"1" + b"}" * 40]
)
def test_any_bytes_in_structured_mode_are_a_named_refusal(door: Gateway, body: bytes) -> None:
    answer = door.post(body, headers=STRUCTURED)
    refused(answer, 400, answer.json()["code"])


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "", "application/xml"])
def test_another_content_type_is_told_those_that_are_read(door: Gateway, kind: str) -> None:
    problem = refused(door.post(event(), headers={"Content-Type": kind}), 415, "NOT_CLOUDEVENT")
    assert "application/cloudevents-batch+json" in problem["detail"]


def test_a_customers_change_has_a_copy_on_every_partition(door: Gateway, log: MemoryLog) -> None:
    update = event(kind="customer.updated", subject="ACME", data={"tier": "gold"})
    assert door.post(update).json() == {"accepted": 1}
    assert [(r.partition, r.key) for r in log.records] == [(p, None) for p in range(4)]


@pytest.mark.parametrize(
    ("kind", "subject"), [("sla.time", "time"), ("policy.published", "policies")]
)
def test_records_of_the_engine_itself_are_not_taken(
    door: Gateway, log: MemoryLog, kind: str, subject: str
) -> None:
    data = {"hash": "0" * 64, "effective_from": "2026-11-23T10:00:00Z"}
    data = data if kind == "policy.published" else {}
    problem = refused(door.post(event(kind=kind, subject=subject, data=data)), 400, "UNKNOWN_TYPE")
    assert "sla-engine" in problem["detail"]
    assert log.records == []


def test_a_sender_bound_to_a_tenant_sends_for_no_other(log: MemoryLog) -> None:
    with gateway(log, DoorSettings(tenants={"desk": "acme"})) as door:
        events = [event("1", tenant="acme"), event("2"), event("3", tenant="other")]
        assert refused(door.post(events), 403, "WRONG_TENANT")["index"] == 1
        assert door.post(events[0]).status_code == 202
        assert [one["id"] for one in log.events] == ["1"]


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/v1/events", 405), ("POST", "/v1", 404)]
)
def test_a_wrong_address_is_a_problem_document_too(
    door: Gateway, method: str, path: str, status: int
) -> None:
    answer = door.client.request(method, path)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.status_code == status


def test_health_and_metrics(door: Gateway) -> None:
    door.post([event("1"), event("2")])
    door.post(b"{}")
    assert door.client.get("/healthz").text == "ok\n"
    metrics = door.client.get("/metrics").text
    assert 'sla_gateway_events_total{source="desk"} 2.0' in metrics
    assert 'sla_gateway_requests_total{source="desk",status="202"} 1.0' in metrics
    assert 'sla_gateway_requests_total{source="desk",status="400"} 1.0' in metrics
