"""What `policy explain` is asked about: an incident's attributes, from an event or one by one."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import click
import orjson

from sla_engine.policy.explain import SetExplanation
from sla_engine.policy.instants import InstantError, format_instant, parse_instant
from sla_engine.policy.model import PolicySet

#: Attributes that are counts.
_NUMBERS = ("reopens", "handoffs", "score")


def asked(
    policies: PolicySet, event: bytes | None, attributes: Sequence[str], at_ms: int | None
) -> tuple[dict[str, Any], int]:
    """(an event's `data`, the instant): NAME=VALUE beat the event, `at_ms` beats its time."""
    data: dict[str, Any] = {}
    instant: int | None = None
    if event is not None:
        data, instant = _of_event(event)
    for attribute in attributes:
        name, equals, text = attribute.partition("=")
        if not equals or not name:
            raise click.UsageError(f"`{attribute}`: write NAME=VALUE, like priority=P1")
        _set(data, name, text, policies)
    if at_ms is not None:
        instant = at_ms
    return data, time.time_ns() // 1_000_000 if instant is None else instant


def _of_event(text: bytes) -> tuple[dict[str, Any], int | None]:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise click.UsageError(f"--event: is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise click.UsageError("--event: give one JSON object")
    if "specversion" not in value:
        return value, None
    data = value.get("data") or {}
    try:
        instant = parse_instant(str(value.get("time", "")))
    except InstantError as error:
        raise click.UsageError(f"--event: time: {error}") from None
    if not isinstance(data, dict):
        raise click.UsageError("--event: `data` must be an object")
    return data, instant


def _set(data: dict[str, Any], name: str, text: str, policies: PolicySet) -> None:
    known = name in policies.attributes
    if name.startswith("custom.") and not known:
        declared = ", ".join(sorted(policies.attributes)) or "none"
        raise click.UsageError(f"`{name}` is not declared in `attributes` (declared: {declared})")
    if name == "tags":
        data[name] = [tag for tag in text.split(",") if tag]
    elif name in _NUMBERS or (known and policies.attributes[name].type == "number"):
        _put(data, name, _number(name, text))
    elif known and policies.attributes[name].type == "boolean":
        _put(data, name, text == "true")
    else:
        _put(data, name, text)


def _put(data: dict[str, Any], name: str, value: object) -> None:
    if name.startswith("custom."):
        custom = data.get("custom")
        data["custom"] = {
            **(custom if isinstance(custom, dict) else {}),
            name.removeprefix("custom."): value,
        }
    else:
        data[name] = value


def _number(name: str, text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        raise click.UsageError(f"`{name}` is a number, not `{text}`") from None


def as_json(
    explained: Sequence[SetExplanation], data: Mapping[str, Any], at_ms: int
) -> dict[str, Any]:
    """The answer of `policy explain` for programs."""
    return {
        "at": format_instant(at_ms),
        "data": dict(data),
        "sets": [
            {
                "set": one.set,
                "policies": [
                    {
                        "policy": considered.policy,
                        "where": considered.where,
                        "verdict": considered.verdict.name.lower(),
                        "answers": [
                            {
                                "text": answer.text,
                                "attribute": answer.attribute,
                                "value": answer.value,
                                "holds": answer.holds,
                            }
                            for answer in considered.answers
                        ],
                        "clocks": [
                            {
                                "clock": promise.clock,
                                "kind": promise.kind,
                                "target": promise.target,
                                "calendar": promise.calendar,
                            }
                            for promise in considered.promises
                        ],
                    }
                    for considered in one.considered
                ],
            }
            for one in explained
        ],
    }
