"""Rows back to the canonical JSON object, for explanations, history and tests."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sla_engine.event.layout import FLAG_PUBLIC, TYPE_NAMES, Author, Member, SpanKind
from sla_engine.event.members import DATA, EXCLUDE, NAMES, VALID, Form
from sla_engine.event.normalise_data import SEPARATOR
from sla_engine.event.times import format_time

_RANGES = {
    Member.EXCLUDE_FROM: (EXCLUDE, "from"),
    Member.EXCLUDE_TO: (EXCLUDE, "to"),
    Member.VALID_FROM: (VALID, "from"),
    Member.VALID_TO: (VALID, "to"),
}
_LISTS = {code for code, form in DATA.values() if form in (Form.LIST, Form.IDENTITIES)}


# Plain numbers: an enumeration's members are slow to look up.
_NULL, _TEXT, _TIME = int(SpanKind.NULL), int(SpanKind.TEXT), int(SpanKind.TIME)
_TRUE, _FALSE, _LIST = int(SpanKind.TRUE), int(SpanKind.FALSE), int(SpanKind.LIST)
_CUSTOM = int(Member.CUSTOM)


def text(data: NDArray[np.uint8], span: Any) -> str:
    """The text of one SPAN row; "" for kinds without bytes (null, true, false, times, scores)."""
    start = int(span["start"])
    return data[start : start + int(span["length"])].tobytes().decode()


def name(data: NDArray[np.uint8], span: Any) -> str:
    """The name of a member of `custom`."""
    start = int(span["name_start"])
    return data[start : start + int(span["name_length"])].tobytes().decode()


def value(data: NDArray[np.uint8], span: Any) -> Any:
    """The value of one SPAN row as it stands in canonical JSON."""
    written = text(data, span)
    return plain_value(int(span["member"]), int(span["kind"]), int(span["value"]), written)


def plain_value(member: int, kind: int, number: int, written: str) -> Any:
    """The value of a span whose bytes are `written`."""
    if kind == _TEXT:
        return written
    if kind == _NULL:
        return None
    if kind == _TIME:
        return format_time(number)
    if kind in (_TRUE, _FALSE):
        return kind == _TRUE
    if kind == _LIST:
        return written.split(SEPARATOR) if written else []
    if member != _CUSTOM:
        return number
    return int(written) if written.removeprefix("-").isdecimal() else float(written)


def to_cloudevent(data: NDArray[np.uint8], event: Any, spans: NDArray[Any]) -> dict[str, Any]:
    """The canonical CloudEvents object of one accepted EVENT row.

    `spans` is the whole SPAN array the row points into. Times are in UTC with milliseconds;
    what the decoder ignored, cut or turned into text is gone.
    """
    first = int(event["span"])
    rows = spans[first : first + int(event["spans"])]
    tenant, subject, source, identity = (text(data, span) for span in rows[:4])
    result: dict[str, Any] = {
        "specversion": "1.0",
        "id": identity,
        "source": source,
        "type": TYPE_NAMES[int(event["type"])],
        "subject": subject,
        "time": format_time(int(event["time"])),
        "tenant": tenant,
    }
    if event["sequence"] >= 0:
        result["sequence"] = str(int(event["sequence"]))
    result["data"] = _members(data, event, rows[4:])
    return result


def _members(data: NDArray[np.uint8], event: Any, rows: NDArray[Any]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for span in rows:
        code = int(span["member"])
        if code in _RANGES:
            whole, end = _RANGES[Member(code)]
            members.setdefault(NAMES[whole], {})[end] = value(data, span)
        elif code == Member.CUSTOM and span["name_length"]:
            members.setdefault("custom", {})[name(data, span)] = value(data, span)
        else:
            members[NAMES[code]] = value(data, span)
    author = Author(int(event["author"]))
    if author is not Author.NONE:
        members["author"] = author.name.lower()
        if not event["flags"] & FLAG_PUBLIC:
            members["public"] = False
    return members
