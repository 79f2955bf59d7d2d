"""The figures of a replay: how many events, clocks in which state, alerts of which type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from sla_engine.alert.wording import TYPES
from sla_engine.cli.output import counted, table
from sla_engine.clock.layout import BREACHED, AlertKind, State
from sla_engine.engine.refold import is_shown
from sla_engine.engine.replay import Incident, Replay
from sla_engine.engine.replay_arrival import ArrivalReplay
from sla_engine.event.times import format_time

_STATES: Final = (State.RUNNING, State.PAUSED, State.MET, State.CANCELLED)

Name = tuple[str, str]


class Tally:
    """Counts incidents as they come."""

    def __init__(self) -> None:
        self.incidents = 0
        self.clocks: dict[Name, Counter[str]] = {}
        self.alerts: Counter[str] = Counter()

    def add(self, incident: Incident) -> None:
        """Count one incident and its clocks."""
        self.incidents += 1
        folded = incident.folded
        columns = incident.folder.book.definitions.columns
        for row in (*folded.ended, *folded.clocks):
            if is_shown(row):
                counted = self.clocks.setdefault(columns[int(row["column"])], Counter())
                counted["cycles"] += 1
                counted[State(int(row["state"])).name.lower()] += 1
                counted["breached"] += bool(row["flags"] & BREACHED)

    def add_alerts(self, incident: Incident) -> None:
        """Count one incident's valid alerts."""
        for kind in incident.folded.alerts["kind"].tolist():
            self.alerts[TYPES[AlertKind(kind)]] += 1

    def as_json(self, replay: Replay | ArrivalReplay, end_ms: int) -> dict[str, Any]:
        """All figures by name."""
        log = replay.log
        return {
            "events": log.events,
            "incidents": self.incidents,
            "from": None if log.first_ms is None else format_time(log.first_ms),
            "to": None if log.last_ms is None else format_time(log.last_ms),
            "until": format_time(end_ms),
            "duplicates": replay.duplicates,
            "contradictions": replay.contradictions,
            "unknown_members": log.unknown_members,
            "control": dict(sorted(log.control.items())),
            "dead": dict(sorted(Counter(one.code for one in log.dead_letters()).items())),
            "clocks": [
                {"set": name[0], "clock": name[1], **_counts(counted)}
                for name, counted in sorted(self.clocks.items())
            ],
            "alerts": dict(sorted(self.alerts.items())),
        }


def _counts(counted: Counter[str]) -> dict[str, int]:
    names = ("cycles", *(state.name.lower() for state in _STATES), "breached")
    return {name: counted[name] for name in names}


def lines(figures: dict[str, Any]) -> Iterator[str]:
    """The figures for people."""
    yield f"{counted(figures['events'], 'event')} of {counted(figures['incidents'], 'incident')}"
    if figures["from"] is not None:
        yield f"from {figures['from']} to {figures['to']}, clocks as of {figures['until']}"
    for name, noun, rest in (
        ("duplicates", "duplicate", ""),
        ("contradictions", "contradiction", " between time and sequence; time counts"),
        ("unknown_members", "unknown member", ", ignored"),
    ):
        if figures[name]:
            yield counted(figures[name], noun) + rest
    for kind, count in figures["control"].items():
        yield f"{count:,} {kind}"
    for code, count in figures["dead"].items():
        yield f"{count:,} refused: {code}"
    if figures["clocks"]:
        yield ""
        heads = list(figures["clocks"][0])
        yield from table(heads, [[clock[head] for head in heads] for clock in figures["clocks"]])
    if figures["alerts"]:
        yield ""
        yield from table(["alerts", "sent"], list(figures["alerts"].items()))
