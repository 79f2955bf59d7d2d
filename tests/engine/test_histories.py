"""Histories that are read together give what each of them gives alone."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from sla_engine.engine import histories
from sla_engine.engine.histories import opened
from sla_engine.engine.refold import distinct
from sla_engine.errors import EventError
from sla_engine.event.cloudevent import to_cloudevent
from sla_engine.event.layout import EventType
from sla_engine.event.packed import pack_batch, pack_opaque, unpack_all
from sla_engine.event.plain import AllPlainEvents, PlainEvents
from tests.event.samples import decode, event, usual_event

TIMES = [f"2026-03-02T10:0{n}:00Z" for n in range(10)]


def history(rng: Random) -> bytes:
    """Events in order, late or twice, control records and alerts among them; sometimes none."""
    packed = b""
    for _ in range(rng.randrange(6)):
        told = usual_event(rng) | {"id": str(rng.randrange(9)), "time": rng.choice(TIMES)}
        if rng.random() < 0.1:
            told = event("sla.time", {}, subject="time", time=rng.choice(TIMES))
        packed += pack_batch(decode(told))
        if rng.random() < 0.4:
            packed += pack_opaque(EventType.SENT, b"x" * rng.randrange(300))
    return packed


def read_alone(packed: bytes) -> list[dict[str, Any]]:
    batch = unpack_all(packed)
    return [to_cloudevent(batch.data, batch.events[n], batch.spans) for n in distinct(batch)]


@pytest.mark.parametrize("portion", [1, 2_000, 1 << 18])
def test_together_is_as_alone(portion: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(histories, "_PORTION_BYTES", portion)
    rng = Random(5)
    packed = {row: history(rng) for row in range(7, 107)}
    found = {}
    for row, own, events, order in opened(packed):
        assert own == packed[row]
        batch = events._batch
        found[row] = [to_cloudevent(batch.data, batch.events[n], batch.spans) for n in order]
    assert found == {row: read_alone(own) for row, own in packed.items()}
    assert any(not told for told in found.values())
    assert any(len(told) > 3 for told in found.values())


def test_both_ways_of_reading_plain_values_agree() -> None:
    rng = Random(6)
    batch = decode(*(usual_event(rng) for _ in range(50)))
    one, many = PlainEvents(batch), AllPlainEvents(batch)
    for row in range(len(batch.events)):
        _, _, first, count = one.event(row)
        assert one.event(row) == many.event(row)
        assert one.spans(first, first + count) == many.spans(first, first + count)
        for _, _, _, start, length, _, _ in one.spans(first, first + count):
            assert one.text(start, length) == many.text(start, length)


def test_a_broken_history_among_others_is_told_by_the_place_within_it() -> None:
    whole = pack_batch(decode(event()))
    broken = whole + b"\x03\x09\x00\x00"
    with pytest.raises(EventError, match=f"at byte {len(whole)} "):
        list(opened({1: whole, 2: broken, 3: whole}))
