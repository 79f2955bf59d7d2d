"""A mapping file: what of an unknown vendor's payload becomes which event, in YAML and CEL.

Read and checked as policies are: every mistake with file and line, and the nearest known name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from typing import Final

from cel_expr_python import cel

from sla_engine.event.layout import EventType
from sla_engine.event.members import ALLOWED, DATA, TYPES, Form
from sla_engine.policy.findings import Findings, PolicyErrors
from sla_engine.policy.nodes import Mapping, Node, Place, Scalar
from sla_engine.policy.reading import Reader
from sla_engine.policy.yamltree import read_yaml
from sla_engine.source.signature import Scheme

TOP_KEYS: Final = ("proof", "events")
KEYS: Final = ("type", "when", "each", "subject", "id", "time", "data")
VALUE_KEYS: Final = ("value", "values", "else", "optional")
TYPE_KEYS: Final = ("value", "values")
#: The engine's own records are not made from a vendor's payload.
_TYPES: Final = tuple(
    name
    for name, code in TYPES.items()
    if code < EventType.POLICY_PUBLISHED and code != EventType.ABSORBED
)
_ERROR = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_ITEM = re.compile(r"\bitem\b")
_ENV: Final = cel.NewEnv(variables={"payload": cel.Type.DYN, "item": cel.Type.DYN})


@dataclass(frozen=True, slots=True)
class Expression:
    """A CEL expression over `payload` and `item`; `where` is `file:line`."""

    text: str
    where: str
    compiled: cel.Expression = field(repr=False, compare=False)

    @property
    def of_item(self) -> bool:
        """Whether it looks at the item of `each`, and not at the payload alone."""
        return _ITEM.search(self.text) is not None


@dataclass(frozen=True, slots=True)
class Value:
    """An expression, and what its results are written as; `otherwise` where `values` has none.

    `optional`: a payload need not have it, and nothing is told then.
    """

    expression: Expression
    values: MappingOf[str, str] | None = None
    otherwise: str | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of `events`: an event for every payload (or item) of which `when` holds.

    `type` is one, or a table from what an expression gives. `time` None: when it was received.
    """

    where: str
    type: str | Value
    when: Expression | None
    each: Expression | None
    subject: Expression
    id: Expression | None
    time: Expression | None
    data: MappingOf[str, Value]
    custom: MappingOf[str, Value]


@dataclass(frozen=True, slots=True)
class Rules:
    """A mapping file: how its vendor proves requests, and what becomes of their payloads."""

    proof: Scheme
    rules: tuple[Rule, ...]


def parse_mapping(text: str, file: str) -> Rules:
    """The rules of a mapping file; PolicyErrors with everything that is wrong in it."""
    findings = Findings()
    root = read_yaml(text, file, findings)
    rules = Rules(Scheme.BEARER, ())
    if root is not None:
        rules = _Parser(findings).file(root)
    elif not findings.failed:
        findings.add(Place(file, 1), "MISSING_KEY", "a mapping needs `events`")
    if findings.failed:
        raise PolicyErrors(findings.sorted())
    return rules


