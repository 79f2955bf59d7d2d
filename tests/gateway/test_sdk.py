"""The CloudEvents SDK of another author as the sender, in every mode."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.core.bindings.http import HTTPMessage, to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from tests.gateway.serving import BATCH, PROVEN, Gateway, MemoryLog

TIME = datetime(2026, 11, 23, 9, 0, 0, 125_000, UTC)
DATA = {"title": "Übergabe fehlt: \u20ac 5 \U0001f4e6", "priority": "high", "custom": {"n": 2.5}}


def sdk_event(identity: str, **attributes: Any) -> CloudEvent:
    given = {"id": identity, "source": "desk/ü", "type": "incident.created", "specversion": "1.0"}
    rest = {"subject": '4711 "a" 100%', "time": TIME, "tenant": "acme", "sequence": "7"}
    return CloudEvent(attributes={**given, **rest, **attributes}, data=DATA)


def as_taken(identity: str) -> dict[str, Any]:
    attributes = {"source": "desk/ü", "type": "incident.created", "subject": '4711 "a" 100%'}
    attributes |= {"specversion": "1.0", "tenant": "acme", "sequence": "7", "id": identity}
    return {**attributes, "data": DATA}


def sent(door: Gateway, message: HTTPMessage) -> int:
    headers = {**message.headers, **PROVEN}
    return door.client.post("/v1/events", content=message.body, headers=headers).status_code


@pytest.mark.parametrize("write", [to_structured, to_binary])
@pytest.mark.parametrize("attributes", [{}, {"datacontenttype": "application/json"}])
def test_what_the_sdk_sends_is_the_event_that_was_made(
    door: Gateway, log: MemoryLog, write: Any, attributes: dict[str, str]
) -> None:
    assert sent(door, write(sdk_event("1", **attributes), JSONFormat())) == 202
    (taken,) = log.events
    time = taken.pop("time")
    assert datetime.fromisoformat(time) == TIME
    taken.pop("datacontenttype", None)
    assert taken == as_taken("1")


def test_a_batch_of_the_sdks_events(door: Gateway, log: MemoryLog) -> None:
    """The SDK writes single events; a batch is a JSON array of them (HTTP binding, 3.3)."""
    bodies = [JSONFormat().write(sdk_event(str(i))) for i in range(50)]
    message = HTTPMessage(headers=BATCH, body=b"[" + b",".join(bodies) + b"]")
    assert sent(door, message) == 202
    assert [event["id"] for event in log.events] == [str(i) for i in range(50)]
    assert log.events[-1]["data"] == DATA
