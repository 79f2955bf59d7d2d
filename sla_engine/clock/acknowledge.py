"""Acknowledging: who takes a breached clock stops its steps with `until: acknowledged`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sla_engine.clock.compiled import inner
from sla_engine.clock.ladder import plan_next
from sla_engine.clock.layout import (
    BREACHED,
    State,
    columns,
    definitions,
)
from sla_engine.clock.measure import settle
from sla_engine.clock.work import (
    clocks,
    incidents,
)
from sla_engine.event.hashing import SEED_TEXT, hash_bytes, hash_text
from sla_engine.event.layout import Member

_RUNNING = int(State.RUNNING)
_PAUSED = int(State.PAUSED)
_UNTIL = int(Member.UNTIL)
_SET = int(Member.SET)
_CLOCK = int(Member.CLOCK)
_ALERT = int(Member.ALERT)
_SLASH = ord("/")
_DEFAULT_SET = np.uint64(hash_text("default"))


@inner
def address_in(data: NDArray[np.uint8], start: int, end: int) -> tuple[np.uint64, np.uint64]:
    """Hashes of the set and clock parts of an alert id (tenant/incident/set/clock/...)."""
    part = 0
    begin = start
    set_hash = np.uint64(0)
    for at in range(start, end + 1):
        if at == end or data[at] == _SLASH:
            if part == 2:
                set_hash = hash_bytes(data, begin, at - begin, SEED_TEXT)
            elif part == 3:
                return set_hash, hash_bytes(data, begin, at - begin, SEED_TEXT)
            part += 1
            begin = at + 1
    return np.uint64(0), np.uint64(0)


@inner
def acknowledge(
    rules: Any, work: Any, row: int, event: Any, spans: NDArray[Any],
    data: NDArray[np.uint8], t: int,
) -> None:  # fmt: skip
    """Take the addressed clock, or without an address every clock that has breached so far.

    The address is (`set`, `clock`), or the id of one of the clock's alerts.
    """
    set_hash = np.uint64(0)
    name_hash = np.uint64(0)
    by_alert = False
    until = np.int64(0)
    base = event["span"]
    for n in range(base, base + event["spans"]):
        span = spans[n]
        if span["member"] == _SET:
            set_hash = span["hash"]
        elif span["member"] == _CLOCK:
            name_hash = span["hash"]
        elif span["member"] == _ALERT and span["length"] > 0:
            by_alert = True
            set_hash, name_hash = address_in(data, span["start"], span["start"] + span["length"])
        elif span["member"] == _UNTIL:
            until = span["value"]
    addressed = name_hash != np.uint64(0)
    if addressed and set_hash == np.uint64(0):
        set_hash = _DEFAULT_SET
    at = incidents(work)[row]["clocks"]
    while at >= 0:
        clock = clocks(work)[at]
        column = columns(rules)[clock["column"]]
        meant = clock["flags"] & BREACHED != 0
        if by_alert:
            meant = column["set_encoded"] == set_hash and column["name_encoded"] == name_hash
        elif addressed:
            meant = column["name_hash"] == name_hash and column["set_hash"] == set_hash
        if meant and (clock["state"] == _RUNNING or clock["state"] == _PAUSED):
            settle(rules, work, at, t)
            clock["ack_since"] = t
            expires = definitions(rules)[clock["definition"]]["ack_expires"]
            clock["ack_until"] = until if until != 0 else (t + expires if expires else 0)
            plan_next(rules, work, row, at)
        at = clock["next"]


@inner
def unacknowledge(rules: Any, work: Any, row: int, at: int, t: int) -> None:
    """The ladder stood still and goes on with the wait that was left."""
    settle(rules, work, at, t)
    clock = clocks(work)[at]
    clock["ack_since"] = 0
    clock["ack_until"] = 0
    plan_next(rules, work, row, at)
