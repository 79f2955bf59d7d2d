"""Profiles: what conditions can see of an incident, reduced to a small number.

An attribute enters as its class, the vector of answers that the rules' atoms give for its
value, never as its raw value; only where rules compare whole values (targets by a label,
calendars, the directory, parts of a condition over several attributes) is each value a class
of its own. A profile is one class per slot; class 0 is "absent" (design section 4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from sla_engine.policy.model import (
    CalendarChoice,
    Condition,
    DueAtAttribute,
    PolicySet,
    StatusClass,
    TargetBy,
    TargetCases,
    Value,
)

#: Slots that every profile has: what clocks and scores read in any case.
ALWAYS = ("priority", "status")

#: The slot that counts which policies and directory entries are valid by date.
ERA = "(era)"

AUTHOR_ID = "event.author_id"


@dataclass
class Slot:
    """One attribute as profiles see it: value -> class, and one value that stands for each."""

    name: str
    whole: bool = False  # every value is a class of its own
    labels: set[str] = field(default_factory=set)  # values that are classes of their own
    tests: list[Callable[[Value], bool]] = field(default_factory=list)
    classes: dict[tuple[object, ...], int] = field(default_factory=dict)
    values: list[Value] = field(default_factory=lambda: [None])


class Slots:
    """The slots that a policy set's rules need, found by reading the rules."""

    def __init__(self, policies: PolicySet) -> None:
        self._policies = policies
        self.slots: dict[str, Slot] = {}
        self.times: list[str] = ["due", "opened_at"]
        for name in ALWAYS:
            self._slot(name).whole = True
        for condition in conditions_of(policies):
            self._read(condition)
        for policy in policies.policies:
            for clock in policy.clocks:
                self._read_target(clock.target)
                self._read_calendar(clock.calendar)
                if clock.starts_at:
                    self._time(clock.starts_at)
        if "tier" in policies.attributes:
            self._slot("tier").labels.update(policies.attributes["tier"].values)
        if policies.customers:
            self._slot("customer").labels.update(policies.customers)
            for customer in policies.customers.values():
                for name in customer.attributes:
                    if name in self.slots:
                        self.slots[name].labels.add(customer.attributes[name])
        if eras_of(policies):
            self._slot(ERA).whole = True
        self.names = list(self.slots)
        self.index = {name: n for n, name in enumerate(self.names)}

    def _slot(self, name: str) -> Slot:
        return self.slots.setdefault(name, Slot(name))

    def _read(self, condition: Condition) -> None:
        for atom in condition.atoms:
            name = self._attribute(atom.attribute)
            if name is not None:
                self._slot(name).tests.append(atom.holds)
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

    def _read_target(self, target: object) -> None:
        if isinstance(target, TargetBy):
            name = self._attribute(target.attribute)
            if name is not None:
                self._slot(name).labels.update(target.lengths)
        elif isinstance(target, TargetCases):
            for case in target.cases:
                if case.when is not None:
                    self._read(case.when)
        elif isinstance(target, DueAtAttribute):
            self._time(target.attribute)

    def _read_calendar(self, choice: CalendarChoice) -> None:
        if choice.from_attribute:
            self._slot("calendar").whole = True
        names = [choice.name, choice.default, *(choice.by_priority or {}).values()]
        if choice.from_attribute:
            names += list(self._policies.calendars)
        for name in names:
            spec = self._policies.calendars.get(name or "")
            if spec is not None and spec.time_zone is None:
                self._slot("time_zone").whole = True

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
        signature = (own, *answers)
        found = entry.classes.get(signature)
        if found is not None:
            return found, False
        found = len(entry.values)
        entry.classes[signature] = found
        entry.values.append(value)
        return found, True

    def canonical(self, name: str, value: Value) -> Value:
        """The label a priority's synonym stands for; anything else as it is."""
        if name == "priority" and isinstance(value, str):
            return self._policies.priority_synonyms.get(value, value)
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


def eras_of(policies: PolicySet) -> list[int]:
    """The instants at which a policy or a directory entry begins or ceases to be valid."""
    found: set[int] = set()
    for policy in policies.policies:
        found.update(at for at in (policy.valid_from, policy.valid_to) if at is not None)
    for customer in policies.customers.values():
        found.update(at for at in (customer.valid_from, customer.valid_to) if at is not None)
    return sorted(found)


def attributes_of(
    slots: Slots, classes: tuple[int, ...], policies: PolicySet, instant: int
) -> dict[str, Value]:
    """The attribute values that a profile stands for: own, else directory, else default."""
    values: dict[str, Value] = {}
    for name, found in zip(slots.names, classes, strict=True):
        if found and name not in (ERA, AUTHOR_ID):
            values[name] = slots.slots[name].values[found]
    fill(values, policies, instant)
    status = values.get("status")
    values["status_class"] = status_class(policies, status).name.lower()
    return values


def fill(values: dict[str, Value], policies: PolicySet, instant: int) -> None:
    """Add what the customer directory and the declared defaults say, where nothing was set."""
    customer = policies.customers.get(str(values.get("customer", "")))
    if customer is not None and is_valid(customer.valid_from, customer.valid_to, instant):
        for name, value in customer.attributes.items():
            values.setdefault(name, value)
    for name, spec in policies.attributes.items():
        if spec.default:
            values.setdefault(name, spec.default)


def status_class(policies: PolicySet, status: Value) -> StatusClass:
    """The class of a status label; unknown labels and no status are open."""
    return policies.statuses.get(str(status or ""), StatusClass.OPEN)


def is_valid(start: int | None, end: int | None, instant: int) -> bool:
    """`valid: {from, to}`: from <= t < to."""
    return (start is None or start <= instant) and (end is None or instant < end)


def sorted_values(values: Mapping[str, Value]) -> list[tuple[str, Value]]:
    """In name order, for hashing and for the store."""
    return sorted(values.items())
