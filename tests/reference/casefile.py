"""Policy tests (`*.test.yaml`): read them, fold their events, compare with what they expect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.reference.fold import Result, fold
from tests.reference.policies import Policies, load_policies, load_yaml
from tests.reference.times import parse_time


@dataclass
class Case:
    directory: Path
    name: str
    policies: Policies
    events: list[dict[str, Any]]
    until_ms: int
    expect: dict[str, Any]


def cases(directory: Path | str) -> Iterator[Case]:
    """Every test of every `*.test.yaml` in a policy directory."""
    directory = Path(directory)
    policies = load_policies(directory)
    for path in sorted(directory.glob("*.test.yaml")):
        for test in load_yaml(path.read_text())["tests"]:
            events = [_event(n, item) for n, item in enumerate(test.get("events", []))]
            until = parse_time(test["until"])
            yield Case(directory, test["name"], policies, events, until, test.get("expect", {}))


def _event(number: int, item: dict[str, Any]) -> dict[str, Any]:
    """ "an event; type without "incident.", `at`, and its data members flat"; "the incident is `X`
    unless `incident` says otherwise"."""
    data = {k: v for k, v in item.items() if k not in ("type", "at", "incident", "tenant")}
    kind = str(item["type"])
    event = {
        "specversion": "1.0",
        "id": str(item.get("id", number)),
        "source": "test",
        "type": kind if "." in kind else f"incident.{kind}",
        "subject": str(item.get("incident", item.get("subject", "X"))),
        "time": item["at"],
        "sequence": str(number),
        "data": data,
    }
    if "tenant" in item:
        event["tenant"] = item["tenant"]
    return event


def check(case: Case) -> list[str]:
    """What differs from the expectation, as sentences; nothing means that the case passes."""
    result = fold(case.policies, case.events, case.until_ms)
    wrong = []
    for name, expected in case.expect.get("clocks", {}).items():
        wrong += _check_clock(name, expected, result)
    if "alerts" in case.expect:
        wrong += _check_alerts(case.expect["alerts"], result)
    return wrong


def _check_clock(name: str, expected: dict[str, Any] | None, result: Result) -> list[str]:
    clock, _slash, number = name.partition("/")
    found = [c for c in result.clocks if c["clock"] == clock]
    found = [c for c in found if not number or c["cycle"] == int(number)]
    if expected is None:
        return [f"{name}: there is such a cycle"] if found else []
    if not found:
        return [f"{name}: there is no such cycle"]
    last = found[-1]
    return [
        f"{name}.{key}: {last.get(key)!r} instead of {value!r}"
        for key, value in expected.items()
        if last.get(key) != value
    ]


def _flat(alert: dict[str, Any]) -> dict[str, Any]:
    data = alert["data"]
    to = [name for action in data["actions"] for name in action["to"]]
    return {**data, "at": alert["time"], "to": to}


def _check_alerts(expected: list[dict[str, Any]], result: Result) -> list[str]:
    left = [_flat(alert) for alert in result.alerts]
    wrong = []
    for want in expected:
        match = [a for a in left if all(a.get(k) == v for k, v in want.items())]
        if match:
            left.remove(match[0])
        else:
            wrong.append(f"alert missing: {want}")
    for alert in left:
        shown = {key: alert[key] for key in ("clock", "threshold", "at", "to")}
        wrong.append(f"alert not expected: {shown}")
    return wrong
