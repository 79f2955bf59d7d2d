"""The scores of many rows at one instant, as the worker's steps at a score see them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sla_engine.clock.compiled import kernel
from sla_engine.clock.layout import BREACHED, NEVER, State
from sla_engine.clock.scoring import score_at
from sla_engine.clock.work import clocks, incidents
from sla_engine.engine.partition import Partition
from sla_engine.engine.rest import Rest, settle, wake

NO_DUE: Final = int(NEVER)
_LONG_AGO = -(2**59)
_RUNNING, _PAUSED = int(State.RUNNING), int(State.PAUSED)


@kernel
def put_scores(
    rules: Any,
    work: Any,
    rows: NDArray[np.int64],
    t: int,
    rest: Rest,
    scores: NDArray[np.int64],
    dues: NDArray[np.int64],
) -> None:
    """Write the score of each row at instant `t`, and its nearest due that is not broken yet.

    CLOCK rows for one incident must be free.
    """
    for n in range(len(rows)):
        row = rows[n]
        dues[n] = NEVER
        if not wake(work, row, rest):
            continue
        scores[n] = score_at(rules, work, row, t)
        at = incidents(work)[row]["clocks"]
        while at >= 0:
            clock = clocks(work)[at]
            counts = clock["state"] == _RUNNING or clock["state"] == _PAUSED
            if counts and clock["flags"] & BREACHED == 0 and clock["due"] > _LONG_AGO:
                dues[n] = min(dues[n], clock["due"])
            at = clock["next"]
        settle(work, row, rest)


def scores_at(
    partition: Partition, rows: NDArray[np.int64], at_ms: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(0..100 per row (design section 4, "Score"), the nearest due of a clock that is not broken).

    The due is NO_DUE where there is none.
    """
    scores, dues = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64)
    partition.reserve(1)
    partition.resting.room_for(1, partition.resting.used_bytes)
    rules, work, _ = partition.handles()
    put_scores(rules.value, work.value, rows, at_ms, partition.rest(), scores, dues)
    return scores, dues
