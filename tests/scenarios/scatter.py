"""What the way to the log does to events: it shuffles them, delays some and brings some twice."""

from __future__ import annotations

from random import Random
from typing import TypeVar

Event = TypeVar("Event")


def shuffled(events: list[Event], rng: Random, *, within: int | None = None) -> list[Event]:
    """In any order; or each at most so many places from where it stood."""
    if within is None:
        return rng.sample(events, len(events))
    places = [(place + rng.randrange(within), event) for place, event in enumerate(events)]
    return [event for _, event in sorted(places, key=lambda each: each[0])]


def delayed(events: list[Event], rng: Random) -> list[Event]:
    """A quarter of them come later, some by a little, some at the very end."""
    reach = len(events)
    places = [
        (place + (rng.choice((5, 50, reach)) if rng.random() < 0.25 else 0), event)
        for place, event in enumerate(events)
    ]
    return [event for _, event in sorted(places, key=lambda each: each[0])]


def doubled(events: list[Event], rng: Random) -> list[Event]:
    """A third of them come again later: the same event under the same source and id."""
    again = rng.sample(range(len(events)), len(events) // 3)
    places = [*enumerate(events), *((rng.randrange(n, len(events)), events[n]) for n in again)]
    return [event for _, event in sorted(places, key=lambda each: each[0])]
