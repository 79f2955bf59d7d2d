"""Reading an event: everything it says goes into the CHANGE row, nothing of the incident changes.

`read_spans` takes the members one by one; what they change is worked out in `edges`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sla_engine.clock.compiled import inner, kernel
from sla_engine.clock.edges import finish_reading
from sla_engine.clock.far import far
from sla_engine.clock.layout import (
    BY_ALERT,
    ECHO,
    FIRST,
    GIVES_ASSIGNEE,
    HAS_STATUS,
    INFERRED,
    LIFTED,
    LOOKS_BACK,
    PUBLIC,
    SWITCHES,
    UNPINS,
)
from sla_engine.clock.lookup import find, mix
from sla_engine.clock.rules import classes, custom, custom_times, slots, type_status
from sla_engine.clock.situation import BETWEEN, PAUSE_LIFTED
from sla_engine.clock.taking import take_slot
from sla_engine.clock.work import NEED_A, NEED_B, Outcome, change, counts, incidents
from sla_engine.event.hashing import SEED_TEXT, hash_bytes
from sla_engine.event.layout import (
    FLAG_ENGINE_ACTOR,
    FLAG_PUBLIC,
    EventType,
    Member,
    SpanKind,
)
from sla_engine.event.times import parse_time

_CREATED = int(EventType.CREATED)
_UPDATED = int(EventType.UPDATED)
_ABSORBED = int(EventType.ABSORBED)
_RATED = int(EventType.RATED)
_CUSTOMER_UPDATED = int(EventType.CUSTOMER_UPDATED)

_STATUS = int(Member.STATUS)
_CUSTOMER = int(Member.CUSTOMER)
_REQUESTER = int(Member.REQUESTER)
_TEAM = int(Member.TEAM)
_ASSIGNEE = int(Member.ASSIGNEE)
_DUE = int(Member.DUE)
_OPENED_AT = int(Member.OPENED_AT)
_CUSTOM = int(Member.CUSTOM)
_AUTHOR_ID = int(Member.AUTHOR_ID)
_ALERT = int(Member.ALERT)
_SET = int(Member.SET)
_CLOCK = int(Member.CLOCK)
_UNTIL = int(Member.UNTIL)
_UNPIN = int(Member.UNPIN)
_CSAT = int(Member.CSAT)

_NULL = int(SpanKind.NULL)
_TIME = int(SpanKind.TIME)
_TEXT = int(SpanKind.TEXT)

_DONE = int(Outcome.DONE)
_NEED_CLASS = int(Outcome.NEED_CLASS)

_ZERO = np.uint64(0)
_SEED = np.uint64(SEED_TEXT)
_SLASH = ord("/")
_DIGIT = ord("0")


@kernel
def value_hash(span: Any) -> np.uint64:
    """The hash that names a value in the class table, distinct by kind."""
    kind = span["kind"]
    if kind == _TIME:
        return mix(np.uint64(span["value"]), np.uint64(kind))
    return mix(span["hash"], np.uint64(kind))


@inner
def time_of(span: Any, data: NDArray[np.uint8]) -> int:
    """The instant that a span says; 0 when it says none."""
    if span["kind"] == _TIME:
        return span["value"]
    if span["kind"] != _TEXT:
        return 0
    start = np.int64(span["start"])
    instant = parse_time(data, start, start + np.int64(span["length"]))
    return max(0, instant)


@inner
def take_value(rules: Any, work: Any, span: Any, n: int, slot: int) -> int:
    """The profile takes a span's value; an author's id is no part of it. An Outcome."""
    found = 0
    if span["kind"] != _NULL:
        found = find(classes(rules), mix(np.uint64(slot + 1), value_hash(span)))
        if found < 0:
            counts(work)[NEED_A] = n
            counts(work)[NEED_B] = slot
            return _NEED_CLASS
    if span["member"] == _AUTHOR_ID:
        change(work)[0]["author_class"] = found
        return _DONE
    return take_slot(rules, work, slot, found)


@inner
def take_custom(rules: Any, work: Any, span: Any, data: NDArray[np.uint8], n: int) -> int:
    """A member of `custom`, or `custom: null`, which unsets them all. An Outcome."""
    row = change(work)[0]
    if span["name_length"] == 0:
        row["times"][2] = 0
        row["times"][3] = 0
        for entry in range(len(custom(rules))):
            if custom(rules)[entry]["key"] != _ZERO:
                outcome = take_slot(rules, work, custom(rules)[entry]["value"], 0)
                if outcome != _DONE:
                    return outcome
        return _DONE
    place = find(custom_times(rules), span["name"])
    if place >= 0:
        row["times"][place] = time_of(span, data)
    slot = find(custom(rules), span["name"])
    return take_value(rules, work, span, n, slot) if slot >= 0 else _DONE


@inner
def take_address(work: Any, span: Any, data: NDArray[np.uint8]) -> None:
    """Set, clock and cycle of an alert's id (tenant/incident/set/clock/cycle/...)."""
    row = change(work)[0]
    row["flags"] |= BY_ALERT
    part = 0
    begin = np.int64(span["start"])
    end = begin + np.int64(span["length"])
    for at in range(begin, end + 1):
        if at < end and data[at] != _SLASH:
            continue
        if part == 2:
            row["set_hash"] = hash_bytes(data, begin, at - begin, _SEED)
        elif part == 3:
            row["name_hash"] = hash_bytes(data, begin, at - begin, _SEED)
        elif part == 4:
            number = 0
            for n in range(begin, at):
                number = number * 10 + np.int64(data[n]) - _DIGIT
            row["address_cycle"] = number
        part += 1
        begin = at + 1


