"""What a message says in words, where no template says it otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sla_engine.deliver.plan.message import Message
from sla_engine.deliver.plan.routing import word_of
from sla_engine.limits import DELIVER_LISTED_MAX

SEVERITIES: Final = {"warning": "warning", "breached": "critical", "escalation": "critical"}


def subject(message: Message) -> str:
    """One line: of a single alert what and where, of a group how many of which kinds."""
    if len(message.alerts) == 1:
        return line(message.alerts[0])
    counts: dict[str, int] = {}
    for event in message.alerts:
        word = word_of(event)
        counts[word] = counts.get(word, 0) + 1
    told = ", ".join(f"{count} {word}" for word, count in counts.items())
    labels = ", ".join(f"{name} {value or '-'}" for name, value in message.labels.items())
    return f"{told} ({labels})" if labels else told


def line(event: Mapping[str, Any]) -> str:
    """One alert on one line."""
    data = event["data"]
    word = word_of(event)
    incident = data.get("incident") or event["subject"]
    if "clock" not in data:
        return f"{word}: {incident} ({data.get('alert')})"
    parts = [f"{word}: {incident} {data['clock']}"]
    if word == "escalation":
        parts.append(f"level {data.get('level')}")
    if data.get("title"):
        parts.append(str(data["title"]))
    if data.get("due"):
        parts.append(f"due {data['due']}")
    return ", ".join(parts)


def body(message: Message) -> str:
    """Every alert on a line, up to a bound, with the link of each; then where the list is."""
    shown = [_with_link(event) for event in message.alerts[:DELIVER_LISTED_MAX]]
    left = len(message.alerts) - len(shown)
    if left > 0:
        where = f": {message.list_at}" if message.list_at else ""
        shown.append(f"and {left} more{where}")
    return "\n".join(shown)


def _with_link(event: Mapping[str, Any]) -> str:
    url = event["data"].get("url")
    return f"{line(event)}  {url}" if url else line(event)


def severity(events: Sequence[Mapping[str, Any]]) -> str:
    """`critical`, `warning` or `info`: the highest among them."""
    found = {SEVERITIES.get(word_of(event), "info") for event in events}
    return next(one for one in ("critical", "warning", "info") if one in found)
