"""Which members events have: their names on the wire, their forms, and who may carry them.

One table for the scanner (as frozen arrays of words) and the normaliser (as dicts), so that
the two cannot disagree on a name. The lists are those of contracts section 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sla_engine.event.compiled import kernel
from sla_engine.event.hashing import load_part, load_word
from sla_engine.event.layout import TYPE_NAMES, Author, EventType, Member


class Envelope(IntEnum):
    """Members of the CloudEvents object; the first four are SPAN members of the same code."""

    TENANT = 0
    SUBJECT = 1
    SOURCE = 2
    ID = 3
    TYPE = 4
    TIME = 5
    SPECVERSION = 6
    SEQUENCE = 7
    DATA = 8
    IGNORED = 9  # defined by CloudEvents, of no meaning here, not counted as unknown
    DATA_BASE64 = 10


class Form(IntEnum):
    """What the value of a member of `data` must be."""

    TEXT = 1  # or a number, which becomes text
    TITLE = 2  # a text that is cut, never too long
    IDENTITY = 3  # an incident's id: bounded like `subject`
    TIME = 4
    SCORE = 5  # a small whole number
    AUTHOR = 6
    FLAG = 7  # `public`: true or false
    TRUE = 8  # `unpin`: true and nothing else
    LIST = 9  # of texts
    IDENTITIES = 10  # a list of incident ids
    MAP = 11  # `custom`
    RANGE = 12  # {from, to}


#: Codes beyond Member, for what an event carries outside of its spans.
AUTHOR = 62
PUBLIC = 63
#: `exclude` and `valid` are one member on the wire and two spans: first code = its `from`.
EXCLUDE = int(Member.EXCLUDE_FROM)
VALID = int(Member.VALID_FROM)

FIRST_ATTRIBUTE = int(Member.TITLE)
LAST_ATTRIBUTE = int(Member.CUSTOM)

ENVELOPE: Mapping[str, int] = {
    **{code.name.lower(): int(code) for code in Envelope if code is not Envelope.IGNORED},
    "datacontenttype": int(Envelope.IGNORED),
    "dataschema": int(Envelope.IGNORED),
}

_FORMS: Mapping[Form, tuple[Member, ...]] = {
    Form.TITLE: (Member.TITLE,),
    Form.IDENTITY: (Member.INTO, Member.FROM),
    Form.TIME: (Member.DUE, Member.OPENED_AT, Member.UNTIL, Member.EFFECTIVE_FROM),
    Form.SCORE: (Member.CSAT, Member.NPS, Member.CES),
    Form.TRUE: (Member.UNPIN,),
    Form.LIST: (Member.TAGS,),
    Form.IDENTITIES: (Member.ABSORBED,),
    Form.MAP: (Member.CUSTOM,),
    Form.TEXT: (
        *(Member.URL, Member.PRIORITY, Member.STATUS, Member.KIND, Member.CHANNEL),
        *(Member.CUSTOMER, Member.REQUESTER, Member.TIER, Member.CONTRACT, Member.TEAM),
        *(Member.ASSIGNEE, Member.VENDOR, Member.PRODUCT, Member.REGION, Member.TIME_ZONE),
        *(Member.CALENDAR, Member.ACTOR, Member.ACTOR_ROLE, Member.AUTHOR_ID, Member.BY),
        *(Member.ALERT, Member.SET, Member.CLOCK, Member.REASON, Member.HASH),
    ),
}

#: Name on the wire -> (code, form) of each member of `data`.
DATA: Mapping[str, tuple[int, Form]] = {
    **{m.name.lower(): (int(m), form) for form, members in _FORMS.items() for m in members},
    "author": (AUTHOR, Form.AUTHOR),
    "public": (PUBLIC, Form.FLAG),
    "exclude": (EXCLUDE, Form.RANGE),
    "valid": (VALID, Form.RANGE),
}

AUTHORS: Mapping[str, int] = {a.name.lower(): int(a) for a in Author if a is not Author.NONE}

#: Least and greatest value of each member of form SCORE.
SCORE_BOUNDS: Mapping[int, tuple[int, int]] = {
    int(Member.CSAT): (1, 5),
    int(Member.NPS): (0, 10),
    int(Member.CES): (1, 7),
}

TYPES: Mapping[str, int] = {name: code for code, name in enumerate(TYPE_NAMES)}


def mask_of(*codes: int) -> int:
    """One bit per code."""
    return sum(1 << code for code in set(codes))


_ATTRIBUTES = mask_of(*(m for m in Member if FIRST_ATTRIBUTE <= m <= LAST_ATTRIBUTE))
_WHO = mask_of(Member.ACTOR, Member.ACTOR_ROLE)
_COMMENT = mask_of(AUTHOR, Member.AUTHOR_ID, PUBLIC)

#: What each type may carry beyond the attributes and `actor`, `actor_role`.
_ADDED: Mapping[int, int] = {
    EventType.CREATED: _COMMENT,
    EventType.COMMENTED: _COMMENT,
    EventType.ACKNOWLEDGED: mask_of(
        Member.BY, Member.ALERT, Member.SET, Member.CLOCK, Member.UNTIL
    ),
    EventType.SNOOZED: mask_of(Member.UNTIL),
    EventType.MERGED: mask_of(Member.INTO),
    EventType.ABSORBED: mask_of(Member.FROM, Member.ABSORBED),
    EventType.RATED: mask_of(Member.CSAT, Member.NPS, Member.CES),
    EventType.OVERRIDDEN: mask_of(Member.SET, Member.CLOCK, Member.UNPIN, EXCLUDE, Member.REASON),
}
_CONTROL: Mapping[int, int] = {
    EventType.CUSTOMER_UPDATED: _WHO
    | mask_of(Member.TIER, Member.CONTRACT, Member.CALENDAR, Member.TIME_ZONE)
    | mask_of(Member.TEAM, Member.REGION, VALID),
    EventType.POLICY_PUBLISHED: _WHO | mask_of(Member.HASH, Member.EFFECTIVE_FROM),
    EventType.TIME: 0,
}

#: Per type the codes that mean something on it; any other is unknown: ignored and counted.
ALLOWED: tuple[int, ...] = tuple(
    _CONTROL[code] if code in _CONTROL else _ATTRIBUTES | _WHO | _ADDED.get(code, 0)
    for code in range(len(TYPE_NAMES))
)

#: Per type the codes without which it means nothing. `author` has a reason of its own, and what
#: only one of several may or must be there is told in the normaliser.
REQUIRED: Mapping[int, tuple[int, ...]] = {
    EventType.SNOOZED: (Member.UNTIL,),
    EventType.MERGED: (Member.INTO,),
    EventType.ABSORBED: (Member.FROM, Member.OPENED_AT),
    EventType.OVERRIDDEN: (Member.CLOCK,),
    EventType.POLICY_PUBLISHED: (Member.HASH, Member.EFFECTIVE_FROM),
}

NAMES: Mapping[int, str] = {code: name for name, (code, _) in DATA.items()}


# ------------------------------------------------------------- names as words, for the scanner

_NAME_BYTES_MAX = 16
_FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_EMPTY = np.uint64(0xFFFF)


def _words(name: str) -> tuple[int, int]:
    """First and last eight bytes of a name, the second 0 for a name of at most eight."""
    text = name.encode()
    last = text[-8:] if len(text) > 8 else b""
    return int.from_bytes(text[:8], "little"), int.from_bytes(last, "little")


def _slot(first: Any, second: Any) -> Any:
    mixed = np.uint64(first) * _FIRST ^ np.uint64(second) * _SECOND
    return (mixed ^ (mixed >> np.uint64(29))) >> np.uint64(64 - _BITS)


def _table(names: Mapping[str, int]) -> NDArray[np.uint64]:
    """Open addressing: rows (first word, last word, length << 16 | code), 0xFFFF = free."""
    table = np.zeros((1 << _BITS, 3), np.uint64)
    table[:, 2] = _EMPTY
    for name, code in names.items():
        first, second = _words(name)
        with np.errstate(over="ignore"):
            at = int(_slot(first, second))
        while table[at, 2] != _EMPTY:
            at = (at + 1) % (1 << _BITS)
        table[at] = first, second, len(name) << 16 | code
    return table


_BITS = 8
_ENVELOPE_TABLE = _table(ENVELOPE)
_DATA_TABLE = _table({name: code for name, (code, _) in DATA.items()})
_TYPE_PREFIX = "incident."
_TYPE_TABLE = _table(
    {n.removeprefix(_TYPE_PREFIX): c for n, c in TYPES.items() if n.startswith(_TYPE_PREFIX)},
)
_AUTHOR_TABLE = _table(AUTHORS)
_slot_of = kernel(_slot)


@kernel
def _find(table: Any, data: Any, at: Any, length: Any) -> Any:
    """Code of the name data[at:at+length] in a table; -1 when it is not there."""
    first = np.uint64(0)
    second = np.uint64(0)
    found: Any = -1
    if 0 < length <= _NAME_BYTES_MAX:
        if length < 8:
            first = np.uint64(load_part(data, at, length))
        else:
            first = np.uint64(load_word(data, at))
            if length > 8:
                second = np.uint64(load_word(data, at + length - 8))
        slot = np.int64(_slot_of(first, second))
        while table[slot, 2] != _EMPTY:
            if table[slot, 0] == first and table[slot, 1] == second:
                entry = np.int64(table[slot, 2])
                if entry >> 16 == length:
                    found = entry & 0xFFFF
                break
            slot = (slot + 1) & ((1 << _BITS) - 1)
    return found


@kernel
def envelope_code(data: Any, at: Any, length: Any) -> Any:
    """Envelope code of a name; -1 = unknown."""
    return _find(_ENVELOPE_TABLE, data, at, length)


@kernel
def data_code(data: Any, at: Any, length: Any) -> Any:
    """Code of a member of `data`; -1 = unknown."""
    return _find(_DATA_TABLE, data, at, length)


@kernel
def author_code(data: Any, at: Any, length: Any) -> Any:
    """Author of its text; -1 = none of them."""
    return _find(_AUTHOR_TABLE, data, at, length)


@kernel
def incident_type(data: Any, at: Any, length: Any) -> Any:
    """EventType of a type text that begins with `incident.`; -1 = any other text."""
    found = -1
    if length > 9 and data[at + 8] == 46:
        if load_word(data, at) == _INCIDENT:
            found = _find(_TYPE_TABLE, data, at + 9, length - 9)
    return found


_INCIDENT = np.uint64(_words(_TYPE_PREFIX)[0])
