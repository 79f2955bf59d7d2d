"""Small marks: bits per step on a clock, steps that wait, the instant an incident stands at."""

from __future__ import annotations

from typing import Any

from sla_engine.clock.compiled import inner
from sla_engine.clock.layout import IRREGULAR, State
from sla_engine.clock.work import WAITS, counts, incidents, recording, waits

_RUNNING = int(State.RUNNING)
_PAUSED = int(State.PAUSED)


@inner
def is_open_cycle(clock: Any) -> bool:
    """Running or paused."""
    return clock["state"] == _RUNNING or clock["state"] == _PAUSED


@inner
def now_of(work: Any, row: int) -> int:
    """The latest instant at which anything happened to the incident."""
    return max(incidents(work)[row]["last_time"], incidents(work)[row]["fired_at"])


@inner
def has(bits: Any, slot: int) -> bool:
    """Whether the slot's bit is set."""
    return bits[slot >> 3] >> (slot & 7) & 1 != 0


@inner
def put(bits: Any, slot: int) -> None:
    """Set the slot's bit."""
    bits[slot >> 3] = bits[slot >> 3] | 1 << (slot & 7)


@inner
def drop(bits: Any, slot: int) -> None:
    """Clear the slot's bit."""
    bits[slot >> 3] = bits[slot >> 3] & (0xFF ^ (1 << (slot & 7)))


@inner
def is_done(clock: Any, slot: int) -> bool:
    """Whether the step has fired, was missed or was passed over."""
    return has(clock["fired"], slot) or has(clock["skipped"], slot)


@inner
def find_wait(work: Any, at: int, slot: int) -> int:
    """The WAIT row of a clock's step, or -1."""
    for n in range(counts(work)[WAITS]):
        if waits(work)[n]["clock"] == at and waits(work)[n]["slot"] == slot:
            return n
    return -1


@inner
def need_wait(work: Any, row: int, at: int, slot: int, instant: int) -> int:
    """The WAIT row of a clock's step, made with this instant when there is none."""
    n = find_wait(work, at, slot)
    if n >= 0:
        return n
    n = counts(work)[WAITS]
    if n >= len(waits(work)):
        incidents(work)[row]["flags"] |= IRREGULAR
        return -1
    counts(work)[WAITS] = n + 1
    wait = waits(work)[n]
    wait["clock"] = at
    wait["slot"] = slot
    wait["instant"] = instant
    wait["wake"] = 0
    return n


@inner
def end_wait(work: Any, n: int) -> None:
    """Forget a WAIT row."""
    last = counts(work)[WAITS] - 1
    waits(work)[n] = waits(work)[last]
    counts(work)[WAITS] = last


@inner
def leave_waits(work: Any, row: int) -> None:
    """At the end of a call: what waits is not in the rows, so the incident is irregular."""
    if counts(work)[WAITS] > 0 and not recording(work):
        incidents(work)[row]["flags"] |= IRREGULAR
        counts(work)[WAITS] = 0
