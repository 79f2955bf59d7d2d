"""Editions of the policies while events stream: learned, brought to the rows, swept over all.

A new edition may ask for what a profile does not keep, so every row is marked: its history is
folded anew at the next touch, under all editions (clock.fold.switch). When the edition comes into
force, the rows that nothing has touched are folded too, a slice at a time; meanwhile each one
still goes by its own, whole. A clock is never computed from half of an edit (D7).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sla_engine.clock.layout import ENDED, IRREGULAR
from sla_engine.engine.owned import Owned
from sla_engine.engine.partition import Partition
from sla_engine.engine.policy_store import editions_in, keep_base, published, read_set, store_set
from sla_engine.engine.ports import Store
from sla_engine.engine.turn import Refused
from sla_engine.errors import SlaError
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

    def __init__(self, book: RuleBook, store: Store, owned: Mapping[int, Owned]) -> None:
        self._book = book
        self._store = store
        self._owned = owned
        self._in_force: dict[int, int] = {}  # by partition: the edition its rows were swept for
        self._since: dict[int, int] = {}  # and what it sends: what was decided from then on
        self._behind: dict[int, NDArray[np.int64]] = {}  # rows that are not there yet

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
        for edition in self._book.editions.all[1:]:
            # A store that was set back has lost the texts that the log's records name.
            store_set(self._store, edition.policies)

    def take(self, batch: DecodedBatch, at: int) -> Refused | None:
        """A `policy.published` of the log; why it cannot count, or None."""
        begin, _, _, version = published(batch, at)
        try:
            policies = read_set(self._store, version)
            if policies is None:
                return DeadCode.BAD_VALUE, (
                    f"no policy set `{version}` is stored; `sla-engine policy publish DIR` "
                    "stores one and sends this record"
                )
            self._adopt([Edition(begin, policies)])
        except SlaError as error:
            return DeadCode.BAD_VALUE, f"policy set `{version}` cannot be used: {error}"
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
        number = owned.number
        in_force = self._book.editions.at(owned.partition.clock_ms)
        before = self._in_force.get(number, 0)
        if in_force != before:
            self._in_force[number] = in_force
            self._since[number] = self._book.editions.all[min(before + 1, in_force)].begin_ms
            self._behind[number] = rows_behind(owned.partition)
        rows = self._behind.get(number)
        if rows is None:
            return False
        most = _ROWS_BESIDE if beside else _ROWS_IDLE
        if len(rows) > most:
            self._behind[number] = rows[most:]
        else:
            del self._behind[number]
        owned.turn.switch(rows[:most], self._since[number])
        return len(rows) > 0

    def _adopt(self, editions: list[Edition]) -> None:
        owned = self._owned.values()
        if adopt(self._book, editions, [each.partition for each in owned]):
            for each in owned:
                each.known_profiles.clear()
                each.known_calendars.clear()


def adopt(book: RuleBook, editions: Iterable[Edition], partitions: Iterable[Partition]) -> bool:
    """Take in editions and bring the rows under the new numbers; False: nothing is new."""
    profiles, calendars = book.stored_profiles(), book.stored_calendars()
    if not book.publish(editions):
        return False
    profile = np.array([book.load_profile(stored) for stored in profiles], np.int32)
    calendar = np.array([book.load_calendar(*stored) for stored in calendars], np.int32)
    for partition in partitions:
        partition.renumber(profile, calendar)
        mark(partition)
    return True


def mark(partition: Partition) -> None:
    """Every incident is folded anew at its next touch, also by whoever loads it after us."""
    incidents = partition.work.incidents[: partition.rows]
    incidents["flags"][incidents["flags"] & ENDED == 0] |= IRREGULAR
    partition.mark_pages(np.arange(partition.rows))


def rows_behind(partition: Partition) -> NDArray[np.int64]:
    """The rows that an edition in force at the partition's clock has not reached."""
    incidents = partition.work.incidents[: partition.rows]
    until = partition.book.profiles["until"][incidents["profile"]]
    late = (until <= partition.clock_ms) & (incidents["flags"] & ENDED == 0)
    found: NDArray[np.int64] = np.flatnonzero(late & (incidents["events"] > 0))
    return found
