"""What becomes of a request: who sent it, how much, what it holds, and onto the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sla_engine.engine.ports import Clock, Producer
from sla_engine.ingest.body import Incoming, Readers
from sla_engine.ingest.checking import Checker
from sla_engine.ingest.intake import Intake
from sla_engine.ingest.modes import Header, Mode, events_of, mode_of
from sla_engine.ingest.problem import not_proven
from sla_engine.ingest.rate import Bucket
from sla_engine.ingest.tokens import Tokens
from sla_engine.limits import GATEWAY_BODY_MS, GATEWAY_IN_FLIGHT_MAX, GATEWAY_RATE, MAX_FUTURE_MS

UNPROVEN = "-"
"""The source of a request that did not prove one, for metrics."""


class Meter(Protocol):
    """Where the gateway counts (telemetry.Metrics)."""

    def count(self, name: str, amount: float = 1, *labels: str) -> None: ...

    def observe(self, name: str, value: float, *labels: str) -> None: ...

    def set(self, name: str, value: float, *labels: str) -> None: ...


@dataclass(slots=True)
class Visit:
    """One request on its way through the door; `source` is set once the sender is proven."""

    request: Incoming
    headers: Sequence[Header]
    source: str = UNPROVEN


@dataclass(frozen=True, slots=True)
class DoorSettings:
    """`max_future_ms` None: times ahead of the clock are not refused. `tenants` by source."""

    rate: int = GATEWAY_RATE
    in_flight: int = GATEWAY_IN_FLIGHT_MAX
    max_future_ms: int | None = MAX_FUTURE_MS
    tenants: Mapping[str, str] = field(default_factory=dict)
    body_ms: int = GATEWAY_BODY_MS


class Door:
    """Takes requests in one event loop and hands their events to the producer."""

    def __init__(
        self,
        producer: Producer,
        partitions: int,
        clock: Clock,
        meter: Meter,
        tokens: Tokens,
        settings: DoorSettings,
    ) -> None:
        self.meter = meter
        self.clock = clock
        self._tokens = tokens
        self._settings = settings
        self._readers = Readers(within_ms=settings.body_ms)
        self._checker = Checker()
        self._checker.warm()
        self._intake = Intake(producer, partitions, settings.in_flight)
        self._buckets: dict[str, Bucket] = {}

    async def events(self, visit: Visit) -> int:
        """`POST /v1/events`: how many events the log has now. Refusal otherwise."""
        headers = visit.request.headers
        source = self._tokens.who(headers.get("authorization", ""))
        if source is None:
            raise not_proven()
        visit.source = source
        self._take(source, 1)
        mode = mode_of(headers.get("content-type", ""), visit.headers)
        body = await self._readers.read(visit.request, mode.bytes_max)
        events = events_of(mode, visit.headers, body)
        self._take(source, len(events) - 1)
        return await self._put(source, events, batch=mode is Mode.BATCH)

    def _take(self, source: str, count: int) -> None:
        """Count events against the source's rate; Refusal 429."""
        now_ms = self.clock.now_ms()
        bucket = self._buckets.get(source)
        if bucket is None:
            bucket = self._buckets[source] = Bucket(self._settings.rate, now_ms)
        bucket.take(max(0, count), now_ms)

    async def _put(self, source: str, events: Sequence[bytes], *, batch: bool) -> int:
        ahead_ms = self._settings.max_future_ms
        latest_ms = None if ahead_ms is None else self.clock.now_ms() + ahead_ms
        tenant = self._settings.tenants.get(source)
        taken = self._checker.check(events, latest_ms, tenant, batch=batch)
        try:
            await self._intake.put(taken)
        finally:
            self.meter.set("sla_gateway_in_flight", self._intake.in_flight)
        self.meter.count("sla_gateway_events", len(taken), source)
        return len(taken)
