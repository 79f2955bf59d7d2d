"""The engine's answer to the job, through its replay: no broker, no Redis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.job.answer import instant_ms
from sla_engine.engine.replay import Replay
from sla_engine.policy import load_text

POLICIES = (Path(__file__).parent / "policies.yaml").read_text(encoding="utf-8")
_BLOCK = 10_000


def engine_answer(values: Iterable[bytes], end_ms: int) -> tuple[list[str], set[str]]:
    """(the line of each incident, the ids of all alerts), as `answer` gives them."""
    replay = Replay(load_text(POLICIES))
    block: list[bytes] = []
    for value in values:
        block.append(value + b"\n")
        if len(block) == _BLOCK:
            replay.add(b"".join(block))
            block.clear()
    replay.add(b"".join(block))
    lines, alerts = [], set[str]()
    for incident in replay.incidents(end_ms):
        sent = incident.alerts()
        alerts.update(alert["id"] for alert in sent)
        lines.append(line(incident.incident, incident.clocks(sent)))
    if replay.log.refused:
        raise ValueError(f"the engine refused {len(replay.log.refused)} events of the job")
    return lines, alerts


def line(incident: str, clocks: Sequence[dict[str, Any]]) -> str:
    """An incident's line from its clocks as the engine reports them (by clock, then cycle)."""
    latest = {clock["clock"]: clock for clock in clocks}
    return " ".join([incident, *(_told(latest[name]) for name in sorted(latest))])


def _told(clock: dict[str, Any]) -> str:
    ahead = clock["state"] == "running" and not clock["breached"]
    due = instant_ms(clock["due"]) if ahead else "-"
    fired = {one["threshold"] for one in clock["fired"]} - {"cleared"}
    steps = "+".join(sorted(fired)) or "-"
    return f"{clock['clock']}={clock['state']}/{clock['cycle']}/{due}/{steps}"
