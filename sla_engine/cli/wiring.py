"""Builds the object graph: settings in, a log, a store and an engine out.

With no Redis configured a private server is started in the data folder; with no brokers
configured the log is Redis Streams on the same server (design section 2: embedded and
distributed are the same program).
"""

from __future__ import annotations

import gc
import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from sla_engine.config.settings import Settings
from sla_engine.engine.ports import LogIdentity, LogReader, Producer, RawBatch
from sla_engine.errors import SlaError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sla_engine.engine.ports import Inbox
    from sla_engine.engine.worker import Engine
    from sla_engine.policy.model import PolicySet
    from sla_engine.store.embedded import EmbeddedServer
    from sla_engine.store.redis_store import RedisStore
    from sla_engine.stream.app import Worker
    from sla_engine.telemetry.metrics import Metrics


log = logging.getLogger(__name__)


class Log(Protocol):
    """What Kafka's and Redis Streams' logs have in common."""

    def ensure_topics(self, partitions: int) -> LogIdentity: ...

    def identity(self) -> LogIdentity: ...

    def producer(self) -> Producer: ...

    def reader(self) -> LogReader: ...

    def make_worker(self, inbox: Inbox) -> Worker: ...


class SteadyClock:
    """Wall time that never goes back: an anchor plus the monotonic clock."""

    def __init__(self) -> None:
        self._anchor_ms = time.time_ns() // 1_000_000
        self._begun_ns = time.monotonic_ns()

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return self._anchor_ms + (time.monotonic_ns() - self._begun_ns) // 1_000_000


@dataclass
class Services:
    """The servers a command talks to; `close` leaves a private server that others use running."""

    settings: Settings
    redis_url: str
    log: Log
    server: EmbeddedServer | None = None

    def close(self) -> None:
        """Give the private server back, if there is one."""
        if self.server is not None:
            self.server.stop()


def open_services(settings: Settings) -> Services:
    """Connect to what the settings name, or start what they leave out."""
    server = None
    url = settings.redis.url.reveal()
    if not url:
        from sla_engine.store.embedded import EmbeddedServer

        server = EmbeddedServer(Path(settings.data.dir))
        url = server.start()
    return Services(settings, url, make_log(settings, url), server)


def make_log(settings: Settings, redis_url: str) -> Log:
    """The event log: Kafka if brokers are configured, otherwise Redis Streams."""
    kafka = settings.kafka
    if not kafka.brokers:
        from sla_engine.stream.redis_streams.log import redis_log

        return redis_log(
            redis_url,
            events=kafka.events,
            alerts=kafka.alerts,
            dead=kafka.dead,
            clocks=kafka.clocks,
            group=kafka.group,
        )
    from sla_engine.stream.kafka.log import kafka_log

    return kafka_log(
        ",".join(kafka.brokers),
        events=kafka.events,
        alerts=kafka.alerts,
        dead=kafka.dead,
        clocks=kafka.clocks,
        group=kafka.group,
        replication=kafka.replication or -1,
        create_topics=kafka.create_topics,
        client_id=kafka.client_id,
        compression=kafka.compression,
        tls=kafka.security_protocol.endswith("SSL"),
        ca_file=kafka.tls_ca,
        cert_file=kafka.tls_cert,
        key_file=kafka.tls_key,
        sasl_mechanism=kafka.sasl_mechanism if "SASL" in kafka.security_protocol else "",
        username=kafka.sasl_username,
        password=kafka.sasl_password.reveal(),
    )


def belongs(batch: RawBatch, partitions: int) -> NDArray[np.bool_]:
    """Which records' keys hash to the batch's partition; records without a key belong anywhere."""
    from sla_engine.stream.murmur2_spans import partitions_of_spans

    found = partitions_of_spans(batch.data, batch.key_start, batch.key_end, partitions)
    here: NDArray[np.bool_] = (found == batch.partition) | (batch.key_start < 0)
    return here


@dataclass
class Running:
    """A worker: the engine in its thread, and the member of the group that feeds it."""

    engine: Engine
    worker: Worker
    producer: Producer
    thread: threading.Thread
    close_store: Callable[[], None]
    on_stop: list[Callable[[], None]] = field(default_factory=list)

    def run(self, *, signals: bool = True) -> None:
        """Until SIGTERM, SIGINT or an error; then everything in flight is finished."""
        # What was loaded until here stays: a full collection over it held a turn up for 0.15 s.
        gc.collect()
        gc.freeze()
        self.thread.start()
        try:
            self.worker.run(signals=signals)
        finally:
            self.engine.stop()
            self.thread.join(30)
            self.producer.flush(10)
            self.producer.close()
            self.close_store()
            for act in self.on_stop:
                act()
        if self.engine.fatal is not None:
            raise self.engine.fatal


def _guarded(engine: Engine) -> Callable[[], None]:
    """The engine thread's body: a fault of ours ends the worker with a message, never hangs it."""

    def body() -> None:
        try:
            engine.run()
        except Exception as error:  # whatever it is, the member of the group must stop feeding
            log.exception("the engine thread failed")
            engine.fail(SlaError(f"the engine thread failed: {error!r}", code="INTERNAL"))

    return body


def _publish_edited(
    store: RedisStore, producer: Producer, identity: LogIdentity, policies: PolicySet
) -> None:
    """Policy files edited since the last start come into force like any published ones."""
    from sla_engine.cli.publish import is_known, newest, publish
    from sla_engine.event.times import format_time

    if not is_known(store, policies):
        begin = publish(store, producer, identity, policies)
        if begin is not None:
            log.warning("the policy files were edited: in force from %s on", format_time(begin))
    elif newest(store, policies).version != policies.version:
        log.warning(
            "the policy files are not the newest that were published: those are used; "
            "`sla-engine policy publish DIR` brings these back into force"
        )


def build_worker(
    services: Services, policies: PolicySet, metrics: Metrics | None = None
) -> Running:
    """Everything that `run` needs, connected and checked, not started."""
    from sla_engine.engine.policy_store import book_of
    from sla_engine.engine.settings import EngineSettings
    from sla_engine.engine.turn import TurnSettings
    from sla_engine.engine.worker import Engine
    from sla_engine.store.redis_store import RedisStore

    settings = services.settings
    store = RedisStore(services.redis_url, allow_unsafe=settings.redis.allow_unsafe)
    store.check()
    identity = services.log.ensure_topics(settings.kafka.partitions)
    producer = services.log.producer()
    _publish_edited(store, producer, identity, policies)
    not_before = settings.alerts.not_before_ms
    engine = Engine(
        book_of(store, policies),
        store,
        producer,
        services.log.reader(),
        identity,
        SteadyClock(),
        EngineSettings(
            actors=settings.engine.actors,
            max_future_ms=settings.time.max_future_ms,
            max_hold_ms=settings.time.max_hold_ms,
            by_events=settings.time.source == "events",
            turn=TurnSettings(
                horizon_ms=settings.lateness.horizon_ms,
                not_before_ms=-(2**62) if not_before is None else not_before,
                attributes=settings.alerts.attributes,
            ),
            events_topic=settings.kafka.events,
        ),
        token=lambda: secrets.token_bytes(16),
        metrics=metrics,
        belongs=belongs,
    )
    worker = services.log.make_worker(engine)
    engine.on_fatal = worker.report
    thread = threading.Thread(target=_guarded(engine), name="engine", daemon=True)
    return Running(engine, worker, producer, thread, store.close)
