"""`/metrics`, `/healthz` and `/readyz` over HTTP, on loopback unless told otherwise."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final

from sla_engine.errors import ConfigError

REQUESTS_MAX: Final = 8
"""Requests served at once; further connections are closed unanswered."""
REQUEST_S: Final = 5.0
"""Seconds that a client may take for its request."""
METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
TEXT_TYPE: Final = "text/plain; charset=utf-8"

Verdict = Callable[[], str | None]
"""None when all is well, else the reason in one line."""

_log = logging.getLogger(__name__)


class TelemetryServer:
    """Serves until `close`, in threads that do not keep the process alive.

    `healthy` says whether the process should be restarted, `ready` whether it does its work now;
    both are called in the server's threads and answer 200 or 503 with the reason.
    """

    def __init__(
        self,
        render: Callable[[], bytes],
        *,
        healthy: Verdict,
        ready: Verdict,
        port: int,
        bind: str = "127.0.0.1",
    ) -> None:
        self._routes: dict[str, Callable[[], tuple[HTTPStatus, str, bytes]]] = {
            "/metrics": lambda: (HTTPStatus.OK, METRICS_TYPE, render()),
            "/healthz": lambda: _verdict(healthy()),
            "/readyz": lambda: _verdict(ready()),
        }
        try:
            self._server = _Server((bind, port), self._routes)
        except OSError as error:
            raise ConfigError(
                f"telemetry: port {port} of {bind} cannot be opened: {error.strerror}; "
                "choose another telemetry.metrics_port, or 0 for none"
            ) from error
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="telemetry", daemon=True
        )

    @property
    def port(self) -> int:
        """The port that is open; the system chose it if 0 was asked for."""
        port: int = self._server.server_address[1]
        return port

    def start(self) -> TelemetryServer:
        """Begin to answer."""
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop answering and close the port."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def __enter__(self) -> TelemetryServer:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _verdict(reason: str | None) -> tuple[HTTPStatus, str, bytes]:
    if reason is None:
        return HTTPStatus.OK, TEXT_TYPE, b"ok\n"
    return HTTPStatus.SERVICE_UNAVAILABLE, TEXT_TYPE, f"{reason}\n".encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 16

    def __init__(
        self,
        address: tuple[str, int],
        routes: dict[str, Callable[[], tuple[HTTPStatus, str, bytes]]],
    ) -> None:
        self.routes = routes
        self._free = threading.BoundedSemaphore(REQUESTS_MAX)
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        _log.debug("a telemetry request broke off", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = REQUEST_S
    protocol_version = "HTTP/1.1"
    server_version = "sla-engine"
    sys_version = ""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        route = self.server.routes.get(path)
        if route is None:
            listed = " ".join(self.server.routes)
            self._answer(HTTPStatus.NOT_FOUND, TEXT_TYPE, f"try one of {listed}\n".encode())
            return
        try:
            status, content_type, body = route()
        except Exception:  # the question failed, which is an answer: not healthy, not ready
            _log.exception("a telemetry question cannot be answered", extra={"path": path})
            status, content_type = HTTPStatus.INTERNAL_SERVER_ERROR, TEXT_TYPE
            body = b"the engine cannot tell; its log says why\n"
        self._answer(status, content_type, body)

    do_HEAD = do_GET

    def _answer(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        _log.debug("telemetry request", extra={"request": format % args})
