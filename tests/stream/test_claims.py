"""Waiting for the engine's answers, and holding what it has no room for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future

import numpy as np
import pytest

from sla_engine.engine.ports import RawBatch
from sla_engine.errors import Fenced, PositionLost, SlaError, StoreUnavailable
from sla_engine.stream.claims import Claims
from sla_engine.stream.consumer import EARLIEST, checked
from sla_engine.stream.holding import Holding
from tests.stream.inboxes import MemoryInbox


def batch(partition: int, offset: int) -> RawBatch:
    """A batch of one record."""
    span = np.array([0], np.int32)
    return RawBatch(
        partition,
        np.zeros(1, np.uint8),
        np.array([offset]),
        *(span, span, span, span),
        append_ms=np.array([0]),
        next_offset=offset + 1,
        end_offset=offset + 1,
    )


class Silent(MemoryInbox):
    """Never answers."""

    future: Future[dict[int, int]]

    def assign(self, partitions: Sequence[int]) -> Future[dict[int, int]]:
        super().assign(partitions)
        self.future = Future()
        return self.future


def test_a_claim_gives_the_positions() -> None:
    claims = Claims(MemoryInbox(stored={1: 7}), timeout_s=5)
    assert asyncio.run(claims.claim([0, 1])) == {0: EARLIEST, 1: 7}


def test_a_claim_that_is_given_up_does_not_cancel_the_engines_future() -> None:
    inbox = Silent()

    async def give_up() -> None:
        task = asyncio.create_task(Claims(inbox, timeout_s=5).claim([0]))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(give_up())
    assert inbox.future.set_running_or_notify_cancel()


def test_an_engine_that_never_answers_is_an_error() -> None:
    with pytest.raises(SlaError, match=r"no answer to claim of partitions \[3\]") as caught:
        asyncio.run(Claims(Silent(), timeout_s=0.01).claim([3]))
    assert caught.value.code == "CLAIM_TIMEOUT"


def test_what_was_asked_for_is_released_once_even_if_it_was_never_answered() -> None:
    inbox = Silent()

    async def ask_and_release() -> None:
        claims = Claims(inbox, timeout_s=0.01)
        with pytest.raises(SlaError):
            await claims.claim([0, 2])
        await claims.release()
        await claims.release()

    asyncio.run(ask_and_release())
    assert inbox.calls == [("assign", (0, 2)), ("revoke", (0, 2))]


def test_a_claim_that_failed_needs_no_release() -> None:
    inbox = MemoryInbox(assign_error=StoreUnavailable("away"))

    async def interrupted() -> None:
        claims = Claims(inbox, timeout_s=5)
        task = asyncio.create_task(claims.claim([0]))
        while not inbox.calls:
            await asyncio.sleep(0)
        for _ in range(10):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await claims.release()

    asyncio.run(interrupted())
    assert {call for call, _ in inbox.calls} == {"assign"}


def test_a_release_that_fails_does_not_hold_up_the_group() -> None:
    class Refusing(MemoryInbox):
        def revoke(self, partitions: Sequence[int]) -> Future[None]:
            future: Future[None] = Future()
            future.set_exception(Fenced("not yours"))
            return future

    async def release() -> None:
        claims = Claims(Refusing(), timeout_s=5)
        await claims.claim([0])
        await claims.release()

    asyncio.run(release())


@pytest.mark.parametrize(("stored", "offset"), [(EARLIEST, 5), (5, 5), (7, 7), (9, 9)])
def test_positions_inside_the_log_are_taken(stored: int, offset: int) -> None:
    assert checked("incidents", 3, stored, (5, 9)) == offset


@pytest.mark.parametrize(("stored", "why"), [(4, "removed by its retention"), (10, "not exist")])
def test_positions_outside_the_log_are_refused(stored: int, why: str) -> None:
    with pytest.raises(PositionLost, match=rf"incidents\[3\].*5 to 9.*{why}"):
        checked("incidents", 3, stored, (5, 9))


def test_held_batches_keep_their_order_and_their_rest_is_not_made_before() -> None:
    inbox = MemoryInbox(full=True)
    holding = Holding(inbox)
    made: list[int] = []

    def batches():  # type: ignore[no-untyped-def]
        for offset in range(3):
            made.append(offset)
            yield batch(0, offset)

    assert not holding.offer(0, batches())
    assert made == [0]
    assert holding.offer_again() == []
    assert holding.partitions == {0}
    inbox.full = False
    assert holding.offer_again() == [0]
    assert inbox.next_offset == {0: 3}
    assert inbox.received() == 3
    assert not holding.partitions


def test_dropped_batches_are_not_offered_again() -> None:
    inbox = MemoryInbox(full=True)
    holding = Holding(inbox)
    holding.offer(0, iter([batch(0, 0)]))
    holding.drop()
    inbox.full = False
    assert holding.offer_again() == []
    assert inbox.received() == 0
