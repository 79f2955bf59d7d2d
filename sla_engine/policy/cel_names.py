"""Names and literals of a condition: what it mentions, and whether all of that is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from sla_engine.policy.cel_tree import Constant, Expr, Kind
from sla_engine.policy.names import suggestion

#: Names of CEL's own types: values of `type(x)`.
_TYPE_NAMES: Final = frozenset(
    {"bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"}
)
_EQUALITY: Final = frozenset({"_==_", "_!=_"})
_ORDER: Final = frozenset({"_<_", "_<=_", "_>_", "_>=_"})
#: Attributes with members; their own name alone means nothing.
_ROOTS: Final = ("custom", "event")


@dataclass
class Usage:
    """How a condition uses its attributes.

    `literals`: the constants that each is compared with. `opaque`: attributes used in another
    way (a function, another attribute), about which nothing can be decided by literals alone.
    `presence`: `has(...)` nodes by their position's expression id.
    """

    attributes: set[str] = field(default_factory=set)
    literals: dict[str, set[Constant]] = field(default_factory=dict)
    opaque: set[str] = field(default_factory=set)
    presence: dict[int, str] = field(default_factory=dict)


#: Called with (expression id, finding code, message).
Complain = Callable[[int, str, str], None]


class NameCheck:
    """Walks a parsed condition; `types` are the names that may stand here, with their types.

    `elsewhere` maps a name that is known in another place only to the reason.
    `values` maps an attribute to the literals it may be compared with.
    """

    def __init__(
        self,
        types: Mapping[str, str],
        elsewhere: Mapping[str, str],
        values: Callable[[str, str], str | None],
        complain: Complain,
    ) -> None:
        self._types = types
        self._elsewhere = elsewhere
        self._values = values
        self._complain = complain
        self.usage = Usage()

    def visit(self, expr: Expr, bound: frozenset[str] = frozenset()) -> None:
        """Check a node and everything below it; `bound` are the loop variables around it."""
        if expr.presence:
            self._presence(expr, bound)
        elif (name := self._attribute(expr, bound)) is not None:
            self._mention(expr, name)
            if self._types.get(name) != "boolean":
                self.usage.opaque.add(name)
        elif expr.kind is Kind.CALL and self._comparison(expr, bound):
            return
        elif expr.kind is Kind.LOOP:
            over, start, *rest = expr.children
            self.visit(over, bound)
            self.visit(start, bound)
            for child in rest:
                self.visit(child, bound | {expr.name, expr.accumulator})
        else:
            for child in expr.children:
                self.visit(child, bound)

    def _attribute(self, expr: Expr, bound: frozenset[str]) -> str | None:
        """The attribute that a node names: `tier`, `custom.X`, `event.type`."""
        if expr.kind is Kind.NAME:
            name = expr.name.removeprefix(".")
            return None if expr.name in bound or name in _TYPE_NAMES else name
        if expr.presence:
            return None
        if expr.kind is Kind.SELECT and expr.children[0].kind is Kind.NAME:
            root = expr.children[0].name.removeprefix(".")
            if root in _ROOTS and root not in bound:
                return f"{root}.{expr.name}"
        return None

    def _presence(self, expr: Expr, bound: frozenset[str]) -> None:
        target = expr.children[0]
        name = f"{target.name}.{expr.name}" if target.kind is Kind.NAME else expr.name
        if target.kind is not Kind.NAME or target.name in bound or target.name != "custom":
            self._complain(
                expr.id, "CONDITION", f'has() takes a custom.X; compare `{name}` with "" instead'
            )
            return
        self._mention(expr, name)
        self.usage.presence[expr.id] = name

    def _mention(self, expr: Expr, name: str) -> None:
        self.usage.attributes.add(name)
        if name in self._types:
            return
        if name in _ROOTS:
            self._complain(expr.id, "CONDITION", f"`{name}` has members: write `{name}.NAME`")
        elif name == "now":
            self._complain(
                expr.id, "UNKNOWN_ATTRIBUTE", "there is no `now`: time is what thresholds are for"
            )
        elif name in self._elsewhere:
            self._complain(expr.id, "CONDITION", f"`{name}` {self._elsewhere[name]}")
        elif name.startswith("custom."):
            known = [other for other in self._types if other.startswith("custom.")]
            hint = suggestion(name, known) or f" - declare it: attributes: {{{name}: text}}"
            self._complain(expr.id, "UNKNOWN_ATTRIBUTE", f"`{name}` is not declared{hint}")
        else:
            hint = suggestion(name, self._types)
            self._complain(expr.id, "UNKNOWN_ATTRIBUTE", f"`{name}` is no attribute{hint}")

    def _comparison(self, expr: Expr, bound: frozenset[str]) -> bool:
        """Handle `a == "x"`, `a in ["x"]`, `"x" in tags`, `n > 1`; False: something else."""
        if len(expr.children) != 2:
            return False
        left, right = expr.children
        name = self._attribute(left, bound)
        if name is not None and (constants := _constants(expr.name, right)) is not None:
            return self._compare(expr.name, left, name, constants)
        name = self._attribute(right, bound)
        if name is not None and (constants := _constants(expr.name, left)) is not None:
            return self._compare(expr.name, right, name, constants)
        return False

    def _compare(self, operator: str, expr: Expr, name: str, constants: list[Expr]) -> bool:
        self._mention(expr, name)
        if operator in _ORDER and self._types.get(name) == "text":
            self.usage.opaque.add(name)
        for constant in constants:
            self.usage.literals.setdefault(name, set()).add(constant.value)
            if isinstance(constant.value, str):
                problem = self._values(name, constant.value)
                if problem is not None:
                    self._complain(constant.id, "UNKNOWN_VALUE", problem)
        return True


def _constants(operator: str, other: Expr) -> list[Expr] | None:
    """The constants that an attribute is compared with, or None if it is no such comparison."""
    if operator in _EQUALITY | _ORDER and other.kind is Kind.CONSTANT:
        return [other]
    if operator == "@in":
        if other.kind is Kind.CONSTANT:
            return [other]
        if other.kind is Kind.LIST and all(i.kind is Kind.CONSTANT for i in other.children):
            return list(other.children)
    return None
