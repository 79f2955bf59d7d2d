"""A message: what one destination is told at once, and the HTTP request that says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """One alert, or the alerts of a group. `id` is the same on every attempt.

    `first` holds alerts that were sent before and that these are about, by id, as they were sent
    first; `valid` says that other alerts of the same clock that this destination got are still
    valid; `over` that the alert has ended and its end was told before (a dead letter that was put
    back). `list_at` is where the complete list of a large group lies.
    """

    id: str
    alerts: Sequence[Mapping[str, Any]]
    labels: Mapping[str, str] = field(default_factory=dict)
    grouped: bool = False
    first: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    valid: bool = False
    over: bool = False
    list_at: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


class Verdict(Enum):
    """What came of an attempt."""

    SENT = "sent"
    AGAIN = "again"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`after_ms`: the receiver asks not to be asked again for so long; 0: it does not say."""

    verdict: Verdict
    why: str = ""
    after_ms: int = 0


SENT = Outcome(Verdict.SENT)


def outcome_of(status: int, after_ms: int = 0) -> Outcome:
    """What an HTTP status means for a message.

    Only 2xx is taken (Standard Webhooks, "Delivering webhooks"); a redirect is not followed.
    What another attempt cannot change is a dead letter at once: the request itself is refused, or
    the receiver is gone for good (410). A wrong address or password is mended by people: again.
    """
    if 200 <= status < 300:
        return SENT
    if 400 <= status < 500 and status not in (401, 403, 404, 408, 409, 423, 425, 429):
        return Outcome(Verdict.DEAD, f"HTTP {status}")
    return Outcome(Verdict.AGAIN, f"HTTP {status}", after_ms)
