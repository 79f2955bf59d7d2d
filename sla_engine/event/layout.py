"""The layout of decoded events: one EVENT row per event, one SPAN row per member it carries.

Rows point into one byte buffer (`DecodedBatch.data`); nothing here is a Python object per
event. The scanner of JSON, the normaliser of unusual JSON and the reader of packed history
all produce these rows, and the fold reads nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray


class EventType(IntEnum):
    """The types of contracts section 1, in the order of its table."""

    CREATED = 0
    UPDATED = 1
    COMMENTED = 2
    ACKNOWLEDGED = 3
    UNACKNOWLEDGED = 4
    SNOOZED = 5
    RESOLVED = 6
    CLOSED = 7
    REOPENED = 8
    MERGED = 9
    ABSORBED = 10
    DELETED = 11
    RATED = 12
    OVERRIDDEN = 13
    CUSTOMER_UPDATED = 14
    POLICY_PUBLISHED = 15
    TIME = 16
    SENT = 17  # never on the log: an alert that left, kept in the history beside the events
    TOMBSTONE = 18  # never on the log: which events a deleted incident had (event.tombstone)


#: The `type` on the wire of each EventType (SENT has none).
TYPE_NAMES: tuple[str, ...] = (
    "incident.created",
    "incident.updated",
    "incident.commented",
    "incident.acknowledged",
    "incident.unacknowledged",
    "incident.snoozed",
    "incident.resolved",
    "incident.closed",
    "incident.reopened",
    "incident.merged",
    "incident.absorbed",
    "incident.deleted",
    "incident.rated",
    "clock.overridden",
    "customer.updated",
    "policy.published",
    "sla.time",
)


class Author(IntEnum):
    """Who wrote a comment; NONE on events that are no comment and carry no author."""

    NONE = 0
    CUSTOMER = 1
    AGENT = 2
    BOT = 3
    SYSTEM = 4


class Member(IntEnum):
    """Codes of the members a SPAN may hold. Envelope first, then attributes, then the rest."""

    TENANT = 0
    SUBJECT = 1
    SOURCE = 2
    ID = 3
    # attributes: partial updates on every type
    TITLE = 8
    URL = 9
    PRIORITY = 10
    STATUS = 11
    KIND = 12
    CHANNEL = 13
    CUSTOMER = 14
    REQUESTER = 15
    TIER = 16
    CONTRACT = 17
    TEAM = 18
    ASSIGNEE = 19
    VENDOR = 20
    PRODUCT = 21
    REGION = 22
    TIME_ZONE = 23
    CALENDAR = 24
    TAGS = 25  # text = the tags joined by U+001F, in the order given
    DUE = 26  # value = ms
    OPENED_AT = 27  # value = ms
    CUSTOM = 28  # one span per member of `custom`; name_* say which
    # who did it, and what single types carry
    ACTOR = 40
    ACTOR_ROLE = 41
    AUTHOR_ID = 42
    BY = 43
    ALERT = 44
    SET = 45
    CLOCK = 46
    UNTIL = 47  # value = ms
    INTO = 48
    FROM = 49
    ABSORBED = 50  # joined by U+001F
    REASON = 51
    EXCLUDE_FROM = 52  # value = ms
    EXCLUDE_TO = 53  # value = ms
    UNPIN = 54
    CSAT = 55  # value
    NPS = 56
    CES = 57
    HASH = 58
    EFFECTIVE_FROM = 59  # value = ms
    VALID_FROM = 60
    VALID_TO = 61


class SpanKind(IntEnum):
    """What a span's bytes are. NULL unsets the attribute."""

    NULL = 0
    TEXT = 1
    NUMBER = 2  # the bytes are the number as written; only for `custom`
    TRUE = 3
    FALSE = 4
    TIME = 5  # `value` is ms
    LIST = 6


#: EVENT.flags
FLAG_PUBLIC = 1  # a comment's `public` (true unless said)
FLAG_ENGINE_ACTOR = 2  # `actor` is one of the setting [engine] actors: an echo
FLAG_NORMALISED = 4  # went through the normaliser, its spans are packed bytes
FLAG_CONTROL = 8  # control record: customer.updated, policy.published, sla.time

EVENT = np.dtype(
    [
        ("time", "i8"),  # ms, when it happened
        ("sequence", "i8"),  # the source's own order; -1 when absent
        ("key1", "u8"),  # hash of tenant and subject, two independent halves
        ("key2", "u8"),
        ("id", "u8"),  # hash of (source, id): the duplicate key, unique per incident
        ("source", "u8"),  # hash of source
        ("content", "u8"),  # hash of type, subject, time and data: CONFLICT if it differs
        ("offset", "i8"),
        ("append", "i8"),  # ms, the log's own time
        ("span", "i4"),  # first row in spans
        ("spans", "i4"),  # how many
        ("raw_start", "i4"),  # the record's value in the batch, for dead letters
        ("raw_end", "i4"),
        ("flags", "u4"),
        ("type", "u1"),
        ("author", "u1"),
        ("code", "u1"),  # DeadCode; 0 = accepted
        ("pad", "u1"),
    ],
    align=True,
)

SPAN = np.dtype(
    [
        ("hash", "u8"),  # of the text; 0 for NULL and for the empty text
        ("name", "u8"),  # CUSTOM: hash of the member's name
        ("value", "i8"),  # TIME, CSAT..CES: the number
        ("start", "i4"),  # bytes in data, UTF-8 without quotes or escapes
        ("length", "i4"),
        ("name_start", "i4"),  # CUSTOM only
        ("name_length", "i4"),
        ("member", "u1"),
        ("kind", "u1"),
        ("pad", "u2"),
        ("pad2", "u4"),
    ],
    align=True,
)


class DeadCode(IntEnum):
    """Reasons of contracts section 1; the name is the `dl-code`. ACCEPTED is not a reason."""

    ACCEPTED = 0
    NOT_JSON = 1
    NOT_CLOUDEVENT = 2
    UNKNOWN_TYPE = 3
    NO_TIME = 4
    TIME_RANGE = 5
    TIME_IN_FUTURE = 6
    LATE_BEYOND_HORIZON = 7
    TOO_LARGE = 8
    TOO_DEEP = 9
    BAD_ID = 10
    TOO_LONG = 11
    BAD_VALUE = 12
    CONFLICT = 13
    NO_AUTHOR = 14
    DELETED = 15
    MERGED = 16
    WRONG_PARTITION = 17


@dataclass(slots=True)
class DecodedBatch:
    """Events in log order with their spans and the bytes those point into.

    `messages` explains each row whose `code` is not 0 (row index -> what, where, how to mend).
    """

    data: NDArray[np.uint8]
    events: NDArray[Any]  # EVENT
    spans: NDArray[Any]  # SPAN
    messages: dict[int, str]
    unknown_members: int = 0
