"""A partition that this worker owns: memory, token, sequence, and its durable steps.

Order of effects (design section 5): 1 decode, dead letters acknowledged; 2 apply; 3 the atomic
call; 4 acknowledge the log (advisory); 5 produce the outbox; 6 trim it after the
broker's answer. A crash between any two may repeat an alert under the same id, never lose one.
"""

from __future__ import annotations

import json
import struct
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import orjson
from numpy.typing import NDArray

from sla_engine.engine import personal
from sla_engine.engine.failpoints import reach
from sla_engine.engine.images import journal_entry
from sla_engine.engine.merges import Merge
from sla_engine.engine.outgoing import Outgoing
from sla_engine.engine.partition import Partition
from sla_engine.engine.partition_clock import PartitionClock
from sla_engine.engine.personal import PersonalProfiles
from sla_engine.engine.ports import Checkpoint, Commit, OutRecord, Store
from sla_engine.engine.shard import ENTRIES
from sla_engine.engine.turn import Turn
from sla_engine.errors import Fenced
from sla_engine.policy.definitions import calendar_key
from sla_engine.timer.near import Near

_KEY = struct.Struct("<H")
#: A bit beside the length of the key: the record belongs on the log of events.
_TO_EVENTS = 1 << 15


def outbox_entry(outgoing: Outgoing) -> bytes:
    """Key and value of the record to produce."""
    key = outgoing.key
    return _KEY.pack(len(key)) + key + outgoing.value()


def told_entry(merge: Merge) -> bytes:
    """The same of an event that goes to another incident, by way of the log of events."""
    key = merge.into.encode()
    return _KEY.pack(len(key) | _TO_EVENTS) + key + orjson.dumps(merge.event())


def record_of(partition: int, entry: bytes) -> OutRecord:
    """The record that an outbox entry stands for; alerts keep their incident's partition."""
    (head,) = _KEY.unpack_from(entry)
    end = _KEY.size + (head & ~_TO_EVENTS)
    key, value = entry[_KEY.size : end], entry[end:]
    if head & _TO_EVENTS:
        return OutRecord("events", None, key, value)
    return OutRecord("alerts", partition, key, value)


@dataclass
class Waiting:
    """An outbox entry on its way to the broker."""

    id: str
    record: OutRecord
    offset: int | None = None
    acked: bool = False


