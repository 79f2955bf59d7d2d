"""uvicorn, bounded: heads that do not end are cut off, and a stop waits for what is on its way."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, cast

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from sla_engine.errors import ConfigError
from sla_engine.limits import (
    GATEWAY_CONNECTIONS_MAX,
    GATEWAY_HEAD_BYTES_MAX,
    GATEWAY_HEAD_MS,
    GATEWAY_LINGER_MS,
    GATEWAY_STOP_MS,
)

_BACKLOG = 256
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def is_loopback(address: str) -> bool:
    """Is what listens there reached from this machine only?"""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def listen(address: str, port: int, section: str = "gateway") -> socket.socket:
    """A listening socket; ConfigError, naming the settings' section, if it cannot be had."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # The protocol is named because asyncio sets TCP_NODELAY only where it is: without that a small
    # answer waits 40 ms for the acknowledgement of its head.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        sock.listen(_BACKLOG)
        return sock
    except OSError as error:
        sock.close()
        raise ConfigError(
            f"{section}: port {port} of {address} cannot be opened: {error.strerror}; choose "
            f"another {section}.port or {section}.bind"
        ) from error


class BoundedProtocol(H11Protocol):
    """Closes a connection whose next request's head is not complete in time.

    uvicorn bounds idle connections, but a byte every few seconds is not idle. And it closes at once
    after a refusal in the middle of a body, at which the system resets the connection and the
    sender never sees the refusal: so what it still sends is thrown away for a moment.
    """

    head_ms: int = GATEWAY_HEAD_MS
    _deadline: asyncio.TimerHandle | None = None
    _refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A first request is awaited."""
        super().connection_made(cast(asyncio.Transport, _Closing(transport, self)))
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Some bytes: of a head, a body, or the beginning of another request."""
        if self._refused:
            return
        super().data_received(data)
        self._watch()

    def lingers(self, transport: asyncio.Transport) -> bool:
        """Whether the connection is only closed later, because a body has not been read."""
        if self._refused or self.conn.their_state is not h11.SEND_BODY:
            return False
        self._refused = True
        transport.resume_reading()
        transport.write_eof()
        self.loop.call_later(GATEWAY_LINGER_MS / 1000, transport.close)
        return True

    def on_response_complete(self) -> None:
        """The next request is awaited."""
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        super().connection_lost(exc)
        self._forget()

    def _watch(self) -> None:
        """Begin to wait for a head, or stop waiting because there is one."""
        waiting = self.cycle is None or self.cycle.response_complete
        if not waiting or self.transport.is_closing():
            self._forget()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.head_ms / 1000, self.transport.close)

    def _forget(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class _Closing:
    """A transport whose first `close` may wait."""

    def __init__(self, transport: asyncio.Transport, protocol: BoundedProtocol) -> None:
        self._transport = transport
        self._protocol = protocol

    def close(self) -> None:
        if not self._protocol.lingers(self._transport):
            self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Server(uvicorn.Server):
    """Stops at SIGINT or SIGTERM and returns, so that the caller can close what it opened.

    At SIGHUP `on_hangup` is called, between two steps of the event loop's own thread; `on_exit`
    when it is told to stop, so that answers without an end can come to theirs.
    """

    on_hangup: Callable[[], None] | None = None
    on_exit: Callable[[], None] | None = None

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, which waits for the answers that are on their way."""
        if self.on_exit is not None:
            self.on_exit()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, but a signal that was obeyed is not raised again."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in _SIGNALS}
        before[signal.SIGHUP] = signal.signal(signal.SIGHUP, self._hang_up)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _hang_up(self, number: int, frame: FrameType | None) -> None:
        if self.on_hangup is not None:
            self.on_hangup()


def make_server(app: FastAPI, protocol: type[BoundedProtocol] = BoundedProtocol) -> Server:
    """The server of an application; `run(sockets=[...])` serves until it is told to stop."""
    options: dict[str, Any] = {
        "http": protocol,
        "ws": "none",
        "lifespan": "off",
        "log_config": None,
        "access_log": False,
        "proxy_headers": False,
        "server_header": False,
        "limit_concurrency": GATEWAY_CONNECTIONS_MAX,
        "timeout_graceful_shutdown": GATEWAY_STOP_MS // 1000,
        "h11_max_incomplete_event_size": GATEWAY_HEAD_BYTES_MAX,
    }
    return Server(uvicorn.Config(app, **options))
