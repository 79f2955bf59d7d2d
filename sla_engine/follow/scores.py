"""The scores of many rows at one instant, as the worker's steps at a score see them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sla_engine.clock.compiled import kernel
from sla_engine.clock.scoring import score_at
from sla_engine.engine.partition import Partition


@kernel
def put_scores(
    rules: Any, work: Any, rows: NDArray[np.int64], t: int, out: NDArray[np.int64]
) -> None:
    """Write the score of each row at instant `t`."""
    for n in range(len(rows)):
        out[n] = score_at(rules, work, rows[n], t)


def scores_at(partition: Partition, rows: NDArray[np.int64], at_ms: int) -> NDArray[np.int64]:
    """0..100 per row (design section 4, "Score")."""
    out = np.zeros(len(rows), np.int64)
    rules, work, _ = partition.handles()
    put_scores(rules.value, work.value, rows, at_ms, out)
    return out
