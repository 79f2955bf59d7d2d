"""Payloads to events by the rules of a mapping file: pure, like the adapters in code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from cel_expr_python import cel

from sla_engine.errors import EventError
from sla_engine.event.times import format_time
from sla_engine.limits import HOOK_EVENTS_MAX
from sla_engine.source.mapping import (
    Expression,
    Rule,
    Value,
    activation,
    members_of,
    parse_mapping,
)
from sla_engine.source.model import RECEIVED, Event, Source, Translated, event_of
from sla_engine.source.reading import instant_ms, text

ID_DIGITS: Final = 32
#: How CEL says that an object has no such member.
_NOT_THERE: Final = "NOT_FOUND"


class _Missing(Exception):
    """An expression that this payload has no value for."""


@dataclass(slots=True)
class _Found:
    events: list[Event] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def mapped_source(name: str, content: str) -> Source:
    """A vendor by a mapping file's text; PolicyErrors with everything that is wrong in it."""
    parsed = parse_mapping(content, name)

    def translate(payload: Mapping[str, Any], source: str) -> Translated:
        return by_rules(parsed.rules, payload, source)

    return Source(name, parsed.proof, translate, name)


def by_rules(rules: tuple[Rule, ...], payload: Mapping[str, Any], source: str) -> Translated:
    """The events of every rule whose `when` holds, in the order of the file.

    EventError, naming file and line, where subject, time or type cannot be made. An attribute
    that cannot is left out and told.
    """
    found = _Found()
    digest = _digest(payload)
    for number, rule in enumerate(rules):
        for place, item in enumerate(_items(rule, payload, found)):
            if len(found.events) > HOOK_EVENTS_MAX:
                raise EventError(f"{rule.where}: over {HOOK_EVENTS_MAX} events; send less at once")
            scope = activation(payload, item)
            if _holds(rule, scope, found):
                kind = _type(rule, scope, found)
                if kind is not None:
                    identity = f"{digest}/{number}/{place}"
                    found.events.append(_event(rule, kind, scope, source, identity, found))
    if not found.events and not found.ignored:
        found.ignored.append("no rule of the mapping holds for this payload")
    return Translated(tuple(found.events), tuple(found.ignored))


def _items(rule: Rule, payload: Mapping[str, Any], found: _Found) -> list[Any]:
    """What the rule is applied to: the payload once, or every item of `each`."""
    if rule.each is None:
        return [None]
    scope = activation(payload, None)
    # A payload of another kind need not have the list.
    if rule.when is not None and not rule.when.of_item and not _holds(rule, scope, found):
        return []
    try:
        value = _evaluate(rule.each, scope)
    except _Missing as why:
        found.ignored.append(f"{rule.each.where}: each: {why}")
        return []
    if not isinstance(value, list):
        raise EventError(f"{rule.each.where}: each: gives no list; write an expression for one")
    return value


def _holds(rule: Rule, scope: cel.Activation, found: _Found) -> bool:
    if rule.when is None:
        return True
    try:
        return _evaluate(rule.when, scope) is True
    except _Missing as why:
        found.ignored.append(f"{rule.when.where}: when: {why}")
        return False


def _type(rule: Rule, scope: cel.Activation, found: _Found) -> str | None:
    """The type of the event; None, and told, where the table has none for this payload."""
    if isinstance(rule.type, str):
        return rule.type
    table = rule.type.values or {}
    said = _needed("type", rule.type.expression, scope)
    if said not in table:
        found.ignored.append(f"{rule.type.expression.where}: type: {said[:80]} is not in `values`")
    return table.get(said)


def _event(
    rule: Rule, kind: str, scope: cel.Activation, source: str, identity: str, found: _Found
) -> Event:
    data = _members(rule.data, scope, found)
    if not isinstance(rule.type, str):
        # A table's types share one `data`; each takes what it may carry.
        allowed = set(members_of(kind))
        data = {name: value for name, value in data.items() if name in allowed}
    custom = _members(rule.custom, scope, found)
    if custom:
        data["custom"] = custom
    return event_of(
        source,
        kind,
        _needed("subject", rule.subject, scope),
        identity if rule.id is None else _needed("id", rule.id, scope),
        RECEIVED if rule.time is None else _time(rule.time, scope),
        data,
    )


def _members(values: Mapping[str, Value], scope: cel.Activation, found: _Found) -> Event:
    members: Event = {}
    for name, value in values.items():
        try:
            members[name] = _written(value, _evaluate(value.expression, scope))
        except _Missing as why:
            if not (value.optional and _NOT_THERE in str(why)):
                found.ignored.append(f"{value.expression.where}: {name}: {why}")
    return members


def _written(value: Value, result: Any) -> Any:
    """A result as the table of the value writes it."""
    if isinstance(result, datetime):
        result = _instant(result)
    if value.values is None or result is None:
        return value.otherwise if result is None and value.otherwise is not None else result
    shown = text({"": result}, "")
    if shown is not None and shown in value.values:
        return value.values[shown]
    return result if value.otherwise is None else value.otherwise


def _needed(name: str, expression: Expression, scope: cel.Activation) -> str:
    try:
        shown = text({"": _evaluate(expression, scope)}, "")
    except _Missing as why:
        raise EventError(f"{expression.where}: {name}: {why}") from None
    if shown is None:
        raise EventError(f"{expression.where}: {name}: gives no text; write an expression for one")
    return shown


def _time(expression: Expression, scope: cel.Activation) -> str:
    try:
        value = _evaluate(expression, scope)
    except _Missing as why:
        raise EventError(f"{expression.where}: time: {why}") from None
    if isinstance(value, datetime):
        return _instant(value)
    try:
        return format_time(instant_ms({"time": value}, "time"))
    except EventError:
        raise EventError(
            f"{expression.where}: time: gives no time with an offset; write one like "
            "2026-11-23T10:00:00Z, or milliseconds since 1970"
        ) from None


def _instant(value: datetime) -> str:
    return format_time(int(value.timestamp() * 1000))


def _evaluate(expression: Expression, scope: cel.Activation) -> Any:
    """The result as a plain value; _Missing for what the payload does not have."""
    try:
        result = expression.compiled.eval(scope)
    except (RuntimeError, ValueError, TypeError, OverflowError) as error:
        raise _Missing(" ".join(str(error).split())[:200]) from None
    if result.type() == cel.Type.ERROR:
        raise _Missing(str(result.value())[:200])
    return result.plain_value()


def _digest(payload: Mapping[str, Any]) -> str:
    """What names a payload that has no id: the same for the same content."""
    canonical = json.dumps(payload, sort_keys=True, separators=(",", ":"))
    return sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:ID_DIGITS]
