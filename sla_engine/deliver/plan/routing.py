"""Where one alert goes: pure; what was sent before is handed in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sla_engine.deliver.plan.matching import WORDS, Labels, all_hold, values_of
from sla_engine.deliver.plan.model import Grouping, Plan

FOLLOWERS: Final = frozenset({"cleared", "retracted", "amended"})
"""They go where the alerts went that they are about."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A destination of an alert, and the group in which it goes there ("" = by itself)."""

    destination: str
    group: str = ""
    wait_ms: int = 0
    interval_ms: int = 0


def word_of(event: Mapping[str, Any]) -> str:
    """`warning`, `breached` and so on; the type itself where it has no word."""
    kind = str(event["type"])
    return WORDS.get(kind, kind)


def concerned(event: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids of the alerts that a cleared, retracted or amended alert is about."""
    data = event["data"]
    word = word_of(event)
    if word == "cleared":
        return tuple(str(one) for one in data.get("alerts", ()))
    return (str(data["alert"]),) if word in ("retracted", "amended") else ()


def ended(event: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids of the alerts that are not valid any more after this one."""
    return () if word_of(event) == "amended" else concerned(event)


def clock_of(event: Mapping[str, Any]) -> str:
    """The cycle of a clock that an alert is about, as a part of ids: what keeps its order."""
    identity = str(event["data"].get("alert") or event["id"])
    return "/".join(identity.split("/", 5)[:5])


def choose(plan: Plan, event: Mapping[str, Any], labels: Labels) -> list[Chosen]:
    """The destinations by the routes, each once: the first that matches, further by `continue`.

    Lower steps that became true at once (`superseded`) go only where they are asked for.
    """
    found: dict[str, Chosen] = {}
    taken = False
    for number, route in enumerate(plan.routes):
        if not all_hold(route.matchers, labels):
            continue
        taken = True
        for name in route.to:
            found.setdefault(name, _chosen(name, number, route.grouping, labels))
        if not route.goes_on:
            break
    if not taken:
        found = {name: Chosen(name) for name in plan.default}
    superseded = bool(event["data"].get("superseded"))
    return [
        one
        for one in found.values()
        if not superseded or plan.destinations[one.destination].superseded
    ]


def _chosen(name: str, number: int, grouping: Grouping | None, labels: Labels) -> Chosen:
    if grouping is None:
        return Chosen(name)
    values = values_of(labels, grouping.by)
    return Chosen(
        name, group_key(number, grouping.by, values), grouping.wait_ms, grouping.interval_ms
    )


def group_key(route: int, names: Iterable[str], values: Iterable[str]) -> str:
    """What names a group in the store; readable, since the labels are taken from it again."""
    return json.dumps([route, list(names), list(values)], separators=(",", ":"))


def group_labels(key: str) -> dict[str, str]:
    """The labels of a group by its key."""
    _, names, values = json.loads(key)
    return dict(zip(names, values, strict=True))


def waits_of(plan: Plan, key: str) -> tuple[int, int]:
    """group_wait and group_interval of a group whose key was made earlier; else no wait."""
    route = json.loads(key)[0]
    grouping = plan.routes[route].grouping if route < len(plan.routes) else None
    return (0, 0) if grouping is None else (grouping.wait_ms, grouping.interval_ms)


class Inhibitors:
    """The valid alerts that keep others back, by rule and by the values that must be equal."""

    def __init__(self, plan: Plan) -> None:
        self._rules = plan.inhibitions
        self._valid: list[dict[tuple[str, ...], set[str]]] = [{} for _ in self._rules]

    def begin(self, identity: str, labels: Labels) -> None:
        """An alert is valid from now on."""
        for rule, valid in zip(self._rules, self._valid, strict=True):
            if all_hold(rule.source, labels):
                valid.setdefault(values_of(labels, rule.equal), set()).add(identity)

    def end(self, identity: str, labels: Labels) -> None:
        """It is not any more."""
        for rule, valid in zip(self._rules, self._valid, strict=True):
            key = values_of(labels, rule.equal)
            if identity in valid.get(key, ()):
                valid[key].discard(identity)
                if not valid[key]:
                    del valid[key]

    def keep_back(self, identity: str, labels: Labels) -> bool:
        """Whether another valid alert keeps this one back."""
        return any(
            valid.get(values_of(labels, rule.equal), set()) - {identity}
            for rule, valid in zip(self._rules, self._valid, strict=True)
            if all_hold(rule.target, labels)
        )
