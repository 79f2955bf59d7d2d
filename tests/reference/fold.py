"""The fold over a set of events: sort, drop duplicates, group by incident, fold each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.reference.alerts import mark_superseded
from tests.reference.clocks import Cycle
from tests.reference.incident import Incident
from tests.reference.policies import Policies
from tests.reference.record import Counts, Directory, Record
from tests.reference.timers import advance
from tests.reference.times import format_time, parse_time

Event = dict[str, Any]
ACTORS = ("sla-engine",)
CONTROL = ("customer.updated", "policy.published", "sla.time")


@dataclass
class Result:
    """Clocks as in contracts section 3, alerts as in section 2 without what depends on when they
    were decided (fired_at, late_by_ms, late, revision)."""

    clocks: list[dict[str, Any]]
    alerts: list[dict[str, Any]]


def fold(
    policies: Policies,
    events: list[Event],
    until_ms: int,
    actors: tuple[str, ...] = ACTORS,
    later: Sequence[tuple[int, Policies]] = (),
) -> Result:
    """Fold all events up to `until_ms`, in any order and with duplicates, as the clean stream.

    `later` are the editions published after `policies`, each in force from its instant on.
    A merge puts an `incident.absorbed` on the target; folding is repeated until none is new.
    """
    known = [event for event in events if parse_time(event["time"]) <= until_ms]
    absorbed: list[Event] = []
    while True:
        incidents = _fold_all(policies, [*known, *absorbed], until_ms, actors, later)
        merges = _absorbed_events(incidents)
        if merges == absorbed:
            break
        absorbed = merges
    clocks: list[dict[str, Any]] = []
    alerts: list[dict[str, Any]] = []
    for incident in incidents:
        mark_superseded(incident.alerts)
        for cycles in incident.cycles.values():
            clocks.extend(_clock(incident, cycle, until_ms) for cycle in cycles)
        for alert in incident.alerts:
            if _is_out(alert, until_ms):
                alerts.append(
                    {k: alert[k] for k in ("type", "id", "data")}
                    | {"time": format_time(alert["time"])}
                )
    clocks.sort(key=lambda c: (c["tenant"], c["incident"], c["set"], c["clock"], c["cycle"]))
    alerts.sort(key=lambda a: (a["time"], a["data"]["tenant"], a["data"]["incident"], a["id"]))
    return Result(clocks, alerts)


def order_key(event: Event) -> tuple[Any, ...]:
    """ "Order within an incident: (time, `created` first, source, sequence as number, id)"."""
    sequence = event.get("sequence")
    return (
        parse_time(event["time"]),
        event["type"] != "incident.created",
        event["source"],
        -1 if sequence is None else int(sequence),
        event["id"],
    )


def distinct(events: list[Event]) -> list[Event]:
    """ "`(source, id)` is the duplicate key, remembered per incident"; sorted."""
    seen: dict[tuple[Any, ...], Event] = {}
    for event in events:
        key = (_tenant(event), event["subject"], event["source"], event["id"])
        seen.setdefault(key, event)
    return sorted(seen.values(), key=order_key)


def _tenant(event: Event) -> str:
    return str(event.get("tenant", "default"))


def in_force(
    policies: Policies, until_ms: int, later: Sequence[tuple[int, Policies]]
) -> list[tuple[int, Policies]]:
    """ "The set that a partition began with is in force from ever, each later one from its
    `effective_from` on; of two with the same instant the later record counts"."""
    by_instant = {instant: edition for instant, edition in later if instant <= until_ms}
    return [(-(10**15), policies), *sorted(by_instant.items(), key=lambda item: item[0])]


def _fold_all(
    policies: Policies,
    events: list[Event],
    until_ms: int,
    actors: tuple[str, ...],
    later: Sequence[tuple[int, Policies]] = (),
) -> list[Incident]:
    ordered = distinct(events)
    names = sorted({(_tenant(e), e["subject"]) for e in ordered if e["type"] not in CONTROL})
    editions = in_force(policies, until_ms, later)
    return [_fold_one(editions, tenant, name, ordered, until_ms, actors) for tenant, name in names]


