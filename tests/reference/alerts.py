"""What is said: alerts as plain dicts (contracts section 2), rendered when they are decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.reference import scores
from tests.reference.clocks import Cycle
from tests.reference.ladder import Rung, Step
from tests.reference.times import format_time

if TYPE_CHECKING:
    from tests.reference.incident import Incident

RESERVED = ("team", "assignee", "customer", "requester", "vendor")


def alert_id(incident: Incident, cycle: Cycle, threshold: str) -> str:
    """ "`<tenant>/<incident>/<set>/<clock>/<cycle>/<threshold>[/<repeat>]`"; the names are
    "percent-encoded one by one, the rest stands as it is"."""
    set_name, clock = cycle.definition.identity
    names = (incident.record.tenant, incident.record.incident, set_name, clock)
    parts = [quote(name, safe="") for name in names]
    return "/".join([*parts, str(cycle.number), threshold])


def _alert(
    incident: Incident, cycle: Cycle, kind: str, threshold: str, time: int, **extra: Any
) -> dict[str, Any]:
    """The clock's figures are those of `time`, the incident's attributes those of the instant at
    which the alert is decided."""
    view = incident.view
    set_name, clock = cycle.definition.identity
    due = cycle.due()
    data = {
        "tenant": incident.record.tenant,
        "incident": incident.record.incident,
        "title": view.text("title") or None,
        "url": view.text("url") or None,
        "set": set_name,
        "clock": clock,
        "cycle": cycle.number,
        "policy": cycle.definition.policy,
        "policy_version": None,
        "calendar": cycle.calendar.name,
        "calendar_version": None,
        "threshold": threshold,
        "due": format_time(due),
        "elapsed_ms": cycle.elapsed(time),
        "target_ms": cycle.target_ms(time),
        "score": scores.score(incident, time),
        "actions": [],
        "superseded": False,
        "attributes": {},
        **extra,
    }
    alert = {
        "type": kind,
        "id": alert_id(incident, cycle, threshold),
        "time": time,
        "data": data,
        "decided": incident.now,
        "order": len(cycle.alerts),
        "cycle": cycle,
        "counts_as_step": kind != "sla.alert.cleared",
    }
    cycle.alerts.append(alert)
    incident.alerts.append(alert)
    return alert


def breach_alert(incident: Incident, cycle: Cycle, at: int, steps: list[Step]) -> None:
    """ "`time` = due + 1 ms = the clock's `breached_at`"; its release waits for `hold`."""
    extra: dict[str, Any] = {"actions": actions(incident, cycle, steps), "due": format_time(at - 1)}
    if unreached(incident, steps):
        extra["unreached"] = True
    alert = _alert(incident, cycle, "sla.clock.breached", "breach", at, **extra)
    alert["hold_until"] = at + incident.hold_of(cycle)


def rung_alert(incident: Incident, cycle: Cycle, rung: Rung, time: int, at: int) -> None:
    """A warning, or "a step after the breach, with `level` and `repeat`"."""
    extra: dict[str, Any] = {"actions": actions(incident, cycle, rung.steps)}
    if unreached(incident, rung.steps):
        extra["unreached"] = True
    threshold = rung.key
    if rung.is_warning:
        # "a re-armed threshold counts on as `50%/2`"
        count = cycle.counts.get(rung.key, 0) + 1
        cycle.counts[rung.key] = count
        threshold = rung.key if count == 1 else f"{rung.key}/{count}"
        kind = "sla.clock.warning"
    else:
        kind = "sla.escalation"
        extra["level"] = rung.level
        extra["repeat"] = rung.repeat
    alert = _alert(incident, cycle, kind, threshold, time, **extra)
    alert["decided"] = at


def cleared_alert(incident: Incident, cycle: Cycle, at: int) -> None:
    """ "the cycle ended (met, cancelled) while at least one sent alert of it is valid"; "`time` =
    `stopped`; `data.alerts` = the ids of those valid alerts"."""
    said = [alert for alert in cycle.alerts if alert["counts_as_step"]]
    for alert in said:
        if "hold_until" in alert:
            # The end of the cycle releases a breach that still waits for its `hold`.
            alert["hold_until"] = min(alert["hold_until"], at)
    if not said:
        return
    cycle.clears += 1
    threshold = "cleared" if cycle.clears == 1 else f"cleared/{cycle.clears}"
    ids = [alert["id"] for alert in sorted(said, key=lambda a: (a["time"], a["id"]))]
    _alert(incident, cycle, "sla.alert.cleared", threshold, at, alerts=ids)


def mark_superseded(alerts: list[dict[str, Any]]) -> None:
    """ "`superseded` (true on the lower ones of several steps that became true at once)": those of
    one cycle decided at one instant, but for the last; a breach is never marked."""
    for alert in alerts:
        later = [
            other
            for other in alert["cycle"].alerts
            if other["counts_as_step"]
            and other["decided"] == alert["decided"]
            and other["order"] > alert["order"]
        ]
        if later and alert["counts_as_step"] and alert["type"] != "sla.clock.breached":
            alert["data"]["superseded"] = True


# --- actions -------------------------------------------------------------------------------------


def _names(value: Any) -> list[str]:
    return [str(item) for item in (value if isinstance(value, list) else [value])]


def recipients(incident: Incident, names: list[str]) -> list[str]:
    """ "by name, the reserved ones with their value (`team:noc`)"; one without a value is left
    out."""
    out = []
    for name in names:
        if name in RESERVED:
            value = incident.view.text(name)
            if value:
                out.append(f"{name}:{value}")
        else:
            out.append(name)
    return out


def unreached(incident: Incident, steps: list[Step]) -> bool:
    """ "A step none of whose recipients exists at that instant" - of those that name any."""
    asked = [_names(v) for step in steps for do, v in step.actions if do in ("notify", "page")]
    return bool(asked) and not any(recipients(incident, names) for names in asked)


def actions(incident: Incident, cycle: Cycle, steps: list[Step]) -> list[dict[str, Any]]:
    """ "list of `{do, to, args}`", "actions in written order"."""
    out = []
    for step in steps:
        for do, value in step.actions:
            to: list[str] = []
            args: dict[str, Any]
            if do in ("notify", "page"):
                to = recipients(incident, _names(value))
                args = {"via": _via(incident, cycle, _names(value))}
            elif do == "raise_priority":
                args = {"by": int(value)}
            elif do == "set_priority":
                args = {"priority": str(value)}
            elif do == "tag":
                args = {"tag": str(value)}
            elif do == "webhook":
                args = {"url": str(value)}
            elif isinstance(value, dict):
                args = {k: str(v) for k, v in value.items()}
            else:
                args = {"team": str(value)}
            out.append({"do": do, "to": to, "args": args})
    return out


def _via(incident: Incident, cycle: Cycle, names: list[str]) -> list[str]:
    out: list[str] = []
    for name in names:
        for channel in incident.editions[cycle.steps_of][1].recipients.get(name, []):
            if channel not in out:
                out.append(channel)
    return out
