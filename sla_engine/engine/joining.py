"""Batches of one partition that follow one another, as one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sla_engine.engine.ports import RawBatch


def joined(batches: Sequence[RawBatch]) -> RawBatch:
    """One batch with the records of all; at least one must be given."""
    if len(batches) == 1:
        return batches[0]
    sizes = [len(batch.data) for batch in batches]
    begins = np.cumsum([0, *sizes[:-1]], dtype=np.int64)
    last = batches[-1]

    def moved(name: str) -> NDArray[np.int32]:
        spans = [getattr(batch, name) for batch in batches]
        shifts = np.repeat(begins, [len(span) for span in spans])
        whole = np.concatenate(spans)
        return np.where(whole < 0, whole, whole + shifts).astype(np.int32)

    return RawBatch(
        partition=last.partition,
        data=np.concatenate([batch.data for batch in batches]),
        offsets=np.concatenate([batch.offsets for batch in batches]),
        key_start=moved("key_start"),
        key_end=moved("key_end"),
        value_start=moved("value_start"),
        value_end=moved("value_end"),
        append_ms=np.concatenate([batch.append_ms for batch in batches]),
        next_offset=last.next_offset,
        end_offset=last.end_offset,
    )
