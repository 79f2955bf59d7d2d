"""Alerts as CloudEvents (contracts section 2): rows of numbers to JSON objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sla_engine.alert.timeline import Timeline
from sla_engine.alert.wording import wording_of
from sla_engine.clock.layout import AlertKind, Cause
from sla_engine.escalation.recipients import actions_for
from sla_engine.event.times import format_time
from sla_engine.limits import LATE_FROM_MS
from sla_engine.policy.model import PolicySet
from sla_engine.policy.tables import RuleBook

SOURCE = "sla-engine"

_CAUSES = {
    int(Cause.NONE): None,
    int(Cause.ATTACHED): "attached",
    int(Cause.HELD): "held",
    int(Cause.LATE_EVENT): "late_event",
    int(Cause.OUTAGE): "outage",
}
# A plain number: an enumeration's members are slow to look up.
_CLEARED = int(AlertKind.CLEARED)


def id_of(book: RuleBook, row: Any, timeline: Timeline) -> str:
    """The id of an ALERT row."""
    return wording_of(book, row).id(timeline.address, row["cycle"], row["repeat"])


def render(
    book: RuleBook,
    row: Any,
    timeline: Timeline,
    *,
    fired_at: int,
    cleared: Sequence[str] = (),
    allowed: Sequence[str] = (),
) -> dict[str, Any]:
    """The CloudEvent of an ALERT row of plain values.

    `cleared`: the ids that a `cleared` alert takes back.
    `allowed` names the attributes that the setting alerts.attributes lets out; personal ones
    never leave.
    """
    said = wording_of(book, row)
    repeat = row["repeat"]
    edition = book.edition_of(row["profile"])
    values = timeline.after(row["events"], edition)
    late_by = fired_at - row["time"]
    cause = _CAUSES[row["cause"]]
    if cause is None and late_by >= LATE_FROM_MS:
        cause = "outage"
    actions, unreached = actions_for(said.actions, values)
    data: dict[str, Any] = {
        "tenant": timeline.tenant,
        "incident": timeline.incident,
        "title": values.get("title"),
        "url": values.get("url"),
        "set": said.set_name,
        "clock": said.clock,
        "cycle": row["cycle"],
        "policy": said.policy,
        "policy_version": said.policy_version,
        "calendar": said.calendar,
        "calendar_version": said.calendar_version,
        "threshold": f"{said.threshold}/{repeat}" if repeat else said.threshold,
        "due": format_time(row["due"]) if 0 <= row["due"] < 2**59 else None,
        "fired_at": format_time(fired_at),
        "late_by_ms": late_by,
        "late": cause,
        "elapsed_ms": row["elapsed"],
        "target_ms": row["target"],
        "score": row["score"],
        "actions": actions,
        "superseded": bool(row["superseded"]),
        "attributes": _let_out(edition.policies, values, allowed) if allowed else {},
    }
    if said.level is not None:
        data["level"] = said.level
        data["repeat"] = max(1, repeat)
    if unreached:
        data["unreached"] = True
    if row["kind"] == _CLEARED:
        data["alerts"] = sorted(cleared)
    return {
        "specversion": "1.0",
        "id": said.id(timeline.address, row["cycle"], repeat),
        "source": SOURCE,
        "type": said.type,
        "subject": timeline.incident,
        "time": format_time(row["time"]),
        "tenant": timeline.tenant,
        "data": data,
    }


def _let_out(policies: PolicySet, values: dict[str, Any], allowed: Sequence[str]) -> dict[str, Any]:
    specs = policies.attributes
    return {
        name: values[name]
        for name in allowed
        if name in values and name != "requester" and not (name in specs and specs[name].personal)
    }
