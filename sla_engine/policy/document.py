"""Several YAML files read as ONE document (policy-language, first paragraph)."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass, field

from sla_engine.policy.findings import Findings
from sla_engine.policy.load import COMPANIONS, is_policy_file
from sla_engine.policy.nodes import Mapping, Node, Place, Scalar, Sequence, kind_of
from sla_engine.policy.yamltree import read_yaml

#: Lists whose order is one statement: two files cannot share them.
_UNDIVIDED = frozenset({"priorities"})


@dataclass(frozen=True)
class Document:
    """The top-level keys of all files together, and the tables beside them by file name."""

    keys: Map[str, tuple[Scalar, Node]]
    tables: Map[str, str] = field(default_factory=dict)
    place: Place = field(default_factory=lambda: Place("policies", 1))


def read_document(texts: Map[str, str], findings: Findings) -> Document:
    """Join the files in the order of their names; a name that two of them define is an error."""
    keys: dict[str, tuple[Scalar, Node]] = {}
    names = sorted(name for name in texts if is_policy_file(name))
    for name in names:
        root = read_yaml(texts[name], name, findings)
        if root is None:
            continue
        if not isinstance(root, Mapping):
            findings.add(root.place, "WRONG_TYPE", f"a policy file is a map, not {kind_of(root)}")
            continue
        for key, value in root:
            known = keys.get(key.text)
            keys[key.text] = (
                (key, value) if known is None else (known[0], _join(known, (key, value), findings))
            )
    tables = {name: text for name, text in texts.items() if name.endswith(COMPANIONS)}
    return Document(keys, tables, Place(names[0] if names else "policies", 1))


def _join(first: tuple[Scalar, Node], more: tuple[Scalar, Node], findings: Findings) -> Node:
    (key, known), (again, added) = first, more
    if key.text not in _UNDIVIDED:
        if isinstance(known, Sequence) and isinstance(added, Sequence):
            return Sequence(known.items + added.items, known.place)
        if isinstance(known, Mapping) and isinstance(added, Mapping):
            return _join_maps(known, added, findings)
    findings.add(again.place, "DUPLICATE", f"`{key.text}` is already given at {key.place}")
    return known


def _join_maps(known: Mapping, added: Mapping, findings: Findings) -> Mapping:
    entries = {key.text: (key, value) for key, value in known}
    for key, value in added:
        if key.text in entries:
            first = entries[key.text][0].place
            findings.add(key.place, "DUPLICATE", f"`{key.text}` is already given at {first}")
        else:
            entries[key.text] = (key, value)
    return Mapping(tuple(entries.values()), known.place, known.flow)
