"""Small batches that wait together are taken as one, in their order and bounded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sla_engine.engine.joining import joined
from sla_engine.engine.mailbox import Mailbox, Message
from sla_engine.engine.ports import RawBatch
from sla_engine.limits import JOINED_BYTES_MAX, TURN_EVENTS_MAX
from tests.engine.memory_log import VirtualClock


def batch(*values: bytes | None, first: int = 0, partition: int = 0) -> RawBatch:
    """Records without a key, one after the other."""
    sizes = [len(value or b"") for value in values]
    ends = np.cumsum([1, *sizes])[1:].astype(np.int32)  # one byte before the first record
    starts = ends - np.array(sizes, np.int32)
    absent = np.array([value is None for value in values])
    none = np.full(len(values), -1, np.int32)
    return RawBatch(
        partition, np.frombuffer(b"-" + b"".join(v or b"" for v in values), np.uint8),
        np.arange(first, first + len(values)), none, none,
        np.where(absent, -1, starts).astype(np.int32), np.where(absent, -1, ends).astype(np.int32),
        np.arange(first, first + len(values)) + 1000, first + len(values), 99,
    )  # fmt: skip


def values(whole: RawBatch) -> list[bytes | None]:
    data = whole.data.tobytes()
    spans = zip(whole.value_start.tolist(), whole.value_end.tolist(), strict=True)
    return [None if start < 0 else data[start:end] for start, end in spans]


def mailbox() -> Any:
    return Mailbox(VirtualClock(0))


def popped(box: Any) -> list[Message]:
    found = []
    while (message := box.popped()) is not None:
        found.append(message)
    return found


def test_the_records_of_several_batches_are_those_of_one() -> None:
    whole = joined([batch(b"a", None, b"bcd"), batch(b"", b"ef", first=3)])
    assert values(whole) == [b"a", None, b"bcd", b"", b"ef"]
    assert whole.offsets.tolist() == [0, 1, 2, 3, 4]
    assert whole.append_ms.tolist() == [1000, 1001, 1002, 1003, 1004]
    assert whole.key_start.tolist() == [-1] * 5
    assert (whole.next_offset, whole.end_offset) == (5, 99)


def test_what_waits_for_a_partition_is_one_message() -> None:
    box = mailbox()
    for n in range(3):
        assert box.deliver(batch(b"x", first=n))
        assert box.deliver(batch(b"y", first=n, partition=1))
    first, second = popped(box)
    assert [len(first.batches), len(second.batches)] == [3, 3]
    assert joined(first.batches).offsets.tolist() == [0, 1, 2]


def test_a_turn_is_not_made_longer_than_it_may_be() -> None:
    box = mailbox()
    half = [b"x"] * (TURN_EVENTS_MAX // 2)
    for n in range(3):
        assert box.deliver(batch(*half, first=n * len(half)))
    assert [len(message.batches) for message in popped(box)] == [2, 1]
    for n in range(2):
        assert box.deliver(batch(b"x" * JOINED_BYTES_MAX, first=n))
    assert [len(message.batches) for message in popped(box)] == [1, 1]


@pytest.mark.parametrize("kind", ["assign", "revoke"])
def test_nothing_is_joined_over_a_change_of_owners(kind: str) -> None:
    box = mailbox()
    box.deliver(batch(b"old"))
    getattr(box, kind)([0])
    box.deliver(batch(b"new"))
    assert [message.kind for message in popped(box)] == ["batch", kind, "batch"]


def test_what_is_in_hand_takes_nothing_more() -> None:
    box = mailbox()
    box.deliver(batch(b"x"))
    (in_hand,) = popped(box)
    box.deliver(batch(b"y", first=1))
    assert len(in_hand.batches) == 1
    assert [values(joined(message.batches)) for message in popped(box)] == [[b"y"]]