@dataclass
class Owned:
    """State of one owned partition beside its rows."""

    number: int
    token: bytes
    partition: Partition
    turn: Turn
    clock: PartitionClock
    store: Store
    sequence: int = 0
    next_offset: int = -1
    committed_entries: int = 0  # arena entries that are in the journal
    journal_bytes: int = 0  # since the last checkpoint round
    written_bytes: int = 0  # to the journal, by this owner
    in_flight: Commit | None = None  # begun, not answered yet
    is_unanswered: bool = False  # the wait for its answer ended without one
    near: Near = field(default_factory=Near)
    waiting: deque[Waiting] = field(default_factory=deque)
    alerts_position: int = -1
    holds_position: bool = False  # alerts behind the stored position are not settled yet
    known_profiles: set[int] = field(default_factory=set)
    personal: PersonalProfiles = field(default_factory=PersonalProfiles)
    known_calendars: set[int] = field(default_factory=set)

    def prepare(self, next_offset: int) -> Commit | None:
        """Seal the turn: the atomic call that makes it durable; None when nothing changed.

        The next turn may begin before the call is answered: whatever it changes is sealed behind
        this one, and worth nothing if this one is refused.
        """
        self.turn.flush()
        partition = self.partition
        rows = partition.changed()
        history = partition.new_history(self.committed_entries)
        leaving = [
            *(told_entry(merge) for merge in self.turn.told),
            *(outbox_entry(each) for each in in_order(self.turn.outgoing)),
        ]
        if not (len(rows) or history or leaving) and next_offset == self.next_offset:
            return None
        self.share(rows)
        entry = journal_entry(
            self.clock.value_ms,
            partition.book.editions.version,
            partition.sealed_images(rows),
            history,
        )
        step = Commit(
            partition=self.number,
            token=self.token,
            sequence=self.sequence + 1,
            from_offset=self.next_offset,
            next_offset=next_offset,
            journal=entry,
            outbox=leaving,
        )
        self._seal(step, rows)
        return step

    def _seal(self, step: Commit, rows: NDArray[np.int64]) -> None:
        self.sequence = step.sequence
        self.next_offset = step.next_offset
        self.journal_bytes += len(step.journal)
        self.written_bytes += len(step.journal)
        self.near.changed(self.partition.work.next_due, rows)
        self.committed_entries = int(self.partition.shard.levels[ENTRIES])
        self.partition.close_turn()
        self.turn.outgoing = []
        self.turn.told = []
        self.turn.shared = {}

    def begin(self, next_offset: int) -> bool:
        """Seal the turn and send its call, without waiting for the answer; was there one?

        When it raises nothing was sealed, and it may be called again.
        """
        step = self.prepare(next_offset)
        if step is None:
            return False
        reach("before_commit")
        self.store.begin([step])
        self.in_flight = step
        return True

    def land(self) -> list[Waiting]:
        """Wait for the answer; what is to be produced now. Fenced when no longer the owner.

        Begun and not answered, the call is made once more at the next try.
        """
        step = self.in_flight
        assert step is not None, "nothing was begun"
        (refusal,) = self.store.commit([step]) if self.is_unanswered else self._answers()
        if refusal is not None:
            raise refusal
        self.in_flight = None
        self.is_unanswered = False
        reach("after_commit")
        return self.done(step)

    def _answers(self) -> list[Exception | None]:
        self.is_unanswered = True
        return self.store.answers()

    def commit(self, next_offset: int) -> list[Waiting]:
        """Make the turn durable and wait for it; what is to be produced now."""
        return self.land() if self.begin(next_offset) else []

    def done(self, step: Commit) -> list[Waiting]:
        """The call was answered: its alerts may leave."""
        leaving = [
            Waiting(f"{step.sequence}-{n}", record_of(self.number, entry))
            for n, entry in enumerate(step.outbox)
        ]
        self.waiting.extend(leaving)
        return leaving

    def trim(self) -> None:
        """Drop from the outbox what the broker has acknowledged, from the front."""
        last = ""
        while self.waiting and self.waiting[0].acked:
            done = self.waiting.popleft()
            last = done.id
            if done.offset is not None:
                self.alerts_position = max(self.alerts_position, done.offset + 1)
        if last:
            reach("before_trim")
            position = -1 if self.holds_position else self.alerts_position
            self.store.trim_outbox(self.number, self.token, last, position)

    def share(self, rows: NDArray[np.int64]) -> None:
        """Put what rows mean where whoever loads them finds it: profiles, calendars, updates."""
        for name, packed in self.turn.shared.items():
            self.store.put_shared(name, packed)
        book = self.partition.book
        work = self.partition.work
        for profile in np.unique(work.incidents["profile"][rows]).tolist():
            if profile not in self.known_profiles:
                self._share_profile(profile)
                self.known_profiles.add(profile)
        self.personal.tell(np.unique(work.incidents["profile_key"][rows]).tolist())
        for index in range(len(book.calendars)):
            if index not in self.known_calendars:
                compiled = book.calendars.compiled(index)
                told = {"name": compiled.name, "zone": compiled.time_zone}
                key = calendar_key(book.calendars, index)
                self.store.put_shared(f"calendar:{key:08x}", json.dumps(told).encode())
                self.known_calendars.add(index)

    def _share_profile(self, profile: int) -> None:
        book = self.partition.book
        key, told = int(book.profiles[profile]["key"]), book.stored_profile(profile)
        if not book.names_somebody(profile):
            self.store.put_shared(f"profile:{key:016x}", told)
        elif key not in self.personal.stored:
            own = [(personal.NAME, personal.as_stored({key: told}))]
            self.store.checkpoint(
                Checkpoint(self.number, self.token, appends=own, after=self.sequence)
            )
            self.personal.stored[key] = told

    def drop_personal(self, left: Mapping[int, bytes]) -> None:
        """The store has no other personal profiles than these any more."""
        if len(left) < len(self.personal.stored):
            self.personal.stored = dict(left)
            self.known_profiles.clear()  # put once more where rows have them


def in_order(outgoing: Sequence[Outgoing]) -> list[Outgoing]:
    """The incident with the highest score first, each incident's alerts in their order."""
    best: dict[bytes, int] = {}
    for each in outgoing:
        best[each.key] = max(best.get(each.key, -1), each.score)
    return sorted(outgoing, key=lambda each: -best[each.key])


__all__ = ["Fenced", "Owned", "Waiting", "in_order", "outbox_entry", "record_of"]
