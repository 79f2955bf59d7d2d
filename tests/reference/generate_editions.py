"""Policy sets that are edited while incidents are open, to drive both folds by the same input.

`edited_history(rng, level)` is a history of `generate` with one to three later editions of its
policies: mutations of the set before, in force from instants in the middle of the story (often
those of an event, sometimes a millisecond beside it, sometimes two of the same instant).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

from tests.reference import generate as core
from tests.reference import generate_more as more
from tests.reference.times import parse_time

Document = dict[str, Any]
Later = list[tuple[int, str]]
EditedHistory = tuple[str, list[core.Event], int, Later]

ON_EDIT = ("pin", "from_now", "retroactive")
LEVELS = (1, 2)


def edited_history(rng: Random, level: int) -> EditedHistory:
    """A history and the editions of its policies that come later."""
    text, events, until = core.history(rng, level)
    document = json.loads(text)
    first = min(parse_time(event["time"]) for event in events)
    later: Later = []
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3))):
        document = edited(rng, document, level)
        instant = _instant(rng, events, first, until)
        if later and rng.random() < 0.1:
            instant = later[-1][0]
        later.append((instant, json.dumps(document, indent=1)))
    return text, events, until, later


def _instant(rng: Random, events: list[core.Event], first: int, until: int) -> int:
    roll = rng.random()
    if roll < 0.3:
        at = parse_time(rng.choice(events)["time"])
    else:
        at = first + rng.randint(-8, max(1, (until - first) // (15 * core.MINUTE))) * (
            15 * core.MINUTE
        )
    return at + rng.choice((0, 0, 0, 0, 0, 0, 1, -1, 777))


def edited(rng: Random, document: Document, level: int) -> Document:
    """The set after some changes, most often few; the first decides what becomes of clocks."""
    copy: Document = json.loads(json.dumps(document))
    _set_modes(rng, copy)
    changes: list[Callable[[Random, Document, int], None]] = [
        _targets,
        _targets,
        _calendars,
        _policy_calendar,
        _conditions,
        _conditions,
        _options,
        _options,
        _steps,
        _steps,
        _policies,
        _policies,
        _clocks,
        _labels,
        _directory,
    ]
    for _ in range(rng.choice((0, 1, 1, 2, 2, 3, 5, 8))):
        rng.choice(changes)(rng, copy, level)
    if isinstance(copy.get("priorities"), dict) and "high" in json.dumps(copy["policies"]):
        del copy["priorities"]  # a synonym is no label
    return copy


def _set_modes(rng: Random, document: Document) -> None:
    defaults = document.setdefault("defaults", {})
    defaults["on_edit"] = rng.choice(ON_EDIT)
    defaults["ladder"] = rng.choice(("snapshot", "live"))
    for policy in document["policies"]:
        for clock in policy["clocks"].values():
            for option, values in (("on_edit", ON_EDIT), ("ladder", ("snapshot", "live"))):
                clock.pop(option, None)
                if rng.random() < 0.25:
                    clock[option] = rng.choice(values)


def _some_clock(rng: Random, document: Document) -> tuple[str, Document]:
    policy = rng.choice(document["policies"])
    return rng.choice(list(policy["clocks"].items()))


def _targets(rng: Random, document: Document, _level: int) -> None:
    name, clock = _some_clock(rng, document)
    if "every" in clock:
        clock["every"] = rng.choice(core.DURATIONS)
    elif name != "promise":
        clock.pop("target", None)
        clock.pop("due_at", None)
        clock |= core.target(rng)
        if rng.random() < 0.1:
            clock.pop("due_at", None)
            clock["target"] = {"urgent": "none", "default": "3h"}


def _calendars(rng: Random, document: Document, _level: int) -> None:
    fresh = core._calendars(rng)
    name = rng.choice(("work", "night"))
    if rng.random() < 0.5:
        hours = rng.choice((["08:00-20:00"], ["10:00-16:00"], ["09:00-12:00", "13:00-18:00"]))
        fresh[name]["hours"] = {"mon-fri": hours, "sun": ["12:00-15:00"]}
    document["calendars"][name] = fresh[name]


def _policy_calendar(rng: Random, document: Document, _level: int) -> None:
    rng.choice(document["policies"])["calendar"] = rng.choice(
        ("work", "night", "24x7", {"urgent": "24x7", "default": "work"})
    )


def _conditions(rng: Random, document: Document, level: int) -> None:
    name, clock = _some_clock(rng, document)
    roll = rng.random()
    if roll < 0.5:
        clock.pop("resume", None)
        clock.pop("pause", None)
        if rng.random() < 0.8:
            clock["pause"] = rng.choice(core.PAUSES)
    elif roll < 0.6:
        clock["pause"] = 'event.type == "incident.commented"'
        clock["resume"] = 'status_class == "open" && event.author == "agent"'
    elif roll < 0.8 and name in ("resolution", "first_response", "update"):
        clock["stop"] = rng.choice(
            (
                'status_class == "closed"',
                'status_class in ["resolved", "closed", "on_hold"]',
                'event.author == "agent"',
                'priority == "low"',
            )
        )
    elif roll < 0.9 and name not in ("promise",):
        clock["cancel"] = rng.choice(('status_class == "closed"', 'priority == "low"'))
    elif level > 1 and "start" in clock:
        clock["start"] = rng.choice(
            ('status_class in ["open", "waiting_vendor"]', 'status_class != "closed"')
        )


def _options(rng: Random, document: Document, _level: int) -> None:
    name, clock = _some_clock(rng, document)
    where = clock if rng.random() < 0.7 else document["defaults"]
    option, values = rng.choice(
        (
            ("on_priority_change", ("keep_start", "restart", "keep_due", "earlier")),
            ("carry_pauses", (True, False)),
            ("rearm", (True, False)),
            ("if_already_breached", ("alert", "silent")),
            ("customer_comment_resumes", (True, False)),
            ("hold", ("0s", "20m")),
        )
    )
    where[option] = rng.choice(values)
    if name == "resolution":
        clock["on_reopen"] = rng.choice(("continue", "new", "ignore", {"grace": "2h"}))
    elif name in ("first_response", "next_response"):
        clock["on_resolve"] = rng.choice(("cancel", "met"))
    elif name == "update":
        clock["recurrence"] = rng.choice(("independent", "sequential"))
        clock["from"] = "opened"
    elif name == "ownership":
        clock["per"] = rng.choice(("team", "assignee"))


def _steps(rng: Random, document: Document, level: int) -> None:
    policy = rng.choice(document["policies"])
    roll = rng.random()
    if roll < 0.2:
        policy["escalations"] = []
    elif roll < 0.4 and policy["escalations"]:
        policy["escalations"].pop(rng.randrange(len(policy["escalations"])))
    elif roll < 0.6 and policy["escalations"]:
        step = rng.choice(policy["escalations"])
        step["tag"] = "edited"
    else:
        policy["escalations"] = core._escalations(rng)
        if level > 1:
            policy["escalations"] += more._more_steps(rng)
    if rng.random() < 0.2:
        policy["repeat_ladder"] = {"times": 1, "wait": "45m"}
    if rng.random() < 0.2:
        policy["ack_expires"] = "2h"


def _policies(rng: Random, document: Document, level: int) -> None:
    policies = document["policies"]
    roll = rng.random()
    if roll < 0.25 and len(policies) > 1:
        policies.pop(rng.randrange(len(policies)))
    elif roll < 0.4 and len(policies) > 1:
        rng.shuffle(policies)
    elif roll < 0.6:
        rng.choice(policies)["when"] = rng.choice(
            ('kind == "order"', 'tier == "gold"', 'priority in ["urgent", "high"]', 'team != "noc"')
        )
    elif roll < 0.7:
        policies[-1].pop("when", None)
    elif not any(policy["name"] == "fresh" for policy in policies):
        fresh = {
            "name": "fresh",
            "calendar": rng.choice(("work", "night", "24x7")),
            "clocks": core._clocks(rng),
            "escalations": core._escalations(rng),
        }
        if rng.random() < 0.6:
            fresh["when"] = rng.choice(('priority == "high"', 'team == "noc"', 'kind == "order"'))
        if level > 1:
            more._widen_policy(rng, fresh)
        policies.insert(rng.randint(0, len(policies)), fresh)


def _clocks(rng: Random, document: Document, level: int) -> None:
    policy = rng.choice([p for p in document["policies"] if p.get("set") is None] or [None])
    if policy is None:
        return
    clocks = policy["clocks"]
    if rng.random() < 0.4 and len(clocks) > 1:
        clocks.pop(rng.choice(list(clocks)))
    else:
        policy["clocks"] = core._clocks(rng) | (clocks if rng.random() < 0.7 else {})
        if level > 1 and rng.random() < 0.5:
            policy["clocks"] |= more._other_clocks(rng)


def _labels(rng: Random, document: Document, _level: int) -> None:
    roll = rng.random()
    if roll < 0.4:
        document["statuses"]["pending"] = rng.choice(
            ("waiting_customer", "waiting_vendor", "on_hold", "resolved", "open")
        )
    elif roll < 0.6:
        document["priorities"] = {"urgent": ["high"], "normal": [], "low": []}
    elif roll < 0.7:
        document["priorities"] = ["low", "normal", "high", "urgent"]
    else:
        tier = document["attributes"]["tier"]
        tier["default"] = rng.choice(("gold", "silver", "standard"))
        rng.shuffle(tier["values"])


def _directory(rng: Random, document: Document, _level: int) -> None:
    customers = document.setdefault("customers", {})
    if customers and rng.random() < 0.2:
        customers.pop(rng.choice(list(customers)))
        return
    entry = customers.setdefault(rng.choice(("ACME", "BETA")), {})
    entry |= rng.choice(
        ({"tier": "gold"}, {"tier": "silver"}, {"team": "billing"}, {"calendar": "night"})
    )


def minimise_edited(found: EditedHistory, fails: Callable[[EditedHistory], bool]) -> EditedHistory:
    """Drop editions, events, policies, clocks, options and steps one at a time while `fails` still
    holds."""
    text, events, until, later = found
    for index in reversed(range(len(later))):
        fewer = later[:index] + later[index + 1 :]
        if fails((text, events, until, fewer)):
            later = fewer

    def shorter(trial: core.History) -> bool:
        return fails((*trial, later))

    text, events, until = core.minimise((text, events, until), shorter)
    for index in range(len(later)):
        smaller = partial(_fails_with, fails, text, later, index)
        small, events, until = core.minimise((later[index][1], events, until), smaller)
        later = [*later[:index], (later[index][0], small), *later[index + 1 :]]
    return text, events, until, later


def _fails_with(
    fails: Callable[[EditedHistory], bool],
    text: str,
    later: Later,
    index: int,
    trial: core.History,
) -> bool:
    """Whether the history fails with another text as the edition `index`."""
    edition = (later[index][0], trial[0])
    return fails((text, trial[1], trial[2], [*later[:index], edition, *later[index + 1 :]]))