@inner
def take_plain(work: Any, span: Any, data: NDArray[np.uint8]) -> None:
    """What the incident's row keeps of a member itself."""
    row = change(work)[0]
    member = span["member"]
    if member == _TEAM:
        row["team"] = span["hash"]
    elif member == _ASSIGNEE:
        row["assignee"] = span["hash"]
        if span["hash"] != _ZERO:
            row["flags"] |= GIVES_ASSIGNEE
    elif member == _REQUESTER:
        row["requester"] = span["hash"]
    elif member == _CUSTOMER:
        row["customer"] = span["hash"]
    elif member == _AUTHOR_ID:
        row["author_id"] = span["hash"]
    elif member == _STATUS and span["kind"] != _NULL:
        row["flags"] |= HAS_STATUS
    elif member == _DUE:
        row["times"][0] = time_of(span, data)
        row["pin"] = row["times"][0]
    elif member == _OPENED_AT:
        row["given_opening"] = time_of(span, data)
        if row["type"] != _ABSORBED:
            row["times"][1] = row["given_opening"]
    elif member == _SET:
        row["set_hash"] = span["hash"]
    elif member == _CLOCK:
        row["name_hash"] = span["hash"]
    elif member == _ALERT and span["length"] > 0:
        take_address(work, span, data)
    elif member == _UNTIL:
        row["until"] = span["value"]
    elif member == _UNPIN:
        row["flags"] |= UNPINS
    elif member == _CSAT and row["type"] == _RATED:
        row["csat"] = span["value"]


@inner
def begin_change(work: Any, row: int, event: Any, spans: NDArray[Any], opened: int) -> None:
    """The CHANGE row before its event is read: the incident as it is."""
    said = change(work)[0]
    said["t"] = event["time"]
    said["type"] = event["type"]
    if event["type"] == _CUSTOMER_UPDATED:
        said["type"] = _UPDATED
    said["author"] = event["author"]
    said["tenant"] = spans[event["span"]]["hash"]
    said["flags"] = FIRST if opened >= 0 else 0
    if event["flags"] & FLAG_PUBLIC:
        said["flags"] |= PUBLIC
    if event["flags"] & FLAG_ENGINE_ACTOR:
        said["flags"] |= ECHO
    keep_incident(work, row, opened)


@inner
def keep_incident(work: Any, row: int, opened: int) -> None:
    """What of the incident stays as it is, unless something says otherwise."""
    incident = incidents(work)[row]
    said = change(work)[0]
    said["profile"] = incident["profile"]
    said["old_profile"] = incident["profile"]
    said["team"] = incident["team"]
    said["assignee"] = incident["assignee"]
    said["requester"] = incident["requester"]
    said["customer"] = incident["customer"]
    said["csat"] = incident["csat"]
    said["old_opened"] = incident["opened"]
    for n in range(len(incident["times"])):
        said["times"][n] = incident["times"][n]
        said["old_times"][n] = incident["times"][n]
    said["author_id"] = _ZERO
    said["author_class"] = 0
    said["set_hash"] = _ZERO
    said["name_hash"] = _ZERO
    said["address_cycle"] = 0
    said["until"] = 0
    said["pin"] = 0
    said["given_opening"] = 0
    said["opened"] = opened if opened >= 0 else incident["opened"]
    said["between"] = BETWEEN
    if incident["flags"] & LIFTED:
        said["between"] |= PAUSE_LIFTED


@far
def read_switch(rules: Any, work: Any, row: int, t: int) -> int:
    """The CHANGE row of no event: other policies come into force at `t`. An Outcome.

    It has the tenant already, from the incident's first event in this fold.
    """
    said = change(work)[0]
    said["t"] = t
    said["type"] = BETWEEN
    said["author"] = 0
    said["flags"] = SWITCHES | LOOKS_BACK
    keep_incident(work, row, -1)
    return finish_reading(rules, work, row)


@inner
def read_spans(
    rules: Any, work: Any, row: int, event: Any, spans: NDArray[Any],
    data: NDArray[np.uint8], opened: int,
) -> int:  # fmt: skip
    """Take every member of an event into the CHANGE row. An Outcome."""
    begin_change(work, row, event, spans, opened)
    said = change(work)[0]
    if event["type"] == _CUSTOMER_UPDATED:
        return finish_reading(rules, work, row)
    base = np.int64(event["span"])
    for n in range(base, base + event["spans"]):
        span = spans[n]
        take_plain(work, span, data)
        outcome = _DONE
        if span["member"] == _CUSTOM:
            outcome = take_custom(rules, work, span, data, n)
        elif slots(rules)[span["member"]] >= 0:
            if span["member"] != _OPENED_AT or event["type"] != _ABSORBED:
                slot = slots(rules)[span["member"]]
                outcome = take_value(rules, work, span, n, slot)
        if outcome != _DONE:
            return outcome
    implied = type_status(rules)[event["type"]]
    if implied >= 0 and said["flags"] & HAS_STATUS == 0:
        outcome = take_slot(rules, work, slots(rules)[_STATUS], implied)
        if outcome != _DONE:
            return outcome
    incident = incidents(work)[row]
    if event["type"] == _CREATED and incident["flags"] & INFERRED and opened < 0:
        said["opened"] = said["t"]
        if said["given_opening"] != 0:
            said["opened"] = min(said["t"], said["given_opening"])
    return finish_reading(rules, work, row)
