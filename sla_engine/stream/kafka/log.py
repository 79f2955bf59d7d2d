"""Everything a worker or a command needs of Kafka, from plain arguments."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from sla_engine.engine.ports import Inbox, LogIdentity
from sla_engine.errors import LogError, LogUnavailable, PositionLost
from sla_engine.stream.kafka.admin import TopicAdmin
from sla_engine.stream.kafka.faults import UNKNOWN_TOPIC
from sla_engine.stream.kafka.producer import KafkaProducer
from sla_engine.stream.kafka.reader import KafkaReader
from sla_engine.stream.kafka.settings import KafkaSettings, Security

if TYPE_CHECKING:
    from sla_engine.stream.app import EngineApp, Report, Worker

GONE_S: Final = 30.0
"""A broker that starts may not know a topic yet; after this long the topic is gone."""
ASK_AGAIN_S: Final = 0.5


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
        self._known: LogIdentity | None = None

    def remember(self) -> None:
        """Take the topic as it is now for the right one."""
        self._known = self._log.identity()

    async def confirm(self) -> None:
        """Return when the topic is there and still the same; asks in a thread of its own.

        PositionLost when it is another one; LogError when it stays away for `GONE_S`.
        """
        missing_since: float | None = None
        while True:
            try:
                found = await asyncio.to_thread(self._log.identity)
            except LogUnavailable:
                missing_since = None
            except LogError as error:
                if error.code != UNKNOWN_TOPIC:
                    raise
                missing_since = missing_since or time.monotonic()
                if time.monotonic() - missing_since > GONE_S:
                    raise LogError(
                        f"the topic {self._log.settings.topic('events')} is gone: restore it,"
                        " then start again",
                        code=UNKNOWN_TOPIC,
                    ) from error
            else:
                self._compare(found)
                return
            await asyncio.sleep(ASK_AGAIN_S)

    def _compare(self, found: LogIdentity) -> None:
        known = self._known or found
        if found.topic_id != known.topic_id:
            raise PositionLost(
                f"the topic {found.topic} was deleted and made anew: what the engine knows came"
                f" from the one with the id {known.topic_id}, this one is {found.topic_id}. Give"
                " the engine an empty store to start from the new topic."
            )
        if found.partitions != known.partitions:
            raise PositionLost(
                f"the topic {found.topic} had {known.partitions} partitions and has"
                f" {found.partitions} now: incidents would change their partitions and lose their"
                " clocks. Make a topic with the new number, and an empty store for it."
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
        confirm=guard.confirm,
    )
    return build_app(
        lambda app: KafkaTransport(app, settings, feed),
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
