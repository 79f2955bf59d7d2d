"""What the store kept of a run: every clock, and every row beside what its history gives anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sla_engine.cli.wiring import Services
from sla_engine.clock.layout import CLOCK
from sla_engine.engine.owned import Owned
from sla_engine.engine.partition_clock import PartitionClock
from sla_engine.engine.recovery import claim
from sla_engine.engine.refold import Folded, Folder
from sla_engine.engine.report import clock_reports
from sla_engine.engine.turn import TurnSettings
from sla_engine.event.packed import unpack_all
from sla_engine.policy import load_directory
from sla_engine.policy.tables import RuleBook
from sla_engine.store.redis_store import RedisStore

#: Rows whose histories are read in one call.
BLOCK = 4_096
#: Links between rows, and numbers that are the process's own.
OWN = ("next", "calendar", "definition", "seen_definition", "pad")


@dataclass
class Kept:
    """Clocks as reported; rows that say something else than their history."""

    clocks: list[dict[str, Any]] = field(default_factory=list)
    rows: int = 0
    differences: list[str] = field(default_factory=list)


def kept(services: Services, policies: Path, until_ms: int) -> Kept:
    """Everything in the store at `until_ms`. Claims the partitions: the workers have ended."""
    book = RuleBook(load_directory(policies))
    folder = Folder(book)
    store = RedisStore(services.redis_url)
    identity = services.log.identity()
    found = Kept()
    try:
        for number in range(identity.partitions):
            owned = claim(
                store, number, b"the-reader", identity, book, folder, TurnSettings(),
                PartitionClock(),
            )  # fmt: skip
            for row, history in histories(owned):
                batch = unpack_all(history)
                folded = folder.fold(batch, until_ms, report=True)
                found.clocks += clock_reports(book, folded, folder.render(folded))
                found.rows += 1
                plain = folder.fold(batch, owned.clock.value_ms)
                found.differences += unlike(plain, owned, row)
    finally:
        store.close()
    return found


def histories(owned: Owned) -> Iterator[tuple[int, bytes]]:
    """(row, its packed history) of every row of a partition."""
    for first in range(0, owned.partition.rows, BLOCK):
        rows = range(first, min(first + BLOCK, owned.partition.rows))
        yield from ((row, one) for row, one in owned.turn.histories(rows).items() if one)


def unlike(anew: Folded, owned: Owned, row: int) -> Iterator[str]:
    """Each member in which the clocks of a row differ from those of its history."""
    name = f"incident {anew.timeline.incident}, row {row} of partition {owned.number}"
    stored = owned.partition.clocks(row)
    if len(stored) != len(anew.clocks):
        yield f"{name}: {len(stored)} clocks, its history gives {len(anew.clocks)}"
        return
    for mine, theirs in zip(stored, anew.clocks, strict=True):
        for member in CLOCK.names or ():
            if member not in OWN and (mine[member] != theirs[member]).any():
                yield f"{name}: {member} is {mine[member]}, its history gives {theirs[member]}"
