"""`customer.updated` on its way: from the log into the directory, to the incidents, to the store.

The record's packed bytes are kept beside the partitions, once for all of them, so whoever claims
a partition knows what the directory says; and in the history of every incident that it reaches,
so that folding the history anew tells the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sla_engine.engine.ports import Store
from sla_engine.event.cloudevent import text, value
from sla_engine.event.layout import DecodedBatch, EventType, Member
from sla_engine.event.packed import unpack_all
from sla_engine.event.times import parse_time_text
from sla_engine.policy.directory import MEMBERS, Update
from sla_engine.policy.tables import RuleBook

_PREFIX: Final = "customer:"
_CHANGED: Final = {int(Member[name.upper()]): name for name in MEMBERS}
_VALID: Final = {int(Member.VALID_FROM): 0, int(Member.VALID_TO): 1}

#: (tenant, customer, what the record says)
Told = tuple[str, str, Update]


def told_by(batch: DecodedBatch, at: int) -> Told:
    """What a `customer.updated` says."""
    event = batch.events[at]
    first = int(event["span"])
    spans = batch.spans[first : first + int(event["spans"])]
    tenant, customer, source, identity = (text(batch.data, span) for span in spans[:4])
    changes: list[tuple[str, str | None]] = []
    window: list[int | None] = [None, None]
    has_window = False
    for span in spans[4:]:
        member = int(span["member"])
        given = value(batch.data, span)
        if member in _CHANGED:
            changes.append((_CHANGED[member], given))
        elif member in _VALID:
            has_window = True
            window[_VALID[member]] = None if given is None else parse_time_text(given)
    valid = (window[0], window[1]) if has_window else None
    order = (source, identity)
    content = int(event["content"])
    update = Update(int(event["time"]), order, tuple(changes), valid, content)
    return tenant, customer, update


def shared_name(packed: bytes) -> str:
    """The name under which the store keeps a record: of its bytes, so two never collide."""
    return _PREFIX + blake2b(packed, digest_size=16).hexdigest()


def learn(store: Store, book: RuleBook) -> None:
    """Take in all updates that the store knows."""
    stored = store.shared(_PREFIX)
    if stored:
        book.update_customers(updates_in(unpack_all(b"".join(stored.values()))))


def updates_in(batch: DecodedBatch) -> list[Told]:
    """What all `customer.updated` of a batch say."""
    return [told_by(batch, row) for row in updates_of(batch.events).tolist()]


def updates_of(events: NDArray[Any]) -> NDArray[np.int64]:
    """The rows of the accepted `customer.updated`."""
    kind = events["type"] == EventType.CUSTOMER_UPDATED
    found: NDArray[np.int64] = np.flatnonzero(kind & (events["code"] == 0))
    return found


def is_of(history: DecodedBatch, tenant: str) -> bool:
    """Whether a history is one of this tenant's; its first event is the incident's own."""
    first = int(history.events[0]["span"])
    return text(history.data, history.spans[first]) == tenant


def contradicts(known: Iterable[Update], update: Update) -> bool:
    """Whether another record came under the same (source, id)."""
    return any(each.order == update.order and each.content != update.content for each in known)
