"""A small evaluator of the conditions: CEL over text, numbers, booleans, lists and times.

Written for clarity: text -> tokens -> nested tuples -> value. Names are looked up in a function,
so that "Absent = `""`, 0, false, []" (language, Conditions) is decided by the caller.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.reference.times import duration_ms, parse_time

_TOKEN = re.compile(
    r"""\s*(?:(?P<num>\d+\.\d+(?:[eE][+-]?\d+)?|\d+)(?P<unsigned>u?)
    |(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
    |(?P<name>[A-Za-z_][A-Za-z_0-9]*)
    |(?P<op>&&|\|\||==|!=|<=|>=|[-+*/%<>!?:().,\[\]]))""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Time:
    """An instant inside a condition; `ms` is None when the attribute is absent."""

    ms: int | None


class Nothing:
    """What `event.*` is between events: whatever is asked of it is false."""

    def __bool__(self) -> bool:
        return False


Lookup = Callable[[str], Any]
Has = Callable[[str], bool]


class Condition:
    """One parsed condition. `names` are the attributes it reads (`custom.x` in full)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = _tokens(text)
        self._at = 0
        self.tree = self._ternary()
        if self._at != len(self._tokens):
            raise ValueError(f"left over in condition: {text!r}")
        self.names = frozenset(_names(self.tree, frozenset()))

    def holds(self, lookup: Lookup, has: Has) -> bool:
        return bool(_eval(self.tree, lookup, has))

    # --- parser, one method per precedence level -------------------------------------------

    def _peek(self, *ops: str) -> str | None:
        if self._at < len(self._tokens):
            kind, value = self._tokens[self._at]
            if value in ops and kind in ("op", "name"):
                return str(value)
        return None

    def _take(self, op: str) -> None:
        if self._peek(op) is None:
            raise ValueError(f"expected {op!r} in condition {self.text!r}")
        self._at += 1

    def _ternary(self) -> Any:
        test = self._or()
        if self._peek("?"):
            self._take("?")
            yes = self._ternary()
            self._take(":")
            return ("if", test, yes, self._ternary())
        return test

    def _or(self) -> Any:
        left = self._and()
        while self._peek("||"):
            self._take("||")
            left = ("or", left, self._and())
        return left

    def _and(self) -> Any:
        left = self._relation()
        while self._peek("&&"):
            self._take("&&")
            left = ("and", left, self._relation())
        return left

    def _relation(self) -> Any:
        left = self._sum()
        while op := self._peek("==", "!=", "<", "<=", ">", ">=", "in"):
            self._take(op)
            left = ("cmp", op, left, self._sum())
        return left

    def _sum(self) -> Any:
        left = self._product()
        while op := self._peek("+", "-"):
            self._take(op)
            left = ("sum", op, left, self._product())
        return left

    def _product(self) -> Any:
        left = self._unary()
        while op := self._peek("*", "/", "%"):
            self._take(op)
            left = ("sum", op, left, self._unary())
        return left

    def _unary(self) -> Any:
        if self._peek("!"):
            self._take("!")
            return ("not", self._unary())
        if self._peek("-"):
            self._take("-")
            return ("neg", self._unary())
        return self._member()

    def _member(self) -> Any:
        node = self._primary()
        while True:
            if self._peek("."):
                self._take(".")
                name = self._tokens[self._at][1]
                self._at += 1
                if self._peek("("):
                    node = ("call", name, [node, *self._arguments()])
                elif node[0] == "name":
                    node = ("name", f"{node[1]}.{name}")
                else:
                    raise ValueError(f"no member {name!r} in {self.text!r}")
            elif self._peek("["):
                self._take("[")
                node = ("index", node, self._ternary())
                self._take("]")
            else:
                return node

    def _arguments(self) -> list[Any]:
        self._take("(")
        out: list[Any] = []
        while not self._peek(")"):
            out.append(self._ternary())
            if self._peek(","):
                self._take(",")
        self._take(")")
        return out

    def _primary(self) -> Any:
        if self._peek("("):
            self._take("(")
            node = self._ternary()
            self._take(")")
            return node
        if self._peek("["):
            self._take("[")
            items: list[Any] = []
            while not self._peek("]"):
                items.append(self._ternary())
                if self._peek(","):
                    self._take(",")
            self._take("]")
            return ("list", items)
        kind, value = self._tokens[self._at]
        self._at += 1
        if kind == "literal":
            return ("literal", value)
        if kind != "name":
            raise ValueError(f"unexpected {value!r} in {self.text!r}")
        if value in ("true", "false"):
            return ("literal", value == "true")
        if self._peek("("):
            return ("call", value, self._arguments())
        return ("name", value)


def _tokens(text: str) -> list[tuple[str, Any]]:
    out: list[tuple[str, Any]] = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"cannot read {text[at:]!r} in condition {text!r}")
        at = match.end()
        if match["num"] is not None:
            number = float(match["num"]) if "." in match["num"] else int(match["num"])
            out.append(("literal", number))
        elif match["text"] is not None:
            out.append(("literal", re.sub(r"\\(.)", r"\1", match["text"][1:-1])))
        elif match["name"] is not None:
            out.append(("name", match["name"]))
        else:
            out.append(("op", match["op"]))
    return out


def _names(node: Any, bound: frozenset[str]) -> set[str]:
    if not isinstance(node, tuple):
        return set()
    if node[0] == "name":
        return set() if node[1] in bound else {node[1]}
    if node[0] == "call" and node[1] in ("exists", "all"):
        inner = bound | {node[2][1][1]}
        return _names(node[2][0], bound) | _names(node[2][2], inner)
    children: list[Any] = []
    for part in node[1:]:
        children.extend(part if isinstance(part, list) else [part])
    return set().union(*(_names(child, bound) for child in children))


def _eval(node: Any, lookup: Lookup, has: Has) -> Any:
    kind = node[0]
    if kind == "literal":
        return node[1]
    if kind == "name":
        return lookup(node[1])
    if kind == "list":
        return [_eval(item, lookup, has) for item in node[1]]
    if kind == "or":
        return _eval(node[1], lookup, has) or _eval(node[2], lookup, has)
    if kind == "and":
        return _eval(node[1], lookup, has) and _eval(node[2], lookup, has)
    if kind == "not":
        return not _eval(node[1], lookup, has)
    if kind == "neg":
        return -_eval(node[1], lookup, has)
    if kind == "if":
        return _eval(node[2] if _eval(node[1], lookup, has) else node[3], lookup, has)
    if kind == "index":
        return _eval(node[1], lookup, has)[_eval(node[2], lookup, has)]
    if kind == "cmp":
        return _compare(node[1], _eval(node[2], lookup, has), _eval(node[3], lookup, has))
    if kind == "sum":
        return _arithmetic(node[1], _eval(node[2], lookup, has), _eval(node[3], lookup, has))
    return _call(node[1], node[2], lookup, has)


def _compare(op: str, left: Any, right: Any) -> bool:
    if isinstance(left, Nothing) or isinstance(right, Nothing):
        return False
    if op == "in":
        return left in right
    if isinstance(left, Time) or isinstance(right, Time):
        # "an absent time compares false" - whatever the comparison.
        if not isinstance(left, Time) or not isinstance(right, Time):
            return False
        if left.ms is None or right.ms is None:
            return False
        left, right = left.ms, right.ms
    if op == "==":
        return bool(left == right)
    if op == "!=":
        return bool(left != right)
    if op == "<":
        return bool(left < right)
    if op == "<=":
        return bool(left <= right)
    if op == ">":
        return bool(left > right)
    return bool(left >= right)


def _arithmetic(op: str, left: Any, right: Any) -> Any:
    if isinstance(left, Time):
        if left.ms is None or (isinstance(right, Time) and right.ms is None):
            return Time(None)
        if isinstance(right, Time):
            return left.ms - right.ms  # type: ignore[operator]
        return Time(left.ms + right if op == "+" else left.ms - right)
    if op == "+":
        return left + right
    if op == "-":
        return left - right
    if op == "*":
        return left * right
    if op == "/":
        both_whole = isinstance(left, int) and isinstance(right, int)
        return int(left / right) if both_whole else left / right
    return left % right


def _bound(lookup: Lookup, variable: str, value: Any) -> Lookup:
    return lambda name: value if name == variable else lookup(name)


def _call(name: str, arguments: list[Any], lookup: Lookup, has: Has) -> Any:
    if name == "has":
        return has(arguments[0][1])
    if name in ("exists", "all"):
        items, variable, body = arguments
        answers = [
            _eval(body, _bound(lookup, variable[1], value), has)
            for value in _eval(items, lookup, has)
        ]
        return any(answers) if name == "exists" else all(answers)
    values = [_eval(argument, lookup, has) for argument in arguments]
    if any(isinstance(value, Nothing) for value in values):
        return False
    if name == "size":
        return len(values[0])
    if name == "startsWith":
        return values[0].startswith(values[1])
    if name == "endsWith":
        return values[0].endswith(values[1])
    if name == "contains":
        return values[1] in values[0]
    if name == "matches":
        return re.search(values[1], values[0]) is not None
    if name == "timestamp":
        return values[0] if isinstance(values[0], Time) else Time(parse_time(values[0]))
    if name == "duration":
        return duration_ms(values[0])
    if name in ("int", "double", "string"):
        return {"int": int, "double": float, "string": str}[name](values[0])
    raise ValueError(f"unknown function {name!r}")
