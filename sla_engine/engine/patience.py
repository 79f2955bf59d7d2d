"""Asking the store again until it answers: for calls that no turn could do without."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from sla_engine.errors import StoreRefused, StoreUnavailable
from sla_engine.limits import RETRY_FIRST_MS, RETRY_LAST_MS

T = TypeVar("T")

log = logging.getLogger(__name__)


def patiently(act: Callable[[], T], pause: Callable[[int], bool]) -> T:
    """What `act` gives, however often the store must be asked.

    `pause` waits that many milliseconds; False: give up, and the last error is raised.
    """
    wait_ms = RETRY_FIRST_MS
    while True:
        try:
            return act()
        except (StoreUnavailable, StoreRefused) as error:
            log.warning("the store does not do what a turn needs, again: %s", error)
            if not pause(wait_ms):
                raise
            wait_ms = min(2 * wait_ms, RETRY_LAST_MS)