def _fold_one(
    editions: list[tuple[int, Policies]],
    tenant: str,
    name: str,
    ordered: list[Event],
    until_ms: int,
    actors: tuple[str, ...],
) -> Incident:
    mine = [
        e
        for e in ordered
        if _tenant(e) == tenant
        and (e["type"] == "customer.updated" or (e["subject"] == name and e["type"] not in CONTROL))
    ]
    directory = Directory(editions[0][1].customers)
    counts = Counts()
    records = [
        Record(edition, tenant, name, actors, directory, counts=counts) for _, edition in editions
    ]
    incident = Incident(editions, records, _excludes(mine))
    for event in mine:
        data = event.get("data") or {}
        if event["type"] == "incident.merged" and not _may_merge(incident, data):
            continue
        incident.apply(parse_time(event["time"]), event["type"], data, event["subject"])
    incident.pass_editions(until_ms)
    if incident.record.view is not None:
        advance(incident, until_ms, inclusive=True)
    return incident


def _excludes(events: list[Event]) -> dict[tuple[str, str], list[tuple[int, int]]]:
    """An `exclude` corrects what came before it, so that all of them are known from the start."""
    out: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for event in events:
        data = event.get("data") or {}
        if event["type"] == "clock.overridden" and data.get("exclude"):
            span = (parse_time(data["exclude"]["from"]), parse_time(data["exclude"]["to"]))
            out.setdefault((data.get("set", "default"), data["clock"]), []).append(span)
    return {identity: sorted(spans) for identity, spans in out.items()}


def _may_merge(incident: Incident, data: dict[str, Any]) -> bool:
    """Refused: "a merge into itself or into an incident it has absorbed"."""
    into = data["into"]
    return into != incident.record.incident and into not in incident.absorbed_from


def _absorbed_events(incidents: list[Incident]) -> list[Event]:
    """ "`incident.absorbed {from, opened_at, absorbed: [all it had absorbed]}` for the target at
    the merge's `time`, `source` `sla-engine`, `id` `<tenant>/<from>/<into>/absorbed`"."""
    out = []
    for incident in incidents:
        gone = incident.gone
        if gone is None or gone.type != "incident.merged":
            continue
        tenant, name, into = incident.record.tenant, incident.record.incident, gone.data["into"]
        parts = [quote(part, safe="") for part in (tenant, name, into)]
        opened = incident.record.opened
        earlier = incident.absorbed_opened
        if opened is not None and earlier is not None:
            opened = min(opened, earlier)
        out.append(
            {
                "specversion": "1.0",
                "type": "incident.absorbed",
                "source": "sla-engine",
                "id": "/".join([*parts, "absorbed"]),
                "subject": into,
                "tenant": tenant,
                "time": format_time(gone.t),
                "data": {
                    "from": name,
                    "opened_at": format_time(opened),
                    "absorbed": sorted(incident.absorbed_from),
                },
            }
        )
    return out


def _is_out(alert: dict[str, Any], until_ms: int) -> bool:
    return bool(alert.get("hold_until", alert["time"]) <= until_ms)


def _clock(incident: Incident, cycle: Cycle, until_ms: int) -> dict[str, Any]:
    """ "A clock, as reported everywhere" (contracts section 3)."""
    at = until_ms if cycle.stopped is None else cycle.stopped
    state = cycle.state
    if state == "open":
        state = "paused" if cycle.paused else "running"
    fired = [
        {
            "threshold": alert["data"]["threshold"],
            "time": format_time(alert["time"]),
            "alert": alert["id"],
        }
        for alert in sorted(cycle.alerts, key=lambda a: (a["time"], a["id"]))
        if alert["counts_as_step"] and _is_out(alert, until_ms)
    ]
    set_name, clock = cycle.definition.identity
    target, elapsed = cycle.target_ms(at), cycle.elapsed(at)
    return {
        "tenant": incident.record.tenant,
        "incident": incident.record.incident,
        "set": set_name,
        "clock": clock,
        "cycle": cycle.number,
        "party": cycle.party,
        "policy": cycle.definition.policy,
        "policy_version": None,
        "state": state,
        "breached": cycle.breached,
        "started": format_time(cycle.started),
        "due": format_time(cycle.due()),
        "breached_at": format_time(cycle.breached_at),
        "stopped": format_time(cycle.stopped),
        "as_of": format_time(until_ms),
        "target_ms": target,
        "elapsed_ms": elapsed,
        "paused_ms": cycle.paused_ms(at),
        "resolved_ms": cycle.resolved_ms(at),
        "excluded_ms": cycle.excluded_ms(at),
        "remaining_ms": target - elapsed,
        "wall_ms": cycle.wall_ms(at),
        "reopens": cycle.reopens,
        "pinned": cycle.pin is not None,
        "fired": fired,
    }
