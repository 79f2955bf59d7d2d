"""Batches that the engine had no room for: kept in order, offered again, never dropped."""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Final

from sla_engine.engine.ports import Inbox, RawBatch

RETRY_S: Final = 0.003
"""How soon a refused batch is offered again; the engine takes some milliseconds per batch."""


class Holding:
    """Offers batches to the inbox. A partition with a refused batch must not be read further.

    So it holds at most what one fetch brings per partition, the part behind the refused batch
    not even decoded. Used from one thread.
    """

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._held: dict[int, tuple[RawBatch, Iterator[RawBatch]]] = {}

    @property
    def partitions(self) -> Set[int]:
        """The partitions that wait for room."""
        return self._held.keys()

    def offer(self, partition: int, batches: Iterator[RawBatch]) -> bool:
        """Hand the batches on in order; False when one was refused: it and the rest are held."""
        assert partition not in self._held, "a held partition was read further"
        for batch in batches:
            if not self._inbox.deliver(batch):
                self._held[partition] = (batch, batches)
                return False
        return True

    def offer_again(self) -> list[int]:
        """Offer what is held; the partitions that hold nothing any more."""
        freed: list[int] = []
        for partition, (batch, rest) in list(self._held.items()):
            if self._inbox.deliver(batch):
                del self._held[partition]
                if self.offer(partition, rest):
                    freed.append(partition)
        return freed

    def drop(self) -> None:
        """Forget all: the partitions were revoked, whoever owns them next reads them again."""
        self._held.clear()