class _Parser:
    def __init__(self, findings: Findings) -> None:
        self._reader = Reader(findings)

    def file(self, root: Node) -> Rules:
        top = self._reader.mapping(root, "a mapping")
        if top is None:
            return Rules(Scheme.BEARER, ())
        self._reader.keys(top, TOP_KEYS, "a mapping")
        events = self._reader.required(top, "events", "a mapping")
        items = () if events is None else self._reader.items(events, "`events`")
        found = tuple(self._rule(item) for item in items)
        return Rules(self._proof(top.get("proof")), tuple(rule for rule in found if rule))

    def _proof(self, node: Node | None) -> Scheme:
        known = [scheme.value for scheme in Scheme]
        named = None if node is None else self._reader.choice(node, known, "`proof`")
        return Scheme.BEARER if named is None else Scheme(named)

    def _rule(self, node: Node) -> Rule | None:
        entry = self._reader.mapping(node, "an entry of `events`")
        if entry is None:
            return None
        what = "an entry of `events`"
        self._reader.keys(entry, KEYS, what)
        kind = self._type(self._reader.required(entry, "type", what))
        data, custom = self._data(entry.get("data"), kind)
        subject = self._expression(self._reader.required(entry, "subject", what))
        when, each, identity, time = (
            self._expression(entry.get(name)) for name in ("when", "each", "id", "time")
        )
        if kind is None or subject is None:
            return None
        where = str(entry.place)
        return Rule(where, kind, when, each, subject, identity, time, data, custom)

    def _type(self, node: Node | None) -> str | Value | None:
        if not isinstance(node, Mapping):
            return None if node is None else self._reader.choice(node, _TYPES, "`type`")
        self._reader.keys(node, TYPE_KEYS, "a `type`")
        expression = self._expression(self._reader.required(node, "value", "a `type`"))
        table = self._reader.required(node, "values", "a `type`")
        entries = None if table is None else self._reader.mapping(table, "`values`")
        if expression is None or entries is None:
            return None
        named = {key.text: self._reader.choice(one, _TYPES, "`type`") for key, one in entries}
        return Value(expression, {key: one for key, one in named.items() if one is not None})

    def _data(
        self, node: Node | None, kind: str | Value | None
    ) -> tuple[dict[str, Value], dict[str, Value]]:
        if node is None or kind is None:
            return {}, {}
        members = self._reader.mapping(node, "`data`")
        if members is None:
            return {}, {}
        kinds = [kind] if isinstance(kind, str) else list((kind.values or {}).values())
        allowed = list(dict.fromkeys(name for one in kinds for name in members_of(one)))
        self._reader.keys(members, allowed, f"`data` of {', '.join(dict.fromkeys(kinds))}")
        custom = members.get("custom")
        return (
            self._values(members, leave_out="custom"),
            {} if custom is None else self._custom(custom),
        )

    def _custom(self, node: Node) -> dict[str, Value]:
        members = self._reader.mapping(node, "`custom`")
        return {} if members is None else self._values(members)

    def _values(self, members: Mapping, leave_out: str = "") -> dict[str, Value]:
        found = {key.text: self._value(node) for key, node in members if key.text != leave_out}
        return {name: value for name, value in found.items() if value is not None}

    def _value(self, node: Node) -> Value | None:
        if not isinstance(node, Mapping):
            expression = self._expression(node)
            return None if expression is None else Value(expression)
        self._reader.keys(node, VALUE_KEYS, "a value")
        expression = self._expression(self._reader.required(node, "value", "a value"))
        table = node.get("values")
        values = None if table is None else self._table(table)
        other = node.get("else")
        otherwise = None if other is None else self._reader.text(other, "`else`")
        said = node.get("optional")
        optional = said is not None and self._reader.boolean(said, "`optional`") is True
        return None if expression is None else Value(expression, values, otherwise, optional)

    def _table(self, node: Node) -> dict[str, str]:
        table = self._reader.mapping(node, "`values`")
        found = {} if table is None else {k.text: self._reader.text(v, k.text) for k, v in table}
        return {name: text for name, text in found.items() if text is not None}

    def _expression(self, node: Node | None) -> Expression | None:
        scalar = None if node is None else self._reader.scalar(node, "an expression")
        if scalar is None:
            return None
        try:
            return Expression(scalar.text, str(scalar.place), _ENV.compile(scalar.text))
        except RuntimeError as error:
            self._refuse(scalar, str(error))
            return None

    def _refuse(self, scalar: Scalar, errors: str) -> None:
        """The compiler's messages, each at its line."""
        content = scalar.content
        for line, column, message in _ERROR.findall(errors) or [("1", "1", errors)]:
            place = Place(content.file, content.line + int(line) - 1)
            said = f"column {column} of `{scalar.text}`: {message.strip()}"
            hint = " - a text is written in quotes: '\"high\"'" if "undeclared" in message else ""
            self._reader.error(place, "CONDITION", said + hint)


def members_of(kind: str) -> Iterable[str]:
    """The members of `data` that mean something on a type; ranges are not made by mappings."""
    allowed = ALLOWED[TYPES[kind]]
    return [
        name
        for name, (code, form) in DATA.items()
        if allowed >> code & 1 and form is not Form.RANGE
    ]


def activation(payload: object, item: object) -> cel.Activation:
    """What expressions are evaluated in."""
    return _ENV.Activation({"payload": payload, "item": item})
