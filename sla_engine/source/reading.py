"""Members of a vendor's payload: what is missing or of another kind is named by its path."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from sla_engine.errors import EventError
from sla_engine.event.times import BAD_TIME, format_time, parse_time_text
from sla_engine.limits import TAGS_MAX, TEXT_BYTES_MAX, TIME_MAX_MS, TIME_MIN_MS

EMPTY: Final[Mapping[str, Any]] = {}

#: `+0100` at the end, as Jira writes it; RFC 3339 has a colon.
_OFFSET = re.compile(r"([+-]\d{2})(\d{2})$")


def member(payload: Mapping[str, Any], *path: str) -> Any:
    """The value at a path of objects; None where one is missing or no object."""
    value: Any = payload
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def record(payload: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """The object at a path; an empty one if there is none."""
    value = member(payload, *path)
    return value if isinstance(value, Mapping) else EMPTY


def listed(payload: Mapping[str, Any], *path: str) -> list[Any]:
    """The list at a path; an empty one if there is none."""
    value = member(payload, *path)
    return value if isinstance(value, list) else []


def text(payload: Mapping[str, Any], *path: str) -> str | None:
    """A text or a whole number as text; None for anything else, and for an empty text."""
    value = member(payload, *path)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None


def needed(payload: Mapping[str, Any], *path: str) -> str:
    """The same, but EventError if there is none."""
    value = text(payload, *path)
    if value is None:
        raise EventError(f"{'.'.join(path)}: is missing or no text; is this the vendor's payload?")
    return value


def instant_ms(payload: Mapping[str, Any], *path: str) -> int:
    """Milliseconds of a time: RFC 3339, also with `+0100`, or a number of milliseconds."""
    value = member(payload, *path)
    instant = BAD_TIME
    if isinstance(value, int) and not isinstance(value, bool):
        instant = value
    elif isinstance(value, str) and len(value) <= 64:
        instant = parse_time_text(_OFFSET.sub(r"\1:\2", value))
    if not TIME_MIN_MS <= instant < TIME_MAX_MS:
        raise EventError(f"{'.'.join(path)}: is no time with an offset; is this the vendor's?")
    return instant


def instant(payload: Mapping[str, Any], *path: str) -> str:
    """The same, as events write it."""
    return format_time(instant_ms(payload, *path))


def given_instant(payload: Mapping[str, Any], *path: str) -> str | None:
    """The same; None if it is not there."""
    return None if member(payload, *path) is None else instant(payload, *path)


def lower(value: str | None) -> str | None:
    """In lower case, as policies write priorities and kinds."""
    return None if value is None else value.lower()


def tags(values: list[Any]) -> list[str]:
    """The texts of a list, each once, as many as an incident may have."""
    texts = (value for value in values if isinstance(value, str) and value)
    fitting = (one for one in texts if len(one.encode()) <= TEXT_BYTES_MAX and "\x1f" not in one)
    return list(dict.fromkeys(fitting))[:TAGS_MAX]


def present(**values: Any) -> dict[str, Any]:
    """The values that are not None."""
    return {name: value for name, value in values.items() if value is not None}
