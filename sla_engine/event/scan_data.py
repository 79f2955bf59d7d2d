"""The scanner's half for `data`: each member straight into a SPAN row and a term of the content.

Every function answers the position behind what it read, or -1 when the normaliser must look.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sla_engine.event.compiled import kernel
from sla_engine.event.content import Tag, named_term, term
from sla_engine.event.hashing import SEED_TEXT, hash_bytes
from sla_engine.event.layout import FLAG_ENGINE_ACTOR, FLAG_PUBLIC, Member, SpanKind
from sla_engine.event.members import (
    FIRST_ATTRIBUTE,
    LAST_ATTRIBUTE,
    PUBLIC,
    Form,
    author_code,
    data_code,
)
from sla_engine.event.scan_values import FORMS, scan_score, scan_tags, scan_text, scan_time
from sla_engine.event.spans import HASH_FALSE, HASH_TRUE, put_span
from sla_engine.event.tokens import (
    BRACE_CLOSE,
    BRACE_OPEN,
    BRACKET_OPEN,
    LETTER_F,
    LETTER_N,
    LETTER_T,
    MINUS,
    NINE,
    QUOTE,
    ZERO,
    byte_at,
    literal_end,
    name_at,
    next_member,
    scalar_end,
    skip_blanks,
    string_end,
)
from sla_engine.limits import CUSTOM_MEMBERS_MAX, TEXT_BYTES_MAX

_SEED = np.uint64(SEED_TEXT)
_ZERO = np.uint64(0)
_BIT = np.uint64(1)

_NULL, _NUMBER, _TRUE, _FALSE = (
    np.int64(kind) for kind in (SpanKind.NULL, SpanKind.NUMBER, SpanKind.TRUE, SpanKind.FALSE)
)
_TAG_NULL, _TAG_TEXT, _TAG_NUMBER, _TAG_TRUE, _TAG_FALSE, _TAG_OBJECT = (
    np.int64(tag) for tag in (Tag.NULL, Tag.TEXT, Tag.NUMBER, Tag.TRUE, Tag.FALSE, Tag.OBJECT)
)
_CUSTOM, _ACTOR = np.int64(Member.CUSTOM), np.int64(Member.ACTOR)
_F_TEXT, _F_TITLE, _F_IDENTITY = int(Form.TEXT), int(Form.TITLE), int(Form.IDENTITY)
_F_TIME, _F_SCORE, _F_AUTHOR = int(Form.TIME), int(Form.SCORE), int(Form.AUTHOR)
_F_FLAG, _F_MAP, _F_LIST = int(Form.FLAG), int(Form.MAP), int(Form.LIST)


@kernel
def scan_custom_value(data: Any, at: Any, end: Any, name: Any, spans: Any, k: Any,
                      tail: Any) -> Any:  # fmt: skip
    """A text, number, boolean or null of `custom`: (position behind, term)."""
    b = byte_at(data, at, end)
    hashed = _ZERO
    if b == QUOTE or b == MINUS or ZERO <= b <= NINE:
        behind, _ = scan_text(data, at, end, _CUSTOM, spans, k, tail)
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
def scan_custom(data: Any, at: Any, end: Any, spans: Any, k: Any, tail: Any) -> Any:
    """The flat map from behind its brace: (position behind, next row of spans, term)."""
    first = k
    total = np.uint64(term(_CUSTOM, _TAG_OBJECT, _ZERO))
    at = skip_blanks(data, at, end)
    if byte_at(data, at, end) == BRACE_CLOSE:
        return at + 1, k, total
    more = 1
    while more:
        start, stop, at = name_at(data, at, end)
        if at < 0 or stop == start or stop - start > TEXT_BYTES_MAX:
            return -1, k, total
        name = np.uint64(hash_bytes(data, start, stop - start, _SEED))
        for i in range(first, k):
            if spans[i]["name"] == name:
                return -1, k, total
        if k - first == CUSTOM_MEMBERS_MAX:
            return -1, k, total
        at, added = scan_custom_value(data, at, end, name, spans, k, tail)
        total += added
        spans[k]["name"] = name
        spans[k]["name_start"] = start
        spans[k]["name_length"] = stop - start
        k += 1
        at, more = next_member(data, at, end)
    return at, k, total


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
                actors: Any, tail: Any) -> Any:  # fmt: skip
    """One member that is not null: (position behind, next row of spans, term)."""
    form = FORMS[code]
    if form == _F_TEXT or form == _F_TITLE or form == _F_IDENTITY:
        behind, added = scan_text(data, at, end, code, spans, k, tail)
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
        return scan_custom(data, at + 1, end, spans, k, tail)
    if form == _F_LIST and byte_at(data, at, end) == BRACKET_OPEN:
        behind, added = scan_tags(data, at + 1, end, spans, k, tail)
        return behind, k + 1, added
    return -1, k, _ZERO


@kernel
def scan_data(data: Any, at: Any, end: Any, event: Any, spans: Any, k: Any, actors: Any,
              tail: Any) -> Any:  # fmt: skip
    """The object `data` from behind its brace.

    Returns (position behind, next row of spans, sum of terms, codes seen, codes that are not
    null, unknown members).
    """
    total, seen, given, unknown = _ZERO, _ZERO, _ZERO, 0
    at = skip_blanks(data, at, end)
    if byte_at(data, at, end) == BRACE_CLOSE:
        return at + 1, k, total, seen, given, unknown
    more = 1
    while more:
        start, stop, at = name_at(data, at, end)
        if at < 0:
            break
        code = np.int64(data_code(data, start, stop - start))
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
                at, k, added = scan_member(data, at, end, code, event, spans, k, actors, tail)
                given |= bit
            total += added
        at, more = next_member(data, at, end)
    return at, k, total, seen, given, unknown
