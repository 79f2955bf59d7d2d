"""What people say about clocks: acknowledgements, pins, unpins."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from tests.reference.clocks import Cycle
from tests.reference.record import Moment
from tests.reference.timers import rebase
from tests.reference.times import parse_time

if TYPE_CHECKING:
    from tests.reference.incident import Incident


def acknowledge(incident: Incident, m: Moment) -> None:
    """ "Without an address it acknowledges every clock of the incident that has breached so
    far"; "the ladder stood still, as while paused"."""
    if m.type not in ("incident.acknowledged", "incident.unacknowledged") or m.echo:
        return
    for cycle in _addressed(incident, m):
        _end_ack(cycle, m.t)
        if m.type == "incident.unacknowledged":
            continue
        until = m.data.get("until")
        expires = cycle.ladder.ack_expires
        end = None
        if until is not None:
            end = parse_time(until)
        elif expires is not None:
            end = m.t + expires
        if end is None or end > m.t:
            cycle.acks.append((m.t, end))


def _addressed(incident: Incident, m: Moment) -> list[Cycle]:
    data = m.data
    everything = [cycle for cycles in incident.cycles.values() for cycle in cycles]
    if data.get("alert"):
        _tenant, _incident, set_name, clock, number = data["alert"].split("/")[:5]
        identity = (unquote(set_name), unquote(clock))
        return [
            c for c in everything if c.definition.identity == identity and str(c.number) == number
        ]
    if data.get("clock"):
        last = incident.last((data.get("set", "default"), data["clock"]))
        return [] if last is None else [last]
    if m.type == "incident.unacknowledged":
        return everything
    return [cycle for cycle in everything if cycle.breached]


def override(incident: Incident, m: Moment) -> None:
    """`clock.overridden`: pin or unpin the current cycle; excludes are known beforehand."""
    cycle = incident.last((m.data.get("set", "default"), m.data["clock"]))
    if cycle is None or cycle.state != "open":
        return
    if m.data.get("due") is not None:
        cycle.pin = parse_time(m.data["due"])
    elif m.data.get("unpin"):
        cycle.pin = None
    else:
        return
    rebase(incident, cycle, m.t)


def _end_ack(cycle: Cycle, t: int) -> None:
    cycle.acks = [
        (begin, t if end is None or end > t else end) for begin, end in cycle.acks if begin < t
    ]
