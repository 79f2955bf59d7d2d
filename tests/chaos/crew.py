"""Worker processes of one group, killed, frozen and started again as a supervisor would."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import sla_engine
from tests.services.process import Process

ROOT = Path(sla_engine.__file__).parents[1]
#: A first start compiles the kernels.
STARTED_WITHIN_S = 420.0
CLAIMED = "claimed partition"
REFUSED = "is given up: "


class Crew:
    """Workers by name; each start has a log file of its own."""

    def __init__(
        self, folder: Path, policies: str, settings: Mapping[str, str], *, defect: str = ""
    ) -> None:
        """`sla-engine run` with these settings; with a `defect`, the same made wrong."""
        self._defect = defect
        self.folder = folder
        self._policies = folder / "policies"
        self._policies.mkdir()
        self.write_policies(policies)
        self._settings = dict(settings)
        self._starts = 0
        self.workers: dict[str, Process] = {}
        self.logs: list[Path] = []

    def write_policies(self, policies: str) -> None:
        """What workers that start from now on are given."""
        (self._policies / "all.yaml").write_text(policies)

    def start(self, name: str, **environment: str) -> Process:
        """A new process under this name."""
        self._starts += 1
        log = self.folder / f"{self._starts:03}-{name}.log"
        arguments = ["-m", "sla_engine.cli", "run", "--policies", str(self._policies)]
        variables = {**self._settings, **environment}
        if self._defect:
            arguments = ["-m", "tests.chaos.worker_main", str(self._policies)]
            variables["CHAOS_DEFECT"] = self._defect
        command = ["env", *(f"{name}={value}" for name, value in variables.items())]
        command += [sys.executable, *arguments]
        worker = Process(command, log=log, cwd=ROOT)
        self.workers[name] = worker
        self.logs.append(log)
        return worker

    def wait_owning(self, name: str) -> None:
        """Wait until the worker has claimed a partition."""
        worker = self.workers[name]
        worker.wait_until(
            lambda: CLAIMED in worker.log.read_text(errors="replace"), within_s=STARTED_WITHIN_S
        )

    def revive(self) -> list[str]:
        """Start again whoever ended by itself; their names."""
        dead = [name for name, worker in self.workers.items() if not worker.running]
        for name in dead:
            self.start(name)
        return dead

    def count(self, text: str) -> int:
        """How often the logs say this."""
        return sum(log.read_text(errors="replace").count(text) for log in self.logs)

    def tails(self) -> str:
        """The ends of all logs, for a failure's message."""
        return "\n".join(f"--- {log.name}\n{_tail(log)}" for log in self.logs[-4:])

    def stop(self) -> None:
        """SIGTERM, all at once, and wait."""
        for worker in self.workers.values():
            worker.stop()

    def close(self) -> None:
        """End whatever still runs."""
        for worker in self.workers.values():
            worker.kill()


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])
