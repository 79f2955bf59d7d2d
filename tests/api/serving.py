"""An API that listens on a loopback port, in this process, over a worker in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from sla_engine.api.app import build_app
from sla_engine.api.commands import Commands
from sla_engine.api.reads import Reads
from sla_engine.api.service import Api
from sla_engine.api.stream import Ends, Streams
from sla_engine.api.tokens import make_token
from sla_engine.ingest.intake import Intake
from sla_engine.ingest.server import listen, make_server
from sla_engine.limits import API_STREAM_MS
from sla_engine.telemetry import Metrics
from tests.follow.desk import PARTITIONS, Desk
from tests.gateway.serving import MemoryLog

MADE = "2026-11-23T08:00:00.000Z"


class MemoryKeeper:
    """`sla_engine.api.keeper.Keeper` in memory."""

    def __init__(self) -> None:
        self._tokens: dict[str, bytes] = {}
        self._first: dict[str, bytes] = {}
        self.trail: list[bytes] = []

    def tokens(self) -> dict[str, bytes]:
        return dict(self._tokens)

    def add_token(self, name: str, kept: bytes) -> bool:
        return self._tokens.setdefault(name, kept) is kept

    def drop_token(self, name: str) -> bool:
        return self._tokens.pop(name, None) is not None

    def first(self, key: str, value: bytes, kept_ms: int) -> bytes:
        return self._first.setdefault(key, value)

    def note(self, entry: bytes) -> None:
        self.trail.append(entry)

    def notes(self, before: str, limit: int) -> list[tuple[str, bytes]]:
        end = len(self.trail) if not before else int(before.partition("-")[0])
        some = range(max(0, end - limit), end)
        return [(f"{n}-0", self.trail[n]) for n in reversed(some)]


@dataclass
class Served:
    """A running API, and clients of it."""

    port: int
    api: Api
    desk: Desk
    log: MemoryLog
    keeper: MemoryKeeper
    metrics: Metrics
    clients: list[httpx.Client] = field(default_factory=list)

    def client(self, *scopes: str, tenants: list[str] | None = None) -> httpx.Client:
        """A client with a new token of these scopes."""
        name = f"t{len(self.keeper.tokens())}"
        token = make_token(self.keeper, name, scopes or ("read",), tenants, MADE)
        return self.bare({"Authorization": f"Bearer {token}"})

    def bare(self, headers: dict[str, str] | None = None) -> httpx.Client:
        """A client with these headers and no token."""
        client = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}", headers=headers, timeout=60, trust_env=False
        )
        self.clients.append(client)
        return client

    def follow(self, time: str | None = None) -> None:
        """What commands put on the log reaches the worker, and the model what that wrote."""
        records, self.log.records = self.log.records, []
        for record in records:
            self.desk.world.log.append(record)
        if time is not None:
            self.desk.at(time)
        self.desk.follow()


@contextmanager
def served(
    desk: Desk, *, not_ready: str | None = None, stream_ms: int = API_STREAM_MS
) -> Iterator[Served]:
    """An API over a desk."""
    metrics, keeper, log = Metrics(), MemoryKeeper(), MemoryLog()
    ends = Ends(desk.world.log, PARTITIONS).start()
    api = Api(
        Reads(desk.model),
        Commands(Intake(log, PARTITIONS, 1_000), keeper, ("sla-engine",)),
        keeper,
        Streams(ends, longest_ms=stream_ms),
        desk.world.log,
        desk.world.clock,
        metrics,
        lambda: not_ready or desk.model.behind or None,
    )
    sock = listen("127.0.0.1", 0)
    server = make_server(build_app(api, metrics.render))
    server.on_exit = ends.end
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
    thread.start()
    made = Served(sock.getsockname()[1], api, desk, log, keeper, metrics)
    try:
        yield made
    finally:
        for client in made.clients:
            client.close()
        server.should_exit = True
        thread.join(60)
        ends.stop()
        sock.close()


def names(answer: httpx.Response) -> list[str]:
    """The incidents of a page."""
    assert answer.status_code == 200, answer.text
    return [each["incident"] for each in answer.json()["incidents"]]


def refused(answer: httpx.Response, status: int, code: str) -> Any:
    """The problem document of a refusal (RFC 9457)."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    return problem
