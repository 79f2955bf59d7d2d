"""What a worker does beside its turns: a slice of a checkpoint round, trims of the outbox."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from sla_engine.engine.checkpoint import Round
from sla_engine.engine.failpoints import checkpoint_every_ms
from sla_engine.engine.owned import Owned
from sla_engine.engine.ports import Clock
from sla_engine.errors import SlaError, StoreError, StoreRefused, StoreUnavailable
from sla_engine.limits import CHECKPOINT_CALL_BYTES_MAX

log = logging.getLogger(__name__)

#: Partitions whose checkpoint is overdue this long are written even when little has changed.
CHECKPOINT_EVERY_MS = checkpoint_every_ms(60_000)
#: Slices beside one message, however much was written to the journal.
SLICES_MAX = 8
#: And one this often, though little was written and messages never cease.
SLICE_EVERY_MS = 100
#: After a write that the store did not take.
PAUSE_MS = 1_000


class Housekeeping:
    """Rounds of the owned partitions.

    `land` waits for the call that is on its way: a page may never be ahead of the journal.
    `refused` is told of a partition that must be given up.
    """

    def __init__(
        self,
        clock: Clock,
        land: Callable[[], None],
        refused: Callable[[Owned, SlaError], None],
    ) -> None:
        self._clock = clock
        self._land = land
        self._refused = refused
        self._rounds: dict[int, Round] = {}
        self._begun: dict[int, int] = {}  # by partition: when its latest round began
        self._not_before = 0
        self._beside = 0  # when a slice was last made beside a message, whatever was written
        self._paid: dict[int, int] = {}  # by partition: journal bytes that slices were made for

    def own(self, owned: Owned) -> None:
        """A partition was claimed."""
        self._rounds[owned.number] = Round(owned)
        self._begun[owned.number] = self._clock.now_ms()
        self._paid[owned.number] = owned.written_bytes

    def forget(self, number: int) -> None:
        """A partition is owned no more."""
        self._rounds.pop(number, None)
        self._begun.pop(number, None)
        self._paid.pop(number, None)

    def wait_ms(self, most: int) -> int:
        """How long until there is something to do; `most` when nothing is known."""
        if any(each.is_running for each in self._rounds.values()):
            return max(0, min(most, self._not_before - self._clock.now_ms()))
        return most

    def beside_a_message(self) -> None:
        """As many bytes of checkpoint as of journal: rounds end, and turns keep their time.

        A round then ends after at most as much journal as there are pages to write.
        """
        for number, each in list(self._rounds.items()):
            owed = each.owned.written_bytes - self._paid.get(number, each.owned.written_bytes)
            slices = min(SLICES_MAX, owed // CHECKPOINT_CALL_BYTES_MAX)
            if slices:
                self._paid[number] += slices * CHECKPOINT_CALL_BYTES_MAX
                self.checkpoint(slices)
        now = self._clock.now_ms()
        if now - self._beside >= SLICE_EVERY_MS:
            self._beside = now
            self.checkpoint()

    def checkpoint(self, slices: int = 1) -> None:
        """So many slices of the round that is running, or of the next one that is due."""
        for _ in range(slices):
            now = self._clock.now_ms()
            if now < self._not_before or not self._has_work(now):
                return
            self._land()
            running = self._running(now)
            if running is None:
                return
            self._guarded(running.owned, running.step)

    def relieve(self, partitions: Iterable[Owned]) -> None:
        """While a turn waits for the store: give back what the outboxes no longer need.

        No page is written then: memory is ahead of the journal.
        """
        if self._clock.now_ms() >= self._not_before:
            self.trim(partitions)

    def trim(self, partitions: Iterable[Owned]) -> None:
        """Drop acknowledged alerts from the outboxes."""
        for owned in partitions:
            self._guarded(owned, owned.trim)

    def _has_work(self, now: int) -> bool:
        return any(
            each.is_running or each.is_due(force=now - self._begun[number] > CHECKPOINT_EVERY_MS)
            for number, each in self._rounds.items()
        )

    def _running(self, now: int) -> Round | None:
        for number, each in self._rounds.items():
            if each.is_running:
                return each
            if each.is_due(force=now - self._begun[number] > CHECKPOINT_EVERY_MS):
                self._begun[number] = now
                each.begin()
                return each
        return None

    def _guarded(self, owned: Owned, act: Callable[[], None]) -> None:
        """Fenced gives the partition up; no answer, or no room, means later."""
        try:
            act()
        except (StoreUnavailable, StoreRefused) as error:
            log.warning("the store does not take a write, later: %s", error)
            self._not_before = self._clock.now_ms() + PAUSE_MS
        except StoreError as error:  # Fenced, or what is to be trimmed was never written there
            self._refused(owned, error)
