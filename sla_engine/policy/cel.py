"""Conditions: CEL over the attributes of an incident, checked with file and line.

The expression is parsed once to see its names (so that an unknown one gets the nearest known),
compiled once more with all types declared, and split into single-attribute atoms.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from cel_expr_python import cel

from sla_engine.policy.cel_names import NameCheck, Usage
from sla_engine.policy.cel_split import Splitter, Variable, split
from sla_engine.policy.cel_text import Source
from sla_engine.policy.cel_tree import Constant, Expr, Kind, Tree, read_checked, read_parsed
from sla_engine.policy.findings import Findings
from sla_engine.policy.literals import Literals
from sla_engine.policy.model import Condition
from sla_engine.policy.nodes import Place, Scalar
from sla_engine.policy.vocabulary import ATTRIBUTES, EVENT_MEMBERS, SCORE

_TYPES: Final = {
    "text": cel.Type.STRING,
    "list": cel.Type.List(cel.Type.STRING),
    "time": cel.Type.TIMESTAMP,
    "integer": cel.Type.INT,
    "number": cel.Type.DOUBLE,
    "boolean": cel.Type.BOOL,
}
_ERROR = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_PRESENCE = re.compile(r"has\s*\(\s*custom\s*\.\s*\w+\s*\)")
_HINTS: Final = (
    (r"\((?:double, int|int, double)\)", " - a number is written with a point: 1.0"),
    (r"has\(\) argument", ' - has() takes a custom.X; compare other attributes with ""'),
)


class Scope(Enum):
    """Where a condition stands, which decides what it may mention."""

    WHEN = "when"
    CLOCK = "clock"
    STEP = "if"


class Conditions:
    """Compiles the conditions of one policy set.

    `usage` keeps, by the condition's text, how it uses its attributes; the linter reads it.
    """

    def __init__(self, literals: Literals, findings: Findings) -> None:
        self.literals = literals
        self.usage: dict[str, Usage] = {}
        self._findings = findings
        self._languages = {scope: _language(scope, literals) for scope in Scope}

    def type_of(self, name: str) -> str | None:
        """The type of an incident's attribute (`custom.X` if declared), or None: unknown."""
        return self._languages[Scope.WHEN].types.get(name)

    def attributes(self, kind: str) -> tuple[str, ...]:
        """The names of the incident's attributes of a type."""
        types = self._languages[Scope.WHEN].types
        return tuple(name for name, its in types.items() if its == kind)

    def compile(self, node: Scalar, scope: Scope) -> Condition | None:
        """The checked condition, or None when it is wrong (findings say why)."""
        check = _Check(self._languages[scope], self.literals, self._findings, node)
        condition = check.run()
        if condition is not None:
            self.usage[condition.text] = check.usage
        return condition


@dataclass(frozen=True)
class _Language:
    """What a scope may mention: types by name, CEL variables, and the environment made of them."""

    scope: Scope
    types: Mapping[str, str]
    variables: Mapping[str, Variable]
    env: cel.Env


def _language(scope: Scope, literals: Literals) -> _Language:
    types = {**ATTRIBUTES, **{spec.name: spec.type for spec in literals.attributes.values()}}
    types.update(ATTRIBUTES)
    types |= EVENT_MEMBERS if scope is Scope.CLOCK else {}
    types |= SCORE if scope is Scope.STEP else {}
    variables = {}
    declared = {}
    for name, kind in types.items():
        variables[name] = Variable(name, name, kind, literals.default(name))
        declared[name] = _TYPES[kind]
        if name.startswith("custom."):
            has = _presence_name(name)
            variables[has] = Variable(has, name, kind, presence=True)
            declared[has] = cel.Type.BOOL
    return _Language(scope, types, variables, cel.NewEnv(variables=declared))


def _elsewhere(scope: Scope) -> dict[str, str]:
    """Names that other scopes know -> why not here."""
    names: dict[str, str] = {}
    if scope is not Scope.CLOCK:
        why = "is known only to a clock's conditions, like `stop` and `pause`"
        names |= dict.fromkeys(EVENT_MEMBERS, why)
    if scope is not Scope.STEP:
        names |= dict.fromkeys(SCORE, "is known only in a step's `if`")
    return names


