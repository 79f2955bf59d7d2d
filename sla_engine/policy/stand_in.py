"""Values that stand for those of people in profiles: rules answer the same, nobody is named.

A profile keeps one value for each class of values, the first that came, and profiles are stored
for all incidents together. For an attribute about a person that value is made of what the rules
themselves say: any text for which all of their conditions answer as for the real one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from sla_engine.limits import TEXT_BYTES_MAX
from sla_engine.policy.model import Value

#: Attributes about people whether or not they are declared `personal`.
PEOPLE: Final = ("requester", "assignee", "event.author_id")

_SOMEBODY: Final = "somebody"
_PAIRED_MAX: Final = 8
_LITERAL: Final = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|\b(\d+)\b""")


def literals_of(condition: str) -> list[str]:
    """The texts and whole numbers written in a condition, each once."""
    found = ("".join(groups) for groups in _LITERAL.findall(condition))
    return list(dict.fromkeys(text for text in found if text))


def stand_in(
    value: Value,
    tests: Sequence[Callable[[Value], bool]],
    answers: tuple[bool, ...],
    literals: Sequence[str],
) -> Value:
    """A value that names nobody and has these answers; None when none was found."""
    if isinstance(value, bool):
        return value
    if not isinstance(value, str):
        return None
    for candidate in dict.fromkeys(_candidates(literals)):
        if all(
            bool(test(candidate)) == answer for test, answer in zip(tests, answers, strict=True)
        ):
            return candidate
    return None


def _candidates(literals: Sequence[str]) -> Iterator[str]:
    yield _SOMEBODY
    for text in literals:
        yield text
        yield _SOMEBODY + text
        yield text + _SOMEBODY
        yield _SOMEBODY + text + _SOMEBODY
        if text.isdecimal() and int(text) < TEXT_BYTES_MAX:
            yield from ("x" * length for length in range(max(1, int(text) - 1), int(text) + 2))
    if len(literals) <= _PAIRED_MAX:
        for first in literals:
            for last in literals:
                yield first + last
                yield first + _SOMEBODY + last
