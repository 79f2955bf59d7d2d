"""The order inside an incident: time, `created` first, source, sequence as a number, id."""

from __future__ import annotations

from random import Random
from typing import Any

from sla_engine.event.cloudevent import to_cloudevent
from sla_engine.event.layout import DecodedBatch
from sla_engine.event.order import count_contradictions, sort_history
from tests.event.samples import decode, event


def at(second: int, identity: str, kind: str = "incident.updated", **more: Any) -> dict[str, Any]:
    return event(kind, {}, id=identity, time=f"2026-03-02T10:00:{second:02}Z", **more)


def ids_in_order(batch: DecodedBatch) -> list[str]:
    rows = batch.events[sort_history(batch)]
    return [to_cloudevent(batch.data, row, batch.spans)["id"] for row in rows]


def test_time_beats_everything() -> None:
    assert ids_in_order(decode(at(2, "b", sequence="1"), at(1, "c", sequence="2"))) == ["c", "b"]


def test_created_comes_first_at_its_instant() -> None:
    batch = decode(at(1, "a"), at(1, "z", "incident.created", source="/z"), at(0, "0"))
    assert ids_in_order(batch) == ["0", "z", "a"]


def test_sources_compare_as_text_before_sequences() -> None:
    batch = decode(at(1, "1", source="b", sequence="1"), at(1, "2", source="a", sequence="9"))
    assert ids_in_order(batch) == ["2", "1"]


def test_sequences_compare_as_numbers_and_an_absent_one_comes_first() -> None:
    batch = decode(at(1, "x", sequence="10"), at(1, "y", sequence="9"), at(1, "z"))
    assert ids_in_order(batch) == ["z", "y", "x"]


def test_ids_compare_as_utf_8() -> None:
    names = ["b", "B", "é", "a10", "a9", "😀", "a"]
    batch = decode(*(at(1, name) for name in names))
    assert ids_in_order(batch) == sorted(names, key=str.encode)


def test_refused_rows_have_no_place_in_the_order() -> None:
    assert sort_history(decode(at(1, "a"), b"{", at(0, "b"))).tolist() == [2, 0]
    assert sort_history(decode(b"{")).tolist() == []


def test_any_arrival_gives_the_same_order() -> None:
    rng = Random(9)
    values = [
        at(
            rng.randint(0, 3),
            f"{number:03}",
            rng.choice(["incident.created", "incident.updated"]),
            source=rng.choice(["/a", "/b", "/B"]),
            **({"sequence": str(rng.randint(0, 12))} if rng.random() < 0.7 else {}),
        )
        for number in range(200)
    ]
    expected = [
        value["id"]
        for value in sorted(
            values,
            key=lambda e: (
                e["time"],
                e["type"] != "incident.created",
                e["source"].encode(),
                int(e.get("sequence", "-1")),
                e["id"].encode(),
            ),
        )
    ]
    for _ in range(20):
        rng.shuffle(values)
        assert ids_in_order(decode(*values)) == expected


def test_a_sequence_that_goes_back_while_time_goes_on_is_a_contradiction() -> None:
    def contradictions(*values: dict[str, Any]) -> int:
        batch = decode(*values)
        return count_contradictions(batch, sort_history(batch))

    assert contradictions() == 0
    assert contradictions(at(1, "a", sequence="1"), at(2, "b", sequence="2")) == 0
    assert contradictions(at(2, "a", sequence="1"), at(1, "b", sequence="2")) == 1
    assert contradictions(at(2, "a", sequence="1"), at(1, "b"), at(0, "c", sequence="3")) == 1
    assert contradictions(at(2, "a", sequence="1"), at(1, "b", sequence="2", source="/x")) == 0
    assert contradictions(at(2, "a", sequence="1"), at(1, "b", sequence="2", subject="12")) == 0
    assert contradictions(at(1, "a", sequence="1"), at(1, "b", sequence="2")) == 0
