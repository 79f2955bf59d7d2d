"""Every vendor's payloads through its hook: proven as the vendor does, and then decoded."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Iterator

import pytest

from sla_engine.event.times import format_time
from sla_engine.ingest.hooks import Hook
from sla_engine.source.kinds import SOURCES
from tests.gateway.serving import BATCH, NOW_MS, Gateway, MemoryLog, gateway
from tests.source.examples import FOLDER

SECRET, OTHER = b"a-secret-of-the-hook-itself", b"one-that-only-the-vendor-has-yet"
TOKEN = "sla_alertmanagers-own-token"
TOKENS = {"alertmanager": TOKEN, "servicenow": "sla_servicenows-own-token"}

EXAMPLES = sorted(path.stem for path in FOLDER.glob("*.json"))


def zendesk(body: bytes, secret: bytes) -> dict[str, str]:
    stamp = format_time(NOW_MS)
    mac = hmac.digest(secret, stamp.encode() + body, "sha256")
    signature = base64.b64encode(mac).decode()
    return {
        "X-Zendesk-Webhook-Signature": signature,
        "X-Zendesk-Webhook-Signature-Timestamp": stamp,
    }


def jira(body: bytes, secret: bytes) -> dict[str, str]:
    return {"X-Hub-Signature": "sha256=" + hmac.digest(secret, body, "sha256").hex()}


def pagerduty(body: bytes, secret: bytes) -> dict[str, str]:
    """While PagerDuty changes its secret it signs with both."""
    macs = (hmac.digest(key, body, "sha256").hex() for key in (OTHER, secret))
    return {"X-PagerDuty-Signature": ",".join(f"v1={mac}" for mac in macs)}


def alertmanager(body: bytes, secret: bytes) -> dict[str, str]:
    token = TOKEN if secret == SECRET else secret.decode()
    return {"Authorization": f"Bearer {token}"}


def servicenow(body: bytes, secret: bytes) -> dict[str, str]:
    token = TOKENS["servicenow"] if secret == SECRET else secret.decode()
    return {"Authorization": f"Bearer {token}"}


PROVE: dict[str, Callable[[bytes, bytes], dict[str, str]]] = {
    "zendesk": zendesk,
    "jira": jira,
    "pagerduty": pagerduty,
    "alertmanager": alertmanager,
    "servicenow": servicenow,
}


@pytest.fixture
def door(log: MemoryLog) -> Iterator[Gateway]:
    """A gateway with a hook for every vendor."""
    hooks = [
        Hook(kind, source, () if kind in TOKENS else (SECRET,)) for kind, source in SOURCES.items()
    ]
    with gateway(log, tokens=TOKENS, hooks=hooks) as running:
        yield running


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_is_taken_as_its_vendor_sends_it(
    door: Gateway, log: MemoryLog, name: str
) -> None:
    kind = name.partition("-")[0]
    body = (FOLDER / f"{name}.json").read_bytes()
    answer = door.client.post(f"/v1/hooks/{kind}", content=body, headers=PROVE[kind](body, SECRET))
    assert answer.status_code == 202, answer.text
    assert answer.json()["accepted"] == len(log.records) > 0
    assert {event["source"] for event in log.events} == {kind}


@pytest.mark.parametrize("name", EXAMPLES)
def test_none_is_taken_that_another_key_proves_or_that_was_changed(
    door: Gateway, log: MemoryLog, name: str
) -> None:
    kind = name.partition("-")[0]
    body = (FOLDER / f"{name}.json").read_bytes()
    path = f"/v1/hooks/{kind}"
    forged = b"a-secret-that-was-made-up-here"
    answer = door.client.post(path, content=body, headers=PROVE[kind](body, forged))
    assert answer.status_code == 401
    if kind not in TOKENS:  # a token proves who sends, not what
        proof = PROVE[kind](body, SECRET)
        for changed in (body[:-1], body + b" ", body.replace(b"2026", b"2025", 1)):
            assert door.client.post(path, content=changed, headers=proof).status_code == 401
        proof = PROVE[kind](b"", SECRET)
        assert door.client.post(path, content=body, headers=proof).status_code == 401
    for other in PROVE.keys() - {kind}:
        answer = door.client.post(path, content=body, headers=PROVE[other](body, SECRET))
        assert answer.status_code == 401
    assert log.records == []


def test_a_vendors_token_is_for_its_hook_alone(door: Gateway) -> None:
    headers = {**BATCH, "Authorization": f"Bearer {TOKEN}"}
    assert door.client.post("/v1/events", content=b"[]", headers=headers).status_code == 401


def test_alertmanager_may_send_the_same_again(door: Gateway, log: MemoryLog) -> None:
    """It repeats what still fires; nothing in it is a proof that could be replayed."""
    body = (FOLDER / "alertmanager-firing.json").read_bytes()
    for _ in range(2):
        headers = alertmanager(body, SECRET)
        answer = door.client.post("/v1/hooks/alertmanager", content=body, headers=headers)
        assert answer.status_code == 202
    ids = [event["id"] for event in log.events]
    assert ids[:2] == ids[2:]
