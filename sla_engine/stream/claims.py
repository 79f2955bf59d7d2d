"""Which partitions the engine was asked to own, and the waiting for its answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import Future
from typing import TypeVar

from sla_engine.engine.ports import Inbox
from sla_engine.errors import ServiceUnavailable, SlaError
from sla_engine.limits import RETRY_FIRST_MS, RETRY_LAST_MS

T = TypeVar("T")

log = logging.getLogger(__name__)


class Claims:
    """Calls `assign` and `revoke` of the inbox in their order; used from one event loop.

    The engine answers from its own thread; nothing here blocks the loop, and giving up on an
    answer never cancels the engine's future. `timeout_s` bounds each answer.
    """

    def __init__(self, inbox: Inbox, *, timeout_s: float) -> None:
        self._inbox = inbox
        self._timeout_s = timeout_s
        self._asked: set[int] = set()

    async def claim(self, partitions: Sequence[int]) -> dict[int, int]:
        """Offset to read each from (-2: the earliest).

        While the store cannot be reached it asks again; every other error is the engine's answer
        (PositionLost: a person decides).
        """
        wait_ms = RETRY_FIRST_MS
        while True:
            self._asked.update(partitions)
            try:
                return await self._answer(self._inbox.assign(partitions), "claim", partitions)
            except ServiceUnavailable as error:
                self._asked.difference_update(partitions)
                log.warning("partitions %s are not claimed yet: %s", list(partitions), error)
            await asyncio.sleep(wait_ms / 1000)
            wait_ms = min(2 * wait_ms, RETRY_LAST_MS)

    async def release(self) -> None:
        """Have the engine let go of all that `claim` asked for, answered or not."""
        partitions = sorted(self._asked)
        self._asked.clear()
        if not partitions:
            return
        try:
            await self._answer(self._inbox.revoke(partitions), "revoke", partitions)
        except SlaError as error:
            # Its writes are refused from the next owner's claim on; waiting longer helps nobody.
            log.warning("partitions %s were not let go cleanly: %s", partitions, error)

    async def _answer(self, future: Future[T], what: str, partitions: Sequence[int]) -> T:
        answer = asyncio.wrap_future(future)
        answer.add_done_callback(_seen)
        try:
            return await asyncio.wait_for(asyncio.shield(answer), self._timeout_s)
        except TimeoutError:
            raise SlaError(
                f"the engine gave no answer to {what} of partitions {list(partitions)} within"
                f" {self._timeout_s:g} s",
                code="CLAIM_TIMEOUT",
            ) from None


def _seen(answer: asyncio.Future[T]) -> None:
    """An answer nobody waits for any more is no error of its own."""
    if not answer.cancelled():
        answer.exception()
