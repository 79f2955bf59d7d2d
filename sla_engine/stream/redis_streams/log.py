"""Everything a worker or a command needs of a log on Redis Streams, from plain arguments."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sla_engine.engine.ports import Inbox, LogIdentity
from sla_engine.errors import ConfigError, LogUnavailable, PositionLost
from sla_engine.limits import RETRY_FIRST_MS
from sla_engine.stream.redis_streams.client import LogClient
from sla_engine.stream.redis_streams.layout import RedisSettings
from sla_engine.stream.redis_streams.producer import RedisProducer
from sla_engine.stream.redis_streams.reader import RedisReader
from sla_engine.stream.redis_streams.topics import Topics

if TYPE_CHECKING:
    from sla_engine.stream.app import EngineApp, Report, Worker


class RedisLog:
    """The log on Redis Streams. Its parts are independent; close each by itself."""

    def __init__(self, settings: RedisSettings) -> None:
        self.settings = settings
        self._topics = Topics(settings, LogClient(settings.url))

    def ensure_topics(self, partitions: int) -> LogIdentity:
        """Make or check the topics; the identity of the events topic."""
        return self._topics.ensure(partitions)

    def identity(self) -> LogIdentity:
        """The identity of the events topic; raises what would keep a worker from starting."""
        return self._topics.identity(self.settings.topic("events"))

    def producer(self) -> RedisProducer:
        """A new producer with its thread."""
        return RedisProducer(self.settings)

    def reader(self) -> RedisReader:
        """A new reader."""
        return RedisReader(self.settings)

    def make_worker(self, inbox: Inbox) -> Worker:
        """A member of the group that feeds `inbox`; call its `run`."""
        # Faust takes most of a second to import; a command that only reads must not pay for it.
        from sla_engine.stream.app import Worker

        guard = LogGuard(self)

        def build(report: Report) -> EngineApp:
            return _build(self.settings, inbox, report, guard)

        return Worker(build, check=guard.remember)


class LogGuard:
    """Notices that the log under a running worker is another one than it began with."""

    def __init__(self, log: RedisLog) -> None:
        self._log = log
        self.known: LogIdentity | None = None

    def remember(self) -> None:
        """Take the log as it is now for the right one."""
        self.known = self._log.identity()

    @property
    def partitions(self) -> int:
        """The partition count that `remember` saw."""
        if self.known is None:
            self.remember()
        assert self.known is not None
        return self.known.partitions

    async def confirm(self) -> None:
        """Return when the log is still the same; waits while the server does not answer."""
        while True:
            try:
                found = await asyncio.to_thread(self._log.identity)
            except LogUnavailable:
                await asyncio.sleep(RETRY_FIRST_MS / 1000)
                continue
            if self.known is not None and found != self.known:
                raise PositionLost(
                    f"the log {found.topic} was made anew: what the engine knows came from the one"
                    f" with the id {self.known.topic_id}, this one is {found.topic_id}"
                )
            return


def _build(settings: RedisSettings, inbox: Inbox, report: Report, guard: LogGuard) -> EngineApp:
    from sla_engine.stream.app import build_app
    from sla_engine.stream.consumer import Feed
    from sla_engine.stream.redis_streams.transport import RedisTransport

    feed = Feed(
        inbox=inbox,
        topic=settings.topic("events"),
        report=report,
        claim_timeout_s=settings.claim_timeout_ms / 1000,
        confirm=guard.confirm,
    )
    return build_app(
        lambda app: RedisTransport(app, settings, feed, guard.partitions),
        group=settings.group,
        topic=feed.topic,
        session_timeout_ms=settings.session_timeout_ms,
        commit_interval_ms=settings.commit_interval_ms,
    )


def redis_log(
    url: str,
    *,
    events: str = "incidents",
    alerts: str = "alerts",
    dead: str = "incidents.dead",
    clocks: str = "",
    group: str = "sla-engine",
    session_timeout_ms: int = 6_000,
    keep_events: int = 100_000,
) -> RedisLog:
    """The log on the Redis at `url`, which also is the store's. Connects to nothing yet.

    It is as durable as the server's `appendfsync`. Per partition the last `keep_events` events
    stay readable behind what the engine has made durable. ConfigError for what cannot be.
    """
    if keep_events < 0:
        raise ConfigError(f"keep_events is {keep_events}: it must be 0 or more")
    topics = {"events": events, "alerts": alerts, "dead": dead}
    if clocks:
        topics["clocks"] = clocks
    settings = RedisSettings(
        url=url,
        topics=topics,
        group=group,
        session_timeout_ms=session_timeout_ms,
        keep_events=keep_events,
    )
    return RedisLog(settings)
