"""A checked condition as a boolean tree over parts, and its split into single-attribute atoms.

`&& || ! ?:` and `==`, `!=` between booleans are the tree; everything else is a part that CEL
evaluates. A part that cannot be evaluated - an absent time, a division by zero - is false; so an
absent time "compares false" (policy-language, "Conditions") wherever the comparison stands.
Because the condition IS the tree, its atoms and the raw values of its joint attributes determine
it (design section 4, "Profiles").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from cel_expr_python import cel

from sla_engine.policy.cel_text import Source
from sla_engine.policy.cel_tree import Expr, Kind, Tree
from sla_engine.policy.model import Atom, Value

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: What CEL accepts as a variable's value.
_Plain = str | list[str] | int | float | bool | datetime


class Op(Enum):
    """How a branch's children make its answer; PART asks CEL."""

    AND = "_&&_"
    OR = "_||_"
    NOT = "!_"
    CHOOSE = "_?_:_"
    SAME = "_==_"
    DIFFER = "_!=_"
    PART = ""


_OPS = {op.value: op for op in Op if op is not Op.PART}


@dataclass(frozen=True)
class Variable:
    """A CEL variable: which attribute feeds it. `presence`: whether that attribute is there."""

    name: str
    attribute: str
    type: str
    default: str = ""
    presence: bool = False

    def given(self, values: Mapping[str, Value]) -> _Plain | None:
        """The value for CEL, absent as `""`, 0, false or []; None only for an absent time."""
        value = values.get(self.attribute)
        if self.presence:
            return value is not None
        match self.type:
            case "text":
                return self.default if value is None else str(value)
            case "list":
                return list(value) if isinstance(value, tuple | list) else []
            case "boolean":
                return bool(value)
            case "integer":
                return value if isinstance(value, int) else 0
            case "number":
                return float(value) if isinstance(value, int | float) else 0.0
            case _:
                return _EPOCH + timedelta(milliseconds=value) if isinstance(value, int) else None


@dataclass(frozen=True)
class Branch:
    """A node of the boolean tree. `attributes` are those that it mentions."""

    op: Op
    text: str
    attributes: frozenset[str]
    children: tuple[Branch, ...] = ()
    ask: Callable[[Mapping[str, Value]], bool] | None = None

    def holds(self, values: Mapping[str, Value]) -> bool:
        """Whether it is true for these values; never raises."""
        match self.op:
            case Op.AND:
                return all(child.holds(values) for child in self.children)
            case Op.OR:
                return any(child.holds(values) for child in self.children)
            case Op.NOT:
                return not self.children[0].holds(values)
            case Op.CHOOSE:
                test, then, otherwise = self.children
                return (then if test.holds(values) else otherwise).holds(values)
            case Op.SAME:
                return self.children[0].holds(values) == self.children[1].holds(values)
            case Op.DIFFER:
                return self.children[0].holds(values) != self.children[1].holds(values)
            case Op.PART:
                return self.ask is not None and self.ask(values)

    def first_false(self, values: Mapping[str, Value]) -> tuple[str, frozenset[str]] | None:
        """(text, attributes) of the first part of a conjunction that is false; None: it holds."""
        if self.op is Op.AND:
            found = (child.first_false(values) for child in self.children)
            return next((part for part in found if part is not None), None)
        return None if self.holds(values) else (self.text, self.attributes)


@dataclass(frozen=True)
class Splitter:
    """Builds the tree of one checked condition."""

    env: cel.Env
    tree: Tree
    source: Source
    variables: Mapping[str, Variable]

    def branch(self, expr: Expr) -> Branch:
        """The boolean tree below a syntax node of type bool."""
        op = _OPS.get(expr.name, Op.PART) if expr.kind is Kind.CALL else Op.PART
        if op in (Op.SAME, Op.DIFFER, Op.CHOOSE):
            parts = expr.children
            if not all(child.id in self.tree.booleans for child in parts):
                op = Op.PART
        if op is Op.PART:
            return self._part(expr)
        children = tuple(self.branch(child) for child in expr.children)
        attributes = frozenset().union(*(child.attributes for child in children))
        return Branch(op, self._text(expr), attributes, children)

    def _part(self, expr: Expr) -> Branch:
        used = {name for name in free_names(expr) if name in self.variables}
        variables = tuple(self.variables[name] for name in sorted(used))
        expression = self.env.deserialize(self.tree.part(expr))
        attributes = frozenset(variable.attribute for variable in variables)
        ask = _asker(expression, variables)
        return Branch(Op.PART, self._text(expr), attributes, ask=ask)

    def _text(self, expr: Expr) -> str:
        known = self.tree.positions
        at = [known[node.id] for node in expr.walk() if node.id in known]
        piece = self.source.piece(min(at), max(at)) if at else self.source.text
        for variable in self.variables.values():
            if variable.presence:
                piece = piece.replace(variable.name, f"has({variable.attribute})")
        return piece


def split(root: Branch) -> tuple[tuple[Atom, ...], frozenset[str]]:
    """The atoms of a condition and the attributes that stand together in one part."""
    atoms: dict[tuple[str, str], Atom] = {}
    joint: set[str] = set()
    for branch in _pieces(root):
        if len(branch.attributes) > 1:
            joint |= branch.attributes
        for attribute in branch.attributes if len(branch.attributes) == 1 else ():
            atoms.setdefault((attribute, branch.text), _atom(attribute, branch))
    return tuple(atoms.values()), frozenset(joint)


def free_names(expr: Expr, bound: frozenset[str] = frozenset()) -> Iterator[str]:
    """Names that an expression reads, without the variables of its own loops."""
    if expr.kind is Kind.NAME:
        if expr.name not in bound:
            yield expr.name.removeprefix(".")
    elif expr.kind is Kind.LOOP:
        over, start, condition, step, result = expr.children
        inner = bound | {expr.name, expr.accumulator}
        yield from free_names(over, bound)
        yield from free_names(start, bound)
        for child in (condition, step, result):
            yield from free_names(child, inner)
    else:
        for child in expr.children:
            yield from free_names(child, bound)


def _pieces(branch: Branch) -> Iterator[Branch]:
    """The largest branches of one attribute, and the parts of several."""
    if len(branch.attributes) <= 1 or branch.op is Op.PART:
        yield branch
    else:
        for child in branch.children:
            yield from _pieces(child)


def _atom(attribute: str, branch: Branch) -> Atom:
    return Atom(attribute, branch.text, lambda value: branch.holds({attribute: value}))


def _asker(
    expression: cel.Expression, variables: tuple[Variable, ...]
) -> Callable[[Mapping[str, Value]], bool]:
    def ask(values: Mapping[str, Value]) -> bool:
        try:
            data: dict[str, _Plain] = {}
            for variable in variables:
                value = variable.given(values)
                if value is None:
                    return False
                data[variable.name] = value
            return expression.eval(data=data).value() is True
        except (ValueError, TypeError, OverflowError, RuntimeError):
            return False

    return ask
