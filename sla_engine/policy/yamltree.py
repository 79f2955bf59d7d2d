"""YAML 1.2 text to nodes: every scalar keeps its text, every node its line (policy-language)."""

from __future__ import annotations

import re
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from sla_engine.policy.findings import Findings
from sla_engine.policy.nodes import Mapping, Node, Place, Scalar, Sequence

#: Deeper nesting than any policy needs; it also stops an alias that contains itself.
DEPTH_MAX: Final = 32
#: Aliases can make a small file large; this many nodes are enough for any policy set.
NODES_MAX: Final = 1_000_000

QUOTE_RULE: Final = (
    'a condition that holds `[ ] { } ,` or `: `, or starts with `"` or `!`, must be quoted as a '
    "whole: '...'"
)

_STANDARD_TAG: Final = "tag:yaml.org,2002:"
_OPERATOR = re.compile(r"==|!=|&&|\|\||<|>|!|\bin\b|\bhas\(|\w\(")
_NO_KEY = re.compile(r"[()\[\]{}\"'=<>&|!]")


def read_yaml(text: str, file: str, findings: Findings) -> Node | None:
    """The file's one document as nodes, or None when it is empty or no YAML (findings say so)."""
    yaml = YAML(typ="safe", pure=True)
    try:
        root: Any = yaml.compose(text)
        return None if root is None else _Converter(file, findings).node(root, 0)
    except MarkedYAMLError as error:
        _report(error, text, file, findings)
    except YAMLError as error:
        findings.add(Place(file, 1), "YAML", _one_line(str(error)))
    except RecursionError:
        findings.add(Place(file, 1), "YAML", f"is nested deeper than {DEPTH_MAX} levels")
    return None


class _Converter:
    """Turns the composer's nodes into ours; stops at the first thing that cannot be kept."""

    def __init__(self, file: str, findings: Findings) -> None:
        self._file = file
        self._findings = findings
        self._count = 0

    def node(self, raw: Any, depth: int) -> Node | None:
        place = self._place(raw)
        self._count += 1
        if depth > DEPTH_MAX or self._count > NODES_MAX:
            self._findings.add(place, "YAML", f"is nested deeper than {DEPTH_MAX} levels, or huge")
            return None
        tag = str(raw.tag)
        if not tag.startswith(_STANDARD_TAG):
            self._findings.add(place, "QUOTE", f"`{tag}` reads as a YAML tag - {QUOTE_RULE}")
            return None
        if isinstance(raw, ScalarNode):
            plain = raw.style is None or raw.style == ""
            block = place.line + 1 if raw.style in ("|", ">") else 0
            return Scalar(str(raw.value), place, plain, block)
        if isinstance(raw, SequenceNode):
            items = [self.node(item, depth + 1) for item in raw.value]
            return Sequence(tuple(item for item in items if item is not None), place)
        if isinstance(raw, MappingNode):
            return self._mapping(raw, place, depth)
        return None

    def _mapping(self, raw: Any, place: Place, depth: int) -> Mapping:
        entries: dict[str, tuple[Scalar, Node]] = {}
        for raw_key, raw_value in raw.value:
            key = self.node(raw_key, depth + 1)
            if not isinstance(key, Scalar):
                if key is not None:
                    self._findings.add(key.place, "YAML", "a key must be a text")
                continue
            value = self.node(raw_value, depth + 1)
            if value is None:
                continue
            if raw.flow_style and _is_torn(key, value):
                self._findings.add(key.place, "QUOTE", f"`{key.text}` is no key - {QUOTE_RULE}")
            elif key.text in entries:
                first = entries[key.text][0].place
                self._findings.add(
                    key.place, "DUPLICATE", f"`{key.text}` is given twice, first at {first}"
                )
            else:
                entries[key.text] = (key, value)
        return Mapping(tuple(entries.values()), place, bool(raw.flow_style))

    def _place(self, raw: Any) -> Place:
        return Place(self._file, raw.start_mark.line + 1)


def _is_torn(key: Scalar, value: Node) -> bool:
    """Whether a "key" is the rest of a condition that a comma has cut in two."""
    empty = isinstance(value, Scalar) and value.is_null
    return empty and key.plain and bool(_NO_KEY.search(key.text))


def _report(error: MarkedYAMLError, text: str, file: str, findings: Findings) -> None:
    mark = error.problem_mark or error.context_mark
    line = 1 if mark is None else mark.line + 1
    lines = text.splitlines()
    source = lines[line - 1] if line <= len(lines) else ""
    problem = _one_line(error.problem or error.context or "cannot be read")
    if _OPERATOR.search(source.split("#")[0]):
        findings.add(Place(file, line), "QUOTE", f"{problem} - {QUOTE_RULE}")
    else:
        findings.add(Place(file, line), "YAML", problem)


def _one_line(message: str) -> str:
    return " ".join(message.split())
