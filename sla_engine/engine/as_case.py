"""One incident as a policy test: its events, and what is so now, for `*.test.yaml`.

What is about people stays out: titles, links and reasons are left out, and names become
`person-1`, ... wherever that changes no answer of the rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any, Final

import orjson

from sla_engine.alert.ids import encoded
from sla_engine.event.decode import DEFAULT_ACTORS
from sla_engine.event.times import format_time
from sla_engine.policy.attribute_names import AUTHOR_ID
from sla_engine.policy.cases import INCIDENT
from sla_engine.policy.profile import Slots
from sla_engine.policy.tables import RuleBook

Record = dict[str, Any]

#: Free text and links about the incident; no rule reads them.
_LEFT_OUT: Final = ("title", "url", "reason", "actor_role")
#: Members that name a person -> the attribute that rules know them by.
_PEOPLE: Final = {
    "requester": "requester",
    "assignee": "assignee",
    "author_id": AUTHOR_ID,
    "actor": "",
    "by": "",
}
_CLOCK: Final = (
    *("policy", "state", "breached", "started", "due", "breached_at", "stopped"),
    *("target_ms", "elapsed_ms", "paused_ms", "resolved_ms", "excluded_ms"),
)
_DEFAULT: Final = "default"


def case_of(
    book: RuleBook,
    explained: Mapping[str, Any],
    *,
    personal: bool,
    actors: Sequence[str] = DEFAULT_ACTORS,
) -> Record:
    """{name, events, until, expect} of an explained incident, as plain values.

    `actors`: the setting of that name; in the test they are the default's.
    """
    mask = _Mask(book, explained, personal=personal)
    mask.names |= dict.fromkeys(actors, DEFAULT_ACTORS[0])
    told = [*explained["events"], *_directory(book, explained)]
    told.sort(key=lambda event: event["time"])
    events = [mask.event(event) for event in told]
    return {
        "name": f"an incident as of {explained['as_of']}",
        "events": events,
        "until": explained["as_of"],
        "expect": {
            "clocks": dict(_clock(clock, explained) for clock in explained["clocks"]),
            "alerts": [mask.alert(alert) for alert in explained["alerts"]],
        },
    }


def _directory(book: RuleBook, explained: Mapping[str, Any]) -> Iterator[Record]:
    """What `customer.updated` said of the incident's customers, as far as it has no such event."""
    tenant = explained["tenant"]
    known = {(event["source"], event["id"]) for event in explained["events"]}
    customers = {str(event["data"].get("customer") or "") for event in explained["events"]}
    for customer in sorted(customers):
        for update in book.directory.updates(tenant, customer):
            time = format_time(update.time_ms)
            if update.order in known or time > explained["as_of"]:
                continue
            data: Record = dict(update.changes)
            if update.valid is not None:
                ends = zip(("from", "to"), update.valid, strict=True)
                data["valid"] = {name: None if at is None else format_time(at) for name, at in ends}
            yield {
                "type": "customer.updated",
                "time": time,
                "subject": customer,
                "tenant": tenant,
                "data": data,
            }


def case_text(case: Mapping[str, Any]) -> str:
    """The test as a file: YAML, an event, a clock and an alert on a line each."""
    expect = case["expect"]
    return "\n".join(_lines(case, expect["clocks"], expect["alerts"])) + "\n"


def _lines(
    case: Mapping[str, Any], clocks: Mapping[str, Record], alerts: Sequence[Record]
) -> Iterator[str]:
    yield "tests:"
    yield f"  - name: {_flow(case['name'])}"
    yield "    events:"
    yield from (f"      - {_flow(event)}" for event in case["events"])
    yield f"    until: {_flow(case['until'])}"
    yield "    expect:"
    yield "      clocks:" if clocks else "      clocks: {}"
    yield from (f"        {_flow(label)}: {_flow(clock)}" for label, clock in clocks.items())
    yield "      alerts:" if alerts else "      alerts: []"
    yield from (f"        - {_flow(alert)}" for alert in alerts)


def _flow(value: object) -> str:
    """YAML's flow style; JSON is YAML, words that need no quotes go without them."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flow(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str) and _is_word(value):
        return value
    return orjson.dumps(value).decode()


def _is_word(text: str) -> bool:
    """Whether a text is the same text without quotes: letters first, no word of YAML's own."""
    plain = text.replace("_", "").replace("-", "a").replace(".", "a")
    own = text.lower() in ("null", "true", "false", "yes", "no", "on", "off", "y", "n")
    return plain.isalnum() and plain.isascii() and text[0].isalpha() and not own


