"""Events of a story: what happens when, and when the log gets to know it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from sla_engine.event.times import format_time


@dataclass(frozen=True, slots=True)
class Told:
    """One event of the story: `event` happens at `at_ms`, the log gets it at `sent_ms`.

    Both count from the start of the story. `line` is what the story says, "" = nothing.
    """

    at_ms: int
    sent_ms: int
    event: dict[str, Any]
    line: str = ""

    @property
    def incident(self) -> str:
        return str(self.event["subject"])


@dataclass
class Record:
    """Collects the events of a story that begins at `start_ms`, and numbers them."""

    source: str
    start_ms: int
    told: list[Told] = field(default_factory=list)

    def add(
        self,
        incident: str,
        at_ms: int,
        kind: str,
        data: Mapping[str, Any],
        *,
        sent_ms: int | None = None,
        line: str = "",
    ) -> None:
        """An event `at_ms` after the start; `sent_ms` when it reaches the log later."""
        event = {
            "specversion": "1.0",
            "id": f"{incident}-{len(self.told) + 1}",
            "source": self.source,
            "type": f"incident.{kind}",
            "subject": incident,
            "time": format_time(self.start_ms + at_ms),
            "data": dict(data),
        }
        self.told.append(Told(at_ms, at_ms if sent_ms is None else sent_ms, event, line))

    def in_order(self) -> list[Told]:
        """As the log gets them."""
        return sorted(self.told, key=lambda told: told.sent_ms)


def lines(told: Iterable[Told]) -> Iterator[bytes]:
    """The events as JSON lines."""
    for each in told:
        yield orjson.dumps(each.event) + b"\n"
