"""The normaliser: any bytes to one packed event, or to the reason why not.

It decides about every record that the scanner does not accept. The reason told is the first one
of the order of contracts section 1, except that size and depth are judged before anything is
parsed; within `data` the least DeadCode wins, and among equals the first member in the text.
A repeated member of an object counts with its last value, as with most readers of JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from sla_engine.event.content import SUBJECT_TERM, TIME_TERM, Tag, content_of_entries
from sla_engine.event.draft import Draft, Problem, fault_of_identity, is_number, kind_of
from sla_engine.event.layout import (
    FLAG_CONTROL,
    FLAG_ENGINE_ACTOR,
    FLAG_PUBLIC,
    Author,
    DeadCode,
    EventType,
)
from sla_engine.event.members import ENVELOPE, TYPES
from sla_engine.event.normalise_data import read_data
from sla_engine.event.numbers import NumberText, number_text
from sla_engine.event.scan import DEFAULT_TENANT
from sla_engine.event.times import BAD_TIME, format_time, parse_time_text
from sla_engine.event.tokens import too_deep
from sla_engine.event.unpack import VERSION
from sla_engine.event.varints import varint
from sla_engine.limits import EVENT_BYTES_MAX, EVENT_DEPTH_MAX, TIME_MAX_MS, TIME_MIN_MS

_DECODER = msgspec.json.Decoder(strict=True, float_hook=NumberText)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SEQUENCE_MAX = (1 << 63) - 2
_CONTROL = frozenset((EventType.CUSTOMER_UPDATED, EventType.POLICY_PUBLISHED, EventType.TIME))
_SUBJECTS: Mapping[int, str] = {EventType.POLICY_PUBLISHED: "policies", EventType.TIME: "time"}


@dataclass(frozen=True, slots=True)
class Normalised:
    """One packed event with its length in front, and how many members of it were unknown."""

    packed: bytes
    unknown: int


def normalise(raw: bytes, actors: AbstractSet[str], latest_ms: int | None) -> Normalised | Problem:
    """Check one record and pack it.

    `actors` are the names whose events are echoes ([engine] actors); an event later than
    `latest_ms` is TIME_IN_FUTURE (None: unchecked; never for `sla.time`).
    """
    loaded = _load(raw)
    if isinstance(loaded, Problem):
        return loaded
    draft = _open(loaded, latest_ms)
    if isinstance(draft, Problem):
        return draft
    tenant = _tenant(draft, loaded.get("tenant"))
    sequence = _sequence(draft, loaded.get("sequence"))
    draft.unknown += sum(1 for name in loaded if name not in ENVELOPE)
    if loaded.get("data_base64") is not None:
        draft.refuse(DeadCode.BAD_VALUE, "data_base64: is not read; send `data` as an object")
    data = loaded.get("data")
    if data is None:
        data = {}
    if isinstance(data, dict):
        read_data(draft, data)
    else:
        draft.refuse(DeadCode.BAD_VALUE, f"data: is {kind_of(data)}; send an object")
    expected = _SUBJECTS.get(draft.type)
    if expected is not None and draft.subject != expected:
        draft.refuse(DeadCode.BAD_VALUE, f"subject: must be `{expected}` on this type")
    if draft.problems:
        return min(draft.problems, key=lambda problem: problem.code)
    identities = (tenant, draft.subject, loaded["source"], loaded["id"])
    return Normalised(_packed(draft, loaded["time"], sequence, identities, actors), draft.unknown)


def _load(raw: bytes) -> dict[str, Any] | Problem:
    """The JSON object of a record."""
    if len(raw) > EVENT_BYTES_MAX:
        return Problem(
            DeadCode.TOO_LARGE, f"{len(raw)} bytes; send at most {EVENT_BYTES_MAX} per event"
        )
    if too_deep(np.frombuffer(bytearray(raw), np.uint8), 0, len(raw)):
        return Problem(
            DeadCode.TOO_DEEP, f"nested deeper than {EVENT_DEPTH_MAX}; flatten the event"
        )
    if not raw.strip():
        return Problem(DeadCode.NOT_JSON, "the record is empty; send one JSON object")
    if raw.startswith(_BYTE_ORDER_MARK):
        return Problem(DeadCode.NOT_JSON, "begins with a byte order mark; send UTF-8 without one")
    try:
        loaded = _DECODER.decode(raw)
    except msgspec.ValidationError:
        return Problem(DeadCode.BAD_VALUE, "a whole number has too many digits; send it as text")
    except UnicodeDecodeError as error:
        return Problem(DeadCode.NOT_JSON, f"is not UTF-8 ({error.reason}); send UTF-8")
    except msgspec.DecodeError as error:
        return Problem(DeadCode.NOT_JSON, f"{error}; send one JSON object")
    if not isinstance(loaded, dict):
        return Problem(
            DeadCode.NOT_CLOUDEVENT, f"is {kind_of(loaded)}; send one CloudEvents object"
        )
    return loaded


def _open(loaded: dict[str, Any], latest_ms: int | None) -> Draft | Problem:
    """The required attributes, in the order of the table of bad input."""
    if loaded.get("specversion") != "1.0":
        return Problem(DeadCode.NOT_CLOUDEVENT, 'specversion: must be the text "1.0"')
    for name in ("id", "source", "type", "subject"):
        value = loaded.get(name)
        if type(value) is not str or not value:
            what = "an empty text" if value == "" else kind_of(value)
            what = "missing" if value is None else what
            return Problem(DeadCode.NOT_CLOUDEVENT, f"{name}: is {what}; send a text")
    kind = TYPES.get(loaded["type"])
    if kind is None:
        return Problem(
            DeadCode.UNKNOWN_TYPE,
            f"type: `{loaded['type'][:60]}` is not known; send one of {', '.join(TYPES)}",
        )
    instant = _time(loaded.get("time"), kind, latest_ms)
    if isinstance(instant, Problem):
        return instant
    draft = Draft(kind, instant, loaded["subject"])
    for name in ("id", "source", "subject"):
        fault = fault_of_identity(loaded[name])
        if fault is not None:
            draft.refuse(DeadCode.BAD_ID, f"{name}: {fault}")
    return draft


def _time(value: object, kind: int, latest_ms: int | None) -> int | Problem:
    """The event's `time`."""
    if value is None:
        return Problem(
            DeadCode.NO_TIME, "time: is missing; say when it happened (RFC 3339, with offset)"
        )
    instant = parse_time_text(value) if type(value) is str else BAD_TIME
    if instant == BAD_TIME:
        return Problem(
            DeadCode.NO_TIME,
            "time: is no RFC 3339 time with an offset; send it like 2026-11-23T10:00:00.123Z",
        )
    if not TIME_MIN_MS <= instant < TIME_MAX_MS:
        return Problem(
            DeadCode.TIME_RANGE, "time: lies outside 1990..2100; check the source's clock"
        )
    if latest_ms is not None and instant > latest_ms and kind != EventType.TIME:
        return Problem(
            DeadCode.TIME_IN_FUTURE,
            f"time: {format_time(instant)} is later than {format_time(latest_ms)}; "
            "check the source's clock, or raise time.max_future",
        )
    return instant


