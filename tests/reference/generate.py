"""Random policy sets and histories, to drive the engine and the reference fold by the same input.

`history(rng, level)` gives `(policies_text, events, until_ms)`; events come in an order of arrival
with duplicates and late ones (never later than `LATEST_MS`, within the horizon). Instants are
mostly multiples of a quarter of an hour, so that events meet dues, openings and each other.
Level 1 is the core (the six kinds, pauses, reopenings, priorities, warnings, ladders, calendars),
level 2 everything that one incident decides.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

from hypothesis import strategies as st

from tests.reference import generate_more as more
from tests.reference.times import format_time, parse_time

Event = dict[str, Any]
History = tuple[str, list[Event], int]

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
LATEST_MS = 5 * DAY
# Mondays; some of the weeks hold a change of the clocks, New Year or Easter.
WEEKS = ("2026-01-12", "2026-03-02", "2026-03-23", "2026-04-01", "2026-10-19", "2026-12-21")
DURATIONS = ("15m", "30m", "1h", "90m", "2h", "3h", "4h", "8h", "1h30m", "12h", "24h", "2d")
PRIORITIES = ("urgent", "high", "normal", "low")
STATUSES = (
    "open",
    "waiting_customer",
    "waiting_vendor",
    "on_hold",
    "pending",
    "resolved",
    "closed",
)
TEAMS = ("noc", "billing", "field")
PEOPLE = ("kim", "ann", "lee")
PAUSES = (
    'status_class == "waiting_customer"',
    'status_class in ["waiting_customer", "on_hold"]',
    'status == "pending"',
    'status_class == "on_hold" || priority == "low"',
)


def histories(level: int = 1) -> st.SearchStrategy[History]:
    """The generator as a Hypothesis strategy; its draws shrink."""
    return st.randoms(use_true_random=False).map(lambda rng: history(rng, level))


def history(rng: Random, level: int = 1) -> History:
    """One policy set with the events of one incident (level 2: sometimes of two)."""
    document = policy_set(rng, level)
    start = parse_time(rng.choice(WEEKS)) + rng.randrange(0, 7 * 24 * 4) * 15 * MINUTE
    events = story(rng, level, start)
    if level > 1:
        more.widen_events(rng, events, document)
        if rng.random() < 0.15:
            begin = start + rng.randrange(-40, 40) * 15 * MINUTE
            more.add_ending(rng, events, story(rng, level, begin, "Y/2"))
    last = max(parse_time(event["time"]) for event in events)
    until = last + rng.choice((0, 1, HOUR, 6 * HOUR, DAY, 4 * DAY))
    return json.dumps(document, indent=1), arrival(rng, events), until


def minimise(found: History, fails: Callable[[History], bool]) -> History:
    """Drop events, policies, clocks and steps one at a time while `fails` still holds."""
    text, events, until = found
    progress = True
    while progress:
        progress = False
        for index in reversed(range(len(events))):
            trial = (text, events[:index] + events[index + 1 :], until)
            if trial[1] and fails(trial):
                events, progress = trial[1], True
        for smaller in _smaller(json.loads(text)):
            trial = (json.dumps(smaller, indent=1), events, until)
            if fails(trial):
                text, progress = trial[0], True
                break
    return text, events, until


def _smaller(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The document without one policy, one clock, one option or one step."""
    out = []
    for index, policy in enumerate(document["policies"]):
        for key in ("escalations",):
            for step in range(len(policy.get(key, []))):
                copy = json.loads(json.dumps(document))
                del copy["policies"][index][key][step]
                out.append(copy)
        for clock, options in policy["clocks"].items():
            copy = json.loads(json.dumps(document))
            del copy["policies"][index]["clocks"][clock]
            out.append(copy)
            for option in options:
                if option not in ("target", "every", "due_at", "start", "stop", "kind"):
                    copy = json.loads(json.dumps(document))
                    del copy["policies"][index]["clocks"][clock][option]
                    out.append(copy)
        copy = json.loads(json.dumps(document))
        del copy["policies"][index]
        out.append(copy)
    return [copy for copy in out if copy["policies"] and all(p["clocks"] for p in copy["policies"])]


# --- policies ------------------------------------------------------------------------------------


