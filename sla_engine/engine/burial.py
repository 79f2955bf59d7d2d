"""Dead letters: refused events, as they came, on their topic before the batch is committed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from sla_engine.engine.ports import OutRecord, Producer, RawBatch
from sla_engine.engine.turn import DeadLetter
from sla_engine.errors import SlaError
from sla_engine.event.layout import FLAG_CONTROL, DeadCode, DecodedBatch
from sla_engine.event.times import format_time

log = logging.getLogger(__name__)


def refused(decoded: DecodedBatch) -> list[DeadLetter]:
    """The letters of the rows that the decoder, or a check of the whole batch, refused."""
    rows = np.flatnonzero(decoded.events["code"] != 0).tolist()
    return [
        DeadLetter(row, DeadCode(int(decoded.events["code"][row])), decoded.messages[row])
        for row in rows
    ]


def bury(
    producer: Producer,
    batch: RawBatch,
    letters: Sequence[DeadLetter],
    topic: str,
    now_ms: int,
    stopping: Callable[[], bool],
) -> None:
    """Write the letters and wait until the broker has them. SlaError when it cannot be had."""
    failures: list[str] = []
    for letter in letters:
        producer.produce(
            dead_record(batch, letter, topic, now_ms),
            lambda record, offset, error: failures.append(error) if error else None,
        )
    while letters and producer.flush(1.0):
        log.warning("dead letters are waiting for the broker")
        if stopping():
            failures.append("the worker was stopped before the broker answered")
            break
    if failures:
        raise SlaError(f"a dead letter could not be written: {failures[0]}", code="DEAD_LOST")


def dead_record(batch: RawBatch, letter: DeadLetter, topic: str, now_ms: int) -> OutRecord:
    """The record of one letter (contracts section 1): the bytes as they came, why and where."""
    row = letter.row
    start, end = int(batch.value_start[row]), int(batch.value_end[row])
    key_start, key_end = int(batch.key_start[row]), int(batch.key_end[row])
    headers = (
        ("dl-code", letter.code.name.encode()),
        ("dl-message", letter.message.encode()),
        ("dl-topic", topic.encode()),
        ("dl-partition", str(batch.partition).encode()),
        ("dl-offset", str(int(batch.offsets[row])).encode()),
        ("dl-time", format_time(now_ms).encode()),
    )
    return OutRecord(
        "dead",
        batch.partition,
        batch.data[key_start:key_end].tobytes() if key_start >= 0 else None,
        batch.data[start:end].tobytes() if start >= 0 else None,
        headers,
    )


def mark_strangers(batch: RawBatch, decoded: DecodedBatch, here: NDArray[np.bool_]) -> None:
    """Refuse what another partition must get; `here`: per record whether its key hashes to this."""
    control = decoded.events["flags"] & FLAG_CONTROL != 0
    strangers = ~here & ~control & (decoded.events["code"] == 0)
    for row in np.flatnonzero(strangers).tolist():
        decoded.events["code"][row] = DeadCode.WRONG_PARTITION
        decoded.messages[row] = (
            f"the key belongs to another partition than {batch.partition}: keys hash with "
            "murmur2 as Java's clients do (librdkafka: partitioner=murmur2_random)"
        )
