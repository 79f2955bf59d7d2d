"""Incidents' lines from what the engine has stored: each history folded anew."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.job.engine import line
from sla_engine.cli.live_store import PartitionView
from sla_engine.engine.policy_store import book_of
from sla_engine.engine.refold import Folder
from sla_engine.engine.report import clock_reports
from sla_engine.event.packed import unpack_all
from sla_engine.policy.model import PolicySet
from sla_engine.store.redis_store import RedisStore


class Whole(PartitionView):
    """A partition with its finished incidents."""

    def histories(self) -> Iterator[bytes]:
        """The packed history of every incident."""
        self.refresh()
        for image in self._rows.values():
            yield b"".join(self._histories[int(image.incident[0]["history"])])


def stored_lines(
    redis_url: str, policies: PolicySet, partitions: int, end_ms: int
) -> Iterator[tuple[str, str]]:
    """(incident, line) of all that the store knows, as of `end_ms`."""
    store = RedisStore(redis_url)
    try:
        book = book_of(store, policies)
        folder = Folder(book)
        for partition in range(partitions):
            for history in Whole(store, partition).histories():
                folded = folder.fold(unpack_all(history), end_ms, report=True)
                clocks = clock_reports(book, folded, folder.render(folded))
                name = folded.timeline.incident
                yield name, line(name, clocks)
    finally:
        store.close()
