"""Locks on files, which the kernel lets go of when the processes that hold them end."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sla_engine.errors import StoreUnavailable

_POLL_S: Final = 0.02


class FileLock:
    """One open file to lock; the lock lives as long as this, or a child that inherits `fd`."""

    def __init__(self, path: Path) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def try_exclusive(self) -> bool:
        """Take it alone (a shared lock held before is given up either way); False if it is held."""
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def shared(self) -> None:
        """Take it beside others; call it where nobody can hold it alone."""
        fcntl.flock(self.fd, fcntl.LOCK_SH)

    def close(self) -> None:
        """Close our file; the lock goes with the last process that has it open."""
        os.close(self.fd)


@contextmanager
def alone(path: Path, *, within_s: float) -> Iterator[None]:
    """Hold the lock for a block; StoreUnavailable if others hold it for longer than `within_s`."""
    lock = FileLock(path)
    try:
        deadline = time.monotonic() + within_s
        while not lock.try_exclusive():
            if time.monotonic() > deadline:
                raise StoreUnavailable(
                    f"another process has been starting or stopping the private server for "
                    f"{within_s:g} s; it holds {path}"
                )
            time.sleep(_POLL_S)
        yield
    finally:
        lock.close()
