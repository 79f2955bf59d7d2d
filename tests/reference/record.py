"""What is known about one incident: its attributes after each event, and the moments they make."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.reference.cel import Condition, Nothing, Time
from tests.reference.policies import Policies, valid_window
from tests.reference.times import parse_time

TEXTS = (
    "title url priority status kind channel customer requester tier contract team assignee "
    "vendor product region time_zone calendar"
).split()
TIMES = ("due", "opened_at")
DIRECTORY = ("tier", "contract", "calendar", "time_zone", "team", "region")
STATUS_OF = {
    "incident.resolved": "resolved",
    "incident.closed": "closed",
    "incident.reopened": "open",
}
DONE = ("resolved", "closed")


@dataclass(frozen=True)
class View:
    """The attributes in force after an event, filled from the directory and the defaults."""

    values: dict[str, Any]
    custom: dict[str, Any]
    custom_types: dict[str, str]
    status_class: str
    reopens: int
    handoffs: int
    csat: int | None

    def text(self, name: str) -> str:
        return str(self.values.get(name) or "")

    def time(self, name: str) -> int | None:
        """A time attribute by its name (`due`, `opened_at`, `custom.x`)."""
        if name.startswith("custom."):
            value = self.custom.get(name[7:])
        else:
            value = self.values.get(name)
        return value if isinstance(value, int) else None

    @property
    def done(self) -> bool:
        return self.status_class in DONE

    def holder(self, per: str) -> str:
        return self.text("assignee" if per == "assignee" else "team")

    def lookup(self, name: str) -> Any:
        """ "Absent = `""`, 0, false, []; an absent time compares false"."""
        if name == "status_class":
            return self.status_class
        if name in ("reopens", "handoffs"):
            return getattr(self, name)
        if name == "tags":
            return list(self.values.get("tags") or [])
        if name in TIMES:
            return Time(self.time(name))
        if name.startswith("custom."):
            kind = self.custom_types.get(name, "text")
            if kind == "time":
                return Time(self.time(name))
            absent = {"number": 0, "boolean": False}.get(kind, "")
            return self.custom[name[7:]] if self.has(name) else absent
        return self.text(name)

    def has(self, name: str) -> bool:
        """`has(custom.X)`: the member is set, to a value of its type (docs/decisions.md 22)."""
        if name.startswith("custom."):
            kind = self.custom_types.get(name, "text")
            return fits(kind, self.custom.get(name[7:]))
        return self.values.get(name) is not None


def fits(kind: str, value: Any) -> bool:
    """Whether a value is of the declared type of its attribute."""
    if kind == "boolean" or isinstance(value, bool):
        return kind in ("boolean", "text") and isinstance(value, bool)
    wanted: tuple[type, ...] = {"number": (int, float), "time": (int,)}.get(kind, (object,))
    return value is not None and isinstance(value, wanted)


@dataclass(frozen=True)
class Moment:
    """One event as the clocks see it."""

    t: int
    type: str
    data: dict[str, Any]
    first: bool
    echo: bool
    before: View | None
    after: View
    spoke: bool  # a customer has spoken while the class is `waiting_customer` (D12)
    silent: bool = False  # an edition came into force: "as if an event had come that says nothing"

    @property
    def is_comment(self) -> bool:
        return self.type == "incident.commented"

    @property
    def author(self) -> str:
        return str(self.data.get("author") or "")

    @property
    def author_id(self) -> str:
        value = self.data.get("author_id")
        return "" if value is None else str(value)

    @property
    def public(self) -> bool:
        """ "`public` (true unless said)"; an event that speaks of no author has none."""
        return bool(self.author) and self.data.get("public") is not False

    @property
    def customer_comment(self) -> bool:
        return self.is_comment and not self.echo and self.public and self.author == "customer"

    @property
    def acknowledged(self) -> bool:
        return self.type == "incident.acknowledged" and not self.echo

    @property
    def assigned(self) -> bool:
        """An assignee was set, and not by the engine itself."""
        return not self.echo and bool(self.data.get("assignee"))

    @property
    def reopened(self) -> bool:
        return self.before is not None and self.before.done and not self.after.done

    @property
    def gone(self) -> bool:
        return self.type in ("incident.deleted", "incident.merged")

    def test(self, condition: Condition | None) -> bool:
        """The condition on this event, with `event.*`."""
        return truth(condition, self.after, self)


def truth(
    condition: Condition | None, view: View, moment: Moment | None = None, score: int = 0
) -> bool:
    """ "Conditions on `event.*` are false between events": without a moment such a part is."""
    if condition is None:
        return False

    def lookup(name: str) -> Any:
        if name.startswith("event."):
            if moment is None or moment.silent:
                return Nothing()
            part = name[6:]
            return moment.type if part == "type" else getattr(moment, part)
        return score if name == "score" else view.lookup(name)

    return condition.holds(lookup, view.has)


@dataclass
class Counts:
    """What was counted of an incident, by the labels in force when it happened."""

    reopens: int = 0
    handoffs: int = 0


class Directory:
    """The customers of the edition in force, and on them what `customer.updated` said: it "applies
    from its `time` on", also to the entries of a later edition."""

    def __init__(self, customers: dict[str, dict[str, Any]]) -> None:
        self.entries = dict(customers)
        self._updates: list[tuple[str, dict[str, Any]]] = []

    def update(self, customer: str, data: dict[str, Any]) -> None:
        """`customer.updated`: "the attributes of `customers`, null unsets"."""
        self._updates.append((customer, data))
        self._enter(customer, data)

    def edit(self, customers: dict[str, dict[str, Any]]) -> None:
        """Another edition came into force."""
        self.entries = dict(customers)
        for customer, data in self._updates:
            self._enter(customer, data)

    def _enter(self, customer: str, data: dict[str, Any]) -> None:
        entry = dict(self.entries.get(customer, {}))
        for name, value in data.items():
            if name in DIRECTORY or name == "valid":
                entry.pop(name, None)
                if value is not None:
                    entry[name] = value if name == "valid" else str(value)
        self.entries[customer] = entry


