"""aiokafka's fetcher, handing whole fetch answers to the engine instead of records to a caller.

Runs in the loop of Faust's consumer thread. Nothing is kept for a later `getmany`, so aiokafka's
rule "no fetch to a node that has undrained records" (a 100 ms stall for its other partitions)
never applies; a partition the engine has no room for is paused and resumed on its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from typing import Any, Final

from aiokafka import errors
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.subscription_state import Assignment, TopicPartitionState
from aiokafka.structs import TopicPartition

from sla_engine.engine.ports import RawBatch
from sla_engine.errors import LogError, PositionLost, SlaError
from sla_engine.stream.consumer import Feed
from sla_engine.stream.holding import RETRY_S, Holding
from sla_engine.stream.kafka.decode import decode
from sla_engine.stream.kafka.group_faults import from_aiokafka
from sla_engine.stream.link import Link

FLAW_TRIES: Final = 3
"""A batch that cannot be decoded is fetched again this often: the flaw may be the wire's."""

log = logging.getLogger(__name__)

Actions = tuple[list[Any], dict[Any, Any], float, bool, list[Any]]


class RawFetcher(Fetcher):  # type: ignore[misc]
    """Fetches the claimed partitions and delivers what comes; otherwise idle."""

    def __init__(
        self,
        client: Any,
        subscriptions: Any,
        *,
        feed: Feed,
        **options: Any,
    ) -> None:
        self._feed = feed
        self._holding = Holding(feed.inbox)
        self._claimed: Assignment | None = None
        self._link = Link("Kafka", log)
        self._flaws: dict[int, tuple[int, int]] = {}
        self._retry: asyncio.TimerHandle | None = None
        super().__init__(client, subscriptions, **options)

    def open(self, assignment: Assignment, offsets: Mapping[int, int]) -> None:
        """Read these partitions of the assignment from these offsets on."""
        for partition, offset in offsets.items():
            self.seek_to(TopicPartition(self._feed.topic, partition), offset)
        self._flaws.clear()
        self._claimed = assignment
        self._notify(self._wait_consume_future)

    def close_feed(self) -> None:
        """Deliver nothing more, neither what is held nor what is on its way."""
        self._claimed = None
        self._holding.drop()
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    async def failure(self) -> None:
        """Raise the next error that aiokafka has for whoever waits for records."""
        waiter = self._create_fetch_waiter()
        routine = self.error_future
        await asyncio.wait({waiter, routine}, return_when=asyncio.FIRST_COMPLETED)
        (routine if routine.done() else waiter).result()

    def _get_actions_per_node(self, assignment: Assignment) -> Actions:
        if assignment is not self._claimed:
            return [], {}, self._fetcher_timeout, False, []
        actions: Actions = super()._get_actions_per_node(assignment)
        return actions

    async def _proc_fetch_request(self, assignment: Assignment, node_id: int, request: Any) -> bool:
        """Send one fetch and deliver its answer; False, since no caller waits for records."""
        try:
            response = await self._client.send(node_id, request)
            self._link.answered()
            refused = self._answered(assignment, request, response)
            if errors.UnknownTopicOrPartitionError in refused:
                await self._feed.confirm()
            if refused:
                await asyncio.sleep(self._retry_backoff)
        except errors.KafkaError as error:
            self._link.lost(error)
            await asyncio.sleep(self._retry_backoff)
        except asyncio.CancelledError:
            return False
        except SlaError as error:
            self._give_up(error)
        except Exception as error:
            log.exception("an answer of Kafka could not be handed on")
            self._give_up(LogError(f"Kafka: an answer could not be handed on: {error!r}"))
        return False

    def _answered(self, assignment: Assignment, request: Any, response: Any) -> set[type]:
        """Hand on what came; the kinds of errors among it. Never awaits: revocation is whole."""
        asked = {
            (topic, partition): offset
            for topic, partitions in request.topics
            for partition, offset, _ in partitions
        }
        refused: set[type] = set()
        for topic, partitions in response.topics:
            for partition, code, end_offset, *rest in partitions:
                tp = TopicPartition(topic, partition)
                state = assignment.state_value(tp)
                if assignment is not self._claimed or state.position != asked[topic, partition]:
                    continue
                if code == 0:
                    state.highwater = end_offset
                    self._deliver(tp, state, rest[-1] or b"", end_offset)
                else:
                    refused.add(self._refused(tp, state, errors.for_code(code)))
        return refused

    def _deliver(
        self, tp: TopicPartition, state: TopicPartitionState, message_set: bytes, end_offset: int
    ) -> None:
        batches = self._batches(tp, state, message_set, end_offset)
        if message_set and not self._holding.offer(tp.partition, batches):
            self._hold(state)
        self._feed.inbox.end_seen(tp.partition, end_offset)

    def _batches(
        self, tp: TopicPartition, state: TopicPartitionState, message_set: bytes, end_offset: int
    ) -> Iterator[RawBatch]:
        """Decodes one after the other, as the inbox takes them, and moves the position along."""
        position = state.position
        for decoded in decode(
            message_set, tp.partition, position, end_offset, check_crcs=self._check_crcs
        ):
            batch = decoded.batch
            if batch.next_offset > position:
                position = batch.next_offset
                state.consumed_to(position)
                yield batch
            if decoded.flaw:
                self._flawed(tp, position, decoded.flaw)

    def _hold(self, state: TopicPartitionState) -> None:
        state.pause()
        if self._retry is None:
            self._retry = self._loop.call_later(RETRY_S, self._offer_again)

    def _offer_again(self) -> None:
        self._retry = None
        assignment = self._claimed
        if assignment is None:
            return
        try:
            freed = self._holding.offer_again()
        except SlaError as error:
            self._give_up(error)
            return
        for partition in freed:
            assignment.state_value(TopicPartition(self._feed.topic, partition)).resume()
        if self._holding.partitions:
            self._retry = self._loop.call_later(RETRY_S, self._offer_again)

    def _flawed(self, tp: TopicPartition, offset: int, flaw: str) -> None:
        known, tries = self._flaws.get(tp.partition, (offset, 0))
        tries = tries + 1 if known == offset else 1
        self._flaws[tp.partition] = (offset, tries)
        if tries >= FLAW_TRIES:
            raise LogError(
                f"{tp.topic}[{tp.partition}] at offset {offset}: {flaw}, {tries} times over."
                " Nothing was skipped. Repair the log (another replica may be sound), or move the"
                " position past the batch by hand.",
                code="LOG_CORRUPT",
            )

    def _refused(self, tp: TopicPartition, state: TopicPartitionState, kind: type) -> type:
        if kind is errors.OffsetOutOfRangeError:
            raise PositionLost(
                f"{tp.topic}[{tp.partition}]: the log no longer has offset {state.position}, its"
                " retention has passed it or its end was cut off. Nothing was skipped and nothing"
                " reset."
            )
        if kind is errors.TopicAuthorizationFailedError:
            raise from_aiokafka(kind(tp.topic), f"read {tp.topic}")
        log.info("Kafka: %s[%d]: %s; trying again", tp.topic, tp.partition, kind.__name__)
        self._client.force_metadata_update()
        return kind

    def _give_up(self, error: SlaError) -> None:
        self.close_feed()
        self._feed.report(error)
