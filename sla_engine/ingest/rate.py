"""How many events one source may send: a bucket that fills with time."""

from __future__ import annotations

import math
from http import HTTPStatus

from sla_engine.ingest.problem import Refusal
from sla_engine.limits import GATEWAY_BATCH_EVENTS_MAX


class Bucket:
    """`rate` events per second; what was not used for a second, or one full batch, is kept."""

    def __init__(self, rate: int, now_ms: int) -> None:
        self._rate = rate
        self._room = max(rate, GATEWAY_BATCH_EVENTS_MAX)
        self._left = float(self._room)
        self._since_ms = now_ms

    def take(self, count: int, now_ms: int) -> None:
        """Take `count` events out; Refusal 429 saying after how many seconds they are there."""
        passed_ms = max(0, now_ms - self._since_ms)
        self._left = min(self._room, self._left + passed_ms * self._rate / 1000)
        self._since_ms = max(now_ms, self._since_ms)
        if count > self._left:
            wait_s = max(1, math.ceil((count - self._left) / self._rate))
            raise Refusal(
                HTTPStatus.TOO_MANY_REQUESTS,
                "TOO_MANY",
                f"more than {self._rate} events per second; send it again after {wait_s} s",
                retry_after_s=wait_s,
                close=True,
            )
        self._left -= count
