"""Merged and deleted incidents in a known past: what still counts, and what the target learns.

Contracts section 1: a merge puts `incident.absorbed` on the incident that was merged into; an
incident that was merged or deleted takes nothing that comes after; a merge into itself or into
an incident that it has absorbed is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sla_engine.alert.ids import encoded
from sla_engine.clock.layout import NEVER
from sla_engine.engine.refold import distinct
from sla_engine.event.cloudevent import text, value
from sla_engine.event.layout import DeadCode, DecodedBatch, EventType, Member, SpanKind
from sla_engine.event.times import format_time

SOURCE = "sla-engine"

#: (tenant, incident)
Address = tuple[str, str]


class Item(NamedTuple):
    """One event as far as merges are concerned; `key` is its place in the order."""

    key: tuple[int, bool, bytes, int, bytes]
    row: int  # in its batch; -1: not on the log
    kind: int
    opening_ms: int
    other: str  # `into` of a merge, `from` of an absorption
    absorbed: tuple[str, ...]

    @property
    def time_ms(self) -> int:
        return self.key[0]


class Refusal(NamedTuple):
    """A row that must not be applied."""

    row: int
    code: DeadCode
    message: str


@dataclass(frozen=True)
class Merge:
    """A merge that counts: what the target is told."""

    address: Address
    into: str
    time_ms: int
    opened_ms: int
    absorbed: tuple[str, ...]

    def event(self) -> dict[str, Any]:
        """`incident.absorbed` as the worker of the source puts it on the log."""
        tenant, incident = self.address
        return {
            "specversion": "1.0",
            "id": "/".join(map(encoded, (tenant, incident, self.into))) + "/absorbed",
            "source": SOURCE,
            "type": "incident.absorbed",
            "subject": self.into,
            "time": format_time(self.time_ms),
            "tenant": tenant,
            "data": {
                "from": incident,
                "opened_at": format_time(self.opened_ms),
                "absorbed": list(self.absorbed),
            },
        }

    def item(self) -> Item:
        """The same as an event of the target's history."""
        identity = str(self.event()["id"]).encode()
        key = (self.time_ms, True, SOURCE.encode(), -1, identity)
        own = self.address[1]
        return Item(key, -1, EventType.ABSORBED, self.opened_ms, own, self.absorbed)


def address_of(batch: DecodedBatch, row: int) -> Address:
    """The incident that an event is about."""
    first = int(batch.events["span"][row])
    tenant, incident = batch.spans[first + Member.TENANT], batch.spans[first + Member.SUBJECT]
    return text(batch.data, tenant), text(batch.data, incident)


def items_of(batch: DecodedBatch, order: NDArray[np.int64]) -> list[Item]:
    """The events of one incident, in their order."""
    return [_item(batch, int(row)) for row in order]


def _item(batch: DecodedBatch, row: int) -> Item:
    event = batch.events[row]
    first = int(event["span"])
    spans = batch.spans[first : first + int(event["spans"])]
    source, identity = (text(batch.data, spans[n]).encode() for n in (Member.SOURCE, Member.ID))
    opening, other = int(event["time"]), ""
    absorbed: tuple[str, ...] = ()
    for span in spans[4:]:
        member = int(span["member"])
        if member in (Member.INTO, Member.FROM):
            other = text(batch.data, span)
        elif member == Member.ABSORBED:
            absorbed = tuple(value(batch.data, span) or ())
        elif member == Member.OPENED_AT and span["kind"] != SpanKind.NULL:
            opening = min(opening, int(span["value"]))
    kind = int(event["type"])
    key = (int(event["time"]), kind != EventType.CREATED, source, int(event["sequence"]), identity)
    return Item(key, row, kind, opening, other, absorbed)


def settle(address: Address, items: Iterable[Item]) -> tuple[Merge | None, list[Refusal]]:
    """(the merge that ends the incident, if one does; what must not be applied)."""
    refused: list[Refusal] = []
    absorbed: set[str] = set()
    opened = int(NEVER)
    earlier = int(NEVER)
    inferred = True
    ended: Item | None = None
    for item in items:
        if ended is not None:
            refused.append(_after(item, ended))
            continue
        if item.kind == EventType.MERGED and item.other in {address[1], *absorbed}:
            refused.append(_circular(item, address[1]))
            continue
        if item.kind == EventType.ABSORBED:
            absorbed.update((item.other, *item.absorbed))
            earlier = min(earlier, item.opening_ms)
        if opened == NEVER or (inferred and item.kind == EventType.CREATED):
            opened = item.opening_ms
            inferred = item.kind != EventType.CREATED
        if item.kind in (EventType.MERGED, EventType.DELETED):
            ended = item
    refused = [one for one in refused if one.row >= 0]
    if ended is None or ended.kind == EventType.DELETED:
        return None, refused
    known = tuple(sorted(absorbed))
    return Merge(address, ended.other, ended.time_ms, min(opened, earlier), known), refused


def to_tell(history: DecodedBatch) -> list[Merge] | Refusal:
    """What the newest event of a history, a merge or an absorption, is to be told to others.

    An absorption that comes when the incident was merged itself is handed on to where that went,
    under the first incident's name: what the merge said stays said.
    """
    order = distinct(history)
    newest = len(history.events) - 1
    items = items_of(history, order)
    merge, refused = settle(address_of(history, int(order[0])), items)
    for refusal in refused:
        if refusal.row == newest:
            return refusal
    if merge is None:
        return []
    item = next(item for item in items if item.row == newest)
    if item.kind == EventType.MERGED:
        return [merge]
    tenant, _ = merge.address
    source = (tenant, item.other)
    return [Merge(source, merge.into, merge.time_ms, item.opening_ms, item.absorbed)]


def _after(item: Item, ended: Item) -> Refusal:
    if ended.kind == EventType.DELETED:
        message = "the incident was deleted; nothing can be added to it"
        return Refusal(item.row, DeadCode.DELETED, message)
    message = f"the incident was merged into `{ended.other}` before this; send it for that incident"
    return Refusal(item.row, DeadCode.MERGED, message)


def _circular(item: Item, own: str) -> Refusal:
    what = "itself" if item.other == own else f"`{item.other}`, which it has absorbed"
    return Refusal(item.row, DeadCode.MERGED, f"into: a merge into {what}; name another incident")


def merges(histories: Mapping[Address, Sequence[Item]]) -> list[Merge]:
    """All merges that count among these incidents (those that have a merge in their history).

    A merge tells its target what it had absorbed, which may forbid or enrich a merge of the
    target: so all are settled again until nothing changes. Two that contradict each other at
    one instant: the first by address counts.
    """
    found: dict[Address, Merge] = {}
    for _ in range(len(histories) + 2):
        before = dict(found)
        for address in sorted(histories):
            told = [m.item() for m in found.values() if (m.address[0], m.into) == address]
            merge, _ = settle(address, _together(histories[address], told))
            if merge is None:
                found.pop(address, None)
            else:
                found[address] = merge
        if found == before:
            break
    return [found[address] for address in sorted(found)]


def _together(items: Sequence[Item], told: Sequence[Item]) -> list[Item]:
    """The history with what other merges tell it; an event on the log counts before a told one."""
    known = {(item.key[2], item.key[4]) for item in items}
    new = [item for item in told if (item.key[2], item.key[4]) not in known]
    return sorted([*items, *new], key=lambda item: item.key)
