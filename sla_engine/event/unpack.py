"""The reader of packed events, the one way from stored bytes back to rows (format: `packed`).

It trusts nothing: bytes that are cut short or of another version give -1, never a wild read.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sla_engine.event.compiled import kernel
from sla_engine.event.hashing import SEED_TEXT, hash_bytes
from sla_engine.event.layout import EventType, Member, SpanKind
from sla_engine.event.scan import SPANS_PER_EVENT_MAX, clear_event, put_keys
from sla_engine.event.spans import HASH_FALSE, HASH_TRUE, put_span, put_text, put_value
from sla_engine.event.varints import get_varint, unzigzag
from sla_engine.limits import ID_BYTES_MAX, TIME_MIN_MS

VERSION = 1
FORM_TEXT, FORM_VALUE, FORM_NULL, FORM_OTHER = 0x00, 0x40, 0x80, 0xC0

_SENT = int(EventType.SENT)  # this type and those behind it are opaque
_TENANT, _CUSTOM = int(Member.TENANT), int(Member.CUSTOM)
_FIRST_SCORE, _LAST_SCORE = int(Member.CSAT), int(Member.CES)
_NULL, _NUMBER, _TIME = (np.int64(kind) for kind in (SpanKind.NULL, SpanKind.NUMBER, SpanKind.TIME))
_TRUE, _FALSE, _LAST_KIND = int(SpanKind.TRUE), int(SpanKind.FALSE), int(SpanKind.LIST)
_SEED = np.uint64(SEED_TEXT)
_DEFAULT_LENGTH = np.int64(7)


@kernel
def unpack_head(data: Any, at: Any, end: Any, event: Any) -> Any:
    """Read the fixed part from behind version and type; the position behind it, or -1."""
    if at + 1 > end:
        return -1
    event["flags"] = data[at]
    value, at = get_varint(data, at + 1, end)
    if at < 0:
        return -1
    event["time"] = value + TIME_MIN_MS
    value, at = get_varint(data, at, end)
    if at < 0 or at + 8 > end:
        return -1
    event["sequence"] = value - 1
    content = np.uint64(0)
    for i in range(8):
        content |= np.uint64(data[at + i]) << np.uint64(8 * i)
    event["content"] = content
    return at + 8


@kernel
def unpack_run(data: Any, at: Any, end: Any) -> Any:
    """(start, length) of the bytes of a run; length -1 when it does not fit before `end`."""
    length, start = get_varint(data, at, end)
    if start < 0 or length < 0 or start + length > end:
        return at, np.int64(-1)
    return start, length


@kernel
def unpack_other(data: Any, at: Any, end: Any, member: Any, spans: Any, k: Any) -> Any:
    """A span whose kind is written out; the position behind it, or -1."""
    if at >= end or data[at] > _LAST_KIND:
        return -1
    kind = np.int64(data[at])
    at += 1
    name_start = np.int64(0)
    name_length = np.int64(0)
    if member == _CUSTOM:
        name_start, name_length = unpack_run(data, at, end)
        if name_length < 0:
            return -1
        at = name_start + name_length
    start, length = unpack_run(data, at, end)
    if length < 0:
        return -1
    hashed = np.uint64(hash_bytes(data, start, length, _SEED))
    if kind == _TRUE:
        hashed = HASH_TRUE
    elif kind == _FALSE:
        hashed = HASH_FALSE
    put_span(spans, k, member, kind, hashed)
    if length > 0:
        spans[k]["start"] = start
        spans[k]["length"] = length
    spans[k]["name"] = hash_bytes(data, name_start, name_length, _SEED)
    spans[k]["name_start"] = name_start
    spans[k]["name_length"] = name_length
    return start + length


@kernel
def unpack_span(data: Any, at: Any, end: Any, time: Any, spans: Any, k: Any) -> Any:
    """Read one span of `data` into row `k`; the position behind it, or -1."""
    member = np.int64(data[at]) & 0x3F
    form = np.int64(data[at]) & 0xC0
    if form == FORM_TEXT:
        start, length = unpack_run(data, at + 1, end)
        if length < 0:
            return -1
        put_text(data, spans, k, member, start, length)
        return start + length
    if form == FORM_NULL:
        put_span(spans, k, member, _NULL, np.uint64(0))
        return at + 1
    if form == FORM_OTHER:
        return unpack_other(data, at + 1, end, member, spans, k)
    value, behind = get_varint(data, at + 1, end)
    value = unzigzag(value)
    kind = _NUMBER
    if member < _FIRST_SCORE or member > _LAST_SCORE:
        value += time
        kind = _TIME
    put_value(spans, k, member, kind, value)
    return behind


@kernel
def unpack_identities(data: Any, at: Any, end: Any, default: Any, spans: Any, k: Any) -> Any:
    """Tenant, subject, source and id into rows k..k+3; the position behind them, or -1."""
    for member in range(4):
        start, length = unpack_run(data, at, end)
        if length < 0 or length > ID_BYTES_MAX:
            return np.int64(-1)
        at = start + length
        if member == _TENANT and length == 0:
            start, length = default, _DEFAULT_LENGTH
        put_text(data, spans, k + member, member, start, length)
    return at


@kernel
def unpack(data: Any, start: Any, end: Any, default: Any, events: Any, row: Any, spans: Any,
           k: Any, scratch: Any) -> Any:  # fmt: skip
    """The packed event at `start` into `events[row]` and the spans from row `k`.

    `default` is the position of the bytes `default` in `data`; `scratch` has SCRATCH_BYTES;
    SPANS_PER_EVENT_MAX rows of spans must be free. Returns (start of the next, next row of
    spans); the start is -1 when the bytes are no packed event. An opaque entry leaves its type
    in the row, no spans, and its payload as raw_start..raw_end.
    """
    at, length = unpack_run(data, start, end)
    if length < 2 or data[at] != VERSION:
        return np.int64(-1), k
    end = at + length
    clear_event(events, row, k, start, end)
    event = events[row]
    event["offset"] = -1
    event["append"] = -1
    kind = np.int64(data[at + 1])
    event["type"] = kind & 31
    if event["type"] >= _SENT:
        event["raw_start"] = at + 2
        return end, k
    event["author"] = kind >> 5
    at = unpack_head(data, at + 2, end, event)
    if at < 0:
        return np.int64(-1), k
    at = unpack_identities(data, at, end, default, spans, k)
    after = k + 4
    while 0 <= at < end and after - k < SPANS_PER_EVENT_MAX:
        at = unpack_span(data, at, end, np.int64(event["time"]), spans, after)
        after += 1
    if at != end:
        return np.int64(-1), k
    event["spans"] = after - k
    put_keys(data, event, spans, k, scratch)
    return end, after


@kernel
def unpack_stream(data: Any, start: Any, end: Any, default: Any, events: Any, row: Any,
                  spans: Any, k: Any, scratch: Any) -> Any:  # fmt: skip
    """Packed events from `start` up to `end`, opaque entries skipped, as long as there is room.

    Returns (start of the next one to read, next row of events, next row of spans); the start is
    -1 - position when the bytes at a position are no packed event.
    """
    at = np.int64(start)
    while at < end and row < events.size and k + SPANS_PER_EVENT_MAX <= spans.size:
        after, k = unpack(data, at, end, default, events, row, spans, k, scratch)
        if after < 0:
            return -1 - at, row, k
        if events[row]["type"] < _SENT:
            row += 1
        at = after
    return at, row, k
