"""Whether one condition always implies another, decided over all values that make a difference.

Sound, not complete: "yes" is always right, "no" may mean that it cannot be decided here. An
attribute that is only compared with literals needs one value per literal and one that none of
them is; attributes are taken as independent of each other and of the event, which only makes
"yes" rarer. A status and its class move together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, product
from math import prod
from typing import Final

from sla_engine.policy.cel import Conditions
from sla_engine.policy.cel_tree import Constant
from sla_engine.policy.model import Condition, Value

#: More combinations than this are not tried.
_TRIED_MAX: Final = 2048
_TAGS_MAX: Final = 5
#: A text that nobody writes: it stands for all values that no condition mentions.
_OTHER: Final = "\N{REPLACEMENT CHARACTER}"

_Choices = list[Mapping[str, Value]]


@dataclass(frozen=True)
class Decider:
    """Answers about conditions that `conditions` compiled."""

    conditions: Conditions

    def implies(self, premise: Condition | None, any_of: Sequence[Condition | None]) -> bool:
        """Whether one of `any_of` holds wherever the premise does (None: everywhere)."""
        if any(condition is None for condition in any_of):
            return True
        others = [condition for condition in any_of if condition is not None]
        given = [] if premise is None else [premise]
        choices = self._choices([*given, *others])
        if choices is None:
            return False
        return all(
            any(condition.holds(values) for condition in others)
            for values in _combined(choices)
            if premise is None or premise.holds(values)
        )

    def never(self, condition: Condition) -> bool:
        """Whether a condition holds nowhere."""
        return self.implies(condition, ())

    def _choices(self, conditions: Sequence[Condition]) -> list[_Choices] | None:
        """For each attribute all values that make a difference, or None: too many, or opaque."""
        usages = [self.conditions.usage[condition.text] for condition in conditions]
        names = sorted(frozenset[str]().union(*(c.attributes for c in conditions)))
        found: list[_Choices] = []
        for name in names:
            if any(name in usage.opaque for usage in usages):
                return None
            if name == "status_class" and "status" in names:
                continue
            literals = {lit for usage in usages for lit in usage.literals.get(name, ())}
            choices = self._values(name, literals)
            if choices is None:
                return None
            found.append(choices)
        return found if prod(map(len, found)) <= _TRIED_MAX else None

    def _values(self, name: str, literals: set[Constant]) -> _Choices | None:
        if name in ("status", "status_class"):
            return self._statuses()
        kind = self.conditions.type_of(name) or _event_type(name)
        absent: list[Value] = [None]
        match kind:
            case "text":
                texts = sorted(str(literal) for literal in literals)
                values = [*absent, "", *texts, _OTHER]
            case "list":
                if len(literals) > _TAGS_MAX:
                    return None
                values = [*absent, *_subsets(sorted(str(literal) for literal in literals))]
            case "boolean":
                values = [*absent, False, True]
            case "integer" | "number":
                values = [*absent, 0, *_around(literals)]
            case _:
                values = [*absent, 0]
        return [{name: value} for value in values]

    def _statuses(self) -> _Choices:
        known = self.conditions.literals.statuses
        rows: _Choices = [
            {"status": label, "status_class": its.name.lower()} for label, its in known.items()
        ]
        return [*rows, *({"status": label, "status_class": "open"} for label in (None, _OTHER))]


def _event_type(name: str) -> str:
    return "boolean" if name == "event.public" else "text" if name.startswith("event.") else ""


def _subsets(tags: list[str]) -> Iterator[tuple[str, ...]]:
    for size in range(len(tags) + 1):
        yield from combinations(tags, size)


def _around(literals: set[Constant]) -> Iterator[int | float]:
    """The numbers themselves, and one on every side of each."""
    numbers = sorted(n for n in literals if isinstance(n, int | float))
    for number in numbers:
        yield from (number - 1, number, number + 1)
    yield from ((low + high) / 2 for low, high in pairwise(numbers))


def _combined(choices: list[_Choices]) -> Iterator[dict[str, Value]]:
    for combination in product(*choices):
        values: dict[str, Value] = {}
        for part in combination:
            values.update(part)
        yield values
