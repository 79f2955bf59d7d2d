"""Faust's transport for Redis Streams: membership from Redis, rebalances as Faust knows them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, cast

from faust.transport import base
from faust.transport.consumer import RecordMap
from faust.types import TP, AppT, ConsumerMessage
from mode import Service
from yarl import URL

from sla_engine.errors import LogUnavailable, SlaError
from sla_engine.stream.consumer import Feed, IdleFetcher, InboxConsumer
from sla_engine.stream.link import Link
from sla_engine.stream.murmur2 import partition_of
from sla_engine.stream.redis_streams.client import LogClient
from sla_engine.stream.redis_streams.feeder import Feeder
from sla_engine.stream.redis_streams.layout import BATCH_RECORDS, RedisSettings, stream_key
from sla_engine.stream.redis_streams.membership import SOON_S, Membership, Share
from sla_engine.stream.redis_streams.topics import Topics

BOUNDS_TRY_S = 0.2

log = logging.getLogger(__name__)


class RedisConsumer(InboxConsumer):
    """A member of the group. Everything that waits for Redis does so in a thread."""

    transport: RedisTransport

    def __post_init__(self) -> None:
        super().__post_init__()
        settings = self.transport.settings
        self._settings = settings
        self._client = LogClient(settings.url)
        self._topics = Topics(settings, self._client)
        self._membership = Membership(settings, self.transport.partitions)
        self._feeder = Feeder(settings, self.feed, self._rolled_back)
        self._link = Link("Redis (group)", log)
        self._share: Share | None = None
        self._shared = asyncio.Event()
        self._assignment: frozenset[int] = frozenset()
        self._generation = 0
        self._again = False

    # -- membership ------------------------------------------------------------------------

    @Service.task
    async def _beats(self) -> None:
        """Beat, whatever else takes long; `_changes` acts on the answers."""
        while not self.should_stop:
            wait_s = self._membership.interval_s
            try:
                self._share = await asyncio.to_thread(self._membership.beat)
                self._link.answered()
                self._shared.set()
                wait_s = SOON_S if self._share.to_come else wait_s
            except LogUnavailable as error:
                self._link.lost(error)
            except SlaError as error:
                self.feed.report(error)
                return
            await self.sleep(wait_s)

    @Service.task
    async def _changes(self) -> None:
        """Let go of what is to be released, take what may be read: one rebalance each."""
        while not self.should_stop:
            await self.wait(self._shared.wait())
            self._shared.clear()
            share = self._share
            if share is None or self.should_stop:
                continue
            if share.readable != self._assignment or self._again:
                await self._rebalance(share)

    async def _rebalance(self, share: Share) -> None:
        self._again = False
        self.app.on_rebalance_start()
        await self.on_partitions_revoked(self._tps(self._assignment))
        self._assignment = frozenset()
        if share.to_release:
            with contextlib.suppress(LogUnavailable):
                await asyncio.to_thread(self._membership.release, share.to_release)
        self._generation += 1
        self._assignment = share.readable
        self.app.consumer_generation_id = self._generation
        await self.on_partitions_assigned(self._tps(self._assignment), self._generation)

    def _rolled_back(self) -> None:
        """Called by the feeder: what was read is not on the log any more; claim anew."""
        self.loop.call_soon_threadsafe(self._claim_again)

    def _claim_again(self) -> None:
        self._again = True
        self._shared.set()

    def _tps(self, partitions: Iterable[int]) -> set[TP]:
        return {TP(self.feed.topic, partition) for partition in partitions}

    async def on_stop(self) -> None:
        """Leave the group; the app has let go of everything before."""
        await super().on_stop()
        await asyncio.to_thread(self._feeder.stop)
        with contextlib.suppress(SlaError):
            await asyncio.to_thread(self._membership.leave)
        self._membership.close()
        self._client.close()

    # -- what InboxConsumer asks for -------------------------------------------------------

    async def bounds(self, partitions: list[int]) -> dict[int, tuple[int, int]]:
        """Asks the server; waits as long as it does not answer."""
        while True:
            try:
                return await asyncio.to_thread(self._topics.bounds, self.feed.topic, *partitions)
            except LogUnavailable as error:
                self._link.lost(error)
            await asyncio.sleep(BOUNDS_TRY_S)

    async def open_log(self, offsets: Mapping[int, int], generation: int) -> None:
        """Let the feeder loose."""
        if generation == self._generation:
            self._feeder.open(offsets)

    async def close_log(self) -> None:
        """Hold the feeder; waits for a delivery that is under way."""
        await asyncio.to_thread(self._feeder.close)

    async def commit_positions(self, positions: Mapping[int, int]) -> None:
        """Note the positions, and trim what lies far enough behind them."""
        with contextlib.suppress(SlaError):
            if positions:
                await asyncio.to_thread(self._note, positions)

    def _note(self, positions: Mapping[int, int]) -> None:
        topic = self.feed.topic
        noted = [f"{topic}:{p}" if i else at for p, at in positions.items() for i in (1, 0)]
        self._client.run("HSET", self._settings.positions(), *noted)
        for partition, position in positions.items():
            # An entry goes as a whole: none may reach over what is to stay.
            keep_from = position - self._settings.keep_events - BATCH_RECORDS
            if keep_from > 0:
                self._client.run("XTRIM", stream_key(topic, partition), "MINID", "~", keep_from)

    # -- what Faust asks for ---------------------------------------------------------------

    async def subscribe(self, topics: Iterable[str]) -> None:
        """There is one topic, named by the feed; the first beat assigns its partitions."""

    def assignment(self) -> set[TP]:
        """What this member reads."""
        return self._tps(self._assignment)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Positions come from the engine's claim; the log knows none to seek to."""
        return {}

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        """Read on from these offsets."""
        self._feeder.open({tp.partition: offset for tp, offset in partitions.items()})

    async def _seek(self, partition: TP, offset: int) -> None:
        await self.seek_wait({partition: offset})

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        await self.commit_positions({tp.partition: offset for tp, offset in offsets.items()})
        return True

    async def position(self, tp: TP) -> int | None:
        """The offset that is read next."""
        return self._feeder.position(tp.partition)

    def highwater(self, tp: TP) -> int:
        """The end of the partition, asked of the server."""
        return self._topics.bounds(tp.topic, tp.partition)[tp.partition][1]

    async def highwaters(self, *partitions: TP) -> Mapping[TP, int]:
        """The ends of the partitions."""
        found = await self.bounds([tp.partition for tp in partitions])
        return {tp: found[tp.partition][1] for tp in partitions}

    async def earliest_offsets(self, *partitions: TP) -> Mapping[TP, int]:
        """The beginnings of the partitions."""
        found = await self.bounds([tp.partition for tp in partitions])
        return {tp: found[tp.partition][0] for tp in partitions}

    def topic_partitions(self, topic: str) -> int | None:
        """How many partitions the topic has."""
        return self.transport.partitions if topic == self.feed.topic else None

    def key_partition(
        self, topic: str, key: bytes | None, partition: int | None = None
    ) -> int | None:
        """The partition of a key, as Java's Kafka clients choose it."""
        if partition is not None or key is None:
            return partition
        return partition_of(key, self.transport.partitions)

    async def create_topic(self, topic: str, *arguments: Any, **options: Any) -> None:
        """Topics are made by `ensure_topics` alone."""

    def verify_recovery_event_path(self, now: float, tp: TP) -> None:
        """Nothing is recovered from changelogs."""

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> RecordMap:
        """The feeder pushes; there is nothing to fetch."""
        return {}

    def _new_topicpartition(self, topic: str, partition: int) -> TP:
        return TP(topic, partition)

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        return cast(ConsumerMessage, record)


class RedisTransport(base.Transport):
    """What Faust builds its consumer from."""

    Consumer: ClassVar[type[RedisConsumer]] = RedisConsumer
    Fetcher: ClassVar[type[IdleFetcher]] = IdleFetcher
    driver_version = "redis-streams"

    def __init__(self, app: AppT, settings: RedisSettings, feed: Feed, partitions: int) -> None:
        super().__init__([URL("redis://streams")], app)
        self.settings = settings
        self.feed = feed
        self.partitions = partitions
