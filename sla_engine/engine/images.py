"""The durable forms: images of changed rows, journal entries, pages. Every form has a version.

A row's image is its number and that of its clocks (u32 each), its INCIDENT row and its CLOCK rows
(engine.packing). Links are left out; other numbers that are this process's own (profile, calendar)
are replaced at loading by way of their keys.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sla_engine.clock.compiled import kernel
from sla_engine.clock.layout import CLOCK, INCIDENT, LAYOUT_VERSION
from sla_engine.engine.entries import put_word
from sla_engine.engine.packing import Expected, Form, form_of, put_row, words_of
from sla_engine.errors import StoreError

FORMAT = 4

#: format, layout, clock (ms), version of the policies (12 hex digits), bytes of images
_HEAD = struct.Struct("<HHq12sQ")
IMAGE_HEAD_BYTES = 8


@dataclass(frozen=True)
class JournalEntry:
    """What one call changed: images of rows and stored history entries, as bytes."""

    clock_ms: int
    version: str  # of the policies that the rows are under
    images: bytes
    history: bytes


@kernel
def write_images(
    incidents: NDArray[np.uint64],
    clocks: NDArray[np.uint64],
    links: NDArray[Any],
    heads: NDArray[Any],
    rows: NDArray[np.int64],
    forms: tuple[Form, Form],
    out: NDArray[np.uint8],
) -> int:
    """Write the images of `rows`; `incidents` and `clocks` are views [rows, words of 8 bytes].

    `links` is the CLOCK array (for `next`), `heads` the INCIDENT array (for `clocks`); `forms`
    are those of an incident and of a clock. Returns the bytes written, -1 when `out` is too small.
    """
    of_incident, of_clock = forms
    none = np.int64(-1)
    at = np.int64(0)
    for n in range(len(rows)):
        row = rows[n]
        count = np.int64(0)
        clock = heads[row]["clocks"]
        while clock >= 0:
            count += 1
            clock = links[clock]["next"]
        if at + IMAGE_HEAD_BYTES + of_incident.most + count * of_clock.most > len(out):
            return np.int64(-1)
        put_word(out, at, np.int64(row))
        put_word(out, at + 4, count)
        at += IMAGE_HEAD_BYTES
        at = put_row(of_incident, incidents, row, none, incidents, row, out, at)
        clock = heads[row]["clocks"]
        before = np.int64(-1)
        while clock >= 0:
            at = put_row(of_clock, clocks, clock, before, incidents, row, out, at)
            before = np.int64(clock)
            clock = links[clock]["next"]
    return at


#: What members of most rows are, by others. The links (`clocks`, `next`) lie elsewhere after
#: loading; without them an image says the same wherever it lay.
FORMS = (
    form_of(
        INCIDENT,
        None,
        {"last_time": Expected(("opened",))},
        ["clocks"],
    ),
    form_of(
        CLOCK,
        INCIDENT,
        {
            "started": Expected(head=("opened",)),
            "since": Expected(("started",)),
            "due": Expected(("since", "target"), minus=("elapsed",)),
            "next_at": Expected(("due",)),
            "wall": Expected(("elapsed",)),
            "choice_amount": Expected(("target",)),
            "seen_amount": Expected(("target",)),
            "definition": Expected(before=True),
            "calendar": Expected(before=True),
            "seen_definition": Expected(("calendar",)),
            "seen_priority": Expected(before=True),
            "origin": Expected(before=True),
            "flags": Expected(before=True),
        },
        ["next"],
    ),
)


def images_of(incidents: NDArray[Any], clocks: NDArray[Any], rows: NDArray[np.int64]) -> bytes:
    """The images of these rows, one after the other."""
    room = len(rows) * (IMAGE_HEAD_BYTES + FORMS[0].most + 4 * FORMS[1].most) + 1024
    incident_words, clock_words = words_of(incidents), words_of(clocks)
    while True:
        out = np.empty(room, np.uint8)
        end = int(write_images(incident_words, clock_words, clocks, incidents, rows, FORMS, out))
        if end >= 0:
            return out[:end].tobytes()
        room *= 2


def journal_entry(clock_ms: int, version: str, images: bytes, history: bytes) -> bytes:
    """The bytes of one journal entry; `history` holds stored entries (engine.entries)."""
    head = _HEAD.pack(FORMAT, LAYOUT_VERSION, clock_ms, version.encode(), len(images))
    return b"".join((head, images, history))


def read_journal_entry(entry: bytes) -> JournalEntry:
    """The inverse of `journal_entry`. StoreError for another format or layout."""
    form, layout, clock_ms, version, size = _HEAD.unpack_from(entry)
    _check(form, layout, "journal entry")
    end = _HEAD.size + size
    if end > len(entry):
        raise StoreError(f"a journal entry says {size} bytes of rows and has fewer")
    return JournalEntry(clock_ms, version.decode(), entry[_HEAD.size : end], entry[end:])


def page(images: bytes) -> bytes:
    """A page as stored."""
    return struct.pack("<HH", FORMAT, LAYOUT_VERSION) + images


def read_page(stored: bytes) -> bytes:
    """The images of a stored page."""
    form, layout = struct.unpack_from("<HH", stored)
    _check(form, layout, "page")
    return stored[4:]


def _check(form: int, layout: int, what: str) -> None:
    if (form, layout) != (FORMAT, LAYOUT_VERSION):
        raise StoreError(
            f"a stored {what} has format {form}.{layout}, this engine reads "
            f"{FORMAT}.{LAYOUT_VERSION}: start the version that wrote it, or replay the log "
            "into an empty store"
        )
