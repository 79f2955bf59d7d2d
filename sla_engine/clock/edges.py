"""What an event changes on an incident before any clock looks at it.

The profile after the event, the event class (who did what, which edges it makes), the counters;
`write_event` then puts all of it into the incident.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sla_engine.clock.compiled import inner
from sla_engine.clock.dues import time_in
from sla_engine.clock.editions import take_edition
from sla_engine.clock.far import far
from sla_engine.clock.layout import (
    CREATED_SEEN,
    ECHO,
    ENDED,
    FIRST,
    GIVES_ASSIGNEE,
    INFERRED,
    LIFTED,
    LIFTS,
    MERGED,
    PUBLIC,
    SWITCHES,
)
from sla_engine.clock.lookup import find, mix
from sla_engine.clock.rules import (
    ENGINE_ENTRY_SLOT,
    ENGINE_ERA_SLOT,
    ENGINE_HANDOFFS_SLOT,
    ENGINE_HANDS,
    ENGINE_REOPENS_SLOT,
    ENGINE_TIMES,
    directory,
    editions,
    engine,
    entries,
    eras,
    profiles,
    slots,
)
from sla_engine.clock.situation import (
    ASSIGNEE_ENTERED,
    ASSIGNEE_GIVEN,
    ASSIGNEE_LEFT,
    AUTHOR_ID_SHIFT,
    BY_ENGINE,
    BY_PUBLIC,
    BY_REQUESTER,
    HAS_ASSIGNEE,
    HAS_TEAM,
    OPENED,
    PAUSE_LIFTED,
    REOPENED,
    RESOLVED_CLASS,
    RESOLVED_NOW,
    TEAM_ENTERED,
    TEAM_LEFT,
    WAITING_CUSTOMER_CLASS,
)
from sla_engine.clock.taking import take_number, take_slot
from sla_engine.clock.work import (
    UPDATED_AT,
    Outcome,
    change,
    counts,
    incidents,
    recording,
)
from sla_engine.event.layout import Author, EventType, Member

_CREATED = int(EventType.CREATED)
_COMMENTED = int(EventType.COMMENTED)
_MERGED = int(EventType.MERGED)
_DELETED = int(EventType.DELETED)
_CUSTOMER_AUTHOR = int(Author.CUSTOMER)
_OPENED_AT = int(Member.OPENED_AT)

_DONE = int(Outcome.DONE)

_ZERO = np.uint64(0)


@far
def finish_reading(rules: Any, work: Any, row: int) -> int:
    """What follows from the members: opening, directory entry, edges, counters, era."""
    said = change(work)[0]
    slot = slots(rules)[_OPENED_AT]
    if slot >= 0 and said["times"][1] == 0:
        outcome = take_number(rules, work, slot, said["opened"])
        if outcome != _DONE:
            return outcome
    if len(entries(rules)) > 0:
        found = entry_class(rules, work, said)
        outcome = take_slot(rules, work, engine(rules)[ENGINE_ENTRY_SLOT], found)
        if outcome != _DONE:
            return outcome
    read_edges(rules, work, row)
    slot = engine(rules)[ENGINE_REOPENS_SLOT]
    if slot >= 0 and said["reopens"] != incidents(work)[row]["reopens"]:
        outcome = take_number(rules, work, slot, said["reopens"])
        if outcome != _DONE:
            return outcome
    slot = engine(rules)[ENGINE_HANDOFFS_SLOT]
    if slot >= 0 and said["handoffs"] != incidents(work)[row]["handoffs"]:
        outcome = take_number(rules, work, slot, said["handoffs"])
        if outcome != _DONE:
            return outcome
    if len(eras(rules)) > 0 and matches_anew(rules, work):
        slot = engine(rules)[ENGINE_ERA_SLOT]
        outcome = take_slot(rules, work, slot, era_at(rules, said["t"]))
        if outcome != _DONE:
            return outcome
    return take_edition(rules, work, row) if len(editions(rules)) > 0 else _DONE


@inner
def entry_class(rules: Any, work: Any, said: Any) -> int:
    """The class of the customer's directory entry in force at the event; 0 = none.

    Of an update at the event's own instant it counts whether it stood before it.
    """
    passed = not recording(work) or counts(work)[UPDATED_AT] == said["t"]
    if said["customer"] == _ZERO:
        return 0
    n = find(directory(rules), mix(said["customer"], said["tenant"]))
    if n < 0:
        n = find(directory(rules), said["customer"])
    while n >= 0:
        entry = entries(rules)[n]
        if entry["begin"] < said["t"]:
            return entry["found"]
        if entry["begin"] == said["t"] and (passed or entry["updated"] == 0):
            return entry["found"]
        n = entry["next"]
    return 0


@inner
def era_at(rules: Any, t: int) -> int:
    """How many begins and ends of policies' `valid` have passed at `t`."""
    era = 0
    while era < len(eras(rules)) and eras(rules)[era] <= t:
        era += 1
    return era


@inner
def matches_anew(rules: Any, work: Any) -> bool:
    """Whether an attribute that rules mention changed: then policies are matched anew."""
    said = change(work)[0]
    if said["flags"] & (FIRST | SWITCHES):
        return True
    before = profiles(rules)[said["old_profile"]]
    if before["values"] != profiles(rules)[said["profile"]]["values"]:
        return True
    if said["situation"] & engine(rules)[ENGINE_HANDS]:
        return True
    mentioned = engine(rules)[ENGINE_TIMES]
    for n in range(len(said["times"])):
        old = time_in(said["old_times"], said["old_opened"], n)
        new = time_in(said["times"], said["opened"], n)
        if mentioned >> n & 1 and old != new:
            return True
    return False