@dataclass
class Record:
    """The fold of an incident's attributes."""

    policies: Policies
    tenant: str
    incident: str
    actors: tuple[str, ...]
    directory: Directory
    own: dict[str, Any] = field(default_factory=dict)
    custom: dict[str, Any] = field(default_factory=dict)
    opened: int | None = None
    inferred: bool = False
    counts: Counts = field(default_factory=Counts)
    csat: int | None = None
    spoke: bool = False
    view: View | None = None
    moments: list[Moment] = field(default_factory=list)

    def edit(self, t: int, *, counting: bool) -> Moment:
        """Another edition came into force: the directory may say something else."""
        before = self.view
        assert before is not None
        self.view = self._look(t)
        self._count(before, self.view, counting)
        self.view = self._look(t)
        moment = Moment(t, "", {}, False, False, before, self.view, self.spoke, silent=True)
        self.moments.append(moment)
        return moment

    def apply(self, t: int, kind: str, data: dict[str, Any], *, counting: bool) -> Moment:
        """Apply one event's attributes; returns what the clocks need to know of it. The record of
        the edition in force counts what is counted once: reopenings and hand-offs."""
        before = self.view
        echo = data.get("actor") in self.actors
        first = before is None
        if first:
            # "The first event of an unknown incident opens it, at its `time` or `opened_at`."
            self.opened = self._opened(t, data)
            self.inferred = kind != "incident.created"
        elif kind == "incident.created" and self.inferred:
            # "a later `created` corrects it"
            self.opened = self._opened(t, data)
            self.inferred = False
        self._set_attributes(kind, data)
        if kind == "incident.rated" and data.get("csat") is not None:
            self.csat = int(data["csat"])
        after = self._look(t)
        if before is not None:
            self._count(before, after, counting)
        comment = kind == "incident.commented" and data.get("author") == "customer"
        if comment and not echo and data.get("public") is not False:
            self.spoke = self.spoke or after.status_class == "waiting_customer"
        self.view = self._look(t)
        moment = Moment(t, kind, data, first, echo, before, self.view, self.spoke)
        self.moments.append(moment)
        return moment

    def _count(self, before: View, after: View, counting: bool) -> None:
        if counting and before.done and not after.done:
            self.counts.reopens += 1
        teams = (before.text("team"), after.text("team"))
        if counting and all(teams) and teams[0] != teams[1]:
            self.counts.handoffs += 1
        if before.text("status") != after.text("status"):
            # D12 holds "until the status changes again"
            self.spoke = False

    def _opened(self, t: int, data: dict[str, Any]) -> int:
        given = data.get("opened_at")
        return t if given is None else min(t, parse_time(given))

    def _set_attributes(self, kind: str, data: dict[str, Any]) -> None:
        """ "a partial update, on every type; `null` unsets, absent leaves as it is, lists
        replace"; "Numbers given for text become text"."""
        for name in TEXTS:
            if name in data:
                value = data[name]
                self.own[name] = None if value is None else _as_text(value)
        if self.own.get("title"):
            self.own["title"] = self.own["title"][:200]
        for name in TIMES:
            if name in data and kind != "incident.absorbed":
                self.own[name] = None if data[name] is None else parse_time(data[name])
        if "tags" in data:
            self.own["tags"] = None if data["tags"] is None else [_as_text(x) for x in data["tags"]]
        if "custom" in data:
            if data["custom"] is None:
                self.custom = {}
            else:
                self.custom = {**self.custom, **data["custom"]}
                self.custom = {k: v for k, v in self.custom.items() if v is not None}
        if kind in STATUS_OF and data.get("status") is None:
            # "set the status `resolved`, `closed`, `open` unless they carry one"
            self.own["status"] = STATUS_OF[kind]

    def _typed(self, custom: dict[str, Any]) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for name, value in custom.items():
            kind = self.policies.attribute_types.get(f"custom.{name}", "text")
            if value is not None and kind == "time":
                value = parse_time(value)
            elif value is not None and kind == "text":
                value = _as_text(value)
            out[name] = value
        return out

    def _look(self, t: int) -> View:
        """What events set, else what the directory says at `t`, else the declared default."""
        values = {name: value for name, value in self.own.items() if value not in (None, "")}
        entry = self.directory.entries.get(values.get("customer", ""), {})
        begin, end = valid_window(entry.get("valid"))
        if (begin is None or begin <= t) and (end is None or t < end):
            for name in DIRECTORY:
                if entry.get(name) and name not in values:
                    values[name] = entry[name]
        for name, value in self.policies.attribute_defaults.items():
            if not name.startswith("custom."):
                values.setdefault(name, value)
        custom = self._typed(self.custom)
        for name, value in self.policies.attribute_defaults.items():
            if name.startswith("custom."):
                custom.setdefault(name[7:], value)
        if "priority" in values:
            values["priority"] = self.policies.priority(values["priority"])
        values.setdefault("opened_at", self.opened)
        return View(
            values=values,
            custom=custom,
            custom_types={k: v for k, v in self.policies.attribute_types.items()},
            status_class=self.policies.status_class(values.get("status", "")),
            reopens=self.counts.reopens,
            handoffs=self.counts.handoffs,
            csat=self.csat,
        )


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
