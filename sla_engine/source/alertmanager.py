"""Alertmanager's webhook notifications to events: an incident for every alert, each time it fires.

Document: prometheus.io/docs/alerting/latest/configuration, section webhook_config. A notification
is sent again while its alerts fire, and by every replica. So events are made of what all of these
have in common - labels and times - and of nothing that varies: annotations and addresses would make
one event's repetitions contradict each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sla_engine.errors import EventError
from sla_engine.limits import CUSTOM_MEMBERS_MAX, TEXT_BYTES_MAX
from sla_engine.source.model import Event, Translated, event_of
from sla_engine.source.reading import instant, listed, lower, member, needed, present, record, text

#: Label -> attribute; all other labels are members of `custom`.
LABELS: Final = {
    "alertname": "title",
    "severity": "priority",
    "team": "team",
    "customer": "customer",
    "service": "product",
    "region": "region",
}


def translate(payload: Mapping[str, Any], source: str) -> Translated:
    """See `model.Translate`."""
    alerts = listed(payload, "alerts")
    if member(payload, "version") != "4" or not alerts:
        raise EventError("alerts: is missing, or version is not 4; is this Alertmanager's payload?")
    events: list[Event] = []
    for i, alert in enumerate(alerts):
        if not isinstance(alert, Mapping):
            raise EventError(f"alerts[{i}]: is no object; is this Alertmanager's payload?")
        events += _alert({f"alerts[{i}]": alert}, f"alerts[{i}]", source)
    cut = member(payload, "truncatedAlerts")
    if isinstance(cut, int) and cut > 0:
        why = f"{cut} alerts were left out by the sender; set max_alerts of its receiver to 0"
        return Translated(tuple(events), (why,))
    return Translated(tuple(events))


def _alert(payload: Mapping[str, Any], at: str, source: str) -> list[Event]:
    """Opened when it began to fire; resolved when it ended, which says when it began too."""
    began = instant(payload, at, "startsAt")
    subject = f"{needed(payload, at, 'fingerprint')}/{began}"
    data = _attributes(record(payload, at, "labels")) | {"opened_at": began}
    status = needed(payload, at, "status")
    if status == "firing":
        identity = f"{subject}/firing"
        return [event_of(source, "incident.created", subject, identity, began, data)]
    if status == "resolved":
        ended = instant(payload, at, "endsAt")
        identity = f"{subject}/resolved/{ended}"
        return [event_of(source, "incident.resolved", subject, identity, ended, data)]
    raise EventError(f"{at}.status: is neither firing nor resolved; is this Alertmanager's?")


def _attributes(labels: Mapping[str, Any]) -> Event:
    texts = {name: text(labels, name) for name in sorted(labels)}
    found = {attribute: texts.pop(label, None) for label, attribute in LABELS.items()}
    found["priority"] = lower(found["priority"])
    custom = {
        name: value
        for name, value in texts.items()
        if name and value and max(len(name.encode()), len(value.encode())) <= TEXT_BYTES_MAX
    }
    kept = dict(list(custom.items())[:CUSTOM_MEMBERS_MAX])
    return present(**found, kind="alert", channel="alertmanager", custom=kept or None)
