"""The decoder: rows in the order of the log, from records or from lines, refused ones in place."""

from __future__ import annotations

import json

import pytest

from sla_engine.event.cloudevent import text, to_cloudevent
from sla_engine.event.decode import Decoder
from sla_engine.event.hashing import event_id, hash_text, incident_key
from sla_engine.event.layout import (
    FLAG_CONTROL,
    FLAG_ENGINE_ACTOR,
    FLAG_NORMALISED,
    FLAG_PUBLIC,
    Author,
    DeadCode,
    EventType,
    Member,
    SpanKind,
)
from tests.event.samples import batch_of, decode, event, raw


def test_rows_keep_the_order_and_the_place_of_their_records() -> None:
    records = [raw(event(id="a")), b"{", raw(event(data={"unknown": []})), b"null"]
    batch = Decoder().decode(batch_of(records))
    assert batch.events["offset"].tolist() == [100, 101, 102, 103]
    assert batch.events["append"].tolist() == [1_780_000_000_000 + i for i in range(4)]
    assert batch.events["code"].tolist() == [0, DeadCode.NOT_JSON, 0, DeadCode.NOT_CLOUDEVENT]
    assert sorted(batch.messages) == [1, 3]
    for row, record in zip(batch.events, records, strict=True):
        assert batch.data[row["raw_start"] : row["raw_end"]].tobytes() == record


def test_an_empty_batch_has_no_rows() -> None:
    batch = Decoder().decode(batch_of([]))
    assert (len(batch.events), len(batch.spans), batch.messages) == (0, 0, {})


def test_a_row_says_what_the_event_says() -> None:
    data = {"author": "customer", "actor": "sla-engine", "status": "open"}
    value = event("incident.commented", data, tenant="acme", sequence="12")
    batch = decode(value)
    row = batch.events[0]
    assert row["type"] == EventType.COMMENTED
    assert row["author"] == Author.CUSTOMER
    assert row["time"] == 1_772_446_530_123
    assert row["sequence"] == 12
    assert row["flags"] == FLAG_PUBLIC | FLAG_ENGINE_ACTOR
    assert (row["key1"], row["key2"]) == incident_key("acme", "4711")
    assert row["id"] == event_id("/desk", "e-1")
    assert row["source"] == hash_text("/desk")
    members = [(span["member"], text(batch.data, span)) for span in batch.spans]
    assert members == [
        (Member.TENANT, "acme"),
        (Member.SUBJECT, "4711"),
        (Member.SOURCE, "/desk"),
        (Member.ID, "e-1"),
        (Member.ACTOR, "sla-engine"),
        (Member.STATUS, "open"),
    ]


def test_an_absent_tenant_is_the_default_one() -> None:
    batch = decode(event(), event(tenant="default"), event(data={"tags": []}))
    assert batch.events["key1"].tolist() == [incident_key("default", "4711")[0]] * 3
    assert [text(batch.data, batch.spans[i]) for i in batch.events["span"]] == ["default"] * 3


def test_texts_with_escapes_and_lists_leave_the_bytes_of_their_records_alone() -> None:
    records = [raw(event(data={"title": 'a "b"\n', "tags": ["x", "y"]})), raw(event(id="\\"))]
    batch = decode(*records)
    spans = {int(span["member"]): text(batch.data, span) for span in batch.spans[:6]}
    assert spans[Member.TITLE] == 'a "b"\n'
    assert spans[Member.TAGS] == "x\x1fy"
    assert batch.data[: sum(map(len, records))].tobytes() == b"".join(records)


def test_null_unsets_and_an_empty_text_is_a_text() -> None:
    batch = decode(event(data={"team": None, "tier": ""}))
    team, tier = batch.spans[4:]
    assert (team["kind"], team["hash"]) == (SpanKind.NULL, 0)
    assert (tier["kind"], tier["hash"], tier["length"]) == (SpanKind.TEXT, 0, 0)


def test_the_validity_of_a_customer_is_replaced_as_a_whole() -> None:
    start = {"from": "2026-03-02T10:15:30.123Z"}
    for valid, kinds in (
        (None, ["NULL", "NULL"]),
        ({}, ["NULL", "NULL"]),
        (start, ["TIME", "NULL"]),
    ):
        batch = decode(event("customer.updated", {"valid": valid}))
        assert batch.spans["member"][4:].tolist() == [Member.VALID_FROM, Member.VALID_TO]
        assert [SpanKind(kind).name for kind in batch.spans["kind"][4:]] == kinds


def test_custom_null_unsets_every_custom_member() -> None:
    batch = decode(event(data={"custom": None}))
    assert batch.spans[4]["kind"] == SpanKind.NULL
    assert batch.spans[4]["name"] == 0


@pytest.mark.parametrize("number", ["7", "7.0", "7e0", "0.7E1", "70e-1"])
def test_equal_numbers_become_the_same_text(number: str) -> None:
    record = raw(event(data={"priority": "N", "custom": {"n": "N"}})).replace(
        b'"N"', number.encode()
    )
    batch = decode(record)
    assert [text(batch.data, span) for span in batch.spans[4:]] == ["7", "7"]
    assert [span["kind"] for span in batch.spans[4:]] == [SpanKind.TEXT, SpanKind.NUMBER]


@pytest.mark.parametrize("title", ["x" * 200, "é" * 200, "😀" * 300, "x" * 10_000])
def test_a_title_is_cut_at_200_characters(title: str) -> None:
    batch = decode(event(data={"title": title}))
    assert text(batch.data, batch.spans[4]) == title[:200]


