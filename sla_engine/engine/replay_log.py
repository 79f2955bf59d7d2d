"""The events of a replay, packed one after the other: a third of their JSON, no object per event.

What the decoder refuses and what steers the whole log (control records) is kept apart; the rest
is indexed by incident, in the order in which it came.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sla_engine.engine.customers import updates_of
from sla_engine.engine.policy_store import published, published_in
from sla_engine.event.compiled import kernel
from sla_engine.event.decode import DEFAULT_ACTORS, Decoder
from sla_engine.event.layout import (
    FLAG_CONTROL,
    TYPE_NAMES,
    DeadCode,
    DecodedBatch,
    EventType,
    Member,
)
from sla_engine.event.packed import pack, packed_bound, unpack_all

#: Where one accepted event lies: among the packed ones, and as it came.
ENTRY: Final = np.dtype(
    [
        ("key1", "u8"),
        ("key2", "u8"),
        ("start", "i8"),  # of the packed event
        ("end", "i8"),
        ("line", "i8"),
        ("chunk", "i4"),  # the text it came in, -1 = made by the replay itself
        ("raw_start", "i4"),
        ("raw_end", "i4"),
        ("type", "i4"),
        ("customer", "u8"),  # hash of the customer that the event names, 0 = none
    ],
    align=True,
)


@dataclass(frozen=True, slots=True)
class Refused:
    """A dead letter of a replay; `line` is None for an event that the replay itself made."""

    code: str
    message: str
    line: int | None
    raw: bytes


class Intake:
    """What a replay is given: decoded, counted, and what the decoder refuses kept apart."""

    def __init__(self, actors: Sequence[str] = DEFAULT_ACTORS) -> None:
        self.refused: list[Refused] = []
        self.events = 0
        self.unknown_members = 0
        self.control: Counter[str] = Counter()
        self.first_ms: int | None = None
        self.last_ms: int | None = None
        self._decoder = Decoder(actors)
        self._lines = 0

    def decode(self, lines: bytes) -> DecodedBatch:
        """JSON lines as rows; a text ends with a whole line, blank lines are left out."""
        batch = self._decoder.decode_lines(lines, first_line=self._lines + 1)
        self._lines += lines.count(b"\n") + (not lines.endswith(b"\n"))
        self.events += len(batch.events)
        self.unknown_members += batch.unknown_members
        for row in np.flatnonzero(batch.events["code"]).tolist():
            code = DeadCode(int(batch.events["code"][row]))
            self.refuse_row(batch, row, code, batch.messages.get(row, ""))
        accepted = batch.events[batch.events["code"] == 0]
        if len(accepted):
            times = accepted["time"]
            first, last = int(times.min()), int(times.max())
            self.first_ms = first if self.first_ms is None else min(first, self.first_ms)
            self.last_ms = last if self.last_ms is None else max(last, self.last_ms)
        for kind in accepted["type"][accepted["flags"] & FLAG_CONTROL != 0].tolist():
            self.control[TYPE_NAMES[kind]] += 1
        return batch

    def refuse_row(self, batch: DecodedBatch, row: int, code: DeadCode, message: str) -> None:
        """A row that must not be applied."""
        event = batch.events[row]
        raw = batch.data[int(event["raw_start"]) : int(event["raw_end"])].tobytes()
        self.refused.append(Refused(code.name, message, int(event["offset"]), raw))

    def dead_letters(self) -> Iterator[Refused]:
        """Everything that was refused, by line."""
        return iter(sorted(self.refused, key=lambda one: (one.line or 1 << 62, one.code)))


class ReplayLog(Intake):
    """All events of a replay. Texts are kept only when `keep_raw` asks for them."""

    def __init__(self, actors: Sequence[str] = DEFAULT_ACTORS, *, keep_raw: bool = False) -> None:
        super().__init__(actors)
        self._keep_raw = keep_raw
        self._chunks: list[bytes] = []
        self._arena = np.zeros(1 << 16, np.uint8)
        self._used = 0
        self._entries = np.zeros(1 << 10, ENTRY)
        self._count = 0
        self._controls: dict[int, int] = {}  # id of a control record -> its content
        #: Of every `policy.published`: in force from, time, id, hash (engine.policy_store).
        self.published: list[tuple[int, int, str, str]] = []
        self._publishing: dict[tuple[int, str], tuple[DecodedBatch, int]] = {}  # by time and id

    def add(self, lines: bytes) -> None:
        """Events as JSON lines; a text ends with a whole line."""
        batch = self.decode(lines)
        counted = (batch.events["code"] == 0) & (batch.events["flags"] & FLAG_CONTROL == 0)
        self._pack(batch, np.flatnonzero(counted), len(self._chunks))
        self._pack(batch, self._new(batch, updates_of(batch.events)), len(self._chunks))
        for row in self._new(batch, published_in(batch.events)).tolist():
            told = published(batch, row)
            self.published.append(told)
            self._publishing[told[1:3]] = batch, row
        self._chunks.append(lines if self._keep_raw else b"")

    def set_aside(self, order: tuple[int, str], message: str) -> None:
        """The `policy.published` of this time and id cannot count."""
        self.refuse_row(*self._publishing[order], DeadCode.BAD_VALUE, message)

    def _new(self, batch: DecodedBatch, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which control records were not there before; one copy comes per partition."""
        new = []
        for row in rows.tolist():
            identity, content = (int(batch.events[row][name]) for name in ("id", "content"))
            if identity not in self._controls:
                self._controls[identity] = content
                new.append(row)
            elif self._controls[identity] != content:
                self.refuse_row(batch, row, DeadCode.CONFLICT, CONFLICT)
        return np.array(new, np.int64)

    def add_made(self, batch: DecodedBatch) -> None:
        """Events that the replay makes itself: what a worker would put on the log."""
        self._pack(batch, np.flatnonzero(batch.events["code"] == 0), -1)

    def _pack(self, batch: DecodedBatch, rows: NDArray[np.int64], chunk: int) -> None:
        room = int(rows_bound(batch.events, batch.spans, rows))
        self._arena = _grown(self._arena, self._used + room)
        self._entries = _grown(self._entries, self._count + len(rows))
        entries = self._entries[self._count : self._count + len(rows)]
        self._used = int(
            pack_rows(
                *(batch.data, batch.events, batch.spans, rows),
                *(self._arena, self._used, entries, chunk),
            )
        )
        self._count += len(rows)

    # ------------------------------------------------------------------ reading back

    @property
    def entries(self) -> NDArray[Any]:
        """ENTRY rows in the order in which the events came."""
        return self._entries[: self._count]

    def by_incident(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(order, bounds): entries `order[bounds[n]:bounds[n + 1]]` are one incident's, as come."""
        own = np.flatnonzero(self.entries["type"] != EventType.CUSTOMER_UPDATED)
        entries = self.entries[own]
        order = np.lexsort((entries["key2"], entries["key1"])).astype(np.int64)
        if not len(order):
            return order, np.zeros(1, np.int64)
        ordered = entries[order]
        order = own[order]
        new = (ordered["key1"][1:] != ordered["key1"][:-1]) | (
            ordered["key2"][1:] != ordered["key2"][:-1]
        )
        bounds = np.concatenate(([0], np.flatnonzero(new) + 1, [len(order)])).astype(np.int64)
        return order, bounds

    def updates(self) -> NDArray[np.int64]:
        """The entries that are `customer.updated`, in the order in which they came."""
        return np.flatnonzero(self.entries["type"] == EventType.CUSTOMER_UPDATED)

    def unpacked(self, rows: NDArray[np.int64]) -> DecodedBatch:
        """These entries as rows, in the order given."""
        entries = self.entries[rows]
        size = int((entries["end"] - entries["start"]).sum())
        packed = np.zeros(size, np.uint8)
        gather(self._arena, entries, packed)
        return unpack_all(packed)

    def refuse(self, row: int, code: DeadCode, message: str) -> None:
        """An entry that must not be applied, for a reason that its incident's history gives."""
        entry = self.entries[row]
        chunk = int(entry["chunk"])
        start, end = int(entry["raw_start"]), int(entry["raw_end"])
        raw = self._chunks[chunk][start:end] if chunk >= 0 else b""
        line = int(entry["line"]) if chunk >= 0 else None
        self.refused.append(Refused(code.name, message, line, raw))


def incidents_with(entries: NDArray[Any], kinds: Sequence[EventType]) -> NDArray[np.bool_]:
    """Per entry whether it is of one of these types."""
    found: NDArray[np.bool_] = np.isin(entries["type"], [int(kind) for kind in kinds])
    return found


CONFLICT: Final = (
    "an event with this source and id came before with another type, time or data; give a "
    "corrected event an id of its own"
)
_CUSTOMER: Final = int(Member.CUSTOMER)


def _grown(array: NDArray[Any], size: int) -> NDArray[Any]:
    if len(array) >= size:
        return array
    larger = np.zeros(max(size, 2 * len(array)), array.dtype)
    larger[: len(array)] = array
    return larger


@kernel
def rows_bound(events: Any, spans: Any, rows: Any) -> Any:
    """No fewer bytes than `pack_rows` will write."""
    size: Any = np.int64(0)
    for i in range(rows.size):
        size += packed_bound(events[rows[i]], spans)
    return size


@kernel
def customer_in(event: Any, spans: Any) -> Any:
    """Hash of the customer that an event names, 0 when it names none."""
    found = np.uint64(0)
    for i in range(event["span"], event["span"] + event["spans"]):
        if spans[i]["member"] == _CUSTOMER:
            found = spans[i]["hash"]
    return found


@kernel
def pack_rows(data: Any, events: Any, spans: Any, rows: Any, out: Any, at: Any, entries: Any,
              chunk: Any) -> Any:  # fmt: skip
    """Pack these rows into `out` from `at` and describe each in `entries`; returns the end."""
    end = np.int64(at)
    for i in range(rows.size):
        event = events[rows[i]]
        entry = entries[i]
        entry["key1"] = event["key1"]
        entry["key2"] = event["key2"]
        entry["line"] = event["offset"]
        entry["chunk"] = chunk
        entry["raw_start"] = event["raw_start"]
        entry["raw_end"] = event["raw_end"]
        entry["type"] = event["type"]
        entry["customer"] = customer_in(event, spans)
        entry["start"] = end
        end = pack(data, event, spans, out, end)
        entry["end"] = end
    return end


@kernel
def gather(arena: Any, entries: Any, out: Any) -> Any:
    """Copy the packed bytes of these entries, one after the other; returns the end."""
    at = np.int64(0)
    for i in range(entries.size):
        for from_ in range(entries[i]["start"], entries[i]["end"]):
            out[at] = arena[from_]
            at += 1
    return at
