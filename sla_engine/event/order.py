"""The order of events inside an incident (contracts section 1).

(time, `created` first, source, sequence as a number, id): texts compare as UTF-8, an absent
sequence comes first. Time beats sequence; where they disagree, it is counted.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sla_engine.event.layout import DecodedBatch, EventType, Member


def sort_history(batch: DecodedBatch) -> NDArray[np.int64]:
    """Indices of the accepted rows of a batch, in order.

    Meant for one incident; over several it gives each of them its own order, interleaved by time.
    """
    rows = np.flatnonzero(batch.events["code"] == 0)
    events = batch.events[rows]
    keys = (
        events["sequence"],
        _source_ranks(batch, rows),
        events["type"] != EventType.CREATED,
        events["time"],
    )
    order = np.lexsort(keys)
    same = np.ones(max(len(rows) - 1, 0), bool)
    for key in keys:
        ordered = key[order]
        same &= ordered[1:] == ordered[:-1]
    result: NDArray[np.int64] = rows[order].astype(np.int64)
    for start, end in _runs(same):
        run = result[start:end]
        run[:] = sorted(run.tolist(), key=lambda row: _identity(batch, row, Member.ID))
    return result


def count_contradictions(batch: DecodedBatch, order: NDArray[np.int64]) -> int:
    """How often, in this order, an event is later than its source's one before but numbered lower.

    Events of one source about one incident are compared, those without a sequence left out.
    """
    events = batch.events[order]
    events = events[events["sequence"] >= 0]
    if len(events) < 2:
        return 0
    groups = np.lexsort((events["source"], events["key2"], events["key1"]))
    events = events[groups]
    before, after = events[:-1], events[1:]
    together = np.ones(len(before), bool)
    for name in ("key1", "key2", "source"):
        together &= before[name] == after[name]
    later = (after["time"] > before["time"]) & (after["sequence"] < before["sequence"])
    return int(np.count_nonzero(together & later))


def _identity(batch: DecodedBatch, row: int, member: int) -> bytes:
    """One of the first four texts of a row."""
    span = batch.spans[int(batch.events["span"][row]) + member]
    start = int(span["start"])
    return batch.data[start : start + int(span["length"])].tobytes()


def _source_ranks(batch: DecodedBatch, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Per row the rank of its source among the sources of the batch."""
    sources = batch.events["source"][rows]
    if not len(rows) or bool((sources == sources[0]).all()):
        return np.zeros(len(rows), np.int64)
    _, first, which = np.unique(sources, return_index=True, return_inverse=True)
    texts = [_identity(batch, int(rows[i]), Member.SOURCE) for i in first]
    ranks = np.empty(len(texts), np.int64)
    ranks[sorted(range(len(texts)), key=texts.__getitem__)] = np.arange(len(texts))
    return ranks[which]


def _runs(same: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(start, end) of each run of rows that are alike, from "is like the one before"."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], same, [False])).astype(np.int8)))
    return [(int(a), int(b) + 1) for a, b in list(pairwise(edges.tolist()))[::2]]
