"""Worker processes of one group over one ledger, for the tests of rebalances."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.services.process import Process
from tests.stream.inboxes import Ledger

ROOT = Path(__file__).resolve().parents[2]
WITHIN_S = 60.0
PARTITIONS = 6


class Team:
    """Starts, freezes and ends workers, and waits for what their ledger shows."""

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self._folder = folder
        self._settings = dict(settings)
        self.ledger = Ledger(folder / "ledger.db")
        self._workers: dict[str, Process] = {}

    def start(self, name: str) -> Process:
        """A worker process, in the group as soon as it has started up."""
        arguments = {**self._settings, "ledger": str(self._folder / "ledger.db"), "worker": name}
        command = [sys.executable, "-m", "tests.stream.worker_main", json.dumps(arguments)]
        worker = Process(command, log=self._folder / f"{name}.log", cwd=ROOT)
        self._workers[name] = worker
        return worker

    def owned_by(self, *names: str) -> None:
        """Wait until exactly these workers own all partitions between them."""
        self._until(
            names[0],
            lambda: (
                len(self.ledger.owners()) == PARTITIONS
                and {token.split("/")[0] for token in self.ledger.owners().values()} == set(names)
            ),
        )

    def advance(self, name: str, records: int = 500) -> None:
        """Wait until that many records more were processed."""
        goal = self.ledger.processed() + records
        self._until(name, lambda: self.ledger.processed() >= goal)

    def reach(self, name: str, records: int) -> None:
        """Wait until so many records are processed in all."""
        self._until(name, lambda: self.ledger.processed() >= records)

    def close(self) -> None:
        """End all that still run."""
        for worker in self._workers.values():
            worker.kill()

    def _until(self, name: str, true: Callable[[], bool]) -> None:
        self._workers[name].wait_until(true, within_s=WITHIN_S)


def assert_exactly_once(ledger: Ledger, sent: list[int]) -> None:
    """Every record once, in order, with its own key; nothing of an old assignment delivered."""
    assert ledger.violations() == []
    records = ledger.records()
    for partition, count in enumerate(sent):
        found = records.get(partition, [])
        assert [offset for offset, _ in found] == list(range(count))
        assert [int(key) for _, key in found] == list(range(count))
