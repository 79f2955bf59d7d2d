"""The packed canonical event: what history keeps, about a third of the JSON, one after the other.

One event = varint(length of the rest), then version (1 byte), type | author << 5 (1), flags (1),
varint(time - 1990), varint(sequence + 1), content hash (8), then tenant (empty = `default`),
subject, source and id, each varint(length) + bytes, then the spans up to the end:

    member | 0x00, varint(length), bytes                       a text
    member | 0x40, zigzag varint(value, for times minus time)  a time or a score
    member | 0x80                                              null
    member | 0xC0, kind, [varint(length), name if CUSTOM], varint(length), bytes

All other hashes follow from the texts and are made anew by the reader. Types SENT and TOMBSTONE
have an opaque payload behind their second byte.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sla_engine.errors import EventError
from sla_engine.event.compiled import kernel
from sla_engine.event.layout import (
    EVENT,
    FLAG_NORMALISED,
    SPAN,
    DecodedBatch,
    EventType,
    Member,
    SpanKind,
)
from sla_engine.event.scan import SCRATCH_BYTES, SPANS_PER_EVENT_MAX
from sla_engine.event.unpack import (
    FORM_NULL,
    FORM_OTHER,
    FORM_TEXT,
    FORM_VALUE,
    VERSION,
    unpack,
    unpack_stream,
)
from sla_engine.event.varints import put_varint, read_varint, varint, varint_length, zigzag
from sla_engine.limits import TIME_MIN_MS

__all__ = [
    "bound_rows",
    "opaque_payloads",
    "pack",
    "pack_batch",
    "pack_opaque",
    "pack_rows",
    "packed_bound",
    "unpack",
    "unpack_all",
    "unpack_stream",
]

DEFAULT = b"default"
"""The tenant that is not written, and that every buffer the reader works on must hold."""
SPAN_OVERHEAD = 24
"""More bytes than a span takes beyond its text and name."""
EVENT_OVERHEAD = 64
"""More bytes than an event takes beyond its spans."""

_CUSTOM = int(Member.CUSTOM)
_NULL, _TEXT, _NUMBER = int(SpanKind.NULL), int(SpanKind.TEXT), int(SpanKind.NUMBER)
_TIME = int(SpanKind.TIME)
_SENT = int(EventType.SENT)
_KEPT_FLAGS = 0xFF & ~FLAG_NORMALISED


@kernel
def put_run(data: Any, start: Any, length: Any, out: Any, at: Any) -> Any:
    """Write varint(length) and the bytes."""
    at = put_varint(out, at, length)
    for i in range(length):
        out[at + i] = data[start + i]
    return at + length


@kernel
def is_default(data: Any, start: Any, length: Any) -> Any:
    """Is the text `default`?"""
    if length != 7:
        return False
    for i in range(7):
        if data[start + i] != DEFAULT[i]:
            return False
    return True


@kernel
def packed_bound(event: Any, spans: Any) -> Any:
    """No fewer bytes than `pack` will write for this event."""
    size: Any = EVENT_OVERHEAD
    for i in range(event["span"], event["span"] + event["spans"]):
        size += SPAN_OVERHEAD + np.int64(spans[i]["length"]) + np.int64(spans[i]["name_length"])
    return size


@kernel
def pack_span(data: Any, span: Any, time: Any, out: Any, at: Any) -> Any:
    """Write one span of `data`; returns the position behind it."""
    member = np.int64(span["member"])
    kind = np.int64(span["kind"])
    named = span["name_length"] > 0
    if kind == _NULL and not named:
        out[at] = member | FORM_NULL
        return at + 1
    if kind == _TIME or (kind == _NUMBER and member != _CUSTOM):
        out[at] = member | FORM_VALUE
        base = time if kind == _TIME else 0
        return put_varint(out, at + 1, zigzag(np.int64(span["value"]) - base))
    if kind == _TEXT and not named:
        out[at] = member | FORM_TEXT
        return put_run(data, span["start"], span["length"], out, at + 1)
    out[at] = member | FORM_OTHER
    out[at + 1] = kind
    at += 2
    if member == _CUSTOM:
        at = put_run(data, span["name_start"], span["name_length"], out, at)
    return put_run(data, span["start"], span["length"], out, at)


@kernel
def pack_body(data: Any, event: Any, spans: Any, out: Any, at: Any) -> Any:
    """Write the event without its length; returns the position behind it."""
    out[at] = VERSION
    out[at + 1] = event["type"] | event["author"] << 5
    out[at + 2] = event["flags"] & _KEPT_FLAGS
    at = put_varint(out, at + 3, np.int64(event["time"]) - TIME_MIN_MS)
    at = put_varint(out, at, np.int64(event["sequence"]) + 1)
    content = np.uint64(event["content"])
    for i in range(8):
        out[at + i] = np.uint8(content >> np.uint64(8 * i) & np.uint64(255))
    at += 8
    first = np.int64(event["span"])
    for i in range(first, first + 4):
        length: Any = np.int64(spans[i]["length"])
        if i == first and is_default(data, spans[i]["start"], length):
            length = 0
        at = put_run(data, spans[i]["start"], length, out, at)
    for i in range(first + 4, first + event["spans"]):
        at = pack_span(data, spans[i], np.int64(event["time"]), out, at)
    return at


@kernel
def pack(data: Any, event: Any, spans: Any, out: Any, at: Any) -> Any:
    """Write one accepted event into the uint8 array `out` from `at`; returns the end.

    `event` is one EVENT row, `spans` the whole SPAN array it points into, `data` the bytes those
    point into. Needs `packed_bound(event, spans)` bytes of room, else writes nothing: -1.
    """
    if at + packed_bound(event, spans) > out.size:
        return np.int64(-1)
    body = at + 2
    end = pack_body(data, event, spans, out, body)
    length = end - body
    width = varint_length(length)
    if width == 1:
        for i in range(length):
            out[at + 1 + i] = out[body + i]
    elif width > 2:
        for i in range(length - 1, -1, -1):
            out[at + width + i] = out[body + i]
    put_varint(out, at, length)
    return at + width + length


@kernel
def bound_rows(events: Any, spans: Any, rows: Any) -> Any:
    """No fewer bytes than `pack_rows` will write."""
    size = np.int64(0)
    for i in range(rows.size):
        size += packed_bound(events[rows[i]], spans)
    return size


@kernel
def pack_rows(data: Any, events: Any, spans: Any, rows: Any, out: Any, at: Any) -> Any:
    """Write the events of these rows one after the other; returns the end, -1 without room."""
    for i in range(rows.size):
        at = np.int64(pack(data, events[rows[i]], spans, out, at))
        if at < 0:
            return at
    return at


def pack_batch(batch: DecodedBatch) -> bytes:
    """All accepted events of a batch, packed one after the other."""
    accepted = np.flatnonzero(batch.events["code"] == 0)
    out = np.zeros(int(bound_rows(batch.events, batch.spans, accepted)), np.uint8)
    end = int(pack_rows(batch.data, batch.events, batch.spans, accepted, out, 0))
    return out[:end].tobytes()


def pack_opaque(kind: int, payload: bytes) -> bytes:
    """An entry of another format (SENT, TOMBSTONE) as it stands among packed events."""
    return varint(len(payload) + 2) + bytes((VERSION, kind)) + payload


def _corrupt(at: int) -> EventError:
    return EventError(
        f"the packed event at byte {at} is not of version {VERSION} or is cut short; "
        "history is written by this engine alone: restore it from a copy, or replay the log",
        code="BAD_PACKED",
    )


def opaque_payloads(packed: bytes, kind: int = _SENT) -> Iterator[bytes]:
    """The payloads of the opaque entries of one kind among packed events, in order."""
    at = 0
    size = len(packed)
    while at < size:  # on Python's bytes: 0.4 us an entry, three times that by way of a kernel
        length, start = read_varint(packed, at)
        end = start + length
        if start < 0 or length < 2 or end > size or packed[start] != VERSION:
            raise _corrupt(at)
        if packed[start + 1] == kind:
            yield packed[start + 2 : end]
        at = end


def unpack_all(packed: bytes | NDArray[np.uint8]) -> DecodedBatch:
    """Every packed event as rows, opaque entries left out.

    The rows point into a copy of the bytes; raw_start and raw_end are the packed event with its
    length, so that it can be copied as it stands. Raises EventError (BAD_PACKED) on other bytes.
    """
    size = len(packed)
    data = np.zeros(size + len(DEFAULT), np.uint8)
    data[:size] = np.frombuffer(packed, np.uint8)
    data[size:] = np.frombuffer(DEFAULT, np.uint8)
    events = np.zeros(size // 64 + 1, EVENT)
    spans = np.zeros(size // 10 + SPANS_PER_EVENT_MAX, SPAN)
    scratch = np.zeros(SCRATCH_BYTES, np.uint8)
    at = row = k = 0
    while at < size:
        after, row, k = (
            int(x) for x in unpack_stream(data, at, size, size, events, row, spans, k, scratch)
        )
        if after < 0:
            raise _corrupt(-1 - after)
        at = after
        if at < size:
            events = np.concatenate((events, np.zeros(len(events), EVENT)))
            spans = np.concatenate((spans, np.zeros(len(spans), SPAN)))
    return DecodedBatch(data, events[:row], spans[:k], {})
