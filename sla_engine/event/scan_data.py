"""The scanner's half for `data`: each member straight into a SPAN row and a term of the content.

Every function answers the position behind what it read, or -1 when the normaliser must look.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sla_engine.event.compiled import kernel
from sla_engine.event.content import Tag, named_term, term
from sla_engine.event.hashing import SEED_TEXT, hash_bytes, hash_text, hash_value
from sla_engine.event.layout import FLAG_ENGINE_ACTOR, FLAG_PUBLIC, Member, SpanKind
from sla_engine.event.members import (
    DATA,
    FIRST_ATTRIBUTE,
    LAST_ATTRIBUTE,
    PUBLIC,
    SCORE_BOUNDS,
    Form,
    author_code,
    data_code,
)
from sla_engine.event.times import BAD_TIME, parse_time
from sla_engine.event.tokens import (
    BRACE_CLOSE,
    BRACE_OPEN,
    COLON,
    COMMA,
    LETTER_F,
    LETTER_N,
    LETTER_T,
    MINUS,
    NINE,
    QUOTE,
    ZERO,
    byte_at,
    literal_end,
    number_end,
    scalar_end,
    skip_blanks,
    string_end,
)
from sla_engine.limits import (
    CUSTOM_MEMBERS_MAX,
    ID_BYTES_MAX,
    TEXT_BYTES_MAX,
    TIME_MAX_MS,
    TIME_MIN_MS,
    TITLE_CHARS_MAX,
)

_SEED = np.uint64(SEED_TEXT)
_ZERO = np.uint64(0)
_BIT = np.uint64(1)

_NULL, _TEXT, _NUMBER, _TRUE, _FALSE, _TIME = (
    np.int64(kind)
    for kind in (
        *(SpanKind.NULL, SpanKind.TEXT, SpanKind.NUMBER),
        *(SpanKind.TRUE, SpanKind.FALSE, SpanKind.TIME),
    )
)
_TAG_NULL, _TAG_TEXT, _TAG_NUMBER, _TAG_TRUE, _TAG_FALSE, _TAG_OBJECT = (
    np.int64(tag) for tag in (Tag.NULL, Tag.TEXT, Tag.NUMBER, Tag.TRUE, Tag.FALSE, Tag.OBJECT)
)
_CUSTOM, _ACTOR = np.int64(Member.CUSTOM), np.int64(Member.ACTOR)
_F_TEXT, _F_TITLE, _F_IDENTITY = int(Form.TEXT), int(Form.TITLE), int(Form.IDENTITY)
_F_TIME, _F_SCORE, _F_AUTHOR = int(Form.TIME), int(Form.SCORE), int(Form.AUTHOR)
_F_FLAG, _F_MAP = int(Form.FLAG), int(Form.MAP)

HASH_TRUE = np.uint64(hash_text("true"))
HASH_FALSE = np.uint64(hash_text("false"))
"""SPAN.hash of the literals, which have no bytes of their own."""

_FORMS = np.zeros(64, np.int64)
_LONGEST = np.full(64, TEXT_BYTES_MAX, np.int64)
for _code, _form in DATA.values():
    _FORMS[_code] = int(_form)
    if _form is Form.TITLE:
        _LONGEST[_code] = TITLE_CHARS_MAX
    elif _form is Form.IDENTITY:
        _LONGEST[_code] = ID_BYTES_MAX
_LEAST = np.zeros(64, np.int64)
_GREATEST = np.zeros(64, np.int64)
for _code, (_least, _greatest) in SCORE_BOUNDS.items():
    _LEAST[_code], _GREATEST[_code] = _least, _greatest


@kernel
def put_span(spans: Any, k: Any, member: Any, kind: Any, hashed: Any) -> Any:
    """Write row `k` of the spans, without bytes, value or name."""
    spans[k]["hash"] = hashed
    spans[k]["name"] = _ZERO
    spans[k]["value"] = 0
    spans[k]["start"] = 0
    spans[k]["length"] = 0
    spans[k]["name_start"] = 0
    spans[k]["name_length"] = 0
    spans[k]["member"] = member
    spans[k]["kind"] = kind
    spans[k]["pad"] = 0
    spans[k]["pad2"] = 0


@kernel
def put_value(spans: Any, k: Any, member: Any, kind: Any, value: Any) -> Any:
    """A span of kind TIME, or NUMBER of a score."""
    put_span(spans, k, member, kind, np.uint64(hash_value(value, _SEED)))
    spans[k]["value"] = value


@kernel
def put_text(data: Any, spans: Any, k: Any, member: Any, start: Any, length: Any) -> Any:
    """A TEXT span; returns its hash."""
    hashed = np.uint64(hash_bytes(data, start, length, _SEED))
    put_span(spans, k, member, _TEXT, hashed)
    spans[k]["start"] = start
    spans[k]["length"] = length
    return hashed


@kernel
def scan_text(data: Any, at: Any, end: Any, code: Any, spans: Any, k: Any) -> Any:
    """A text, or a number that becomes one: (position behind, term)."""
    b = byte_at(data, at, end)
    if b == QUOTE:
        found = np.int64(string_end(data, at + 1, end))
        start, stop, behind, tag = at + 1, found >> 1, (found >> 1) + 1, _TAG_TEXT
        if found < 0 or (_FORMS[code] == _F_IDENTITY and (found & 1 == 0 or stop == start)):
            return -1, _ZERO
    elif b == MINUS or ZERO <= b <= NINE:
        behind, stop = number_end(data, at, end)
        start, tag = at, _TAG_NUMBER
    else:
        return -1, _ZERO
    if behind < 0 or stop - start > _LONGEST[code]:
        return -1, _ZERO
    hashed = np.uint64(put_text(data, spans, k, code, start, stop - start))
    return behind, np.uint64(term(code, tag, hashed))


@kernel
def scan_time(data: Any, at: Any, end: Any, code: Any, spans: Any, k: Any) -> Any:
    """A time stamp: (position behind, term)."""
    if byte_at(data, at, end) != QUOTE:
        return -1, _ZERO
    found = np.int64(string_end(data, at + 1, end))
    if found < 0:
        return -1, _ZERO
    stop = found >> 1
    instant = parse_time(data, at + 1, stop)
    if instant == BAD_TIME or instant < TIME_MIN_MS or instant >= TIME_MAX_MS:
        return -1, _ZERO
    put_value(spans, k, code, _TIME, instant)
    hashed = np.uint64(hash_bytes(data, at + 1, stop - at - 1, _SEED))
    return stop + 1, np.uint64(term(code, _TAG_TEXT, hashed))


@kernel
def scan_score(data: Any, at: Any, end: Any, code: Any, spans: Any, k: Any) -> Any:
    """A small whole number: (position behind, term)."""
    if not ZERO <= byte_at(data, at, end) <= NINE:
        return -1, _ZERO
    behind, stop = number_end(data, at, end)
    if behind < 0 or stop - at > 2:
        return -1, _ZERO
    value = np.int64(data[at]) - ZERO
    if stop - at == 2:
        if not ZERO <= data[at + 1] <= NINE:
            return -1, _ZERO
        value = value * 10 + np.int64(data[at + 1]) - ZERO
    if value < _LEAST[code] or value > _GREATEST[code]:
        return -1, _ZERO
    put_value(spans, k, code, _NUMBER, value)
    hashed = np.uint64(hash_bytes(data, at, stop - at, _SEED))
    return behind, np.uint64(term(code, _TAG_NUMBER, hashed))


@kernel
def scan_custom_value(data: Any, at: Any, end: Any, name: Any, spans: Any, k: Any) -> Any:
    """A text, number, boolean or null of `custom`: (position behind, term)."""
    b = byte_at(data, at, end)
    hashed = _ZERO
    if b == QUOTE or b == MINUS or ZERO <= b <= NINE:
        behind, _ = scan_text(data, at, end, _CUSTOM, spans, k)
        if behind < 0:
            return -1, _ZERO
        hashed = spans[k]["hash"]
        tag = _TAG_TEXT
        if b != QUOTE:
            spans[k]["kind"] = _NUMBER
            tag = _TAG_NUMBER
    else:
        behind = literal_end(data, at, end)
        if behind < 0:
            return -1, _ZERO
        kind, tag = _NULL, _TAG_NULL
        if b == LETTER_T:
            hashed, kind, tag = HASH_TRUE, _TRUE, _TAG_TRUE
        elif b == LETTER_F:
            hashed, kind, tag = HASH_FALSE, _FALSE, _TAG_FALSE
        put_span(spans, k, _CUSTOM, kind, hashed)
    if tag == _TAG_TRUE or tag == _TAG_FALSE:
        hashed = _ZERO
    return behind, np.uint64(named_term(_CUSTOM, name, tag, hashed))


@kernel
def scan_custom(data: Any, at: Any, end: Any, spans: Any, k: Any) -> Any:
    """The flat map from behind its brace: (position behind, next row of spans, term)."""
    first = k
    total = np.uint64(term(_CUSTOM, _TAG_OBJECT, _ZERO))
    at = skip_blanks(data, at, end)
    if byte_at(data, at, end) == BRACE_CLOSE:
        return at + 1, k, total
    while True:
        if byte_at(data, at, end) != QUOTE or k - first == CUSTOM_MEMBERS_MAX:
            return -1, k, total
        found = np.int64(string_end(data, at + 1, end))
        start, stop = at + 1, found >> 1
        if found < 0 or stop == start or stop - start > TEXT_BYTES_MAX:
            return -1, k, total
        name = np.uint64(hash_bytes(data, start, stop - start, _SEED))
        for i in range(first, k):
            if spans[i]["name"] == name:
                return -1, k, total
        at = skip_blanks(data, stop + 1, end)
        if byte_at(data, at, end) != COLON:
            return -1, k, total
        at, added = scan_custom_value(data, skip_blanks(data, at + 1, end), end, name, spans, k)
        if at < 0:
            return -1, k, total
        total += added
        spans[k]["name"] = name
        spans[k]["name_start"] = start
        spans[k]["name_length"] = stop - start
        k += 1
        at = skip_blanks(data, at, end)
        b = byte_at(data, at, end)
        if b == BRACE_CLOSE:
            return at + 1, k, total
        if b != COMMA:
            return -1, k, total
        at = skip_blanks(data, at + 1, end)


@kernel
def scan_comment(data: Any, at: Any, end: Any, code: Any, event: Any) -> Any:
    """`author` or `public` into the event: (position behind, term)."""
    b = byte_at(data, at, end)
    if code == PUBLIC:
        behind = literal_end(data, at, end)
        if behind < 0:
            return -1, _ZERO
        if b == LETTER_F:
            event["flags"] &= ~np.uint32(FLAG_PUBLIC)
        return behind, np.uint64(term(code, _TAG_FALSE if b == LETTER_F else _TAG_TRUE, _ZERO))
    if b != QUOTE:
        return -1, _ZERO
    found = np.int64(string_end(data, at + 1, end))
    stop = found >> 1
    author = author_code(data, at + 1, stop - at - 1) if found >= 0 else -1
    if author < 0:
        return -1, _ZERO
    event["author"] = author
    hashed = np.uint64(hash_bytes(data, at + 1, stop - at - 1, _SEED))
    return stop + 1, np.uint64(term(code, _TAG_TEXT, hashed))


@kernel
def scan_null(data: Any, at: Any, end: Any, code: Any, spans: Any, k: Any) -> Any:
    """`null`: unsets an attribute, says nothing elsewhere: (position behind, next row, term)."""
    behind = literal_end(data, at, end)
    if behind >= 0 and FIRST_ATTRIBUTE <= code <= LAST_ATTRIBUTE:
        put_span(spans, k, code, _NULL, _ZERO)
        k += 1
    return behind, k, np.uint64(term(code, _TAG_NULL, _ZERO))


@kernel
def is_listed(hashes: Any, hashed: Any) -> Any:
    """Is the hash one of the (few) hashes?"""
    for i in range(hashes.size):
        if hashes[i] == hashed:
            return True
    return False


@kernel
def scan_member(data: Any, at: Any, end: Any, code: Any, event: Any, spans: Any, k: Any,
                actors: Any) -> Any:  # fmt: skip
    """One member that is not null: (position behind, next row of spans, term)."""
    form = _FORMS[code]
    if form == _F_TEXT or form == _F_TITLE or form == _F_IDENTITY:
        behind, added = scan_text(data, at, end, code, spans, k)
        if code == _ACTOR and behind >= 0 and is_listed(actors, spans[k]["hash"]):
            event["flags"] |= np.uint32(FLAG_ENGINE_ACTOR)
        return behind, k + 1, added
    if form == _F_AUTHOR or form == _F_FLAG:
        behind, added = scan_comment(data, at, end, code, event)
        return behind, k, added
    if form == _F_TIME:
        behind, added = scan_time(data, at, end, code, spans, k)
        return behind, k + 1, added
    if form == _F_SCORE:
        behind, added = scan_score(data, at, end, code, spans, k)
        return behind, k + 1, added
    if form == _F_MAP and byte_at(data, at, end) == BRACE_OPEN:
        return scan_custom(data, at + 1, end, spans, k)
    return -1, k, _ZERO


@kernel
def scan_data(data: Any, at: Any, end: Any, event: Any, spans: Any, k: Any, actors: Any) -> Any:
    """The object `data` from behind its brace.

    Returns (position behind, next row of spans, sum of terms, codes seen, codes that are not
    null, unknown members).
    """
    total, seen, given, unknown = _ZERO, _ZERO, _ZERO, 0
    at = skip_blanks(data, at, end)
    if byte_at(data, at, end) == BRACE_CLOSE:
        return at + 1, k, total, seen, given, unknown
    while True:
        if byte_at(data, at, end) != QUOTE:
            return -1, k, total, seen, given, unknown
        found = np.int64(string_end(data, at + 1, end))
        if found < 0:
            return -1, k, total, seen, given, unknown
        stop = found >> 1
        code = np.int64(data_code(data, at + 1, stop - at - 1))
        at = skip_blanks(data, stop + 1, end)
        if byte_at(data, at, end) != COLON:
            return -1, k, total, seen, given, unknown
        at = skip_blanks(data, at + 1, end)
        if code < 0:
            unknown += 1
            at = scalar_end(data, at, end)
        else:
            bit = _BIT << np.uint64(code)
            if seen & bit != _ZERO:
                return -1, k, total, seen, given, unknown
            seen |= bit
            if byte_at(data, at, end) == LETTER_N:
                at, k, added = scan_null(data, at, end, code, spans, k)
            else:
                at, k, added = scan_member(data, at, end, code, event, spans, k, actors)
                given |= bit
            total += added
        if at < 0:
            return -1, k, total, seen, given, unknown
        at = skip_blanks(data, at, end)
        b = byte_at(data, at, end)
        if b == BRACE_CLOSE:
            return at + 1, k, total, seen, given, unknown
        if b != COMMA:
            return -1, k, total, seen, given, unknown
        at = skip_blanks(data, at + 1, end)
