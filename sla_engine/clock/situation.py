"""What an event changes on an incident before any clock looks at it.

`read_event` works out the profile after the event and the event class (who did what, which
edges it makes) without changing anything; `write_event` then puts it into the incident. The
event class is one integer so that conditions are looked up, never computed, on the hot path.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sla_engine.clock.compiled import inner, kernel
from sla_engine.clock.layout import (
    LIFTED,
    classes,
    custom,
    custom_times,
    engine,
    eras,
    profiles,
    slots,
    transitions,
    type_status,
)
from sla_engine.clock.lookup import find, mix, pair
from sla_engine.clock.work import (
    NEED_A,
    NEED_B,
    NEED_C,
    Outcome,
    counts,
    incidents,
)
from sla_engine.event.layout import (
    FLAG_ENGINE_ACTOR,
    FLAG_PUBLIC,
    Author,
    EventType,
    Member,
    SpanKind,
)
from sla_engine.event.times import parse_time

_CREATED = int(EventType.CREATED)
_COMMENTED = int(EventType.COMMENTED)
_RATED = int(EventType.RATED)

_CUSTOMER_AUTHOR = int(Author.CUSTOMER)

_PRIORITY = int(Member.PRIORITY)
_STATUS = int(Member.STATUS)
_CUSTOMER = int(Member.CUSTOMER)
_REQUESTER = int(Member.REQUESTER)
_TEAM = int(Member.TEAM)
_ASSIGNEE = int(Member.ASSIGNEE)
_DUE = int(Member.DUE)
_OPENED_AT = int(Member.OPENED_AT)
_CUSTOM = int(Member.CUSTOM)
_AUTHOR_ID = int(Member.AUTHOR_ID)
_CSAT = int(Member.CSAT)

_NULL = int(SpanKind.NULL)
_TIME = int(SpanKind.TIME)
_TEXT = int(SpanKind.TEXT)

_DONE = int(Outcome.DONE)
_NEED_CLASS = int(Outcome.NEED_CLASS)
_NEED_PROFILE = int(Outcome.NEED_PROFILE)

# The event class: type in bits 0-4, author in 5-7, then the edges; author_id's class above.
BY_PUBLIC = 1 << 8
BY_REQUESTER = 1 << 9
BY_ENGINE = 1 << 10
TEAM_ENTERED = 1 << 11
TEAM_LEFT = 1 << 12
ASSIGNEE_ENTERED = 1 << 13
ASSIGNEE_LEFT = 1 << 14
REOPENED = 1 << 15
OPENED = 1 << 16
PAUSE_LIFTED = 1 << 17
RESOLVED_NOW = 1 << 18
HAS_TEAM = 1 << 19
HAS_ASSIGNEE = 1 << 20
ASSIGNEE_GIVEN = 1 << 21
AUTHOR_ID_SHIFT = 22
#: The event class of no event: what conditions say between events.
BETWEEN = 31

#: StatusClass values that end an incident.
RESOLVED_CLASS = 4
WAITING_CUSTOMER_CLASS = 1

#: Slots of `reopens`, `handoffs` and the era in Rules.engine
_REOPENS = 1
_HANDOFFS = 2
_ERA = 3


class Change(NamedTuple):
    """What `read_event` found: values after the event, and the event class."""

    outcome: int
    profile: int
    team: np.uint64
    assignee: np.uint64
    requester: np.uint64
    customer: np.uint64
    due: int
    opened_at: int
    third: int
    fourth: int
    handoffs: int
    reopens: int
    lifted: bool
    situation: int


@inner
def step_profile(rules: Any, work: Any, profile: int, slot: int, found: int) -> int:
    """The profile after slot `slot` took class `found`; -1 when Python must make it."""
    key = mix(pair(profile, slot), np.uint64(found + 1))
    after = find(transitions(rules), key)
    if after < 0:
        counts(work)[NEED_A] = profile
        counts(work)[NEED_B] = slot
        counts(work)[NEED_C] = found
    return after


@kernel
def value_hash(span: Any) -> np.uint64:
    """The hash that names a value in the class table, distinct by kind."""
    kind = span["kind"]
    if kind == _TIME:
        return mix(np.uint64(span["value"]), np.uint64(kind))
    return mix(span["hash"], np.uint64(kind))


@inner
def time_in(span: Any, data: NDArray[np.uint8]) -> int:
    """The instant that a custom attribute's text says; 0 when it says none."""
    if span["kind"] == _TIME:
        return span["value"]
    if span["kind"] != _TEXT:
        return 0
    instant = parse_time(data, span["start"], span["start"] + span["length"])
    return instant if instant >= 0 else 0


