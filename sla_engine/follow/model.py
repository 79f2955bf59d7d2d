"""All partitions as one: which incidents there are, what is known of them, each folded on demand.

One thread calls `step` again and again; others ask, under `lock`. Rows and histories are what the
workers made durable; what is told of an incident comes from folding its history, as `explain` does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

import numpy as np

from sla_engine.alert.timeline import Timeline
from sla_engine.clock.layout import ENDED, MERGED
from sla_engine.engine.customers import learn
from sla_engine.engine.histories import opened
from sla_engine.engine.policy_store import editions_in, stored_base
from sla_engine.engine.ports import Store
from sla_engine.engine.refold import Folded, Folder, is_shown
from sla_engine.errors import StoreError
from sla_engine.event.layout import EventType, Member
from sla_engine.event.packed import unpack_all
from sla_engine.follow.follower import News
from sla_engine.follow.names import Profiles
from sla_engine.follow.shown import FINISHED, ShownIncident, shown_of, without_people
from sla_engine.follow.view import Changes, PartitionView
from sla_engine.policy.model import PolicySet
from sla_engine.policy.tables import RuleBook

FRESHENED_AT_ONCE: Final = 1_000
"""Rows made known before others may ask: 30 ms."""

SCALES: Final = {int(Member.CSAT): "csat", int(Member.NPS): "nps", int(Member.CES): "ces"}


@dataclass(frozen=True, slots=True)
class Known:
    """What can be asked of an incident without folding it."""

    tenant: str
    incident: str
    attributes: dict[str, Any]


@dataclass
class Shelf:
    """What was made of a partition's rows; `stale` are those that changed since."""

    view: PartitionView
    known: dict[int, Known] = field(default_factory=dict)
    stale: set[int] = field(default_factory=set)
    odd: dict[int, int] = field(default_factory=dict)
    """Rows whose fold had another profile than they, and the length of their history then."""


@dataclass(frozen=True)
class Place:
    """Where an incident is; good as long as the lock is held."""

    shelf: Shelf
    row: int

    @property
    def rows(self) -> Any:
        """Its INCIDENT row."""
        return self.shelf.view.partition.work.incidents[self.row]

    @property
    def is_open(self) -> bool:
        """Neither finished, nor merged into another, nor deleted."""
        return int(self.rows["status"]) not in FINISHED and not int(self.rows["flags"]) & ENDED

    @property
    def is_deleted(self) -> bool:
        """Whether its events were to be forgotten."""
        return int(self.rows["flags"]) & (ENDED | MERGED) == ENDED


