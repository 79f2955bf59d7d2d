"""Proofs that a vendor sent a request, verified over its bytes as they came, before any parsing.

Every secret is tried and every comparison takes the same time, whatever matches.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence
from enum import Enum

from sla_engine.event.times import BAD_TIME, parse_time_text
from sla_engine.limits import HOOK_WINDOW_MS

Header = tuple[str, str]

Written = Callable[[bytes], bytes]

_CANDIDATES_MAX = 8
"""Signatures in one header: a vendor that changes its secret sends two."""


class Scheme(Enum):
    """How a vendor proves a request."""

    ZENDESK = "zendesk"
    HUB = "hub"
    PAGERDUTY = "pagerduty"
    BEARER = "bearer"


def proof_of(
    scheme: Scheme, secrets: Sequence[bytes], headers: Sequence[Header], body: bytes, now_ms: int
) -> bytes | None:
    """A digest of what was signed, by which a request that comes again is known; None: not proven.

    A missing header, or one that came twice, proves nothing. BEARER is no signature: None.
    """
    if scheme is Scheme.ZENDESK:
        return _zendesk(secrets, headers, body, now_ms)
    if scheme is Scheme.HUB:
        given = single(headers, "x-hub-signature")
        candidates = [given[7:]] if given is not None and given.startswith("sha256=") else []
        return _hex_proof(secrets, candidates, body)
    if scheme is Scheme.PAGERDUTY:
        given = single(headers, "x-pagerduty-signature")
        parts = [] if given is None else given.split(",", _CANDIDATES_MAX)[:_CANDIDATES_MAX]
        candidates = [part.strip()[3:] for part in parts if part.strip().startswith("v1=")]
        return _hex_proof(secrets, candidates, body)
    return None


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


def _hex_proof(secrets: Sequence[bytes], candidates: Iterable[str], body: bytes) -> bytes | None:
    """HMAC-SHA256 of the body in hex.

    Sources: WebSub section 7 (X-Hub-Signature); PagerDuty, "Verifying signatures" (v1=).
    """
    return _proof(secrets, candidates, body, lambda mac: mac.hex().encode())


def _proof(
    secrets: Sequence[bytes], candidates: Iterable[str], signed: bytes, written: Written
) -> bytes | None:
    given = [candidate.encode("latin-1") for candidate in candidates]
    found = False
    for secret in secrets:
        expected = written(hmac.digest(secret, signed, "sha256"))
        for candidate in given:
            found |= hmac.compare_digest(expected, candidate)
    return hashlib.sha256(signed).digest() if found else None


def single(headers: Sequence[Header], name: str) -> str | None:
    """The value of a header that came once; None if it did not come, or more often."""
    values = [value for header, value in headers if header == name]
    return values[0] if len(values) == 1 else None
