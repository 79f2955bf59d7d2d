"""A gateway that listens on a loopback port, in this process, over any log."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson

from sla_engine.engine.ports import Acked, OutRecord, Producer
from sla_engine.ingest.app import build_app
from sla_engine.ingest.door import Door, DoorSettings
from sla_engine.ingest.hooks import Hook, Hooks
from sla_engine.ingest.server import BoundedProtocol, listen, make_server
from sla_engine.ingest.tokens import Tokens, hash_of
from sla_engine.telemetry import Metrics

TOKEN = "sla_a-token-of-the-desk"
NOW_MS = 1_795_428_000_000  # 2026-11-23T10:00:00Z
STRUCTURED = {"Content-Type": "application/cloudevents+json"}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}
PROVEN = {"Authorization": f"Bearer {TOKEN}"}


class StandingClock:
    """Time as the test says."""

    def __init__(self, now_ms: int = NOW_MS) -> None:
        self.ms = now_ms

    def now_ms(self) -> int:
        return self.ms


class MemoryLog:
    """A producer that keeps records; it acknowledges at once, never, or with an error."""

    def __init__(self) -> None:
        self.records: list[OutRecord] = []
        self.held: list[tuple[OutRecord, Acked]] = []
        self.hold = False
        self.error = ""
        self.changed = threading.Condition()

    def produce(self, record: OutRecord, acked: Acked) -> None:
        with self.changed:
            if self.hold:
                self.held.append((record, acked))
                self.changed.notify_all()
                return
        self._answer(record, acked)

    def release(self) -> None:
        """Acknowledge what is held."""
        with self.changed:
            held, self.held, self.hold = self.held, [], False
        for record, acked in held:
            self._answer(record, acked)

    def wait_for_held(self, count: int) -> None:
        """Return when so many records wait for their acknowledgement."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.held) >= count, 20)

    def _answer(self, record: OutRecord, acked: Acked) -> None:
        if not self.error:
            self.records.append(record)
        acked(record, None if self.error else len(self.records) - 1, self.error)

    @property
    def events(self) -> list[Any]:
        """What is on the log, as JSON values."""
        return [orjson.loads(record.value or b"") for record in self.records]

    def flush(self, timeout_s: float) -> int:
        return len(self.held)

    def close(self) -> None:
        pass


@dataclass
class Gateway:
    """A running gateway, and a client of it that proves itself."""

    port: int
    client: httpx.Client
    metrics: Metrics
    clock: StandingClock
    door: Door
    stop: threading.Event = field(default_factory=threading.Event)

    def post(self, event: Any, **options: Any) -> httpx.Response:
        """One event in structured mode, or a list of them as a batch."""
        kind = BATCH if isinstance(event, list) else STRUCTURED
        body = event if isinstance(event, bytes) else orjson.dumps(event)
        headers = {**kind, **PROVEN, **options.pop("headers", {})}
        return self.client.post("/v1/events", content=body, headers=headers, **options)


@contextmanager
def gateway(
    log: Producer,
    settings: DoorSettings | None = None,
    *,
    partitions: int = 4,
    tokens: dict[str, str] | None = None,
    hooks: Sequence[Hook] = (),
    protocol: type[BoundedProtocol] = BoundedProtocol,
) -> Iterator[Gateway]:
    """A gateway over a log; `tokens` by name."""
    metrics, clock = Metrics(), StandingClock()
    given = {"desk": TOKEN} if tokens is None else tokens
    known = Tokens((name, hash_of(token)) for name, token in given.items())
    door = Door(
        *(log, partitions, clock, metrics, known, Hooks(hooks, known)), settings or DoorSettings()
    )
    sock = listen("127.0.0.1", 0)
    server = make_server(build_app(door, metrics.render), protocol)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
    thread.start()
    port: int = sock.getsockname()[1]
    try:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False
        ) as client:
            yield Gateway(port, client, metrics, clock, door)
    finally:
        server.should_exit = True
        thread.join(30)
        sock.close()


def event(identity: str = "1", kind: str = "incident.created", **changes: Any) -> dict[str, Any]:
    """An event of 2026-11-23T09:59:00Z."""
    return {
        "specversion": "1.0",
        "id": identity,
        "source": "desk",
        "type": kind,
        "subject": "4711",
        "time": "2026-11-23T09:59:00Z",
        "data": {"priority": "high"},
        **changes,
    }