def _clock(clock: Mapping[str, Any], explained: Mapping[str, Any]) -> tuple[str, Record]:
    members = {name: clock[name] for name in _CLOCK}
    if explained["tenant"] != _DEFAULT:
        members["tenant"] = explained["tenant"]
    return f"{clock['set']}/{clock['clock']}/{clock['cycle']}", members


class _Mask:
    """What events and alerts of one incident become."""

    def __init__(self, book: RuleBook, explained: Mapping[str, Any], *, personal: bool) -> None:
        self._slots = book.slots
        self._explained = explained
        self._personal = personal
        self._left_out = {
            name
            for name, spec in book.policies.attributes.items()
            if spec.personal and name.startswith("custom.") and name not in book.slots.index
        }
        self._kept: set[str] = set()
        self.names: dict[str, str] = {}
        self._customs = {
            name for name, spec in book.policies.attributes.items() if spec.personal
        } - self._left_out
        if not personal:
            self._find_names()

    def _find_names(self) -> None:
        """A pseudonym for every name, unless some rule would answer otherwise for it."""
        found: dict[str, set[str]] = {}
        for event in self._explained["events"]:
            for slot, value in self._named(event["data"]):
                found.setdefault(value, set()).add(slot)
        free = (f"person-{n}" for n in count(1))
        for value, slots in found.items():
            other = next(name for name in free if name not in found)
            if all(_same(self._slots, slot, value, other) for slot in slots):
                self.names[value] = other

    def _named(self, data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for member, slot in _PEOPLE.items():
            if isinstance(data.get(member), str) and data[member]:
                yield slot, data[member]
        for name, value in (data.get("custom") or {}).items():
            if f"custom.{name}" in self._customs and isinstance(value, str) and value:
                yield f"custom.{name}", value

    def event(self, event: Mapping[str, Any]) -> Record:
        """An event as a test writes it; the place in the list is its order."""
        kind = event["type"].removeprefix("incident.")
        if kind == "merged":  # ends the clocks alike, and opens no other incident in the test
            return {"type": "deleted", "at": event["time"]}
        made: Record = {"type": kind, "at": event["time"]}
        if event["subject"] != self._explained["incident"]:
            made["subject"] = event["subject"]  # a customer of `customer.updated`
        if event["tenant"] != _DEFAULT:
            made["tenant"] = event["tenant"]
        for name, value in event["data"].items():
            if not self._personal and name in _LEFT_OUT:
                continue
            made[name] = self._value(name, value)
        return made

    def _value(self, name: str, value: Any) -> Any:
        if name == "alert" and isinstance(value, str):
            return self._address(value)
        if name == "from":
            return self._incident(value)
        if name == "absorbed" and isinstance(value, list):
            return [self._incident(one) for one in value]
        if name in _PEOPLE and isinstance(value, str):
            return self.names.get(value, value)
        if self._personal:
            return value
        if name == "custom" and isinstance(value, Mapping):
            return {
                key: self.names.get(item, item) if f"custom.{key}" in self._customs
                and isinstance(item, str) else item
                for key, item in value.items()
                if f"custom.{key}" not in self._left_out
            }  # fmt: skip
        return value

    def _incident(self, name: str) -> str:
        """Another incident keeps its name, unless it is that of the test's."""
        if name == self._explained["incident"]:
            return INCIDENT
        return f"other-{INCIDENT}" if name == INCIDENT else name

    def _address(self, alert: str) -> str:
        """An alert's id as that of the test's incident."""
        tenant, incident = encoded(self._explained["tenant"]), self._explained["incident"]
        own = f"{tenant}/{encoded(incident)}/"
        return f"{tenant}/{INCIDENT}/{alert[len(own) :]}" if alert.startswith(own) else alert

    def alert(self, alert: Mapping[str, Any]) -> Record:
        """What a test expects of an alert."""
        data = alert["data"]
        told = [name for action in data["actions"] for name in action["to"]]
        made = {
            "type": alert["type"],
            "set": data["set"],
            "clock": data["clock"],
            "cycle": data["cycle"],
            "threshold": alert["id"].split("/", 5)[5],
            "at": alert["time"],
            "due": data["due"],
            "to": [self._recipient(name) for name in dict.fromkeys(told)],
        }
        return made

    def _recipient(self, name: str) -> str:
        kind, colon, person = name.partition(":")
        known = self.names if kind in ("assignee", "requester") else {}
        return f"{kind}{colon}{known.get(person, person)}"


def _same(slots: Slots, slot: str, value: str, other: str) -> bool:
    """Whether the rules answer alike for both values of an attribute."""
    if slot not in slots.index:
        return True
    number = slots.index[slot]
    return slots.class_of(number, value)[0] == slots.class_of(number, other)[0]
