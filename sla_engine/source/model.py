"""What an adapter is: a vendor's payload in, events and what was ignored out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sla_engine.event.times import format_time
from sla_engine.source.signature import Scheme

Event = dict[str, Any]

RECEIVED: Final = ""
"""The time of an event whose payload tells none: `dated` writes when it was received."""


@dataclass(frozen=True, slots=True)
class Translated:
    """Events in the payload's order; `ignored` says, for a person, what became none and why."""

    events: tuple[Event, ...] = ()
    ignored: tuple[str, ...] = ()


#: (payload, name of the source) -> events. Pure: the same payload always gives the same events,
#: since a vendor sends one again. EventError for a payload that is not the vendor's.
Translate = Callable[[Mapping[str, Any], str], Translated]


@dataclass(frozen=True, slots=True)
class Source:
    """A vendor: `document` is the public description of its payloads."""

    kind: str
    scheme: Scheme
    translate: Translate
    document: str


def event_of(
    source: str, kind: str, subject: str, identity: str, time: str, data: Mapping[str, Any]
) -> Event:
    """A CloudEvent in structured mode."""
    return {
        "specversion": "1.0",
        "id": identity,
        "source": source,
        "type": kind,
        "subject": subject,
        "time": time,
        "data": dict(data),
    }


def dated(event: Event, now_ms: int) -> Event:
    """An event whose payload tells no time, as of now; any other as it is.

    The time becomes part of the id: two alike webhooks without a time may be two changes.
    """
    if event["time"] != RECEIVED:
        return event
    time = format_time(now_ms)
    return {**event, "time": time, "id": f"{event['id']}@{time}"}