def policy_set(rng: Random, level: int) -> dict[str, Any]:
    calendars = _calendars(rng)
    names = [*calendars, "24x7"]
    document: dict[str, Any] = {
        "statuses": {"pending": "waiting_customer"},
        "attributes": {"tier": {"values": ["gold", "silver", "standard"], "default": "standard"}},
        "calendars": calendars,
        "recipients": {"lead": {"via": ["mail"]}, "duty": {}, "head": {"via": ["phone", "mail"]}},
        "sets": {"ola": {"match": "all", "party": "team"}},
        "policies": [],
    }
    if rng.random() < 0.4:
        document["policies"].append(
            {
                "name": "special",
                "when": rng.choice(('kind == "order"', 'tier == "gold"', 'channel == "phone"')),
                "calendar": rng.choice(names),
                "clocks": _clocks(rng),
                "escalations": _escalations(rng),
            }
        )
    document["policies"].append(
        {
            "name": "everyone",
            "calendar": rng.choice(names),
            "clocks": _clocks(rng),
            "escalations": _escalations(rng),
        }
    )
    if rng.random() < 0.5:
        document["policies"].append(_ola(rng, names))
    if level > 1:
        more.widen_policies(rng, document)
    return document


def _calendars(rng: Random) -> dict[str, Any]:
    zone = rng.choice(("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Europe/London"))
    work: dict[str, Any] = {"time_zone": zone, "hours": {"mon-fri": ["09:00-12:00", "13:00-17:00"]}}
    if rng.random() < 0.5:
        work["hours"]["sat"] = ["10:00-14:00"]
    if rng.random() < 0.4:
        work["holidays"] = rng.choice(
            (
                {"country": "DE", "subdivision": "BY"},
                ["2026-01-14", "12-25", "03-24"],
                [{"country": "US"}, "2026-03-25"],
            )
        )
    if rng.random() < 0.3:
        work["dates"] = {
            "2026-01-15": [],
            "2026-03-28": ["09:00-11:00"],
            "2026-12-25": ["10:00-12:00"],
        }
    night = {"time_zone": zone, "hours": {"mon-fri": ["22:00-06:00"], "sun": ["00:00-24:00"]}}
    return {"work": work, "night": night}


def target(rng: Random) -> dict[str, Any]:
    """One of the ways to give a target."""
    choice = rng.random()
    if choice < 0.35:
        return {"target": rng.choice(DURATIONS)}
    if choice < 0.7:
        labels = rng.sample(PRIORITIES, rng.randint(1, 3))
        spec: dict[str, Any] = {label: rng.choice(DURATIONS) for label in labels}
        if rng.random() < 0.9:
            spec["default"] = rng.choice((*DURATIONS, "2bd"))
        return {"target": spec}
    if choice < 0.8:
        return {"target": rng.choice(("1bd", "2bd"))}
    if choice < 0.9:
        return {"target": {"by": "tier", "gold": "1h", "default": rng.choice(DURATIONS)}}
    return {
        "due_at": rng.choice(
            ("due", "end of business day", "end of next business day", "next business day 16:00")
        )
    }


def _modes(rng: Random, clock: dict[str, Any]) -> dict[str, Any]:
    if rng.random() < 0.5:
        clock["on_priority_change"] = rng.choice(("keep_start", "restart", "keep_due", "earlier"))
    if rng.random() < 0.2:
        clock["carry_pauses"] = False
    if rng.random() < 0.2:
        clock["rearm"] = True
    if rng.random() < 0.5:
        clock["pause"] = rng.choice(PAUSES)
    return clock


def _clocks(rng: Random) -> dict[str, Any]:
    clocks: dict[str, Any] = {}
    if rng.random() < 0.6:
        clocks["first_response"] = _modes(rng, target(rng))
        if rng.random() < 0.3:
            clocks["first_response"]["on_resolve"] = "met"
        if rng.random() < 0.2:
            clocks["first_response"]["reply"] = {"bots": True}
    if rng.random() < 0.5:
        clocks["next_response"] = _modes(rng, target(rng))
    if rng.random() < 0.4:
        every = rng.choice(DURATIONS)
        clocks["update"] = _modes(rng, {"every": every})
        if rng.random() < 0.5:
            clocks["update"]["from"] = "opened"
    if rng.random() < 0.8 or not clocks:
        clocks["resolution"] = _modes(rng, target(rng))
        if rng.random() < 0.5:
            clocks["resolution"]["on_reopen"] = rng.choice(
                ("continue", "new", "ignore", {"grace": "2h"})
            )
        if rng.random() < 0.15:
            clocks["resolution"]["stop"] = 'status_class == "closed"'
    return clocks


def _escalations(rng: Random) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = []
    if rng.random() < 0.6:
        steps.append({"at": rng.choice(("50%", "80%", "75%", "100%")), "notify": "team"})
    if rng.random() < 0.4:
        steps.append({"at": rng.choice(("1h before", "30m before", "3h before")), "notify": "lead"})
    if rng.random() < 0.5:
        steps.append({"at": "breach", "page": "duty", "notify": ["assignee", "customer"]})
    if rng.random() < 0.5:
        steps.append({"at": rng.choice(("15m after", "1h after")), "page": "lead"})
    if rng.random() < 0.5:
        step = {"every": rng.choice(("30m", "2h")), "after": "breach", "times": rng.randint(1, 4)}
        steps.append({**step, "page": "head"})
    for step in steps:
        if "after" in str(step.get("at", "after")) and rng.random() < 0.6:
            step["until"] = "acknowledged"
    return steps


