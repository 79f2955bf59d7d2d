"""An HTTP receiver on a loopback port that answers as the test says, and keeps what came."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson

PATIENCE_S = 120


@dataclass(frozen=True)
class Got:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Answer:
    """What is answered; `hang` waits until the receiver closes."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    hang: bool = False


class Receiver:
    """`answer(got)` says what is answered; `got` is everything that came, in order."""

    def __init__(self, answer: Callable[[Got], Answer] | None = None) -> None:
        self.answer = answer or (lambda _: Answer())
        self.got: list[Got] = []
        self.changed = threading.Condition()
        self.released = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                headers = {name.lower(): value for name, value in self.headers.items()}
                got = Got(self.command, self.path, headers, self.rfile.read(length))
                answer = receiver.answer(got)
                with receiver.changed:
                    receiver.got.append(got)
                    receiver.changed.notify_all()
                if answer.hang:
                    receiver.released.wait(PATIENCE_S)
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            do_GET = do_POST = do_PUT = do_PATCH = handle_any

            def log_message(self, *_: Any) -> None:
                """Nothing on stderr."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def ids(self) -> list[str]:
        """The webhook ids that came."""
        with self.changed:
            return [one.id for one in self.got]

    def wait_for(self, count: int) -> list[Got]:
        """Return when so many requests have come."""
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.got) >= count, PATIENCE_S):
                raise AssertionError(f"{len(self.got)} of {count} requests came")
            return list(self.got)

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, *_: Any) -> None:
        """A sender that went away is no error here."""


@contextmanager
def receiver(answer: Callable[[Got], Answer] | None = None) -> Iterator[Receiver]:
    """A receiver that is closed at the end."""
    made = Receiver(answer)
    try:
        yield made
    finally:
        made.close()
