"""What is right: the rules of the job, incident after incident, slowly and plainly.

A line tells an incident's state: its id, then for each clock, by name, `<clock>=<state>/<cycle>/
<due>/<fired>`. The state is `running`, `paused`, `met` or `cancelled` (of the latest cycle); the
due in ms since 1970 where the clock is running and has not breached, else `-`; the steps of the
cycle that were fired, joined by `+`, else `-`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from benchmarks.job.generate import (
    FIRST_DEFAULT_MS,
    FIRST_MS,
    HOUR_MS,
    RESOLUTION_DEFAULT_MS,
    RESOLUTION_MS,
)

UPDATE_MS = 24 * HOUR_MS


@dataclass(slots=True)
class Clock:
    """One clock in its latest cycle; instants and durations in ms."""

    name: str
    start: int
    target: int
    cycle: int = 1
    state: str = "running"
    paused: int = 0
    paused_since: int = 0
    fired: set[str] = field(default_factory=set)
    missed: set[str] = field(default_factory=set)

    def due_from(self, at: int) -> int:
        """When the target is spent, if it runs from `at` on."""
        return self.due + (at - self.paused_since if self.state == "paused" else 0)

    @property
    def due(self) -> int:
        """When the target is spent, unless it pauses again."""
        return self.start + self.target + self.paused

    def steps(self) -> list[tuple[int, str]]:
        """(instant, step) of what may yet fire."""
        if self.state != "running":
            return []
        both = [(self.due - self.target // 5, "80%"), (self.due + 1, "breach")]
        return [(at, step) for at, step in both if step not in self.fired | self.missed]


class Incident:
    """One incident with its clocks and the ids of its alerts."""

    def __init__(self, name: str, at: int, priority: str) -> None:
        self.name = name
        self.status = ""
        self.alerts: list[str] = []
        self.clocks = {
            "first_response": Clock("first_response", at, first_ms(priority)),
            "resolution": Clock("resolution", at, resolution_ms(priority)),
            "update": Clock("update", at, UPDATE_MS),
        }

    def line(self) -> str:
        """Its state in one line."""
        return " ".join([self.name, *map(told, self.clocks.values())])

    def move_to(self, at: int) -> None:
        """Fire the steps before `at`."""
        for clock in self.clocks.values():
            for instant, step in clock.steps():
                if instant < at:
                    self.fire(clock, step)

    def attach(self, clock: Clock, at: int) -> None:
        """Fire what an opening or a new target has put into the past: a breach, or a warning."""
        past = clock.due_from(at) < at
        clock.missed = {"80%"} if past else set()
        if past and "breach" not in clock.fired:
            self.fire(clock, "breach")
        for instant, step in clock.steps():
            if instant <= at:
                self.fire(clock, step)

    def fire(self, clock: Clock, step: str) -> None:
        """Send one alert."""
        clock.fired.add(step)
        self.tell(clock, step)

    def tell(self, clock: Clock, what: str) -> None:
        """Note the id of an alert."""
        self.alerts.append(f"default/{self.name}/default/{clock.name}/{clock.cycle}/{what}")

    def end(self, name: str, state: str) -> None:
        """A clock's cycle is over, if it is not so already."""
        clock = self.clocks[name]
        if clock.state in ("running", "paused"):
            clock.state = state
            if clock.fired:
                self.tell(clock, "cleared")

    def apply(self, event: dict[str, Any], at: int) -> None:
        """One change."""
        data = event["data"]
        if event["type"] == "incident.commented":
            self.commented(data, at)
        elif event["type"] == "incident.resolved":
            self.end("first_response", "cancelled")
            self.end("update", "cancelled")
            self.end("resolution", "met")
        elif "priority" in data:
            self.retarget("first_response", first_ms(data["priority"]), at)
            self.retarget("resolution", resolution_ms(data["priority"]), at)
        elif data["status"] != self.status:
            self.status = data["status"]
            self.pause(at) if self.status == "waiting_customer" else self.go_on(at)

    def commented(self, data: dict[str, Any], at: int) -> None:
        """A reply, a customer's comment, or a private note."""
        if not data["public"]:
            return
        if data["author"] == "customer":
            self.go_on(at)
            return
        self.end("first_response", "met")
        self.end("update", "met")
        self.clocks["update"] = Clock("update", at, UPDATE_MS, self.clocks["update"].cycle + 1)

    def pause(self, at: int) -> None:
        """The customer has the next move."""
        clock = self.clocks["resolution"]
        if clock.state == "running":
            clock.state, clock.paused_since = "paused", at

    def go_on(self, at: int) -> None:
        """We have it."""
        clock = self.clocks["resolution"]
        if clock.state == "paused":
            clock.state = "running"
            clock.paused += at - clock.paused_since
            self.attach(clock, at)

    def retarget(self, name: str, target: int, at: int) -> None:
        """A new target for a clock that is not over, counted from the old start."""
        clock = self.clocks[name]
        if clock.state in ("running", "paused") and clock.target != target:
            clock.target = target
            self.attach(clock, at)


def told(clock: Clock) -> str:
    """One clock's part of a line."""
    due = clock.due if clock.state == "running" and "breach" not in clock.fired else "-"
    return f"{clock.name}={clock.state}/{clock.cycle}/{due}/{'+'.join(sorted(clock.fired)) or '-'}"


def first_ms(priority: str) -> int:
    """The target of first_response."""
    return FIRST_MS.get(priority, FIRST_DEFAULT_MS)


def resolution_ms(priority: str) -> int:
    """The target of resolution."""
    return RESOLUTION_MS.get(priority, RESOLUTION_DEFAULT_MS)


def instant_ms(text: str) -> int:
    """An event's time in ms since 1970."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def answer(values: Iterable[bytes], end_ms: int) -> tuple[list[str], set[str]]:
    """(the line of each incident, the ids of all alerts) when all events were taken."""
    incidents: dict[str, Incident] = {}
    for value in values:
        event = json.loads(value)
        at = instant_ms(event["time"])
        if event["type"] == "incident.created":
            opened = instant_ms(event["data"].get("opened_at", event["time"]))
            one = Incident(event["subject"], opened, event["data"]["priority"])
            incidents[one.name] = one
            for clock in one.clocks.values():
                one.attach(clock, at)
        else:
            one = incidents[event["subject"]]
            one.move_to(at)
            one.apply(event, at)
    for one in incidents.values():
        one.move_to(end_ms + 1)
    alerts = {alert for one in incidents.values() for alert in one.alerts}
    return [one.line() for one in incidents.values()], alerts
