"""One server process of a test: started with a log file, waited for, frozen, killed, stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import pytest

POLL_S = 0.02
STOP_S = 20.0


class ServerFailed(Exception):
    """A server ended or did not answer in time; the message carries the end of its log."""


def missing(what: str, how: str) -> NoReturn:
    """A service that cannot be had: a failure in CI, a skip that says why elsewhere."""
    message = f"{what} is missing: {how}"
    if os.environ.get("CI") == "true":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def free_port() -> int:
    """A loopback port that nobody listens on just now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Whether something accepts connections on the loopback port."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.5):
        return True
    return False


class Process:
    """A child process with its output in `log`; its whole process group gets the signals."""

    def __init__(self, command: Sequence[str], *, log: Path, cwd: Path) -> None:
        self.command = list(command)
        self.log = log
        with log.open("ab") as output:
            self._child = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def running(self) -> bool:
        return self._child.poll() is None

    def wait_until(self, ready: Callable[[], bool], *, within_s: float) -> None:
        """Return when `ready()` is true; ServerFailed if the process ends or time runs out."""
        deadline = time.monotonic() + within_s
        while not ready():
            if not self.running:
                raise ServerFailed(f"{self.command[0]} ended:\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise ServerFailed(
                    f"{self.command[0]} gave no answer in {within_s} s:\n{self.log_tail()}"
                )
            time.sleep(POLL_S)

    def freeze(self) -> None:
        """SIGSTOP: alive, holding its connections, doing nothing."""
        os.killpg(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT after `freeze`."""
        os.killpg(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL: what a power switch does to a process."""
        self._signal(signal.SIGKILL)
        self._child.wait()

    def stop(self) -> None:
        """SIGTERM and wait; SIGKILL when it does not end by itself."""
        self._signal(signal.SIGTERM)
        try:
            self._child.wait(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def log_tail(self, lines: int = 30) -> str:
        """The end of what the process wrote."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def _signal(self, number: signal.Signals) -> None:
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)
                os.killpg(self.pid, signal.SIGCONT)
