"""The topic `clocks`: every clock as reported, by key, produced when it changes (contracts 5).

A clock is told anew when anything of it changed but what moves with time alone. What the topic
says is read once at the start and compared with the state: nothing that changed while nobody
produced is missed, and no position has to be kept. Only one process may produce at a time.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final

import orjson

from sla_engine.alert.ids import clock_key, parts_of
from sla_engine.engine.ports import LogReader, OutRecord, Producer
from sla_engine.engine.report import clock_reports
from sla_engine.errors import LogUnavailable
from sla_engine.event.hashing import incident_key
from sla_engine.follow.model import Model, Place
from sla_engine.follow.view import Changes
from sla_engine.limits import CLOCKS_IN_FLIGHT_MAX, LOG_TIMEOUT_MS

TOPIC: Final = "clocks"

#: Members that move while nothing happens, by the state of the clock.
_MOVING: Final[Mapping[str, tuple[str, ...]]] = {
    "running": ("as_of", "elapsed_ms", "remaining_ms", "wall_ms", "excluded_ms"),
    "paused": ("as_of", "paused_ms", "excluded_ms"),
}
_DIGEST_BYTES: Final = 12

log = logging.getLogger(__name__)

Incident = tuple[int, int]
"""The key of an incident (event.hashing.incident_key)."""


class ClockStream:
    """Produces what changed. `take` is called in one thread; the log answers in another."""

    def __init__(self, model: Model, producer: Producer, partitions: int) -> None:
        self._model = model
        self._producer = producer
        self._said: list[dict[Incident, dict[bytes, bytes]]] = [{} for _ in range(partitions)]
        self._pending: list[set[Incident]] = [set() for _ in range(partitions)]
        self._failed: deque[tuple[int, Incident, bytes, str]] = deque()
        self._in_flight = 0
        self._changed = threading.Condition()
        self.produced = 0

    def read(self, reader: LogReader) -> None:
        """What the topic says already; to be called before the first `take`."""
        for number, said in enumerate(self._said):
            first, end = reader.bounds(TOPIC, number)
            for record in reader.read(TOPIC, number, first, end):
                if record.key is None:
                    continue
                tenant, incident, *_ = parts_of(f"{record.key.decode()}/")
                clocks = said.setdefault(incident_key(tenant, incident), {})
                if record.value is None:
                    clocks.pop(record.key, None)
                else:
                    clocks[record.key] = still(orjson.loads(record.value))

    def take(self, number: int, changes: Changes) -> None:
        """Produce what changed in a partition; LogUnavailable when the log takes nothing.

        What the log did not take is produced again with the next call.
        """
        pending = self._pending[number]
        pending |= self._again(number)
        with self._model.lock:
            view = self._model.shelves[number].view
            if not view.is_current:
                return
            pending.update(view.key(row) for row in changes.rows)
            if changes.anew:
                pending |= self._said[number].keys()
        while pending:
            incident = pending.pop()
            try:
                self._tell(number, incident)
            except LogUnavailable:
                pending.add(incident)
                raise

    def flush(self) -> bool:
        """Wait until the log has everything; whether it has."""
        left = self._producer.flush(LOG_TIMEOUT_MS / 1000)
        return not left and not self._failed

    def _again(self, number: int) -> set[Incident]:
        """The incidents of a partition of which the log did not take something."""
        failed = [self._failed.popleft() for _ in range(len(self._failed))]
        self._failed.extend(each for each in failed if each[0] != number)
        own = [each for each in failed if each[0] == number]
        if own:
            log.warning("the log did not take a clock; it comes again", extra={"why": own[0][3]})
        for _, incident, key, _ in own:
            self._said[number].setdefault(incident, {})[key] = b""
        return {incident for _, incident, _, _ in own}

    def _tell(self, number: int, incident: Incident) -> None:
        said = self._said[number].get(incident, {})
        with self._model.lock:
            now = {_key(clock): clock for clock in self._clocks(number, incident)}
        digests = {key: still(clock) for key, clock in now.items()}
        for key, digest in digests.items():
            if said.get(key) != digest:
                self._produce(number, incident, key, orjson.dumps(now[key]))
        for key in said.keys() - digests.keys():
            self._produce(number, incident, key, None)
        if digests:
            self._said[number][incident] = digests
        else:
            self._said[number].pop(incident, None)

    def _clocks(self, number: int, incident: Incident) -> list[dict[str, Any]]:
        """The clocks of an incident when it last changed; none if it is deleted or forgotten."""
        shelf = self._model.shelves[number]
        row = shelf.view.row(incident)
        if row is None:
            return []
        place = Place(shelf, row)
        at_ms = max(shelf.view.clock_ms, int(place.rows["last_time"]))
        folded = self._model.fold(place, at_ms)
        if folded is None:
            return []
        folder = self._model.folder
        return clock_reports(folder.book, folded, folder.render(folded))

    def _produce(self, number: int, incident: Incident, key: bytes, value: bytes | None) -> None:
        with self._changed:
            free = self._changed.wait_for(
                lambda: self._in_flight < CLOCKS_IN_FLIGHT_MAX, LOG_TIMEOUT_MS / 1000
            )
            if not free:
                raise LogUnavailable("the log acknowledges no clocks; they are produced again")
            self._in_flight += 1

        def acked(record: OutRecord, offset: int | None, error: str) -> None:
            with self._changed:
                self._in_flight -= 1
                self._changed.notify_all()
            if error:
                self._failed.append((number, incident, key, error))

        self._producer.produce(OutRecord(TOPIC, number, key, value), acked)
        self.produced += 1


def _key(clock: Mapping[str, Any]) -> bytes:
    names = ("tenant", "incident", "set", "clock", "cycle")
    return clock_key(*(clock[name] for name in names)).encode()


def still(clock: Mapping[str, Any]) -> bytes:
    """A digest of what a clock says, without what moves with time alone."""
    moving = _MOVING.get(clock["state"], ("as_of",))
    told = {name: value for name, value in clock.items() if name not in moving}
    return blake2b(orjson.dumps(told), digest_size=_DIGEST_BYTES).digest()
