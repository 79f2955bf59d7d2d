"""Policy tests: `*.test.yaml` files read into events and expectations (policy-language)."""

from __future__ import annotations

import re
from collections.abc import Mapping as Map
from dataclasses import dataclass
from typing import Final

from sla_engine.event.layout import TYPE_NAMES
from sla_engine.policy.findings import Findings
from sla_engine.policy.instants import format_instant
from sla_engine.policy.names import suggestion
from sla_engine.policy.nodes import Mapping, Node, Scalar, Sequence
from sla_engine.policy.reading import Reader
from sla_engine.policy.yamltree import read_yaml

INCIDENT: Final = "X"
SOURCE: Final = "policy-test"

#: Members of an event that are not its data.
_ENVELOPE: Final = ("type", "at", "incident", "subject", "tenant", "source", "id", "sequence")
#: Members that are numbers or booleans in JSON; every other plain value of an event's own is text.
_TYPED: Final = frozenset({"public", "unpin", "csat", "nps", "ces"})
_ALERT_MEMBERS: Final = tuple(
    "type id incident tenant title url set clock cycle policy policy_version calendar "
    "calendar_version threshold at due fired_at late_by_ms late elapsed_ms target_ms score to "
    "actions superseded attributes level repeat revision alert alerts active".split()
)
_CLOCK_MEMBERS: Final = tuple(
    "tenant incident set clock cycle party policy policy_version state breached started due "
    "breached_at stopped as_of target_ms elapsed_ms paused_ms resolved_ms excluded_ms remaining_ms "
    "wall_ms reopens pinned fired".split()
)
_INTEGER = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_CYCLE = re.compile(r"(.+)/([1-9][0-9]*)")

#: What is expected of one member: a text (None: null), a list, or some members of a map.
Expected = str | None | tuple["Expected", ...] | Map[str, "Expected"]


@dataclass(frozen=True)
class ClockExpectation:
    """`NAME` (cycle None: the latest), `NAME/2`, `SET/NAME` or `SET/NAME/2`.

    `members` None: there is no such cycle.
    """

    label: str
    clock: str
    cycle: int | None
    members: Map[str, Expected] | None
    where: str


@dataclass(frozen=True)
class AlertExpectation:
    """The named members of one alert."""

    members: Map[str, Expected]
    where: str


@dataclass(frozen=True)
class Case:
    """One policy test. `events` are CloudEvents in the order written; `until_ms` ends it.

    `clocks` and `alerts` are None where the test says nothing about them.
    """

    name: str
    where: str
    events: tuple[dict[str, object], ...]
    until_ms: int
    clocks: tuple[ClockExpectation, ...] | None
    alerts: tuple[AlertExpectation, ...] | None


def read_cases(texts: Map[str, str], findings: Findings) -> tuple[Case, ...]:
    """The tests of several files, in the order of the files' names."""
    cases: list[Case] = []
    read = Reader(findings)
    for name in sorted(texts):
        root = read_yaml(texts[name], name, findings)
        mapping = None if root is None else read.mapping(root, "a file of policy tests")
        if mapping is None:
            continue
        read.keys(mapping, ("tests",), "a file of policy tests")
        tests = read.required(mapping, "tests", "a file of policy tests")
        for item in () if tests is None else read.items(tests, "`tests`"):
            case = _case(item, read)
            if case is not None:
                cases.append(case)
    return tuple(cases)


def _case(node: Node, read: Reader) -> Case | None:
    mapping = read.mapping(node, "a test")
    if mapping is None:
        return None
    read.keys(mapping, ("name", "events", "until", "expect"), "a test")
    name = read.required(mapping, "name", "a test")
    listed = read.required(mapping, "events", "a test")
    until = read.required(mapping, "until", "a test")
    given = read.required(mapping, "expect", "a test")
    events = [
        event
        for position, item in enumerate(() if listed is None else read.items(listed, "`events`"), 1)
        if (event := _event(item, position, read)) is not None
    ]
    until_ms = None if until is None else read.instant(until, "`until`")
    expect = None if given is None else read.mapping(given, "`expect`")
    title = None if name is None else read.text(name, "`name`")
    if until_ms is None or expect is None or title is None:
        return None
    read.keys(expect, ("clocks", "alerts"), "`expect`")
    clocks, alerts = expect.get("clocks"), expect.get("alerts")
    return Case(
        title,
        str(mapping.place),
        tuple(events),
        until_ms,
        None if clocks is None else _clocks(clocks, read),
        None if alerts is None else _alerts(alerts, read),
    )


