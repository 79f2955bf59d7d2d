"""The final clocks as the store has them: what the next owner of each partition would load."""

from __future__ import annotations

from typing import Any

from sla_engine.engine.partition_clock import PartitionClock
from sla_engine.engine.ports import LogIdentity
from sla_engine.engine.recovery import claim
from sla_engine.engine.refold import Folder
from sla_engine.engine.report import clock_reports
from sla_engine.engine.turn import TurnSettings
from sla_engine.event.packed import unpack_all
from sla_engine.policy import load_text
from sla_engine.policy.tables import RuleBook
from sla_engine.store.redis_store import RedisStore

#: Rows whose histories are read in one call; the store keeps those of 64 together.
BLOCK = 4_096


def stored_clocks(
    url: str, identity: LogIdentity, policies: str, until_ms: int
) -> list[dict[str, Any]]:
    """Every clock of every incident at `until_ms`. Claims the partitions: workers have ended."""
    book = RuleBook(load_text(policies))
    folder = Folder(book)
    store = RedisStore(url)
    found: list[dict[str, Any]] = []
    try:
        for number in range(identity.partitions):
            owned = claim(
                store, number, b"the-checker", identity, book, folder, TurnSettings(),
                PartitionClock(),
            )  # fmt: skip
            for first in range(0, owned.partition.rows, BLOCK):
                rows = range(first, min(first + BLOCK, owned.partition.rows))
                for history in owned.turn.histories(rows).values():
                    if history:
                        folded = folder.fold(unpack_all(history), until_ms, report=True)
                        found += clock_reports(book, folded, folder.render(folded))
    finally:
        store.close()
    return found
