"""The score of an incident (design section 4), and the instant at which it reaches a value."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from tests.reference.clocks import Cycle
from tests.reference.record import View

if TYPE_CHECKING:
    from tests.reference.incident import Incident


def base(incident: Incident, view: View) -> int:
    """ "min(40, 20 x (n-1-i) div max(1, n-1) + 10 x (m-1-j) div max(1, m-1) + min(6, 3 x reopens)
    + min(4, 2 x hand-offs) + 5 if the incident's own csat is 1 or 2)"."""
    points = _rank(20, incident.policies.priorities, view.text("priority"))
    points += _rank(10, incident.policies.attribute_values.get("tier", []), view.text("tier"))
    points += min(6, 3 * view.reopens) + min(4, 2 * view.handoffs)
    points += 5 if view.csat in (1, 2) else 0
    return min(40, points)


def _rank(weight: int, values: list[str], value: str) -> int:
    if value not in values:
        return 0
    n = len(values)
    return weight * (n - 1 - values.index(value)) // max(1, n - 1)


def share(cycle: Cycle, t: int) -> Fraction | None:
    """Elapsed share of the target at `t`; None for a cycle that had not started. A target of
    nothing counts as twice used up."""
    if t < cycle.started:
        return None
    target = cycle.target_ms(t)
    if target <= 0:
        return Fraction(2)
    return Fraction(cycle.elapsed(t), target)


def urgency(part: Fraction) -> int:
    """ "piecewise linear: 0 to 20 over the first half, 20 to 50 up to the due, 50 to 60 up to twice
    the target, rounded down"."""
    if part <= Fraction(1, 2):
        points = 40 * part
    elif part <= 1:
        points = 20 + 60 * (part - Fraction(1, 2))
    elif part <= 2:
        points = 50 + 10 * (part - 1)
    else:
        points = Fraction(60)
    return int(points)


def tightest(incident: Incident, t: int) -> tuple[Cycle, Fraction] | None:
    """ "its tightest clock (the largest share)"; of equals the first by set and clock."""
    best: tuple[Cycle, Fraction] | None = None
    for cycle in sorted(incident.open_cycles(), key=lambda c: (c.definition.identity, c.number)):
        part = share(cycle, t)
        if part is not None and (best is None or part > best[1]):
            best = (cycle, part)
    return best


def score(incident: Incident, t: int) -> int:
    found = tightest(incident, t)
    return base(incident, incident.view) + (urgency(found[1]) if found else 0)


def first_instant(incident: Incident, cycle: Cycle, value: int, now: int, limit: int) -> int | None:
    """The first instant in [now, limit] at which the score is at least `value` and `cycle` is the
    tightest clock.

    Between two edges of calendars all shares grow evenly, so that each question "is it so yet" has
    one switch, found by halving.
    """
    edges = _edges(incident, now, limit)
    for begin, end in pairwise(edges):
        found = _first_in(incident, cycle, value, begin, end)
        if found is not None:
            return found
    return None


def _edges(incident: Incident, now: int, limit: int) -> list[int]:
    edges = {now, limit}
    for cycle in incident.open_cycles():
        if cycle.running and now < limit:
            for span in cycle.calendar.spans(now, limit):
                edges.update(span)
        for exclude in cycle.excludes:
            edges.update(exclude)
    inside = sorted(edge for edge in edges if now <= edge <= limit)
    return inside if len(inside) > 1 else [now, now]


def _first_in(incident: Incident, cycle: Cycle, value: int, begin: int, end: int) -> int | None:
    start = _switch(begin, end, lambda t: score(incident, t) >= value)
    while start is not None:
        rival = tightest(incident, start)
        if rival is None or rival[0] is cycle:
            return start if rival is not None else None
        later = _switch(start, end, partial(_beats, cycle, rival[0]))
        if later is None or later == start:
            return None
        start = later
    return None


def _beats(cycle: Cycle, other: Cycle, t: int) -> bool:
    mine, theirs = share(cycle, t), share(other, t)
    if mine is None or theirs is None:
        return mine is not None
    if mine == theirs:
        return cycle.definition.identity < other.definition.identity
    return mine > theirs


def _switch(begin: int, end: int, holds: Callable[[int], bool]) -> int | None:
    """The first t in [begin, end] with holds(t), if it holds at the end."""
    if holds(begin):
        return begin
    if not holds(end):
        return None
    low, high = begin, end
    while high - low > 1:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle
    return high