@inner
def class_of(rules: Any, work: Any, span: Any, index: int, slot: int) -> int:
    """The class of a span's value in its slot; 0 for null, -1 when Python must say."""
    if span["kind"] == _NULL:
        return 0
    found = find(classes(rules), mix(np.uint64(slot + 1), value_hash(span)))
    if found < 0:
        counts(work)[NEED_A] = index
        counts(work)[NEED_B] = slot
    return found


@inner
def profile_after(
    rules: Any, work: Any, row: int, event: Any, spans: NDArray[Any], first: bool
) -> tuple[int, int, int]:
    """(profile after the event's attributes, class of `author_id`, Outcome)."""
    incident = incidents(work)[row]
    profile = np.int64(incident["profile"])
    author_class = np.int64(0)
    has_status = False
    base = event["span"]
    for n in range(base, base + event["spans"]):
        span = spans[n]
        member = span["member"]
        has_status |= member == _STATUS
        slot = np.int64(slots(rules)[member])
        if member == _CUSTOM:
            slot = find(custom(rules), span["name"])
        if slot < 0:
            continue
        found = class_of(rules, work, span, n, slot)
        if found < 0:
            return profile, author_class, _NEED_CLASS
        if member == _AUTHOR_ID:
            author_class = np.int64(found)
            continue
        profile = step_profile(rules, work, profile, slot, found)
        if profile < 0:
            return profile, author_class, _NEED_PROFILE
    implied = type_status(rules)[event["type"]]
    if implied >= 0 and not has_status:
        profile = step_profile(rules, work, profile, np.int64(slots(rules)[_STATUS]), implied)
    if profile >= 0 and len(eras(rules)) > 0 and (first or profile != incident["profile"]):
        era = np.searchsorted(eras(rules), event["time"], side="right")
        profile = step_profile(rules, work, profile, engine(rules)[_ERA], era)
    return profile, author_class, _DONE if profile >= 0 else _NEED_PROFILE


@inner
def read_event(
    rules: Any, work: Any, row: int, event: Any, spans: NDArray[Any],
    data: NDArray[np.uint8], first: bool,
) -> Change:  # fmt: skip
    """Profile, edges and event class of one event on the incident; nothing is changed."""
    incident = incidents(work)[row]
    team = incident["team"]
    assignee = incident["assignee"]
    requester = incident["requester"]
    customer = incident["customer"]
    due = incident["times"][0]
    opened_at = incident["times"][1]
    third = incident["times"][2]
    fourth = incident["times"][3]
    author_id = np.uint64(0)
    given = False
    base = event["span"]
    for n in range(base, base + event["spans"]):
        span = spans[n]
        member = span["member"]
        if member == _TEAM:
            team = span["hash"]
        elif member == _ASSIGNEE:
            assignee = span["hash"]
            given = assignee != np.uint64(0)
        elif member == _REQUESTER:
            requester = span["hash"]
        elif member == _CUSTOMER:
            customer = span["hash"]
        elif member == _AUTHOR_ID:
            author_id = span["hash"]
        elif member == _DUE:
            due = span["value"] if span["kind"] != _NULL else 0
        elif member == _OPENED_AT:
            opened_at = span["value"] if span["kind"] != _NULL else 0
        elif member == _CUSTOM:
            place = find(custom_times(rules), span["name"])
            if place == 2:
                third = time_in(span, data)
            elif place == 3:
                fourth = time_in(span, data)
    profile, author_class, outcome = profile_after(rules, work, row, event, spans, first)
    if outcome != _DONE:
        return Change(
            outcome, 0, team, assignee, requester, customer, due, opened_at, third, fourth,
            0, 0, False, 0,
        )  # fmt: skip
    return _edges(
        rules, work, row, event, first, profile, team, assignee, requester, customer, due,
        opened_at, third, fourth, author_id, author_class, given,
    )  # fmt: skip


@inner
def is_lifted(incident: Any, before: Any, after: Any, event: Any) -> bool:
    """Whether a customer's comment lifts the pause after this event (D12)."""
    spoke = (
        after["status"] == WAITING_CUSTOMER_CLASS
        and event["type"] == _COMMENTED
        and event["author"] == _CUSTOMER_AUTHOR
        and event["flags"] & FLAG_PUBLIC != 0
        and event["flags"] & FLAG_ENGINE_ACTOR == 0
    )
    if spoke:
        return True
    return before["status_value"] == after["status_value"] and incident["flags"] & LIFTED != 0


