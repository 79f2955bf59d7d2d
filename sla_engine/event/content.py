"""The content hash: equal when type, subject, time and data of two events are equal JSON values.

A sum of one well-mixed term per member, so that the order of members does not matter. The terms
are made from the values as they came (a number given for a text is not that text; the whole title
counts, not the cut one), escapes undone and numbers in their one written form.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Any

import numpy as np

from sla_engine.event.compiled import kernel
from sla_engine.event.hashing import SEED_TEXT, absorb, finish, hash_bytes


class Tag(IntEnum):
    """What a JSON value is."""

    NULL = 0
    TEXT = 1
    NUMBER = 2
    TRUE = 3
    FALSE = 4
    LIST = 5
    OBJECT = 6


#: Codes of the terms that are not members of `data`.
SUBJECT_TERM, TYPE_TERM, TIME_TERM = np.int64(1), np.int64(4), np.int64(5)

TAG_TEXT = np.int64(Tag.TEXT)
_ITEM, _LIST = np.int64(0), np.int64(Tag.LIST)
_TERM = np.uint64(0x8CB92BA72F3D8DD7)
_NAME = np.uint64(0x2545F4914F6CDD1D)
_TEXT_SEED = np.uint64(SEED_TEXT)


@kernel
def term(code: Any, tag: Any, value: Any) -> Any:
    """What one member adds to the sum: `value` is the hash of its text (uint64)."""
    return finish(absorb(np.uint64(code * 8 + tag + 1) * _TERM, value))


@kernel
def named_term(code: Any, name: Any, tag: Any, value: Any) -> Any:
    """The same for a member of `custom`; `name` is the hash of its name."""
    return term(code, tag, absorb(np.uint64(name) * _NAME, value))


@kernel
def content_hash(total: Any) -> Any:
    """The content hash of a sum of terms; never 0."""
    return finish(total)


@kernel
def list_step(value: Any, tag: Any, item: Any) -> Any:
    """Take one item of a list, by the hash of its text, into the value of the list (from 0)."""
    return absorb(value, term(_ITEM, tag, item))


_HEAD = struct.Struct("<BBII")


def entry(code: int, tag: int, text: bytes = b"", name: bytes = b"") -> bytes:
    """One member as `content_of_entries` reads it."""
    return _HEAD.pack(code, tag, len(name), len(text)) + name + text


@kernel
def _length(data: Any, at: Any) -> Any:
    value: Any = 0
    for i in range(4):
        value |= np.int64(data[at + i]) << (8 * i)
    return value


@kernel
def _value(data: Any, at: Any, length: Any, tag: Any) -> Any:
    """The value of an entry's text; that of a list are the entries of its items."""
    if tag != _LIST:
        return np.uint64(hash_bytes(data, at, length, _TEXT_SEED))
    value = np.uint64(0)
    end: Any = at + length
    while at < end:
        size = _length(data, at + 6)
        item = np.uint64(hash_bytes(data, at + 10, size, _TEXT_SEED))
        value = np.uint64(list_step(value, np.int64(data[at + 1]), item))
        at += 10 + size
    return value


@kernel
def content_of_entries(data: Any, kind: Any) -> Any:
    """The content hash (uint64) of an event of type `kind` from its concatenated entries."""
    total = np.uint64(term(TYPE_TERM, TAG_TEXT, np.uint64(kind)))
    at = 0
    while at < data.size:
        code = np.int64(data[at])
        tag = np.int64(data[at + 1])
        name_length = _length(data, at + 2)
        length = _length(data, at + 6)
        at += 10
        name = np.uint64(hash_bytes(data, at, name_length, _TEXT_SEED))
        at += name_length
        value = np.uint64(_value(data, at, length, tag))
        at += length
        if name_length > 0:
            total += np.uint64(named_term(code, name, tag, value))
        else:
            total += np.uint64(term(code, tag, value))
    return np.uint64(content_hash(total))
