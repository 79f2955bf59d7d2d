"""What an incident's attributes were after each of its events, for alerts and reports."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sla_engine.event.cloudevent import name, text, value
from sla_engine.event.layout import DecodedBatch, EventType, Member
from sla_engine.policy.directory import Directory
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
_DELETED = int(EventType.DELETED)


class Timeline:
    """The attributes of one incident, event by event."""

    def __init__(
        self,
        policies: PolicySet,
        batch: DecodedBatch,
        order: NDArray[np.int64],
        directory: Directory | None = None,
    ) -> None:
        self._policies = policies
        self._directory = directory if directory is not None else Directory(policies.customers)
        self._batch = batch
        self._order = order
        self._own: dict[str, Any] = {}
        self._applied = 0
        self._updated_at = 0
        first = int(batch.events[order[0]]["span"])
        self.tenant = text(batch.data, batch.spans[first])
        self.incident = text(batch.data, batch.spans[first + 1])

    def after(self, events: int) -> dict[str, Any]:
        """The attributes in force after that many events: own, else directory, else default."""
        if events < self._applied:
            self._own = {}
            self._applied = 0
            self._updated_at = 0
        while self._applied < min(events, len(self._order)):
            self._apply(self._batch.events[self._order[self._applied]])
            self._applied += 1
        values: dict[str, Value] = {k: v for k, v in self._own.items() if v not in (None, "", [])}
        instant = int(self._batch.events[self._order[max(0, self._applied - 1)]]["time"])
        customer = str(values.get("customer", ""))
        passed = self._updated_at == instant
        entry = self._directory.entry(self.tenant, customer, instant, passed=passed)
        fill(values, self._policies, entry)
        values["status_class"] = status_class(self._policies, values.get("status")).name.lower()
        return values

    def time(self, position: int) -> int:
        """The time of the event at a position of the order."""
        return int(self._batch.events[self._order[position]]["time"])

    def _apply(self, event: Any) -> None:
        batch = self._batch
        kind = int(event["type"])
        if kind == _CUSTOMER_UPDATED:
            self._updated_at = int(event["time"])
            return
        implied = _IMPLIED.get(kind)
        first = int(event["span"])
        names = batch.spans.dtype.names or ()
        for row in batch.spans[first + 4 : first + int(event["spans"])].tolist():
            span = dict(zip(names, row, strict=True))
            member = span["member"]
            if member == _OPENED_AT and kind == _ABSORBED:
                continue
            if member == _CUSTOM and not span["name_length"]:
                self._own = {k: v for k, v in self._own.items() if not k.startswith("custom.")}
            elif member == _CUSTOM:
                self._own["custom." + name(batch.data, span)] = value(batch.data, span)
            elif member in _NAMES:
                given = value(batch.data, span)
                if member == _STATUS and given is not None:
                    implied = None
                self._own[_NAMES[member]] = given
        if implied is not None:
            self._own["status"] = implied
        if kind == _DELETED:
            for personal in ("title", "url", "requester"):
                self._own.pop(personal, None)
