"""The scanner: structured-mode CloudEvents JSON of the usual shape straight into rows.

It only ever accepts. Whatever it does not recognise beyond doubt (an escape in a name, nested or
repeated members, control records, anything out of bounds) is marked NEEDS_NORMALISER, and the
normaliser decides. The first four spans of a row are TENANT, SUBJECT, SOURCE, ID.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sla_engine.event.compiled import kernel
from sla_engine.event.content import SUBJECT_TERM, TIME_TERM, TYPE_TERM, Tag, content_hash, term
from sla_engine.event.hashing import (
    SEED_ID,
    SEED_KEY1,
    SEED_KEY2,
    SEED_TEXT,
    hash_bytes,
    join,
    load_part,
)
from sla_engine.event.layout import FLAG_PUBLIC, Author, EventType, Member
from sla_engine.event.members import (
    ALLOWED,
    AUTHOR,
    REQUIRED,
    Envelope,
    envelope_code,
    incident_type,
    mask_of,
)
from sla_engine.event.scan_data import scan_data
from sla_engine.event.scan_values import find_text, has_control
from sla_engine.event.spans import put_text
from sla_engine.event.times import BAD_TIME, digits, parse_time
from sla_engine.event.tokens import (
    BRACE_OPEN,
    byte_at,
    name_at,
    next_member,
    scalar_end,
    skip_blanks,
)
from sla_engine.limits import EVENT_BYTES_MAX, ID_BYTES_MAX, TIME_MAX_MS, TIME_MIN_MS

NEEDS_NORMALISER = 255
"""EVENT.code of a row that the scanner leaves to the normaliser."""
SPANS_PER_EVENT_MAX = 128
"""More than any event has: 4 of the envelope, fewer than 56 members, 32 of `custom`."""
SCRATCH_BYTES = 2 * ID_BYTES_MAX + 2
"""Room for two identities and the 0x00 between them."""
UNCHECKED = (1 << 63) - 1
"""`latest_ms` of a caller who does not check for times in the future."""
DEFAULT_TENANT = "default"
PLACE = np.dtype([("start", "i8"), ("end", "i8"), ("offset", "i8"), ("append", "i8")], align=True)
"""Where a record lies in the bytes (start -1: it has no value) and in the log."""

_SEED, _SEED1, _SEED2 = np.uint64(SEED_TEXT), np.uint64(SEED_KEY1), np.uint64(SEED_KEY2)
_SEED_ID = np.uint64(SEED_ID)
_ZERO, _BIT = np.uint64(0), np.uint64(1)
_START, _DEFAULT_LENGTH = np.int64(0), np.int64(len(DEFAULT_TENANT))
_TENANT, _SUBJECT, _SOURCE, _ID = (
    np.int64(m) for m in (Member.TENANT, Member.SUBJECT, Member.SOURCE, Member.ID)
)
_TYPE, _TIME, _SPECVERSION, _SEQUENCE, _DATA, _IGNORED = (
    int(code)
    for code in (
        *(Envelope.TYPE, Envelope.TIME, Envelope.SPECVERSION, Envelope.SEQUENCE),
        *(Envelope.DATA, Envelope.IGNORED),
    )
)
_REQUIRED = np.uint64(
    mask_of(
        *(Envelope.SUBJECT, Envelope.SOURCE, Envelope.ID),
        *(Envelope.TYPE, Envelope.TIME, Envelope.SPECVERSION),
    )
)
_TAG_TEXT = np.int64(Tag.TEXT)
_THREE, _ONE_POINT_ZERO = np.int64(3), np.uint64(int.from_bytes(b"1.0", "little"))
_SEQUENCE_DIGITS_MAX = 18
_NO_AUTHOR = int(Author.NONE)
_COMMENTED, _ACKNOWLEDGED = int(EventType.COMMENTED), int(EventType.ACKNOWLEDGED)
_MERGED, _ABSORBED = int(EventType.MERGED), int(EventType.ABSORBED)
_RATED = int(EventType.RATED)
_INTO, _FROM = int(Member.INTO), int(Member.FROM)
_SET, _CLOCK = np.uint64(mask_of(Member.SET)), np.uint64(mask_of(Member.CLOCK))
_SCORES = np.uint64(mask_of(Member.CSAT, Member.NPS, Member.CES))

_ALLOWED = np.array(ALLOWED, np.uint64)
_NEEDED = np.zeros(len(ALLOWED), np.uint64)
for _type, _codes in REQUIRED.items():
    _NEEDED[_type] = mask_of(*_codes)
_NEEDED[_COMMENTED] = mask_of(AUTHOR)


@kernel
def clear_event(events: Any, row: Any, first_span: Any, start: Any, end: Any) -> Any:
    """The row as it is before anything was read."""
    event = events[row]
    event["time"] = 0
    event["sequence"] = -1
    event["key1"] = _ZERO
    event["key2"] = _ZERO
    event["id"] = _ZERO
    event["source"] = _ZERO
    event["content"] = _ZERO
    event["span"] = first_span
    event["spans"] = 0
    event["raw_start"] = start
    event["raw_end"] = end
    event["flags"] = 0
    event["type"] = 0
    event["author"] = 0
    event["code"] = 0
    event["pad"] = 0


@kernel
def put_keys(data: Any, event: Any, spans: Any, k: Any, scratch: Any) -> Any:
    """The hashes that follow from the first four spans, which begin at row `k`."""
    length = join(data, spans[k]["start"], spans[k]["length"],
                  spans[k + 1]["start"], spans[k + 1]["length"], scratch)  # fmt: skip
    event["key1"] = hash_bytes(scratch, _START, length, _SEED1)
    event["key2"] = hash_bytes(scratch, _START, length, _SEED2)
    length = join(data, spans[k + 2]["start"], spans[k + 2]["length"],
                  spans[k + 3]["start"], spans[k + 3]["length"], scratch)  # fmt: skip
    event["id"] = hash_bytes(scratch, _START, length, _SEED_ID)
    event["source"] = spans[k + 2]["hash"]


@kernel
def scan_sequence(data: Any, start: Any, stop: Any) -> Any:
    """The number that the text says; -1: not for the scanner."""
    if stop == start or stop - start > _SEQUENCE_DIGITS_MAX:
        return -1
    return digits(data, start, stop - start)


@kernel
def scan_attribute(data: Any, at: Any, end: Any, code: Any, event: Any, spans: Any, k: Any,
                   tail: Any) -> Any:  # fmt: skip
    """One text of the envelope, without control characters: (position behind, term)."""
    behind, start, stop, tag, printable = find_text(data, at, end, tail)
    if behind < 0 or tag != _TAG_TEXT or (printable == 0 and has_control(data, start, stop)):
        return np.int64(-1), _ZERO
    added = _ZERO
    fine = code == _IGNORED
    if code <= _ID:
        fine = start < stop <= start + ID_BYTES_MAX
        hashed = np.uint64(put_text(data, spans, k + code, code, start, stop - start))
        if code == _SUBJECT:
            added = np.uint64(term(SUBJECT_TERM, _TAG_TEXT, hashed))
    elif code == _TYPE:
        kind = np.int64(incident_type(data, start, stop - start))
        fine = kind >= 0
        event["type"] = kind
        added = np.uint64(term(TYPE_TERM, _TAG_TEXT, np.uint64(kind)))
    elif code == _TIME:
        instant = parse_time(data, start, stop)
        fine = instant != BAD_TIME and TIME_MIN_MS <= instant < TIME_MAX_MS
        event["time"] = instant
        hashed = np.uint64(hash_bytes(data, start, stop - start, _SEED))
        added = np.uint64(term(TIME_TERM, _TAG_TEXT, hashed))
    elif code == _SPECVERSION:
        fine = stop - start == 3 and load_part(data, start, _THREE) == _ONE_POINT_ZERO
    elif code == _SEQUENCE:
        event["sequence"] = scan_sequence(data, start, stop)
        fine = event["sequence"] >= 0
    return behind if fine else np.int64(-1), added


@kernel
def fits_type(event: Any, spans: Any, k: Any, seen: Any, given: Any) -> Any:
    """Has the event what its type needs, and nothing that its type does not know?"""
    kind = np.int64(event["type"])
    if seen & ~_ALLOWED[kind] != _ZERO or given & _NEEDED[kind] != _NEEDED[kind]:
        return False
    if kind == _RATED:
        return given & _SCORES != _ZERO
    if kind == _ACKNOWLEDGED:
        return given & _SET == _ZERO or given & _CLOCK != _ZERO
    if kind == _MERGED or kind == _ABSORBED:
        for i in range(k + 4, k + event["spans"]):
            other = spans[i]["member"] == _INTO or spans[i]["member"] == _FROM
            if other and spans[i]["hash"] == spans[k + _SUBJECT]["hash"]:
                return False
    return True


@kernel
def scan_members(data: Any, at: Any, event: Any, spans: Any, k: Any, actors: Any,
                 tail: Any) -> Any:  # fmt: skip
    """The CloudEvents object from behind its brace, up to the end of the record.

    Returns (position behind, next row of spans, sum of terms, envelope codes found, codes of
    `data` seen, codes of `data` that are not null, unknown members).
    """
    end = np.int64(event["raw_end"])
    total, found, seen, given, unknown, next_row = _ZERO, _ZERO, _ZERO, _ZERO, 0, k + 4
    more = 1
    while more:
        start, stop, at = name_at(data, at, end)
        if at < 0:
            break
        code = np.int64(envelope_code(data, start, stop - start))
        if code < 0:
            unknown += 1
            at = scalar_end(data, at, end)
        else:
            bit = _BIT << np.uint64(code)
            if found & bit != _ZERO and code != _IGNORED:
                at = -1
                break
            found |= bit
            added = _ZERO
            if code != _DATA:
                at, added = scan_attribute(data, at, end, code, event, spans, k, tail)
            elif byte_at(data, at, end) == BRACE_OPEN:
                at, next_row, added, seen, given, odd = scan_data(
                    data, at + 1, end, event, spans, next_row, actors, tail
                )
                unknown += odd
            else:
                at = -1
            total += added
        at, more = next_member(data, at, end)
    return at, next_row, total, found, seen, given, unknown


@kernel
def scan_event(data: Any, event: Any, spans: Any, k: Any, tenant: Any, actors: Any,
               tail: Any, scratch: Any) -> Any:  # fmt: skip
    """One record into `event` and the spans from row `k`: (accepted, unknown members).

    `tenant` is the position of the bytes `default` in `data`.
    """
    end = np.int64(event["raw_end"])
    at = skip_blanks(data, np.int64(event["raw_start"]), end)
    if byte_at(data, at, end) != BRACE_OPEN:
        return False, 0
    event["flags"] = FLAG_PUBLIC
    at, next_row, total, found, seen, given, unknown = scan_members(
        data, np.int64(skip_blanks(data, at + 1, end)), event, spans, k, actors, tail
    )
    if at < 0 or skip_blanks(data, at, end) != end or found & _REQUIRED != _REQUIRED:
        return False, 0
    if found & _BIT == _ZERO:
        put_text(data, spans, k, _TENANT, tenant, _DEFAULT_LENGTH)
    event["spans"] = next_row - k
    event["content"] = content_hash(total)
    if event["author"] == _NO_AUTHOR:
        event["flags"] &= ~np.uint32(FLAG_PUBLIC)
    if not fits_type(event, spans, k, seen, given):
        return False, 0
    put_keys(data, event, spans, k, scratch)
    return True, unknown


@kernel
def scan_batch(data: Any, places: Any, first: Any, latest: Any, tenant: Any, actors: Any,
               events: Any, spans: Any, at: Any, tail: Any, scratch: Any) -> Any:  # fmt: skip
    """Records from place `first` on into rows of `events`, their spans from row `at` on.

    `tail` are the bounds of free bytes in `data`, for texts that do not stand in a record as they
    are. Returns (next row of events, next row of spans, rows left to the normaliser, unknown
    members). Stops early when fewer than SPANS_PER_EVENT_MAX rows of spans are left.
    """
    left = 0
    unknown = 0
    row = first
    while row < places.size and at + SPANS_PER_EVENT_MAX <= spans.size:
        start = np.int64(places[row]["start"])
        end = np.int64(places[row]["end"])
        clear_event(events, row, at, start, end)
        event = events[row]
        event["offset"] = places[row]["offset"]
        event["append"] = places[row]["append"]
        accepted = False
        more = 0
        mark = tail[0]
        if start >= 0 and end - start <= EVENT_BYTES_MAX:
            accepted, more = scan_event(data, event, spans, at, tenant, actors, tail, scratch)
        if accepted and event["time"] <= latest:
            at += event["spans"]
            unknown += more
        else:
            tail[0] = mark
            event["code"] = NEEDS_NORMALISER
            event["spans"] = 0
            left += 1
        row += 1
    return row, at, left, unknown
