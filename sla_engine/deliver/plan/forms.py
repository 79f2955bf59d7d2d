"""Messages as the HTTP requests of each kind of receiver; pure, time is handed in.

Secrets are handed in as texts: those that `deliver.secrets` has under the destination's name for
them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from jinja2 import Template

from sla_engine.deliver.plan import words
from sla_engine.deliver.plan.message import Message, Request
from sla_engine.deliver.plan.routing import FOLLOWERS, clock_of, concerned, word_of
from sla_engine.deliver.plan.signing import signed_headers
from sla_engine.deliver.plan.templates import rendered, rendered_json
from sla_engine.event.times import format_time
from sla_engine.limits import DELIVER_LISTED_MAX

JSON_TYPE: Final = {"Content-Type": "application/json"}


def webhook(
    message: Message, url: str, keys: Sequence[bytes], template: Template | None, now_ms: int
) -> Request:
    """A Standard Webhook: `{type, timestamp, data}`, of a single alert its own `data`."""
    body = (
        orjson.dumps(payload_of(message)) if template is None else rendered_json(template, message)
    )
    headers = JSON_TYPE | signed_headers(keys, message.id, now_ms // 1000, body)
    return Request("POST", url, headers, body)


def payload_of(message: Message) -> dict[str, Any]:
    """The body of a webhook; a group lists its first alerts and says where all of them are."""
    first = message.alerts[0]
    if not message.grouped:
        data = {"id": first["id"], **first["data"]}
        return {"type": first["type"], "timestamp": first["time"], "data": data}
    last = max(str(event["time"]) for event in message.alerts)
    listed = [
        {"id": event["id"], "type": event["type"], "time": event["time"], **event["data"]}
        for event in message.alerts[:DELIVER_LISTED_MAX]
    ]
    data = {
        "labels": dict(message.labels),
        "count": len(message.alerts),
        "list": message.list_at or None,
        "alerts": listed,
    }
    return {"type": "sla.alerts.group", "timestamp": last, "data": data}


# ------------------------------------------------------------------ Slack

_SECTION_CHARS: Final = 3_000
"""Text of one section block (docs.slack.dev, "Section block")."""
_HEADER_CHARS: Final = 150


def slack(message: Message, url: str, text: Template | None, body: Template | None) -> Request:
    """An incoming webhook (docs.slack.dev, "Sending messages using incoming webhooks")."""
    if body is not None:
        return Request("POST", url, JSON_TYPE, rendered_json(body, message))
    head = words.subject(message) if text is None else rendered(text, message)
    blocks: list[dict[str, Any]] = [_section(f"*{_slack_text(head[:_HEADER_CHARS])}*")]
    if message.grouped or text is None:
        blocks.append(_section(_slack_text(words.body(message))))
    payload = {"text": _slack_text(head), "blocks": blocks}
    return Request("POST", url, JSON_TYPE, orjson.dumps(payload))


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:_SECTION_CHARS]}}


def _slack_text(text: str) -> str:
    """The three characters that Slack reads as markup of its own, escaped."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# ------------------------------------------------------------------ PagerDuty

_DEDUP_CHARS: Final = 255
_SUMMARY_CHARS: Final = 1_024
_SEVERITIES: Final = {"warning": "warning", "breached": "error", "escalation": "critical"}


def pagerduty(message: Message, url: str, routing_key: str) -> list[Request]:
    """Events API v2 (developer.pagerduty.com, "Send an Alert Event"): one incident per clock.

    Warning, breach and escalations of a clock's cycle have one `dedup_key`. Cleared resolves it; a
    retraction does when no other alert of the clock is valid there.
    """
    if message.over:
        return []
    return [
        Request("POST", url, JSON_TYPE, orjson.dumps(said))
        for event in message.alerts
        if (said := _pagerduty_event(event, routing_key, message)) is not None
    ]


def _pagerduty_event(
    event: Mapping[str, Any], routing_key: str, message: Message
) -> dict[str, Any] | None:
    word = word_of(event)
    key = clock_of(event)
    if len(key) > _DEDUP_CHARS:
        from hashlib import sha256

        key = sha256(key.encode()).hexdigest()
    said: dict[str, Any] = {"routing_key": routing_key, "dedup_key": key}
    if word in ("cleared", "retracted"):
        return None if message.valid else {**said, "event_action": "resolve"}
    data = event["data"]
    first = message.first.get(str(data.get("alert", "")), event)
    payload = {
        "summary": words.line(event)[:_SUMMARY_CHARS],
        "source": "sla-engine",
        "severity": _SEVERITIES.get(word_of(first), "error"),
        "timestamp": event["time"],
        "component": data.get("clock"),
        "group": data.get("set"),
        "class": event["type"],
        "custom_details": {"id": event["id"], **data},
    }
    links = [{"href": data["url"], "text": event["subject"]}] if data.get("url") else []
    return {**said, "event_action": "trigger", "payload": payload, "links": links}


# ------------------------------------------------------------------ Alertmanager


def alertmanager(
    message: Message, url: str, headers: Mapping[str, str], names: Sequence[str], until_ms: int
) -> Request | None:
    """API v2 (prometheus/alertmanager, api/v2/openapi.yaml): alerts that begin, or end now.

    `until_ms`: when those end by themselves that are not sent again. None: nothing to say.
    """
    posted: list[dict[str, Any]] = []
    if message.over:
        return None
    for event in message.alerts:
        word = word_of(event)
        if word == "amended":
            first = message.first.get(str(event["data"]["alert"]), event)
            posted.append(alertmanager_alert(first, names, format_time(until_ms), told=event))
        elif word in FOLLOWERS:
            posted += [
                alertmanager_alert(message.first[identity], names, str(event["time"]))
                for identity in concerned(event)
                if identity in message.first
            ]
        else:
            posted.append(alertmanager_alert(event, names, format_time(until_ms)))
    return alertmanager_post(posted, url, headers) if posted else None


def alertmanager_post(
    alerts: Sequence[Mapping[str, Any]], url: str, headers: Mapping[str, str]
) -> Request:
    """The request for some alerts."""
    return Request("POST", f"{url}/api/v2/alerts", JSON_TYPE | dict(headers), orjson.dumps(alerts))


def alertmanager_alert(
    event: Mapping[str, Any],
    names: Sequence[str],
    ends: str,
    told: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """One alert. Its labels are what never changes: an amendment speaks in annotations."""
    data, said = event["data"], (told or event)
    labels = {
        "alertname": "Sla" + word_of(event).capitalize(),
        "severity": words.SEVERITIES.get(word_of(event), "info"),
        **{
            name: str(data[name])
            for name in ("tenant", "incident", "set", "clock", "cycle", "threshold")
            if data.get(name) is not None
        },
    }
    attributes = data.get("attributes") or {}
    labels |= {
        name: str(attributes[name]) for name in names if attributes.get(name) not in (None, "", [])
    }
    annotations = {
        "summary": words.line(said),
        "id": str(said["id"]),
        "due": str(said["data"].get("due") or ""),
        "policy": str(said["data"].get("policy") or ""),
    }
    # An end before the beginning is refused; a clock may be cleared by a late event before it.
    starts = min(str(event["time"]), ends)
    alert = {"labels": labels, "annotations": annotations, "startsAt": starts, "endsAt": ends}
    url = str(data.get("url") or "")
    return alert | ({"generatorURL": url} if url.startswith(("http://", "https://")) else {})
