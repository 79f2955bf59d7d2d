"""The fold over a whole history: all events of one incident in order, and the time between.

Late, duplicate and corrected events, explanations, reports and tests take this way; it uses
the same `advance` and `apply` as events that arrive in order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sla_engine.clock.compiled import inner, kernel
from sla_engine.clock.dues import target_now
from sla_engine.clock.far import far
from sla_engine.clock.fold import advance, apply, switch
from sla_engine.clock.layout import (
    ENDED,
    EXCLUDED_TIME,
    HELD,
    IRREGULAR,
    PINNED,
    RUNNING_TIME,
    AlertKind,
    State,
)
from sla_engine.clock.marks import is_open_cycle
from sla_engine.clock.rules import columns, profiles
from sla_engine.clock.stretches import close_stretch, record_segment
from sla_engine.clock.work import (
    ALERTS,
    EXCLUDES,
    SEGMENTS,
    WAITS,
    Outcome,
    alerts,
    archived,
    clocks,
    counts,
    excludes,
    has_room,
    incidents,
    recording,
    segments,
)
from sla_engine.event.hashing import hash_text
from sla_engine.event.layout import EventType, Member, SpanKind

_DONE = int(Outcome.DONE)
_NEED_ROOM = int(Outcome.NEED_ROOM)
_RUNNING = int(State.RUNNING)
_BREACHED = int(AlertKind.BREACHED)
_CLEARED = int(AlertKind.CLEARED)
_OVERRIDDEN = int(EventType.OVERRIDDEN)
_OPENED_AT = int(Member.OPENED_AT)
_SET = int(Member.SET)
_CLOCK = int(Member.CLOCK)
_EXCLUDE_FROM = int(Member.EXCLUDE_FROM)
_EXCLUDE_TO = int(Member.EXCLUDE_TO)
_NULL = int(SpanKind.NULL)
_DEFAULT_SET = np.uint64(hash_text("default"))


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
    if n == 0:
        counts(work)[EXCLUDES] = 0
        for at in order:
            if events[at]["type"] == _OVERRIDDEN and events[at]["time"] <= until:
                note_exclude(rules, work, events[at], spans)
        if not has_room(work):
            return _NEED_ROOM, n
    while n < len(order):
        event = events[order[n]]
        if event["time"] > until:
            break
        if n > 0:
            outcome = pass_switches(rules, work, row, event["time"])
            if outcome != _DONE:
                return outcome, n
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
    outcome = _DONE
    if n > 0:
        outcome = pass_switches(rules, work, row, until)
    if outcome == _DONE:
        outcome = advance(rules, work, row, until)
    if outcome == _DONE:
        mark_irregular(work, row)
        mark_superseded(work)
        drop_unreleased(work, until)
    return outcome, n


@far
def pass_switches(rules: Any, work: Any, row: int, upto: int) -> int:
    """Bring editions of the policies that come into force up to `upto` to the incident."""
    while True:
        t = profiles(rules)[incidents(work)[row]["profile"]]["until"]
        if t > upto or incidents(work)[row]["flags"] & ENDED:
            return _DONE
        outcome = advance(rules, work, row, t - 1)
        if outcome == _DONE:
            outcome = switch(rules, work, row, t)
        if outcome != _DONE:
            return outcome


@inner
def note_exclude(rules: Any, work: Any, event: Any, spans: NDArray[Any]) -> None:
    """What a `clock.overridden` excludes corrects what came before it: known from the first."""
    set_hash = _DEFAULT_SET
    name_hash = np.uint64(0)
    begin = np.int64(0)
    end = np.int64(0)
    base = event["span"]
    for n in range(base, base + event["spans"]):
        span = spans[n]
        if span["member"] == _SET and span["kind"] != _NULL:
            set_hash = span["hash"]
        elif span["member"] == _CLOCK:
            name_hash = span["hash"]
        elif span["member"] == _EXCLUDE_FROM:
            begin = span["value"]
        elif span["member"] == _EXCLUDE_TO:
            end = span["value"]
    if end == 0 or counts(work)[EXCLUDES] >= len(excludes(work)):
        return
    for column in range(len(columns(rules))):
        meant = columns(rules)[column]
        if meant["set_hash"] == set_hash and meant["name_hash"] == name_hash:
            insert_exclude(work, column, begin, end)


@inner
def insert_exclude(work: Any, column: int, begin: int, end: int) -> None:
    """Keep an excluded interval, in order."""
    n = counts(work)[EXCLUDES]
    counts(work)[EXCLUDES] = n + 1
    while n > 0 and excludes(work)[n - 1]["begin"] > begin:
        excludes(work)[n] = excludes(work)[n - 1]
        n -= 1
    excludes(work)[n]["begin"] = begin
    excludes(work)[n]["end"] = end
    excludes(work)[n]["column"] = column


@far
def mark_irregular(work: Any, row: int) -> int:
    """Whether the incident's rows, without what was recorded, tell how it goes on."""
    irregular = counts(work)[EXCLUDES] > 0 or counts(work)[WAITS] > 0
    at = incidents(work)[row]["clocks"]
    while at >= 0:
        clock = clocks(work)[at]
        if is_open_cycle(clock) and clock["flags"] & (PINNED | HELD):
            irregular = True
        if clock["once"] != 0 and clock["state"] != _RUNNING:
            irregular = True
        if is_open_cycle(clock) and keeps_calendar(work, at):
            irregular = True
        at = clock["next"]
    if irregular:
        incidents(work)[row]["flags"] |= IRREGULAR
    else:
        incidents(work)[row]["flags"] &= 0xFFFF ^ IRREGULAR
    return 0


