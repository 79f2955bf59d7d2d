"""What people say about clocks: acknowledgements, snoozes, pins, moved openings."""

from __future__ import annotations

from typing import Any

import numpy as np

from sla_engine.clock.compiled import inner
from sla_engine.clock.dues import take_target
from sla_engine.clock.far import far
from sla_engine.clock.ladder import plan_next
from sla_engine.clock.layout import (
    ACKED,
    BREACHED,
    BY_ALERT,
    FROM_OPENING,
    NEVER,
    PINNED,
    UNPINS,
    State,
)
from sla_engine.clock.marks import end_wait, is_open_cycle
from sla_engine.clock.rebase import rebase
from sla_engine.clock.recount import move_start
from sla_engine.clock.rules import columns, definitions
from sla_engine.clock.starting import opening_for
from sla_engine.clock.work import (
    ACKS,
    WAITS,
    acks,
    change,
    clocks,
    counts,
    incidents,
    recording,
    waits,
)
from sla_engine.event.hashing import hash_text
from sla_engine.event.layout import EventType

_ACKNOWLEDGED = int(EventType.ACKNOWLEDGED)
_DEFAULT_SET = np.uint64(hash_text("default"))
_ZERO = np.uint64(0)
_RUNNING = int(State.RUNNING)


@inner
def is_addressed(rules: Any, work: Any, at: int) -> bool:
    """Whether the event in hand names this clock: by (set, clock), or by an alert's id."""
    said = change(work)[0]
    clock = clocks(work)[at]
    column = columns(rules)[clock["column"]]
    if said["flags"] & BY_ALERT:
        same = column["set_encoded"] == said["set_hash"]
        named = column["name_encoded"] == said["name_hash"]
        return same and named and clock["cycle"] == said["address_cycle"]
    set_hash = said["set_hash"] if said["set_hash"] != _ZERO else _DEFAULT_SET
    return column["name_hash"] == said["name_hash"] and column["set_hash"] == set_hash


@far
def acknowledge(rules: Any, work: Any, row: int) -> int:
    """Take the addressed clock, or every clock that has breached so far; or let go again."""
    said = change(work)[0]
    takes = said["type"] == _ACKNOWLEDGED
    named = said["flags"] & BY_ALERT != 0 or said["name_hash"] != _ZERO
    t = said["t"]
    at = incidents(work)[row]["clocks"]
    while at >= 0:
        clock = clocks(work)[at]
        meant = clock["cycle"] > 0
        if named:
            meant = meant and is_addressed(rules, work, at)
        elif takes:
            meant = meant and clock["flags"] & BREACHED != 0
        if meant:
            end_ack(rules, work, at, t)
            until = said["until"]
            expires = definitions(rules)[clock["definition"]]["ack_expires"]
            if until == 0 and expires != 0:
                until = t + expires
            if takes and (until == 0 or until > t):
                begin_ack(work, at, t, until)
            plan_next(rules, work, row, at)
        at = clock["next"]
    return 0


@inner
def begin_ack(work: Any, at: int, t: int, until: int) -> None:
    """The clock is acknowledged from `t` on; `until` 0: without end."""
    clock = clocks(work)[at]
    clock["ack_since"] = t
    clock["ack_until"] = until
    clock["flags"] |= ACKED
    if recording(work):
        n = counts(work)[ACKS]
        acks(work)[n]["begin"] = t
        acks(work)[n]["end"] = until if until != 0 else NEVER
        acks(work)[n]["clock"] = at
        counts(work)[ACKS] = n + 1


@far
def end_ack(rules: Any, work: Any, at: int, t: int) -> int:
    """The ladder stood still and goes on with the wait that was left."""
    clock = clocks(work)[at]
    since = clock["ack_since"]
    if since == 0:
        return 0
    if clock["flags"] & BREACHED and clock["state"] == _RUNNING:
        begin = max(max(clock["since"], since), clock["due"])
        clock["ack_shift"] += max(0, t - begin)
    clock["ack_since"] = 0
    clock["ack_until"] = 0
    for n in range(counts(work)[ACKS]):
        if acks(work)[n]["clock"] == at and acks(work)[n]["end"] > t:
            acks(work)[n]["end"] = t
    return 0


@far
def snooze(rules: Any, work: Any, row: int) -> int:
    """Warnings and steps after the breach are held until then; held ones are looked at again."""
    said = change(work)[0]
    incidents(work)[row]["snoozed"] = said["until"] if said["until"] > said["t"] else 0
    for n in range(counts(work)[WAITS] - 1, -1, -1):
        if is_open_cycle(clocks(work)[waits(work)[n]["clock"]]):
            waits(work)[n]["wake"] = 0
            if waits(work)[n]["instant"] >= NEVER:
                end_wait(work, n)
    return plan_all(rules, work, row)


@far
def plan_all(rules: Any, work: Any, row: int) -> int:
    """Plan every clock of the incident anew."""
    at = incidents(work)[row]["clocks"]
    while at >= 0:
        plan_next(rules, work, row, at)
        at = clocks(work)[at]["next"]
    return 0


@far
def override(rules: Any, work: Any, row: int) -> int:
    """Pin or unpin the addressed clock's due (D9); what is excluded is known beforehand."""
    said = change(work)[0]
    at = incidents(work)[row]["clocks"]
    while at >= 0:
        clock = clocks(work)[at]
        if is_open_cycle(clock) and is_addressed(rules, work, at):
            if said["pin"] != 0:
                clock["flags"] |= PINNED
                clock["due"] = said["pin"]
                rebase(rules, work, row, at, said["t"])
            elif said["flags"] & UNPINS:
                clock["flags"] &= 0xFFFF ^ PINNED
                rebase(rules, work, row, at, said["t"])
        at = clock["next"]
    return 0


@far
def absorb(rules: Any, work: Any, row: int) -> int:
    """The incident took in another one: the earlier opening counts (D19)."""
    incident = incidents(work)[row]
    other = change(work)[0]["given_opening"]
    known = incident["absorbed"]
    incident["absorbed"] = other if known == 0 else min(known, other)
    return move_openings(rules, work, row)


@far
def move_openings(rules: Any, work: Any, row: int) -> int:
    """The opening moved: clocks that started with it start there, targets are taken from there."""
    t = change(work)[0]["t"]
    at = incidents(work)[row]["clocks"]
    while at >= 0:
        clock = clocks(work)[at]
        if is_open_cycle(clock) and clock["flags"] & FROM_OPENING:
            opening = opening_for(rules, work, row, clock["definition"])
            if opening != clock["started"]:
                move_start(rules, work, at, opening)
                take_target(rules, work, at, clock["choice_mode"], clock["choice_amount"])
                rebase(rules, work, row, at, t)
        at = clock["next"]
    return 0
