"""What the log says from outside: a reader of its own, and the net of what it read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from sla_engine.engine.ports import LogReader, StoredRecord

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)

RETRACTED: Final = "sla.alert.retracted"
AMENDED: Final = "sla.alert.amended"
#: Members that tell when and how an alert was sent, not what it says (contracts section 4).
_OF_THE_SENDING: Final = ("fired_at", "late_by_ms", "late", "revision", "alert", "active")


def instant_of(text: str) -> int:
    """Milliseconds of a time as alerts carry it, without the kernels that read events."""
    return (datetime.fromisoformat(text) - _EPOCH) // _MS


@dataclass(frozen=True, slots=True)
class Alert:
    """One record of `alerts`: its event, and when the log took it (ms)."""

    event: dict[str, Any]
    append_ms: int

    @property
    def id(self) -> str:
        return str(self.event["id"])

    @property
    def time_ms(self) -> int:
        """The computed instant."""
        return instant_of(self.event["time"])

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = self.event["data"]
        return data

    @property
    def is_correction(self) -> bool:
        return self.event["type"] in (RETRACTED, AMENDED)


class Tail:
    """Reads a topic from where it stood: `new()` gives what came since the last call."""

    def __init__(
        self, reader: LogReader, topic: str, partitions: int, *, from_end: bool = False
    ) -> None:
        self._reader = reader
        self._topic = topic
        self._next = {p: reader.bounds(topic, p)[1 if from_end else 0] for p in range(partitions)}

    def new(self) -> Iterator[StoredRecord]:
        """Records behind those given before, partition by partition."""
        for partition, start in list(self._next.items()):
            first, end = self._reader.bounds(self._topic, partition)
            for record in self._reader.read(self._topic, partition, max(start, first), end):
                self._next[partition] = record.offset + 1
                yield record


def alert_of(record: StoredRecord) -> Alert | None:
    """The alert in a record; None for a record that is none."""
    if not record.value:
        return None
    event = orjson.loads(record.value)
    return Alert(event, record.append_ms) if isinstance(event, dict) else None


@dataclass
class Received:
    """What a consumer of the alerts has: each id once, however often it came."""

    by_id: dict[str, Alert] = field(default_factory=dict)
    repeated: int = 0

    def take(self, alert: Alert) -> bool:
        """Take an alert; False when its id was seen before."""
        if alert.id in self.by_id:
            self.repeated += 1
            return False
        self.by_id[alert.id] = alert
        return True

    def net(self, until_ms: int) -> dict[str, dict[str, Any]]:
        """id -> content of the alerts up to that instant: sent minus retracted, as amended."""
        return net_of((alert.event for alert in self.by_id.values()), until_ms)


def net_of(events: Iterable[Mapping[str, Any]], until_ms: int) -> dict[str, dict[str, Any]]:
    """id -> content of what is valid of these alerts and corrections, compared as in section 4."""
    sent: dict[str, Mapping[str, Any]] = {}
    newest: dict[str, Mapping[str, Any]] = {}
    for event in events:
        if event["type"] not in (RETRACTED, AMENDED):
            sent[str(event["id"])] = event
            continue
        alert = str(event["data"]["alert"])
        known = newest.get(alert)
        if known is None or int(known["data"]["revision"]) < int(event["data"]["revision"]):
            newest[alert] = event
    for alert, event in newest.items():
        if event["type"] == RETRACTED:
            sent.pop(alert, None)
        elif alert in sent:
            sent[alert] = event
    return {
        alert: {
            "time": event["time"],
            **{name: value for name, value in event["data"].items() if name not in _OF_THE_SENDING},
        }
        for alert, event in sent.items()
        if instant_of(str(event["time"])) <= until_ms
    }