@inner
def keeps_calendar(work: Any, at: int) -> bool:
    """Whether stretches of a clock stay counted on another calendar than its own."""
    for n in range(counts(work)[SEGMENTS]):
        segment = segments(work)[n]
        if segment["clock"] == at and segment["calendar"] >= 0:
            if segment["calendar"] != clocks(work)[at]["calendar"]:
                return True
    return False


@far
def mark_superseded(work: Any) -> int:
    """Mark the lower ones of several steps of one cycle that became true at once.

    A breach is never superseded, and `cleared` supersedes nothing.
    """
    for n in range(counts(work)[ALERTS]):
        alert = alerts(work)[n]
        if alert["kind"] == _BREACHED or alert["kind"] == _CLEARED:
            continue
        for m in range(n + 1, counts(work)[ALERTS]):
            other = alerts(work)[m]
            if other["decided"] != alert["decided"]:
                break
            same = alert["column"] == other["column"] and alert["cycle"] == other["cycle"]
            if same and other["kind"] != _CLEARED:
                alert["superseded"] = 1
    return 0


@far
def drop_unreleased(work: Any, until: int) -> int:
    """Leave out what waits for its `hold`: it may not leave yet."""
    kept = 0
    for n in range(counts(work)[ALERTS]):
        if alerts(work)[n]["release"] <= until:
            if kept < n:
                alerts(work)[kept] = alerts(work)[n]
            kept += 1
    counts(work)[ALERTS] = kept
    return 0


@inner
def seen_bits(identity: np.uint64) -> np.uint64:
    """Four of 64 bits for an event id: INCIDENT.seen answers "surely new" or "look it up".

    With four, 1 % of the sixth events are looked up for nothing; with two it would be 3 %.
    """
    one = np.uint64(1)
    mask = np.uint64(63)
    bits = one << (identity & mask)
    for byte in range(1, 4):
        bits |= one << ((identity >> np.uint64(8 * byte)) & mask)
    return bits


@kernel
def settle_all(rules: Any, work: Any, row: int, t: int) -> int:
    """Bring the sums of every clock of the incident up to `t`, for a report."""
    at = incidents(work)[row]["clocks"]
    while at >= 0:
        clock = clocks(work)[at]
        end = t if is_open_cycle(clock) else clock["stopped"]
        clock["target"] = target_now(rules, work, at, end)
        close_stretch(rules, work, at, t)
        at = clock["next"]
    return split_excluded(work)


@far
def split_excluded(work: Any) -> int:
    """Show what was excluded as stretches of its own, for a report."""
    for n in range(counts(work)[EXCLUDES]):
        exclude = excludes(work)[n]
        for s in range(counts(work)[SEGMENTS]):
            segment = segments(work)[s]
            if segment["kind"] != RUNNING_TIME or column_of(work, segment) != exclude["column"]:
                continue
            begin = max(segment["start"], exclude["begin"])
            end = min(segment["end"], exclude["end"])
            if begin >= end or not recording(work):
                continue
            record_part(work, s, end, segment["end"], RUNNING_TIME)
            record_part(work, s, begin, end, EXCLUDED_TIME)
            segment["end"] = begin
    return 0


@inner
def record_part(work: Any, s: int, start: int, end: int, kind: int) -> None:
    """Keep a part of the s-th stretch as one of its own."""
    n = counts(work)[SEGMENTS]
    record_segment(work, segments(work)[s]["clock"], start, end, kind)
    if counts(work)[SEGMENTS] > n:
        segments(work)[n]["calendar"] = segments(work)[s]["calendar"]


@inner
def column_of(work: Any, segment: Any) -> int:
    """The column of the clock whose stretch it is, of a past cycle too."""
    at = segment["clock"]
    if at >= 0:
        return clocks(work)[at]["column"]
    return archived(work)[-2 - at]["column"] if at < -1 else -1
