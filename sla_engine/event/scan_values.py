"""The scanner's single values: texts, lists of texts, times and scores into SPAN rows.

Every function answers the position behind what it read, or -1 when the normaliser must look.
A text with escapes and a list are not found in the record as they are: they are written behind
the records, at `tail[0]` and before `tail[1]`, which moves on.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sla_engine.event.compiled import kernel
from sla_engine.event.content import Tag, list_step, term
from sla_engine.event.hashing import SEED_TEXT, hash_bytes
from sla_engine.event.layout import Member, SpanKind
from sla_engine.event.members import DATA, SCORE_BOUNDS, Form
from sla_engine.event.spans import put_span, put_text, put_value
from sla_engine.event.times import BAD_TIME, parse_time
from sla_engine.event.tokens import (
    BACKSLASH,
    BRACKET_CLOSE,
    COMMA,
    DELETE,
    MINUS,
    NINE,
    QUOTE,
    ZERO,
    byte_at,
    number_end,
    skip_blanks,
    string_end,
    utf8_step,
)
from sla_engine.limits import (
    ID_BYTES_MAX,
    TAGS_MAX,
    TEXT_BYTES_MAX,
    TIME_MAX_MS,
    TIME_MIN_MS,
    TITLE_CHARS_MAX,
)

SEPARATOR = 0x1F
"""The byte between the items of a LIST span; it cannot be part of one."""

_SEED = np.uint64(SEED_TEXT)
_ZERO = np.uint64(0)
_TIME, _NUMBER, _LIST = (np.int64(kind) for kind in (SpanKind.TIME, SpanKind.NUMBER, SpanKind.LIST))
_TAG_TEXT, _TAG_NUMBER, _TAG_LIST = (np.int64(tag) for tag in (Tag.TEXT, Tag.NUMBER, Tag.LIST))
_F_IDENTITY = int(Form.IDENTITY)
_TAGS = np.int64(Member.TAGS)

#: What stands for a byte behind a backslash; 0 = nothing does.
_ESCAPES = np.zeros(256, np.uint8)
for _letter, _character in zip(b'"\\/bfnrt', b'"\\/\b\f\n\r\t', strict=True):
    _ESCAPES[_letter] = _character
_LETTER_U = ord("u")

FORMS = np.zeros(64, np.int64)
"""Form of each code of `data`, 0 = no such code."""
_LONGEST = np.full(64, TEXT_BYTES_MAX, np.int64)
for _code, _form in DATA.values():
    FORMS[_code] = int(_form)
    if _form is Form.TITLE:
        _LONGEST[_code] = TITLE_CHARS_MAX
    elif _form is Form.IDENTITY:
        _LONGEST[_code] = ID_BYTES_MAX
_LEAST = np.zeros(64, np.int64)
_GREATEST = np.zeros(64, np.int64)
for _code, (_least, _greatest) in SCORE_BOUNDS.items():
    _LEAST[_code], _GREATEST[_code] = _least, _greatest


@kernel
def hex_digits(data: Any, at: Any, end: Any) -> Any:
    """The number of the four hexadecimal digits at `at`; -1 if they are none."""
    if at + 4 > end:
        return -1
    value: Any = 0
    for i in range(4):
        b = np.int64(data[at + i])
        digit = b - ZERO
        if digit > 9:
            digit = (b | 32) - 87
            if digit < 10:
                return -1
        if digit < 0 or digit > 15:
            return -1
        value = value << 4 | digit
    return value


@kernel
def put_utf8(data: Any, code: Any, at: Any) -> Any:
    """Write a character; the position behind it."""
    if code < 0x80:
        data[at] = code
        return at + 1
    count = 2 if code < 0x800 else (3 if code < 0x10000 else 4)
    for i in range(count - 1, 0, -1):
        data[at + i] = 0x80 | (code & 0x3F)
        code >>= 6
    data[at] = (0xF00 >> count & 0xFF) | code
    return at + count


@kernel
def put_escape(data: Any, at: Any, end: Any, tail: Any) -> Any:
    """Undo the escape whose backslash is at `at`."""
    b = byte_at(data, at + 1, end)
    if b != _LETTER_U:
        if _ESCAPES[b] == 0:
            return -1
        data[tail[0]] = _ESCAPES[b]
        tail[0] += 1
        return at + 2
    code = np.int64(hex_digits(data, at + 2, end))
    at += 6
    if 0xD800 <= code <= 0xDBFF:
        if byte_at(data, at, end) != BACKSLASH or byte_at(data, at + 1, end) != _LETTER_U:
            return -1
        low = np.int64(hex_digits(data, at + 2, end))
        if low < 0xDC00 or low > 0xDFFF:
            return -1
        code = 0x10000 + ((code - 0xD800) << 10) + low - 0xDC00
        at += 6
    elif code < 0 or code == SEPARATOR or 0xDC00 <= code <= 0xDFFF:
        return -1
    tail[0] = put_utf8(data, code, tail[0])
    return at


@kernel
def unescape(data: Any, at: Any, end: Any, tail: Any) -> Any:
    """Write the text of a string from behind its quote to the tail, escapes undone."""
    while at < end and tail[0] + 4 <= tail[1]:
        b = np.int64(data[at])
        if b == QUOTE:
            return at + 1
        if b == BACKSLASH:
            at = np.int64(put_escape(data, at, end, tail))
            if at < 0:
                return -1
            continue
        if b < 32:
            return -1
        step = utf8_step(data, at, end) if b > DELETE else 1
        if step == 0:
            return -1
        for i in range(step):
            data[tail[0] + i] = data[at + i]
        tail[0] += step
        at += step
    return -1


@kernel
def find_text(data: Any, at: Any, end: Any, tail: Any) -> Any:
    """Where a text lies, or a number as text: (position behind, start, stop, tag, printable)."""
    b = byte_at(data, at, end)
    if b == QUOTE:
        found = np.int64(string_end(data, at + 1, end))
        if found >= 0:
            return (found >> 1) + 1, at + 1, found >> 1, _TAG_TEXT, found & 1
        start = np.int64(tail[0])
        behind = np.int64(unescape(data, at + 1, end, tail))
        return behind, start, np.int64(tail[0]), _TAG_TEXT, np.int64(0)
    if b == MINUS or ZERO <= b <= NINE:
        behind, stop = number_end(data, at, end)
        return behind, at, stop, _TAG_NUMBER, np.int64(1)
    return np.int64(-1), at, at, _TAG_TEXT, np.int64(0)


@kernel
def has_control(data: Any, start: Any, stop: Any) -> Any:
    """Is there a control character (U+0000..U+001F, U+007F..U+009F) in this UTF-8?"""
    for i in range(start, stop):
        b = data[i]
        if b < 32 or b == DELETE or (b == 0xC2 and data[i + 1] < 0xA0):
            return True
    return False


@kernel
def scan_text(data: Any, at: Any, end: Any, code: Any, spans: Any, k: Any, tail: Any) -> Any:
    """A text, or a number that becomes one: (position behind, term)."""
    behind, start, stop, tag, printable = find_text(data, at, end, tail)
    if behind < 0 or stop - start > _LONGEST[code]:
        return -1, _ZERO
    if FORMS[code] == _F_IDENTITY:
        if stop == start or (printable == 0 and has_control(data, start, stop)):
            return -1, _ZERO
    hashed = np.uint64(put_text(data, spans, k, code, start, stop - start))
    return behind, np.uint64(term(code, tag, hashed))


@kernel
def put_item(data: Any, at: Any, end: Any, tail: Any) -> Any:
    """One text of a list to the tail: (position behind, hash of the text, tag)."""
    mark = np.int64(tail[0])
    behind, start, stop, tag, _ = find_text(data, at, end, tail)
    if behind < 0 or stop - start > TEXT_BYTES_MAX or tail[0] + stop - start >= tail[1]:
        return np.int64(-1), _ZERO, tag
    hashed = np.uint64(hash_bytes(data, start, stop - start, _SEED))
    if start != mark:
        for i in range(stop - start):
            data[mark + i] = data[start + i]
        tail[0] = mark + stop - start
    return behind, hashed, tag


@kernel
def scan_tags(data: Any, at: Any, end: Any, spans: Any, k: Any, tail: Any) -> Any:
    """The list of tags from behind its bracket: (position behind, term). Empty tags are dropped."""
    first = np.int64(tail[0])
    value = _ZERO
    at = skip_blanks(data, at, end)
    count = 0
    b = byte_at(data, at, end)
    while b != BRACKET_CLOSE:
        if count == TAGS_MAX:
            return -1, _ZERO
        mark = np.int64(tail[0])
        at, hashed, tag = put_item(data, at, end, tail)
        if at < 0:
            return -1, _ZERO
        value = np.uint64(list_step(value, tag, hashed))
        count += 1
        if tail[0] > mark:
            data[tail[0]] = SEPARATOR
            tail[0] += 1
        at = skip_blanks(data, at, end)
        b = byte_at(data, at, end)
        if b == COMMA:
            at = skip_blanks(data, at + 1, end)
            if byte_at(data, at, end) == BRACKET_CLOSE:
                return -1, _ZERO
        elif b != BRACKET_CLOSE:
            return -1, _ZERO
    length = np.int64(tail[0]) - first - 1
    put_span(spans, k, _TAGS, _LIST, _ZERO)
    if length > 0:
        spans[k]["hash"] = hash_bytes(data, first, length, _SEED)
        spans[k]["start"] = first
        spans[k]["length"] = length
    return at + 1, np.uint64(term(_TAGS, _TAG_LIST, value))


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
