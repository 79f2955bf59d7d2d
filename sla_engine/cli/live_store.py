"""Open incidents as the store has them, read beside the workers and without disturbing them.

The rows say which incidents are open; clocks, dues and scores come from folding each one's
history up to now, as explanations and replays do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sla_engine.cli.common import load
from sla_engine.clock.layout import ENDED, State
from sla_engine.engine.checkpoint import chunk_name, page_name
from sla_engine.engine.customers import learn
from sla_engine.engine.entries import entries_in
from sla_engine.engine.images import read_journal_entry, read_page
from sla_engine.engine.loading import Image, read_images
from sla_engine.engine.policy_store import book_of
from sla_engine.engine.ports import Store
from sla_engine.engine.refold import Folded, Folder
from sla_engine.engine.report import clock_reports
from sla_engine.event.hashing import incident_key
from sla_engine.event.packed import unpack_all
from sla_engine.limits import HISTORY_CHUNK_INCIDENTS
from sla_engine.policy import load_directory
from sla_engine.policy.model import StatusClass
from sla_engine.policy.tables import RuleBook
from sla_engine.score.kernels import base_of_incident, urgency
from sla_engine.store.follower import Follower

_CLOSED: Final = (int(StatusClass.RESOLVED), int(StatusClass.CLOSED))
_COUNTING: Final = (State.RUNNING, State.PAUSED)


@dataclass(frozen=True)
class OpenIncident:
    """One open incident now. `clocks` as contracts section 3; `score` as design section 4."""

    tenant: str
    incident: str
    score: int
    attributes: Mapping[str, Any]
    clocks: Sequence[Mapping[str, Any]]

    @property
    def running(self) -> list[Mapping[str, Any]]:
        """Its running and paused clocks, the nearest due first, the paused ones last."""
        found = [clock for clock in self.clocks if clock["state"] in ("running", "paused")]
        return sorted(found, key=lambda clock: (clock["due"] is None, clock["due"] or ""))

    @property
    def next_due(self) -> str | None:
        """The nearest due of a clock that is not broken yet."""
        ahead = [c["due"] for c in self.running if not c["breached"] and c["due"] is not None]
        return min(ahead, default=None)

    def shown(self) -> dict[str, Any]:
        """For --format json."""
        return {
            "tenant": self.tenant,
            "incident": self.incident,
            "score": self.score,
            "due": self.next_due,
            "attributes": dict(self.attributes),
            "clocks": list(self.clocks),
        }


class PartitionView:
    """Rows and histories of one partition, kept up to date by `refresh`."""

    def __init__(self, store: Store, partition: int) -> None:
        self._follower = Follower(store, partition, _blobs)
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
            if int(row["status"]) not in _CLOSED and not int(row["flags"]) & ENDED:
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


def _blobs(extra: Mapping[str, bytes]) -> list[str]:
    pages = int(extra.get("pages", b"0"))
    histories = int(extra.get("histories", b"0"))
    chunks = range(0, histories, HISTORY_CHUNK_INCIDENTS)
    return [page_name(n) for n in range(pages)] + [chunk_name(first) for first in chunks]


class Queue:
    """All open incidents of the store."""

    def __init__(self, store: Store, partitions: int, book: RuleBook) -> None:
        self._views = [PartitionView(store, partition) for partition in range(partitions)]
        self._book = book
        self._folder = Folder(book)

    def at(self, now_ms: int) -> list[OpenIncident]:
        """The open incidents at that instant, the highest score first, then the nearest due."""
        found = []
        for view in self._views:
            view.refresh()
            for history in view.open():
                batch = unpack_all(history)
                if len(batch.events):
                    folded = self._folder.fold(batch, now_ms, report=True)
                    found.append(_shown(self._book, self._folder, folded))
        found.sort(key=lambda one: (-one.score, one.next_due or "~", one.tenant, one.incident))
        return found


def _shown(book: RuleBook, folder: Folder, folded: Folded) -> OpenIncident:
    timeline = folded.timeline
    clocks = clock_reports(book, folded, folder.render(folded))
    attributes = timeline.after(len(folded.order))
    return OpenIncident(
        tenant=timeline.tenant,
        incident=timeline.incident,
        score=score_of(book, folded),
        attributes={name: value for name, value in attributes.items() if name != "requester"},
        clocks=clocks,
    )


def score_of(book: RuleBook, folded: Folded) -> int:
    """0..100 as of the fold's end: base, and the urgency of the tightest clock."""
    row = folded.incident[0]
    points = int(book.rules.profiles[int(row["profile"])]["base_score"])
    base = base_of_incident(points, int(row["reopens"]), int(row["handoffs"]), int(row["csat"]))
    counting = [clock for clock in folded.clocks if int(clock["state"]) in _COUNTING]
    return int(base) + max(
        (int(urgency(int(clock["elapsed"]), int(clock["target"]))) for clock in counting),
        default=0,
    )


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


def of(found: Iterable[OpenIncident], **wanted: str | None) -> list[OpenIncident]:
    """Those whose attributes are as wanted; None = any."""
    asked = {name: value for name, value in wanted.items() if value is not None}
    return [
        one
        for one in found
        if all(str(one.attributes.get(name, "")) == value for name, value in asked.items())
    ]
