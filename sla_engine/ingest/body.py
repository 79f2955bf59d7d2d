"""The body of a request, read within its bounds: size, time, and how many at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Protocol

from sla_engine.ingest.problem import Refusal, busy
from sla_engine.limits import GATEWAY_BODY_MS, GATEWAY_REQUESTS_MAX


class Incoming(Protocol):
    """A request whose body has not been read (starlette's has this form)."""

    @property
    def headers(self) -> Mapping[str, str]: ...

    def stream(self) -> AsyncIterator[bytes]: ...


class Readers:
    """Places for bodies that are read at once; memory is at most places times the largest body."""

    def __init__(
        self, places: int = GATEWAY_REQUESTS_MAX, within_ms: int = GATEWAY_BODY_MS
    ) -> None:
        self._free = places
        self._within_ms = within_ms

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place while the body is read; Refusal 503 when all are taken."""
        if self._free == 0:
            raise busy("too many requests are read at once; send it again", close=True)
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1

    async def read(self, request: Incoming, bytes_max: int) -> bytes:
        """The whole body. Refusal: 413 as soon as it is too long, 408 if it comes too slowly,
        415 if it is compressed, 503 when too many are read."""
        _check_head(request.headers, bytes_max)
        body = bytearray()
        async with self.place():
            try:
                async with asyncio.timeout(self._within_ms / 1000):
                    async for chunk in request.stream():
                        body += chunk
                        if len(body) > bytes_max:
                            raise _too_large(bytes_max)
            except TimeoutError:
                raise Refusal(
                    HTTPStatus.REQUEST_TIMEOUT,
                    "TOO_SLOW",
                    f"the body was not complete after {self._within_ms / 1000:g} s; send it faster",
                    close=True,
                ) from None
        return bytes(body)


def _check_head(headers: Mapping[str, str], bytes_max: int) -> None:
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise Refusal(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "ENCODED",
            "content-encoding: compressed bodies are not read; send it as it is",
            close=True,
        )
    declared = headers.get("content-length", "")
    # Only to answer early: what counts is what comes.
    if declared.isascii() and declared.isdigit() and int(declared[:19]) > bytes_max:
        raise _too_large(bytes_max)


def _too_large(bytes_max: int) -> Refusal:
    return Refusal(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "TOO_LARGE",
        f"the body is over {bytes_max} bytes; send less, or in several requests",
        close=True,
    )
