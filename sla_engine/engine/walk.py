"""Going through one incident's history event by event: how it stood before and after each.

Every step is a refold of what was known then, so the walk tells what the fold tells. It is made
when somebody asks, never while events stream: its cost grows with the square of the history.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sla_engine.engine.refold import Folded, Folder, distinct, first_arrived
from sla_engine.event.layout import DecodedBatch, EventType


@dataclass(frozen=True)
class Beat:
    """One event, or time that passed (`row` None), and the incident before and after it.

    `at` is the instant that the history had reached then; `late`: the event is older than that.
    """

    row: int | None
    at: int
    before: Folded | None
    after: Folded
    late: bool = False

    @property
    def looks_back(self) -> bool:
        """Whether it may change what was said of the past."""
        return self.late or (self.event is not None and self.event["type"] == EventType.OVERRIDDEN)

    @property
    def event(self) -> Any:
        """Its EVENT row, the last of the batch of `after`; None when only time passed."""
        return None if self.row is None else self.after.batch.events[-1]


def walk(folder: Folder, folded: Folded, *, arrived: bool = False) -> Iterator[Beat]:
    """The beats of a folded history up to its `until`; `arrived`: events as they came in."""
    batch = folded.batch
    rows = np.sort(first_arrived(batch)).tolist() if arrived else folded.order.tolist()
    times = batch.events["time"].tolist()
    taken: list[int] = []
    last: Folded | None = None
    now = 0
    for row in rows:
        if times[row] > folded.until:
            continue
        taken.append(row)
        part = _part(batch, taken)
        order = distinct(part)
        if not len(order):
            continue
        late = last is not None and int(order[-1]) != len(taken) - 1
        before = last
        if last is not None and not late:
            for instant in _instants(folder, now, times[row] - 1):
                before = folder.fold(_part(batch, taken[:-1]), instant, report=True)
                yield Beat(None, instant, last, before)
                last = before
        now = max(now, times[row])
        after = folder.fold(part, now, report=True)
        yield Beat(row, now, before, after, late)
        last = after
    if last is not None:
        for instant in _instants(folder, now, folded.until):
            after = folder.fold(_part(batch, taken), instant, report=True)
            yield Beat(None, instant, last, after)
            last = after


def _instants(folder: Folder, after: int, upto: int) -> list[int]:
    """Where time stops on its way: when policies come into force, and at the end."""
    begins = [edition.begin_ms for edition in folder.book.editions.all[1:]]
    return sorted({begin for begin in (*begins, upto) if after < begin <= upto})


def _part(batch: DecodedBatch, rows: Sequence[int]) -> DecodedBatch:
    """Some events of a batch, over the same spans and bytes."""
    return DecodedBatch(batch.data, batch.events[list(rows)], batch.spans, {})
