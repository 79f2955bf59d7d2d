"""Alerts on the topic that the store knows nothing of: they outlived a rollback of Redis.

At a claim the tail of `alerts` behind the acknowledged position is read and taken as sent. Until
the partition has caught up with the log again, nothing leaves about these alerts: what receivers
have is newer than what the log has been read to. Then whatever of it the clean stream would not
have sent is corrected, not forgotten (design section 5).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from sla_engine.engine.outgoing import (
    AMENDED,
    CLEARED,
    RETRACTED,
    Sent,
    content_of,
    corrections,
    instant,
    sent_of,
    unsettled,
)
from sla_engine.engine.owned import Owned
from sla_engine.engine.ports import LogReader
from sla_engine.engine.turn import valid_alerts
from sla_engine.event.hashing import incident_key
from sla_engine.event.packed import unpack_all
from sla_engine.event.times import format_time
from sla_engine.event.tombstone import is_forgotten
from sla_engine.limits import ALERTS_TAIL_MAX


@dataclass
class ForeignAlerts:
    """By incident: alerts found on the topic, as they stand after all corrections there."""

    found: dict[tuple[str, str], dict[str, Sent]] = field(default_factory=dict)
    newest_ms: int = -1  # the latest instant that any of them is about

    @classmethod
    def read(cls, reader: LogReader, owned: Owned) -> ForeignAlerts:
        """The tail of the partition of `alerts` behind the position that is acknowledged."""
        made = cls()
        first, end = reader.bounds("alerts", owned.number)
        start = max(first, owned.alerts_position, end - ALERTS_TAIL_MAX)
        for record in reader.read("alerts", owned.number, start, end):
            if record.value:
                made.add(orjson.loads(record.value))
            owned.alerts_position = record.offset + 1
        owned.holds_position = bool(made.found)
        return made

    def add(self, event: dict[str, Any]) -> None:
        """One record of the topic."""
        incident = (event["tenant"], event["subject"])
        known = self.found.setdefault(incident, {})
        data = event["data"]
        if event["type"] == RETRACTED:
            if data["alert"] in known:
                known[data["alert"]].active = False
                known[data["alert"]].revision = data["revision"]
            return
        identity = data["alert"] if event["type"] == AMENDED else event["id"]
        kind = event["type"]
        if kind == AMENDED and str(data.get("threshold", "")).startswith("cleared"):
            kind = CLEARED
        self.newest_ms = max(self.newest_ms, instant(event["time"]))
        known[identity] = Sent(
            identity,
            kind,
            event["time"],
            data.get("due"),
            -1,
            revision=data.get("revision", 0),
            content=content_of(data),
        )

    def settle(self, owned: Owned) -> bool:
        """Compare with what the incidents say now; True when a turn has something to commit."""
        changed = False
        owned.turn.outlived = {}
        for (tenant, subject), alerts in self.found.items():
            row = owned.partition.find(*incident_key(tenant, subject))
            if row < 0:
                leaving = corrections(alerts, [], format_time(owned.clock.value_ms))
                owned.turn.outgoing.extend(leaving)
                changed |= bool(leaving)
                continue
            history = owned.turn.history(row)
            known = sent_of(history)
            strange = unsettled(alerts, known)
            for entry in strange.values():
                # Once told it stays told, also when it stands corrected already.
                owned.partition.append_history(row, entry.packed())
            if strange and not is_forgotten(history):
                owned.turn.compare(row, unpack_all(history), {**known, **strange})
            changed |= bool(strange)
        return changed


__all__ = ["ForeignAlerts", "valid_alerts"]
