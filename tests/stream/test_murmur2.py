"""Keys go to the partitions that Java's clients choose."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla_engine.stream import murmur2, murmur2_spans

# From the tests of Kafka's own Java client (UtilsTest.testMurmur2).
VECTORS = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


@pytest.mark.parametrize(("key", "hashed"), VECTORS.items())
def test_the_hash_is_that_of_the_java_client(key: bytes, hashed: int) -> None:
    assert murmur2.murmur2(key) == hashed & 0xFFFFFFFF


@given(keys=st.lists(st.none() | st.binary(max_size=50), max_size=20), n=st.integers(1, 1000))
def test_keys_in_a_batch_are_hashed_where_they_lie(keys: list[bytes | None], n: int) -> None:
    data = np.frombuffer(b"".join(key or b"" for key in keys), np.uint8)
    ends = np.cumsum([len(key or b"") for key in keys], dtype=np.int32)
    starts = (ends - [len(key or b"") for key in keys]).astype(np.int32)
    starts[[key is None for key in keys]] = -1
    expected = [-1 if key is None else murmur2.partition_of(key, n) for key in keys]
    assert murmur2_spans.partitions_of_spans(data, starts, ends, n).tolist() == expected


@given(key=st.binary(max_size=60))
def test_the_kernel_does_the_same_as_plain_python(key: bytes) -> None:
    data = np.frombuffer(key, np.uint8)
    hashed = murmur2_spans.murmur2_span(data, 0, len(key))
    assert hashed == murmur2_spans.murmur2_span.py_func(data, 0, len(key)) == murmur2.murmur2(key)


@given(value=st.integers(0, 2**32 - 1))
def test_the_product_in_halves_is_the_product(value: int) -> None:
    expected = value * murmur2.MULTIPLIER % 2**32
    assert murmur2_spans.times(value) == murmur2_spans.times.py_func(value) == expected
