"""The score as the clocks see it: which clock is the tightest, when a score is reached."""

from __future__ import annotations

from typing import Any

from sla_engine.clock.business import next_edge
from sla_engine.clock.compiled import inner
from sla_engine.clock.dues import target_now
from sla_engine.clock.far import far
from sla_engine.clock.layout import NEVER, State
from sla_engine.clock.marks import is_open_cycle
from sla_engine.clock.rules import columns, profiles
from sla_engine.clock.stretches import elapsed_at, reach
from sla_engine.clock.work import EXCLUDES, clocks, counts, excludes, incidents
from sla_engine.score.kernels import base_of_incident, elapsed_for, is_larger_share, urgency

_RUNNING = int(State.RUNNING)


@inner
def base_score(rules: Any, incident: Any) -> int:
    """The part of the score that does not move with time."""
    points = profiles(rules)[incident["profile"]]["base_score"]
    return base_of_incident(points, incident["reopens"], incident["handoffs"], incident["csat"])


@far
def beats(rules: Any, work: Any, at: int, other: int, t: int) -> int:
    """Whether clock `at` is tighter at `t` than `other`; of equals the first by (set, clock)."""
    if t < clocks(work)[at]["started"]:
        return 0
    if t < clocks(work)[other]["started"]:
        return 1
    found = is_larger_share(
        elapsed_at(rules, work, at, t),
        target_now(rules, work, at, t),
        elapsed_at(rules, work, other, t),
        target_now(rules, work, other, t),
    )
    if found != 0:
        return found > 0
    ranks = columns(rules)
    own = ranks[clocks(work)[at]["column"]]["rank"]
    return own < ranks[clocks(work)[other]["column"]]["rank"]


@far
def tightest(rules: Any, work: Any, row: int, t: int) -> int:
    """The clock with the largest elapsed share at `t`, or -1."""
    best = -1
    at = incidents(work)[row]["clocks"]
    while at >= 0:
        clock = clocks(work)[at]
        if is_open_cycle(clock) and t >= clock["started"]:
            if best < 0 or beats(rules, work, at, best, t):
                best = at
        at = clock["next"]
    return best


@far
def score_at(rules: Any, work: Any, row: int, t: int) -> int:
    """The incident's score at `t`: base plus the urgency of its tightest clock."""
    points = base_score(rules, incidents(work)[row])
    most = 0
    at = incidents(work)[row]["clocks"]
    while at >= 0:
        clock = clocks(work)[at]
        if is_open_cycle(clock) and t >= clock["started"]:
            elapsed = elapsed_at(rules, work, at, t)
            most = max(most, urgency(elapsed, target_now(rules, work, at, t)))
        at = clock["next"]
    return points + most


@far
def overtakes(rules: Any, work: Any, at: int, other: int, begin: int, end: int) -> int:
    """The first instant in (begin, end] at which `at` beats `other`, if it does at the end.

    Between two edges of the calendars shares grow evenly, so there is one switch.
    """
    low, high = begin, end
    while high - low > 1:
        middle = (low + high) >> 1
        if beats(rules, work, at, other, middle):
            high = middle
        else:
            low = middle
    return high


@inner
def next_change(rules: Any, work: Any, row: int, t: int) -> int:
    """The next instant after `t` at which a running clock begins or ceases to count."""
    edge = NEVER
    at = incidents(work)[row]["clocks"]
    while at >= 0:
        if clocks(work)[at]["state"] == _RUNNING:
            edge = min(edge, next_edge(rules, clocks(work)[at]["calendar"], t))
        at = clocks(work)[at]["next"]
    for n in range(counts(work)[EXCLUDES]):
        if excludes(work)[n]["begin"] > t:
            edge = min(edge, excludes(work)[n]["begin"])
        if excludes(work)[n]["end"] > t:
            edge = min(edge, excludes(work)[n]["end"])
    return edge


@far
def score_instant(rules: Any, work: Any, row: int, at: int, score: int, now: int) -> int:
    """When the clock's step at `score` comes, not before `now`, or when to look again.

    It belongs to the tightest clock of the instant (policy-language, "Escalation step"); which
    that is can change until the calendars' next edge only by one clock overtaking another.
    """
    clock = clocks(work)[at]
    missing = score - base_score(rules, incidents(work)[row])
    need = elapsed_for(missing, target_now(rules, work, at, now))
    if need < 0:
        return NEVER
    instant = max(now, reach(rules, work, at, clock["calendar"], need, 0, 0))
    if instant >= NEVER:
        return NEVER
    edge = next_change(rules, work, row, instant)
    while True:
        rival = tightest(rules, work, row, instant)
        if rival == at:
            return instant
        if edge >= NEVER or not beats(rules, work, at, rival, edge):
            return edge
        instant = overtakes(rules, work, at, rival, instant, edge)
