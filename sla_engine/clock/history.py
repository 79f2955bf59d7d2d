"""The fold over a whole history: all events of one incident in order, and the time between.

Late, duplicate and corrected events, explanations, reports and tests take this way; it uses
the same `advance` and `apply` as events that arrive in order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sla_engine.clock.compiled import inner, kernel
from sla_engine.clock.fold import advance, apply
from sla_engine.clock.measure import settle
from sla_engine.clock.work import Outcome, clocks, incidents
from sla_engine.event.layout import EventType, Member, SpanKind

_DONE = int(Outcome.DONE)
_CREATED = int(EventType.CREATED)
_OPENED_AT = int(Member.OPENED_AT)
_NULL = int(SpanKind.NULL)


@inner
def opening_of(event: Any, spans: NDArray[Any]) -> int:
    """When an event says that its incident was opened: `opened_at`, never later than its time."""
    opened = event["time"]
    base = event["span"]
    for n in range(base, base + event["spans"]):
        span = spans[n]
        if span["member"] == _OPENED_AT and span["kind"] != _NULL:
            opened = min(opened, span["value"])
    return opened


@kernel
def fold_events(
    rules: Any,
    work: Any,
    row: int,
    events: NDArray[Any],
    spans: NDArray[Any],
    data: NDArray[np.uint8],
    order: NDArray[np.int64],
    done: int,
    until: int,
) -> tuple[int, int]:
    """Apply events `order[done:]` that are not later than `until`, then advance to `until`.

    Returns (Outcome, how many events are applied by now): after a request that Python has
    answered, call again with that number.
    """
    n = np.int64(done)
    while n < len(order):
        event = events[order[n]]
        if event["time"] > until:
            break
        outcome = advance(rules, work, row, event["time"] - 1)
        if outcome != _DONE:
            return outcome, n
        opened = opening_of(event, spans) if n == 0 else np.int64(-1)
        outcome = apply(rules, work, row, event, spans, data, opened, True)
        if outcome != _DONE:
            return outcome, n
        incident = incidents(work)[row]
        incident["last_sequence"] = event["sequence"]
        incident["last_source"] = event["source"]
        incident["last_id"] = event["id"]
        incident["seen"] |= seen_bits(event["id"])
        n += 1
    return advance(rules, work, row, until), n


@inner
def seen_bits(identity: np.uint64) -> np.uint64:
    """Two of 64 bits for an event id: INCIDENT.seen answers "surely new" or "look it up"."""
    one = np.uint64(1)
    mask = np.uint64(63)
    return (one << (identity & mask)) | (one << ((identity >> np.uint64(8)) & mask))


@kernel
def settle_all(rules: Any, work: Any, row: int, t: int) -> None:
    """Bring the sums of every clock of the incident up to `t`, for a report."""
    at = incidents(work)[row]["clocks"]
    while at >= 0:
        settle(rules, work, at, t)
        at = clocks(work)[at]["next"]
