"""Claiming a partition: token first, then pages, then the journal behind them.

Afterwards memory is what it was at the last atomic call of whoever owned the partition before,
and the outbox holds what was not yet acknowledged by the broker.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from sla_engine.calendar import ALWAYS_INDEX
from sla_engine.clock.layout import IRREGULAR, State
from sla_engine.engine import personal
from sla_engine.engine.checkpoint import chunk_name, page_name
from sla_engine.engine.customers import learn
from sla_engine.engine.entries import entries_in
from sla_engine.engine.failpoints import reach
from sla_engine.engine.images import read_journal_entry, read_page
from sla_engine.engine.loading import Reader, StoredRows, translated
from sla_engine.engine.owned import Owned, Waiting, record_of
from sla_engine.engine.partition import Partition
from sla_engine.engine.partition_clock import PartitionClock
from sla_engine.engine.ports import LogIdentity, Store
from sla_engine.engine.publishing import mark
from sla_engine.engine.refold import Folder
from sla_engine.engine.shard import ENTRIES, HISTORIES, PAGE_SHIFT
from sla_engine.engine.turn import ReadHistory, Turn, TurnSettings
from sla_engine.errors import StoreError
from sla_engine.policy.tables import RuleBook
from sla_engine.timer.near import Near

_PAGES_PER_READ = 64
_JOURNAL_PER_READ = 256
_OUTBOX_PER_READ = 10_000


class Names:
    """What stored keys of profiles and calendars mean in this process."""

    def __init__(self, store: Store, book: RuleBook, number: int) -> None:
        self._store = store
        self._book = book
        (own,) = store.read(number, [personal.NAME])
        self.personal = personal.as_read(own or b"")
        # The profile of nothing is the same everywhere: stripped rows have it, unsaid.
        self._profiles = {int(book.profiles[book.blank]["key"]): book.blank}
        self._calendars: dict[int, int] = {}

    def profile(self, key: int) -> int:
        """The profile's number here."""
        found = self._profiles.get(key)
        if found is None:
            name = f"profile:{key:016x}"
            stored = self.personal.get(key) or self._store.shared(name).get(name)
            if stored is None:
                raise StoreError(f"the store has rows under {name} but not what it means")
            found = self._profiles[key] = self._book.load_profile(stored)
        return found

    def calendar(self, key: int) -> int:
        """The calendar's index here; a clock that never ran has none (key 0)."""
        if not key:
            return ALWAYS_INDEX
        found = self._calendars.get(key)
        if found is None:
            name = f"calendar:{key:08x}"
            stored = self._store.shared(name).get(name)
            if stored is None:
                raise StoreError(f"the store has clocks under {name} but not what it means")
            told = json.loads(stored)
            found = self._book.load_calendar(told["name"], told["zone"])
            self._calendars[key] = found
        return found


def claim(
    store: Store,
    number: int,
    token: bytes,
    identity: LogIdentity,
    book: RuleBook,
    folder: Folder,
    settings: TurnSettings,
    clock: PartitionClock,
) -> Owned:
    """Become the owner and load the partition. PositionLost if the log is another one."""
    header = store.claim(number, token, identity)
    reach("in_claim")
    partition = Partition(number, book)
    turn = Turn(partition, folder, history_reader(store, number), settings)
    owned = Owned(number, token, partition, turn, clock, store, sequence=header.sequence)
    owned.next_offset = header.next_offset
    owned.alerts_position = header.alerts_position
    names = Names(store, book, number)
    owned.personal.stored = names.personal
    learn(store, book)
    reader = Reader()
    pages = int(header.extra.get("pages", b"0"))
    _load_pages(store, number, pages, partition, names, reader)
    stored = int(header.extra.get("histories", b"0"))
    partition.stored_upto = stored
    levels = partition.shard.levels
    levels[HISTORIES] = max(int(levels[HISTORIES]), stored)
    clock_ms = int(header.extra.get("clock", b"0"))
    written_under = {header.extra[name].decode() for name in ("policies",) if name in header.extra}
    for _, blob in _journal(store, number, header.trimmed_to):
        entry = read_journal_entry(blob)
        # The pages lack what the journal says: the next round must write them before it trims.
        partition.mark_pages(put_images(entry.images, partition, names, reader))
        partition.load_history(entry.history)
        clock_ms = max(clock_ms, entry.clock_ms)
        written_under.add(entry.version)
        owned.journal_bytes += len(blob)
    partition.rebuild_index()
    owned.committed_entries = int(partition.shard.levels[ENTRIES])
    clock.value_ms = max(clock.value_ms, clock_ms)
    partition.clock_ms = clock.value_ms
    owned.near = Near()
    if written_under - {book.editions.version}:
        mark(owned.partition)
    _fill_outbox(store, owned)
    return owned


