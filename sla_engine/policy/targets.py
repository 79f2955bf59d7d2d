"""What a clock promises: `target`, `every` or `due_at`."""

from __future__ import annotations

import re
from typing import Final

from sla_engine.policy.cel import Scope
from sla_engine.policy.context import Context
from sla_engine.policy.durations import DurationError, parse_length
from sla_engine.policy.model import (
    DueAtAttribute,
    DueAtRelative,
    FixedTarget,
    Length,
    Relative,
    Target,
    TargetBy,
    TargetCase,
    TargetCases,
)
from sla_engine.policy.names import suggestion
from sla_engine.policy.nodes import Mapping, Node, Scalar, Sequence

CASE_KEYS: Final = ("when", "is")
PHRASES: Final = {
    "end of business day": DueAtRelative(Relative.END_OF_BUSINESS_DAY),
    "end of next business day": DueAtRelative(Relative.END_OF_NEXT_BUSINESS_DAY),
}
AT_TIME: Final = re.compile(r"next business day (\d{2}):(\d{2})")


def read_target(node: Node, context: Context, what: str) -> Target | None:
    """A duration, a map by priority, `{by: ATTRIBUTE, ...}`, or a list of `{when, is}`."""
    if isinstance(node, Sequence):
        return _cases(node, context, what)
    if isinstance(node, Mapping):
        return _by(node, context, what)
    length = _length(node, context, what)
    return None if length is None else FixedTarget(length)


def read_due(node: Node, context: Context) -> Target | None:
    """A time attribute, or one of the phrases about business days."""
    scalar = context.read.scalar(node, "`due_at`", "a time attribute or a business day")
    if scalar is None:
        return None
    if scalar.text in PHRASES:
        return PHRASES[scalar.text]
    if found := AT_TIME.fullmatch(scalar.text):
        hour, minute = int(found[1]), int(found[2])
        if hour < 24 and minute < 60:
            return DueAtRelative(Relative.NEXT_BUSINESS_DAY_AT, hour * 60 + minute)
    if context.conditions.type_of(scalar.text) == "time":
        return DueAtAttribute(scalar.text)
    known = (*context.conditions.attributes("time"), *PHRASES, "next business day 16:00")
    context.error(
        scalar.place,
        "UNKNOWN_ATTRIBUTE",
        f"`due_at`: `{scalar.text}` is no time attribute{suggestion(scalar.text, known)}",
    )
    return None


def _length(node: Node, context: Context, what: str) -> Length:
    scalar = context.read.scalar(node, what, "a duration")
    if scalar is None:
        return None
    try:
        return parse_length(scalar.text)
    except DurationError as error:
        context.error(scalar.place, "BAD_DURATION", f"{what}: {error}")
        return None


def _length_or_none(node: Node, context: Context, what: str) -> Length:
    """A length; the word `none` is no clock and no error."""
    if isinstance(node, Scalar) and node.text == "none":
        return None
    return _length(node, context, what)


def _by(node: Mapping, context: Context, what: str) -> Target | None:
    attribute = "priority"
    given = node.get("by")
    if given is not None:
        name = context.read.text(given, f"`by` of {what}")
        if name is None:
            return None
        if context.conditions.type_of(name) != "text":
            known = context.conditions.attributes("text")
            context.error(
                given.place,
                "UNKNOWN_ATTRIBUTE",
                f"{what}: `{name}` is no text attribute{suggestion(name, known)}",
            )
            return None
        attribute = name
    lengths: dict[str, Length] = {}
    default: Length = None
    for key, value in node:
        if key.text == "by":
            continue
        length = _length_or_none(value, context, what)
        if key.text == "default":
            default = length
        elif (label := context.label(key, attribute)) is not None:
            lengths[label] = length
    target = TargetBy(attribute, lengths, default, "default" in node)
    _check_gaps(node, target, context, what)
    return target


def _check_gaps(node: Mapping, target: TargetBy, context: Context, what: str) -> None:
    values = context.literals.values(target.attribute)
    if target.has_default:
        return
    if values is None:
        context.error(
            node.place,
            "MISSING_DEFAULT",
            f"{what} by `{target.attribute}` has no `default`: other values get no clock",
        )
        return
    missing = [value for value in values if value not in target.lengths]
    if missing:
        context.error(
            node.place,
            "NO_TARGET",
            f"{what}: no clock for {', '.join(missing)} - add them, or `default`",
        )


def _cases(node: Sequence, context: Context, what: str) -> Target | None:
    cases = []
    for position, item in enumerate(node.items):
        entry = context.read.mapping(item, f"an entry of {what}")
        if entry is None:
            continue
        context.read.keys(entry, CASE_KEYS, f"an entry of {what}")
        given = context.read.required(entry, "is", f"an entry of {what}")
        length = None if given is None else _length_or_none(given, context, what)
        when = entry.get("when")
        condition = None if when is None else context.condition(when, Scope.WHEN, "`when`")
        if when is None and position + 1 < len(node.items):
            context.error(
                item.place, "UNREACHABLE", f"{what}: entries after one without `when` never count"
            )
        cases.append(TargetCase(condition, length))
    if not node.items:
        context.error(node.place, "BAD_VALUE", f"{what}: the list is empty")
        return None
    return TargetCases(tuple(cases))
