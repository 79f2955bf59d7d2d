"""The kernel that finds records in Kafka's batches agrees with aiokafka's parser."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla_engine.engine.ports import RawBatch
from sla_engine.stream.kafka import decode as decoding
from sla_engine.stream.kafka import records
from sla_engine.stream.kafka.decode import Decoded, decode
from tests.stream.batches import Sample, parsed, record_batch, with_attributes, with_base
from tests.stream.inboxes import spans_of

CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
CONTROL = 0x20
LOG_APPEND_TIME = 0x08

samples = st.builds(
    Sample,
    key=st.none() | st.binary(max_size=40),
    value=st.none() | st.binary(max_size=300),
    timestamp_ms=st.integers(0, 4_102_444_800_000),
    headers=st.lists(
        st.tuples(st.text(max_size=5), st.none() | st.binary(max_size=9)), max_size=3
    ).map(tuple),
)


def rows(batch: RawBatch) -> list[tuple[int, int, bytes | None, bytes | None]]:
    data = bytes(batch.data)
    keys = spans_of(data, batch.key_start, batch.key_end)
    values = spans_of(data, batch.value_start, batch.value_end)
    columns = (batch.offsets.tolist(), batch.append_ms.tolist(), keys, values)
    return list(zip(*columns, strict=True))


def all_rows(message_set: bytes, from_offset: int = 0) -> list[Decoded]:
    return list(decode(message_set, 0, from_offset, 1_000_000, check_crcs=True))


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS.keys())
@settings(deadline=None)
@given(batches=st.lists(st.lists(samples, min_size=1, max_size=8), min_size=1, max_size=4))
def test_every_record_is_found_as_the_reference_finds_it(
    codec: int, batches: list[list[Sample]]
) -> None:
    message_set, offset = b"", 0
    for batch in batches:
        message_set += record_batch(batch, base=offset, codec=codec)
        offset += len(batch) + 3
    decoded = all_rows(message_set)
    found = [row for part in decoded for row in rows(part.batch)]
    assert found == parsed(message_set)
    assert decoded[-1].batch.next_offset == offset - 3
    assert all(not part.flaw for part in decoded)


def test_null_and_empty_differ() -> None:
    (decoded,) = all_rows(record_batch([Sample(None, b""), Sample(b"", None)]))
    assert decoded.batch.key_start.tolist() == [-1, decoded.batch.key_start[1]]
    assert rows(decoded.batch)[0][2:] == (None, b"")
    assert rows(decoded.batch)[1][2:] == (b"", None)


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS.keys())
def test_a_value_of_many_megabytes(codec: int) -> None:
    value = np.random.default_rng(1).bytes(5_000_000)
    decoded = all_rows(record_batch([Sample(b"k", value), Sample(b"l", b"x")], codec=codec))
    assert [row[3] for part in decoded for row in rows(part.batch)] == [value, b"x"]


def test_control_batches_leave_a_gap_and_move_the_position() -> None:
    data = record_batch([Sample(b"a", b"1")], base=0)
    control = with_attributes(record_batch([Sample(b"\0\0\0\1", b"")], base=1), CONTROL)
    more = record_batch([Sample(b"b", b"2")], base=2)
    (decoded,) = all_rows(data + control + more + with_base(control, 3))
    assert decoded.batch.offsets.tolist() == [0, 2]
    assert decoded.batch.next_offset == 4


def test_an_answer_of_control_batches_alone_is_an_empty_batch() -> None:
    control = with_attributes(record_batch([Sample(b"\0\0\0\1", b"")], base=7), CONTROL)
    (decoded,) = all_rows(control, from_offset=7)
    assert len(decoded.batch) == 0
    assert decoded.batch.next_offset == 8


def test_records_before_the_asked_offset_are_left_out() -> None:
    message_set = record_batch([Sample(b"k", b"%d" % i) for i in range(10)], base=100)
    (decoded,) = all_rows(message_set, from_offset=107)
    assert decoded.batch.offsets.tolist() == [107, 108, 109]


def test_the_brokers_time_stamp_wins_where_the_topic_says_so() -> None:
    message_set = record_batch([Sample(b"k", b"v", 5_000), Sample(b"k", b"v", 9_000)])
    (decoded,) = all_rows(with_attributes(message_set, LOG_APPEND_TIME))
    assert decoded.batch.append_ms.tolist() == [9_000, 9_000]


def test_a_batch_that_compaction_thinned_keeps_its_last_offset() -> None:
    kept = bytearray(record_batch([Sample(b"k", b"v")], base=50))
    kept[23:27] = (9).to_bytes(4, "big")
    (decoded,) = all_rows(with_attributes(bytes(kept), 0), from_offset=50)
    assert decoded.batch.offsets.tolist() == [50]
    assert decoded.batch.next_offset == 60


def test_compressed_batches_come_in_pieces_of_bounded_size() -> None:
    one = [Sample(b"k", b"x" * 1000)] * 1000
    message_set = b"".join(record_batch(one, base=1000 * i, codec=3) for i in range(20))
    decoded = all_rows(message_set)
    assert len(decoded) > 1
    assert all(len(part.batch.data) < 2 * decoding.UNPACKED_BYTES_AIM for part in decoded)
    offsets = np.concatenate([part.batch.offsets for part in decoded])
    assert offsets.tolist() == list(range(20_000))


@settings(deadline=None, max_examples=30)
@given(batch=st.lists(samples, min_size=1, max_size=5), base=st.integers(0, 2**40))
def test_the_kernels_do_the_same_without_the_compiler(batch: list[Sample], base: int) -> None:
    message_set = record_batch(batch, base=base) * 2
    data = np.frombuffer(message_set, np.uint8)
    table, end, why = records.scan(data)
    plain_table, plain_end, plain_why = records.scan.py_func(data)
    assert (table == plain_table).all()
    assert (end, why) == (plain_end, plain_why)
    columns = []
    for unpack in (records.unpack, records.unpack.py_func):
        n = int(table[:, records.COUNT].sum())
        made = np.zeros(n, np.int64), np.zeros((4, n), np.int32), np.zeros(n, np.int64)
        columns.append([unpack(data, table, base + 1, *made), *(c.tolist() for c in made)])
    assert columns[0] == columns[1]


@given(data=st.binary(min_size=1, max_size=12))
def test_varints_are_the_same_without_the_compiler(data: bytes) -> None:
    array = np.frombuffer(data, np.uint8)
    assert records.varint(array, 0, len(data)) == records.varint.py_func(array, 0, len(data))
