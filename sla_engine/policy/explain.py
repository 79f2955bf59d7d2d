"""Which policies an event would get, with which targets, and why the others did not match."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from sla_engine.policy.choose import calendar_of, holds, in_force, target_of, values_of
from sla_engine.policy.durations import format_length
from sla_engine.policy.model import ClockPolicy, Condition, Policy, PolicySet, Value


class Verdict(Enum):
    """Why a policy counts or does not."""

    MATCHED = "matches"
    NOT_VALID = "is not valid at that instant"
    FALSE = "does not match"
    NOT_REACHED = "is not reached: an earlier policy of the set matches"


@dataclass(frozen=True)
class Answer:
    """One part of a condition: the attribute's value and whether the part holds."""

    text: str
    attribute: str
    value: Value
    holds: bool

    def __str__(self) -> str:
        value = "absent" if self.value in (None, "", ()) else f"`{_show(self.value)}`"
        return f"{self.text} is {str(self.holds).lower()} ({self.attribute} is {value})"


@dataclass(frozen=True)
class Promise:
    """One clock that an incident gets. `target` is a length, a due, or `none` for no clock."""

    clock: str
    kind: str
    target: str
    calendar: str
    where: str


@dataclass(frozen=True)
class Considered:
    """One policy: its verdict, what its condition's parts said, and the clocks it brings."""

    policy: str
    where: str
    verdict: Verdict
    answers: tuple[Answer, ...] = ()
    promises: tuple[Promise, ...] = ()


@dataclass(frozen=True)
class SetExplanation:
    """A set's policies in order of precedence."""

    set: str
    considered: tuple[Considered, ...]

    @property
    def matched(self) -> tuple[Considered, ...]:
        """The policies that apply: one at most, unless the set matches all."""
        return tuple(one for one in self.considered if one.verdict is Verdict.MATCHED)


def explain(
    policies: PolicySet, data: Mapping[str, object], at_ms: int
) -> tuple[SetExplanation, ...]:
    """Every set's answer for an incident with these attributes (an event's `data`) at `at_ms`."""
    values = values_of(policies, data, at_ms)
    explained = []
    for spec in policies.sets.values():
        members = [policy for policy in policies.policies if policy.set == spec.name]
        settled = False
        considered = []
        for policy in members:
            if settled:
                considered.append(Considered(policy.name, policy.where, Verdict.NOT_REACHED))
                continue
            one = _consider(policy, policies, values, at_ms)
            considered.append(one)
            settled = one.verdict is Verdict.MATCHED and not spec.match_all
        if members:
            explained.append(SetExplanation(spec.name, tuple(considered)))
    return tuple(explained)


def explain_text(explanations: tuple[SetExplanation, ...]) -> str:
    """The explanation for a terminal, one line per policy, reason and clock."""
    return "\n".join(line for one in explanations for line in _lines(one))


def _consider(
    policy: Policy, policies: PolicySet, values: Mapping[str, Value], at_ms: int
) -> Considered:
    if not in_force(policy.valid_from, policy.valid_to, at_ms):
        return Considered(policy.name, policy.where, Verdict.NOT_VALID)
    answers = () if policy.when is None else tuple(_answers(policy.when, values))
    if not holds(policy.when, values):
        return Considered(policy.name, policy.where, Verdict.FALSE, _to_blame(answers))
    promises = tuple(_promise(clock, policies, values) for clock in policy.clocks)
    return Considered(policy.name, policy.where, Verdict.MATCHED, answers, promises)


def _answers(condition: Condition, values: Mapping[str, Value]) -> Iterator[Answer]:
    for atom in condition.atoms:
        value = values.get(atom.attribute)
        yield Answer(atom.text, atom.attribute, value, atom.holds(value))
    if condition.joint:
        names = " and ".join(sorted(condition.joint))
        known = ", ".join(_show(values.get(name)) for name in sorted(condition.joint))
        yield Answer(condition.text, names, known, condition.holds(values))


def _to_blame(answers: tuple[Answer, ...]) -> tuple[Answer, ...]:
    """The parts that are false; all of them when a negation makes true parts the reason."""
    return tuple(answer for answer in answers if not answer.holds) or answers


def _promise(clock: ClockPolicy, policies: PolicySet, values: Mapping[str, Value]) -> Promise:
    target = target_of(clock, values)
    text = target if isinstance(target, str) else format_length(target)
    calendar = calendar_of(clock.calendar, values, policies)
    return Promise(clock.name, clock.kind, text, calendar, clock.where)


def _lines(explanation: SetExplanation) -> Iterator[str]:
    yield f"set {explanation.set}"
    for one in explanation.considered:
        yield f"  {one.policy} {one.verdict.value} ({one.where})"
        for answer in one.answers:
            yield f"    {answer}"
        for promise in one.promises:
            yield f"    {promise.clock}: {promise.target} on {promise.calendar}"
    if not explanation.matched:
        yield "  no policy matches: no clock"


def _show(value: Value) -> str:
    if isinstance(value, tuple):
        return ", ".join(value)
    return "" if value is None else str(value)
