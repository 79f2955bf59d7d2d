"""Why an event did not start, stop or pause a clock, in words: the first thing that was false.

The words for what a clock's own conditions say come from the condition; the others are those of
the table of kinds (`policy.reply`), which decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sla_engine.clock.situation import BY_ENGINE, BY_PUBLIC, PAUSE_LIFTED
from sla_engine.event.layout import Author, EventType
from sla_engine.policy.choose import in_force
from sla_engine.policy.model import (
    ClockPolicy,
    Condition,
    DueAtAttribute,
    Policy,
    PolicySet,
    TargetBy,
    TargetCases,
    Value,
)
from sla_engine.policy.reply import OPENED_KINDS, Facts, Situation

Values = Mapping[str, Value]

_ARTICLED: Final = {
    Author.CUSTOMER: "a customer",
    Author.AGENT: "an agent",
    Author.BOT: "a bot",
    Author.SYSTEM: "the system",
}


def first_false(condition: Condition, values: Values, shown: Values) -> str:
    """The first false part of a condition, and what its attributes were (`shown`: as written)."""
    part = condition.first_false(values)
    if part is None:
        return f"{condition.text} is true"
    text, names = part
    known = ", ".join(f"{name} is {_show(name, shown)}" for name in sorted(names))
    return f"{text} is false ({known})"


def no_clock(
    policies: PolicySet, key: tuple[str, str], at_ms: int, seen: Values, shown: Values
) -> str:
    """Why the policies of a set give an incident no such clock."""
    set_name, clock_name = key
    said: list[str] = []
    for policy in policies.policies:
        if policy.set != set_name:
            continue
        clock = next((one for one in policy.clocks if one.name == clock_name), None)
        if not in_force(policy.valid_from, policy.valid_to, at_ms):
            said += [f"policy {policy.name} is not valid then"] if clock else []
        elif policy.when is not None and not policy.when.holds(seen):
            said += [_unmatched(policy, seen, shown)] if clock else []
        elif clock is not None:
            return f"policy {policy.name}: {_no_target(clock, shown)}"
        elif not policies.sets[set_name].match_all:
            said.append(f"policy {policy.name} applies and has no such clock")
            break
    return "; ".join(said) or "no policy of the set applies"


def not_started(clock: ClockPolicy, event: Situation, seen: Values, shown: Values) -> str:
    """Why no cycle began at an event."""
    facts = Facts(clock, seen, event)
    if not facts.begins and clock.start is not None:
        return first_false(clock.start, {**seen, **event.names()}, shown)
    if facts.begins and not facts.may_start:
        return "what ends it is true on the same event"
    if facts.begins:
        return "its start was true before the event" if clock.start else "it had its cycle"
    match clock.kind:
        case "next_response":
            return "no public comment of a customer waits for an answer"
        case "update":
            return _no_reply(clock, event)
        case "ownership":
            return f"no {clock.per or 'team'} took it over"
        case _ if clock.kind in OPENED_KINDS:
            return "it starts when the incident is opened, once"
    return "nothing starts it"


def not_stopped(clock: ClockPolicy, event: Situation, seen: Values, shown: Values) -> str:
    """Why a cycle was not met at an event."""
    if clock.stop is not None:
        return first_false(clock.stop, {**seen, **event.names()}, shown)
    status = f"the incident is not resolved (status is {_show('status', shown)})"
    match clock.kind:
        case "first_response" | "next_response" | "update":
            return _no_reply(clock, event)
        case "resolution":
            return status
        case "ownership":
            return f"the {clock.per or 'team'} did not change"
        case "acknowledge":
            return "nobody acknowledged it, and nobody became its assignee"
        case "answer":
            return "nobody acknowledged it, and no agent commented"
    return "it has no `stop`"


def not_paused(clock: ClockPolicy, event: Situation, seen: Values, shown: Values) -> str:
    """Why a running cycle was not paused at an event."""
    if clock.pause is None:
        return "it has no `pause`"
    at_event = seen if clock.resume is None else {**seen, **event.names()}
    if clock.pause.holds(at_event) and event.has(PAUSE_LIFTED):
        return "a customer's comment lifted the pause"
    return first_false(clock.pause, at_event, shown)


def not_resumed(clock: ClockPolicy, event: Situation, seen: Values, shown: Values) -> str:
    """Why a paused cycle went on standing still."""
    if clock.resume is not None:
        return first_false(clock.resume, {**seen, **event.names()}, shown)
    return "" if clock.pause is None else f"{clock.pause.text} is still true"


def _no_reply(clock: ClockPolicy, event: Situation) -> str:
    """Why an event is no reply to the customer."""
    if event.type != EventType.COMMENTED:
        return "it is no comment"
    if event.has(BY_ENGINE):
        return "the comment is the engine's own"
    author = Author(event.author)
    if author is not Author.AGENT and not (clock.reply.bots and author is Author.BOT):
        return f"the comment is by {_ARTICLED.get(author, 'nobody')}, not by an agent"
    if not event.has(BY_PUBLIC) and not clock.reply.notes:
        return "the comment is an internal note (public is false)"
    return "the commenter is the requester"


def _unmatched(policy: Policy, seen: Values, shown: Values) -> str:
    return f"policy {policy.name}: " + (
        "" if policy.when is None else first_false(policy.when, seen, shown)
    )


def _no_target(clock: ClockPolicy, shown: Values) -> str:
    """A policy applies, and gives the clock no target."""
    match clock.target:
        case TargetBy(attribute=name) | DueAtAttribute(attribute=name):
            return f"no target ({name} is {_show(name, shown)})"
        case TargetCases():
            return "none of the target's cases is true"
    return "its target is `none`"


def _show(name: str, shown: Values) -> str:
    value = shown.get(name)
    if value in (None, "", ()):
        return "absent"
    return f"`{', '.join(map(str, value)) if isinstance(value, tuple | list) else value}`"
