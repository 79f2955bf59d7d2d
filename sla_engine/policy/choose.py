"""What one incident gets at one instant: its policies, and each clock's target and calendar.

The plain form of what the rule tables hold; explanations are made with it.
"""

from __future__ import annotations

from collections.abc import Mapping

from sla_engine.policy.instants import InstantError, parse_instant
from sla_engine.policy.model import (
    CalendarChoice,
    ClockPolicy,
    Condition,
    DueAtAttribute,
    DueAtRelative,
    FixedTarget,
    Length,
    Policy,
    PolicySet,
    StatusClass,
    TargetBy,
    TargetCases,
    Value,
)


def in_force(begin: int | None, end: int | None, at_ms: int) -> bool:
    """`valid`: from <= t < to (policy-language, "Policy")."""
    return (begin is None or begin <= at_ms) and (end is None or at_ms < end)


def values_of(policies: PolicySet, data: Mapping[str, object], at_ms: int) -> dict[str, Value]:
    """The attributes that conditions see, from an event's `data` (contracts section 1).

    Priority synonyms become labels, the status gets its class, `custom` is laid flat, and the
    customer directory and the declared defaults fill what is missing.
    """
    values: dict[str, Value] = {}
    for name, value in data.items():
        if name == "custom" and isinstance(value, Mapping):
            for member, its in value.items():
                spec = policies.attributes.get(f"custom.{member}")
                if spec is not None:
                    values[spec.name] = _typed(spec.type, its)
        elif name in ("due", "opened_at"):
            values[name] = _typed("time", value)
        elif name in ("reopens", "handoffs", "score"):
            values[name] = value if isinstance(value, int) else None
        elif isinstance(value, list | tuple):
            values[name] = tuple(map(str, value))
        elif value is not None:
            values[name] = str(value)
    customer = policies.customers.get(str(values.get("customer") or ""))
    if customer is not None and in_force(customer.valid_from, customer.valid_to, at_ms):
        values = {**customer.attributes, **values}
    for spec in policies.attributes.values():
        if spec.default:
            values.setdefault(spec.name, spec.default)
    if "priority" in values:
        priority = str(values["priority"])
        values["priority"] = policies.priority_synonyms.get(priority, priority)
    label = str(values.get("status") or "")
    values["status_class"] = policies.statuses.get(label, StatusClass.OPEN).name.lower()
    return values


def target_of(clock: ClockPolicy, values: Mapping[str, Value]) -> Length | str:
    """The length that a clock promises; None: no clock; a text: the due is not a length."""
    match clock.target:
        case FixedTarget():
            return clock.target.length
        case TargetBy():
            value = str(values.get(clock.target.attribute) or "")
            return clock.target.lengths.get(value, clock.target.default)
        case TargetCases():
            for case in clock.target.cases:
                if case.when is None or case.when.holds(values):
                    return case.length
            return None
        case DueAtAttribute():
            given = values.get(clock.target.attribute)
            return None if given is None else clock.target.attribute
        case DueAtRelative():
            return due_phrase(clock.target)


def due_phrase(target: DueAtRelative) -> str:
    """A relative due as the policy language writes it."""
    if target.relative.name == "NEXT_BUSINESS_DAY_AT":
        return f"next business day {target.minute // 60:02d}:{target.minute % 60:02d}"
    return target.relative.name.lower().replace("_", " ")


def calendar_of(choice: CalendarChoice, values: Mapping[str, Value], policies: PolicySet) -> str:
    """The name of the calendar that a clock runs on."""
    if choice.name is not None:
        return choice.name
    if choice.by_priority is not None:
        return choice.by_priority.get(str(values.get("priority") or ""), choice.default)
    own = str(values.get("calendar") or "")
    return own if own in policies.calendars else choice.default


def holds(condition: Condition | None, values: Mapping[str, Value]) -> bool:
    """Whether a condition is true; no condition always is."""
    return condition is None or condition.holds(values)


def applicable(policy: Policy, values: Mapping[str, Value], at_ms: int) -> bool:
    """Whether a policy is valid then and its `when` holds."""
    return in_force(policy.valid_from, policy.valid_to, at_ms) and holds(policy.when, values)


def _typed(kind: str, value: object) -> Value:
    """A value of a declared type; what does not fit is absent."""
    match kind:
        case "number":
            fits = isinstance(value, int | float) and not isinstance(value, bool)
            return value if fits and isinstance(value, int | float) else None
        case "boolean":
            return value if isinstance(value, bool) else None
        case "time":
            try:
                return parse_instant(value) if isinstance(value, str) else None
            except InstantError:
                return None
        case _:
            return None if value is None else str(value)
