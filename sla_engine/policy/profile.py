"""Profiles: what conditions can see of an incident, reduced to a small number.

An attribute enters as its class, the vector of answers that the rules' atoms give for its
value, never as its raw value; only where rules compare whole values (targets by a label,
calendars, the directory, parts of a condition over several attributes) is each value a class
of its own. A profile is one class per slot; class 0 is "absent" (design section 4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sla_engine.policy.attribute_names import AUTHOR_ID, HANDS
from sla_engine.policy.model import (
    CalendarChoice,
    Condition,
    DueAtAttribute,
    PolicySet,
    StatusClass,
    Step,
    Target,
    TargetBy,
    TargetCases,
    Value,
)
from sla_engine.policy.stand_in import PEOPLE, literals_of, stand_in

#: Slots that every profile has: what clocks and scores read in any case.
ALWAYS = ("priority", "status")

#: The slot that counts the begins and ends of policies' `valid` that had passed at the matching.
ERA = "(era)"
#: The slot for the customer's directory entry in force, as JSON.
ENTRY = "(entry)"
#: The slot for the edition of the policies in force: the instant of its begin.
EDITION = "(edition)"
#: The slot for the columns that stay with an earlier edition, as JSON.
PINS = "(pins)"
#: Actions that tell somebody, and recipients that are the incident's own.
TELLING = ("notify", "page")
RESERVED = ("team", "assignee", "customer", "requester", "vendor")

_NO_ATTRIBUTES = frozenset({ERA, ENTRY, EDITION, PINS, AUTHOR_ID})


@dataclass
class Slot:
    """One attribute as profiles see it: value -> class, and one value that stands for each."""

    name: str
    whole: bool = False  # every value is a class of its own
    labels: set[str] = field(default_factory=set)  # values that are classes of their own
    personal: bool = False  # classes are stood for by values that name nobody (policy.stand_in)
    literals: list[str] = field(default_factory=list)  # what conditions compare it with
    named: set[int] = field(default_factory=set)  # personal: classes that are a value of somebody
    tests: list[Callable[[Value], bool]] = field(default_factory=list)
    classes: dict[tuple[object, ...], int] = field(default_factory=dict)
    values: list[Value] = field(default_factory=lambda: [None])


class Slots:
    """The slots that a policy set's rules need, found by reading the rules."""

    def __init__(self, first: PolicySet, later: Sequence[PolicySet] = ()) -> None:
        self._sets = (first, *later)
        self._synonyms = first.priority_synonyms
        if any(each.priority_synonyms != self._synonyms for each in later):
            self._synonyms = {}  # what a text stands for depends on the edition
        self.slots: dict[str, Slot] = {}
        self.times: list[str] = ["due", "opened_at"]
        for name in (*ALWAYS, ENTRY):
            self._slot(name).whole = True
        for policies in self._sets:
            self._read_set(policies)
        self.mentioned = frozenset(name for each in self._sets for name in mentioned_by(each))
        if eras_of(*self._sets):
            self._slot(ERA).whole = True
            for name in self.mentioned - {"status_class", *HANDS, *self.times}:
                self._slot(name).whole = True
        if later:
            self._slot(EDITION).whole = True
            self._slot(PINS).whole = True
        self.names = list(self.slots)
        self.index = {name: n for n, name in enumerate(self.names)}

    def _read_set(self, policies: PolicySet) -> None:
        for condition in conditions_of(policies):
            self._read(condition)
        for policy in policies.policies:
            for clock in policy.clocks:
                self._read_target(clock.target, policies)
                self._read_calendar(clock.calendar, policies)
                if clock.starts_at:
                    self._time(clock.starts_at)
            for step in policy.steps:
                self._read_step(step, policies)
        if "tier" in policies.attributes:
            self._slot("tier").labels.update(policies.attributes["tier"].values)
        for name, slot in self.slots.items():
            spec = policies.attributes.get(name)
            personal = name in PEOPLE or (spec is not None and spec.personal)
            slot.personal = slot.personal or personal

    def _slot(self, name: str) -> Slot:
        return self.slots.setdefault(name, Slot(name))

    def _read(self, condition: Condition) -> None:
        for atom in condition.atoms:
            name = self._attribute(atom.attribute)
            if name is not None:
                self._slot(name).tests.append(atom.holds)
                self._slot(name).literals += literals_of(atom.text)
        for joint in condition.joint:
            name = self._attribute(joint)
            if name is not None:
                self._slot(name).whole = True

    def _attribute(self, name: str) -> str | None:
        if name == "status_class":
            return "status"
        if name.startswith("event.") and name != AUTHOR_ID:
            return None
        return None if name == "score" else name

    def _read_target(self, target: object, policies: PolicySet) -> None:
        if isinstance(target, TargetBy):
            name = self._attribute(target.attribute)
            if name is not None:
                spec = policies.attributes.get(name)
                self._slot(name).labels.update(target.lengths)
                if spec is not None and spec.type != "text":
                    self._slot(name).whole = True
        elif isinstance(target, TargetCases):
            for case in target.cases:
                if case.when is not None:
                    self._read(case.when)
        elif isinstance(target, DueAtAttribute):
            self._time(target.attribute)

    def _read_calendar(self, choice: CalendarChoice, policies: PolicySet) -> None:
        if choice.from_attribute:
            self._slot("calendar").whole = True
        names = [choice.name, choice.default, *(choice.by_priority or {}).values()]
        if choice.from_attribute:
            names += list(policies.calendars)
        for name in names:
            spec = policies.calendars.get(name or "")
            if spec is not None and spec.time_zone is None:
                self._slot("time_zone").whole = True

    def _read_step(self, step: Step, policies: PolicySet) -> None:
        """Whom a step reaches depends on whether the incident's own people exist."""
        if step.during:
            spec = policies.calendars.get(step.during)
            if spec is not None and spec.time_zone is None:
                self._slot("time_zone").whole = True
        told = {name for action in step.actions if action.do in TELLING for name in action.to}
        if told <= set(RESERVED):
            for name in sorted(told):
                self._slot(name).tests.append(_is_there)

    def _time(self, name: str) -> None:
        if name not in self.times:
            self.times.append(name)

    def class_of(self, slot: int, value: Value) -> tuple[int, bool]:
        """(class of a value, whether it is new). Absent and empty are class 0."""
        if value is None or value == "" or value == ():
            return 0, False
        entry = self.slots[self.names[slot]]
        value = self.canonical(entry.name, value)
        answers = tuple(bool(test(value)) for test in entry.tests)
        own = value if entry.whole or value in entry.labels else None
        found = entry.classes.get((own, *answers))
        if found is None and own is None and entry.personal:
            nobody = stand_in(value, entry.tests, answers, entry.literals)
            own, value = (value, value) if nobody is None else (None, nobody)
            found = entry.classes.get((own, *answers))
        if found is not None:
            return found, False
        found = len(entry.values)
        entry.classes[own, *answers] = found
        entry.values.append(value)
        if entry.personal and own is not None and own not in entry.labels:
            entry.named.add(found)
        return found, True

    def names_somebody(self, classes: tuple[int, ...]) -> bool:
        """Whether one of these classes is what an attribute says about a person."""
        return any(
            found in self.slots[name].named for name, found in zip(self.names, classes, strict=True)
        )

    def canonical(self, name: str, value: Value) -> Value:
        """The label a priority's synonym stands for; anything else as it is."""
        if name == "priority" and isinstance(value, str):
            return self._synonyms.get(value, value)
        return value


