"""What an engine is told, and whom it tells: its settings, and where its numbers go."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sla_engine.engine.turn import TurnSettings
from sla_engine.limits import MAX_FUTURE_MS, MAX_HOLD_MS


class Counting(Protocol):
    """Where numbers go; telemetry implements it."""

    def count(self, name: str, amount: float = 1, *labels: str) -> None: ...

    def set(self, name: str, value: float, *labels: str) -> None: ...

    def observe_all(self, name: str, values: NDArray[np.float64], *labels: str) -> None: ...


@dataclass
class EngineSettings:
    """What a worker needs to know; all times in milliseconds."""

    actors: tuple[str, ...] = ("sla-engine",)
    max_future_ms: int = MAX_FUTURE_MS
    max_hold_ms: int = MAX_HOLD_MS
    by_events: bool = False
    turn: TurnSettings = field(default_factory=TurnSettings)
    events_topic: str = "incidents"