class Model:
    """What a store's workers know, as of moments ago.

    `first` gives the policies in force from ever while no worker has stored them.
    """

    def __init__(self, store: Store, partitions: int, first: Callable[[], PolicySet]) -> None:
        self.lock = threading.RLock()
        self._store = store
        self._partitions = partitions
        self._first = first
        self._versions: set[str] = set()
        self._begin()

    def _begin(self) -> None:
        """Nothing loaded, under the policies of now."""
        policies = stored_base(self._store) or self._first()
        self.book = RuleBook(policies, editions_in(self._store))
        learn(self._store, self.book)
        self.folder = Folder(self.book)
        self._profiles = Profiles(self._store)
        self.shelves = [self._shelf(number) for number in range(self._partitions)]
        self._versions = {self.book.editions.version}

    def _shelf(self, number: int) -> Shelf:
        return Shelf(PartitionView(self._store, number, self.book, self._profiles))

    # ------------------------------------------------------------------ following

    @property
    def behind(self) -> str:
        """Why it does not know everything yet; empty when it does."""
        missing = sum(not shelf.view.is_current for shelf in self.shelves)
        return f"{missing} of {len(self.shelves)} partitions are being loaded" if missing else ""

    def step(self, number: int) -> Changes:
        """Take in what a partition's owner wrote since; raises what the store raises.

        One read of bounded size, or all pages where there was a gap. Policies that are new here
        make everything be loaded anew.
        """
        shelf = self.shelves[number]
        news = shelf.view.read()
        if news is None:
            changes = self._load(number)
        else:
            with self.lock:
                changes = self._take(shelf, news)
        return Changes() if self._adopt(changes.versions) else changes

    def _load(self, number: int) -> Changes:
        """Another view in place of the one there is, once it is as new as the store was."""
        view = PartitionView(self._store, number, self.book, self._profiles)
        changes = view.load(self.lock)
        while not view.is_current and (news := view.read()) is not None:
            with self.lock:
                changes.add(view.take(news))
        with self.lock:
            self.shelves[number] = Shelf(view, stale=set(changes.rows))
        return changes

    def _take(self, shelf: Shelf, news: News) -> Changes:
        try:
            changes = shelf.view.take(news)
        except StoreError:
            # What it could not take in it will not be given again.
            self.shelves[shelf.view.number] = self._shelf(shelf.view.number)
            raise
        shelf.stale |= changes.rows
        return changes

    def learn(self) -> None:
        """Take in customers' entries that the store has got; what they say is then told anew."""
        known = sum(1 for _ in self.book.directory.all_updates())
        with self.lock:
            learn(self._store, self.book)
            if sum(1 for _ in self.book.directory.all_updates()) != known:
                for shelf in self.shelves:
                    shelf.stale |= shelf.known.keys()

    def freshen(self, number: int) -> None:
        """Make what is known of the rows that changed, so that who asks need not wait for it."""
        while self.shelves[number].stale:
            with self.lock:
                self._freshen(self.shelves[number], FRESHENED_AT_ONCE)

    def _adopt(self, versions: set[str]) -> bool:
        """Rows of other policies: begin anew if the store has editions that we do not know."""
        if versions <= self._versions:
            return False
        self._versions |= versions
        made = RuleBook(stored_base(self._store) or self._first(), editions_in(self._store))
        if made.editions.version == self.book.editions.version:
            return False
        with self.lock:
            self._begin()
        return True

    # ------------------------------------------------------------------ asking, under the lock

    def find(self, tenant: str, incident: str) -> Place | None:
        """An incident, open or finished; None when it is not known, or deleted."""
        for shelf in self.shelves:
            row = shelf.view.find(tenant, incident)
            if row is not None:
                place = Place(shelf, row)
                return None if place.is_deleted else place
        return None

    def all(self, is_open: bool | None = None) -> Iterator[tuple[Place, Known]]:
        """Every incident that is not deleted: the open ones, the others, or (None) both."""
        for shelf in self.shelves:
            self._freshen(shelf)
            wanted = None if is_open is None else _those(shelf, is_open)
            for row, known in shelf.known.items():
                if wanted is None or wanted[row]:
                    yield Place(shelf, row), known

    def sets_of(self, place: Place) -> set[str]:
        """The sets of which an incident has a clock that counts or counted."""
        columns = self.book.definitions.columns
        clocks = place.shelf.view.partition.clocks(place.row)
        return {columns[int(clock["column"])][0] for clock in clocks if is_shown(clock)}

    def ratings(self, place: Place) -> dict[str, int]:
        """The newest rating of an incident on each scale that it was rated on."""
        batch = unpack_all(place.shelf.view.history(place.row))
        found: dict[str, int] = {}
        rated = np.flatnonzero(batch.events["type"] == EventType.RATED)
        for event in sorted(batch.events[rated], key=lambda each: int(each["time"])):
            first = int(event["span"])
            for span in batch.spans[first : first + int(event["spans"])]:
                scale = SCALES.get(int(span["member"]))
                if scale is not None:
                    found[scale] = int(span["value"])
        return found

    def _freshen(self, shelf: Shelf, most: int | None = None) -> None:
        stale = set(islice(shelf.stale, most))
        shelf.stale -= stale
        histories = {row: shelf.view.history(row) for row in stale}
        for row in [row for row, history in histories.items() if not history]:
            shelf.known.pop(row, None)
            del histories[row]
        directory, policies = self.book.directory, self.book.policies
        for row, _, events, order in opened(histories):
            if order:
                timeline = Timeline(policies, events, order, directory)
                attributes = without_people(timeline.after(len(order)))
                shelf.known[row] = Known(timeline.tenant, timeline.incident, attributes)

    def fold(self, place: Place, at_ms: int) -> Folded | None:
        """An incident folded to an instant, for reports; None if it had no event by then."""
        history = place.shelf.view.history(place.row)
        if not history:
            return None
        folded = self.folder.fold(unpack_all(history), at_ms, report=True)
        if self._is_odd(place, folded, len(history)):
            self.learn()
            folded = self.folder.fold(unpack_all(history), at_ms, report=True)
        return folded if folded.incident[0]["events"] else None

    def _is_odd(self, place: Place, folded: Folded, length: int) -> bool:
        """Whether the worker had other rules for it: a customer's entry that we have not read."""
        stored, odd = place.rows, place.shelf.odd
        same = int(folded.incident[0]["profile_key"]) == int(stored["profile_key"])
        if same or folded.until < int(stored["last_time"]) or odd.get(place.row) == length:
            return False
        odd[place.row] = length
        return True

    def shown(self, place: Place, at_ms: int) -> ShownIncident | None:
        """What is told of an incident at an instant; None if it had no event by then."""
        folded = self.fold(place, at_ms)
        return None if folded is None else shown_of(self.book, self.folder, folded)


def _those(shelf: Shelf, is_open: bool) -> list[bool]:
    """By row, whether its incident is open (or is not)."""
    incidents = shelf.view.partition.work.incidents[: shelf.view.partition.rows]
    going = ~np.isin(incidents["status"], FINISHED) & (incidents["flags"] & ENDED == 0)
    found: list[bool] = (going == is_open).tolist()
    return found
