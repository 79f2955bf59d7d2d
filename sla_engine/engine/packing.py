"""Rows in few bytes: most words of a row are what other words let expect.

A row is written as words of 8 bytes: a map with one bit per word, set when the word is not what is
expected of it (zero, unless the form says otherwise); a code of half a byte per word so marked, the
first in the low half; then the words' differences to what is expected. The code tells how many
bytes the difference takes: 1 to 8, the lowest first, with its sign in the
lowest bit; LAST = the word is `clock.layout.NEVER`; HIGH + 1 to 4 = so many bytes, all above the
lowest four. An incident with three clocks takes 150 to 200 bytes instead of 1,000, and as much
less of the time that the store needs to take it in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sla_engine.clock.compiled import inner
from sla_engine.clock.layout import NEVER
from sla_engine.engine.raw import bits_of, bytes_of, load_word, lowest_bit, store_word

LAST = 9
HIGH = 10

#: Words that `put_row` needs to work on.
SCRATCH_WORDS = 64

_ZERO = np.uint64(0)
_ONE, _SIGN, _HALF = np.uint64(1), np.uint64(63), np.uint64(32)
_LOW_HALF = np.uint64(0xFFFF_FFFF)
_ALL = np.uint64(2**64 - 1)
_NEVER = np.uint64(NEVER)
#: Where a term's word is taken from. The terms are added up in the kernels themselves: a call for
#: each, with the arrays that it is given, took twice as long as all the rest.
_OWN, _HEAD, _BEFORE = range(3)


class Form(NamedTuple):
    """How the rows of one kind are written."""

    mask: NDArray[np.uint64]  # bits of each word that are written at all
    terms: NDArray[np.int64]  # [word, sign, from where, which word], what is expected of words
    map_bytes: int
    most: int  # bytes that a row takes at most


class Expected(NamedTuple):
    """What is expected of the word that a member begins: a sum of other words."""

    plus: Sequence[str] = ()  # of the row itself
    minus: Sequence[str] = ()
    head: Sequence[str] = ()  # of the row that it belongs to
    before: bool = False  # the same word of the row before


def form_of(
    row: np.dtype[Any],
    head: np.dtype[Any] | None,
    expected: Mapping[str, Expected],
    without: Sequence[str],
) -> Form:
    """The form of `row`, whose rows belong to rows of `head`; members in `without` are left out.

    What is expected of a word may come from those that stand before it in `expected`, and from
    those of which nothing is.
    """
    terms = []
    for name, said in expected.items():
        word = _place(row, name)
        terms += [(word, 1, _OWN, _place(row, other)) for other in said.plus]
        terms += [(word, -1, _OWN, _place(row, other)) for other in said.minus]
        if head is not None:
            terms += [(word, 1, _HEAD, _place(head, other)) for other in said.head]
        if said.before:
            terms.append((word, 1, _BEFORE, word))
    count = row.itemsize // 8
    map_bytes = (count + 7) // 8
    most = map_bytes + count // 2 + 1 + 8 * count + 8
    terms.sort()
    made = np.array(terms, np.int64).reshape(len(terms), 4)
    return Form(_mask_without(row, without), made, map_bytes, most)


@inner
def put_row(
    form: Form,
    words: NDArray[np.uint64],
    row: int,
    before: int,
    heads: NDArray[np.uint64],
    head: int,
    out: NDArray[np.uint8],
    at: int,
    scratch: NDArray[np.uint64],
) -> int:
    """Write words[row]; the end. `before`: the row written before it, -1 = none.

    `heads[head]`: the row that it belongs to. `scratch` has SCRATCH_WORDS. From `at` on `out` has
    `form.most` bytes, of which some behind the end are written too.
    """
    for n in range(words.shape[1]):
        scratch[n] = words[row, n] & form.mask[n]
    for k in range(len(form.terms)):
        word, source, other = form.terms[k, 0], form.terms[k, 2], form.terms[k, 3]
        term = _ZERO
        if source == _OWN:
            term = words[row, other]
        elif source == _HEAD:
            term = heads[head, other]
        elif before >= 0:
            term = words[before, other] & form.mask[other]
        scratch[word] += _ZERO - term if form.terms[k, 1] > 0 else term
    marked = _ZERO
    for n in range(words.shape[1]):
        marked |= np.uint64(scratch[n] != _ZERO) << np.uint64(n)
    store_word(out, at, marked)
    at += form.map_bytes
    codes_at = np.int64(at)
    at += (bits_of(marked) + 1) >> 1
    place = np.int64(0)
    while marked != _ZERO:
        n = lowest_bit(marked)
        marked &= marked - _ONE
        code = np.int64(LAST)
        if words[row, n] != _NEVER:
            code = np.int64(0)
            rest = scratch[n]
            rest = ~(rest << _ONE) if rest >> _SIGN else rest << _ONE
            if (rest & _LOW_HALF) == _ZERO:
                code = np.int64(HIGH)
                rest >>= _HALF
            size = bytes_of(rest)
            store_word(out, at, rest)
            at += size
            code += size
        if place & 1:
            out[codes_at + (place >> 1)] |= np.uint8(code << 4)
        else:
            out[codes_at + (place >> 1)] = np.uint8(code)
        place += 1
    return at


@inner
def get_row(
    form: Form,
    data: NDArray[np.uint8],
    at: int,
    out: NDArray[np.uint64],
    row: int,
    before: int,
    heads: NDArray[np.uint64],
    head: int,
) -> int:
    """Read a row into out[row]; the position behind it, -1 when the bytes end before it does."""
    if at + form.map_bytes > len(data):
        return -1
    marked = word_of(data, at, form.map_bytes)
    at += form.map_bytes
    for n in range(out.shape[1]):
        out[row, n] = _ZERO
    last = _ZERO
    codes_at = np.int64(at)
    at += (bits_of(marked) + 1) >> 1
    if at > len(data) or marked >> np.uint64(out.shape[1]):
        return -1
    place = np.int64(0)
    while marked != _ZERO:
        n = lowest_bit(marked)
        marked &= marked - _ONE
        code: Any = (np.int64(data[codes_at + (place >> 1)]) >> (4 * (place & 1))) & 15
        place += 1
        if code == LAST:
            last |= _ONE << np.uint64(n)
            out[row, n] = _NEVER
            continue
        shift = _ZERO
        if code > HIGH:
            code -= HIGH
            shift = _HALF
        if code < 1 or code > 8 or at + code > len(data):
            return -1
        rest = word_of(data, at, code) << shift
        at += int(code)
        out[row, n] = ~(rest >> _ONE) if rest & _ONE else rest >> _ONE
    for k in range(len(form.terms)):
        word = form.terms[k, 0]
        source, other = form.terms[k, 2], form.terms[k, 3]
        term = _ZERO
        if source == _OWN:
            term = out[row, other]
        elif source == _HEAD:
            term = heads[head, other]
        elif before >= 0:
            term = out[before, other]  # read without what the mask leaves out
        out[row, word] += term if form.terms[k, 1] > 0 else _ZERO - term
        if (last >> np.uint64(word)) & _ONE:
            out[row, word] = _NEVER
    return at


@inner
def word_of(data: NDArray[np.uint8], at: int, size: int) -> Any:
    """The first 1 to 8 bytes of data[at:] as a word, the lowest first."""
    if at + 8 <= len(data):
        return load_word(data, at) & (_ALL >> np.uint64(64 - 8 * size))
    word = _ZERO
    for byte in range(size):
        word |= np.uint64(data[at + byte]) << np.uint64(8 * byte)
    return word


def words_of(rows: NDArray[Any]) -> NDArray[np.uint64]:
    """A contiguous array of records as a view [rows, words]."""
    words: NDArray[np.uint64] = rows.view(np.uint64)
    return words.reshape(len(rows), rows.dtype.itemsize // 8)


def _place(dtype: np.dtype[Any], name: str) -> int:
    """The word that a member begins."""
    assert dtype.fields is not None
    return int(dtype.fields[name][1]) // 8


def _mask_without(dtype: np.dtype[Any], names: Sequence[str]) -> NDArray[np.uint64]:
    """A mask of a record's words that leaves these members out."""
    record = np.full(1, 0, dtype)
    record.view(np.uint8)[:] = 255
    for name in names:
        record[name] = 0
    words: NDArray[np.uint64] = words_of(record)[0].copy()
    return words
