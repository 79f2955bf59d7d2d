"""Policy sets as plain objects: read the YAML, resolve `defaults`, answer questions about it.

No checking: the input is assumed to be valid.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import holidays
from ruamel.yaml import YAML

from tests.reference.calendars import Calendar
from tests.reference.cel import Condition
from tests.reference.ladder import Ladder, parse_ladder
from tests.reference.times import duration_ms, parse_duration, parse_time

KINDS = (
    "first_response",
    "next_response",
    "update",
    "resolution",
    "ownership",
    "acknowledge",
    "answer",
)
OPENED_KINDS = ("first_response", "resolution", "acknowledge", "answer")
CLASSES = ("open", "waiting_customer", "waiting_vendor", "on_hold", "resolved", "closed")
RELATIVE_DUES = ("end of business day", "end of next business day")
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_REPLY = {"notes": False, "bots": False, "requester": False}


@dataclass
class ClockDef:
    """One clock of one policy, with every option resolved ("the nearest wins")."""

    name: str
    kind: str
    set_name: str
    policy: str
    target: Any
    due_at: str | None
    recurs: bool
    conditions: dict[str, Condition | None]
    options: dict[str, Any]
    ladder: Ladder = field(default_factory=Ladder)

    def option(self, name: str, default: Any) -> Any:
        value = self.options.get(name)
        return default if value is None else value

    @property
    def reply(self) -> dict[str, bool]:
        return {**_REPLY, **self.option("reply", {})}

    @property
    def identity(self) -> tuple[str, str]:
        return (self.set_name, self.name)


@dataclass
class Policy:
    name: str
    set_name: str
    when: Condition | None
    valid: tuple[int | None, int | None]
    clocks: list[ClockDef]


@dataclass
class Policies:
    """A policy set. `calendar_of` gives the calendar object a clock uses for given attributes."""

    document: dict[str, Any]
    priorities: list[str]
    synonyms: dict[str, str]
    statuses: dict[str, str]
    sets: dict[str, dict[str, str]]
    policies: list[Policy]
    customers: dict[str, dict[str, Any]]
    attribute_types: dict[str, str]
    attribute_defaults: dict[str, str]
    attribute_values: dict[str, list[str]]
    maintenance: list[tuple[int, int, Condition | None]]
    recipients: dict[str, list[str]]
    mentioned: frozenset[str] = frozenset()
    _calendars: dict[tuple[str, str], Calendar] = field(default_factory=dict)

    def priority(self, label: str) -> str:
        """ "label -> synonyms": a synonym reads as its label."""
        return self.synonyms.get(label, label)

    def status_class(self, status: str) -> str:
        """ "an unknown label = class `open`"; no status at all is open too."""
        return self.statuses.get(status, "open")

    def calendar(self, name: str, time_zone: str) -> Calendar:
        """The calendar `name` for an incident whose `time_zone` attribute is given."""
        if name == "24x7" or name not in self.document.get("calendars", {}):
            spec: dict[str, Any] = {"hours": {"mon-sun": ["00:00-24:00"]}}
            name = "24x7"
        else:
            spec = self.document["calendars"][name]
        zone = spec.get("time_zone", "UTC")
        if isinstance(zone, dict):
            zone = time_zone if _is_zone(time_zone) else zone.get("default", "UTC")
        if (name, zone) not in self._calendars:
            self._calendars[(name, zone)] = _build_calendar(name, zone, spec)
        return self._calendars[(name, zone)]

    def knows_calendar(self, name: str) -> bool:
        return name == "24x7" or name in self.document.get("calendars", {})


def load_policies(directory: Path | str) -> Policies:
    """ "All `*.yaml` of a policy directory (no subfolders; not `*.test.yaml`), ONE document"."""
    directory = Path(directory)
    document: dict[str, Any] = {}
    for path in sorted(directory.glob("*.yaml")):
        if path.name.endswith(".test.yaml"):
            continue
        for key, value in (load_yaml(path.read_text()) or {}).items():
            if isinstance(value, dict):
                document[key] = {**document.get(key, {}), **value}
            elif isinstance(value, list):
                document[key] = [*document.get(key, []), *value]
            else:
                document[key] = value
    return _build(document, directory)


def load_policies_text(text: str) -> Policies:
    return _build(load_yaml(text) or {}, None)


def load_yaml(text: str) -> Any:
    """YAML 1.2 core; dates stay text; "every key and label is text". JSON is YAML, only faster."""
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except ValueError:
            pass
    yaml = YAML(typ="safe", pure=True)
    yaml.constructor.add_constructor("tag:yaml.org,2002:timestamp", lambda _self, node: node.value)
    return _text_keys(yaml.load(text))


def _text_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {_text(key): _text_keys(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_text_keys(item) for item in value]
    return value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _build(document: dict[str, Any], directory: Path | None) -> Policies:
    priorities, synonyms = _priorities(document.get("priorities"))
    sets = {"default": {"match": "first", "party": "us"}}
    for name, spec in document.get("sets", {}).items():
        sets[name] = {"match": "first", "party": "us", **(spec or {})}
    attributes = document.get("attributes", {})
    types = {n: s if isinstance(s, str) else s.get("type", "text") for n, s in attributes.items()}
    maps = {n: s for n, s in attributes.items() if isinstance(s, dict)}
    out = Policies(
        document=document,
        priorities=priorities,
        synonyms=synonyms,
        statuses={
            **{name: name for name in CLASSES},
            **{str(k): str(v) for k, v in document.get("statuses", {}).items()},
        },
        sets=sets,
        policies=[],
        customers=_customers(document.get("customers", {}), directory),
        attribute_types=types,
        attribute_defaults={n: _text(s["default"]) for n, s in maps.items() if "default" in s},
        attribute_values={
            n: [_text(v) for v in s["values"]] for n, s in maps.items() if "values" in s
        },
        maintenance=[
            (parse_time(w["from"]), parse_time(w["to"]), _condition(w.get("when")))
            for w in document.get("maintenance", [])
        ],
        recipients={
            name: [_text(v) for v in (spec or {}).get("via", [])]
            for name, spec in document.get("recipients", {}).items()
        },
    )
    for spec in document.get("policies", []):
        out.policies.append(_policy(spec, document.get("defaults", {})))
    out.mentioned = _mentioned(out)
    return out


def _priorities(spec: Any) -> tuple[list[str], dict[str, str]]:
    if spec is None:
        spec = ["urgent", "high", "normal", "low"]
    if isinstance(spec, list):
        labels = [_text(label) for label in spec]
        return labels, {label: label for label in labels}
    synonyms = {}
    for label, words in spec.items():
        synonyms[label] = label
        for word in words or []:
            synonyms[_text(word)] = label
    return list(spec), synonyms


def _customers(spec: dict[str, Any], directory: Path | None) -> dict[str, dict[str, Any]]:
    if set(spec) == {"file"} and directory is not None:
        with (directory / spec["file"]).open(newline="") as handle:
            rows = [dict(row) for row in csv.DictReader(handle)]
        return {row.pop("id"): {k: v for k, v in row.items() if v} for row in rows}
    return {
        name: {
            k: v if k == "valid" else _text(v) for k, v in (entry or {}).items() if v is not None
        }
        for name, entry in spec.items()
    }


def _condition(text: Any) -> Condition | None:
    return None if text is None else Condition(_text(text))


def valid_window(spec: Any) -> tuple[int | None, int | None]:
    """`valid: {from, to}`; "from <= t < to"."""
    spec = spec or {}
    edges = [spec.get("from"), spec.get("to")]
    begin, end = (None if edge is None else parse_time(str(edge)) for edge in edges)
    return (begin, end)


def _policy(spec: dict[str, Any], defaults: dict[str, Any]) -> Policy:
    set_name = spec.get("set", "default")
    clocks = []
    for name, clock in spec["clocks"].items():
        clocks.append(_clock(name, clock or {}, spec, set_name, defaults))
    policy = Policy(
        name=_text(spec["name"]),
        set_name=set_name,
        when=_condition(spec.get("when")),
        valid=valid_window(spec.get("valid")),
        clocks=clocks,
    )
    for clock in clocks:
        clock.ladder = parse_ladder(spec, clock.name)
    return policy


def _clock(
    name: str,
    clock: dict[str, Any],
    policy: dict[str, Any],
    set_name: str,
    defaults: dict[str, Any],
) -> ClockDef:
    kind = clock.get("kind", name)
    # "any option marked *; the nearest wins: clock > policy > defaults"
    options = {**defaults, **{k: v for k, v in policy.items() if k != "clocks"}, **clock}
    recurs = kind in ("update", "ownership") or "reset" in clock or "every" in clock
    return ClockDef(
        name=name,
        kind=kind if kind in KINDS else "other",
        set_name=set_name,
        policy=_text(policy["name"]),
        target=clock.get("target", clock.get("every")),
        due_at=clock.get("due_at"),
        recurs=recurs,
        conditions={
            key: _condition(None if clock.get(key) == "never" else clock.get(key))
            for key in ("pause", "resume", "start", "stop", "cancel", "reset")
        },
        options=options,
    )


def _mentioned(policies: Policies) -> frozenset[str]:
    """Attributes that rules mention: a change of one repeats the matching."""
    names: set[str] = {"status_class"}
    document = policies.document
    conditions = [p.when for p in policies.policies] + [m[2] for m in policies.maintenance]
    for policy in policies.policies:
        for clock in policy.clocks:
            conditions.extend(clock.conditions.values())
            conditions.extend(step.condition for step in clock.ladder.steps)
            names |= _target_names(clock.target)
            names |= {"team"} if clock.option("per", "team") == "team" else {"assignee"}
            for attribute in (clock.due_at, clock.option("starts_at", None)):
                if attribute and " " not in attribute:
                    names.add(attribute)
            selector = clock.option("calendar", "24x7")
            if isinstance(selector, dict):
                names.add(selector.get("from", "priority"))
    for calendar in document.get("calendars", {}).values():
        if isinstance(calendar.get("time_zone"), dict):
            names.add("time_zone")
    for condition in conditions:
        if condition is not None:
            names |= condition.names
    return frozenset(name for name in names if not name.startswith("event."))


def _target_names(spec: Any) -> set[str]:
    if isinstance(spec, list):
        found: set[str] = set()
        for item in spec:
            if item.get("when") is not None:
                found |= Condition(_text(item["when"])).names
            found |= _target_names(item.get("is"))
        return found
    if isinstance(spec, dict):
        found = {spec.get("by", "priority")}
        for key, value in spec.items():
            if key != "by":
                found |= _target_names(value)
        return found
    return set()


def _is_zone(name: str) -> bool:
    try:
        return bool(name) and ZoneInfo(name) is not None
    except (ValueError, OSError, KeyError):
        return False


def _minutes(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def _ranges(spec: Any) -> list[tuple[int, int]]:
    items = spec if isinstance(spec, list) else [spec]
    pairs = [str(item).split("-") for item in items]
    return [(_minutes(begin), _minutes(end)) for begin, end in pairs]


def _weekdays(key: str) -> list[int]:
    if "-" not in key:
        return [_WEEK.index(key)]
    first, last = (_WEEK.index(day) for day in key.split("-"))
    length = (last - first) % 7 + 1
    return [(first + step) % 7 for step in range(length)]


def _build_calendar(name: str, zone: str, spec: dict[str, Any]) -> Calendar:
    hours: dict[int, list[tuple[int, int]]] = {}
    for key, ranges in (spec.get("hours") or {}).items():
        for day in _weekdays(key):
            hours.setdefault(day, []).extend(_ranges(ranges))
    dates = {
        date.fromisoformat(day): _ranges(ranges)
        for day, ranges in (spec.get("dates") or {}).items()
    }
    entries = spec.get("holidays") or []
    entries = entries if isinstance(entries, list) else [entries]
    fixed = {str(entry) for entry in entries if not isinstance(entry, dict)}
    countries = [
        holidays.country_holidays(entry["country"], subdiv=entry.get("subdivision"))
        for entry in entries
        if isinstance(entry, dict) and "country" in entry
    ]

    def closed(day: date) -> bool:
        iso = day.isoformat()
        return iso in fixed or iso[5:] in fixed or any(day in country for country in countries)

    return Calendar(name, zone, hours, closed, dates)


def parse_target(text: Any) -> tuple[str, int] | None:
    """A target's end value; `none` is no clock."""
    return None if text is None or text == "none" else parse_duration(_text(text))


def option_duration(text: Any) -> int:
    return duration_ms(_text(text))