def test_a_comment_is_public_unless_it_says_otherwise() -> None:
    comments = [{"author": "agent"}, {"author": "agent", "public": None}]
    comments += [{"author": "agent", "public": True}, {"author": "agent", "public": False}]
    batch = decode(*(event("incident.commented", comment) for comment in comments), event())
    assert (batch.events["flags"] & FLAG_PUBLIC).tolist() == [1, 1, 1, 0, 0]


def test_only_control_records_are_marked_as_such() -> None:
    batch = decode(event("sla.time", {}, subject="time"), event("customer.updated"), event())
    assert (batch.events["flags"] & FLAG_CONTROL != 0).tolist() == [True, True, False]


def test_the_actors_of_the_engine_are_a_setting() -> None:
    records = batch_of([raw(event(data={"actor": actor})) for actor in ("sla-engine", "robot")])
    flags = Decoder(["robot", "other"]).decode(records).events["flags"]
    assert (flags & FLAG_ENGINE_ACTOR != 0).tolist() == [False, True]


def test_unknown_members_are_counted_wherever_they_are() -> None:
    values = [
        event(data={"colour": "red", "size": {"w": 1}}, partitionkey="4711"),
        event(data={"author": "agent", "team": "noc"}, datacontenttype="application/json"),
        event(data={"shape": 1.5e3, "round": True, "edges": None}),
        event(data={"custom": {"": 1}}),
    ]
    assert [decode(value).unknown_members for value in values] == [3, 1, 3, 1]
    assert decode(*values).unknown_members == 8


def test_lines_of_a_file_are_numbered_from_1_and_blank_ones_left_out() -> None:
    lines = [
        raw(event(id="a")),
        b"",
        b"  \r",
        raw(event(id="b")) + b"\r",
        b"oops",
        raw(event(id="c")),
    ]
    batch = Decoder().decode_lines(b"\n".join(lines))
    assert batch.events["offset"].tolist() == [1, 4, 5, 6]
    assert batch.events["code"].tolist() == [0, 0, DeadCode.NOT_JSON, 0]
    assert len(Decoder().decode_lines(b"").events) == 0
    assert Decoder().decode_lines(b"\xef\xbb\xbf" + lines[0] + b"\n").events["code"].tolist() == [0]
    assert Decoder().decode_lines(lines[0], first_line=500).events["offset"].tolist() == [500]


def test_lines_and_records_give_the_same_rows() -> None:
    records = [raw(event(id=str(i), data={"tags": [str(i)]} if i % 3 else None)) for i in range(50)]
    by_record = Decoder().decode(batch_of(records))
    by_line = Decoder().decode_lines(b"\n".join(records))
    for field in ("time", "id", "content", "flags"):
        assert (by_record.events[field] == by_line.events[field]).all()


def test_a_decoder_grows_with_its_batches_and_serves_small_ones_again() -> None:
    decoder = Decoder()
    many = {"custom": {f"m{i}": i for i in range(32)}, "tags": ["x"]}
    for count in (1, 3000, 2):
        records = [raw(event(id=str(i), data=many if i % 2 else None)) for i in range(count)]
        batch = decoder.decode(batch_of(records))
        assert not batch.events["code"].any()
        last = to_cloudevent(batch.data, batch.events[-1], batch.spans)
        assert last["id"] == str(count - 1)
        assert len(batch.spans) == batch.events["spans"].sum()


CANONICAL = [
    event(
        "incident.created",
        {
            "title": "Müll",
            "tags": ["a", "b"],
            "due": "2026-03-02T10:15:30.000Z",
            "custom": {"n": 12.5, "i": 7, "t": True, "f": False, "z": None, "s": "x"},
            "team": None,
        },
        tenant="acme",
        sequence="7",
    ),
    event("incident.commented", {"author": "agent", "public": False}, tenant="default"),
    event(
        "incident.absorbed", {"from": "1", "opened_at": "2026-03-01T00:00:00.000Z", "absorbed": []}
    ),
    event("incident.rated", {"csat": 5, "nps": 0}),
    event("incident.updated", {"custom": None, "tags": []}),
    event(
        "clock.overridden",
        {
            "clock": "resolution",
            "exclude": {"from": "2026-03-01T00:00:00.000Z", "to": "2026-03-02T00:00:00.000Z"},
        },
    ),
    event("customer.updated", {"valid": {"from": None, "to": "2026-03-02T00:00:00.000Z"}}),
    event("clock.overridden", {"set": "ola", "clock": "x", "unpin": True}),
]


def test_canonical_objects_come_back_as_they_were() -> None:
    batch = decode(*CANONICAL)
    for row, value in zip(batch.events, CANONICAL, strict=True):
        assert to_cloudevent(batch.data, row, batch.spans) == {"tenant": "default"} | value


def test_the_canonical_object_decodes_to_the_same_row() -> None:
    odd = event(
        "incident.updated", {"priority": 1, "title": "x" * 300, "due": "2026-03-02T11:00+01:00"}
    )
    batch = decode(odd)
    canonical = to_cloudevent(batch.data, batch.events[0], batch.spans)
    again = decode(json.loads(json.dumps(canonical)))
    assert to_cloudevent(again.data, again.events[0], again.spans) == canonical
    assert again.events["flags"][0] & FLAG_NORMALISED == 0
