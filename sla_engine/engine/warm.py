"""Compiles the engine's kernels by running a tiny partition through every path."""

from __future__ import annotations

import numpy as np
import orjson

from sla_engine.engine.loading import read_rows
from sla_engine.engine.partition import Partition
from sla_engine.engine.refold import Folder
from sla_engine.engine.replay import Replay
from sla_engine.engine.turn import Turn
from sla_engine.event.decode import Decoder
from sla_engine.policy import load_text
from sla_engine.policy.tables import RuleBook

_POLICY = """
policies:
  - name: warm
    clocks:
      resolution: {target: 1h}
      first_response: {target: 30m}
    escalations: [{at: 50%, notify: team}]
"""


def _event(number: int, kind: str, minute: int, **data: object) -> bytes:
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": str(number),
            "source": "warm",
            "type": f"incident.{kind}",
            "subject": "W",
            "time": f"2026-01-12T09:{minute:02d}:00Z",
            "data": data,
        }
    )


def compile_all() -> None:
    """Every kernel that a worker or a replay calls, compiled or loaded from the cache."""
    book = RuleBook(load_text(_POLICY))
    folder = Folder(book)
    partition = Partition(0, book)
    turn = Turn(partition, folder, lambda histories: {})
    lines = [
        _event(1, "created", 0, priority="high", team="noc", tags=["a"]),
        _event(2, "updated", 10, priority="low"),
        _event(3, "commented", 5, author="agent"),
        _event(4, "resolved", 50),
    ]
    batch = Decoder().decode_lines(b"\n".join(lines))
    turn.take(batch, 0, len(batch.events))
    turn.flush()
    upto = int(batch.events["time"].max()) + 7_200_000
    turn.fire(upto)
    turn.flush()
    rows = np.arange(partition.rows)
    stored = read_rows(partition.images(rows))
    partition.load(stored.rows, stored.incidents, stored.owners, stored.clocks)
    partition.load_history(partition.new_history(0))
    partition.drop_pending(1)
    partition.rebuild_index()
    partition.close_turn()
    whole = Decoder().decode_lines(b"\n".join(lines[:2]))
    folder.fold(whole, upto, report=True)
    replay = Replay(load_text(_POLICY))
    replay.add(b"\n".join(lines))
    for incident in replay.incidents(upto):
        incident.clocks(incident.alerts())
