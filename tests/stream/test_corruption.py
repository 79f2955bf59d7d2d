"""Whatever bytes the log gives: sound records come out, a flaw is named, nothing crashes."""

from __future__ import annotations

import zlib

import cramjam
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sla_engine.stream.kafka import codecs
from sla_engine.stream.kafka.codecs import CodecError, decompress
from sla_engine.stream.kafka.decode import BAD_COUNT, BAD_CRC, BAD_RECORD, WHY, decode
from sla_engine.stream.kafka.records import BAD_HEADER, BAD_MAGIC, PARTIAL
from tests.stream.batches import Sample, record_batch, with_attributes

GOOD = [Sample(b"key", b"value" * 20, headers=(("h", b"1"),)) for _ in range(5)]
FUZZ = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def decoded(message_set: bytes, *, check_crcs: bool) -> tuple[list[int], str, int]:
    offsets: list[int] = []
    flaw, next_offset = "", 0
    for part in decode(message_set, 0, 0, 100, check_crcs=check_crcs):
        offsets += part.batch.offsets.tolist()
        flaw, next_offset = part.flaw, part.batch.next_offset
    return offsets, flaw, next_offset


@pytest.mark.parametrize("codec", range(5))
@FUZZ
@given(st.data())
def test_any_flipped_bytes_are_noticed_by_the_checksum(codec: int, data: st.DataObject) -> None:
    first = record_batch(GOOD, codec=codec)
    second = bytearray(record_batch(GOOD, base=5, codec=codec))
    place = data.draw(st.integers(17, len(second) - 1))
    second[place] ^= data.draw(st.integers(1, 255))
    offsets, flaw, next_offset = decoded(first + bytes(second), check_crcs=True)
    assert offsets == [0, 1, 2, 3, 4]
    assert flaw in (BAD_CRC, WHY[BAD_HEADER])
    assert next_offset == 5


@pytest.mark.parametrize("codec", range(5))
@FUZZ
@given(st.data())
def test_corrupt_bytes_end_in_a_flaw_or_in_records_inside_the_bytes(
    codec: int, data: st.DataObject
) -> None:
    message_set = bytearray(record_batch(GOOD, codec=codec) + record_batch(GOOD, base=5))
    for _ in range(data.draw(st.integers(1, 6))):
        message_set[data.draw(st.integers(0, len(message_set) - 1))] = data.draw(
            st.integers(0, 255)
        )
    for part in decode(bytes(message_set), 0, 0, 100, check_crcs=False):
        batch = part.batch
        for start, end in ((batch.key_start, batch.key_end), (batch.value_start, batch.value_end)):
            assert ((start == -1) == (end == -1)).all()
            assert (start <= end).all()
            assert (end <= len(batch.data)).all()


@FUZZ
@given(cut=st.integers(0, 2_000))
def test_a_truncated_answer_gives_its_whole_batches(cut: int) -> None:
    first, second = record_batch(GOOD), record_batch(GOOD, base=5)
    message_set = (first + second)[: max(1, len(first + second) - cut)]
    offsets, flaw, next_offset = decoded(message_set, check_crcs=True)
    whole = (len(message_set) >= len(first)) + (len(message_set) == len(first + second))
    assert offsets == list(range(5 * whole))
    assert next_offset == 5 * whole
    assert flaw == ("" if whole else WHY[PARTIAL])


@FUZZ
@given(junk=st.binary(min_size=1, max_size=400))
def test_junk_is_never_an_exception(junk: bytes) -> None:
    decoded(junk, check_crcs=False)


def test_more_records_than_bytes_is_a_flaw_and_reserves_no_memory() -> None:
    batch = bytearray(record_batch(GOOD))
    batch[57:61] = (2**31 - 1).to_bytes(4, "big")
    assert decoded(bytes(batch), check_crcs=False) == ([], BAD_COUNT, 0)


def test_a_malformed_record_ends_the_batch_it_is_in() -> None:
    bad = bytearray(record_batch(GOOD, base=5))
    bad[61] = 0xFF
    offsets, flaw, next_offset = decoded(record_batch(GOOD) + bytes(bad), check_crcs=False)
    assert (offsets, flaw, next_offset) == ([0, 1, 2, 3, 4], BAD_RECORD, 5)


def test_messages_of_the_time_before_kafka_0_11_are_named() -> None:
    old = bytearray(record_batch(GOOD))
    old[16] = 1
    assert decoded(bytes(old), check_crcs=True)[1] == WHY[BAD_MAGIC]


@pytest.mark.parametrize("codec", range(1, 8))
@FUZZ
@given(junk=st.binary(max_size=200))
def test_a_decoder_ends_with_bytes_or_with_an_error(codec: int, junk: bytes) -> None:
    for packed in (junk, b"\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01" + junk):
        try:
            decompress(codec, memoryview(packed))
        except CodecError:
            continue


def test_xerial_blocks_with_a_negative_length_do_not_loop() -> None:
    stream = b"\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01" + (-4).to_bytes(
        4, "big", signed=True
    )
    with pytest.raises(CodecError, match="longer than the batch"):
        decompress(2, memoryview(stream * 3))


def test_a_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codecs, "UNPACKED_BYTES_MAX", 1_000_000)
    zeros = bytes(5_000_000)
    bombs = {
        1: zlib.compress(zeros, 1, 31),
        2: bytes(cramjam.snappy.compress_raw(zeros)),
        3: bytes(cramjam.lz4.compress(zeros)),
        4: bytes(cramjam.zstd.compress(zeros)),
    }
    for codec, bomb in bombs.items():
        with pytest.raises(CodecError, match="more than"):
            decompress(codec, memoryview(bomb))


def test_a_batch_with_an_unknown_compression_is_a_flaw() -> None:
    batch = with_attributes(record_batch(GOOD), 0x07)
    assert "compression 7 is not known" in decoded(batch, check_crcs=True)[1]
