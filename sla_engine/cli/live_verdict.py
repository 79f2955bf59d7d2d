"""What was received against what a replay of the recorded events says, and the figures of both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sla_engine.cli.live_tail import Received, net_of
from sla_engine.engine.replay import Replay
from sla_engine.policy import PolicySet

#: An alert that is no later than this is on time (contracts section 2, `late`).
ON_TIME_MS: Final = 1_000
#: Causes that are no fault of the engine.
_NOT_OURS: Final = ("late_event", "attached", "held")

Net = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Expected:
    """A replay of the recorded events: clocks by incident, net alerts, refused events."""

    net: Net
    clocks: Mapping[str, Sequence[Mapping[str, Any]]]
    events: int
    duplicates: int
    refused: int


def replayed(policies: PolicySet, values: Iterable[bytes], until_ms: int) -> Expected:
    """Fold the events as the log has them, from nothing, up to `until_ms`."""
    taken = [value for value in values if value]
    replay = Replay(policies)
    replay.add(b"".join(value.replace(b"\n", b" ") + b"\n" for value in taken))
    alerts: list[dict[str, Any]] = []
    clocks: dict[str, Sequence[Mapping[str, Any]]] = {}
    for incident in replay.incidents(until_ms):
        own = incident.alerts()
        alerts += own
        clocks[incident.incident] = incident.clocks(own)
    refused = sum(1 for _ in replay.log.dead_letters())
    return Expected(net_of(alerts, until_ms), clocks, len(taken), replay.duplicates, refused)


def differences(expected: Net, received: Net) -> list[str]:
    """One line per alert that is missing, unknown or says something else; none: they agree."""
    found = [f"missing: {alert}" for alert in sorted(expected.keys() - received.keys())]
    found += [f"not in the replay: {alert}" for alert in sorted(received.keys() - expected.keys())]
    for alert in sorted(expected.keys() & received.keys()):
        ours, theirs = received[alert], expected[alert]
        found += [
            f"{alert}: {name} is {ours.get(name)!r}, the replay says {theirs.get(name)!r}"
            for name in sorted(ours.keys() | theirs.keys())
            if ours.get(name) != theirs.get(name)
        ]
    return found


@dataclass(frozen=True)
class Lateness:
    """How late the log took the alerts: those a worker was there for, and the others (all ms)."""

    prompt: int
    median_ms: int
    p99_ms: int
    delayed: int
    worst_ms: int


def lateness(received: Received, until_ms: int, outage: tuple[int, int]) -> Lateness:
    """From the alerts' instants to the log's own times; corrections and late events left out.

    Delayed are those that fell due in the outage (ms, from and to), and any later than a second.
    """
    prompt: list[int] = []
    delayed: list[int] = []
    for alert in received.by_id.values():
        if alert.is_correction or alert.time_ms > until_ms or alert.data.get("late") in _NOT_OURS:
            continue
        late = max(0, alert.append_ms - alert.time_ms)
        missed = outage[0] <= alert.time_ms <= outage[1] or late >= ON_TIME_MS
        (delayed if missed else prompt).append(late)
    prompt.sort()
    return Lateness(
        prompt=len(prompt),
        median_ms=prompt[len(prompt) // 2] if prompt else 0,
        p99_ms=prompt[len(prompt) * 99 // 100] if prompt else 0,
        delayed=len(delayed),
        worst_ms=max(delayed, default=0),
    )
