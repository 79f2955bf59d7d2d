"""The hot path: events that arrive in order go straight through the fold.

Anything else (late, perhaps a duplicate, a correction, a control record) stops the kernel at
that event; Python settles it and the kernel goes on behind it.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sla_engine.clock.compiled import inner, kernel
from sla_engine.clock.fold import advance, apply
from sla_engine.clock.history import opening_of, seen_bits
from sla_engine.clock.layout import ENDED, NEVER
from sla_engine.clock.rules import profiles
from sla_engine.clock.work import Outcome, incidents, next_due
from sla_engine.engine.rest import Rest, wake
from sla_engine.engine.shard import (
    ARENA,
    ENTRIES,
    HISTORIES,
    INDEXED,
    ROWS,
    arena,
    chain,
    enter_row,
    entries,
    find_row,
    index,
    levels,
    touch,
)
from sla_engine.event.layout import FLAG_CONTROL, EventType
from sla_engine.event.packed import pack

_DONE = int(Outcome.DONE)
_NEED_ROOM = int(Outcome.NEED_ROOM)


class Stop(IntEnum):
    """Why the kernel stopped at an event, beyond clock.work.Outcome."""

    SPECIAL = 16  # not in order, or of a type that needs more than the fold
    FULL = 17  # the arena or another array needs to grow
    SUSPECT = 18  # in order, but the filter may have seen its id: only the history can tell


_SPECIAL = int(Stop.SPECIAL)
_FULL = int(Stop.FULL)
_SUSPECT = int(Stop.SUSPECT)

_CREATED = int(EventType.CREATED)
_MERGED = int(EventType.MERGED)
_ABSORBED = int(EventType.ABSORBED)
_DELETED = int(EventType.DELETED)
_OVERRIDDEN = int(EventType.OVERRIDDEN)

#: Bytes that a packed event can never exceed (limits: 64 KiB of JSON).
PACKED_MAX = 1 << 18


@inner
def is_special(incident: Any, event: Any) -> bool:
    """Whether the event is not simply the incident's next one."""
    if incident["flags"] & ENDED:
        return True
    kind = event["type"]
    if kind == _CREATED or kind == _MERGED or kind == _ABSORBED or kind == _DELETED:
        return True
    if kind == _OVERRIDDEN:
        return True
    t = event["time"]
    last = incident["last_time"]
    if t < last or t <= incident["fired_at"]:
        return True
    if t > last:
        return False
    return event["source"] != incident["last_source"] or (
        event["sequence"] <= incident["last_sequence"]
    )


@inner
def is_suspect(incident: Any, event: Any) -> bool:
    """Whether an event of the incident may have had this id."""
    bits = seen_bits(event["id"])
    return incident["seen"] & bits == bits


@inner
def new_incident(work: Any, shard: Any, event: Any, blank: int) -> int:
    """The next free row, for an incident seen for the first time."""
    level = levels(shard)
    row = level[ROWS]
    incident = incidents(work)[row]
    incident["key1"] = event["key1"]
    incident["key2"] = event["key2"]
    incident["profile"] = blank
    incident["clocks"] = -1
    incident["history"] = level[HISTORIES]
    next_due(work)[row] = NEVER
    enter_row(index(shard), event["key1"], row)
    level[ROWS] = row + 1
    level[INDEXED] += 1
    level[HISTORIES] += 1
    return row


@kernel
def new_incident_row(work: Any, shard: Any, event: Any, blank: int) -> int:
    """`new_incident` for Python."""
    return new_incident(work, shard, event, blank)


@kernel
def take_events(
    rules: Any,
    work: Any,
    shard: Any,
    events: NDArray[Any],
    spans: NDArray[Any],
    data: NDArray[np.uint8],
    start: int,
    stop: int,
    blank: int,
    fresh: int,
    rest: Rest,
) -> tuple[int, int]:
    """Apply events[start:stop] in order; (Outcome or Stop, index of the event it stopped at).

    Rows for `stop - start` new incidents must be free. Refused events (`code`) are passed over.
    `fresh`: the event whose id is known to be new, -1 = none.
    """
    for n in range(start, stop):
        event = events[n]
        if event["code"] != 0:
            continue
        if event["flags"] & FLAG_CONTROL:
            return _SPECIAL, n
        out = arena(shard)
        if levels(shard)[ARENA] + PACKED_MAX > len(out):
            return _FULL, n
        if levels(shard)[ENTRIES] >= len(entries(shard)):
            return _FULL, n
        row = find_row(shard, incidents(work), event["key1"], event["key2"])
        if row < 0:
            row = new_incident(work, shard, event, blank)
        incident = incidents(work)[row]
        first = incident["events"] == 0
        if first:
            kind = event["type"]
            if kind == _MERGED or kind == _ABSORBED or kind == _OVERRIDDEN:
                return _SPECIAL, n
        elif is_special(incident, event):
            return _SPECIAL, n
        elif event["time"] >= profiles(rules)[incident["profile"]]["until"]:
            return _SPECIAL, n
        elif n != fresh and is_suspect(incident, event):
            return _SUSPECT, n
        if not wake(work, row, rest):
            return _NEED_ROOM, n
        outcome = advance(rules, work, row, event["time"] - 1)
        if outcome == _DONE:
            opened = opening_of(event, spans) if first else np.int64(-1)
            outcome = apply(rules, work, row, event, spans, data, opened, False)
        touch(shard, row)
        if outcome != _DONE:
            return outcome, n
        incident["last_sequence"] = event["sequence"]
        incident["last_source"] = event["source"]
        incident["last_id"] = event["id"]
        incident["seen"] |= seen_bits(event["id"])
        begin = levels(shard)[ARENA]
        end = pack(data, event, spans, out, begin)
        chain(shard, incident["history"], begin, end)
    return _DONE, np.int64(stop)


@kernel
def fire_rows(
    rules: Any, work: Any, shard: Any, rows: NDArray[np.int64], start: int, upto: int, rest: Rest
) -> tuple[int, int]:
    """Advance rows[start:] to `upto`; (Outcome, index it stopped at)."""
    for n in range(start, len(rows)):
        row = rows[n]
        if next_due(work)[row] > upto:
            continue
        if not wake(work, row, rest):
            return _NEED_ROOM, n
        touch(shard, row)
        outcome = advance(rules, work, row, upto)
        if outcome != _DONE:
            return outcome, n
    return _DONE, np.int64(len(rows))


@kernel
def due_rows(due: NDArray[np.int64], count: int, upto: int, out: NDArray[np.int64]) -> int:
    """Rows whose timer is at or before `upto`; returns how many were found (at most len(out))."""
    found = 0
    for row in range(count):
        if due[row] <= upto:
            out[found] = row
            found += 1
            if found == len(out):
                break
    return found


@kernel
def first_due_of(due: NDArray[np.int64], count: int) -> int:
    """The earliest timer of all rows."""
    nearest = NEVER
    for row in range(count):
        nearest = min(nearest, due[row])
    return nearest
