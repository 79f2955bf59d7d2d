"""The scanner and the normaliser agree on everything that the scanner accepts."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla_engine.event.draft import Problem
from sla_engine.event.normalise import normalise
from sla_engine.event.packed import unpack_all
from tests.event.samples import (
    DECODER,
    batch_of,
    damage,
    decode,
    event,
    raw,
    row_of,
    some_event,
    spans_of,
    usual_event,
    was_scanned,
    write,
)

ACTORS = frozenset({"sla-engine"})
LATEST_MS = 4_000_000_000_000


def check_agreement(record: bytes) -> str:
    """Decode one record both ways, compare all that the two say, return the way it went."""
    batch = DECODER.decode(batch_of([record]), LATEST_MS)
    row, spans, unknown = row_of(batch), spans_of(batch), batch.unknown_members
    code, scanned = int(batch.events["code"][0]), was_scanned(batch)
    found = normalise(record, ACTORS, LATEST_MS)
    if isinstance(found, Problem):
        assert (code, batch.messages) == (found.code, {0: found.message}), record
        return found.code.name
    assert not code, record
    other = unpack_all(found.packed)
    assert row == row_of(other), record
    assert spans == spans_of(other), record
    assert unknown == found.unknown, record
    return "scanned" if scanned else "normalised"


def test_events_of_all_kinds_in_every_way_of_writing() -> None:
    rng = Random(1)
    ways: Counter[str] = Counter()
    for number in range(3000):
        ways[check_agreement(write(rng, some_event(rng), number % 2 == 0).encode())] += 1
    assert min(ways["scanned"], ways["normalised"], ways["BAD_VALUE"]) > 100, ways


def test_usual_events_take_the_scanner_in_any_order_and_with_blanks() -> None:
    rng = Random(2)
    for _ in range(1000):
        assert check_agreement(write(rng, usual_event(rng), False).encode()) == "scanned"


def test_damaged_events_are_a_row_or_a_dead_letter() -> None:
    rng = Random(3)
    ways: Counter[str] = Counter()
    for _ in range(4000):
        value = usual_event(rng) if rng.random() < 0.7 else some_event(rng)
        ways[check_agreement(damage(rng, write(rng, value, False).encode()))] += 1
    assert min(ways["scanned"], ways["normalised"], ways["NOT_JSON"]) > 50, ways


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_row_or_a_dead_letter(record: bytes) -> None:
    check_agreement(record)


@pytest.mark.parametrize(
    "value",
    [
        event(),
        event("incident.created", {"title": "Müll, 塵", "tier": None, "priority": 1}),
        event("incident.commented", {"author": "agent", "author_id": "kim", "public": False}),
        event("incident.acknowledged", {"by": "kim", "set": "ola", "clock": "ownership"}),
        event("incident.snoozed", {"until": "2026-03-03T10:00:00+05:30"}),
        event("incident.merged", {"into": "4712"}),
        event("incident.merged", {"into": '塵 "1"', "tier": "\x7f\x85"}, id='"', source="ä"),
        raw(event()).replace(b"/desk", b"\\/desk\\u002f1"),
        event("incident.rated", {"csat": 5, "nps": 10, "ces": 1.0}),
        event("incident.updated", {"custom": {"a": 1, "b": -2.50, "c": True, "d": None}}),
        event("incident.updated", {"unknown": "x", "actor": "sla-engine"}, traceparent="00"),
        event("incident.updated", {"custom": None}, tenant="acme", sequence="12"),
        event(
            "incident.updated", {"tags": ["vip", "", 7, "a\nb", "ä"], "team": 'the "night" shift'}
        ),
        event("incident.updated", {"tags": [""], "custom": {"a": "\\/\b\f\r\t😀\0"}}),
        raw(event(data={"title": "?"})).replace(b"?", b"\\u00e9\\uD83D\\ude00\\/"),
        event("incident.reopened", data=...),
    ],
)
def test_the_usual_shapes_need_no_normaliser(value: Any) -> None:
    assert was_scanned(decode(value))
    check_agreement(value if isinstance(value, bytes) else raw(value))


@pytest.mark.parametrize(
    "record",
    [
        raw(event(title="a\\b")).replace(b"title", b"ti\\u0074le"),
        raw(event()).replace(b'"id":"e-1"', b'"id":"e-1","id":"e-2"'),
        raw(event(data={"team": "a"})).replace(b'"team":"a"', b'"team":"a","team":"b"'),
        raw(event("incident.updated", {"custom": {"a\nb": 1}})),
        raw(event("incident.updated", {"unknown": {"a": 1}})),
        raw(event("incident.updated", {"csat": 1})),
        raw(event("incident.updated", {"custom": {"a": 1e30}})),
        raw(event("incident.updated", {"title": "x" * 201})),
        raw(event("sla.time", {}, subject="time")),
    ],
)
def test_the_unusual_is_left_to_the_normaliser_and_accepted(record: bytes) -> None:
    batch = decode(record)
    assert not batch.events["code"][0]
    assert not was_scanned(batch)
    check_agreement(record)


def test_a_repeated_member_counts_with_its_last_value() -> None:
    twice = raw(event("incident.updated", {"team": "a"})).replace(b'"a"', b'"a","team":"b"')
    assert spans_of(decode(twice))[-1][5] == b"b"


def test_the_last_bytes_of_the_buffer_are_no_trap() -> None:
    """Words are read eight bytes at a time: nothing behind a record may count."""
    for cut in range(len(raw(event()))):
        check_agreement(raw(event())[:cut])
