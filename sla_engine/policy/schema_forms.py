"""The forms that a JSON Schema of the policy language is put together from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sla_engine.policy import durations, reading
from sla_engine.policy.declarations import CUSTOM
from sla_engine.policy.instants import INSTANT
from sla_engine.policy.schema_words import WORDS
from sla_engine.policy.vocabulary import ATTRIBUTES

Schema = dict[str, Any]

#: The language keeps every scalar as text; an editor sees `3` as a number and `true` as a boolean.
TEXT: Final[Schema] = {"type": ["string", "number", "boolean"]}
FLAG: Final[Schema] = {"type": "boolean"}
#: Names of attributes, and of those that are times.
ATTRIBUTE: Final = "|".join([*ATTRIBUTES, CUSTOM.pattern])
TIMES: Final = [name for name, kind in ATTRIBUTES.items() if kind == "time"]
TIME: Final = "|".join([*TIMES, CUSTOM.pattern])


def keyed(
    what: str, keys: Sequence[str], values: Mapping[str, Schema], required: Sequence[str] = ()
) -> Schema:
    """A map of exactly the parser's keys, each with its description."""
    given, known = set(values), set(keys)
    assert given == known, f"{what}: {sorted(given ^ known)} on one side only"
    described = {
        key: {"description": WORDS.get(f"{what}.{key}") or WORDS[key], **values[key]}
        for key in keys
    }
    found: Schema = {"type": "object", "properties": described, "additionalProperties": False}
    return found | ({"required": list(required)} if required else {})


def by_name(value: Schema, *, names: str = "", but: Sequence[str] = ()) -> Schema:
    """A map whose keys are names of the user's own: like the pattern, none of `but`."""
    found: Schema = {"type": "object", "additionalProperties": value}
    if names:
        found["propertyNames"] = {"pattern": whole(names)}
    if but:
        found["propertyNames"] = {"not": {"enum": list(but)}}
    return found


def listed(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def some(item: Schema) -> Schema:
    return listed(item) | {"minItems": 1}


def one_or_more(item: Schema) -> Schema:
    return {"anyOf": [item, listed(item)]}


def or_nothing(value: Schema) -> Schema:
    return {"anyOf": [value, {"type": "null"}]}


def texts() -> Schema:
    return one_or_more(TEXT)


def words(allowed: Iterable[str], *, default: bool = False) -> Schema:
    known = list(allowed)
    return {"enum": known} | ({"default": known[0]} if default else {})


def whole(pattern: str) -> str:
    return f"^(?:{pattern})$"


def like(pattern: str) -> Schema:
    return {"type": "string", "pattern": whole(pattern)}


def integer(low: int, high: int) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high}


def duration() -> Schema:
    return like("(?=.)" + durations.PARTS.pattern)


def span() -> dict[str, Schema]:
    return {key: like(INSTANT.pattern) for key in reading.SPAN_KEYS}


def valid() -> Schema:
    return keyed("valid", reading.SPAN_KEYS, span())
