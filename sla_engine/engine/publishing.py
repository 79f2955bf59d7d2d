"""Editions of the policies while events stream: learned, brought to the rows, swept over all.

A new edition may ask for what a profile does not keep, so every row is marked: its history is
folded anew at the next touch, under all editions (clock.fold.switch). When the edition comes into
force, the rows that nothing has touched are folded too, a slice at a time; meanwhile each one
still goes by its own, whole. A clock is never computed from half of an edit (D7).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sla_engine.clock.layout import ENDED, IRREGULAR
from sla_engine.engine.owned import Owned
from sla_engine.engine.partition import Partition
from sla_engine.engine.patience import patiently
from sla_engine.engine.policy_store import (
    cannot_be_used,
    edition_of,
    editions_in,
    keep_base,
    published,
    read_set,
    store_set,
)
from sla_engine.engine.ports import Store
from sla_engine.engine.turn import Refused
from sla_engine.errors import SlaError, StoreError
from sla_engine.event.layout import DeadCode, DecodedBatch
from sla_engine.event.times import format_time
from sla_engine.policy.editions import Edition
from sla_engine.policy.tables import RuleBook

log = logging.getLogger(__name__)

#: Incidents folded per slice: 40 ms when nothing else is to be done, 8 ms beside events.
_ROWS_IDLE: Final = 256
_ROWS_BESIDE: Final = 48


class Publishing:
    """The editions of a worker; `owned` are its partitions by number."""

    def __init__(
        self,
        book: RuleBook,
        store: Store,
        owned: Mapping[int, Owned],
        pause: Callable[[int], bool],
    ) -> None:
        """`pause` waits that many ms for a store that does not answer; False: give up."""
        self._book = book
        self._store = store
        self._owned = owned
        self._pause = pause
        self._in_force: dict[int, int] = {}  # by partition: the edition its rows were swept for
        self._behind: dict[int, NDArray[np.int64]] = {}  # rows that may not be there yet

    def learn(self) -> None:
        """Before a claim: take in what the store knows."""
        base = keep_base(self._store, self._book.editions.policies(0))
        if base.version != self._book.editions.policies(0).version:
            log.warning(
                "the policy files given are not the first edition, which the store has; "
                "`sla-engine policy publish` brings edited ones into force"
            )
            self._book.start_with(base)
        self._adopt(editions_in(self._store))
        for error in self._book.editions.set_aside.values():
            log.warning("a published policy set is set aside: %s", error)
        for edition in self._book.editions.all[1:]:
            # A store that was set back has lost the texts that the log's records name.
            store_set(self._store, edition.policies)

    def take(self, batch: DecodedBatch, at: int) -> Refused | None:
        """A `policy.published` of the log; why it cannot count, or None.

        StoreError when the store does not answer at all: then the record is read again.
        """
        told = published(batch, at)
        begin, _, _, version = told
        known = self._book.editions.published.get(begin)
        if known is not None and known.policies.version == version:
            return None
        try:
            policies = patiently(lambda: read_set(self._store, version), self._pause)
            if policies is None:
                return DeadCode.BAD_VALUE, (
                    f"no policy set `{version}` is stored; `sla-engine policy publish DIR` "
                    "stores one and sends this record"
                )
            edition = edition_of(told, policies)
            self._adopt([edition])
            if refused := self._book.editions.set_aside.get(edition.order):
                raise refused
        except StoreError:
            raise
        except SlaError as error:
            return DeadCode.BAD_VALUE, cannot_be_used(version, error)
        log.info("policy set %s is in force from %s on", version, format_time(begin))
        return None

    def forget(self, number: int) -> None:
        """A partition is owned no more."""
        self._in_force.pop(number, None)
        self._behind.pop(number, None)

    @property
    def is_sweeping(self) -> bool:
        """Whether rows wait to be folded under another edition."""
        return bool(self._behind)

    def sweep(self, owned: Owned, *, beside: bool) -> bool:
        """Fold the next slice of what an edition in force has not reached; was there one?

        `beside`: events are waiting.
        """
        number, partition = owned.number, owned.partition
        in_force = self._book.editions.at(partition.clock_ms)
        if in_force != self._in_force.get(number, 0) or owned.turn.lags:
            self._in_force[number] = in_force
            owned.turn.lags = False
            self._behind[number] = np.flatnonzero(are_behind(partition, slice(partition.rows)))
        rows = self._behind.get(number)
        if rows is None:
            return False
        most = _ROWS_BESIDE if beside else _ROWS_IDLE
        if len(rows) > most:
            self._behind[number] = rows[most:]
        else:
            del self._behind[number]
        # What has happened to them since they were listed may have brought them there.
        rows = rows[:most][are_behind(partition, rows[:most])]
        if len(rows):
            profiles = partition.work.incidents["profile"][rows]
            owned.turn.switch(rows, int(self._book.profiles["until"][profiles].min()))
        return len(rows) > 0

    def _adopt(self, editions: Iterable[Edition]) -> None:
        owned = list(self._owned.values())
        partitions = [each.partition for each in owned]
        if adopt(self._book, editions, partitions, self._share_changed):
            for each in owned:
                each.known_profiles.clear()
                each.known_calendars.clear()

    def _share_changed(self) -> None:
        """Store what rows of the turn in hand mean by the rules that they were made under."""

        def share() -> None:
            for each in self._owned.values():
                each.share(each.partition.changed())

        patiently(share, self._pause)


def adopt(
    book: RuleBook,
    editions: Iterable[Edition],
    partitions: Iterable[Partition],
    prepared: Callable[[], None] = lambda: None,
) -> bool:
    """Take in editions and bring the rows under the new numbers; False: nothing is new.

    `prepared` is called before anything changes; an error leaves everything as it was.
    """
    made = book.with_published(editions)
    if made is None:
        return False
    profile = np.array(made.load_profiles(book.stored_profiles()), np.int32)
    calendar = np.array(made.load_calendars(book.stored_calendars()), np.int32)
    prepared()
    book.become(made)
    for partition in partitions:
        partition.renumber(profile, calendar)
        mark(partition)
    return True


def mark(partition: Partition) -> None:
    """Every incident is folded anew at its next touch, also by whoever loads it after us."""
    incidents = partition.work.incidents[: partition.rows]
    incidents["flags"][incidents["flags"] & ENDED == 0] |= IRREGULAR
    partition.mark_pages(np.arange(partition.rows))


def are_behind(partition: Partition, rows: slice | NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of these rows an edition in force at the partition's clock has not reached."""
    incidents = partition.work.incidents[rows]
    until = partition.book.profiles["until"][incidents["profile"]]
    late = (until <= partition.clock_ms) & (incidents["flags"] & ENDED == 0)
    found: NDArray[np.bool_] = late & (incidents["events"] > 0)
    return found