def conditions_of(policies: PolicySet) -> Iterable[Condition]:
    """Every condition of the set, in no particular order."""
    for policy in policies.policies:
        if policy.when is not None:
            yield policy.when
        for step in policy.steps:
            if step.condition is not None:
                yield step.condition
        for clock in policy.clocks:
            for condition in (
                clock.pause, clock.resume, clock.start, clock.stop, clock.cancel, clock.reset
            ):  # fmt: skip
                if condition is not None:
                    yield condition
    for window in policies.maintenance:
        if window.when is not None:
            yield window.when


def mentioned_by(policies: PolicySet) -> frozenset[str]:
    """Attributes that rules mention: a change of one repeats the matching."""
    found = {"status_class"}
    for condition in conditions_of(policies):
        found |= condition.attributes
    for policy in policies.policies:
        for clock in policy.clocks:
            found |= _mentioned_in(clock.target)
            found.add("assignee" if clock.per == "assignee" else "team")
            if clock.starts_at:
                found.add(clock.starts_at)
            if clock.calendar.from_attribute:
                found.add("calendar")
            if clock.calendar.by_priority is not None:
                found.add("priority")
    if any(spec.time_zone is None for spec in policies.calendars.values()):
        found.add("time_zone")
    return frozenset(name for name in found if not name.startswith("event.") and name != "score")


def _mentioned_in(target: Target) -> set[str]:
    match target:
        case TargetBy():
            return {target.attribute}
        case TargetCases():
            whens = [case.when for case in target.cases if case.when is not None]
            return {name for when in whens for name in when.attributes}
        case DueAtAttribute():
            return {target.attribute}
    return set()


def _is_there(value: Value) -> bool:
    return value is not None


def eras_of(*sets: PolicySet) -> list[int]:
    """The instants at which a policy begins or ceases to be valid."""
    policies = [policy for each in sets for policy in each.policies]
    ends = {end for policy in policies for end in (policy.valid_from, policy.valid_to)}
    return sorted(end for end in ends if end is not None)


def attributes_of(
    slots: Slots, classes: tuple[int, ...], policies: PolicySet, entry: Mapping[str, str]
) -> dict[str, Value]:
    """The attribute values that a profile stands for: own, else directory, else default."""
    values: dict[str, Value] = {}
    for name, found in zip(slots.names, classes, strict=True):
        if found and name not in _NO_ATTRIBUTES:
            values[name] = slots.slots[name].values[found]
    fill(values, policies, entry)
    values["status_class"] = status_class(policies, values.get("status")).name.lower()
    return values


def fill(values: dict[str, Value], policies: PolicySet, entry: Mapping[str, str]) -> None:
    """Add what the customer's directory entry and the declared defaults say, where nothing is.

    A priority's synonym becomes its label, wherever it comes from.
    """
    for name, value in entry.items():
        values.setdefault(name, value)
    for name, spec in policies.attributes.items():
        if spec.default:
            values.setdefault(name, spec.default)
    priority = values.get("priority")
    if isinstance(priority, str):
        values["priority"] = policies.priority_synonyms.get(priority, priority)


def status_class(policies: PolicySet, status: Value) -> StatusClass:
    """The class of a status label; unknown labels and no status are open."""
    return policies.statuses.get(str(status or ""), StatusClass.OPEN)


def is_valid(start: int | None, end: int | None, instant: int) -> bool:
    """`valid: {from, to}`: from <= t < to."""
    return (start is None or start <= instant) and (end is None or instant < end)


def sorted_values(values: Mapping[str, Value]) -> list[tuple[str, Value]]:
    """In name order, for hashing and for the store."""
    return sorted(values.items())
