"""Faust's Kafka transport with raw batches: membership is Faust's, the data path is ours."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, ClassVar, Final, TypeVar

import aiokafka
from aiokafka import errors
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.exceptions import ConsumerNotStarted
from faust.transport.drivers import aiokafka as driver
from faust.types import AppT
from yarl import URL

from sla_engine.limits import FETCH_BYTES_MAX, MIB
from sla_engine.stream.consumer import Feed, IdleFetcher, InboxConsumer
from sla_engine.stream.kafka.fetcher import RawFetcher
from sla_engine.stream.kafka.group_faults import from_aiokafka
from sla_engine.stream.kafka.settings import KafkaSettings

T = TypeVar("T")

FETCH_ALL_BYTES_MAX: Final = 16 * MIB
"""Bytes of one answer over all partitions."""
COMMIT_S: Final = 2.0
"""A commit is advisory: it may not hold up a rebalance."""
BOUNDS_TRY_S: Final = 0.2
NEVER_MS: Final = 2**31 - 1

log = logging.getLogger(__name__)


class RawConsumer(aiokafka.AIOKafkaConsumer):  # type: ignore[misc]
    """aiokafka's consumer with RawFetcher in place of its own fetcher."""

    _fetcher: Any

    def __init__(self, feed: Feed, **options: Any) -> None:
        super().__init__(**options)
        self._feed = feed

    async def start(self) -> None:
        """Start without a subscription yet, so the fetcher can still be exchanged."""
        await super().start()
        await self._fetcher.close()
        self._fetcher = RawFetcher(
            self._client,
            self._subscription,
            feed=self._feed,
            fetch_max_bytes=self._fetch_max_bytes,
            fetch_max_wait_ms=self._fetch_max_wait_ms,
            max_partition_fetch_bytes=self._max_partition_fetch_bytes,
            check_crcs=self._check_crcs,
            auto_offset_reset=self._auto_offset_reset,
        )

    def open_feed(self, offsets: Mapping[int, int]) -> None:
        """Let the fetcher read, unless the assignment is being revoked just now."""
        if not self._subscription.reassignment_in_progress:
            self._fetcher.open(self._subscription.subscription.assignment, offsets)

    def close_feed(self) -> None:
        """Hold the fetcher, also when there is none yet."""
        if isinstance(self._fetcher, RawFetcher):
            self._fetcher.close_feed()

    async def watch(self, failed: Callable[[BaseException], None]) -> None:
        """Report what the group's coordination cannot recover from; runs as long as the consumer.

        Errors reach a consumer through whoever waits for records, so this waits for records.
        """
        while not self._closed:
            try:
                await self._fetcher.failure()
            except errors.KafkaError as error:
                if not error.retriable:
                    failed(error)
                    return
                with contextlib.suppress(errors.KafkaError):
                    self._coordinator.check_errors()


class KafkaThread(driver.AIOKafkaConsumerThread):
    """The thread whose loop runs aiokafka."""

    mundane_level = "debug"

    def _create_worker_consumer(self, transport: driver.Transport) -> RawConsumer:
        assert isinstance(transport, KafkaTransport)
        settings = transport.settings
        conf = self.app.conf
        self._assignor = self.app.assignor
        return RawConsumer(
            transport.feed,
            client_id=settings.client_id,
            group_id=conf.id,
            bootstrap_servers=settings.server_list(),
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_partition_fetch_bytes=FETCH_BYTES_MAX,
            fetch_max_bytes=FETCH_ALL_BYTES_MAX,
            fetch_max_wait_ms=settings.fetch_wait_ms,
            request_timeout_ms=int(conf.broker_request_timeout * 1000),
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            check_crcs=settings.check_crcs,
            # aiokafka leaves the group for a caller that does not poll; nobody polls here.
            max_poll_interval_ms=NEVER_MS,
            **settings.aiokafka_security(),
        )

    def raw_consumer(self) -> RawConsumer:
        """The consumer, which exists once the thread has started."""
        consumer = self._ensure_consumer()
        assert isinstance(consumer, RawConsumer)
        return consumer

    async def on_start(self) -> None:
        """Start the consumer and watch it."""
        await super().on_start()
        self._watching = self.thread_loop.create_task(self.raw_consumer().watch(self._failed))

    async def on_thread_stop(self) -> None:
        """Leave the group."""
        watching = getattr(self, "_watching", None)
        if watching is not None:
            watching.cancel()
        await super().on_thread_stop()

    def on_crash(self, msg: str, *fmt: Any, **kwargs: Any) -> None:
        """Log what the base class would print; the worker raises it."""
        log.debug(msg.format(*fmt), exc_info=True)

    def close(self) -> None:
        """Faust would close aiokafka from the wrong loop here; `on_thread_stop` does it."""

    def _failed(self, error: BaseException) -> None:
        transport = self.transport
        assert isinstance(transport, KafkaTransport)
        transport.feed.report(from_aiokafka(error, f"take part in the group {self.app.conf.id}"))

    def runs(self) -> bool:
        """Whether its loop takes calls."""
        return self.thread_loop.is_running()

    async def run_here(self, call: Coroutine[Any, Any, T]) -> T:
        """Await `call` in this thread's loop, from the main loop, past Faust's method queue."""
        future = asyncio.run_coroutine_threadsafe(call, self.thread_loop)
        return await asyncio.wrap_future(future)


