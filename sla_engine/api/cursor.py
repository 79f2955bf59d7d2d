"""Where a list goes on: a text for the caller to send back, without a meaning of its own."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Sequence
from typing import Any

import orjson

from sla_engine.api.refusals import bad_value
from sla_engine.limits import API_CURSOR_CHARS_MAX


def cursor_of(kind: str, *parts: int | str) -> str:
    """The cursor of a list of this kind."""
    return urlsafe_b64encode(orjson.dumps([kind, *parts])).decode().rstrip("=")


def parts_of(cursor: str, kind: str, types: Sequence[type]) -> list[Any]:
    """The parts of a cursor; Refusal 400 for what is no cursor of this kind."""
    bad = bad_value("cursor", "is none of this list; send `next` of the page before, or nothing")
    if len(cursor) > API_CURSOR_CHARS_MAX or not cursor.isascii():
        raise bad
    try:
        said = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (Error, ValueError):
        raise bad from None
    if not isinstance(said, list) or said[:1] != [kind] or len(said) != len(types) + 1:
        raise bad
    parts = said[1:]
    if any(type(part) is not kind_of for part, kind_of in zip(parts, types, strict=True)):
        raise bad
    return parts
