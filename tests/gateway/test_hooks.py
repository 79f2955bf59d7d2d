"""`POST /v1/hooks/NAME`: nothing but what a vendor signed is taken, and that once."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import pytest

from sla_engine.cli.sources import source_named
from sla_engine.errors import ConfigError
from sla_engine.event.times import format_time
from sla_engine.ingest.door import DoorSettings
from sla_engine.ingest.hooks import Hook, Hooks, Proofs
from sla_engine.ingest.tokens import Tokens, hash_of
from sla_engine.limits import HOOK_BYTES_MAX, HOOK_WINDOW_MS
from sla_engine.source.kinds import SOURCES
from tests.gateway.serving import NOW_MS, Gateway, MemoryLog, gateway
from tests.source.examples import FOLDER

OLD, NEW = b"the-secret-that-was-there-first", b"the-secret-that-comes-after-it"
BODY = (FOLDER / "zendesk-status-changed.json").read_bytes()
PATH = "/v1/hooks/zendesk"


def signed(body: bytes = BODY, secret: bytes = OLD, at_ms: int = NOW_MS) -> dict[str, str]:
    """The headers with which Zendesk sends a body."""
    stamp = format_time(at_ms)
    mac = hmac.digest(secret, stamp.encode() + body, "sha256")
    return {
        "Content-Type": "application/json",
        "X-Zendesk-Webhook-Signature": base64.b64encode(mac).decode(),
        "X-Zendesk-Webhook-Signature-Timestamp": stamp,
    }


@pytest.fixture
def door(log: MemoryLog) -> Iterator[Gateway]:
    """A gateway with a hook of Zendesk's, whose secret is just being changed."""
    hook = Hook("zendesk", SOURCES["zendesk"], (OLD, NEW))
    settings = DoorSettings(tenants={"zendesk": "acme"})
    with gateway(log, settings, hooks=[hook]) as running:
        yield running


def post(
    door: Gateway, body: bytes = BODY, headers: Any = None, path: str = PATH
) -> httpx.Response:
    return door.client.post(
        path, content=body, headers=signed(body) if headers is None else headers
    )


def test_a_signed_payload_is_on_the_log_as_the_event_it_means(
    door: Gateway, log: MemoryLog
) -> None:
    answer = post(door)
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1})
    (event,) = log.events
    assert (event["type"], event["subject"], event["tenant"], event["source"]) == (
        *("incident.updated", "35436", "acme", "zendesk"),
    )
    assert log.records[0].key == b"35436"


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_both_secrets_count_while_one_is_changed_for_the_other(
    door: Gateway, secret: bytes
) -> None:
    assert post(door, headers=signed(secret=secret)).status_code == 202


def test_no_changed_byte_of_body_or_headers_is_taken(door: Gateway, log: MemoryLog) -> None:
    refused = 0
    expected = post(door, headers={}).content
    for i in range(0, len(BODY), 7):
        body = BODY[:i] + bytes([BODY[i] ^ 1]) + BODY[i + 1 :]
        answer = post(door, body, signed(BODY))
        assert (answer.status_code, answer.content) == (401, expected)
        refused += 1
    for name in ("X-Zendesk-Webhook-Signature", "X-Zendesk-Webhook-Signature-Timestamp"):
        good = signed()
        for i, character in enumerate(good[name]):
            other = "1" if character != "1" else "2"
            answer = post(door, headers=good | {name: good[name][:i] + other + good[name][i + 1 :]})
            assert (answer.status_code, answer.content) == (401, expected)
            refused += 1
    assert refused > 150
    assert log.records == []


def without(name: str) -> dict[str, str]:
    return {header: value for header, value in signed().items() if header != name}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        without("X-Zendesk-Webhook-Signature"),
        without("X-Zendesk-Webhook-Signature-Timestamp"),
        signed(secret=b"a secret that nobody was given"),
        signed(secret=b""),
        signed(BODY + b" "),
        signed(at_ms=NOW_MS - HOOK_WINDOW_MS - 1),
        signed(at_ms=NOW_MS + HOOK_WINDOW_MS + 1),
        [*signed().items(), ("X-Zendesk-Webhook-Signature", "x")],
        [*signed().items(), *signed().items()],
        {**signed(), "X-Zendesk-Webhook-Signature": ""},
        {**signed(), "X-Zendesk-Webhook-Signature-Timestamp": "1795428000"},
        {"X-PagerDuty-Signature": "v1=" + hmac.digest(OLD, BODY, "sha256").hex()},
    ],
)
def test_forged_stale_and_incomplete_proofs_get_one_answer(
    door: Gateway, log: MemoryLog, headers: Any
) -> None:
    expected = door.client.post("/v1/events", content=b"")
    answer = post(door, headers=headers)
    assert (answer.status_code, answer.content) == (401, expected.content)
    assert log.records == []


@pytest.mark.parametrize("path", ["/v1/hooks/jira", "/v1/hooks/Zendesk", "/v1/hooks/desk"])
def test_a_hook_that_is_not_there_answers_like_one_that_is(door: Gateway, path: str) -> None:
    assert post(door, path=path).content == post(door, headers={}).content


