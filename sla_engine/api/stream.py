"""Alerts as server-sent events, as they come on the log; a stream goes on where it broke off.

The id of an event is the position behind it in every partition, so `Last-Event-ID` says all that
there is to know and the API keeps nothing of anybody.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus
from typing import Any, Final

import orjson

from sla_engine.api.reads import Tenants
from sla_engine.api.refusals import bad_value
from sla_engine.engine.ports import LogReader
from sla_engine.errors import PositionLost, SlaError
from sla_engine.ingest.problem import Refusal
from sla_engine.limits import (
    API_STREAM_BEAT_MS,
    API_STREAM_MS,
    API_STREAM_PARTITIONS_MAX,
    API_STREAMS_MAX,
    FOLLOW_POLL_MS,
    RETRY_LAST_MS,
)

TOPIC: Final = "alerts"
RECORDS_AT_ONCE: Final = 500
"""Records of one partition that a stream reads before it sends them."""
_DIGITS_MAX: Final = 19

log = logging.getLogger(__name__)

Positions = tuple[int, ...]
"""By partition the offset of the next alert."""


class Ends:
    """The ends of the topic's partitions, asked for in one thread for all streams together."""

    def __init__(self, reader: LogReader, partitions: int) -> None:
        self._reader = reader
        self.partitions = partitions
        self.positions: Positions = tuple(reader.bounds(TOPIC, p)[1] for p in range(partitions))
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alert-ends", daemon=True)

    def start(self) -> Ends:
        """Begin to ask."""
        self._thread.start()
        return self

    def end(self) -> None:
        """Ask no more, and let all streams end."""
        self._ended.set()

    def stop(self) -> None:
        """The same, and wait for the thread."""
        self.end()
        self._thread.join(RETRY_LAST_MS / 1000)

    @property
    def is_stopped(self) -> bool:
        """Whether streams are to end."""
        return self._ended.is_set()

    def _run(self) -> None:
        while not self._ended.wait(FOLLOW_POLL_MS / 1000):
            try:
                self.positions = tuple(
                    self._reader.bounds(TOPIC, p)[1] for p in range(self.partitions)
                )
            except SlaError as error:
                log.warning("the alerts cannot be read", extra={"why": str(error)})
                self._ended.wait(RETRY_LAST_MS / 1000)

    def read(self, since: Positions, upto: Positions) -> Iterator[tuple[Positions, dict[str, Any]]]:
        """(position behind it, alert) of each alert in between, some at a time."""
        at = list(since)
        for partition, end in enumerate(upto):
            first, _ = self._reader.bounds(TOPIC, partition)
            at[partition] = max(at[partition], first)
            stop = min(end, at[partition] + RECORDS_AT_ONCE)
            for record in self._records(partition, at[partition], stop):
                at[partition] = record.offset + 1
                event = orjson.loads(record.value) if record.value else None
                if isinstance(event, dict):
                    yield tuple(at), event
            # Offsets without a record behind it (transactions, compaction) are passed too.
            at[partition] = max(at[partition], stop)

    def _records(self, partition: int, start: int, end: int) -> Iterator[Any]:
        if start < end:
            try:
                yield from self._reader.read(TOPIC, partition, start, end)
            except PositionLost:
                log.warning("alerts were trimmed before a stream read them")


class Streams:
    """The open streams; no more than a bounded number of them."""

    def __init__(
        self, ends: Ends, most: int = API_STREAMS_MAX, longest_ms: int = API_STREAM_MS
    ) -> None:
        self.ends = ends
        self._free = most
        self._longest_s = longest_ms / 1000

    def open(
        self, tenants: Tenants, last_id: str | None, seconds: float | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes of a stream; Refusal 400 for an id that is none, 503 when all are taken.

        It ends after so many `seconds`, but not before everything was sent that there was.
        """
        since = self.ends.positions if last_id is None else self._positions(last_id)
        if self._free <= 0:
            raise Refusal(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "BUSY",
                "as many alert streams are open as there may be; come again",
                retry_after_s=5,
            )
        # An offset that is not there yet is of a log that was set back: what comes next is new.
        ends = self.ends.positions
        since = tuple(min(pair) for pair in zip(since, ends, strict=True))
        longest_s = self._longest_s if seconds is None else min(seconds, self._longest_s)
        return self._stream(tenants, since, longest_s)

    async def _stream(
        self, tenants: Tenants, since: Positions, seconds: float
    ) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        end_s = loop.time() + seconds
        silent_ms = API_STREAM_BEAT_MS
        self._free -= 1
        try:
            while not self.ends.is_stopped:
                upto = self.ends.positions
                if all(at >= end for at, end in zip(since, upto, strict=True)):
                    if loop.time() >= end_s:
                        return
                    if silent_ms >= API_STREAM_BEAT_MS:
                        silent_ms = 0
                        # With the id, so that a stream without alerts goes on where it is too.
                        yield f": alive\nid: {written(since)}\n\n".encode()
                    await asyncio.sleep(FOLLOW_POLL_MS / 1000)
                    silent_ms += FOLLOW_POLL_MS
                    continue
                try:
                    since, events = await asyncio.to_thread(self._some, since, upto)
                except SlaError as error:
                    log.warning("a stream of alerts breaks off", extra={"why": str(error)})
                    return
                for position, event in events:
                    if tenants is None or event.get("tenant") in tenants:
                        silent_ms = 0
                        yield _sent(position, event)
        finally:
            self._free += 1

    def _some(
        self, since: Positions, upto: Positions
    ) -> tuple[Positions, list[tuple[Positions, dict[str, Any]]]]:
        events = list(self.ends.read(since, upto))
        behind = [min(end, at + RECORDS_AT_ONCE) for at, end in zip(since, upto, strict=True)]
        last = events[-1][0] if events else since
        return tuple(max(pair) for pair in zip(last, behind, strict=True)), events

    def _positions(self, text: str) -> Positions:
        parts = text.strip().split(",")
        fits = len(parts) == self.ends.partitions <= API_STREAM_PARTITIONS_MAX
        if not fits or not all(_is_offset(part) for part in parts):
            raise bad_value(
                "last-event-id", "is none of this stream; send the id of the last event, or nothing"
            )
        return tuple(int(part) for part in parts)


def _is_offset(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < _DIGITS_MAX


def written(positions: Positions) -> str:
    """Positions as the id of an event."""
    return ",".join(map(str, positions))


def _sent(positions: Positions, event: dict[str, Any]) -> bytes:
    data = orjson.dumps(event).decode()
    return f"id: {written(positions)}\nevent: {event.get('type')}\ndata: {data}\n\n".encode()
