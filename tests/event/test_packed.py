"""The packed form keeps everything that history needs, in few bytes, and one reader reads it."""

from __future__ import annotations

from contextlib import suppress
from random import Random

import numpy as np
import pytest

from sla_engine.errors import EventError
from sla_engine.event.draft import Problem
from sla_engine.event.layout import EventType
from sla_engine.event.normalise import normalise
from sla_engine.event.packed import (
    opaque_payloads,
    pack,
    pack_batch,
    pack_opaque,
    packed_bound,
    unpack_all,
)
from tests.event.samples import decode, event, raw, row_of, some_event, spans_of, usual_event, write

EVENTS = [
    event("incident.created", {"title": "Müll", "tags": ["a", "b"], "due": "2026-03-02T10:15:30Z"}),
    event("incident.updated", {"custom": {"n": 12.5, "t": True, "f": False, "z": None, "s": "x"}}),
    event("incident.updated", {"team": None, "custom": None, "tags": []}, tenant="acme"),
    event("incident.commented", {"author": "agent", "public": False}, sequence="123456789012"),
    event("incident.rated", {"csat": 5, "nps": 0}),
    event("sla.time", {}, subject="time"),
    event("customer.updated", {"valid": {"from": "1990-01-01T00:00:00Z"}}, subject="ACME"),
    event("incident.updated", id="x" * 255, source="y" * 255, time="2099-12-31T23:59:59.999Z"),
]


def test_everything_comes_back() -> None:
    rng = Random(6)
    values = EVENTS + [some_event(rng) for _ in range(300)] + [usual_event(rng) for _ in range(300)]
    batch = decode(*values)
    rows = np.flatnonzero(batch.events["code"] == 0).tolist()
    assert len(rows) > 400
    again = unpack_all(pack_batch(batch))
    assert [row_of(again, i) for i in range(len(again.events))] == [row_of(batch, r) for r in rows]
    assert [spans_of(again, i) for i in range(len(rows))] == [spans_of(batch, r) for r in rows]


def test_packing_what_was_unpacked_gives_the_same_bytes() -> None:
    packed = pack_batch(decode(*EVENTS))
    assert pack_batch(unpack_all(packed)) == packed


def test_the_normaliser_writes_the_same_bytes_as_the_packer() -> None:
    rng = Random(7)
    for _ in range(300):
        record = write(rng, some_event(rng)).encode()
        found = normalise(record, frozenset({"sla-engine"}), None)
        if not isinstance(found, Problem):
            assert pack_batch(unpack_all(found.packed)) == found.packed
            assert pack_batch(decode(record)) == found.packed


def test_an_unpacked_event_says_where_its_bytes_are() -> None:
    packed = pack_batch(decode(*EVENTS))
    again = unpack_all(packed)
    bounds = [(int(e["raw_start"]), int(e["raw_end"])) for e in again.events]
    assert b"".join(packed[start:end] for start, end in bounds) == packed
    assert again.events["offset"].tolist() == [-1] * len(EVENTS)


def test_a_usual_event_takes_at_most_100_bytes() -> None:
    usual = event(
        "incident.updated",
        {"priority": "high", "status": "in_progress", "team": "network-emea", "assignee": "kim"},
        id="e-000123456",
        source="/itsm/servicenow",
        subject="INC0012345",
        sequence="17",
    )
    assert len(raw(usual)) > 240
    assert len(pack_batch(decode(usual))) <= 100


def test_nothing_is_written_where_there_is_no_room() -> None:
    batch = decode(EVENTS[0])
    room = int(packed_bound(batch.events[0], batch.spans))
    out = np.zeros(room, np.uint8)
    assert pack(batch.data, batch.events[0], batch.spans, out, 1) == -1
    assert not out.any()
    assert 0 < pack(batch.data, batch.events[0], batch.spans, out, 0) <= room


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 20_000])
def test_entries_of_another_format_pass_through_and_are_skipped(size: int) -> None:
    payload = bytes(range(256)) * 80
    one = pack_batch(decode(EVENTS[0]))
    sent = pack_opaque(EventType.SENT, payload[:size])
    stream = sent + one + sent + one + one + sent
    assert list(opaque_payloads(stream)) == [payload[:size]] * 3
    assert unpack_all(stream).events["type"].tolist() == [EventType.CREATED] * 3


def test_lengths_of_one_two_and_three_bytes() -> None:
    customs = {f"m{i}": "x" * 1024 for i in range(20)}
    values = [event(), EVENTS[0], event("incident.updated", {"custom": customs})]
    batch = decode(*values)
    packed = pack_batch(batch)
    assert [int(e["raw_end"] - e["raw_start"]) > 2**14 for e in unpack_all(packed).events] == [
        *(False, False, True)
    ]
    assert spans_of(unpack_all(packed), 2) == spans_of(batch, 2)


def test_bytes_that_are_cut_or_damaged_are_refused_or_read_but_never_overrun() -> None:
    rng = Random(8)
    packed = pack_batch(decode(*EVENTS))
    first = unpack_all(packed).events["raw_end"][0]
    for cut in range(1, int(first)):
        with pytest.raises(EventError, match="byte 0 "):
            unpack_all(packed[:cut])
    for _ in range(3000):
        damaged = bytearray(packed)
        for _ in range(rng.randint(1, 4)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        with suppress(EventError):
            again = unpack_all(bytes(damaged))
            ends = again.spans["start"].astype(int) + again.spans["length"]
            assert again.spans["start"].min(initial=0) >= 0
            assert ends.max(initial=0) <= len(again.data)


def test_another_version_is_refused() -> None:
    packed = bytearray(pack_batch(decode(event())))
    packed[1] += 1
    with pytest.raises(EventError, match="not of version 1"):
        unpack_all(bytes(packed))
    with pytest.raises(EventError, match="not of version 1"):
        list(opaque_payloads(bytes(packed)))


def test_no_bytes_are_no_events() -> None:
    assert len(unpack_all(b"").events) == 0


def test_an_opaque_entry_that_is_cut_short_is_an_error() -> None:
    whole = pack_opaque(EventType.SENT, b"p" * 200)
    assert list(opaque_payloads(whole + whole)) == [b"p" * 200] * 2
    for size in range(1, len(whole)):
        with pytest.raises(EventError, match=f"at byte {len(whole)} "):
            list(opaque_payloads(whole + whole[:size]))
    with pytest.raises(EventError, match="at byte 0 "):
        list(opaque_payloads(b"\xff" * 20))
