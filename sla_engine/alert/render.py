"""Alerts as CloudEvents (contracts section 2): rows of numbers to JSON objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sla_engine.alert.ids import alert_id
from sla_engine.alert.timeline import Timeline
from sla_engine.clock.layout import AlertKind, Cause
from sla_engine.escalation.recipients import actions_for
from sla_engine.event.times import format_time
from sla_engine.limits import LATE_FROM_MS
from sla_engine.policy.model import Action
from sla_engine.policy.tables import RuleBook

SOURCE = "sla-engine"

TYPES = {
    AlertKind.WARNING: "sla.clock.warning",
    AlertKind.BREACHED: "sla.clock.breached",
    AlertKind.ESCALATION: "sla.escalation",
    AlertKind.CLEARED: "sla.alert.cleared",
}

_TYPES = {int(kind): name for kind, name in TYPES.items()}

_CAUSES = {
    int(Cause.NONE): None,
    int(Cause.ATTACHED): "attached",
    int(Cause.HELD): "held",
    int(Cause.LATE_EVENT): "late_event",
    int(Cause.OUTAGE): "outage",
}
# Plain numbers: an enumeration's members are slow to look up.
_CLEARED, _BREACHED, _ESCALATION = (
    int(kind) for kind in (AlertKind.CLEARED, AlertKind.BREACHED, AlertKind.ESCALATION)
)


def threshold_of(book: RuleBook, row: Any) -> str:
    """The normalised threshold of an ALERT row, without its repeat."""
    kind = int(row["kind"])
    if kind == _CLEARED:
        return "cleared"
    if kind == _BREACHED:
        return "breach"
    return book.definitions.steps[int(row["step"])].threshold


def id_of(book: RuleBook, row: Any, tenant: str, incident: str) -> str:
    """The id of an ALERT row."""
    set_name, clock = book.definitions.columns[int(row["column"])]
    return alert_id(
        tenant,
        incident,
        set_name,
        clock,
        int(row["cycle"]),
        threshold_of(book, row),
        int(row["repeat"]),
    )


def render(
    book: RuleBook,
    row: Any,
    timeline: Timeline,
    *,
    fired_at: int,
    cleared: Sequence[str] = (),
    allowed: Sequence[str] = (),
) -> dict[str, Any]:
    """The CloudEvent of an ALERT row. `cleared`: the ids that a `cleared` alert takes back.

    `allowed` names the attributes that the setting alerts.attributes lets out; personal ones
    never leave.
    """
    kind = int(row["kind"])
    number = int(row["definition"])
    policy = book.definitions.owners[number]
    set_name, clock = book.definitions.columns[int(row["column"])]
    threshold = threshold_of(book, row)
    repeat = int(row["repeat"])
    calendar = book.calendars.compiled(int(row["calendar"]))
    values = timeline.after(int(row["events"]))
    late_by = fired_at - int(row["time"])
    cause = _CAUSES[int(row["cause"])]
    if cause is None and late_by >= LATE_FROM_MS:
        cause = "outage"
    step = int(row["step"])
    ladder = book.definitions.steps[step] if step >= 0 else None
    actions, unreached = actions_for(_asked(book, row), values)
    data: dict[str, Any] = {
        "tenant": timeline.tenant,
        "incident": timeline.incident,
        "title": values.get("title"),
        "url": values.get("url"),
        "set": set_name,
        "clock": clock,
        "cycle": int(row["cycle"]),
        "policy": policy.name,
        "policy_version": policy.version,
        "calendar": calendar.name,
        "calendar_version": calendar.version,
        "threshold": f"{threshold}/{repeat}" if repeat else threshold,
        "due": format_time(int(row["due"])) if 0 <= int(row["due"]) < 2**59 else None,
        "fired_at": format_time(fired_at),
        "late_by_ms": late_by,
        "late": cause,
        "elapsed_ms": int(row["elapsed"]),
        "target_ms": int(row["target"]),
        "score": int(row["score"]),
        "actions": actions,
        "superseded": bool(row["superseded"]),
        "attributes": _let_out(book, values, allowed),
    }
    if kind == _ESCALATION and ladder is not None:
        data["level"] = ladder.level
        data["repeat"] = max(1, repeat)
    if unreached:
        data["unreached"] = True
    if kind == _CLEARED:
        data["alerts"] = sorted(cleared)
    return {
        "specversion": "1.0",
        "id": id_of(book, row, timeline.tenant, timeline.incident),
        "source": SOURCE,
        "type": _TYPES[kind],
        "subject": timeline.incident,
        "time": format_time(int(row["time"])),
        "tenant": timeline.tenant,
        "data": data,
    }


def _asked(book: RuleBook, row: Any) -> tuple[Action, ...]:
    """The actions of an ALERT row: its step's, or those that a breach's steps add."""
    if int(row["step"]) >= 0:
        return book.definitions.steps[int(row["step"])].actions
    ladder = book.definitions.ladders[int(row["definition"])]
    parts = book.definitions.steps[ladder.first_breach : ladder.first_breach + ladder.breaches]
    asked = [part.actions for n, part in enumerate(parts) if int(row["parts"]) >> n & 1]
    return tuple(action for actions in asked for action in actions)


def _let_out(book: RuleBook, values: dict[str, Any], allowed: Sequence[str]) -> dict[str, Any]:
    specs = book.policies.attributes
    return {
        name: values[name]
        for name in allowed
        if name in values and name != "requester" and not (name in specs and specs[name].personal)
    }
