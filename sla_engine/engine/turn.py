"""One turn of a partition: events and timers in, changed rows and outgoing alerts out.

A turn works on memory only; `prepare` gives the bytes of the one atomic call that makes it
durable. Nothing of a turn leaves before that call has been answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sla_engine.alert.ids import clock_key
from sla_engine.alert.render import render
from sla_engine.alert.timeline import Timeline
from sla_engine.clock.layout import ENDED, MERGED, AlertKind
from sla_engine.clock.work import ALERTS, Outcome
from sla_engine.engine.customers import contradicts, is_of, shared_name, told_by
from sla_engine.engine.entries import stored_entry
from sla_engine.engine.histories import opened, pending_of
from sla_engine.engine.inorder import (
    PACKED_MAX,
    Stop,
    due_rows,
    fire_rows,
    new_incident_row,
    take_events,
)
from sla_engine.engine.merges import Merge, Refusal, to_tell
from sla_engine.engine.outgoing import (
    CLEARED,
    Outgoing,
    Sent,
    corrections,
    sending,
    sent_of,
    unsettled,
)
from sla_engine.engine.partition import Partition
from sla_engine.engine.policy_store import edition_name
from sla_engine.engine.refold import Folded, Folder, as_rows, superseded
from sla_engine.errors import Fenced
from sla_engine.event.layout import DeadCode, DecodedBatch, EventType
from sla_engine.event.packed import pack, unpack_all
from sla_engine.event.times import format_time
from sla_engine.event.tombstone import known_hashes
from sla_engine.limits import HORIZON_MS, TURN_FIRES_MAX

#: Reads stored history bytes: history numbers -> bytes each ("" where nothing is stored).
ReadHistory = Callable[[Sequence[int]], dict[int, bytes]]

#: Why a record cannot count.
Refused = tuple[DeadCode, str]

_NO_DATA = np.zeros(1, np.uint8)
_ROWS_PER_READ = 256
_CONFLICT = (
    "an event with this source and id is known with another type, time or data; "
    "give a corrected event a new id"
)


@dataclass
class DeadLetter:
    """A refused event: its row in the batch, why, and how to mend it."""

    row: int
    code: DeadCode
    message: str


@dataclass
class TurnSettings:
    """What a turn needs to know beyond policies."""

    horizon_ms: int = HORIZON_MS
    not_before_ms: int = -(2**62)
    attributes: tuple[str, ...] = ()


@dataclass
class Counters:
    """What happened, for metrics; never read by decisions."""

    events: int = 0
    duplicates: int = 0
    refolds: int = 0
    corrections: int = 0
    fires: int = 0
    control: int = 0


@dataclass
class Turn:
    """The work in hand of one partition."""

    partition: Partition
    folder: Folder
    read_history: ReadHistory
    settings: TurnSettings = field(default_factory=TurnSettings)
    outgoing: list[Outgoing] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    counters: Counters = field(default_factory=Counters)
    told: list[Merge] = field(default_factory=list)  # what other incidents must hear
    shared: dict[str, bytes] = field(default_factory=dict)  # to be stored for all partitions
    outlived: Mapping[tuple[str, str], Mapping[str, Sent]] = field(default_factory=dict)
    lags: bool = False  # an event came that is older than the policies in force
    publish: Callable[[DecodedBatch, int], Refused | None] = lambda batch, at: None
    now_ms: int = 0
    virtual: bool = False  # replay: alerts are fired at their own instants

    # ------------------------------------------------------------------ events

    def take(self, batch: DecodedBatch, start: int, stop: int) -> None:
        """Apply events[start:stop] of a decoded batch, each at its own time."""
        partition = self.partition
        partition.reserve(stop - start)
        at, fresh = start, -1
        while at < stop:
            rules, work, shard = partition.handles()
            outcome, at = take_events(
                rules.value, work.value, shard.value, batch.events, batch.spans, batch.data,
                at, stop, partition.book.blank, fresh, partition.rest(),
            )  # fmt: skip
            if outcome == Outcome.DONE:
                break
            if outcome == Stop.FULL:
                partition.more_arena()
            elif outcome == Stop.SUSPECT and self._is_new(batch, int(at)):
                fresh = int(at)
            elif outcome in (Stop.SPECIAL, Stop.SUSPECT, Outcome.NEED_HISTORY):
                self._special(batch, int(at))
                at += 1
            else:
                partition.answer(outcome, batch.data, batch.spans)
        self.counters.events += stop - start
        begin = partition.book.editions.in_force(partition.clock_ms).begin_ms
        self.lags |= bool((batch.events["time"][start:stop] < begin).any())

    def _is_new(self, batch: DecodedBatch, at: int) -> bool:
        """Whether no event of the incident's history has this event's id."""
        event = batch.events[at]
        history = self.history(self.partition.find(int(event["key1"]), int(event["key2"])))
        return bool((unpack_all(history).events["id"] != event["id"]).all())

    def _special(self, batch: DecodedBatch, at: int) -> None:
        """An event that is not simply the incident's next one."""
        event = batch.events[at]
        kind = int(event["type"])
        if kind in (EventType.TIME, EventType.CUSTOMER_UPDATED, EventType.POLICY_PUBLISHED):
            self.counters.control += 1
            if kind == EventType.CUSTOMER_UPDATED:
                self._customer_updated(batch, at)
            elif kind == EventType.POLICY_PUBLISHED:
                self._published(batch, at)
            return
        partition = self.partition
        self.flush()
        row = partition.find(int(event["key1"]), int(event["key2"]))
        if row < 0:
            _, work, shard = partition.handles()
            row = int(new_incident_row(work.value, shard.value, event, partition.book.blank))
        history = self.history(row)
        packed = packed_event(batch, at)
        whole = unpack_all(history + packed)
        refusal = self._refusal(row, whole, event, known_hashes(history))
        if refusal is not None:
            if refusal[0] is DeadCode.ACCEPTED:
                self.counters.duplicates += 1
            else:
                self.dead.append(DeadLetter(at, *refusal))
            return
        if kind in (EventType.MERGED, EventType.ABSORBED):
            telling = to_tell(whole)
            if isinstance(telling, Refusal):
                self.dead.append(DeadLetter(at, telling.code, telling.message))
                return
            self.told += telling
        partition.append_history(row, packed)
        self._refold(row, whole, sent_of(history), event)

    def _published(self, batch: DecodedBatch, at: int) -> None:
        """Other policies: what is emitted so far is told in the words of those before."""
        self.flush()
        refused = self.publish(batch, at)
        if refused is not None:
            self.dead.append(DeadLetter(at, *refused))
            return
        packed = packed_event(batch, at)
        self.shared[edition_name(packed)] = packed

    def _customer_updated(self, batch: DecodedBatch, at: int) -> None:
        """The directory says something else from the record's time on, open incidents hear it."""
        tenant, customer, update = told_by(batch, at)
        book = self.partition.book
        if contradicts(book.directory.updates(tenant, customer), update):
            self.dead.append(DeadLetter(at, DeadCode.CONFLICT, _CONFLICT))
            return
        book.update_customer(tenant, customer, update)
        packed = packed_event(batch, at)
        self.shared[shared_name(packed)] = packed
        self.flush()
        event = batch.events[at]
        named = batch.spans[int(event["span"]) + 1]["hash"]
        incidents = self.partition.work.incidents[: self.partition.rows]
        rows = np.flatnonzero((incidents["customer"] == named) & (incidents["flags"] & ENDED == 0))
        for first in range(0, len(rows), _ROWS_PER_READ):
            histories = self.histories(rows[first : first + _ROWS_PER_READ].tolist())
            for row, history in histories.items():
                whole = unpack_all(history + packed)
                known = whole.events["id"][:-1] == event["id"]
                if is_of(whole, tenant) and not known.any():
                    self.partition.append_history(row, packed)
                    self._refold(row, whole, sent_of(history), event)

    def _refusal(
        self, row: int, whole: DecodedBatch, event: Any, forgotten: Mapping[int, int]
    ) -> Refused | None:
        """Why the event cannot count; ACCEPTED stands for a duplicate, None for none."""
        earlier = whole.events[:-1]
        same = earlier["content"][earlier["id"] == event["id"]].tolist()
        same += [forgotten[number] for number in (int(event["id"]),) if number in forgotten]
        if same:
            if same[0] == event["content"]:
                return DeadCode.ACCEPTED, ""
            return DeadCode.CONFLICT, _CONFLICT
        incident = self.partition.work.incidents[row]
        if incident["flags"] & ENDED:
            if not incident["flags"] & MERGED:
                return DeadCode.DELETED, "the incident was deleted; nothing can be added to it"
            merge = earlier[earlier["type"] == EventType.MERGED]["time"].min()
            if event["time"] > merge:
                return DeadCode.MERGED, (
                    "the incident was merged before this event's time; send it for the incident "
                    "it was merged into"
                )
        newest = int(incident["last_time"])
        if len(earlier) and int(event["time"]) < newest - self.settings.horizon_ms:
            return DeadCode.LATE_BEYOND_HORIZON, (
                f"the event is {newest - int(event['time'])} ms older than the newest one applied "
                f"to the incident; lateness.horizon is {self.settings.horizon_ms} ms"
            )
        return None

    def _refold(self, row: int, whole: DecodedBatch, sent: dict[str, Sent], event: Any) -> None:
        """Fold the incident anew and send what the receivers must know."""
        partition = self.partition
        incident = partition.work.incidents[row]
        known, fired_at = int(incident["events"]), int(incident["fired_at"])
        until = max(partition.clock_ms, fired_at, int(whole.events["time"].max()))
        folded = self.folder.fold(whole, until)
        # Not the last one in the order of the incident: of the same instant it may be late too.
        behind = int(folded.order[-1]) != len(whole.events) - 1
        late = bool(known and (int(event["time"]) <= fired_at or behind))
        self.counters.refolds += 1
        partition.replace(row, folded)
        self._correct(row, folded, sent, late=late)

    def compare(self, row: int, whole: DecodedBatch, sent: dict[str, Sent]) -> None:
        """Correct what the receivers have of an incident against what its history says."""
        folded = self.folder.fold(whole, max(self.partition.clock_ms, 0))
        self._correct(row, folded, sent, late=True)

    def _correct(self, row: int, folded: Folded, sent: dict[str, Sent], *, late: bool) -> None:
        valid = valid_alerts(self.folder, folded, self.settings.attributes)
        if held := self._held(folded.timeline, sent):
            sent = {name: entry for name, entry in sent.items() if name not in held}
            valid = [each for each in valid if each[0]["id"] not in held]
        leaving = corrections(sent, valid, self._fired(folded.until), late=late)
        self.counters.corrections += len(leaving)
        self._leave([(row, each) for each in leaving])

    def switch(self, rows: NDArray[np.int64], since: int) -> None:
        """Fold these incidents under the edition of the policies in force since `since`.

        What falls due by it is sent. What was sent stays as it is: corrections come from late
        events only (contracts section 2).
        """
        partition = self.partition
        for row, history in self.histories(rows.tolist()).items():
            if not history:
                raise self._set_back()
            whole = unpack_all(history)
            fired_at = int(partition.work.incidents[row]["fired_at"])
            until = max(partition.clock_ms, fired_at, int(whole.events["time"].max()))
            folded = self.folder.fold(whole, until)
            partition.replace(row, folded)
            sent = sent_of(history)
            held = self._held(folded.timeline, sent)
            valid = valid_alerts(self.folder, folded, self.settings.attributes)
            decided = folded.alerts["decided"].tolist()
            new = [
                each
                for each, instant in zip(valid, decided, strict=True)
                if instant >= since and each[0]["id"] not in held
            ]
            stands = {name for name, entry in sent.items() if entry.active}
            new = [each for each in new if each[0]["id"] not in stands]
            gone = {name: entry for name, entry in sent.items() if not entry.active}
            leaving = corrections(gone, new, self._fired(until), late=False)
            self._leave([(row, each) for each in leaving])

    # ------------------------------------------------------------------ time

    def fire_candidates(self, rows: NDArray[np.int64], upto: int) -> None:
        """Fire what is due at or before `upto` among these rows."""
        partition = self.partition
        at = 0
        while at < len(rows):
            rules, work, shard = partition.handles()
            outcome, at = fire_rows(
                rules.value, work.value, shard.value, rows, at, upto, partition.rest()
            )
            if outcome == Outcome.DONE:
                break
            if outcome == Outcome.NEED_HISTORY:
                self._go_on(int(rows[at]), upto)
                at += 1
            else:
                partition.answer(outcome, _NO_DATA, np.zeros(0))
        self.counters.fires += len(rows)

    def _go_on(self, row: int, upto: int) -> None:
        """Fire what is due of an incident whose row does not tell how it goes on: fold it anew."""
        self.flush()
        history = self.history(row)
        whole = unpack_all(history)
        if not len(whole.events):
            raise self._set_back()
        newest = int(whole.events["time"].max())
        fired_at = int(self.partition.work.incidents[row]["fired_at"])
        folded = self.folder.fold(whole, max(upto, fired_at, newest))
        self.counters.refolds += 1
        self.partition.replace(row, folded)
        self._correct(row, folded, sent_of(history), late=False)

    def _set_back(self) -> Fenced:
        return Fenced(
            f"partition {self.partition.number}: the store no longer has the history of a row "
            "that is in memory; it was set back to an earlier state"
        )

    def fire(self, upto: int) -> int:
        """Fire what is due at or before `upto`, at most TURN_FIRES_MAX incidents; how many."""
        partition = self.partition
        rows = np.empty(TURN_FIRES_MAX, np.int64)
        found = int(due_rows(partition.work.next_due, partition.rows, upto, rows))
        if not found:
            return 0
        self.fire_candidates(rows[:found], upto)
        return found

    # ------------------------------------------------------------------ alerts

    def flush(self) -> None:
        """Render what the fold emitted so far and remember it as sent."""
        partition = self.partition
        alerts = partition.alerts()
        if not len(alerts):
            return
        partition.work.counts[ALERTS] = 0
        by_row: dict[int, list[dict[str, Any]]] = {}
        for alert in as_rows(superseded(alerts)):
            by_row.setdefault(alert["row"], []).append(alert)
        book = partition.book
        leaving: list[tuple[int, Outgoing]] = []
        for row, history, events, order in opened(self.histories(list(by_row))):
            if not order:
                raise self._set_back()
            timeline = Timeline(book.policies, events, order, book.directory)
            leaving += self._rendered(row, by_row[row], timeline, sent_of(history))
        self._leave(leaving)

    def _rendered(
        self,
        row: int,
        alerts: Sequence[dict[str, Any]],
        timeline: Timeline,
        told: dict[str, Sent],
    ) -> Iterator[tuple[int, Outgoing]]:
        """What leaves of a row's alerts; `told` is kept up."""
        held = self._held(timeline, told)
        for alert in alerts:
            event = self._event(alert, timeline, {**told, **held} if held else told)
            if event["id"] in held:
                continue
            outgoing = sending(told.get(event["id"]), event, alert["started"])
            if outgoing is not None:
                outgoing.at_ms = alert["time"]
                told[outgoing.remembered.id] = outgoing.remembered
                yield row, outgoing

    def _held(self, timeline: Timeline, told: dict[str, Sent]) -> dict[str, Sent]:
        """What receivers have from before a rollback of the store, and history does not know."""
        if not self.outlived:
            return {}
        return unsettled(self.outlived.get((timeline.tenant, timeline.incident), {}), told)

    def _event(
        self, alert: dict[str, Any], timeline: Timeline, told: dict[str, Sent]
    ) -> dict[str, Any]:
        cleared: list[str] = []
        if alert["kind"] == AlertKind.CLEARED:
            cleared = still_told(told, self.partition.book, alert, timeline)
        return render(
            self.partition.book,
            alert,
            timeline,
            fired_at=alert["decided"] if self.virtual else max(self.now_ms, alert["time"]),
            cleared=cleared,
            allowed=self.settings.attributes,
        )

    def _leave(self, leaving: Sequence[tuple[int, Outgoing]]) -> None:
        """Remember as sent, and put on the way what is not too old for it."""
        rows = [row for row, _ in leaving]
        numbers = self.partition.work.incidents["history"][rows].tolist()
        self.partition.load_history(
            b"".join(
                stored_entry(number, outgoing.remembered.packed())
                for number, (_, outgoing) in zip(numbers, leaving, strict=True)
            )
        )
        oldest = self.settings.not_before_ms
        self.outgoing.extend(each for _, each in leaving if each.time_ms >= oldest)

    def _fired(self, until: int) -> str:
        return format_time(until if self.virtual else max(self.now_ms, 0))

    # ------------------------------------------------------------------ history

    def history(self, row: int) -> bytes:
        """All history bytes of one incident."""
        return self.histories([row])[row]

    def histories(self, rows: Sequence[int]) -> dict[int, bytes]:
        """All history bytes of these incidents: stored, then pending."""
        partition = self.partition
        numbers = partition.work.incidents["history"][list(rows)].tolist()
        wanted = [number for number in numbers if number < partition.stored_upto]
        stored = self.read_history(wanted) if wanted else {}
        pending = pending_of(partition.shard, numbers)
        return {
            row: stored.get(number, b"") + new
            for row, number, new in zip(rows, numbers, pending, strict=True)
        }


def packed_event(batch: DecodedBatch, at: int) -> bytes:
    """One event of a batch as history keeps it."""
    out = np.empty(PACKED_MAX, np.uint8)
    end = int(pack(batch.data, batch.events[at], batch.spans, out, 0))
    return out[:end].tobytes()


def valid_alerts(
    folder: Folder, folded: Folded, allowed: Sequence[str]
) -> list[tuple[dict[str, Any], int]]:
    """(event, start of its cycle) of every valid alert of a fold."""
    events = folder.render(folded, allowed)
    return [(event, int(row["started"])) for event, row in zip(events, folded.alerts, strict=True)]


def still_told(told: dict[str, Sent], book: Any, alert: Any, timeline: Timeline) -> list[str]:
    """The ids that a `cleared` alert takes back: sent, valid, of its cycle."""
    set_name, clock = book.definitions.columns[int(alert["column"])]
    prefix = clock_key(timeline.tenant, timeline.incident, set_name, clock, int(alert["cycle"]))
    return [
        entry.id
        for entry in told.values()
        if entry.active and entry.type != CLEARED and entry.id.startswith(prefix + "/")
    ]


__all__ = ["Counters", "DeadLetter", "NDArray", "Turn", "TurnSettings"]