@inner
def _edges(  # type: ignore[no-untyped-def]
    rules, work, row, event, first, profile, team, assignee, requester, customer, due,
    opened_at, third, fourth, author_id, author_class, given,
):  # fmt: skip
    """The second half of `read_event`: what changed against the incident as it was."""
    incident = incidents(work)[row]
    before = profiles(rules)[incident["profile"]]
    after = profiles(rules)[profile]
    zero = np.uint64(0)
    old_team = incident["team"] if incident["team"] != zero else before["team_fill"]
    new_team = team if team != zero else after["team_fill"]
    if first:
        old_team = zero
    situation = np.int64(event["type"]) | np.int64(event["author"]) << 5
    if event["flags"] & FLAG_PUBLIC:
        situation |= BY_PUBLIC
    if author_id != zero and author_id == requester:
        situation |= BY_REQUESTER
    if event["flags"] & FLAG_ENGINE_ACTOR:
        situation |= BY_ENGINE
    handoffs = np.int64(incident["handoffs"])
    if new_team != old_team:
        if new_team != zero:
            situation |= TEAM_ENTERED
        if old_team != zero:
            situation |= TEAM_LEFT
        if new_team != zero and old_team != zero:
            handoffs += 1
    if assignee != incident["assignee"]:
        if assignee != zero:
            situation |= ASSIGNEE_ENTERED
        if incident["assignee"] != zero:
            situation |= ASSIGNEE_LEFT
    reopens = np.int64(incident["reopens"])
    was_over = before["status"] >= RESOLVED_CLASS and not first
    is_over = after["status"] >= RESOLVED_CLASS
    if was_over and not is_over:
        situation |= REOPENED
        reopens += 1
    if is_over and not was_over:
        situation |= RESOLVED_NOW
    if first:
        situation |= OPENED
    lifted = is_lifted(incident, before, after, event)
    if lifted:
        situation |= PAUSE_LIFTED
    if new_team != zero:
        situation |= HAS_TEAM
    if assignee != zero:
        situation |= HAS_ASSIGNEE
    if given:
        situation |= ASSIGNEE_GIVEN
    situation |= author_class << AUTHOR_ID_SHIFT
    outcome = _DONE
    if reopens != incident["reopens"] and engine(rules)[_REOPENS] >= 0:
        profile, outcome = _count_profile(rules, work, profile, engine(rules)[_REOPENS], reopens)
    if outcome == _DONE and handoffs != incident["handoffs"] and engine(rules)[_HANDOFFS] >= 0:
        profile, outcome = _count_profile(rules, work, profile, engine(rules)[_HANDOFFS], handoffs)
    return Change(
        outcome, profile, team, assignee, requester, customer, due, opened_at, third, fourth,
        handoffs, reopens, lifted, situation,
    )  # fmt: skip


@inner
def _count_profile(rules, work, profile, slot, number):  # type: ignore[no-untyped-def]
    """The profile after a counter that rules read moved to `number`."""
    found = find(classes(rules), mix(np.uint64(slot + 1), mix(np.uint64(number), np.uint64(2))))
    if found < 0:
        counts(work)[NEED_A] = -1 - number
        counts(work)[NEED_B] = slot
        return profile, _NEED_CLASS
    after = step_profile(rules, work, profile, slot, found)
    if after < 0:
        return profile, _NEED_PROFILE
    return after, _DONE


@inner
def write_event(
    rules: Any, work: Any, row: int, event: Any, spans: NDArray[Any], change: Change
) -> None:
    """Put the event's values into the incident; its clocks follow in `fold`."""
    incident = incidents(work)[row]
    profile = profiles(rules)[change.profile]
    incident["profile"] = change.profile
    incident["profile_key"] = profile["key"]
    incident["status"] = profile["status"]
    incident["team"] = change.team
    incident["assignee"] = change.assignee
    incident["requester"] = change.requester
    incident["customer"] = change.customer
    incident["times"][0] = change.due
    incident["times"][1] = change.opened_at
    incident["times"][2] = change.third
    incident["times"][3] = change.fourth
    incident["handoffs"] = change.handoffs
    incident["last_time"] = event["time"]
    incident["reopens"] = change.reopens
    if change.lifted:
        incident["flags"] |= LIFTED
    else:
        incident["flags"] &= 0xFFFF ^ LIFTED
    if event["type"] == _RATED:
        base = event["span"]
        for n in range(base, base + event["spans"]):
            if spans[n]["member"] == _CSAT:
                incident["csat"] = spans[n]["value"]
