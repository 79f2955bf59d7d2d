"""Random conditions that know their own answer, so that it need not be asked of CEL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from hypothesis import strategies as st

from sla_engine.policy.cel import Conditions, Scope
from sla_engine.policy.findings import Findings
from sla_engine.policy.literals import Literals
from sla_engine.policy.model import AttributeSpec, Condition, Value
from sla_engine.policy.nodes import Place, Scalar
from sla_engine.policy.vocabulary import STATUS_CLASSES

Values = Mapping[str, Value]

PLACE: Final = Place("policies.yaml", 7)
LITERALS: Final = Literals(
    {"urgent": "urgent", "P1": "urgent", "low": "low"},
    {**STATUS_CLASSES, "pending": STATUS_CLASSES["on_hold"]},
    {
        "tier": AttributeSpec("tier", "text", ("gold", "standard"), "standard"),
        "custom.n": AttributeSpec("custom.n", "number"),
        "custom.b": AttributeSpec("custom.b", "boolean"),
        "custom.t": AttributeSpec("custom.t", "time"),
        "custom.s": AttributeSpec("custom.s", "text"),
    },
)
WORDS: Final = ("", "a", "b", 'q"\\', "é", "has(custom.n)")
INSTANT: Final = 1_767_225_600_000  # 2026-01-01T00:00:00Z


def compiled(text: str, scope: Scope = Scope.WHEN) -> Condition:
    """The condition of a text that must be right."""
    found = Findings()
    condition = Conditions(LITERALS, found).compile(Scalar(text, PLACE), scope)
    assert condition is not None, [str(one) for one in found.sorted()]
    return condition


def problems(text: str, scope: Scope = Scope.WHEN) -> list[str]:
    """What is wrong with a condition: `file:line: CODE message`."""
    found = Findings()
    Conditions(LITERALS, found).compile(Scalar(text, PLACE), scope)
    return [str(one) for one in found.sorted()]


@dataclass(frozen=True)
class Known:
    """A condition's text with the answer it must give."""

    text: str
    answer: Callable[[Values], bool]


def quoted(word: str) -> str:
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def text_of(values: Values, name: str) -> str:
    return str(values.get(name) or "")


def number_of(values: Values, name: str) -> float:
    value = values.get(name)
    return value if isinstance(value, int | float) else 0


def _equal(name: str, word: str) -> Known:
    return Known(f"{name} == {quoted(word)}", lambda v: text_of(v, name) == word)


def _among(name: str, words: list[str]) -> Known:
    listed = ", ".join(map(quoted, words))
    return Known(f"{name} in [{listed}]", lambda v: text_of(v, name) in words)


def _same(one: str, other: str) -> Known:
    return Known(f"{one} == {other}", lambda v: text_of(v, one) == text_of(v, other))


def _tagged(word: str) -> Known:
    return Known(
        f"tags.exists(kind, kind == {quoted(word)})",
        lambda v: word in (v.get("tags") or ()),  # type: ignore[operator]
    )


def _before(shift: int) -> Known:
    def answer(values: Values) -> bool:
        at = values.get("custom.t")
        return isinstance(at, int) and at < INSTANT + shift

    second, millisecond = divmod(shift, 1000)
    literal = f'timestamp("2026-01-01T00:00:{second:02d}.{millisecond:03d}Z")'
    return Known(f"custom.t < {literal}", answer)


def _more(count: int) -> Known:
    return Known(f"reopens > {count}", lambda v: number_of(v, "reopens") > count)


def _divided(count: int) -> Known:
    def answer(values: Values) -> bool:
        reopens = values.get("reopens") or 0
        return isinstance(reopens, int) and reopens != 0 and count // reopens > 1

    return Known(f"{count} / reopens > 1", answer)


_WORD = st.sampled_from(WORDS)
_NAME = st.sampled_from(("kind", "team", "custom.s"))
_PARTS: Final = st.one_of(
    st.builds(_equal, _NAME, _WORD),
    st.builds(_among, _NAME, st.lists(_WORD, max_size=3)),
    st.builds(_same, _NAME, _NAME),
    st.builds(_tagged, _WORD),
    st.builds(_before, st.integers(0, 3000)),
    st.builds(_more, st.integers(0, 3)),
    st.builds(_divided, st.integers(0, 9)),
    st.just(Known("custom.b", lambda v: bool(v.get("custom.b")))),
    st.just(Known("has(custom.n)", lambda v: v.get("custom.n") is not None)),
    st.just(Known("custom.n >= 1.5", lambda v: number_of(v, "custom.n") >= 1.5)),
    st.just(Known("true", lambda v: True)),
)


def _joined(parts: st.SearchStrategy[Known]) -> st.SearchStrategy[Known]:
    def not_(one: Known) -> Known:
        return Known(f"!({one.text})", lambda v: not one.answer(v))

    def and_(one: Known, other: Known) -> Known:
        return Known(f"({one.text}) && ({other.text})", lambda v: one.answer(v) and other.answer(v))

    def or_(one: Known, other: Known) -> Known:
        return Known(f"{one.text} || ({other.text})", lambda v: one.answer(v) or other.answer(v))

    def same(one: Known, other: Known) -> Known:
        return Known(f"({one.text}) == ({other.text})", lambda v: one.answer(v) == other.answer(v))

    def differ(one: Known, other: Known) -> Known:
        return Known(f"({one.text}) != ({other.text})", lambda v: one.answer(v) != other.answer(v))

    def choose(test: Known, then: Known, other: Known) -> Known:
        return Known(
            f"(({test.text}) ? ({then.text}) : ({other.text}))",
            lambda v: then.answer(v) if test.answer(v) else other.answer(v),
        )

    pairs = [st.builds(join, parts, parts) for join in (and_, or_, same, differ)]
    return st.one_of(st.builds(not_, parts), *pairs, st.builds(choose, parts, parts, parts))


#: Conditions of all forms.
KNOWN: Final = st.recursive(_PARTS, _joined, max_leaves=8)

#: What an incident may look like; every attribute may be absent.
VALUES: Final = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.one_of(st.none(), _WORD),
        "team": _WORD,
        "custom.s": st.one_of(st.none(), _WORD),
        "tags": st.one_of(st.none(), st.lists(_WORD, max_size=3).map(tuple)),
        "custom.t": st.one_of(st.none(), st.integers(INSTANT - 10, INSTANT + 3010)),
        "reopens": st.integers(0, 5),
        "custom.b": st.one_of(st.none(), st.booleans()),
        "custom.n": st.one_of(st.none(), st.integers(0, 3), st.floats(0, 3)),
    },
)
