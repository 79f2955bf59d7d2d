"""When the next attempt comes: back-off with jitter, a circuit breaker, a rate."""

from __future__ import annotations

from dataclasses import dataclass

from sla_engine.limits import (
    DELIVER_FAILURES_MAX,
    DELIVER_OPEN_LAST_MS,
    DELIVER_RETRY_AFTER_MAX_MS,
    DELIVER_RETRY_FIRST_MS,
    DELIVER_RETRY_LAST_MS,
)


def wait_ms(attempts: int, draw: float, after_ms: int = 0) -> int:
    """Milliseconds until the next attempt, `draw` from 0 to 1: full jitter (AWS, "Exponential
    Backoff And Jitter"), but no shorter than the receiver asks for."""
    bound = min(DELIVER_RETRY_LAST_MS, DELIVER_RETRY_FIRST_MS << min(attempts - 1, 30))
    return max(int(bound * draw), min(after_ms, DELIVER_RETRY_AFTER_MAX_MS))


@dataclass(slots=True)
class Gate:
    """Whether a destination may be asked now, and by how many attempts at once.

    Closed: by as many as its concurrency. After some failures in a row it opens: nothing leaves
    for a while, then one attempt decides. Success closes it.
    """

    concurrency: int
    rate: int = 0
    failures: int = 0
    not_before_ms: int = 0
    paced_ms: float = 0.0

    @property
    def is_open(self) -> bool:
        """Whether one attempt at a time is all there is."""
        return self.failures >= DELIVER_FAILURES_MAX

    def room(self) -> int:
        """Attempts at once."""
        return 1 if self.is_open else self.concurrency

    def wait_ms(self, now_ms: int) -> int:
        """Milliseconds until an attempt may begin."""
        until = max(self.not_before_ms, int(self.paced_ms) if self.rate else 0)
        return max(0, until - now_ms)

    def begins(self, now_ms: int) -> None:
        """An attempt begins: the next has its distance, so many per second."""
        if self.rate:
            self.paced_ms = max(self.paced_ms, float(now_ms)) + 1000 / self.rate

    def succeeded(self) -> None:
        """An attempt was answered: all is well."""
        self.failures = 0

    def failed(self, now_ms: int, draw: float, after_ms: int = 0) -> None:
        """An attempt failed; `after_ms`: the receiver wants no attempt at all for so long."""
        self.failures += 1
        wait = min(after_ms, DELIVER_RETRY_AFTER_MAX_MS)
        if self.is_open:
            beyond = min(self.failures - DELIVER_FAILURES_MAX, 30)
            bound = min(DELIVER_OPEN_LAST_MS, DELIVER_RETRY_FIRST_MS << beyond)
            # At least half of it: a breaker that opens for no time would be none.
            wait = max(wait, int(bound * (0.5 + draw / 2)))
        self.not_before_ms = max(self.not_before_ms, now_ms + wait)