class KafkaConsumer(InboxConsumer, driver.Consumer):
    """The member of the group."""

    _thread: KafkaThread

    def _new_consumer_thread(self) -> KafkaThread:
        return KafkaThread(self, loop=self.loop, beacon=self.beacon)

    async def bounds(self, partitions: list[int]) -> dict[int, tuple[int, int]]:
        """Asks the partition leaders; waits as long as there are none."""
        tps = [TopicPartition(self.feed.topic, partition) for partition in partitions]
        while True:
            try:
                earliest = await self._thread.run_here(self._consumer().beginning_offsets(tps))
                ends = await self._thread.run_here(self._consumer().end_offsets(tps))
                return {tp.partition: (earliest[tp], ends[tp]) for tp in tps}
            except errors.KafkaError as error:
                if not error.retriable:
                    raise from_aiokafka(
                        error, f"ask for the bounds of {self.feed.topic}"
                    ) from error
            await asyncio.sleep(BOUNDS_TRY_S)

    async def open_log(self, offsets: Mapping[int, int], generation: int) -> None:
        """Let the fetcher loose."""
        await self._thread.run_here(self._open(offsets, generation))

    async def close_log(self) -> None:
        """Hold the fetcher, in its own thread, so that nothing is half delivered."""
        if self._thread.runs():
            await self._thread.run_here(self._close())

    async def commit_positions(self, positions: Mapping[int, int]) -> None:
        """Commit to the group; what goes wrong is worth a debug line."""
        if positions and self._thread.runs():
            await self._thread.run_here(self._commit_offsets_quietly(positions))

    def _consumer(self) -> RawConsumer:
        return self._thread.raw_consumer()

    async def _open(self, offsets: Mapping[int, int], generation: int) -> None:
        if self.app.consumer_generation_id == generation:
            self._consumer().open_feed(offsets)

    async def _close(self) -> None:
        with contextlib.suppress(ConsumerNotStarted):
            self._consumer().close_feed()

    async def _commit_offsets_quietly(self, positions: Mapping[int, int]) -> None:
        consumer = self._consumer()
        assigned = consumer.assignment()
        offsets = {
            TopicPartition(self.feed.topic, partition): OffsetAndMetadata(offset, "")
            for partition, offset in positions.items()
        }
        owned = {tp: offset for tp, offset in offsets.items() if tp in assigned}
        if not owned:
            return
        try:
            await asyncio.wait_for(consumer.commit(owned), COMMIT_S)
        except (errors.KafkaError, TimeoutError) as error:
            log.debug("the advisory commit was not made: %r", error)


class KafkaTransport(driver.Transport):
    """What Faust builds its consumer from."""

    Consumer: ClassVar[type[KafkaConsumer]] = KafkaConsumer
    Fetcher: ClassVar[type[IdleFetcher]] = IdleFetcher

    def __init__(
        self,
        app: AppT,
        settings: KafkaSettings,
        feed: Feed,
    ) -> None:
        super().__init__([URL(f"kafka://{server}") for server in settings.server_list()], app)
        self.settings = settings
        self.feed = feed
