"""Example payloads, and what every adapter's events must be: taken by the decoder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from sla_engine.source.kinds import SOURCES
from sla_engine.source.model import Translated

FOLDER = Path(__file__).parent / "payloads"


def payload(name: str) -> Any:
    """An example as a JSON value."""
    return orjson.loads((FOLDER / f"{name}.json").read_bytes())


def translated(kind: str, value: Mapping[str, Any], source: str = "desk") -> Translated:
    """What an adapter makes of a payload."""
    return SOURCES[kind].translate(value, source)


def brief(found: Translated) -> list[tuple[str, str, str, Any]]:
    """(type, subject, time, data) of every event."""
    return [(one["type"], one["subject"], one["time"], one["data"]) for one in found.events]


def changed(value: Any, *path: str, to: Any) -> Any:
    """A copy of a payload with one member changed."""
    copy = orjson.loads(orjson.dumps(value))
    place = copy
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = to
    return copy
