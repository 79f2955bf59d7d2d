"""Record batches for tests, written with aiokafka's own builder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

Headers = list[tuple[str, bytes | None]]


@dataclass(frozen=True)
class Sample:
    """One record to write."""

    key: bytes | None
    value: bytes | None
    timestamp_ms: int = 1_700_000_000_000
    headers: tuple[tuple[str, bytes | None], ...] = ()


def record_batch(samples: Sequence[Sample], *, base: int = 0, codec: int = 0) -> bytes:
    """A batch of format v2 with the offsets from `base` on."""
    builder = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, -1, 1 << 30)
    for i, sample in enumerate(samples):
        builder.append(i, sample.timestamp_ms, sample.key, sample.value, list(sample.headers))
    return with_base(bytes(builder.build()), base)


def with_base(batch: bytes, base: int) -> bytes:
    """The batch at another offset; its checksum does not cover the offset."""
    return base.to_bytes(8, "big") + batch[8:]


def with_attributes(batch: bytes, bits: int) -> bytes:
    """The batch with these attribute bits set besides its own, and the checksum to match."""
    from aiokafka.record.util import calc_crc32c

    attributes = int.from_bytes(batch[21:23], "big") | bits
    body = attributes.to_bytes(2, "big") + batch[23:]
    return batch[:17] + calc_crc32c(body).to_bytes(4, "big") + body


def parsed(message_set: bytes) -> list[tuple[int, int, bytes | None, bytes | None]]:
    """(offset, time stamp, key, value) as aiokafka reads them, control batches left out."""
    found = []
    batches = MemoryRecords(message_set)
    while batches.has_next():
        batch = batches.next_batch()
        if not batch.is_control_batch:
            found += [(r.offset, r.timestamp, r.key, r.value) for r in batch]
    return found
