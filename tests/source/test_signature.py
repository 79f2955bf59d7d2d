"""Proofs: Standard Webhooks by its own vector and library; Zammad's and Chatwoot's signatures."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from sla_engine.limits import HOOK_WINDOW_MS, SECOND_MS
from sla_engine.source.signature import Scheme, proof_of, standard_key

#: The vector that the specification's libraries share.
VECTOR_SECRET = b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VECTOR_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
VECTOR_S = 1_614_265_330
VECTOR_BODY = b'{"test": 2432232314}'
VECTOR_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

NOW_S = 1_795_428_000
OLD, NEW = (b"whsec_" + base64.b64encode(bytes([n]) * 32) for n in (1, 2))
BODY = b'{"type":"incident.updated"}'


def signed(secret: bytes = OLD, at_s: int = NOW_S, identity: str = "msg_1") -> dict[str, str]:
    """As the library of another author signs."""
    at = datetime.fromtimestamp(at_s, UTC)
    signature = Webhook(secret.decode()).sign(identity, at, BODY.decode())
    return {
        "webhook-id": identity,
        "webhook-timestamp": str(at_s),
        "webhook-signature": signature,
    }


def proven(headers: Any, body: bytes = BODY, now_s: float = NOW_S) -> bytes | None:
    given = list(headers.items()) if isinstance(headers, dict) else headers
    return proof_of(Scheme.STANDARD, (OLD, NEW), given, body, int(now_s * SECOND_MS))


def test_the_specifications_own_vector() -> None:
    headers = [
        ("webhook-id", VECTOR_ID),
        ("webhook-timestamp", str(VECTOR_S)),
        ("webhook-signature", VECTOR_SIGNATURE),
    ]
    now_ms = VECTOR_S * SECOND_MS
    assert proof_of(Scheme.STANDARD, (VECTOR_SECRET,), headers, VECTOR_BODY, now_ms)
    assert not proof_of(Scheme.STANDARD, (VECTOR_SECRET,), headers, VECTOR_BODY + b" ", now_ms)


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_what_the_library_signs_is_proven_with_either_secret(secret: bytes) -> None:
    assert proven(signed(secret))


def test_any_of_several_signatures_counts_and_other_versions_do_not() -> None:
    headers = signed()
    good = headers["webhook-signature"]
    assert proven(headers | {"webhook-signature": f"v1a,AAAA v1,AAAA {good}"})
    assert not proven(headers | {"webhook-signature": good.replace("v1,", "v1a,")})
    assert not proven(headers | {"webhook-signature": good.replace("v1,", "v2,")})


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_no_changed_byte_of_a_header_is_taken_and_none_may_be_missing(name: str) -> None:
    headers = signed()
    value = headers[name]
    for i, character in enumerate(value):
        other = "1" if character != "1" else "2"
        assert not proven(headers | {name: value[:i] + other + value[i + 1 :]})
    assert not proven([one for one in headers.items() if one[0] != name])
    assert not proven([*headers.items(), (name, value)])


def test_no_changed_byte_of_the_body_is_taken() -> None:
    for i in range(len(BODY)):
        assert not proven(signed(), BODY[:i] + bytes([BODY[i] ^ 1]) + BODY[i + 1 :])


@pytest.mark.parametrize("side", [-1, 1])
def test_the_window_is_the_same_on_both_sides(side: int) -> None:
    window_s = HOOK_WINDOW_MS // SECOND_MS
    assert proven(signed(), now_s=NOW_S + side * window_s)
    assert not proven(signed(), now_s=NOW_S + side * (window_s + 1))


@pytest.mark.parametrize("stamp", ["", "x", "1e9", "-1", "1795428000.0", "\u0661", "9" * 40])
def test_a_stamp_is_whole_seconds(stamp: str) -> None:
    key = standard_key(OLD)
    assert key is not None
    said = f"m.{stamp}.".encode("latin-1", "replace") + BODY
    signature = "v1," + base64.b64encode(hmac.digest(key, said, "sha256")).decode()
    headers = {"webhook-id": "m", "webhook-timestamp": stamp, "webhook-signature": signature}
    if stamp.isascii():
        assert not proven(headers)


def test_a_webhook_that_is_sent_again_later_is_known_by_its_id() -> None:
    first, later = proven(signed()), proven(signed(at_s=NOW_S + 60), now_s=NOW_S + 60)
    assert first == later != proven(signed(identity="msg_2"))


@pytest.mark.parametrize(
    ("secret", "fits"),
    [
        (OLD, True),
        (b"whsec_" + base64.b64encode(bytes(23)), False),
        (b"whsec_" + base64.b64encode(bytes(65)), False),
        (b"whsec_not base64", False),
        (base64.b64encode(bytes(32)), False),
    ],
)
def test_which_secrets_are_standard_ones(secret: bytes, fits: bool) -> None:
    assert (standard_key(secret) is not None) is fits


def test_zammads_signature() -> None:
    secret = b"a token of sixteen and more"
    mac = hmac.new(secret, BODY, hashlib.sha1).hexdigest()

    def found(value: str) -> bytes | None:
        return proof_of(Scheme.HUB_SHA1, (secret,), [("x-hub-signature", value)], BODY, 0)

    assert found(f"sha1={mac}")
    assert not found(f"sha256={mac}")
    assert not found(f"sha1={'0' * 40}")


def test_chatwoots_signature_is_of_its_time() -> None:
    secret = b"a secret of sixteen and more"
    mac = hmac.digest(secret, f"{NOW_S}.".encode() + BODY, "sha256").hex()

    def found(stamp: str, now_s: int = NOW_S) -> bytes | None:
        headers = [("x-chatwoot-signature", f"sha256={mac}"), ("x-chatwoot-timestamp", stamp)]
        return proof_of(Scheme.CHATWOOT, (secret,), headers, BODY, now_s * SECOND_MS)

    assert found(str(NOW_S))
    assert not found(str(NOW_S + 1))
    assert not found(str(NOW_S), NOW_S + 301)