def _tenant(draft: Draft, value: object) -> str:
    """The tenant, `default` when absent or empty."""
    if value is None or value == "":
        return DEFAULT_TENANT
    found = draft.identity("tenant", value)
    return DEFAULT_TENANT if found is None else found[1].decode()


def _sequence(draft: Draft, value: object) -> int:
    """The source's own order as a number, -1 when absent."""
    if value is None:
        return -1
    text = number_text(value) if is_number(value) else value
    digits = text.lstrip("0") if type(text) is str else ""
    if type(text) is not str or not (text.isascii() and text.isdigit()) or len(digits) > 19:
        number = -1
    else:
        number = int(digits or "0")
    if not 0 <= number <= _SEQUENCE_MAX:
        draft.refuse(
            DeadCode.BAD_VALUE, f"sequence: must be decimal text from 0 to {_SEQUENCE_MAX}"
        )
    return number


def _flags(draft: Draft, actors: AbstractSet[str]) -> int:
    flags = 0
    if draft.author != Author.NONE and not draft.private:
        flags |= FLAG_PUBLIC
    if draft.actor is not None and draft.actor in actors:
        flags |= FLAG_ENGINE_ACTOR
    if draft.type in _CONTROL:
        flags |= FLAG_CONTROL
    return flags


def _packed(
    draft: Draft,
    time: str,
    sequence: int,
    identities: tuple[str, str, str, str],
    actors: AbstractSet[str],
) -> bytes:
    """The packed event (format: `packed`)."""
    draft.count(int(SUBJECT_TERM), Tag.TEXT, draft.subject.encode())
    draft.count(int(TIME_TERM), Tag.TEXT, time.encode())
    entries = np.frombuffer(bytearray().join(draft.entries), np.uint8)
    content = int(content_of_entries(entries, draft.type))
    head = bytes((VERSION, draft.type | draft.author << 5, _flags(draft, actors)))
    parts = [head, varint(draft.time - TIME_MIN_MS), varint(sequence + 1)]
    parts.append(content.to_bytes(8, "little"))
    for i, text in enumerate(identities):
        run = b"" if i == 0 and text == DEFAULT_TENANT else text.encode()
        parts += (varint(len(run)), run)
    parts.append(bytes(draft.spans))
    body = b"".join(parts)
    return varint(len(body)) + body
