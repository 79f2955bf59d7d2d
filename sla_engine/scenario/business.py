"""What a scenario says of its business: who comes with what, who works on it, and how it goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeAlias

from sla_engine.scenario.arrivals import Rhythm

Data: TypeAlias = Mapping[str, Any]
#: What can be drawn, with how often it is.
Weights: TypeAlias = Mapping[str, float]


@dataclass(frozen=True)
class Wait:
    """A time in which others have to do something: from the update `begin` to the update `end`."""

    chance: float
    hours: float
    begin: Data
    end: Data
    #: One of them is asked, and named when the wait begins.
    vendors: Sequence[str] = ()
    #: The customer ends it by a comment, and the status is not always set back.
    customer: bool = False


@dataclass(frozen=True)
class Matter:
    """One sort of matter. Chances are those of an ordinary one; times are medians."""

    prefix: str
    share: float
    data: Data
    titles: Sequence[str]
    channels: Weights
    priorities: Weights
    teams: Sequence[str]
    #: Calendar of the policies in which the desk works, and how fast.
    desk: str
    answer_minutes: float
    work_minutes: float
    waits: Sequence[Wait] = ()
    #: Given to another team; the customer asks again; the priority rises; it comes back.
    handed: float = 0.15
    asks: float = 0.25
    raised: float = 0.0
    reopened: float = 0.06
    #: Left alone: the first answer takes ten times as long.
    forgotten: float = 0.06
    #: Never ended within any window: somebody leaves it open.
    open_end: float = 0.05
    #: What the last update says; by default the event itself resolves.
    done: Data = field(default_factory=dict)
    #: So many others report the same at most, and theirs are merged into it.
    echoes: int = 0
    #: More that is known at the opening, from chance and the instant of it.
    more: Callable[[Random, int], dict[str, Any]] | None = None


@dataclass(frozen=True)
class Business:
    """All that the events of one scenario are drawn from."""

    name: str
    source: str
    #: The window and the number of matters that are drawn if nothing else is asked for.
    start: str
    end: str
    count: int
    rhythm: Rhythm
    matters: Sequence[Matter]
    #: Draws a customer, "" = unknown, and the zone in which that one lives.
    customer: Callable[[Random], tuple[str, str]]
    #: Who works where; `""` = in every team that is not named.
    people: Mapping[str, Sequence[str]]
    #: Channels on which somebody picks up, with the seconds it takes (median).
    pick_up: Mapping[str, float] = field(default_factory=dict)
    #: Channels on which a bot says at once that the message has come.
    bots: Sequence[str] = ()
    #: Priorities on which somebody works at night too, and much faster.
    night: Sequence[str] = ()
    #: The priority to which others rise.
    urgent: str = "urgent"
    #: Status of a matter that somebody has begun to work on, "" = no such thing.
    begun: str = ""

    def staff(self, team: str) -> Sequence[str]:
        """The people of a team."""
        return self.people.get(team, self.people[""])
