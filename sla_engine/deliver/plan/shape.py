"""What a record of `alerts` must be to be delivered: checked once, trusted from there on."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson


class _Action(msgspec.Struct):
    do: str
    to: list[str]
    args: dict[str, Any] | None = None


class _Data(msgspec.Struct):
    incident: str | None = None
    alert: str | None = None
    alerts: list[str] = []
    actions: list[_Action] | None = None
    attributes: dict[str, Any] | None = None
    superseded: bool = False


class _Alert(msgspec.Struct):
    id: str
    type: str
    subject: str
    time: str
    data: _Data


def alert_of(value: bytes) -> dict[str, Any] | None:
    """The alert in a record's bytes; None for what is none, whoever wrote it."""
    try:
        event: dict[str, Any] = orjson.loads(value)
        alert = msgspec.convert(event, _Alert)
    except (ValueError, msgspec.ValidationError):
        return None
    vias = (action.args.get("via") for action in alert.data.actions or () if action.args)
    if not all(via is None or isinstance(via, list) for via in vias):
        return None
    needs_alert = alert.type in ("sla.alert.retracted", "sla.alert.amended")
    return None if needs_alert and alert.data.alert is None else event
