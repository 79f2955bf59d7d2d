"""Open incidents as the store has them, read beside the workers and without disturbing them.

The rows say which incidents are open; clocks, dues and scores come from folding each one's
history up to now, as explanations and replays do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sla_engine.cli.common import load
from sla_engine.clock.layout import ENDED
from sla_engine.engine.checkpoint import page_name
from sla_engine.engine.customers import learn
from sla_engine.engine.entries import entries_in
from sla_engine.engine.images import read_journal_entry, read_page
from sla_engine.engine.loading import Image, read_images
from sla_engine.engine.policy_store import book_of
from sla_engine.engine.ports import Store
from sla_engine.engine.refold import Folder
from sla_engine.event.hashing import incident_key
from sla_engine.event.packed import unpack_all
from sla_engine.follow.follower import Follower
from sla_engine.follow.shown import FINISHED, ShownIncident, shown_of
from sla_engine.follow.view import blob_names
from sla_engine.policy import load_directory
from sla_engine.policy.tables import RuleBook


class PartitionView:
    """Rows and histories of one partition, kept up to date by `refresh`."""

    def __init__(self, store: Store, partition: int) -> None:
        self._follower = Follower(store, partition, blob_names)
        self._rows: dict[int, Image] = {}
        self._histories: dict[int, list[bytes]] = {}
        self._loaded = False

    def refresh(self) -> None:
        """Take in what was written since; anew from the pages when the journal has a gap."""
        while True:
            if not self._loaded:
                self._load()
            news = self._follower.poll()
            if news.reload:
                self._loaded = False
                continue
            for _, blob in news.entries:
                self._take(blob)
            if not news.entries:
                return

    def open(self) -> Iterator[bytes]:
        """The packed history of every open incident."""
        for image in self._rows.values():
            row = image.incident[0]
            if int(row["status"]) not in FINISHED and not int(row["flags"]) & ENDED:
                yield b"".join(self._histories.get(int(row["history"]), ()))

    def history(self, tenant: str, incident: str) -> bytes:
        """The packed history of one incident, open or finished; empty when none is known."""
        keys = incident_key(tenant, incident)
        for image in self._rows.values():
            row = image.incident[0]
            if (int(row["key1"]), int(row["key2"])) == keys:
                return b"".join(self._histories.get(int(row["history"]), ()))
        return b""

    def _load(self) -> None:
        self._rows, self._histories = {}, {}
        for name, blob in self._follower.load().blobs.items():
            if blob is None:
                continue
            if name.startswith(_PAGE):
                self._rows.update((image.row, image) for image in read_images(read_page(blob)))
            else:
                for history, packed in entries_in(blob):
                    self._histories.setdefault(history, []).append(packed)
        self._loaded = True

    def _take(self, blob: bytes) -> None:
        entry = read_journal_entry(blob)
        self._rows.update((image.row, image) for image in read_images(entry.images))
        for history, packed in entries_in(entry.history):
            self._histories.setdefault(history, []).append(packed)


_PAGE: Final = page_name(0)[:-1]


class Queue:
    """All open incidents of the store."""

    def __init__(self, store: Store, partitions: int, book: RuleBook) -> None:
        self._views = [PartitionView(store, partition) for partition in range(partitions)]
        self._book = book
        self._folder = Folder(book)

    def at(self, now_ms: int) -> list[ShownIncident]:
        """The open incidents at that instant, the highest score first, then the nearest due."""
        found = []
        for view in self._views:
            view.refresh()
            for history in view.open():
                batch = unpack_all(history)
                if len(batch.events):
                    folded = self._folder.fold(batch, now_ms, report=True)
                    found.append(shown_of(self._book, self._folder, folded))
        found.sort(key=lambda one: (-one.score, one.next_due or "~", one.tenant, one.incident))
        return found


@contextmanager
def open_queue(config: Path | None, policies: Path | None) -> Iterator[Queue]:
    """The queue of the store and policies that the settings name."""
    from sla_engine.cli.wiring import open_services
    from sla_engine.store.redis_store import RedisStore

    settings = load(config, {"policies.dir": str(policies)} if policies else {})
    first = load_directory(settings.policies.dir)
    services = open_services(settings)
    try:
        partitions = services.log.ensure_topics(settings.kafka.partitions).partitions
        store = RedisStore(services.redis_url)
        try:
            book = book_of(store, first)
            learn(store, book)
            yield Queue(store, partitions, book)
        finally:
            store.close()
    finally:
        services.close()


def of(found: Iterable[ShownIncident], **wanted: str | None) -> list[ShownIncident]:
    """Those whose attributes are as wanted; None = any."""
    asked = {name: value for name, value in wanted.items() if value is not None}
    return [
        one
        for one in found
        if all(str(one.attributes.get(name, "")) == value for name, value in asked.items())
    ]
