"""The decoder: a batch of records to rows, the scanner first, the normaliser for what it left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sla_engine.event.cloudevent import text, to_cloudevent
from sla_engine.event.compiled import kernel
from sla_engine.event.draft import Problem
from sla_engine.event.hashing import hash_text
from sla_engine.event.layout import EVENT, FLAG_NORMALISED, SPAN, DecodedBatch
from sla_engine.event.normalise import normalise
from sla_engine.event.packed import DEFAULT
from sla_engine.event.scan import (
    NEEDS_NORMALISER,
    PLACE,
    SCRATCH_BYTES,
    SPANS_PER_EVENT_MAX,
    UNCHECKED,
    scan_batch,
)
from sla_engine.event.tokens import skip_blanks
from sla_engine.event.unpack import unpack

__all__ = ["DEFAULT_ACTORS", "Decoder", "Records", "text", "to_cloudevent"]

DEFAULT_ACTORS = ("sla-engine",)
"""The setting [engine] actors."""
BATCH_BYTES_MAX = (1 << 31) - (1 << 28)
"""Spans are int32 positions, and what the normaliser packs is put behind the records."""
TAIL_BYTES_MIN = 1 << 12
"""Room behind the records for texts that do not stand in them as they are."""
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Records(Protocol):
    """What the decoder reads of a batch of records (engine.ports.RawBatch has it)."""

    data: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    value_start: NDArray[np.int32]
    value_end: NDArray[np.int32]
    append_ms: NDArray[np.int64]


class Decoder:
    """Decodes batch after batch into the same arrays.

    A result is valid until the next call of the same decoder: its arrays are views of scratch
    space. `data` is a copy of the batch's bytes with what was packed behind them, so positions in
    the batch stay what they were.
    """

    def __init__(self, actors: Sequence[str] = DEFAULT_ACTORS) -> None:
        self._actors = frozenset(actors)
        self._hashes = np.array(sorted(hash_text(actor) for actor in self._actors), np.uint64)
        self._data = np.zeros(1 << 16, np.uint8)
        self._places = np.zeros(1 << 10, PLACE)
        self._events = np.zeros(1 << 10, EVENT)
        self._spans = np.zeros(1 << 13, SPAN)
        self._tail = np.zeros(2, np.int64)
        self._scratch = np.zeros(SCRATCH_BYTES, np.uint8)

    def decode(self, batch: Records, latest_ms: int | None = None) -> DecodedBatch:
        """Rows of a batch, in its order.

        Events later than `latest_ms` are TIME_IN_FUTURE (None: unchecked). A refused row has its
        DeadCode in `code`, no spans, and a message under its index in `messages`.
        """
        count = len(batch.offsets)
        size = self._take(batch.data, count)
        self._places["start"][:count] = batch.value_start
        self._places["end"][:count] = batch.value_end
        self._places["offset"][:count] = batch.offsets
        self._places["append"][:count] = batch.append_ms
        return self._decode(count, size, latest_ms)

    def decode_lines(
        self, lines: bytes, latest_ms: int | None = None, first_line: int = 1
    ) -> DecodedBatch:
        """Rows of a JSON-lines text: `offset` is the line's number, blank lines are left out."""
        data = np.frombuffer(lines, np.uint8)
        breaks = np.flatnonzero(data == ord("\n"))
        size = self._take(data, len(breaks) + 1)
        begin = len(_BYTE_ORDER_MARK) if lines.startswith(_BYTE_ORDER_MARK) else 0
        count = int(find_lines(self._data, begin, size, breaks, first_line, self._places))
        return self._decode(count, size, latest_ms)

    def _take(self, data: NDArray[np.uint8], count: int) -> int:
        """Copy the bytes of `count` records, make room for their rows; returns their size."""
        size = len(data)
        if size > BATCH_BYTES_MAX:
            raise ValueError(f"a batch of {size} bytes; hand over at most {BATCH_BYTES_MAX}")
        self._reserve(count, size)
        self._data[:size] = data
        self._data[size : size + len(DEFAULT)] = np.frombuffer(DEFAULT, np.uint8)
        return size

    def _decode(self, count: int, size: int, latest_ms: int | None) -> DecodedBatch:
        """Rows of the first `count` places."""
        places = self._places[:count]
        latest = UNCHECKED if latest_ms is None else latest_ms
        self._tail[:] = size + len(DEFAULT), len(self._data)
        row = used = left = unknown = 0
        while row < count:
            row, used, more_left, more_unknown = scan_batch(
                *(self._data, places, row, latest, size, self._hashes),
                *(self._events, self._spans, used, self._tail, self._scratch),
            )
            left += more_left
            unknown += more_unknown
            if row < count:
                self._spans = _grown(self._spans, 2 * len(self._spans))
        result = DecodedBatch(self._data, self._events[:count], self._spans, {}, unknown)
        end = int(self._tail[0])
        if left:
            used, end = self._normalise(result, used, size, end, latest_ms)
        result.data = self._data[:end]
        result.spans = self._spans[:used]
        return result

    def _normalise(
        self, result: DecodedBatch, used: int, size: int, begin: int, latest_ms: int | None
    ) -> tuple[int, int]:
        """Decide the rows that the scanner left, packed from `begin`; (spans used, bytes used)."""
        rows: list[int] = []
        starts: list[int] = []
        packed = bytearray()
        events = result.events
        for row in np.flatnonzero(events["code"] == NEEDS_NORMALISER).tolist():
            start = int(events["raw_start"][row])
            end = int(events["raw_end"][row])
            raw = self._data[start:end].tobytes() if start >= 0 else b""
            found = normalise(raw, self._actors, latest_ms)
            if isinstance(found, Problem):
                events["code"][row] = found.code
                result.messages[row] = found.message
                continue
            rows.append(row)
            starts.append(begin + len(packed))
            packed += found.packed
            result.unknown_members += found.unknown
        end = begin + len(packed)
        self._data = _grown(self._data, end)
        self._data[begin:end] = np.frombuffer(bytes(packed), np.uint8)
        self._spans = _grown(self._spans, used + SPANS_PER_EVENT_MAX * len(rows))
        used = unpack_rows(
            *(self._data, end, size, np.array(starts, np.int64), np.array(rows, np.int64)),
            *(events, self._spans, used, self._scratch),
        )
        return int(used), end

    def _reserve(self, count: int, size: int) -> None:
        """Room for so many records of so many bytes; what is in the arrays may go."""
        room = size + size // 2 + TAIL_BYTES_MIN
        if len(self._data) < room:
            self._data = np.zeros(room + room // 2, np.uint8)
        if len(self._events) < count:
            self._events = np.zeros(2 * count, EVENT)
            self._places = np.zeros(2 * count, PLACE)
        if len(self._spans) < 8 * count + SPANS_PER_EVENT_MAX:
            self._spans = np.zeros(16 * count, SPAN)


def _grown(array: NDArray[Any], size: int) -> NDArray[Any]:
    """The array itself if it has that size, else a larger one with the same beginning."""
    if len(array) >= size:
        return array
    larger = np.zeros(max(size, 2 * len(array)), array.dtype)
    larger[: len(array)] = array
    return larger


@kernel
def find_lines(data: Any, begin: Any, size: Any, breaks: Any, first: Any, places: Any) -> Any:
    """Places of the lines that hold anything but blanks, numbers as offsets; returns how many."""
    count = 0
    start = np.int64(begin)
    for i in range(breaks.size + 1):
        end = breaks[i] if i < breaks.size else np.int64(size)
        if skip_blanks(data, start, end) < end:
            places[count]["start"] = start
            places[count]["end"] = end
            places[count]["offset"] = first + i
            places[count]["append"] = -1
            count += 1
        start = end + 1
    return count


@kernel
def unpack_rows(data: Any, end: Any, default: Any, starts: Any, rows: Any, events: Any,
                spans: Any, k: Any, scratch: Any) -> Any:  # fmt: skip
    """Packed events into rows that keep what they know of the log; returns the next span."""
    for i in range(rows.size):
        row = rows[i]
        offset = events[row]["offset"]
        append = events[row]["append"]
        raw_start = events[row]["raw_start"]
        raw_end = events[row]["raw_end"]
        _, k = unpack(data, starts[i], end, default, events, row, spans, k, scratch)
        events[row]["offset"] = offset
        events[row]["append"] = append
        events[row]["raw_start"] = raw_start
        events[row]["raw_end"] = raw_end
        events[row]["flags"] |= np.uint32(FLAG_NORMALISED)
    return k