def history_reader(store: Store, number: int) -> ReadHistory:
    """Reads stored history, all incidents of a call in one round trip."""

    def read(histories: Sequence[int]) -> dict[int, bytes]:
        names = sorted({chunk_name(history) for history in histories})
        wanted = set(histories)
        parts: dict[int, list[bytes]] = {history: [] for history in histories}
        for chunk in store.read(number, names):
            for history, packed in entries_in(chunk or b""):
                if history in wanted:
                    parts[history].append(packed)
        return {history: b"".join(found) for history, found in parts.items()}

    return read


def _load_pages(
    store: Store, number: int, count: int, partition: Partition, names: Names, reader: Reader
) -> None:
    partition.reserve_all(count << PAGE_SHIFT)
    for first in range(0, count, _PAGES_PER_READ):
        wanted = [page_name(n) for n in range(first, min(count, first + _PAGES_PER_READ))]
        pages = [read_page(blob) for blob in store.read(number, wanted) if blob is not None]
        put_images(b"".join(pages), partition, names, reader)


def put_images(
    images: bytes, partition: Partition, names: Names, reader: Reader
) -> NDArray[np.int64]:
    """Put images of rows in place; their numbers, good until the reader is used again.

    StoreError if the store lacks what they name.
    """
    read = reader.read(images)
    read.incidents["profile"] = translated(read.incidents["profile_key"], names.profile)
    read.clocks["calendar"] = translated(read.clocks["calendar_key"], names.calendar)
    name_definitions(partition.book, read)
    partition.load(read.rows, read.incidents, read.owners, read.clocks)
    return read.rows


def name_definitions(book: RuleBook, read: StoredRows) -> None:
    """A definition that joins two editions has another number in every process: take ours."""
    for name in ("definition", "seen_definition"):
        joined = read.clocks[name] >= book.definitions.written
        if joined.any():
            profiles = read.incidents["profile"][read.owners[joined]]
            plans = book.plan[profiles, read.clocks["column"][joined]]
            ended = ~np.isin(read.clocks["state"][joined], (State.RUNNING, State.PAUSED))
            # What an ended clock went by, its incident's history alone can tell.
            read.incidents["flags"][read.owners[joined][ended]] |= IRREGULAR
            read.clocks[name][joined] = np.maximum(plans["definition"], 0)


def _journal(store: Store, number: int, after: int) -> Iterable[tuple[int, bytes]]:
    while True:
        entries = store.journal(number, after, _JOURNAL_PER_READ)
        if not entries:
            return
        yield from entries
        after = entries[-1][0]


def _fill_outbox(store: Store, owned: Owned) -> None:
    after = ""
    while True:
        entries = store.outbox(owned.number, after, _OUTBOX_PER_READ)
        if not entries:
            return
        for entry_id, entry in entries:
            owned.waiting.append(Waiting(entry_id, record_of(owned.number, entry)))
        after = entries[-1][0]


__all__ = ["Callable", "Names", "claim", "history_reader", "put_images"]