@inner
def read_edges(rules: Any, work: Any, row: int) -> None:
    """The event class: what changed against the incident as it was."""
    incident = incidents(work)[row]
    said = change(work)[0]
    first = said["flags"] & FIRST != 0
    echo = said["flags"] & ECHO != 0
    public = said["flags"] & PUBLIC != 0
    before = profiles(rules)[said["old_profile"]]
    after = profiles(rules)[said["profile"]]
    situation = np.int64(said["type"]) | np.int64(said["author"]) << 5
    if public:
        situation |= BY_PUBLIC
    if said["author_id"] != _ZERO and said["author_id"] == said["requester"]:
        situation |= BY_REQUESTER
    if echo:
        situation |= BY_ENGINE
    if said["flags"] & GIVES_ASSIGNEE:
        situation |= ASSIGNEE_GIVEN
    situation |= hand_over(said, incident, before["team_fill"], after["team_fill"])
    said["reopens"] = incident["reopens"]
    was_over = before["status"] >= RESOLVED_CLASS and not first
    is_over = after["status"] >= RESOLVED_CLASS
    if was_over and not is_over:
        situation |= REOPENED
        said["reopens"] += 1
    if is_over and not was_over:
        situation |= RESOLVED_NOW
    if first:
        situation |= OPENED
    lifts = incident["flags"] & LIFTED != 0
    if before["status_value"] != after["status_value"]:
        lifts = False
    comment = said["type"] == _COMMENTED and said["author"] == _CUSTOMER_AUTHOR
    if after["status"] == WAITING_CUSTOMER_CLASS and comment and public and not echo:
        lifts = True
    if lifts:
        situation |= PAUSE_LIFTED
        said["flags"] |= LIFTS
    said["situation"] = situation | np.int64(said["author_class"]) << AUTHOR_ID_SHIFT


@inner
def hand_over(said: Any, incident: Any, old_fill: np.uint64, new_fill: np.uint64) -> int:
    """The edges that a change of team or assignee makes; counts hand-offs."""
    situation = 0
    old_team = incident["team"] if incident["team"] != _ZERO else old_fill
    new_team = said["team"] if said["team"] != _ZERO else new_fill
    old_assignee = incident["assignee"]
    if said["flags"] & FIRST:
        old_team = _ZERO
        old_assignee = _ZERO
    said["handoffs"] = incident["handoffs"]
    if new_team != old_team:
        if new_team != _ZERO:
            situation |= TEAM_ENTERED
        if old_team != _ZERO:
            situation |= TEAM_LEFT
        if new_team != _ZERO and old_team != _ZERO:
            said["handoffs"] += 1
    if said["assignee"] != old_assignee:
        if said["assignee"] != _ZERO:
            situation |= ASSIGNEE_ENTERED
        if old_assignee != _ZERO:
            situation |= ASSIGNEE_LEFT
    if new_team != _ZERO:
        situation |= HAS_TEAM
    if said["assignee"] != _ZERO:
        situation |= HAS_ASSIGNEE
    return situation


@inner
def write_profile(rules: Any, work: Any, row: int) -> None:
    """Put the profile that was read, and what follows from it, into the incident."""
    incident = incidents(work)[row]
    said = change(work)[0]
    profile = profiles(rules)[said["profile"]]
    incident["profile"] = said["profile"]
    incident["profile_key"] = profile["key"]
    incident["status"] = profile["status"]
    incident["reopens"] = said["reopens"]
    incident["handoffs"] = said["handoffs"]


@far
def write_event(rules: Any, work: Any, row: int) -> int:
    """Put what was read into the incident; its clocks follow in `columns`."""
    incident = incidents(work)[row]
    said = change(work)[0]
    write_profile(rules, work, row)
    incident["team"] = said["team"]
    incident["assignee"] = said["assignee"]
    incident["requester"] = said["requester"]
    incident["customer"] = said["customer"]
    incident["opened"] = said["opened"]
    incident["csat"] = said["csat"]
    incident["last_time"] = said["t"]
    for n in range(len(incident["times"])):
        incident["times"][n] = said["times"][n]
    if said["flags"] & FIRST:
        incident["events"] = 0
        if said["type"] != _CREATED:
            incident["flags"] |= INFERRED
    incident["events"] += 1
    flags = incident["flags"] & (0xFFFF ^ LIFTED)
    if said["flags"] & LIFTS:
        flags |= LIFTED
    if said["type"] == _CREATED:
        flags = (flags | CREATED_SEEN) & (0xFFFF ^ INFERRED)
    if said["type"] == _DELETED:
        flags |= ENDED
    elif said["type"] == _MERGED:
        flags |= ENDED | MERGED
    incident["flags"] = flags
    return 0


@far
def write_switch(rules: Any, work: Any, row: int) -> int:
    """Put another edition's profile into the incident: no event, but what is earlier is late."""
    incident = incidents(work)[row]
    said = change(work)[0]
    write_profile(rules, work, row)
    incident["fired_at"] = max(incident["fired_at"], said["t"])
    return 0
