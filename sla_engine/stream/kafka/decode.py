"""One partition's part of a fetch answer, decoded to RawBatches of bounded size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from aiokafka.record.util import calc_crc32c
from numpy.typing import NDArray

from sla_engine.engine.ports import RawBatch
from sla_engine.limits import FETCH_BYTES_MAX
from sla_engine.stream.kafka import records
from sla_engine.stream.kafka.codecs import CodecError, decompress

UNPACKED_BYTES_AIM: Final = FETCH_BYTES_MAX
"""Compressed batches are unpacked until a RawBatch holds this much, the rest goes to the next."""
CRC_BEGINS: Final = 21 - records.HEADER_BYTES
"""The checksum covers a batch from its attributes on, counted from its first record."""
NEEDS_WORK: Final = records.CONTROL | records.CODEC_MASK

WHY: Final = {
    records.PARTIAL: "the record batch is cut off",
    records.BAD_LENGTH: "the length of the record batch is impossible",
    records.BAD_MAGIC: "the record batch is not of format v2 (written before Kafka 0.11)",
    records.BAD_HEADER: "the header of the record batch is impossible",
}
BAD_CRC: Final = "the checksum of the record batch is wrong"
BAD_COUNT: Final = "the record batch counts more records than its bytes can hold"
BAD_RECORD: Final = "a record of the batch is malformed"

Bytes = NDArray[np.uint8]
Table = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Decoded:
    """The sound records; `flaw` is "" or says what is wrong with the batch at `next_offset`."""

    batch: RawBatch
    flaw: str = ""


def decode(
    message_set: bytes, partition: int, from_offset: int, end_offset: int, *, check_crcs: bool
) -> Iterator[Decoded]:
    """The records of `message_set` at `from_offset` and later; at least one RawBatch.

    Control batches are left out: their offsets are gaps, a RawBatch of nothing else is empty but
    moves `next_offset`. A null key or value has the span (-1, -1). A batch cut off at the end is
    left for the next fetch, unless it is the only one. A flaw ends it.
    """
    table, _, why = records.scan(np.frombuffer(message_set, np.uint8))
    flaw = "" if why == records.PARTIAL and len(table) else WHY.get(why, "")
    if check_crcs:
        table, flaw = _with_right_crc(message_set, table, flaw)
    while True:
        data, part, bad = _some(message_set, table)
        rest = table[len(part) :]
        batch, bad = _batch(data, part, partition, from_offset, end_offset, bad)
        from_offset = batch.next_offset
        if bad or not len(rest):
            yield Decoded(batch, bad or flaw)
            return
        yield Decoded(batch)
        table = rest


def _with_right_crc(message_set: bytes, table: Table, flaw: str) -> tuple[Table, str]:
    view = memoryview(message_set)
    for i, row in enumerate(table.tolist()):
        begins = row[records.RECORDS] + CRC_BEGINS
        if calc_crc32c(view[begins : row[records.END]]) != row[records.CRC]:
            return table[:i], BAD_CRC
    return table, flaw


def _some(message_set: bytes, table: Table) -> tuple[Bytes, Table, str]:
    """The first batches of the table, uncompressed: their bytes, their rows, and a flaw or "".

    The rows point into those bytes. Without compression that is all of the message set as it is.
    """
    if not (table[:, records.ATTRIBUTES] & NEEDS_WORK).any():
        return np.frombuffer(message_set, np.uint8), table, ""
    view = memoryview(message_set)
    rows = table.copy()
    parts: list[bytes | memoryview] = []
    size = 0
    flaw = ""
    for row in rows:
        begin, end, attributes = map(int, row[[records.RECORDS, records.END, records.ATTRIBUTES]])
        part: bytes | memoryview = view[begin:end]
        if attributes & records.CONTROL:
            part = b""
        elif attributes & records.CODEC_MASK:
            try:
                part = decompress(attributes & records.CODEC_MASK, view[begin:end])
            except CodecError as error:
                flaw = f"the record batch cannot be unpacked ({error})"
                break
        parts.append(part)
        row[records.RECORDS] = size
        size += len(part)
        row[records.END] = size
        if size >= UNPACKED_BYTES_AIM:
            break
    return np.frombuffer(b"".join(parts), np.uint8), rows[: len(parts)], flaw


def _batch(
    data: Bytes, table: Table, partition: int, from_offset: int, end_offset: int, flaw: str
) -> tuple[RawBatch, str]:
    """The records of the batches of `table`, up to the first that is malformed."""
    kept = np.flatnonzero((table[:, records.ATTRIBUTES] & records.CONTROL) == 0)
    rows = np.ascontiguousarray(table[kept])
    sizes = rows[:, records.END] - rows[:, records.RECORDS]
    too_many = np.flatnonzero(rows[:, records.COUNT] * records.RECORD_BYTES_MIN > sizes)
    if len(too_many):
        table, rows, flaw = table[: kept[too_many[0]]], rows[: too_many[0]], BAD_COUNT
    n = int(rows[:, records.COUNT].sum())
    offsets, append_ms = np.empty(n, np.int64), np.empty(n, np.int64)
    spans = np.empty((4, n), np.int32)
    n, sound = records.unpack(data, rows, from_offset, offsets, spans, append_ms)
    if sound < len(rows):
        table, flaw = table[: kept[sound]], BAD_RECORD
    next_offset = from_offset
    if len(table):
        last = int(table[-1, records.BASE] + table[-1, records.LAST_DELTA])
        next_offset = max(from_offset, last + 1)
    batch = RawBatch(
        partition=partition,
        data=data,
        offsets=offsets[:n],
        key_start=spans[0, :n],
        key_end=spans[1, :n],
        value_start=spans[2, :n],
        value_end=spans[3, :n],
        append_ms=append_ms[:n],
        next_offset=next_offset,
        end_offset=end_offset,
    )
    return batch, flaw
