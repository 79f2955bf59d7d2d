"""A vendor's payload as a JSON value, within bounds: adapters walk what they get."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson

from sla_engine.ingest.problem import Refusal
from sla_engine.limits import HOOK_DEPTH_MAX, HOOK_KEYS_MAX, HOOK_TEXT_BYTES_MAX


def payload_of(body: bytes) -> Mapping[str, Any]:
    """The JSON object of a body; Refusal 400 for what is none, or out of bounds."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _bad("NOT_JSON", f"{error}; send one JSON object") from None
    if not isinstance(value, dict):
        raise _bad("BAD_VALUE", "is no object; send one JSON object")
    _check_bounds(value)
    return value


def _check_bounds(value: object) -> None:
    """Depth, members and texts; the parser's own limit keeps the walk short."""
    keys = 0
    level: list[object] = [value]
    for depth in range(1, HOOK_DEPTH_MAX + 2):
        below: list[object] = []
        for one in level:
            if isinstance(one, dict):
                keys += len(one)
                below += one.keys()
                below += one.values()
            elif isinstance(one, list):
                below += one
            elif isinstance(one, str) and len(one.encode()) > HOOK_TEXT_BYTES_MAX:
                raise _bad("TOO_LONG", f"a text is over {HOOK_TEXT_BYTES_MAX} bytes; send less")
        if keys > HOOK_KEYS_MAX:
            raise _bad("TOO_LARGE", f"over {HOOK_KEYS_MAX} members; send less")
        if depth > HOOK_DEPTH_MAX and any(isinstance(one, dict | list) for one in level):
            raise _bad("TOO_DEEP", f"nested deeper than {HOOK_DEPTH_MAX}; flatten it")
        level = below


def _bad(code: str, message: str) -> Refusal:
    return Refusal(HTTPStatus.BAD_REQUEST, code, message)
