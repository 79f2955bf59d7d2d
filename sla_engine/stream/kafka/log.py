"""Everything a worker or a command needs of Kafka, from plain arguments."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from typing import TYPE_CHECKING, Final

from sla_engine.engine.ports import Inbox, LogIdentity
from sla_engine.errors import LogError, PositionLost
from sla_engine.stream.kafka.admin import TopicAdmin
from sla_engine.stream.kafka.faults import UNKNOWN_TOPIC
from sla_engine.stream.kafka.producer import KafkaProducer
from sla_engine.stream.kafka.reader import KafkaReader
from sla_engine.stream.kafka.settings import KafkaSettings, Security

if TYPE_CHECKING:
    from sla_engine.stream.app import EngineApp, Report, Worker

GONE_S: Final = 30.0
"""A broker that starts may not know a topic yet; after this long the topic is gone."""

log = logging.getLogger(__name__)


class KafkaLog:
    """The log on Kafka. Its parts are independent; close each by itself."""

    def __init__(self, settings: KafkaSettings) -> None:
        self.settings = settings
        self._admin = TopicAdmin(settings)

    def ensure_topics(self, partitions: int) -> LogIdentity:
        """Make or check the topics; the identity of the events topic."""
        return self._admin.ensure(partitions)

    def identity(self) -> LogIdentity:
        """The identity of the events topic; raises what would keep a worker from starting."""
        return self._admin.identity(self.settings.topic("events"))

    def producer(self) -> KafkaProducer:
        """A new producer with its thread."""
        return KafkaProducer(self.settings)

    def reader(self) -> KafkaReader:
        """A new reader."""
        return KafkaReader(self.settings, self._admin)

    def make_worker(self, inbox: Inbox) -> Worker:
        """A member of the group that feeds `inbox`; call its `run`."""
        # Faust takes most of a second to import; a command that only reads must not pay for it.
        from sla_engine.stream.app import Worker

        guard = TopicGuard(self)

        def build(report: Report) -> EngineApp:
            return _build(self.settings, inbox, report, guard)

        return Worker(build, check=guard.remember)


class TopicGuard:
    """Tells a broker that is starting from a topic that was deleted, or made anew."""

    def __init__(self, log: KafkaLog) -> None:
        self._log = log
        self._lock = threading.Lock()
        self._known: LogIdentity | None = None
        self._missing_since: float | None = None

    def remember(self) -> None:
        """Take the topic as it is now for the right one."""
        self._known = self._log.identity()

    async def missing(self) -> None:
        """The broker does not know the topic: ask again, elsewhere than in the calling loop."""
        await asyncio.to_thread(self._ask)

    def _ask(self) -> None:
        with self._lock:
            topic = self._log.settings.topic("events")
            try:
                found = self._log.identity()
            except LogError as error:
                if error.code != UNKNOWN_TOPIC:
                    return
                now = time.monotonic()
                self._missing_since = self._missing_since or now
                if now - self._missing_since > GONE_S:
                    raise LogError(
                        f"the topic {topic} is gone: restore it, then start again",
                        code=UNKNOWN_TOPIC,
                    ) from error
                return
            self._missing_since = None
            if self._known is not None and found.topic_id != self._known.topic_id:
                raise PositionLost(
                    f"the topic {topic} was deleted and made anew: what the engine knows came from"
                    f" the topic with the id {self._known.topic_id}, this one is {found.topic_id}."
                    " Give the engine an empty store to start from the new topic."
                )


def _build(settings: KafkaSettings, inbox: Inbox, report: Report, guard: TopicGuard) -> EngineApp:
    from sla_engine.stream.app import build_app
    from sla_engine.stream.consumer import Feed
    from sla_engine.stream.kafka.transport import KafkaTransport

    feed = Feed(
        inbox=inbox,
        topic=settings.topic("events"),
        report=report,
        claim_timeout_s=settings.rebalance_timeout_ms / 1000,
    )
    return build_app(
        lambda app: KafkaTransport(app, settings, feed, guard.missing),
        group=settings.group,
        topic=feed.topic,
        session_timeout_ms=settings.session_timeout_ms,
        heartbeat_ms=settings.heartbeat_ms,
        rebalance_timeout_ms=settings.rebalance_timeout_ms,
        commit_interval_ms=settings.commit_interval_ms,
    )


def kafka_log(
    brokers: str,
    *,
    events: str = "incidents",
    alerts: str = "alerts",
    dead: str = "incidents.dead",
    clocks: str = "",
    group: str = "sla-engine",
    replication: int = -1,
    create_topics: bool = True,
    client_id: str = "sla-engine",
    compression: str = "none",
    check_crcs: bool = True,
    tls: bool = False,
    ca_file: str = "",
    cert_file: str = "",
    key_file: str = "",
    sasl_mechanism: str = "",
    username: str = "",
    password: str = "",
    session_timeout_ms: int = 6_000,
    heartbeat_ms: int = 1_000,
    rebalance_timeout_ms: int = 60_000,
) -> KafkaLog:
    """The log on Kafka from the section `[kafka]` (contracts section 5). Connects to nothing yet.

    `brokers` is `host:port`, several with commas; `replication` -1 is the broker's default;
    `sasl_mechanism` is "", PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512. ConfigError for what cannot be.
    """
    topics = {"events": events, "alerts": alerts, "dead": dead}
    if clocks:
        topics["clocks"] = clocks
    security = Security(
        tls=tls,
        ca_file=ca_file,
        cert_file=cert_file,
        key_file=key_file,
        mechanism=sasl_mechanism,
        username=username,
        password=password,
    )
    return KafkaLog(
        KafkaSettings(
            brokers=brokers,
            topics=topics,
            group=group,
            client_id=client_id,
            replication=replication,
            create_topics=create_topics,
            compression=compression,
            security=security,
            session_timeout_ms=session_timeout_ms,
            heartbeat_ms=heartbeat_ms,
            rebalance_timeout_ms=rebalance_timeout_ms,
            check_crcs=check_crcs,
        )
    )
