"""Level 2 of the generator: what widens a core policy set and a core history to the whole."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.reference.times import format_time, parse_time

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
Event = dict[str, Any]
Document = dict[str, Any]


def widen_policies(rng: Random, document: Document) -> None:
    """Add options, clocks of other names, directory, maintenance and steps of every form."""
    document["attributes"] |= {
        "custom.value": "number",
        "custom.promised_at": "time",
        "custom.hold": "boolean",
    }
    document["customers"] = {
        "ACME": {"tier": "gold", "calendar": "work", "time_zone": "Asia/Tokyo", "team": "noc"},
        "BETA": {"tier": "silver", "region": "eu"},
    }
    if rng.random() < 0.3:
        document["calendars"]["work"]["time_zone"] = {
            "from": "time_zone",
            "default": "Europe/Paris",
        }
    document["sets"]["vendors"] = {"match": "all", "party": "vendor"}
    document["defaults"] = _defaults(rng)
    for policy in document["policies"]:
        _widen_policy(rng, policy)
    if rng.random() < 0.5:
        document["policies"].append(_partner(rng))
    if rng.random() < 0.3:
        document["policies"].insert(0, _by_value(rng))
    if rng.random() < 0.2:
        # inside the stories' weeks; whole days at random
        document["maintenance"] = [_window(rng, day) for day in ("2026-01-14", "2026-03-25")]


def _window(rng: Random, day: str) -> dict[str, Any]:
    start = parse_time(day) + rng.randrange(0, 24) * HOUR
    window = {
        "from": format_time(start),
        "to": format_time(start + rng.choice((2, 6, 30)) * HOUR),
    }
    if rng.random() < 0.5:
        window["when"] = 'team == "noc"'
    return window


def _defaults(rng: Random) -> dict[str, Any]:
    out: dict[str, Any] = {}
    if rng.random() < 0.2:
        out["rearm"] = True
    if rng.random() < 0.2:
        out["if_already_breached"] = "silent"
    if rng.random() < 0.2:
        out["hold"] = rng.choice(("30s", "20m"))
    if rng.random() < 0.2:
        out["customer_comment_resumes"] = False
    return out


def _widen_policy(rng: Random, policy: dict[str, Any]) -> None:
    if rng.random() < 0.3:
        policy["calendar"] = rng.choice(
            (
                {"urgent": "24x7", "default": "work"},
                {"from": "calendar", "default": "night"},
                {"high": "night", "low": "work", "default": "24x7"},
            )
        )
    for clock in policy["clocks"].values():
        if rng.random() < 0.15:
            clock["starts_at"] = "custom.promised_at"
        if rng.random() < 0.15:
            clock["target"] = [
                {"when": "custom.value > 100.0", "is": "1h"},
                {"when": 'priority == "low"', "is": rng.choice(("none", "1d"))},
                {"is": "4h"},
            ]
            for other in ("every", "due_at"):
                clock.pop(other, None)
        if rng.random() < 0.15:
            clock["pause"] = rng.choice(
                ("custom.hold", 'status_class == "waiting_customer" || custom.hold')
            )
        elif "pause" in clock and rng.random() < 0.2:
            clock["resume"] = rng.choice(
                ('status_class == "open"', 'event.author == "agent" && event.public')
            )
    if "update" in policy["clocks"] and rng.random() < 0.4:
        policy["clocks"]["update"]["recurrence"] = "sequential"
    if rng.random() < 0.5:
        policy["clocks"] |= _other_clocks(rng)
    policy["escalations"] += _more_steps(rng)
    if rng.random() < 0.2:
        policy["repeat_ladder"] = {"times": rng.randint(1, 2), "wait": "30m"}
    if rng.random() < 0.2:
        policy["ack_expires"] = rng.choice(("30m", "3h"))
    if rng.random() < 0.1:
        policy["valid"] = {"from": "2026-01-14T00:00:00Z", "to": "2026-12-24T00:00:00Z"}


def _other_clocks(rng: Random) -> dict[str, Any]:
    out: dict[str, Any] = {}
    if rng.random() < 0.4:
        out["vendor_wait"] = {
            "start": 'status_class == "waiting_vendor"',
            "stop": 'status_class != "waiting_vendor"',
            "target": "3h",
        }
    if rng.random() < 0.4:
        out["promise"] = {
            "due_at": "custom.promised_at",
            "start": 'event.type == "incident.created"',
            "stop": 'status_class in ["resolved", "closed"]',
            "on_reopen": rng.choice(("continue", "new", "ignore")),
        }
    if rng.random() < 0.4:
        out["attention"] = {
            "start": 'status_class == "open"',
            "stop": 'event.author == "agent"',
            "cancel": 'priority == "low"',
            "reset": 'event.author == "customer"',
            "every": "2h",
            "recurrence": rng.choice(("independent", "sequential")),
        }
    if rng.random() < 0.3:
        out["answer"] = {"target": rng.choice(("20s", "15m"))}
    return out


def _more_steps(rng: Random) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = []
    if rng.random() < 0.3:
        steps.append({"at": f"score >= {rng.choice((30, 45, 60, 75))}", "notify": "head"})
    if rng.random() < 0.3:
        condition = rng.choice(('assignee == ""', 'priority == "urgent"', "score > 50"))
        steps.append({"at": rng.choice(("60%", "2h after")), "notify": "duty", "if": condition})
    if rng.random() < 0.3:
        steps.append({"at": "breach", "page": "head", "outside_hours": "hold"})
    if rng.random() < 0.3:
        at = rng.choice(("70%", "45m after"))
        steps.append({"at": at, "notify": "lead", "outside_hours": "hold"})
    if rng.random() < 0.2:
        step: dict[str, Any] = {"at": rng.choice(("65%", "50m after")), "tag": "late"}
        step["during"] = rng.choice(("work", "night"))
        if rng.random() < 0.5:
            step["outside_hours"] = "hold"
        steps.append(step)
    if rng.random() < 0.3:
        steps.append({"at": rng.choice(("40m after", "90%")), "page": ["assignee", "vendor"]})
    if rng.random() < 0.2:
        steps.append({"at": "95%", "raise_priority": 1, "reassign": {"team": "field"}})
    return steps


def _partner(rng: Random) -> dict[str, Any]:
    return {
        "name": "partner",
        "set": "vendors",
        "when": 'vendor != ""',
        "calendar": rng.choice(("work", "night")),
        "clocks": {
            "partner": {
                "start": 'status_class == "waiting_vendor"',
                "stop": 'status_class != "waiting_vendor"',
                "target": rng.choice(("1h", "6h")),
            }
        },
        "escalations": [{"at": "50%", "notify": "vendor"}, {"at": "breach", "page": "duty"}],
    }


def _by_value(rng: Random) -> dict[str, Any]:
    """A policy that incidents enter and leave."""
    return {
        "name": "valuable",
        "when": rng.choice(("custom.value > 500.0", 'priority == "urgent"', 'team == "field"')),
        "calendar": rng.choice(("24x7", "work")),
        "clocks": {
            "first_response": {"target": "30m"},
            "resolution": {
                "target": {"urgent": "1h", "default": "6h"},
                "on_priority_change": rng.choice(("keep_start", "earlier", "restart", "keep_due")),
            },
        },
        "escalations": [
            {"at": "50%", "notify": "team"},
            {"at": "1h after", "page": "head", "until": "acknowledged"},
        ],
    }


# --- events --------------------------------------------------------------------------------------


def widen_events(rng: Random, events: list[Event], document: Document) -> None:
    """Add events of every other type at instants of the story and around them."""
    first, last = (parse_time(events[index]["time"]) for index in (0, -1))
    if rng.random() < 0.15:
        events[0]["data"]["opened_at"] = format_time(first - rng.choice((1, 5, 30)) * HOUR)
    if rng.random() < 0.3:
        events[0]["data"]["vendor"] = "DHL"
    if rng.random() < 0.3:
        events[0]["data"]["custom"] = {"promised_at": format_time(first + 5 * HOUR), "value": 50}
    clocks = [
        (policy.get("set", "default"), clock)
        for policy in document["policies"]
        for clock in policy["clocks"]
    ]
    for number in range(100, 100 + rng.randint(0, 6)):
        span = max(1, (last - first) // (15 * MINUTE))
        t = first + rng.randint(0, span + 8) * 15 * MINUTE
        kind, data, subject = _special(rng, t, rng.choice(clocks))
        events.append(
            {
                "specversion": "1.0",
                "id": f"m{number}",
                "source": rng.choice(("desk", "crm")),
                "type": kind,
                "subject": subject,
                "time": format_time(t),
                "sequence": str(number),
                "data": data,
            }
        )
    for event in events:
        if event["subject"] == "X" and rng.random() < 0.06:
            event["data"]["actor"] = "sla-engine"
    events.sort(key=lambda event: parse_time(event["time"]))


def add_ending(rng: Random, events: list[Event], other: list[Event]) -> None:
    """A second incident that is merged into the first, or the deletion of the first."""
    if rng.random() < 0.3:
        last = max(parse_time(event["time"]) for event in events)
        events.append(_ending("deleted", last + HOUR, "X", {}))
        return
    last = max(parse_time(event["time"]) for event in other)
    for event in other:
        event["source"] = "shop"
    events += other
    events.append(_ending("merged", last + rng.choice((1, HOUR)), "Y/2", {"into": "X"}))
    events.sort(key=lambda event: parse_time(event["time"]))


def _ending(kind: str, t: int, subject: str, data: dict[str, Any]) -> Event:
    return {
        "specversion": "1.0",
        "id": f"end-{kind}",
        "source": "desk",
        "type": f"incident.{kind}",
        "subject": subject,
        "time": format_time(t),
        "data": data,
    }


def _special(rng: Random, t: int, clock: tuple[str, str]) -> tuple[str, dict[str, Any], str]:
    address: dict[str, Any] = {"set": clock[0], "clock": clock[1]}
    later = format_time(t + rng.choice((1, 4, 10, 40)) * HOUR)
    roll = rng.randrange(11)
    if roll == 0:
        return "incident.snoozed", {"until": later}, "X"
    if roll == 1:
        data = {"by": "kim"} | (address if rng.random() < 0.5 else {})
        return "incident.acknowledged", data | {"until": later}, "X"
    if roll == 2:
        return "incident.unacknowledged", {}, "X"
    if roll == 3:
        return "clock.overridden", address | {"due": later, "actor": "boss", "reason": "x"}, "X"
    if roll == 4:
        return "clock.overridden", address | {"unpin": True, "actor": "boss"}, "X"
    if roll == 5:
        span = {"from": format_time(t - rng.choice((1, 3)) * HOUR), "to": format_time(t)}
        return "clock.overridden", address | {"exclude": span, "actor": "boss"}, "X"
    if roll == 6:
        data = rng.choice(({"tier": None}, {"tier": "silver"}, {"team": "field"}))
        return "customer.updated", data, rng.choice(("ACME", "BETA"))
    if roll == 7:
        return "incident.rated", {"csat": rng.randint(1, 5)}, "X"
    if roll == 8:
        custom = rng.choice(({"value": 900}, {"value": None}, {"hold": True}, {"hold": False}))
        return "incident.updated", {"custom": custom}, "X"
    if roll == 9:
        data = rng.choice(({"due": later}, {"due": None}, {"custom": {"promised_at": later}}))
        return "incident.updated", data, "X"
    return "incident.updated", {"tier": rng.choice(("gold", None)), "customer": "ACME"}, "X"
