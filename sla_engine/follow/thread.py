"""Follows all partitions in a thread of its own, whatever the store does meanwhile."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from sla_engine.errors import SlaError
from sla_engine.follow.model import Model
from sla_engine.follow.view import Changes
from sla_engine.limits import FOLLOW_POLL_MS, RETRY_LAST_MS

log = logging.getLogger(__name__)

Told = Callable[[int, Changes], None]
"""Called in the thread with a partition's number and what changed there."""
STOP_S: Final = 30.0
LEARN_ROUNDS: Final = 50
"""After so many rounds, five seconds of nothing new, customers' entries are asked for."""


class Following:
    """Steps a model until `stop`. `failing` says why nothing new comes; empty while it does."""

    def __init__(self, model: Model, told: Told | None = None) -> None:
        self._model = model
        self._told = told
        self._ended = threading.Event()
        self._rounds = 0
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)
        self.failing = ""

    def start(self) -> Following:
        """Begin."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """End, and wait for it."""
        self._ended.set()
        self._thread.join(STOP_S)

    @property
    def not_ready(self) -> str | None:
        """Why what the model says may be old or incomplete; None when it is neither."""
        return self.failing or self._model.behind or None

    def _run(self) -> None:
        while not self._ended.is_set():
            wait_ms = FOLLOW_POLL_MS
            try:
                if self.round():
                    wait_ms = 0
                self._recovered()
            except SlaError as error:
                self._lost(error)
                wait_ms = RETRY_LAST_MS
            except Exception as error:  # whatever it is, who asks must be told that this is old
                log.exception("following failed")
                self.failing = f"a fault of the follower: {error!r}"
                wait_ms = RETRY_LAST_MS
            self._ended.wait(wait_ms / 1000)

    def round(self) -> bool:
        """One step of every partition; whether something was new."""
        busy = False
        self._rounds += 1
        if self._rounds % LEARN_ROUNDS == 0:
            self._model.learn()
        for number in range(len(self._model.shelves)):
            if self._ended.is_set():
                return False
            changes = self._model.step(number)
            busy = busy or bool(changes.rows)
            if self._told is not None:
                self._told(number, changes)
            self._model.freshen(number)
        return busy

    def _lost(self, error: SlaError) -> None:
        if not self.failing:
            log.warning("what the workers write cannot be read", extra={"why": str(error)})
        self.failing = str(error)

    def _recovered(self) -> None:
        if self.failing:
            log.warning("what the workers write is read again")
        self.failing = ""