def _ola(rng: Random, names: list[str]) -> dict[str, Any]:
    per = rng.choice(("team", "assignee"))
    clocks: dict[str, Any] = {"ownership": {"per": per, "target": rng.choice(DURATIONS)}}
    if rng.random() < 0.6:
        clocks["acknowledge"] = {"target": rng.choice(DURATIONS)}
    return {
        "name": "hand-off",
        "set": "ola",
        "calendar": rng.choice(names),
        "clocks": clocks,
        "escalations": _escalations(rng),
    }


# --- events --------------------------------------------------------------------------------------


def event(number: int, t: int, kind: str, data: dict[str, Any], subject: str = "X") -> Event:
    return {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": "desk",
        "type": f"incident.{kind}",
        "subject": subject,
        "time": format_time(t),
        "sequence": str(number),
        "data": data,
    }


def story(rng: Random, level: int, start: int, subject: str = "X") -> list[Event]:
    """An incident's events in their order."""
    opening: dict[str, Any] = {
        "title": "Parcel 17 is late",
        "kind": rng.choice(("order", "complaint")),
        "priority": rng.choice(PRIORITIES),
        "requester": "ann",
        "team": rng.choice((*TEAMS, "")) or None,
        "tier": rng.choice(("gold", "silver", None)),
        "customer": rng.choice(("ACME", "BETA", None)),
    }
    if rng.random() < 0.5:
        opening["due"] = format_time(start + rng.randrange(1, 200) * 30 * MINUTE)
    if rng.random() < 0.2:
        opening["status"] = rng.choice(("waiting_customer", "pending"))
    if rng.random() < 0.3:
        opening["author"] = rng.choice(("customer", "agent"))
    opening = {key: value for key, value in opening.items() if value is not None}
    events = [event(0, start, "created", opening, subject)]
    t = start
    for number in range(1, rng.randint(2, 14)):
        t += _pace(rng)
        kind, data = _act(rng)
        events.append(event(number, t, kind, data, subject))
    return events


def _pace(rng: Random) -> int:
    step = rng.choice((0, 1, 2, 2, 4, 4, 8, 16, 40, 100)) * 15 * MINUTE
    return max(0, step + rng.choice((0, 0, 0, 0, 0, 0, 1, -1, 1234)))


def _act(rng: Random) -> tuple[str, dict[str, Any]]:
    roll = rng.random()
    if roll < 0.22:
        return "updated", {"status": rng.choice(STATUSES)}
    if roll < 0.34:
        return "updated", {"priority": rng.choice(PRIORITIES)}
    if roll < 0.42:
        return "updated", {"team": rng.choice((*TEAMS, None))}
    if roll < 0.48:
        return "updated", {"assignee": rng.choice((*PEOPLE, None))}
    if roll < 0.74:
        return "commented", _comment(rng)
    if roll < 0.82:
        return rng.choice((("resolved", {}), ("closed", {})))
    if roll < 0.9:
        return "reopened", {}
    return "acknowledged", {"by": rng.choice(PEOPLE)}


def _comment(rng: Random) -> dict[str, Any]:
    author = rng.choice(("customer", "customer", "agent", "agent", "agent", "bot", "system"))
    data: dict[str, Any] = {"author": author}
    if rng.random() < 0.5:
        data["author_id"] = rng.choice(PEOPLE)
    if rng.random() < 0.2:
        data["public"] = False
    if rng.random() < 0.2:
        data["status"] = rng.choice(STATUSES)
    return data


def arrival(rng: Random, events: list[Event]) -> list[Event]:
    """The same events as they arrive: some late, some neighbours swapped, some twice."""
    arriving: list[tuple[int, int, Event]] = []
    for number, item in enumerate(events):
        t = parse_time(item["time"])
        late = 0
        if number > 0 and rng.random() < 0.25:
            late = rng.choice((MINUTE, HOUR, 6 * HOUR, DAY, LATEST_MS))
        arriving.append((t + late, rng.randrange(1000) if late else 0, item))
        if rng.random() < 0.15:
            again = rng.choice((0, MINUTE, DAY))
            arriving.append((t + late + again, rng.randrange(1000), item))
    arriving.sort(key=lambda entry: entry[:2])
    return [item for _t, _n, item in arriving]
