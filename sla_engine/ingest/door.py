"""What becomes of a request: who sent it, how much, what it holds, and onto the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Protocol

import orjson

from sla_engine.engine.ports import Clock, Producer
from sla_engine.errors import EventError
from sla_engine.ingest.body import Incoming, Readers
from sla_engine.ingest.checking import Checker, Refused
from sla_engine.ingest.hooks import Hook, Hooks
from sla_engine.ingest.intake import Intake
from sla_engine.ingest.letters import letter_of
from sla_engine.ingest.modes import Header, Mode, events_of, mode_of
from sla_engine.ingest.payload import payload_of
from sla_engine.ingest.problem import Refusal, not_proven
from sla_engine.ingest.rate import Bucket
from sla_engine.ingest.tokens import Tokens
from sla_engine.limits import (
    GATEWAY_BODY_MS,
    GATEWAY_IN_FLIGHT_MAX,
    GATEWAY_RATE,
    HOOK_BYTES_MAX,
    HOOK_EVENTS_MAX,
    MAX_FUTURE_MS,
)
from sla_engine.source.model import dated
from sla_engine.source.signature import single

UNPROVEN = "-"
"""The source of a request that did not prove one, for metrics."""


class Meter(Protocol):
    """Where the gateway counts (telemetry.Metrics)."""

    def count(self, name: str, amount: float = 1, *labels: str) -> None: ...

    def observe(self, name: str, value: float, *labels: str) -> None: ...

    def set(self, name: str, value: float, *labels: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done with a request that was taken: the log has `accepted` events of it now.

    `ignored` says what of a vendor's payload became no event; `replayed`: the same request had
    been taken before, and did nothing now. `dead` says which of its events were refused and kept
    among the dead letters, and why.
    """

    accepted: int
    ignored: tuple[str, ...] = ()
    replayed: bool = False
    dead: tuple[str, ...] = ()


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
        hooks: Hooks,
        settings: DoorSettings,
    ) -> None:
        self.meter = meter
        self.clock = clock
        self._tokens = tokens
        self.hooks = hooks
        self._settings = settings
        self._readers = Readers(within_ms=settings.body_ms)
        # Of its own: these bodies are read before the sender is proven.
        self._hook_readers = Readers(within_ms=settings.body_ms)
        self._checker = Checker()
        self._checker.warm()
        self._intake = Intake(producer, partitions, settings.in_flight)
        self._buckets: dict[str, Bucket] = {}

    def admit(self, tokens: Tokens, hooks: Hooks, tenants: Mapping[str, str]) -> None:
        """From the next request on these may send, and no others."""
        self._tokens, self.hooks = tokens, hooks
        self._settings = replace(self._settings, tenants=tenants)

    async def events(self, visit: Visit) -> Outcome:
        """`POST /v1/events`; Refusal if it is not taken."""
        source = self._tokens.who(single(visit.headers, "authorization") or "")
        # A vendor's token is for its hook alone.
        if source is None or source in self.hooks.names:
            raise not_proven()
        visit.source = source
        self._take(source, 1)
        mode = mode_of(visit.request.headers.get("content-type", ""), visit.headers)
        body = await self._readers.read(visit.request, mode.bytes_max)
        events = events_of(mode, visit.headers, body)
        self._take(source, len(events) - 1)
        return Outcome(await self._put(source, events, batch=mode is Mode.BATCH))

    async def hook(self, visit: Visit, name: str) -> Outcome:
        """`POST /v1/hooks/NAME`; Refusal if it is not taken. Proven before a byte is parsed."""
        body = await self._hook_readers.read(visit.request, HOOK_BYTES_MAX)
        proven = self.hooks.proven(name, visit.headers, body, self.clock.now_ms())
        if proven is None:
            raise not_proven()
        visit.source = name
        self._take(name, 1)
        hook, proof = proven.hook, proven.proof
        if proof is None:
            return await self._translated(hook, body)
        if not hook.proofs.begin(proof, self.clock.now_ms()):
            self.meter.count("sla_gateway_replays", 1, name)
            return Outcome(0, replayed=True)
        taken = False
        try:
            outcome = await self._translated(hook, body)
            taken = True
        finally:
            hook.proofs.end(proof, self.clock.now_ms(), taken=taken)
        return outcome

    async def _translated(self, hook: Hook, body: bytes) -> Outcome:
        try:
            found = hook.source.translate(payload_of(body), hook.name)
        except EventError as error:
            raise Refusal(HTTPStatus.BAD_REQUEST, error.code, error.message) from None
        if len(found.events) > HOOK_EVENTS_MAX:
            raise Refusal(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "TOO_LARGE",
                f"{len(found.events)} events; send at most {HOOK_EVENTS_MAX} in a payload",
            )
        self._take(hook.name, len(found.events) - 1)
        tenant = self._settings.tenants.get(hook.name)
        owner = {} if tenant is None else {"tenant": tenant}
        now_ms = self.clock.now_ms()
        events = [orjson.dumps({**dated(event, now_ms), **owner}) for event in found.events]
        refused: list[Refused] = []
        accepted = await self._put(hook.name, events, batch=len(events) > 1, dead=refused)
        dead = tuple(f"{one.code} {one.message}" for one in refused)
        return Outcome(accepted, found.ignored, dead=dead)

    def _take(self, source: str, count: int) -> None:
        """Count events against the source's rate; Refusal 429."""
        now_ms = self.clock.now_ms()
        bucket = self._buckets.get(source)
        if bucket is None:
            bucket = self._buckets[source] = Bucket(self._settings.rate, now_ms)
        bucket.take(max(0, count), now_ms)

    async def _put(
        self,
        source: str,
        events: Sequence[bytes],
        *,
        batch: bool,
        dead: list[Refused] | None = None,
    ) -> int:
        ahead_ms, now_ms = self._settings.max_future_ms, self.clock.now_ms()
        latest_ms = None if ahead_ms is None else now_ms + ahead_ms
        tenant = self._settings.tenants.get(source)
        taken = self._checker.check(events, latest_ms, tenant, batch=batch, dead=dead)
        letters = [letter_of(one, source, now_ms) for one in dead or ()]
        try:
            await self._intake.put(taken, letters)
        finally:
            self.meter.set("sla_gateway_in_flight", self._intake.in_flight)
        self.meter.count("sla_gateway_events", len(taken), source)
        return len(taken)
