"""What is told of an incident: who and what it is, its clocks, its score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sla_engine.clock.layout import State
from sla_engine.engine.refold import Folded, Folder
from sla_engine.engine.report import clock_reports
from sla_engine.policy.model import StatusClass
from sla_engine.policy.tables import RuleBook
from sla_engine.score.kernels import base_of_incident, urgency

FINISHED: Final = (int(StatusClass.RESOLVED), int(StatusClass.CLOSED))
_COUNTING: Final = (State.RUNNING, State.PAUSED)
#: Attributes that name a person; who may know them asks for the incident itself.
_PEOPLE: Final = ("requester",)


@dataclass(frozen=True)
class ShownIncident:
    """One incident at an instant. `clocks` as contracts section 3; `score` as design section 4."""

    tenant: str
    incident: str
    score: int
    attributes: Mapping[str, Any]
    clocks: Sequence[Mapping[str, Any]]

    @property
    def running(self) -> list[Mapping[str, Any]]:
        """Its running and paused clocks, the nearest due first, the paused ones last."""
        found = [clock for clock in self.clocks if clock["state"] in ("running", "paused")]
        return sorted(found, key=lambda clock: (clock["due"] is None, clock["due"] or ""))

    @property
    def next_due(self) -> str | None:
        """The nearest due of a clock that is not broken yet."""
        ahead = [c["due"] for c in self.running if not c["breached"] and c["due"] is not None]
        return min(ahead, default=None)

    def shown(self) -> dict[str, Any]:
        """For programs."""
        return {
            "tenant": self.tenant,
            "incident": self.incident,
            "score": self.score,
            "due": self.next_due,
            "attributes": dict(self.attributes),
            "clocks": list(self.clocks),
        }


def shown_of(book: RuleBook, folder: Folder, folded: Folded) -> ShownIncident:
    """An incident folded with `report=True`, as it is told."""
    timeline = folded.timeline
    return ShownIncident(
        tenant=timeline.tenant,
        incident=timeline.incident,
        score=score_of(book, folded),
        attributes=without_people(timeline.after(len(folded.order))),
        clocks=clock_reports(book, folded, folder.render(folded)),
    )


def without_people(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes that lists may show."""
    return {name: value for name, value in attributes.items() if name not in _PEOPLE}


def score_of(book: RuleBook, folded: Folded) -> int:
    """0..100 as of the fold's end: base, and the urgency of the tightest clock."""
    row = folded.incident[0]
    points = int(book.rules.profiles[int(row["profile"])]["base_score"])
    base = base_of_incident(points, int(row["reopens"]), int(row["handoffs"]), int(row["csat"]))
    counting = [clock for clock in folded.clocks if int(clock["state"]) in _COUNTING]
    return int(base) + max(
        (int(urgency(int(clock["elapsed"]), int(clock["target"]))) for clock in counting),
        default=0,
    )