@pytest.mark.parametrize("at_ms", [NOW_MS - HOOK_WINDOW_MS, NOW_MS + HOOK_WINDOW_MS])
def test_the_window_is_open_up_to_its_ends(door: Gateway, at_ms: int) -> None:
    assert post(door, headers=signed(at_ms=at_ms)).status_code == 202


def test_nothing_is_parsed_before_it_is_proven(door: Gateway) -> None:
    assert post(door, b"\xff{", signed()).status_code == 401
    answer = post(door, b"\xff{")
    assert (answer.status_code, answer.json()["code"]) == (400, "NOT_JSON")


def test_the_same_request_does_nothing_a_second_time(door: Gateway, log: MemoryLog) -> None:
    headers = signed()
    assert post(door, headers=headers).status_code == 202
    for _ in range(3):
        again = post(door, headers=headers)
        assert (again.status_code, again.json()) == (200, {"accepted": 0, "replayed": True})
    assert len(log.records) == 1
    assert 'sla_gateway_replays_total{source="zendesk"} 3.0' in door.client.get("/metrics").text


def test_what_was_not_taken_may_come_again(door: Gateway, log: MemoryLog) -> None:
    headers = signed()
    log.error = "no space"
    assert post(door, headers=headers).status_code == 503
    log.error = ""
    assert post(door, headers=headers).status_code == 202


def test_what_became_no_event_is_told(door: Gateway, log: MemoryLog) -> None:
    value = orjson.loads(BODY) | {"type": "zen:event-type:ticket.followers_changed"}
    answer = post(door, orjson.dumps(value))
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 0
    assert "ticket.followers_changed" in answer.json()["ignored"][0]
    assert log.records == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "NOT_JSON"),
        (b"[]", 400, "BAD_VALUE"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, 400, "TOO_DEEP"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, 400, "NOT_JSON"),
        (b'{"a":"' + b"x" * 140_000 + b'"}', 400, "TOO_LONG"),
        (orjson.dumps({str(i): i for i in range(10_001)}), 400, "TOO_LARGE"),
        (b'{"a":[' * 16 + b"1" + b"]}" * 16, 400, "BAD_VALUE"),
        (b"{" + b" " * HOOK_BYTES_MAX + b"}", 413, "TOO_LARGE"),
    ],
)
def test_payloads_out_of_bounds_are_named_refusals(
    door: Gateway, body: bytes, status: int, code: str
) -> None:
    answer = post(door, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_an_event_that_the_workers_would_refuse_is_kept_as_a_dead_letter(
    door: Gateway, log: MemoryLog
) -> None:
    """Also one whose time the vendor has wrong: refused it would be lost, and the hook given up."""
    value = orjson.loads(BODY) | {"time": "2026-11-23T11:30:00Z"}
    answer = post(door, orjson.dumps(value))
    assert (answer.status_code, answer.json()["accepted"]) == (202, 0)
    assert answer.json()["dead"][0].startswith("TIME_IN_FUTURE time: ")
    (letter,) = log.records
    assert (letter.topic, letter.key) == ("dead", b"35436")
    headers = dict(letter.headers)
    assert (headers["dl-code"], headers["dl-topic"]) == (b"TIME_IN_FUTURE", b"hooks/zendesk")
    assert orjson.loads(letter.value or b"")["time"] == "2026-11-23T11:30:00.000Z"


def test_a_dead_letter_that_the_log_does_not_take_is_no_202(door: Gateway, log: MemoryLog) -> None:
    log.error = "no space"
    value = orjson.loads(BODY) | {"time": "2026-11-23T11:30:00Z"}
    assert post(door, orjson.dumps(value)).status_code == 503


def test_what_is_remembered_is_bounded_in_number_and_time() -> None:
    proofs = Proofs(most=3, kept_ms=1_000)
    for i in range(5):
        proof = bytes([i])
        assert proofs.begin(proof, i)
        proofs.end(proof, i, taken=True)
    assert len(proofs) == 3
    assert not proofs.begin(bytes([4]), 999)
    assert proofs.begin(bytes([4]), 1_004)
    assert len(proofs) == 0


@pytest.mark.parametrize(
    ("hook", "tokens", "said"),
    [
        (Hook("z", SOURCES["zendesk"], ()), {}, "z: has 0 secrets"),
        (Hook("z", SOURCES["zendesk"], (OLD, NEW, OLD)), {}, "z: has 3 secrets"),
        (Hook("z", SOURCES["zendesk"], (b"short",)), {}, "z: a secret is under 16 bytes"),
        (Hook("z", SOURCES["zendesk"], (OLD,)), {"z": "t"}, "gateway.tokens has that name too"),
        (Hook("z", source_named("standard-webhooks"), (OLD,)), {}, "none of Standard Webhooks"),
    ],
)
def test_a_hook_that_could_not_be_proven_is_refused_at_the_start(
    hook: Hook, tokens: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        Hooks([hook], Tokens((name, hash_of(token)) for name, token in tokens.items()))
    assert OLD.decode() not in repr(hook)
