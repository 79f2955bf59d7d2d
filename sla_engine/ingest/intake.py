"""Events to the log, and back when it has them: bounded in flight, acknowledged durably."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Sequence

from sla_engine.engine.ports import OutRecord, Producer
from sla_engine.errors import LogError
from sla_engine.ingest.checking import Taken
from sla_engine.ingest.problem import busy

log = logging.getLogger(__name__)


class Intake:
    """Puts events on the log. `put` is called in one event loop; the log answers from a thread."""

    def __init__(self, producer: Producer, partitions: int, in_flight_max: int) -> None:
        self._producer = producer
        self._partitions = partitions
        self._max = in_flight_max
        self.in_flight = 0

    async def put(self, events: Sequence[Taken], letters: Sequence[OutRecord] = ()) -> None:
        """Return when the log has every event, and every dead letter.

        Refusal 503: too many are on their way, or the log did not take one (then others of the
        request may be on it: they come again under the same ids, as duplicates).
        """
        records = [record for event in events for record in self._records(event)]
        records += letters
        if not records:
            return
        if self.in_flight and self.in_flight + len(records) > self._max:
            raise busy(f"{self.in_flight} events wait for the log; send it again")
        delivery = Delivery(len(records), asyncio.get_running_loop())
        self.in_flight += len(records)
        # Also when the sender goes away: what was handed over is in flight until the log answers.
        delivery.done.add_done_callback(lambda _: self._landed(len(records)))
        for i, record in enumerate(records):
            try:
                self._producer.produce(record, delivery.acked)
            except LogError as error:
                for left in records[i:]:
                    delivery.acked(left, None, str(error))
                break
        why = await asyncio.shield(delivery.done)
        if why:
            log.warning("the log did not take an event", extra={"why": why})
            raise busy("the log did not take every event; send all of them again")

    def _landed(self, count: int) -> None:
        self.in_flight -= count

    def _records(self, event: Taken) -> list[OutRecord]:
        if event.key is not None:
            return [OutRecord("events", None, event.key, event.value)]
        # A control record has one copy per partition (contracts section 1).
        return [
            OutRecord("events", partition, None, event.value)
            for partition in range(self._partitions)
        ]


class Delivery:
    """Counts the acknowledgements of one request; wakes its loop once, at the last one."""

    def __init__(self, count: int, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._lock = threading.Lock()
        self._left = count
        self._error = ""
        self.done: asyncio.Future[str] = loop.create_future()

    def acked(self, record: OutRecord, offset: int | None, error: str) -> None:
        """See `ports.Acked`; `done` gets the first error, or an empty text."""
        with self._lock:
            self._left -= 1
            self._error = self._error or error
            last = self._left == 0
        if last:
            # After a stop that did not wait for this: nobody is there to be told.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self.done.set_result, self._error)
