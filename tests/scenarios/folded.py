"""A story and what the engine makes of it, for the tests of all scenarios."""

from __future__ import annotations

from typing import Any

import orjson

from sla_engine.engine.replay import Replay
from sla_engine.policy.model import PolicySet

Records = list[dict[str, Any]]


def replayed(policies: PolicySet, text: bytes, until_ms: int) -> tuple[Records, Records, Replay]:
    """(clocks, alerts in order of time, the replay)."""
    replay = Replay(policies)
    replay.add(text)
    clocks: Records = []
    alerts: Records = []
    for incident in replay.incidents(replay.end_ms(until_ms)):
        own = incident.alerts()
        alerts += own
        clocks += incident.clocks(own)
    alerts.sort(key=lambda alert: (alert["time"], alert["id"]))
    return clocks, alerts, replay


def as_cases_run(policies: PolicySet, events: Records, until_ms: int) -> tuple[Records, Records]:
    """What `run_cases` wants to know of a policy test's events."""
    text = b"".join(orjson.dumps(event) + b"\n" for event in events)
    clocks, alerts, _ = replayed(policies, text, until_ms)
    return clocks, alerts
