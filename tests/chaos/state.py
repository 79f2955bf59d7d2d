"""What the store has in the end: the clocks and events that the next owner would load."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sla_engine.engine.partition_clock import PartitionClock
from sla_engine.engine.policy_store import book_of
from sla_engine.engine.ports import LogIdentity
from sla_engine.engine.recovery import claim
from sla_engine.engine.refold import Folder
from sla_engine.engine.report import clock_reports
from sla_engine.engine.turn import TurnSettings
from sla_engine.event.packed import unpack_all
from sla_engine.policy import load_text
from sla_engine.store.redis_store import RedisStore

#: Rows whose histories are read in one call; the store keeps those of 64 together.
BLOCK = 4_096


@dataclass
class Stored:
    """`clocks` as reported; `arrived`: the sequences of each incident's events, as they came."""

    clocks: list[dict[str, Any]] = field(default_factory=list)
    arrived: dict[str, list[int]] = field(default_factory=dict)


def stored_state(
    url: str, identity: LogIdentity, policies: str, until_ms: int, *, every: int = 1
) -> Stored:
    """The incidents at `until_ms`, or every nth of them.

    Claims the partitions: workers have ended.
    """
    store = RedisStore(url)
    book = book_of(store, load_text(policies))
    folder = Folder(book)
    found = Stored()
    try:
        for number in range(identity.partitions):
            owned = claim(
                store, number, b"the-checker", identity, book, folder, TurnSettings(),
                PartitionClock(),
            )  # fmt: skip
            rows = range(0, owned.partition.rows, every)
            for first in range(0, len(rows), BLOCK):
                for history in owned.turn.histories(rows[first : first + BLOCK]).values():
                    if history:
                        batch = unpack_all(history)
                        folded = folder.fold(batch, until_ms, report=True)
                        found.clocks += clock_reports(book, folded, folder.render(folded))
                        incident = folded.timeline.incident
                        found.arrived[incident] = batch.events["sequence"].tolist()
    finally:
        store.close()
    return found
