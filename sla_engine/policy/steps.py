"""A policy's escalation steps: when each fires, for which clocks, and what it carries."""

from __future__ import annotations

import re
from typing import Final

from sla_engine.limits import REPEATS_MAX
from sla_engine.policy.actions import ACTION_KEYS, read_actions
from sla_engine.policy.cel import Scope
from sla_engine.policy.context import Context
from sla_engine.policy.durations import DurationError, parse_duration, says_days
from sla_engine.policy.model import At, ClockPolicy, Step
from sla_engine.policy.names import suggestion
from sla_engine.policy.nodes import Mapping, Node, Scalar, Sequence
from sla_engine.policy.openness import always_open

STEP_KEYS: Final = (
    "at",
    "every",
    "after",
    "times",
    "clocks",
    "until",
    "outside_hours",
    "if",
    "during",
    *ACTION_KEYS,
)
UNTIL: Final = ("met", "acknowledged")
OUTSIDE_HOURS: Final = ("fire", "hold")
AFTER: Final = ("breach",)
PERCENT: Final = re.compile(r"([0-9]+)\s*%")
SCORE: Final = re.compile(r"score\s*>=\s*([0-9]+)")
DISTANCE: Final = re.compile(r"(\S+)\s+(before|after)")
_FORMS: Final = "`80%`, `1h before`, `breach`, `30m after` or `score >= 80`"
_HUNDRED: Final = 100

#: When a step fires: form, amount, times.
_Instant = tuple[At, int, int]


def read_step(
    node: Node, level: int, clocks: tuple[ClockPolicy, ...], context: Context
) -> Step | None:
    """One step; `level` is its position from 1, `clocks` are those of its policy."""
    what = f"step {level}"
    step = context.read.mapping(node, what)
    if step is None:
        return None
    read = context.read
    read.keys(step, STEP_KEYS, what)
    instant = _instant(step, what, context)
    actions = read_actions(step, context)
    if not any(key in step for key in ACTION_KEYS):
        context.error(step.place, "NO_ACTION", f"{what} has no action: nobody receives it")
    for key in ACTION_KEYS:
        given = step.get(key)
        if isinstance(given, Sequence) and not given.items:
            context.error(given.place, "NO_ACTION", f"{what}: `{key}` names nobody and nothing")
    until, outside = step.get("until"), step.get("outside_hours")
    condition, during = step.get("if"), step.get("during")
    if instant is None:
        instant = (At.BREACH, 0, 1)
    chosen = _clocks(step, clocks, what, context)
    _lint_days(step, chosen, clocks, context)
    return Step(
        at=instant[0],
        amount=instant[1],
        level=level,
        actions=actions,
        where=str(step.place),
        times=instant[2],
        clocks=chosen,
        until_acknowledged=until is not None
        and read.choice(until, UNTIL, "`until`") == "acknowledged",
        hold_outside_hours=outside is not None
        and read.choice(outside, OUTSIDE_HOURS, "`outside_hours`") == "hold",
        condition=None if condition is None else context.condition(condition, Scope.STEP, "`if`"),
        during="" if during is None else context.calendar(during, "`during`") or "",
    )


def _instant(step: Mapping, what: str, context: Context) -> _Instant | None:
    at, every = step.get("at"), step.get("every")
    if (at is None) == (every is None):
        context.error(step.place, "ONE_OF", f"{what} needs exactly one of `at` and `every`")
        return None
    if every is not None:
        return _every(step, every, what, context)
    for key in ("after", "times"):
        if (given := step.get(key)) is not None:
            context.error(given.place, "ONE_OF", f"{what}: `{key}` belongs to `every`, not to `at`")
    scalar = None if at is None else context.read.scalar(at, f"`at` of {what}", _FORMS)
    return None if scalar is None else _at(scalar, what, context)


def _at(scalar: Scalar, what: str, context: Context) -> _Instant | None:
    text = scalar.text.strip()
    if text == "breach":
        return At.BREACH, 0, 1
    for form, pattern in ((At.PERCENT, PERCENT), (At.SCORE, SCORE)):
        if found := pattern.fullmatch(text):
            if 1 <= int(found[1]) <= _HUNDRED:
                return form, int(found[1]), 1
            context.error(scalar.place, "BAD_VALUE", f"{what}: `{text}` is not from 1 to 100")
            return None
    if found := DISTANCE.fullmatch(text):
        try:
            amount = parse_duration(found[1])
        except DurationError as error:
            context.error(scalar.place, "BAD_DURATION", f"{what}: {error}")
            return None
        return (At.BEFORE if found[2] == "before" else At.AFTER), amount, 1
    context.error(scalar.place, "BAD_VALUE", f"{what}: `{text}` is no instant - write {_FORMS}")
    return None


def _every(step: Mapping, every: Node, what: str, context: Context) -> _Instant | None:
    amount = context.read.duration(every, f"`every` of {what}")
    after = context.read.required(step, "after", f"{what} with `every`")
    times = context.read.required(step, "times", f"{what} with `every`")
    if after is not None:
        context.read.choice(after, AFTER, "`after`")
    count = None
    if times is not None:
        count = context.read.integer(times, 1, REPEATS_MAX, f"`times` of {what}")
    return None if amount is None else (At.EVERY, amount, count or 1)


def _clocks(
    step: Mapping, clocks: tuple[ClockPolicy, ...], what: str, context: Context
) -> tuple[str, ...] | None:
    node = step.get("clocks")
    if node is None:
        return None
    known = [clock.name for clock in clocks]
    if isinstance(node, Sequence) and not node.items:
        context.error(node.place, "NO_EFFECT", f"{what}: `clocks: []` leaves it no clock")
    chosen: dict[str, None] = {}
    for name in context.read.texts(node, f"`clocks` of {what}"):
        if name.text in known:
            chosen[name.text] = None
        else:
            hint = suggestion(name.text, known)
            context.error(
                name.place, "UNKNOWN_CLOCK", f"{what}: this policy has no clock `{name.text}`{hint}"
            )
    return tuple(chosen)


def _lint_days(
    step: Mapping, chosen: tuple[str, ...] | None, clocks: tuple[ClockPolicy, ...], context: Context
) -> None:
    """`1d before` is 24 hours of open time before."""
    at = step.get("at")
    if not isinstance(at, Scalar):
        return
    found = DISTANCE.fullmatch(at.text.strip())
    if not (found and found[2] == "before" and says_days(found[1])):
        return
    for clock in clocks:
        if (chosen is None or clock.name in chosen) and not always_open(
            clock.calendar, context.calendars
        ):
            context.error(
                at.place,
                "DAY_IS_24H",
                f"`{at.text}`: `1d` is 24 hours of open time of clock `{clock.name}`",
            )
            return
