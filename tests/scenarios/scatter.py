"""What the way to the log does to events: it shuffles them, delays some and brings some twice."""

from __future__ import annotations

from random import Random
from typing import Any

Events = list[dict[str, Any]]


def shuffled(events: Events, rng: Random, *, within: int | None = None) -> Events:
    """In any order; or each at most so many places from where it stood."""
    if within is None:
        return rng.sample(events, len(events))
    places = [(place + rng.randrange(within), event) for place, event in enumerate(events)]
    return [event for _, event in sorted(places, key=lambda each: each[0])]


def delayed(events: Events, rng: Random) -> Events:
    """A quarter of them come later, some by a little, some at the very end."""
    reach = len(events)
    places = [
        (place + (rng.choice((5, 50, reach)) if rng.random() < 0.25 else 0), event)
        for place, event in enumerate(events)
    ]
    return [event for _, event in sorted(places, key=lambda each: each[0])]


def doubled(events: Events, rng: Random) -> Events:
    """A third of them come again later: the same event under the same source and id."""
    found = list(events)
    for event in rng.sample(events, len(events) // 3):
        found.insert(rng.randrange(found.index(event) + 1, len(found) + 1), event)
    return found
