"""Waiting for a condition of a real service, bounded, for tests that talk to one."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_until(ready: Callable[[], bool], what: str, timeout_s: float) -> None:
    """Return when `ready` is true; AssertionError naming `what` when it never is."""
    deadline = time.monotonic() + timeout_s
    while not ready():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
