"""JSON Schema (draft 2020-12), as far as the schema of policy files uses it.

A keyword that is not known here fails the test that meets it, so that none is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from sla_engine.policy.findings import Findings
from sla_engine.policy.nodes import Mapping, Node, Sequence
from sla_engine.policy.yamltree import read_yaml

Schema = dict[str, Any]

_NOTES = {"$schema", "$defs", "title", "description", "default", "examples"}
_TYPES: dict[str, Callable[[object], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "null": lambda value: value is None,
}


def as_read(text: str) -> object:
    """A YAML text as an editor reads it: plain numbers, booleans and nulls are what they look."""
    findings = Findings()
    root = read_yaml(text, "policies.yaml", findings)
    assert not findings.failed, findings.sorted()
    return None if root is None else _value(root)


def _value(node: Node) -> object:
    if isinstance(node, Mapping):
        return {key.text: _value(value) for key, value in node}
    if isinstance(node, Sequence):
        return [_value(item) for item in node.items]
    if node.is_null:
        return None
    if node.plain and node.text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return node.text.lower() == "true"
    if node.plain and re.fullmatch(r"[-+]?[0-9]+", node.text):
        return int(node.text)
    if node.plain and re.fullmatch(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?", node.text):
        return float(node.text)
    return node.text


def wrong(schema: Schema, value: object, root: Schema | None = None, path: str = "") -> list[str]:
    """Why a value does not fit; nothing: it does."""
    root = schema if root is None else root
    return [
        f"{path or '/'}: {reason}" if ": " not in reason else reason
        for keyword, wanted in schema.items()
        if keyword not in _NOTES
        for reason in _KEYWORDS[keyword](schema, wanted, value, root, path)
    ]


def _type(schema: Schema, wanted: Any, value: Any, root: Schema, path: str) -> Iterator[str]:
    kinds = wanted if isinstance(wanted, list) else [wanted]
    if not any(_TYPES[kind](value) for kind in kinds):
        yield f"is not {kinds}"


def _ref(schema: Schema, wanted: Any, value: Any, root: Schema, path: str) -> Iterator[str]:
    yield from wrong(root["$defs"][wanted.removeprefix("#/$defs/")], value, root, path)


def _same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other


def _enum(schema: Schema, wanted: Any, value: Any, root: Schema, path: str) -> Iterator[str]:
    if not any(_same(value, one) for one in wanted):
        yield f"is none of {wanted}"


def _properties(schema: Schema, wanted: Any, value: Any, root: Schema, path: str) -> Iterator[str]:
    for key, one in wanted.items() if isinstance(value, dict) else ():
        if key in value:
            yield from wrong(one, value[key], root, f"{path}/{key}")


def _others(schema: Schema, wanted: Any, value: Any, root: Schema, path: str) -> Iterator[str]:
    for key in value if isinstance(value, dict) else ():
        if key in schema.get("properties", {}):
            continue
        if wanted is False:
            yield f"has a key {key}"
        else:
            yield from wrong(wanted, value[key], root, f"{path}/{key}")


def _names(schema: Schema, wanted: Any, value: Any, root: Schema, path: str) -> Iterator[str]:
    for key in value if isinstance(value, dict) else ():
        yield from wrong(wanted, key, root, f"{path}/{key}")


def _items(schema: Schema, wanted: Any, value: Any, root: Schema, path: str) -> Iterator[str]:
    for position, item in enumerate(value if isinstance(value, list) else ()):
        yield from wrong(wanted, item, root, f"{path}/{position}")


def _required(schema: Schema, wanted: Any, value: Any, root: Schema, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (f"needs {key}" for key in wanted if key not in value)


def _dependent(schema: Schema, wanted: Any, value: Any, root: Schema, path: str) -> Iterator[str]:
    for key, needed in wanted.items() if isinstance(value, dict) else ():
        if key in value:
            yield from _required(schema, needed, value, root, path)


def _pattern(schema: Schema, wanted: Any, value: Any, root: Schema, path: str) -> Iterator[str]:
    if isinstance(value, str) and not re.search(wanted, value):
        yield f"is not like {wanted}"


def _limit(allowed: Callable[[Any, Any], bool], kind: type) -> Callable[..., Iterator[str]]:
    def check(schema: Schema, wanted: Any, value: Any, root: Schema, path: str) -> Iterator[str]:
        if isinstance(value, kind) and not isinstance(value, bool) and not allowed(value, wanted):
            yield f"is beyond {wanted}"

    return check


def _fitting(wanted: list[Schema], value: object, root: Schema, path: str) -> int:
    return sum(not wrong(one, value, root, path) for one in wanted)


def _any_of(schema: Schema, wanted: Any, value: Any, root: Schema, path: str) -> Iterator[str]:
    if not _fitting(wanted, value, root, path):
        yield "fits none of several forms"


def _one_of(schema: Schema, wanted: Any, value: Any, root: Schema, path: str) -> Iterator[str]:
    if _fitting(wanted, value, root, path) != 1:
        yield "fits none or several of some forms"


def _all_of(schema: Schema, wanted: Any, value: Any, root: Schema, path: str) -> Iterator[str]:
    for one in wanted:
        yield from wrong(one, value, root, path)


def _not(schema: Schema, wanted: Any, value: Any, root: Schema, path: str) -> Iterator[str]:
    if not wrong(wanted, value, root, path):
        yield "fits a form that is excluded"


def _if(schema: Schema, wanted: Any, value: Any, root: Schema, path: str) -> Iterator[str]:
    chosen = "else" if wrong(wanted, value, root, path) else "then"
    yield from wrong(schema.get(chosen, {}), value, root, path)


def _nothing(schema: Schema, wanted: Any, value: Any, root: Schema, path: str) -> Iterator[str]:
    """`then` and `else` belong to `if`."""
    yield from ()


_KEYWORDS: dict[str, Callable[..., Iterator[str]]] = {
    "type": _type,
    "$ref": _ref,
    "enum": _enum,
    "const": lambda schema, wanted, *rest: _enum(schema, [wanted], *rest),
    "properties": _properties,
    "additionalProperties": _others,
    "propertyNames": _names,
    "required": _required,
    "dependentRequired": _dependent,
    "items": _items,
    "pattern": _pattern,
    "minimum": _limit(lambda value, low: value >= low, int),
    "maximum": _limit(lambda value, high: value <= high, int),
    "minItems": _limit(lambda value, low: len(value) >= low, list),
    "minProperties": _limit(lambda value, low: len(value) >= low, dict),
    "anyOf": _any_of,
    "oneOf": _one_of,
    "allOf": _all_of,
    "not": _not,
    "if": _if,
    "then": _nothing,
    "else": _nothing,
}