def _event(node: Node, position: int, read: Reader) -> dict[str, object] | None:
    """A CloudEvent; its `sequence` is its position, from which its id follows."""
    mapping = read.mapping(node, "an event")
    if mapping is None:
        return None
    kind = read.required(mapping, "type", "an event")
    at = read.required(mapping, "at", "an event")
    name = None if kind is None else _event_type(kind, read)
    time_ms = None if at is None else read.instant(at, "`at`")
    if name is None or time_ms is None:
        return None
    envelope = {
        key: read.text(value, f"`{key}`")
        for key in _ENVELOPE[2:]
        if (value := mapping.get(key)) is not None
    }
    event: dict[str, object] = {
        "specversion": "1.0",
        "id": envelope.get("id") or f"e{position}",
        "source": envelope.get("source") or SOURCE,
        "type": name,
        "subject": envelope.get("incident") or envelope.get("subject") or INCIDENT,
        "time": format_instant(time_ms),
        "sequence": envelope.get("sequence") or str(position),
    }
    if envelope.get("tenant"):
        event["tenant"] = envelope["tenant"]
    event["data"] = {
        key.text: json_value(value, as_text=key.text not in _TYPED)
        for key, value in mapping
        if key.text not in _ENVELOPE
    }
    return event


def _event_type(node: Node, read: Reader) -> str | None:
    text = read.text(node, "`type`")
    if text is None:
        return None
    for name in (f"incident.{text}", text):
        if name in TYPE_NAMES:
            return name
    known = [name.removeprefix("incident.") for name in TYPE_NAMES]
    read.error(node.place, "BAD_VALUE", f"no event type `{text}`{suggestion(text, known)}")
    return None


def json_value(node: Node, *, as_text: bool) -> object:
    """A node as JSON. `as_text`: a plain `5` or `true` is a text, as all of an event's own are.

    Inside a map (`custom`, `exclude`) plain numbers and booleans are what they look like.
    """
    if isinstance(node, Mapping):
        return {key.text: json_value(value, as_text=False) for key, value in node}
    if isinstance(node, Sequence):
        return [json_value(item, as_text=True) for item in node.items]
    if node.is_null:
        return None
    if as_text or not node.plain:
        return node.text
    if node.text.lower() in ("true", "false"):
        return node.text.lower() == "true"
    if _INTEGER.fullmatch(node.text):
        return int(node.text)
    return float(node.text) if _NUMBER.fullmatch(node.text) else node.text


def _clocks(node: Node, read: Reader) -> tuple[ClockExpectation, ...]:
    found = []
    for key, value in read.mapping(node, "`clocks`") or ():
        cycle = _CYCLE.fullmatch(key.text)
        clock, number = (cycle[1], int(cycle[2])) if cycle else (key.text, None)
        members = None
        if not (isinstance(value, Scalar) and value.is_null):
            members = _members(value, _CLOCK_MEMBERS, f"clock `{key.text}`", read)
        found.append(ClockExpectation(key.text, clock, number, members, str(key.place)))
    return tuple(found)


def _alerts(node: Node, read: Reader) -> tuple[AlertExpectation, ...]:
    return tuple(
        AlertExpectation(_members(item, _ALERT_MEMBERS, "an alert", read), str(item.place))
        for item in read.items(node, "`alerts`")
    )


def _members(node: Node, known: tuple[str, ...], what: str, read: Reader) -> dict[str, Expected]:
    mapping = read.mapping(node, what)
    if mapping is None:
        return {}
    read.keys(mapping, known, what)
    return {key.text: _expected(value) for key, value in mapping}


def _expected(node: Node) -> Expected:
    if isinstance(node, Mapping):
        return {key.text: _expected(value) for key, value in node}
    if isinstance(node, Sequence):
        return tuple(_expected(item) for item in node.items)
    return None if node.is_null else node.text
