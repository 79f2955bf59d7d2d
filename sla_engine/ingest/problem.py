"""Why a request is not taken: an error here, a problem document (RFC 9457) for the sender."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any, ClassVar, Final

import orjson

from sla_engine.errors import SlaError

PROBLEM_TYPE: Final = "application/problem+json"

_FIELD = re.compile(r"([a-z_-]+(?:\.[^\s:]+|\[\d+\])*): ")


class Refusal(SlaError):
    """A request that is answered with `status`; nothing of it is on the log.

    `message` reads `field: what is wrong; how to mend it`. `index` is the place of the bad event
    in a batch, from 0. `retry_after_s`: the same request may be sent again after so many seconds.
    `close`: the rest of the request is not read.
    """

    default_code: ClassVar[str] = "REFUSED"

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        message: str,
        *,
        index: int | None = None,
        retry_after_s: int | None = None,
        close: bool = False,
    ) -> None:
        super().__init__(message, code=code)
        self.status = status
        self.index = index
        self.retry_after_s = retry_after_s
        self.close = close

    @property
    def field(self) -> str | None:
        """The member or header that the message begins with."""
        found = _FIELD.match(self.message)
        return None if found is None else found[1]

    def document(self) -> bytes:
        """The problem document; `code`, `field` and `index` are extension members."""
        members: dict[str, Any] = {
            "type": "about:blank",
            "title": self.status.phrase,
            "status": int(self.status),
            "detail": self.message,
            "code": self.code,
        }
        if self.field is not None:
            members["field"] = self.field
        if self.index is not None:
            members["index"] = self.index
        return orjson.dumps(members)

    def headers(self) -> dict[str, str]:
        """What the answer carries beside the document."""
        headers: dict[str, str] = {}
        if self.retry_after_s is not None:
            headers["Retry-After"] = str(self.retry_after_s)
        if self.status is HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = "Bearer"
        if self.close:
            headers["Connection"] = "close"
        return headers


def not_proven() -> Refusal:
    """The one answer to every failed proof: it must not say which part of it was wrong."""
    return Refusal(
        HTTPStatus.UNAUTHORIZED,
        "NOT_PROVEN",
        "the request does not prove who sent it; send a bearer token that gateway.tokens lists, or "
        "a fresh signature made with a secret of the hook",
        close=True,
    )


def busy(message: str, *, close: bool = False) -> Refusal:
    """Nothing is wrong with the request; it may come again."""
    return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "BUSY", message, retry_after_s=1, close=close)
