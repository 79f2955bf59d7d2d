"""The half of a Faust consumer that both logs share: claim, release, advisory commits.

Order per assignment: Faust assigns -> `perform_seek` -> the engine claims -> positions are
checked against the log -> reading starts. On revocation reading ends first, then the engine
lets go, then Faust goes on (platform-notes sections 1.6 and 1.7).
"""

from __future__ import annotations

import abc
import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from faust.transport.consumer import Consumer, Fetcher
from faust.types import TP
from mode import Service

from sla_engine.engine.ports import Inbox
from sla_engine.errors import PositionLost, SlaError
from sla_engine.stream.claims import Claims

EARLIEST: Final = -2
"""The inbox's answer for a partition without stored state."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Feed:
    """What a transport carries for its consumer."""

    inbox: Inbox
    topic: str
    report: Callable[[SlaError], None]
    claim_timeout_s: float
    confirm: Callable[[], Awaitable[None]]
    """Returns when the topic is the one this worker began with, raises when it is another."""


class IdleFetcher(Fetcher):
    """Faust's fetcher without its loop: the logs push batches, nothing is polled for."""

    mundane_level = "debug"

    @Service.task
    async def _fetcher(self) -> None:
        try:
            await self.wait_until_stopped()
        finally:
            self.set_shutdown()


class InboxConsumer(Consumer):
    """Claims what Faust assigns, and lets go of it before Faust revokes it."""

    mundane_level = "debug"
    feed: Feed
    claims: Claims

    def __post_init__(self) -> None:
        super().__post_init__()
        self.feed = self.transport.feed  # type: ignore[attr-defined]
        self.claims = Claims(self.feed.inbox, timeout_s=self.feed.claim_timeout_s)
        self._claiming: asyncio.Future[Any] | None = None
        self._assigned = False

    @abc.abstractmethod
    async def bounds(self, partitions: list[int]) -> dict[int, tuple[int, int]]:
        """Earliest and end offset of each, from the log itself; waits while it is unavailable."""

    @abc.abstractmethod
    async def open_log(self, offsets: Mapping[int, int], generation: int) -> None:
        """Start reading at these offsets, unless `generation` is no longer the assignment's."""

    @abc.abstractmethod
    async def close_log(self) -> None:
        """Stop reading; when it returns nothing more is delivered until the next `open_log`."""

    @abc.abstractmethod
    async def commit_positions(self, positions: Mapping[int, int]) -> None:
        """Tell the log how far the engine is; for dashboards only, so it never raises."""

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """A claim is allowed from here to the next revocation."""
        self._assigned = True
        await super().on_partitions_assigned(assigned, generation_id)
        if not assigned:
            # Faust seeks nothing then; but the reason may be that the topic is gone.
            await self.perform_seek()

    async def perform_seek(self) -> None:
        """Claim the assignment. In the background: Faust would give up on a long claim.

        Faust may call this when the assignment is already revoked again; a claim then would take
        partitions away from their next owner.
        """
        if self._assigned:
            await self._stop_claiming()
            self._claiming = self.add_future(self._claim(int(self.app.consumer_generation_id)))

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Let the engine finish before the group goes on."""
        await self.let_go()
        await super().on_partitions_revoked(revoked)

    async def let_go(self) -> None:
        """Stop reading and have the engine let go of everything; can be called again."""
        self._assigned = False
        await self._stop_claiming()
        await self.close_log()
        positions = dict(self.feed.inbox.positions())
        await self.claims.release()
        await self.commit_positions(positions)

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """Commit what the engine made durable; Faust calls it every commit interval."""
        await self.commit_positions(dict(self.feed.inbox.positions()))
        return True

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Faust watches its own fetch loop here, which does not run."""

    async def _stop_claiming(self) -> None:
        claiming, self._claiming = self._claiming, None
        if claiming is not None:
            claiming.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await claiming

    async def _claim(self, generation: int) -> None:
        topic = self.feed.topic
        partitions = sorted(tp.partition for tp in self.assignment() if tp.topic == topic)
        try:
            await self.feed.confirm()
            if not partitions:
                return
            stored = await self.claims.claim(partitions)
            bounds = await self.bounds(partitions)
            offsets = {p: checked(topic, p, stored[p], bounds[p]) for p in partitions}
            await self.open_log(offsets, generation)
        except SlaError as error:
            self.feed.report(error)


def checked(topic: str, partition: int, stored: int, bounds: tuple[int, int]) -> int:
    """The offset to read from; PositionLost when the log does not have the stored one."""
    earliest, end = bounds
    if stored == EARLIEST:
        return earliest
    if earliest <= stored <= end:
        return stored
    what = "were removed by its retention" if stored < earliest else "do not exist"
    raise PositionLost(
        f"{topic}[{partition}]: the stored position is {stored}, the log holds {earliest} to"
        f" {end}: the records in between {what}. Nothing was skipped and nothing reset. Restore"
        " the log, or give the engine an empty store to start anew from what is there."
    )
