"""Running a worker in a thread of the test, and waiting for what it does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sla_engine.errors import SlaError
from sla_engine.stream.app import Worker
from tests.stream.inboxes import MemoryInbox

WITHIN_S = 30.0


@dataclass
class Running:
    """A worker at work; `error` is what its `run` raised."""

    worker: Worker
    error: SlaError | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        try:
            self.worker.run(signals=False)
        except SlaError as error:
            self.error = error
        finally:
            self.ended.set()

    def failed(self) -> SlaError:
        """The error that ended it."""
        assert self.ended.wait(WITHIN_S), "the worker did not end"
        assert self.error is not None, "the worker ended without an error"
        return self.error


@contextmanager
def running(worker: Worker) -> Iterator[Running]:
    """The worker runs inside the block and is stopped at its end."""
    live = Running(worker)
    thread = threading.Thread(target=live.run)
    thread.start()
    try:
        yield live
    finally:
        worker.stop()
        thread.join(WITHIN_S)
        assert not thread.is_alive(), "the worker did not stop"


def until(inbox: MemoryInbox, true: Callable[[], bool], what: str) -> None:
    """Wait until a call of the inbox made it true."""
    with inbox.changed:
        assert inbox.changed.wait_for(true, WITHIN_S), f"not within {WITHIN_S} s: {what}"
