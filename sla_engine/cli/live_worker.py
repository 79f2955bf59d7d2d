"""A worker in a process of its own: started, really killed, started again."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from sla_engine.engine.ports import Store
from sla_engine.errors import StoreUnavailable

_TAIL_LINES: Final = 15
_TICK_S: Final = 0.05


class WorkerProcess:
    """`sla-engine run` with settings from the environment alone, its output in a file.

    `folder` is its working directory, so that no sla-engine.toml of the caller is read.
    """

    def __init__(self, folder: Path, policies: Path, settings: Mapping[str, str]) -> None:
        self._folder = folder
        self._command = [sys.executable, "-m", "sla_engine.cli", "run"]
        self._command += ["--policies", str(policies)]
        self._environment = plain_environment(settings)
        self._log = folder / "worker.log"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id of the running worker; 0 when there is none."""
        return self._child.pid if self._child is not None else 0

    def start(self) -> None:
        """Start it; `claimed` tells when it works."""
        with self._log.open("ab") as output:
            self._child = subprocess.Popen(  # noqa: S603  # our own words, no shell
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                env=self._environment,
                # A Ctrl-C in the terminal reaches the command, which then ends its worker.
                start_new_session=True,
            )

    def check(self) -> None:
        """StoreUnavailable, with the end of its output, when it ended by itself."""
        if self._child is not None and self._child.poll() is not None:
            lines = self._log.read_text("utf-8", errors="replace").splitlines()[-_TAIL_LINES:]
            raise StoreUnavailable("the worker ended by itself:\n" + "\n".join(lines))

    def kill(self) -> None:
        """kill -9."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None

    def stop(self, timeout_s: float = 20.0) -> None:
        """Ask it to end, wait; kill it when it does not."""
        if self._child is None:
            return
        self._child.terminate()
        try:
            self._child.wait(timeout_s)
            self._child = None
        except subprocess.TimeoutExpired:
            self.kill()


def plain_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment without the caller's own settings, with these instead."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SLA_")}
    return {**kept, **settings}


def tokens(store: Store, partitions: int) -> list[bytes]:
    """Who owns each partition now; b"" = nobody yet."""
    return [store.header(partition)[1] for partition in range(partitions)]


def wait_until_claimed(
    worker: WorkerProcess,
    store: Store,
    before: list[bytes],
    timeout_s: float,
    tick: Callable[[], None],
) -> None:
    """Until every partition has another owner than `before`; StoreUnavailable after the timeout."""
    deadline = time.monotonic() + timeout_s
    while not all(claimed(before, tokens(store, len(before)))):
        worker.check()
        tick()
        if time.monotonic() > deadline:
            raise StoreUnavailable(f"the worker did not claim its partitions in {timeout_s:.0f} s")
        time.sleep(_TICK_S)


def claimed(before: list[bytes], now: list[bytes]) -> list[bool]:
    """Per partition, whether it has a new owner."""
    return [bool(new) and new != old for old, new in zip(before, now, strict=True)]