class _Check:
    """One condition on its way through the compiler."""

    def __init__(
        self, language: _Language, literals: Literals, findings: Findings, node: Scalar
    ) -> None:
        self._language = language
        self._findings = findings
        self._node = node
        self._text = node.text.rstrip()
        self._positions: Mapping[int, int] = {}
        self._names = NameCheck(
            language.types, _elsewhere(language.scope), literals.problem, self._complain
        )
        self._failed = False

    @property
    def usage(self) -> Usage:
        return self._names.usage

    def run(self) -> Condition | None:
        if not self._text:
            self._refuse("a condition is empty - leave the key out instead")
            return None
        env = self._language.env
        try:
            parsed = read_parsed(env.compile(self._text, disable_check=True).serialize())
            self._positions = parsed.positions
            self._names.visit(parsed.root)
            if self._failed:
                return None
            source = _replace_presence(self._text, parsed.positions, self.usage.presence)
            expression = env.compile(source)
        except RuntimeError as error:
            self._report(str(error))
            return None
        if expression.return_type() != cel.Type.BOOL:
            kind = expression.return_type().name().lower()
            self._refuse(f"a condition is true or false, but `{self._text}` is a {kind}")
            return None
        return self._split(source, read_checked(expression.serialize()))

    def _split(self, source: str, tree: Tree) -> Condition | None:
        self._positions = tree.positions
        self._constants(tree)
        if self._failed:
            return None
        language = self._language
        splitter = Splitter(language.env, tree, Source.of(source), language.variables)
        branch = splitter.branch(tree.root)
        atoms, joint = split(branch)
        where = str(self._node.place)
        text = self._text.strip()
        return Condition(
            text, where, branch.attributes, atoms, joint, branch.holds, branch.first_false
        )

    def _constants(self, tree: Tree) -> None:
        """A time or pattern that cannot be read would make its part false for ever."""
        for expr in tree.root.walk():
            if expr.kind is not Kind.CALL:
                continue
            arguments = [child.value for child in expr.children if child.kind is Kind.CONSTANT]
            if expr.name in ("timestamp", "duration") and len(arguments) == len(expr.children):
                self._try(expr, self._language.env.deserialize(tree.part(expr)))
            elif expr.name == "matches" and expr.children[-1].kind is Kind.CONSTANT:
                self._try(expr, self._language.env.compile(_matches(expr.children[-1].value)))

    def _try(self, expr: Expr, expression: cel.Expression) -> None:
        value = expression.eval()
        if value.type() == cel.Type.ERROR:
            message = str(value.value()).split(": ", 1)[-1]
            self._complain(expr.id, "CONDITION", f"{expr.name}() can never work: {message}")

    def _complain(self, expr_id: int, code: str, message: str) -> None:
        self._failed = True
        line = self._text.count("\n", 0, self._positions.get(expr_id, 0))
        content = self._node.content
        self._findings.add(Place(content.file, content.line + line), code, message)

    def _report(self, errors: str) -> None:
        """The compiler's own messages: each with line and column inside the condition."""
        content = self._node.content
        found = _ERROR.findall(errors)
        for line, column, message in found:
            hint = next((hint for pattern, hint in _HINTS if re.search(pattern, message)), "")
            place = Place(content.file, content.line + int(line) - 1)
            where = f"column {column} of `{self._text}`"
            self._findings.add(place, "CONDITION", f"{where}: {message.strip()}{hint}")
        if not found:
            self._refuse(" ".join(errors.split()))

    def _refuse(self, message: str) -> None:
        self._failed = True
        self._findings.add(self._node.content, "CONDITION", message)


def _presence_name(attribute: str) -> str:
    """The variable that stands for `has(custom.X)`: exactly as long as the call itself."""
    return "_has_" + attribute.replace(".", "_")


def _replace_presence(text: str, positions: Mapping[int, int], presence: Mapping[int, str]) -> str:
    """`has(custom.X)` as a variable of the same length, so that columns stay right.

    The compiler resolves `custom.X` inside has() to the variable of that dotted name and drops
    the test, therefore the test is a variable of its own.
    """
    for expr_id, attribute in presence.items():
        before = re.search(r"has\s*$", text[: positions[expr_id]])
        call = _PRESENCE.match(text, before.start()) if before else None
        if call is not None:
            name = _presence_name(attribute)
            lines = call[0].count("\n")
            filler = " " * (len(call[0]) - len(name) - lines) + "\n" * lines
            text = text[: call.start()] + name + filler + text[call.end() :]
    return text


def _matches(pattern: Constant) -> str:
    return f'"".matches({json.dumps(pattern, ensure_ascii=False)})'
