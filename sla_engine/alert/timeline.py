"""What an incident's attributes were after each of its events, for alerts and reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sla_engine.alert.ids import encoded
from sla_engine.event.cloudevent import plain_value
from sla_engine.event.layout import EventType, Member, SpanKind
from sla_engine.event.plain import PlainEvents, PlainSpan
from sla_engine.policy.directory import Directory
from sla_engine.policy.editions import Edition
from sla_engine.policy.model import PolicySet, Value
from sla_engine.policy.profile import fill, status_class

_FIRST, _LAST = int(Member.TITLE), int(Member.CUSTOM)
_NAMES = {int(member): member.name.lower() for member in Member if _FIRST <= member <= _LAST}
_IMPLIED = {
    int(EventType.RESOLVED): "resolved",
    int(EventType.CLOSED): "closed",
    int(EventType.REOPENED): "open",
}
# Plain numbers: looking a member of an enumeration up takes longer than what is done with it.
_CUSTOM, _STATUS, _OPENED_AT = int(Member.CUSTOM), int(Member.STATUS), int(Member.OPENED_AT)
_CUSTOMER_UPDATED, _ABSORBED = int(EventType.CUSTOMER_UPDATED), int(EventType.ABSORBED)
_DELETED, _TEXT = int(EventType.DELETED), int(SpanKind.TEXT)


class Timeline:
    """The attributes of one incident, event by event; `order` are its rows among `events`."""

    def __init__(
        self,
        policies: PolicySet,
        events: PlainEvents,
        order: Sequence[int],
        directory: Directory | None = None,
    ) -> None:
        self._policies = policies
        self._directory = directory if directory is not None else Directory(policies.customers)
        self._events = events
        self._order = order
        self._own: dict[str, Any] = {}
        self._applied = 0
        self._updated_at = 0
        _, _, first, _ = events.event(order[0])
        tenant, incident = events.spans(first, first + 2)
        self.tenant, self.incident = events.text(*tenant[3:5]), events.text(*incident[3:5])
        self.address = f"{encoded(self.tenant)}/{encoded(self.incident)}"  # as a part of an id

    def after(self, events: int, edition: Edition | None = None) -> dict[str, Any]:
        """The attributes in force after that many events: own, else directory, else default.

        `edition`: the one that reads them, if it is another than the newest; when it came into
        force after those events, the directory is that of its begin.
        """
        policies = edition.policies if edition else self._policies
        if events < self._applied:
            self._own = {}
            self._applied = 0
            self._updated_at = 0
        while self._applied < min(events, len(self._order)):
            self._apply(self._order[self._applied])
            self._applied += 1
        values: dict[str, Value] = {
            k: v for k, v in self._own.items() if v or v not in (None, "", [])
        }
        instant = self.time(max(0, self._applied - 1))
        if edition:
            instant = max(instant, edition.begin_ms)
        customer = str(values.get("customer", ""))
        passed = self._updated_at == instant
        entry = self._directory.entry(self.tenant, customer, instant, passed=passed)
        fill(values, policies, entry)
        values["status_class"] = status_class(policies, values.get("status")).name.lower()
        return values

    def time(self, position: int) -> int:
        """The time of the event at a position of the order."""
        return self._events.event(self._order[position])[0]

    def _apply(self, row: int) -> None:
        time, kind, first, spans = self._events.event(row)
        if kind == _CUSTOMER_UPDATED:
            self._updated_at = time
            return
        implied = _IMPLIED.get(kind)
        for span in self._events.spans(first + 4, first + spans):
            member = span[0]
            if member not in _NAMES or (member == _OPENED_AT and kind == _ABSORBED):
                continue
            if member == _CUSTOM:
                self._apply_custom(span)
                continue
            given = self._value(span)
            if member == _STATUS and given is not None:
                implied = None
            self._own[_NAMES[member]] = given
        if implied is not None:
            self._own["status"] = implied
        if kind == _DELETED:
            for personal in ("title", "url", "requester"):
                self._own.pop(personal, None)

    def _apply_custom(self, span: PlainSpan) -> None:
        """One member of `custom`; without a name: all of them are gone."""
        *_, name_start, name_length = span
        if name_length:
            name = self._events.text(name_start, name_length)
            self._own["custom." + name] = self._value(span)
        else:
            self._own = {k: v for k, v in self._own.items() if not k.startswith("custom.")}

    def _value(self, span: PlainSpan) -> Any:
        member, kind, number, start, length, _, _ = span
        written = self._events.text(start, length)
        return written if kind == _TEXT else plain_value(member, kind, number, written)
