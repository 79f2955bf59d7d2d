"""The rules of the job for the contenders in Python: fast, on plain lists, standard library only.

An incident's state is a list: the status, the instant since which the resolution pauses, then per
clock five numbers (state, cycle, due, target, flags). Instants and durations are ms; while a clock
is paused its due is where it would be without the pause. Lists travel well: JSON, pickle, Redis.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

State = list[Any]

HOUR = 3_600_000
UPDATE = 24 * HOUR
FIRST = {"urgent": 4 * HOUR, "high": 8 * HOUR}
RESOLUTION = {"urgent": 40 * HOUR, "high": 80 * HOUR}
NAMES = ("first_response", "resolution", "update")
STATES = ("running", "paused", "met", "cancelled")
RUNNING, PAUSED, MET, CANCELLED = range(4)
WARNED, BREACHED, MISSED = 1, 2, 4
SHOWN = ("-", "80%", "breach", "80%+breach")
#: Where each clock begins in the list, and what stands there.
FIRST_AT, RESOLUTION_AT, UPDATE_AT = 2, 7, 12
CLOCKS = (FIRST_AT, RESOLUTION_AT, UPDATE_AT)
STATE, CYCLE, DUE, TARGET, FLAGS = range(5)
NEVER = 1 << 62


def instant_ms(text: str) -> int:
    """An RFC 3339 time in ms since 1970."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def opened(name: str, event: dict[str, Any], at: int, out: list[str]) -> State:
    """The state of an incident that is opened; alerts that this sends go to `out`."""
    data = event["data"]
    begun = data.get("opened_at")
    start = at if begun is None else instant_ms(begun)
    priority = data["priority"]
    state: State = ["", 0]
    for target in (
        FIRST.get(priority, 24 * HOUR),
        RESOLUTION.get(priority, 200 * HOUR),
        UPDATE,
    ):
        state += (RUNNING, 1, start + target, target, 0)
    if start != at:
        for clock in CLOCKS:
            _attach(name, state, clock, at, out)
    return state


def apply(name: str, state: State, event: dict[str, Any], at: int, out: list[str]) -> None:
    """One change at `at`, after the steps before it."""
    fire(name, state, at - 1, out)
    data = event["data"]
    kind = event["type"]
    if kind == "incident.commented":
        if data["public"]:
            if data["author"] == "customer":
                _go_on(name, state, at, out)
            else:
                _replied(name, state, at, out)
    elif kind == "incident.resolved":
        _end(name, state, FIRST_AT, CANCELLED, out)
        _end(name, state, UPDATE_AT, CANCELLED, out)
        _end(name, state, RESOLUTION_AT, MET, out)
    elif "priority" in data:
        priority = data["priority"]
        _retarget(name, state, FIRST_AT, FIRST.get(priority, 24 * HOUR), at, out)
        _retarget(name, state, RESOLUTION_AT, RESOLUTION.get(priority, 200 * HOUR), at, out)
    elif data["status"] != state[0]:
        state[0] = data["status"]
        if state[0] == "waiting_customer":
            if state[RESOLUTION_AT] == RUNNING:
                state[RESOLUTION_AT], state[1] = PAUSED, at
        else:
            _go_on(name, state, at, out)


def fire(name: str, state: State, until: int, out: list[str]) -> None:
    """Send the steps up to and with `until`."""
    for clock in CLOCKS:
        while next_of(state, clock) <= until:
            warned = state[clock + FLAGS] & (WARNED | MISSED)
            _send(name, state, clock, BREACHED if warned else WARNED, out)


def next_of(state: State, clock: int) -> int:
    """When a clock's next step is due, or NEVER."""
    if state[clock]:
        return NEVER
    flags = state[clock + FLAGS]
    if not flags & (WARNED | MISSED):
        return int(state[clock + DUE] - state[clock + TARGET] // 5)
    return NEVER if flags & BREACHED else int(state[clock + DUE] + 1)


def instants(state: State) -> tuple[int, int, int]:
    """When each clock's next step is due, or NEVER."""
    return next_of(state, FIRST_AT), next_of(state, RESOLUTION_AT), next_of(state, UPDATE_AT)


def line(name: str, state: State) -> str:
    """The incident's line, as the job's answer defines it."""
    return " ".join([name, *_told(state)])


def _told(state: State) -> Iterator[str]:
    for name, clock in zip(NAMES, CLOCKS, strict=True):
        what, cycle, due, _, flags = state[clock : clock + 5]
        shown = due if what == RUNNING and not flags & BREACHED else "-"
        yield f"{name}={STATES[what]}/{cycle}/{shown}/{SHOWN[flags & 3]}"


def _send(name: str, state: State, clock: int, step: int, out: list[str]) -> None:
    state[clock + FLAGS] |= step
    _tell(name, state, clock, "80%" if step == WARNED else "breach", out)


def _tell(name: str, state: State, clock: int, what: str, out: list[str]) -> None:
    which = NAMES[(clock - FIRST_AT) // 5]
    out.append(f"default/{name}/default/{which}/{state[clock + CYCLE]}/{what}")


def _attach(name: str, state: State, clock: int, at: int, out: list[str]) -> None:
    """What an opening or a new target has put into the past: a breach, or a warning."""
    due = state[clock + DUE] + (at - state[1] if state[clock] == PAUSED else 0)
    if due < at:
        state[clock + FLAGS] |= MISSED
        if not state[clock + FLAGS] & BREACHED:
            _send(name, state, clock, BREACHED, out)
        return
    state[clock + FLAGS] &= ~MISSED
    if next_of(state, clock) <= at:
        _send(name, state, clock, WARNED, out)


def _replied(name: str, state: State, at: int, out: list[str]) -> None:
    _end(name, state, FIRST_AT, MET, out)
    _end(name, state, UPDATE_AT, MET, out)
    cycle = state[UPDATE_AT + CYCLE] + 1
    state[UPDATE_AT : UPDATE_AT + 5] = (RUNNING, cycle, at + UPDATE, UPDATE, 0)


def _go_on(name: str, state: State, at: int, out: list[str]) -> None:
    if state[RESOLUTION_AT] == PAUSED:
        state[RESOLUTION_AT + DUE] += at - state[1]
        state[RESOLUTION_AT] = RUNNING
        _attach(name, state, RESOLUTION_AT, at, out)


def _retarget(name: str, state: State, clock: int, target: int, at: int, out: list[str]) -> None:
    if state[clock] <= PAUSED and state[clock + TARGET] != target:
        state[clock + DUE] += target - state[clock + TARGET]
        state[clock + TARGET] = target
        _attach(name, state, clock, at, out)


def _end(name: str, state: State, clock: int, how: int, out: list[str]) -> None:
    if state[clock] <= PAUSED:
        state[clock] = how
        if state[clock + FLAGS] & 3:
            _tell(name, state, clock, "cleared", out)
