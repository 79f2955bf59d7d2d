"""A policy set in plain words: who is promised what, and when."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from sla_engine.policy.choose import due_phrase
from sla_engine.policy.instants import format_instant
from sla_engine.policy.merge import applies
from sla_engine.policy.model import (
    Action,
    At,
    CalendarChoice,
    ClockPolicy,
    DueAtAttribute,
    DueAtRelative,
    FixedTarget,
    Policy,
    PolicySet,
    Step,
    TargetBy,
    TargetCases,
)
from sla_engine.policy.openness import always_open
from sla_engine.policy.spoken import spoken_duration, spoken_length
from sla_engine.policy.vocabulary import ALWAYS_OPEN

_PARTIES: Final = {
    "us": "what we promise",
    "team": "what a team owes",
    "vendor": "what a vendor owes",
}
_KINDS: Final = {
    "first_response": "a first reply",
    "next_response": "each later question answered",
    "update": "word from us again",
    "resolution": "resolved",
    "acknowledge": "taken by somebody",
    "answer": "picked up",
}


def describe(policies: PolicySet) -> str:
    """The summary that `policy check` prints; one paragraph per policy."""
    return "\n".join(_summary(policies))


def _summary(policies: PolicySet) -> Iterator[str]:
    for spec in policies.sets.values():
        members = [policy for policy in policies.policies if policy.set == spec.name]
        if not members:
            continue
        mode = "all that match apply" if spec.match_all else "the first that matches applies"
        yield f"{spec.name} ({_PARTIES[spec.party]}; {mode}):"
        for position, policy in enumerate(members):
            rest = "every incident" if spec.match_all or position == 0 else "every other incident"
            yield f"  {policy.name}: {_who(policy, rest)}"
            for clock in policy.clocks:
                closes = not always_open(clock.calendar, policies.calendars)
                yield f"    {clock.name}: {describe_clock(clock, closes=closes)}"
            for step in policy.steps:
                closes = any(
                    applies(step, clock.name)
                    and not always_open(clock.calendar, policies.calendars)
                    for clock in policy.clocks
                )
                only = f" ({', '.join(step.clocks)} only)" if step.clocks else ""
                yield f"    {describe_step(step, closes=closes)}{only}"


def _who(policy: Policy, rest: str) -> str:
    who = rest if policy.when is None else f"when {policy.when.text}"
    ends = []
    if policy.valid_from is not None:
        ends.append(f"from {format_instant(policy.valid_from)}")
    if policy.valid_to is not None:
        ends.append(f"before {format_instant(policy.valid_to)}")
    return ", ".join([who, *ends])


def describe_clock(clock: ClockPolicy, *, closes: bool) -> str:
    """One clock as a sentence without its name. `closes`: its calendar is not always open."""
    parts = [f"{_what(clock)} {_when(clock, closes)}, {_hours(clock.calendar)}"]
    if clock.pause is not None:
        parts.append(f"standing still while {clock.pause.text}")
    return "; ".join(parts)


def _what(clock: ClockPolicy) -> str:
    if clock.kind == "ownership":
        return f"passed on or resolved by each {clock.per}"
    if clock.kind in _KINDS:
        return _KINDS[clock.kind]
    start = clock.start.text if clock.start else "its start"
    stop = clock.stop.text if clock.stop else "its end"
    return f"from {start} until {stop},"


def _when(clock: ClockPolicy, closes: bool) -> str:
    said = partial(spoken_length, closes=closes)
    match clock.target:
        case FixedTarget():
            return f"within {said(clock.target.length)}"
        case TargetBy():
            cases = [
                f"{said(length)} for {label}" for label, length in clock.target.lengths.items()
            ]
            if clock.target.has_default:
                cases.append(f"{said(clock.target.default)} otherwise")
            return "within " + ", ".join(cases)
        case TargetCases():
            lengths = []
            for case in clock.target.cases:
                condition = "otherwise" if case.when is None else f"if {case.when.text}"
                lengths.append(f"{said(case.length)} {condition}")
            return "within " + ", ".join(lengths)
        case DueAtAttribute():
            return f"by the incident's {clock.target.attribute}"
        case DueAtRelative():
            return f"by {due_phrase(clock.target)}"


def _hours(choice: CalendarChoice) -> str:
    if choice.name is not None:
        return _calendar(choice.name)
    if choice.from_attribute:
        return f"in the incident's own hours, else {_calendar(choice.default)}"
    cases = [f"{_calendar(name)} for {label}" for label, name in (choice.by_priority or {}).items()]
    return ", ".join([*cases, f"{_calendar(choice.default)} otherwise"])


def _calendar(name: str) -> str:
    return "day and night" if name == ALWAYS_OPEN else f"in the hours of {name}"


def describe_step(step: Step, *, closes: bool) -> str:
    """One escalation step as a sentence. `closes`: a calendar of its clocks is not always open."""
    match step.at:
        case At.PERCENT:
            when = f"at {step.amount}% of the time"
        case At.BEFORE:
            when = f"{spoken_duration(step.amount, closes=closes)} before it is due"
        case At.BREACH:
            when = "when it is broken"
        case At.AFTER:
            when = f"{spoken_duration(step.amount)} after it was due"
        case At.EVERY:
            when = f"then every {spoken_duration(step.amount)}, {step.times} times"
        case At.SCORE:
            when = f"at score {step.amount}"
    if step.until_acknowledged:
        when += ", until somebody acknowledges"
    if step.condition is not None:
        when += f", if {step.condition.text}"
    if step.during:
        when += f", in the hours of {step.during} only"
    if step.hold_outside_hours:
        when += ", held until the calendar opens"
    return f"{when}: " + ("; ".join(map(_action, step.actions)) or "nothing")


def _action(action: Action) -> str:
    if action.to:
        via = action.args.get("via")
        how = f" by {', '.join(map(str, via))}" if isinstance(via, list) and via else ""
        return f"{action.do} {', '.join(action.to)}{how}"
    args = ", ".join(str(value) for value in action.args.values())
    return f"{action.do.replace('_', ' ')} {args}"
