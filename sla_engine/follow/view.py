"""One partition as its owner made it durable: rows and histories, kept up as the journal grows.

The same decoders as at a claim (engine.recovery), over the same bytes; only nothing is claimed.
After a gap a view is thrown away and another one loaded.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from sla_engine.clock.layout import ENDED, MERGED
from sla_engine.engine.checkpoint import chunk_name, page_name
from sla_engine.engine.entries import entries_in
from sla_engine.engine.images import read_journal_entry, read_page
from sla_engine.engine.loading import Reader
from sla_engine.engine.partition import Partition
from sla_engine.engine.ports import Store
from sla_engine.engine.recovery import put_images
from sla_engine.engine.shard import PAGE_SHIFT
from sla_engine.event.hashing import incident_key
from sla_engine.follow.follower import Follower, News
from sla_engine.follow.names import FollowedNames, Profiles
from sla_engine.limits import HISTORY_CHUNK_INCIDENTS
from sla_engine.policy.tables import RuleBook

ENTRIES_PER_POLL: Final = 16
"""Journal entries of one read: at most 16 MB, which the store sends in a few milliseconds."""
_PAGE: Final = page_name(0)[:-1]

log = logging.getLogger(__name__)


@dataclass
class Changes:
    """What a step brought: rows that are new or other, and the versions they were written under.

    `anew`: the partition was loaded, so every row counts as changed and rows may be gone.
    """

    rows: set[int] = field(default_factory=set)
    versions: set[str] = field(default_factory=set)
    anew: bool = False

    def add(self, more: Changes) -> None:
        """What came after."""
        self.rows |= more.rows
        self.versions |= more.versions


class PartitionView:
    """Rows and histories of one partition. `read` asks the store, `take` changes the view.

    A deleted incident has no history here, whatever the store still has of it.
    """

    def __init__(self, store: Store, number: int, book: RuleBook, profiles: Profiles) -> None:
        self.number = number
        self.clock_ms = 0
        self.partition = Partition(number, book)
        self._follower = Follower(store, number, blob_names)
        self._names = FollowedNames(store, book, number, profiles)
        self._reader = Reader()
        self._row_of: dict[tuple[int, int], int] = {}
        self._histories: dict[int, list[bytes]] = {}
        self._gone: set[int] = set()  # histories of deleted incidents
        self._end = -1  # the last journal entry there was when it was loaded
        self._loaded = False

    @property
    def is_current(self) -> bool:
        """Whether it has everything that was there when it was loaded."""
        return self._loaded and self._follower.position >= self._end

    # ------------------------------------------------------------------ reading

    def read(self) -> News | None:
        """New journal entries; None when this view is of no use and another one must load."""
        if not self._loaded:
            return None
        news = self._follower.poll(ENTRIES_PER_POLL)
        if news.reload:
            log.info("partition %d is loaded anew: %s", self.number, news.reload)
            self._loaded = False
            return None
        return news

    def load(self, lock: AbstractContextManager[Any]) -> Changes:
        """Read all pages, a few at a time; the journal behind them comes by `read`.

        `lock` is held while the rule book may grow, not while the store is asked.
        """
        header, blobs = self._follower.walk()
        with lock:
            pages = int(header.extra.get("pages", b"0"))
            self.partition.reserve_all(pages << PAGE_SHIFT)
        self.clock_ms = int(header.extra.get("clock", b"0"))
        self._end = header.sequence
        changes = Changes(anew=True)
        for name, blob in blobs:
            if blob is None:
                continue
            with lock:
                if name.startswith(_PAGE):
                    changes.rows |= self._put(read_page(blob))
                else:
                    self._add(blob)
        if "policies" in header.extra:
            changes.versions.add(header.extra["policies"].decode())
        self._loaded = True
        return changes

    def take(self, news: News) -> Changes:
        """Take in journal entries."""
        changes = Changes()
        for _, blob in news.entries:
            entry = read_journal_entry(blob)
            self._add(entry.history)
            changes.rows |= self._put(entry.images)
            changes.versions.add(entry.version)
            self.clock_ms = max(self.clock_ms, entry.clock_ms)
        return changes

    def _put(self, images: bytes) -> set[int]:
        if not images:
            return set()
        rows = np.unique(put_images(images, self.partition, self._names, self._reader))
        some = self.partition.work.incidents[rows]
        keys = zip(some["key1"].tolist(), some["key2"].tolist(), strict=True)
        self._row_of.update(zip(keys, rows.tolist(), strict=True))
        for history in some["history"][some["flags"] & (ENDED | MERGED) == ENDED].tolist():
            self._gone.add(history)
            self._histories.pop(history, None)
        return set(rows.tolist())

    def _add(self, stored: bytes) -> None:
        for history, packed in entries_in(stored):
            if history not in self._gone:
                self._histories.setdefault(history, []).append(packed)

    # ------------------------------------------------------------------ asking

    def rows(self) -> list[int]:
        """Every row in use."""
        return list(self._row_of.values())

    def find(self, tenant: str, incident: str) -> int | None:
        """The row of an incident; None when it is not known."""
        return self.row(incident_key(tenant, incident))

    def row(self, key: tuple[int, int]) -> int | None:
        """The same by the incident's key."""
        return self._row_of.get(key)

    def key(self, row: int) -> tuple[int, int]:
        """What `find` looks the incident of a row up by."""
        incident = self.partition.work.incidents[row]
        return int(incident["key1"]), int(incident["key2"])

    def history(self, row: int) -> bytes:
        """The packed history of a row's incident; empty when it was deleted."""
        number = int(self.partition.work.incidents[row]["history"])
        return b"".join(self._histories.get(number, ()))


def blob_names(extra: Mapping[str, bytes]) -> list[str]:
    """The pages and the histories of a partition whose header has these fields."""
    pages = int(extra.get("pages", b"0"))
    histories = int(extra.get("histories", b"0"))
    chunks = range(0, histories, HISTORY_CHUNK_INCIDENTS)
    return [page_name(n) for n in range(pages)] + [chunk_name(first) for first in chunks]
