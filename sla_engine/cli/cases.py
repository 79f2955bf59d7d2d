"""Policy tests through the core of `replay`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from sla_engine.cli.progress import Progress
from sla_engine.engine.replay import Refused, Replay
from sla_engine.policy import Case, PolicySet, load_cases, load_directory, run_cases


@dataclass(frozen=True)
class CaseVerdict:
    """One test: where it stands, its name, and why it failed (nothing: it passed)."""

    where: str
    name: str
    reasons: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.reasons

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "where": self.where,
            "name": self.name,
            "passed": self.passed,
            "reasons": list(self.reasons),
        }


class _Runner:
    """The run that `run_cases` asks for, and what it refused."""

    def __init__(self) -> None:
        self.refused: list[Refused] = []

    def __call__(
        self, policies: PolicySet, events: list[dict[str, object]], until_ms: int
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        replay = Replay(policies)
        replay.add(b"".join(orjson.dumps(event) + b"\n" for event in events))
        clocks: list[dict[str, Any]] = []
        alerts: list[dict[str, Any]] = []
        for incident in replay.incidents(until_ms):
            own = incident.alerts()
            alerts += own
            clocks += incident.clocks(own)
        alerts.sort(key=lambda alert: (alert["time"], alert["tenant"], alert["subject"]))
        self.refused = list(replay.log.dead_letters())
        return clocks, alerts


def run_directory(directory: Path) -> Iterator[CaseVerdict]:
    """Every test of a directory. Raises PolicyErrors when policies or tests cannot be read."""
    policies = load_directory(directory)
    cases = load_cases(directory)
    with Progress() as progress:
        progress.step(f"testing {directory} (the first time, kernels are compiled; they are kept)")
        for case in cases:
            yield CaseVerdict(f"{directory}/{case.where}", case.name, run_case(policies, case))


def run_case(policies: PolicySet, case: Case) -> tuple[str, ...]:
    """What a test finds wrong, refused events first; nothing: it passes."""
    runner = _Runner()
    (result,) = run_cases(policies, [case], runner)
    refused = (
        f"{case.where}: event {one.line} was refused: {one.code} {one.message}"
        for one in runner.refused
    )
    return (*refused, *(str(one) for one in result.differences))
