"""The arrays a fold changes, bundled for the kernels, and how they grow.

`counts` holds the fill levels that kernels advance and the details of a request to Python.
A work that records (a fold of a whole history) keeps what a clock's sums cannot tell: segments,
moments, acknowledged and excluded time, steps that wait. Elsewhere an incident that needs any
of it is marked IRREGULAR and folded anew from its history.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sla_engine.clock.compiled import inner
from sla_engine.clock.layout import (
    ACK,
    ALERT,
    CHANGE,
    CLOCK,
    EXCLUDE,
    INCIDENT,
    MOMENT,
    NEVER,
    SEGMENT,
    WAIT,
)
from sla_engine.clock.memory import accessor, table_of
from sla_engine.clock.room import longer


class Outcome(IntEnum):
    """What a kernel answers; anything from NEED_CLASS on changed nothing of that event."""

    DONE = 0
    NEED_CLASS = 1  # a value never seen: counts[NEED_A] = span, [NEED_B] = slot
    NEED_PROFILE = 2  # profile, slot, class
    NEED_SITUATION = 3  # profile, event class, 1 + profile whose rules are meant (0 = the same)
    NEED_HISTORY = 4  # not in order, or the past must be known: fold the history again
    NEED_ROOM = 5  # an array is full
    NEED_JUDGEMENT = 7  # profile, step, 1 + score (0 = the score does not matter)


class Work(NamedTuple):
    """Rows and outputs. `segments` of length 0: nothing is recorded."""

    incidents: NDArray[Any]  # INCIDENT
    clocks: NDArray[Any]  # CLOCK
    next_due: NDArray[np.int64]  # per incident row, NEVER when no timer is armed
    free_clocks: NDArray[np.int64]
    alerts: NDArray[Any]  # ALERT
    segments: NDArray[Any]  # SEGMENT
    archived: NDArray[Any]  # CLOCK, cycles that were replaced by the next one
    by_column: NDArray[np.int64]  # scratch: clock row per column of the incident in hand
    ended: NDArray[np.int64]  # scratch: how the column's clock ended on the event in hand
    change: NDArray[Any]  # CHANGE, one row: the event in hand
    moments: NDArray[Any]  # MOMENT; one row, the event in hand, when nothing is recorded
    waits: NDArray[Any]  # WAIT
    acks: NDArray[Any]  # ACK
    excludes: NDArray[Any]  # EXCLUDE
    counts: NDArray[np.int64]

    def table(self) -> NDArray[np.int64]:
        """What compiled kernels are given; keep `self` alive while they run."""
        return table_of(self)


_I8 = np.dtype("i8")
incidents = accessor("incidents", 0, INCIDENT)
clocks = accessor("clocks", 1, CLOCK)
next_due = accessor("next_due", 2, _I8)
free_clocks = accessor("free_clocks", 3, _I8)
alerts = accessor("alerts", 4, ALERT)
segments = accessor("segments", 5, SEGMENT)
archived = accessor("archived", 6, CLOCK)
by_column = accessor("by_column", 7, _I8)
ended = accessor("ended", 8, _I8)
change = accessor("change", 9, CHANGE)
moments = accessor("moments", 10, MOMENT)
waits = accessor("waits", 11, WAIT)
acks = accessor("acks", 12, ACK)
excludes = accessor("excludes", 13, EXCLUDE)
counts = accessor("counts", 14, _I8)

ALERTS, SEGMENTS, FREE_CLOCKS, ARCHIVED = 0, 1, 2, 3
NEED_A, NEED_B, NEED_C = 5, 6, 7
MOMENTS, WAITS, ACKS, EXCLUDES = 8, 9, 10, 11
UPDATED_AT = 12  # time of the latest `customer.updated` that was passed
COUNTS = 16

#: Rows that one event or timer of one incident can use up at most.
HEADROOM = 512
#: Steps of one incident that can wait at once when nothing is recorded.
WAITS_IN_HAND = 256


def new_work(
    incident_rows: int, clock_rows: int, columns: int, *, alert_rows: int = 4096, recorded: int = 0
) -> Work:
    """Empty arrays; `recorded` > 0 keeps that many of each thing recorded."""
    made = Work(
        incidents=np.zeros(incident_rows, INCIDENT),
        clocks=np.zeros(clock_rows, CLOCK),
        next_due=np.full(incident_rows, NEVER, np.int64),
        free_clocks=np.arange(clock_rows - 1, -1, -1, dtype=np.int64),
        alerts=np.zeros(alert_rows, ALERT),
        segments=np.zeros(recorded, SEGMENT),
        archived=np.zeros(recorded, CLOCK),
        by_column=np.full(columns, -1, np.int64),
        ended=np.zeros(columns, np.int64),
        change=np.zeros(1, CHANGE),
        moments=np.zeros(max(1, recorded), MOMENT),
        waits=np.zeros(max(WAITS_IN_HAND, recorded), WAIT),
        acks=np.zeros(recorded, ACK),
        excludes=np.zeros(recorded, EXCLUDE),
        counts=np.zeros(COUNTS, np.int64),
    )
    made.counts[FREE_CLOCKS] = clock_rows
    made.incidents["clocks"] = -1
    return made


def with_more_incidents(work: Work, size: int) -> Work:
    """The same work with room for `size` incidents."""
    old = len(work.incidents)
    incidents, next_due = longer(work.incidents, size), longer(work.next_due, size)
    incidents["clocks"][old:] = -1
    next_due[old:] = NEVER
    return work._replace(incidents=incidents, next_due=next_due)


def with_more_clocks(work: Work, size: int) -> Work:
    """The same work with room for `size` clock rows."""
    old = len(work.clocks)
    clocks, free = longer(work.clocks, size), longer(work.free_clocks, size)
    held = int(work.counts[FREE_CLOCKS])
    free[held : held + size - old] = np.arange(size - 1, old - 1, -1, dtype=np.int64)
    work.counts[FREE_CLOCKS] = held + size - old
    return work._replace(clocks=clocks, free_clocks=free)


def with_more_recorded(work: Work) -> Work:
    """A recording work with twice the room for what it records."""
    grown = {}
    for name in ("alerts", "segments", "archived", "moments", "waits", "acks", "excludes"):
        old = getattr(work, name)
        grown[name] = np.zeros(2 * len(old), old.dtype)
        grown[name][: len(old)] = old
    return work._replace(**grown)


@inner
def recording(work: Any) -> bool:
    """Whether this fold keeps what sums cannot tell."""
    return len(segments(work)) > 0


@inner
def has_room(work: Any) -> bool:
    """Whether every array has the headroom that one event may use up."""
    filled = counts(work)
    if filled[ALERTS] + HEADROOM > len(alerts(work)):
        return False
    if filled[FREE_CLOCKS] < len(by_column(work)):
        return False
    if not recording(work):
        return True
    most = max(max(filled[SEGMENTS], filled[ARCHIVED]), max(filled[MOMENTS], filled[WAITS]))
    return max(most, max(filled[ACKS], filled[EXCLUDES])) + HEADROOM <= len(segments(work))
