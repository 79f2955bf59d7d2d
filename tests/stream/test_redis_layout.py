"""How records lie in the entries of a stream."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla_engine.engine.ports import OutRecord
from sla_engine.errors import LogError, PositionLost
from sla_engine.stream.redis_streams import kernels, layout
from sla_engine.stream.redis_streams.feeder import raw_batch
from tests.stream.inboxes import spans_of

records = st.builds(
    OutRecord,
    topic=st.just("events"),
    partition=st.just(0),
    key=st.none() | st.binary(max_size=20),
    value=st.none() | st.binary(max_size=50),
    headers=st.lists(st.tuples(st.text(max_size=4), st.binary(max_size=6)), max_size=3).map(tuple),
)


def entry(first: int, stamp_ms: int, batch: list[OutRecord]) -> bytes:
    """An entry as the function of the server makes it."""
    return layout.STAMP.pack(first, stamp_ms) + b"".join(map(layout.pack, batch))


@given(st.lists(st.lists(records, min_size=1, max_size=4), min_size=1, max_size=4))
def test_records_come_back_in_batches_and_one_by_one(batches: list[list[OutRecord]]) -> None:
    entries, offset = [], 5
    for i, batch in enumerate(batches):
        entries.append(entry(offset, 1_000 * i, batch))
        offset += len(batch)
    wanted = [record for batch in batches for record in batch]
    stored = [record for one in entries for record in layout.unpack(one, 3)]
    assert [(r.key, r.value, r.headers) for r in stored] == [
        (r.key, r.value, r.headers) for r in wanted
    ]
    raw = raw_batch("incidents", 3, 5, entries)
    data = bytes(raw.data)
    assert spans_of(data, raw.key_start, raw.key_end) == [r.key for r in wanted]
    assert spans_of(data, raw.value_start, raw.value_end) == [r.value for r in wanted]
    assert raw.offsets.tolist() == [r.offset for r in stored] == list(range(5, offset))
    assert raw.append_ms.tolist() == [r.append_ms for r in stored]
    assert raw.next_offset == offset


def test_reading_may_begin_in_the_middle_of_an_entry() -> None:
    batch = [OutRecord("events", 0, b"k", b"%d" % i) for i in range(4)]
    raw = raw_batch("incidents", 0, 12, [entry(10, 0, batch)])
    assert raw.offsets.tolist() == [12, 13]
    assert spans_of(bytes(raw.data), raw.value_start, raw.value_end) == [b"2", b"3"]


def test_entries_behind_the_position_mean_that_it_is_lost() -> None:
    with pytest.raises(
        PositionLost, match=r"incidents\[1\]: offset 3 is gone, the log goes on at 5"
    ):
        raw_batch("incidents", 1, 3, [entry(5, 0, [OutRecord("events", 0, None, b"v")])])


def test_missing_entries_in_between_are_noticed() -> None:
    one = [OutRecord("events", 0, None, b"v")]
    with pytest.raises(LogError, match="offsets are missing"):
        raw_batch("incidents", 1, 3, [entry(3, 0, one), entry(9, 0, one)])


@given(st.data())
def test_corrupt_entries_are_an_error_or_records_inside_the_bytes(data: st.DataObject) -> None:
    good = bytearray(entry(0, 0, [OutRecord("events", 0, b"key", b"value")] * 3))
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(16, len(good) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(1, len(good)))
    try:
        raw = raw_batch("incidents", 0, 0, [bytes(good[:cut])])
    except LogError:
        return
    for start, end in ((raw.key_start, raw.key_end), (raw.value_start, raw.value_end)):
        assert (start <= end).all()
        assert (end <= len(raw.data)).all()


@given(st.lists(st.lists(records, min_size=1, max_size=3), min_size=1, max_size=3))
def test_the_kernels_do_the_same_without_the_compiler(batches: list[list[OutRecord]]) -> None:
    entries = [entry(i, 7, batch) for i, batch in enumerate(batches)]
    data = np.frombuffer(b"".join(entries), np.uint8)
    ends = np.cumsum([len(one) for one in entries])
    n = kernels.count(data, ends)
    assert n == kernels.count.py_func(data, ends) == sum(map(len, batches))
    results = []
    for fill in (kernels.fill, kernels.fill.py_func):
        made = np.zeros(n, np.int64), np.zeros((4, n), np.int32), np.zeros(n, np.int64)
        fill(data, ends, *made)
        results.append([column.tolist() for column in made])
    assert results[0] == results[1]
    assert kernels.little_endian.py_func(data, 0, 8) == 0
    assert kernels.record_end.py_func(data, 16, ends[0]) == kernels.record_end(data, 16, ends[0])
