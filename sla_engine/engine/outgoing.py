"""What leaves: rendered alerts, what was sent of each incident, corrections.

A sent alert is remembered in its incident's history as a SENT entry; comparing those with the
valid alerts of a refold gives retractions, amendments and late alerts (contracts section 2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Final
from urllib.parse import unquote

import orjson

from sla_engine.event.layout import EventType
from sla_engine.event.packed import opaque_payloads, pack_opaque
from sla_engine.event.times import parse_time_text
from sla_engine.limits import LATE_FROM_MS

RETRACTED = "sla.alert.retracted"
AMENDED = "sla.alert.amended"
CLEARED = "sla.alert.cleared"

#: Members that tell when, how and under which version an alert left; the others are its content.
_OF_THE_SENDING: Final = frozenset(
    {
        *("fired_at", "late_by_ms", "late", "policy_version", "calendar_version"),
        *("alert", "revision", "active"),
    }
)
_DIGEST_BYTES: Final = 8


@dataclass
class Sent:
    """One alert as it stands with the receivers."""

    id: str
    type: str
    time: str
    due: str | None
    started: int
    active: bool = True
    revision: int = 0
    content: str = ""  # `content_of`; "" in entries written without it

    def packed(self) -> bytes:
        """As a history entry."""
        payload = [
            self.id, self.type, self.time, self.due, self.started, self.active, self.revision,
            self.content,
        ]  # fmt: skip
        return pack_opaque(EventType.SENT, orjson.dumps(payload))


@dataclass
class Outgoing:
    """An event to put on `alerts`, and the history entry that remembers it."""

    event: dict[str, Any]
    remembered: Sent
    score: int = 0
    key: bytes = b""
    at_ms: int | None = None  # `time_ms`, where it is known

    @property
    def time_ms(self) -> int:
        """The instant of the alert it is about."""
        return instant(self.remembered.time) if self.at_ms is None else self.at_ms

    def value(self) -> bytes:
        """The bytes of the record."""
        return orjson.dumps(self.event)


def sent_of(history: bytes) -> dict[str, Sent]:
    """What was sent of an incident, by alert id, in the order it was first sent."""
    found: dict[str, Sent] = {}
    for payload in opaque_payloads(history):
        entry = Sent(*orjson.loads(payload))
        found[entry.id] = entry
    return found


def unsettled(found: Mapping[str, Sent], known: Mapping[str, Sent]) -> dict[str, Sent]:
    """Of the alerts `found` on the topic those that history does not know, or not as corrected."""
    return {
        identity: entry
        for identity, entry in found.items()
        if identity not in known or known[identity].revision < entry.revision
    }


def first_sending(event: dict[str, Any], started: int) -> Outgoing:
    """An alert that goes out for the first time."""
    data = event["data"]
    sent = Sent(
        event["id"], event["type"], event["time"], data.get("due"), started,
        content=content_of(data),
    )  # fmt: skip
    return Outgoing(event, sent, int(data.get("score") or 0), event["subject"].encode())


def sending(known: Sent | None, event: dict[str, Any], started: int) -> Outgoing | None:
    """What leaves when a clock reaches a step; `known` is the same alert as sent before.

    A step that was retracted may be reached again: then the receivers, who drop seen ids, hear
    of it by an amendment. What they have as it is, leaves no second time.
    """
    if known is None:
        return first_sending(event, started)
    if known.active and not (differs(known, event, started) or says_else(known, event)):
        return None
    late = event["data"].get("late")
    again = _amendment(known, event, started, event["data"]["fired_at"])
    again.event["data"]["late"] = late
    return again


def corrections(
    sent: dict[str, Sent],
    valid: Sequence[tuple[dict[str, Any], int]],
    fired_at: str,
    *,
    late: bool = True,
) -> list[Outgoing]:
    """What must leave so that the receivers' net view is the valid alerts.

    `valid` are (event, start of its cycle in ms). Sent but not valid: retracted. Valid and sent
    with another due or start: amended. Valid and unsent: sent, marked late. Retracted and valid
    again: amended with `active: true`. `late`: a late event is the cause of it all.
    """
    leaving: list[Outgoing] = []
    by_id = {event["id"]: (event, started) for event, started in valid}
    for identity, entry in sent.items():
        if entry.active and identity not in by_id:
            leaving.append(_retraction(entry, fired_at))
    for identity, (event, started) in by_id.items():
        known = sent.get(identity)
        if known is None:
            _decided(event, fired_at, late=late)
            leaving.append(first_sending(event, started))
        elif (
            not known.active or differs(known, event, started) or (late and says_else(known, event))
        ):
            leaving.append(_amendment(known, event, started, fired_at))
    return leaving


def _decided(event: dict[str, Any], fired_at: str, *, late: bool) -> None:
    """A fold of the whole history renders an alert as of its instant: say when it was decided."""
    data = event["data"]
    by_ms = max(0, instant(fired_at) - instant(event["time"]))
    data["fired_at"] = fired_at if by_ms else event["time"]
    data["late_by_ms"] = by_ms
    if late:
        data["late"] = "late_event"
    elif data.get("late") is None and by_ms >= LATE_FROM_MS:
        data["late"] = "outage"


def differs(known: Sent, event: dict[str, Any], started: int) -> bool:
    """Whether a sent alert says another due, start or instant than the valid one."""
    return (
        known.due != event["data"].get("due")
        or (known.started >= 0 and known.started != started)
        or known.time != event["time"]
    )


def content_of(data: dict[str, Any]) -> str:
    """A digest of what a receiver reads in an alert's `data`, however and whenever it left."""
    told = data.copy()
    for name in _OF_THE_SENDING:
        told.pop(name, None)
    text = orjson.dumps(told, option=orjson.OPT_SORT_KEYS)
    return blake2b(text, digest_size=_DIGEST_BYTES).hexdigest()


def says_else(known: Sent, event: dict[str, Any]) -> bool:
    """Whether a sent alert says anything else than the valid one: title, recipients, score."""
    return bool(known.content) and known.content != content_of(event["data"])


def _retraction(entry: Sent, fired_at: str) -> Outgoing:
    revision = entry.revision + 1
    tenant, subject = _address(entry.id)
    event = {
        "specversion": "1.0",
        "id": f"{entry.id}~{revision}",
        "source": "sla-engine",
        "type": RETRACTED,
        "subject": subject,
        "time": fired_at,
        "tenant": tenant,
        "data": {
            "tenant": tenant,
            "incident": subject,
            "alert": entry.id,
            "revision": revision,
            "fired_at": fired_at,
        },
    }
    after = replace(entry, active=False, revision=revision)
    return Outgoing(event, after, 0, subject.encode())


def _amendment(known: Sent, event: dict[str, Any], started: int, fired_at: str) -> Outgoing:
    revision = known.revision + 1
    data = {**event["data"], "alert": known.id, "revision": revision, "late": "late_event"}
    data["fired_at"] = fired_at
    if not known.active:
        data["active"] = True
    amended = {**event, "id": f"{known.id}~{revision}", "type": AMENDED, "data": data}
    after = Sent(
        known.id, known.type, event["time"], data.get("due"), started, True, revision,
        content_of(data),
    )  # fmt: skip
    return Outgoing(amended, after, int(data.get("score") or 0), event["subject"].encode())


def instant(text: str) -> int:
    """Milliseconds of a written time."""
    return parse_time_text(text)


def _address(identity: str) -> tuple[str, str]:
    tenant, subject, _ = identity.split("/", 2)
    return unquote(tenant), unquote(subject)
