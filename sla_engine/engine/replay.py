"""Replay: the same core on virtual time (contracts section 4, `replay`).

All events are known before the first is applied, so each incident is folded once, over its
distinct events in their order, up to the end of time. What incidents are folded together, and
in which order, changes nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from sla_engine.alert.render import id_of
from sla_engine.alert.wording import TYPES
from sla_engine.engine.customers import updates_in
from sla_engine.engine.merges import Address, Item, address_of, items_of, merges, settle
from sla_engine.engine.policy_store import cannot_be_used, edited, editions_of
from sla_engine.engine.refold import Folded, Folder, as_rows
from sla_engine.engine.replay_fold import ManyFolder
from sla_engine.engine.replay_log import CONFLICT, Refused, ReplayLog, incidents_with
from sla_engine.engine.report import clock_reports
from sla_engine.event.cloudevent import text
from sla_engine.event.decode import DEFAULT_ACTORS, Decoder
from sla_engine.event.layout import FLAG_CONTROL, DeadCode, DecodedBatch, EventType
from sla_engine.event.order import count_contradictions, sort_history
from sla_engine.event.times import format_time
from sla_engine.policy.model import PolicySet
from sla_engine.policy.tables import RuleBook

__all__ = ["Incident", "Refused", "Replay"]

#: Events that are unpacked and folded at once.
_BLOCK_EVENTS: Final = 1 << 14
_ENDS: Final = (EventType.MERGED, EventType.DELETED)

#: Which partition an incident belongs to, from its id.
Place = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident at the end of a replay, until the next one is asked for."""

    tenant: str
    incident: str
    folded: Folded
    folder: Folder
    allowed: tuple[str, ...]

    def alerts(self) -> list[dict[str, Any]]:
        """Its alerts as contracts section 2, each fired at its own instant."""
        return self.folder.render(self.folded, self.allowed)

    def clocks(self, alerts: Sequence[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
        """Its clocks as contracts section 3, by (set, clock, cycle).

        `alerts` are its own, if they were made already.
        """
        fired = self._fired() if alerts is None else alerts
        return clock_reports(self.folder.book, self.folded, fired)

    def _fired(self) -> list[dict[str, Any]]:
        """The alerts as far as a clock's `fired` tells of them."""
        book = self.folder.book
        return [
            {
                "type": TYPES[row["kind"]],
                "id": id_of(book, row, self.folded.timeline),
                "time": format_time(row["time"]),
            }
            for row in as_rows(self.folded.alerts)
        ]


class Replay:
    """Takes all events (`add`), then folds every incident (`incidents`).

    `allowed` is the setting alerts.attributes. `keep_raw` keeps the texts, so that every dead
    letter has its bytes. `published` are the sets that the log's `policy.published` name.
    """

    def __init__(
        self,
        policies: PolicySet,
        *,
        actors: Sequence[str] = DEFAULT_ACTORS,
        allowed: Sequence[str] = (),
        keep_raw: bool = False,
        published: Sequence[PolicySet] = (),
    ) -> None:
        self.log = ReplayLog(actors, keep_raw=keep_raw)
        self.duplicates = 0
        self.contradictions = 0
        self._policies = policies
        self._published = {each.version: each for each in published}
        self._allowed = tuple(allowed)
        self._book: RuleBook | None = None
        self._closed = False

    @property
    def book(self) -> RuleBook:
        """The rules in table form, made when first needed."""
        if self._book is None:
            told, known = self.log.published, self._edited
            self._book = RuleBook(self._policies, editions_of(told, known))
            versions = {each[1:3]: each[-1] for each in told}
            for order, error in self._book.editions.set_aside.items():
                self.log.set_aside(order, cannot_be_used(versions[order], error))
        return self._book

    def _edited(self, version: str) -> PolicySet:
        return edited(self._published, version)

    def add(self, lines: bytes) -> None:
        """Events as JSON lines; a text ends with a whole line."""
        self.log.add(lines)

    def end_ms(self, until_ms: int | None) -> int:
        """Where time ends: at the last event, or at `until_ms` if that is later."""
        ends = [t for t in (self.log.last_ms, until_ms) if t is not None]
        return max(ends, default=0)

    def incidents(
        self, end_ms: int, *, partitions: int = 1, place: Place | None = None
    ) -> Iterator[Incident]:
        """Every incident at `end_ms`, sorted by (tenant, incident)."""
        groups = self._groups()
        if partitions == 1 or place is None:
            yield from self._folded_groups(groups, end_ms)
            return
        apart: list[list[_Group]] = [[] for _ in range(partitions)]
        for group in groups:
            apart[place(group.address[1])].append(group)
        each = [self._folded_groups(some, end_ms) for some in apart]
        yield from heapq.merge(*each, key=lambda one: (one.tenant, one.incident))

    def incident(self, tenant: str, incident: str, end_ms: int) -> Folded | None:
        """One incident with the intervals of its clocks; None when the log does not know it."""
        for group in self._groups():
            if group.address == (tenant, incident):
                batch = self.log.unpacked(group.rows)
                order, _ = self._ordered(batch, np.array([0, len(group.rows)]), [group])
                kept = DecodedBatch(batch.data, batch.events[order], batch.spans, {})
                return Folder(self.book).fold(kept, end_ms, report=True) if len(order) else None
        return None

    # ------------------------------------------------------------------ incidents

    def _groups(self) -> list[_Group]:
        """The incidents of the log, sorted by address, merges carried out."""
        if not self._closed:
            self._closed = True
            self._merge()
        order, bounds = self.log.by_incident()
        firsts = self.log.unpacked(order[bounds[:-1]])
        found = [
            _Group(address_of(firsts, n), order[bounds[n] : bounds[n + 1]])
            for n in range(len(bounds) - 1)
        ]
        return self._told(sorted(found, key=lambda group: group.address))

    def _told(self, groups: list[_Group]) -> list[_Group]:
        """The incidents with the `customer.updated` that concern them behind their own events."""
        updates = self.log.updates()
        if not len(updates):
            return groups
        batch = self.log.unpacked(updates)
        self.book.update_customers(updates_in(batch))
        tenants = np.array([text(batch.data, span) for span in batch.spans[batch.events["span"]]])
        named = batch.spans["hash"][batch.events["span"] + 1]
        found = []
        for group in groups:
            customers = self.log.entries["customer"][group.rows]
            own = (tenants == group.address[0]) & np.isin(named, customers[customers != 0])
            found.append(_Group(group.address, np.concatenate((group.rows, updates[own]))))
        return found

    def _merge(self) -> None:
        """Put `incident.absorbed` where the log's merges call for it."""
        merged = incidents_with(self.log.entries, [EventType.MERGED])
        if not merged.any():
            return
        keys = set(self.log.entries[merged]["key1"].tolist())
        histories: dict[Address, list[Item]] = {}
        order, bounds = self.log.by_incident()
        for begin, end in pairwise(bounds.tolist()):
            if int(self.log.entries[order[begin]]["key1"]) in keys:
                batch = self.log.unpacked(order[begin:end])
                distinct, _ = _first_of_each(batch, np.zeros(end - begin, np.int64))
                histories[address_of(batch, 0)] = items_of(batch, distinct)
        lines = b"\n".join(orjson.dumps(merge.event()) for merge in merges(histories))
        self.log.add_made(Decoder().decode_lines(lines))

    def _folded_groups(self, groups: list[_Group], end_ms: int) -> Iterator[Incident]:
        many, folder = ManyFolder(self.book), Folder(self.book)
        for block in _blocks(groups):
            bounds = np.cumsum([0, *(len(group.rows) for group in block)])
            batch = self.log.unpacked(np.concatenate([group.rows for group in block]))
            order, bounds = self._ordered(batch, bounds, block)
            results = many.fold(batch, order, bounds, end_ms)
            for group, folded in zip(block, results, strict=True):
                if folded.incident[0]["events"]:
                    yield Incident(*group.address, folded, folder, self._allowed)

    def _ordered(
        self, batch: DecodedBatch, bounds: NDArray[np.int64], block: Sequence[_Group]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(order, bounds) of what counts: distinct events, without those after an end."""
        groups = np.repeat(np.arange(len(block)), np.diff(bounds))
        rows = np.concatenate([group.rows for group in block])
        order, others = _first_of_each(batch, groups)
        for row, same in others:
            if same:
                self.duplicates += 1
            elif not self._made(rows[row]):
                self.log.refuse(int(rows[row]), DeadCode.CONFLICT, CONFLICT)
        self.contradictions += count_contradictions(batch, order)
        refused = self._refuse_after_ends(batch, order, groups, rows, block)
        if refused:
            order = order[~np.isin(order, refused)]
        order = order[_since_the_first(batch, order, groups)]
        counts = np.bincount(groups[order], minlength=len(block))
        return order, np.concatenate(([0], np.cumsum(counts))).astype(np.int64)

    def _made(self, row: int) -> bool:
        """Whether the replay put this event there itself; the log's own then counts."""
        return bool(self.log.entries[row]["chunk"] < 0)

    def _refuse_after_ends(
        self,
        batch: DecodedBatch,
        order: NDArray[np.int64],
        groups: NDArray[np.int64],
        rows: NDArray[np.int64],
        block: Sequence[_Group],
    ) -> list[int]:
        ends = np.isin(batch.events["type"][order], [int(kind) for kind in _ENDS])
        refused = []
        for n in np.unique(groups[order[ends]]).tolist():
            own = order[groups[order] == n]
            _, refusals = settle(block[n].address, items_of(batch, own))
            for refusal in refusals:
                refused.append(refusal.row)
                self.log.refuse(int(rows[refusal.row]), refusal.code, refusal.message)
        return refused


@dataclass(frozen=True, slots=True)
class _Group:
    """One incident: its entries in the log, in the order in which they came."""

    address: Address
    rows: NDArray[np.int64]


def _blocks(groups: Sequence[_Group]) -> Iterator[list[_Group]]:
    """Runs of incidents of about _BLOCK_EVENTS events together."""
    block: list[_Group] = []
    size = 0
    for group in groups:
        if block and size + len(group.rows) > _BLOCK_EVENTS:
            yield block
            block, size = [], 0
        block.append(group)
        size += len(group.rows)
    if block:
        yield block


def _since_the_first(
    batch: DecodedBatch, order: NDArray[np.int64], groups: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Which of `order` are not control records before their incident's first event."""
    own = batch.events["flags"][order] & FLAG_CONTROL == 0
    if own.all():
        return np.ones(len(order), np.bool_)
    so_far = np.cumsum(own)
    _, begins, which = np.unique(groups[order], return_index=True, return_inverse=True)
    before = (so_far - own)[begins]
    since: NDArray[np.bool_] = so_far > before[which]
    return since


def _first_of_each(
    batch: DecodedBatch, groups: NDArray[np.int64]
) -> tuple[NDArray[np.int64], list[tuple[int, bool]]]:
    """(rows of distinct events, group after group, each in order; (other row, is it the same)).

    Of several events with one (source, id) the first that came counts (contracts section 1).
    """
    events = batch.events
    ids = np.lexsort((np.arange(len(events)), events["id"], groups))
    again = np.zeros(len(events), bool)
    again[1:] = (events["id"][ids][1:] == events["id"][ids][:-1]) & (
        groups[ids][1:] == groups[ids][:-1]
    )
    firsts = np.maximum.accumulate(np.where(again, 0, np.arange(len(events))))
    same = events["content"][ids] == events["content"][ids[firsts]]
    others = [(int(ids[n]), bool(same[n])) for n in np.flatnonzero(again)]
    left_out = np.zeros(len(events), bool)
    left_out[ids[again]] = True
    order = sort_history(batch)
    order = order[~left_out[order]]
    return order[np.argsort(groups[order], kind="stable")], others
