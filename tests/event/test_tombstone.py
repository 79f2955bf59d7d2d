"""A tombstone keeps what recognises events, no text of theirs, and reads the same ever after."""

from __future__ import annotations

import pytest

from sla_engine.errors import EventError
from sla_engine.event.hashing import event_id
from sla_engine.event.layout import EventType
from sla_engine.event.packed import pack_batch, pack_opaque, unpack_all
from sla_engine.event.tombstone import is_forgotten, known_hashes, tombstone
from tests.event.samples import decode, event

SAID = {"title": "Müll", "requester": "ann", "custom": {"phone": "1"}}
EVENTS = [
    event("incident.created", SAID, id="ann-1", source="desk-of-ann", tenant="acme"),
    event("incident.deleted", {"actor": "ann"}, id="ann-2", source="desk-of-ann", tenant="acme"),
]


def made(known: dict[int, int] | None = None) -> bytes:
    stone = tombstone(unpack_all(pack_batch(decode(*EVENTS))), known or {})
    assert stone is not None
    return stone


def test_it_knows_the_events_and_has_no_text_of_theirs() -> None:
    stone = made()
    assert is_forgotten(stone)
    assert b"ann" not in stone
    batch = decode(*EVENTS)
    assert known_hashes(stone) == dict(
        zip(batch.events["id"].tolist(), batch.events["content"].tolist(), strict=True)
    )
    assert event_id("desk-of-ann", "ann-1") in known_hashes(stone)


def test_what_it_reads_as_is_the_deletion_of_the_same_incident() -> None:
    (deletion,) = unpack_all(made()).events
    original = decode(*EVENTS).events[1]
    same = ("type", "time", "sequence", "key1", "key2")
    assert [deletion[name] for name in same] == [original[name] for name in same]
    assert deletion["spans"] == 4


def test_made_of_itself_and_what_came_again_it_stays_as_it_is() -> None:
    stone = made()
    assert tombstone(unpack_all(stone), known_hashes(stone)) == stone
    again = stone + pack_batch(decode(*EVENTS))
    assert tombstone(unpack_all(again), known_hashes(again)) == stone


def test_without_a_deletion_there_is_none() -> None:
    assert tombstone(unpack_all(pack_batch(decode(EVENTS[0]))), {}) is None


def test_stored_ones_are_read_for_ever() -> None:
    stored = bytes.fromhex("1301120101000000000000000200000000000000")
    assert known_hashes(stored) == {1: 2}


@pytest.mark.parametrize("payload", [b"", b"\x02" + bytes(16), b"\x01" + bytes(15)])
def test_another_format_is_an_error(payload: bytes) -> None:
    with pytest.raises(EventError, match="format 1"):
        known_hashes(pack_opaque(EventType.TOMBSTONE, payload))
