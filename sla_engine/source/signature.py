"""Proofs that a vendor sent a request, verified over its bytes as they came, before any parsing.

Every secret is tried and every comparison takes the same time, whatever matches.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import Final

from sla_engine.event.times import BAD_TIME, parse_time_text
from sla_engine.limits import HOOK_WINDOW_MS, SECOND_MS

Header = tuple[str, str]

Written = Callable[[bytes], bytes]

STANDARD_PREFIX: Final = b"whsec_"
#: Least and most bytes of a Standard Webhooks key, by its specification.
STANDARD_KEY_BYTES: Final = (24, 64)
_SECONDS_DIGITS_MAX = 12
_CANDIDATES_MAX = 8
"""Signatures in one header: a vendor that changes its secret sends two."""


class Scheme(Enum):
    """How a vendor proves a request; mapping files name it in `proof`."""

    BEARER = "bearer"
    STANDARD = "standard-webhooks"
    HUB = "hub"
    HUB_SHA1 = "hub-sha1"
    ZENDESK = "zendesk"
    PAGERDUTY = "pagerduty"
    CHATWOOT = "chatwoot"


def proof_of(
    scheme: Scheme, secrets: Sequence[bytes], headers: Sequence[Header], body: bytes, now_ms: int
) -> bytes | None:
    """A digest of what was signed, by which a request that comes again is known; None: not proven.

    A missing header, or one that came twice, proves nothing. BEARER is no signature: None.
    """
    match scheme:
        case Scheme.ZENDESK:
            return _zendesk(secrets, headers, body, now_ms)
        case Scheme.STANDARD:
            return _standard(secrets, headers, body, now_ms)
        case Scheme.CHATWOOT:
            return _chatwoot(secrets, headers, body, now_ms)
        case Scheme.HUB | Scheme.HUB_SHA1:
            digest = "sha256" if scheme is Scheme.HUB else "sha1"
            candidates = _after(single(headers, "x-hub-signature"), f"{digest}=")
            return _hex_proof(secrets, candidates, body, digest)
        case Scheme.PAGERDUTY:
            given = single(headers, "x-pagerduty-signature")
            parts = [] if given is None else given.split(",", _CANDIDATES_MAX)[:_CANDIDATES_MAX]
            candidates = [one for part in parts for one in _after(part.strip(), "v1=")]
            return _hex_proof(secrets, candidates, body)
        case Scheme.BEARER:
            return None


def _after(given: str | None, prefix: str) -> list[str]:
    return [given[len(prefix) :]] if given is not None and given.startswith(prefix) else []


def _zendesk(
    secrets: Sequence[bytes], headers: Sequence[Header], body: bytes, now_ms: int
) -> bytes | None:
    """base64(HMAC-SHA256(secret, timestamp + body)), the timestamp close to now on either side.

    Source: developer.zendesk.com/documentation/webhooks/verifying.
    """
    stamp = single(headers, "x-zendesk-webhook-signature-timestamp")
    given = single(headers, "x-zendesk-webhook-signature")
    if stamp is None or given is None or len(stamp) > 64:
        return None
    signed = stamp.encode("latin-1") + body
    proof = _proof(secrets, [given], signed, base64.b64encode)
    sent_ms = parse_time_text(stamp) if stamp.isascii() else BAD_TIME
    fresh = sent_ms != BAD_TIME and abs(now_ms - sent_ms) <= HOOK_WINDOW_MS
    return proof if fresh else None


def _standard(
    secrets: Sequence[bytes], headers: Sequence[Header], body: bytes, now_ms: int
) -> bytes | None:
    """Any of the signatures `v1,` is base64(HMAC-SHA256(key, id.timestamp.body)), and fresh.

    Source: the Standard Webhooks specification, sections "Signature scheme" and "Verifying". The
    id is the same whenever the webhook is sent again, so it is what a repetition is known by.
    """
    identity, stamp = single(headers, "webhook-id"), single(headers, "webhook-timestamp")
    given = single(headers, "webhook-signature")
    if identity is None or stamp is None or given is None:
        return None
    parts = given.split(" ", _CANDIDATES_MAX)[:_CANDIDATES_MAX]
    candidates = [one for part in parts for one in _after(part, "v1,")]
    keys = [key for secret in secrets if (key := standard_key(secret)) is not None]
    signed = b".".join((identity.encode("latin-1"), stamp.encode("latin-1"), body))
    proof = _proof(keys, candidates, signed, base64.b64encode)
    if proof is None or not _is_fresh(stamp, now_ms):
        return None
    return hashlib.sha256(b"webhook-id." + identity.encode("latin-1")).digest()


def standard_key(secret: bytes) -> bytes | None:
    """The key in a secret `whsec_BASE64`; None if it is none of 24 to 64 bytes."""
    if not secret.startswith(STANDARD_PREFIX):
        return None
    try:
        key = base64.b64decode(secret.removeprefix(STANDARD_PREFIX), validate=True)
    except ValueError:
        return None
    return key if STANDARD_KEY_BYTES[0] <= len(key) <= STANDARD_KEY_BYTES[1] else None


def _chatwoot(
    secrets: Sequence[bytes], headers: Sequence[Header], body: bytes, now_ms: int
) -> bytes | None:
    """HMAC-SHA256 of timestamp.body in hex. Source: Chatwoot's API reference, webhook.secret."""
    stamp = single(headers, "x-chatwoot-timestamp")
    candidates = _after(single(headers, "x-chatwoot-signature"), "sha256=")
    if stamp is None:
        return None
    signed = stamp.encode("latin-1") + b"." + body
    proof = _hex_proof(secrets, candidates, signed)
    return proof if _is_fresh(stamp, now_ms) else None


def _is_fresh(stamp: str, now_ms: int) -> bool:
    """Whether seconds since 1970 are close to now, on either side."""
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= _SECONDS_DIGITS_MAX):
        return False
    return abs(now_ms - int(stamp) * SECOND_MS) <= HOOK_WINDOW_MS


def _hex_proof(
    secrets: Sequence[bytes], candidates: Iterable[str], signed: bytes, digest: str = "sha256"
) -> bytes | None:
    """HMAC in hex.

    Sources: WebSub section 7 (X-Hub-Signature); PagerDuty, "Verifying signatures" (v1=).
    """
    return _proof(secrets, candidates, signed, lambda mac: mac.hex().encode(), digest)


def _proof(
    secrets: Sequence[bytes],
    candidates: Iterable[str],
    signed: bytes,
    written: Written,
    digest: str = "sha256",
) -> bytes | None:
    given = [candidate.encode("latin-1") for candidate in candidates]
    found = False
    for secret in secrets:
        expected = written(hmac.digest(secret, signed, digest))
        for candidate in given:
            found |= hmac.compare_digest(expected, candidate)
    return hashlib.sha256(signed).digest() if found else None


def single(headers: Sequence[Header], name: str) -> str | None:
    """The value of a header that came once; None if it did not come, or more often."""
    values = [value for header, value in headers if header == name]
    return values[0] if len(values) == 1 else None
