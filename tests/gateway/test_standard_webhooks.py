"""Standard Webhooks at the door, signed by the library of another author."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import orjson
import pytest
from standardwebhooks.webhooks import Webhook

from sla_engine.cli.sources import source_named
from sla_engine.ingest.hooks import Hook
from sla_engine.limits import HOOK_WINDOW_MS
from tests.gateway.serving import NOW_MS, Gateway, MemoryLog, gateway

OLD, NEW = ("whsec_" + base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))
EVENT = {
    "type": "incident.updated",
    "timestamp": "2026-11-23T09:59:00Z",
    "data": {"key": "4711", "status": "resolved"},
}
BODY = orjson.dumps(EVENT)


@pytest.fixture
def door(log: MemoryLog) -> Iterator[Gateway]:
    """A gateway with a hook whose secret is just being changed."""
    source = source_named("standard-webhooks")
    hook = Hook("monitor", source, (OLD.encode(), NEW.encode()))
    with gateway(log, hooks=[hook]) as running:
        yield running


def post(
    door: Gateway, secret: str = OLD, at_ms: int = NOW_MS, identity: str = "msg_1"
) -> httpx.Response:
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    headers = {
        "webhook-id": identity,
        "webhook-timestamp": str(at_ms // 1000),
        "webhook-signature": Webhook(secret).sign(identity, at, BODY.decode()),
    }
    return door.client.post("/v1/hooks/monitor", content=BODY, headers=headers)


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_what_the_library_signs_is_taken(door: Gateway, log: MemoryLog, secret: str) -> None:
    assert post(door, secret).json() == {"accepted": 1}
    (event,) = log.events
    assert (event["type"], event["subject"], event["source"], event["data"]) == (
        *("incident.updated", "4711", "monitor"),
        {"status": "resolved"},
    )


def test_an_attempt_a_minute_later_does_nothing_again(door: Gateway, log: MemoryLog) -> None:
    assert post(door).status_code == 202
    again = post(door, at_ms=NOW_MS + 60_000)
    assert (again.status_code, again.json()) == (200, {"accepted": 0, "replayed": True})
    assert post(door, identity="msg_2").status_code == 202


@pytest.mark.parametrize("off_ms", [-HOOK_WINDOW_MS - 1_000, HOOK_WINDOW_MS + 1_000])
def test_stale_and_early_ones_and_other_secrets_are_not(
    door: Gateway, log: MemoryLog, off_ms: int
) -> None:
    other = "whsec_" + base64.b64encode(bytes([3]) * 32).decode()
    assert post(door, at_ms=NOW_MS + off_ms).status_code == 401
    assert post(door, other).status_code == 401
    assert log.records == []
