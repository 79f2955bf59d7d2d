"""Tokens of JSON in kernels: blanks, strings, numbers, literals.

A position of -1 means "not for the scanner": malformed, or unusual and left to the normaliser.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sla_engine.event.compiled import kernel
from sla_engine.event.hashing import load_word
from sla_engine.limits import EVENT_DEPTH_MAX

QUOTE, BACKSLASH, COLON, COMMA = 34, 92, 58, 44
BRACE_OPEN, BRACE_CLOSE, BRACKET_OPEN, BRACKET_CLOSE = 123, 125, 91, 93
MINUS, DOT, ZERO, NINE, DELETE = 45, 46, 48, 57, 127
LETTER_N, LETTER_T, LETTER_F = 110, 116, 102

_NULL = np.uint64(0x6C6C756E)
_TRUE = np.uint64(0x65757274)
_ALSE = np.uint64(0x65736C61)

_ONES = np.uint64(0x0101010101010101)
_HIGHS = np.uint64(0x8080808080808080)
_BLANKS = np.uint64(0x2020202020202020)
_QUOTES = np.uint64(0x2222222222222222)
_BACKSLASHES = np.uint64(0x5C5C5C5C5C5C5C5C)
_INDEX = np.uint64(0x0001020304050607)
_NONE, _SEVEN, _56 = np.uint64(0), np.uint64(7), np.uint64(56)

NUMBER_BYTES_MAX = 24
"""A longer number is left to the normaliser."""


@kernel
def byte_at(data: Any, at: Any, end: Any) -> Any:
    """data[at] as int64, 0 at or behind `end`."""
    return np.int64(data[at]) if at < end else 0


@kernel
def skip_blanks(data: Any, at: Any, end: Any) -> Any:
    """First position from `at` that holds no JSON blank."""
    while at < end and data[at] <= 32:
        b = data[at]
        if b != 32 and b != 10 and b != 13 and b != 9:
            break
        at += 1
    return at


@kernel
def _special(word: Any) -> Any:
    """High bit of each byte that is a quote, a backslash, below 0x20 or above 0x7E.

    Exact up to the lowest such byte; bytes above it may be marked for nothing.
    """
    quote = word ^ _QUOTES
    slash = word ^ _BACKSLASHES
    low = (quote - _ONES) & ~quote | (slash - _ONES) & ~slash | (word - _BLANKS) & ~word
    return (low | word | (word + _ONES)) & _HIGHS


@kernel
def _lowest(marks: Any) -> Any:
    """Index of the lowest byte that is marked."""
    lowest = marks & (~marks + np.uint64(1))
    return np.int64((lowest >> _SEVEN) * _INDEX >> _56)


@kernel
def utf8_step(data: Any, at: Any, end: Any) -> Any:
    """Bytes (2..4) of the UTF-8 character at `at`, whose first byte is >= 0x80; 0 = invalid."""
    lead = np.int64(data[at])
    if 0xC2 <= lead <= 0xDF:
        count = 2
    elif 0xE0 <= lead <= 0xEF:
        count = 3
    elif 0xF0 <= lead <= 0xF4:
        count = 4
    else:
        return 0
    if at + count > end:
        return 0
    for i in range(1, count):
        if data[at + i] & 0xC0 != 0x80:
            return 0
    second = np.int64(data[at + 1])
    if (lead == 0xE0 and second < 0xA0) or (lead == 0xED and second > 0x9F):
        return 0
    if (lead == 0xF0 and second < 0x90) or (lead == 0xF4 and second > 0x8F):
        return 0
    return count


@kernel
def odd_string_end(data: Any, at: Any, end: Any) -> Any:
    """As `string_end`, byte by byte: valid UTF-8 without escapes or control characters."""
    plain = 1
    while at < end:
        b = np.int64(data[at])
        if b == QUOTE:
            return at << 1 | plain
        if b == BACKSLASH or b < 32:
            return -1
        if b < DELETE:
            at += 1
            continue
        plain = 0
        step = 1
        if b > DELETE:
            step = utf8_step(data, at, end)
            if step == 0:
                return -1
        at += step
    return -1


@kernel
def string_end(data: Any, at: Any, end: Any) -> Any:
    """Position of the closing quote, times two, plus 1 if all is printable ASCII; -1.

    `at` is behind the opening quote.
    """
    marks = _NONE
    while at + 8 <= end:
        marks = _special(np.uint64(load_word(data, at)))
        if marks != _NONE:
            break
        at += 8
    if marks != _NONE:
        at += _lowest(marks)
    if at < end and data[at] == QUOTE:
        result = at << 1 | 1
    else:
        result = np.int64(odd_string_end(data, at, end))
    return result


@kernel
def number_end(data: Any, at: Any, end: Any) -> Any:
    """(end of the number, end of its one written form); (-1, -1): not for the scanner.

    The written form has no zeros at the end of its fraction; exponents, -0 and long numbers
    are left to the normaliser.
    """
    first = at
    if data[at] == MINUS:
        at += 1
    digits = at
    while at < end and ZERO <= data[at] <= NINE:
        at += 1
    if at == digits or (data[digits] == ZERO and at > digits + 1):
        return -1, -1
    written = at
    if at < end and data[at] == DOT:
        at += 1
        fraction = at
        while at < end and ZERO <= data[at] <= NINE:
            if data[at] != ZERO:
                written = at + 1
            at += 1
        if at == fraction:
            return -1, -1
    if at - first > NUMBER_BYTES_MAX or at >= end or data[at] | 32 == 101:
        return -1, -1
    if data[first] == MINUS and data[digits] == ZERO and written == digits + 1:
        return -1, -1
    return at, written


@kernel
def literal_end(data: Any, at: Any, end: Any) -> Any:
    """End of `true`, `false` or `null` at `at`; -1 for anything else."""
    falsehood = byte_at(data, at, end) == LETTER_F
    if falsehood:
        at += 1
    if at + 4 > end:
        return -1
    word = np.uint64(0)
    for i in range(4):
        word |= np.uint64(data[at + i]) << np.uint64(8 * i)
    if falsehood:
        return at + 4 if word == _ALSE else -1
    return at + 4 if word == _TRUE or word == _NULL else -1


@kernel
def scalar_end(data: Any, at: Any, end: Any) -> Any:
    """End of the string, number or literal at `at`, whatever it says; -1."""
    b = byte_at(data, at, end)
    if b == QUOTE:
        found = np.int64(string_end(data, at + 1, end))
        return -1 if found < 0 else (found >> 1) + 1
    if b == MINUS or ZERO <= b <= NINE:
        return number_end(data, at, end)[0]
    return literal_end(data, at, end)


@kernel
def name_at(data: Any, at: Any, end: Any) -> Any:
    """The name of a member at `at`: (its start, its stop, position of the value or -1)."""
    if byte_at(data, at, end) != QUOTE:
        return at, at, np.int64(-1)
    found = np.int64(string_end(data, at + 1, end))
    if found < 0:
        return at, at, np.int64(-1)
    stop = found >> 1
    colon = skip_blanks(data, stop + 1, end)
    if byte_at(data, colon, end) != COLON:
        return at, at, np.int64(-1)
    return at + 1, stop, np.int64(skip_blanks(data, colon + 1, end))


@kernel
def next_member(data: Any, at: Any, end: Any) -> Any:
    """From behind a value (-1: there was none): (position of the next name, 1), (position behind
    the object, 0), or (-1, 0)."""
    if at < 0:
        return np.int64(-1), 0
    at = skip_blanks(data, at, end)
    b = byte_at(data, at, end)
    if b == COMMA:
        return np.int64(skip_blanks(data, at + 1, end)), 1
    return np.int64(at + 1 if b == BRACE_CLOSE else -1), 0


@kernel
def too_deep(data: Any, start: Any, end: Any) -> Any:
    """Do brackets outside of strings nest deeper than EVENT_DEPTH_MAX? Valid JSON or not."""
    depth = 0
    inside = False
    at = start
    while at < end:
        b = np.int64(data[at])
        if inside:
            if b == BACKSLASH:
                at += 1
            elif b == QUOTE:
                inside = False
        elif b == QUOTE:
            inside = True
        elif b == BRACE_OPEN or b == BRACKET_OPEN:
            depth += 1
            if depth > EVENT_DEPTH_MAX:
                return True
        elif b == BRACE_CLOSE or b == BRACKET_CLOSE:
            depth -= 1
        at += 1
    return False
