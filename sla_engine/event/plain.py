"""Rows of a batch as Python values, for what is told of single incidents.

Reading a member of an array's row takes ten times as long as reading one of a tuple.
"""

from __future__ import annotations

from typing import Any

from sla_engine.event.layout import DecodedBatch

#: (time, type, first row of spans, how many)
PlainEvent = tuple[int, int, int, int]
#: (member, kind, value, start, length, name_start, name_length)
PlainSpan = tuple[int, int, int, int, int, int, int]

_EVENT = ("time", "type", "span", "spans")
_SPAN = ("member", "kind", "value", "start", "length", "name_start", "name_length")


class PlainEvents:
    """Reads event by event: for a few of a large batch."""

    def __init__(self, batch: DecodedBatch) -> None:
        self._batch = batch

    def event(self, row: int) -> PlainEvent:
        """One event."""
        event = self._batch.events[row]
        time, kind, span, spans = (event[name].item() for name in _EVENT)
        return time, kind, span, spans

    def spans(self, first: int, stop: int) -> list[PlainSpan]:
        """The spans [first, stop)."""
        return _rows(self._batch.spans[first:stop], _SPAN)

    def text(self, start: int, length: int) -> str:
        """The text that stands there."""
        return self._batch.data[start : start + length].tobytes().decode()


class AllPlainEvents(PlainEvents):
    """Has read all events of a batch, column by column: 2 us for the event of an incident."""

    def __init__(self, batch: DecodedBatch) -> None:
        super().__init__(batch)
        self._events: list[PlainEvent] = _rows(batch.events, _EVENT)
        self._spans: list[PlainSpan] = _rows(batch.spans, _SPAN)
        self._bytes = batch.data.tobytes()

    def event(self, row: int) -> PlainEvent:
        """One event."""
        return self._events[row]

    def spans(self, first: int, stop: int) -> list[PlainSpan]:
        """The spans [first, stop)."""
        return self._spans[first:stop]

    def text(self, start: int, length: int) -> str:
        """The text that stands there."""
        return self._bytes[start : start + length].decode()


def _rows(array: Any, names: tuple[str, ...]) -> list[Any]:
    return list(zip(*(array[name].tolist() for name in names), strict=True))
