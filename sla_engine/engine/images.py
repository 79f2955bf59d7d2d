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

from sla_engine.clock.compiled import inner, kernel
from sla_engine.clock.layout import LAYOUT_VERSION
from sla_engine.clock.work import clocks, incidents
from sla_engine.engine.entries import put_word, word_at
from sla_engine.engine.forms import FORMS
from sla_engine.engine.packing import Form, put_row
from sla_engine.engine.raw import copy_bytes
from sla_engine.engine.rest import HEAD_BYTES, UNIT_SHIFT, Rest, lay, nothing_at_rest, release
from sla_engine.errors import StoreError

FORMAT = 5

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


@inner
def put_image(
    row: int,
    links: NDArray[Any],
    heads: NDArray[Any],
    form: Form,
    rest: Rest,
    out: NDArray[np.uint8],
    at: int,
) -> tuple[int, int, int]:
    """Write the image of a row; (end, where its clocks begin, how many of them are awake).

    `links` is the CLOCK array (for `next`), `heads` the INCIDENT array (for `clocks`); `form` is
    that of an incident. The end is -1 when `out` may be too small.
    """
    none = np.int64(-1)
    lying = np.int64(0)
    if row < len(rest.places):
        lying = np.int64(rest.places[row]["size"])
    block = np.int64(0)
    count = np.int64(0)
    clock = heads[row]["clocks"]
    while clock >= 0:
        count += 1
        clock = links[clock]["next"]
    if at + IMAGE_HEAD_BYTES + form.most + lying + count * rest.form.most > len(out):
        return none, none, none
    if lying:
        block = np.int64(rest.places[row]["unit"]) << UNIT_SHIFT
    put_word(out, at, np.int64(row))
    put_word(out, at + 4, word_at(rest.blocks, block) if lying else count)
    words = rest.incident_words
    at = put_row(form, words, row, none, words, row, out, at + IMAGE_HEAD_BYTES, rest.scratch)
    begin = np.int64(at)
    if lying:
        copy_bytes(out, at, rest.blocks, block + HEAD_BYTES, lying - HEAD_BYTES)
        at += lying - HEAD_BYTES
    clock = heads[row]["clocks"]
    before = none
    while clock >= 0:
        at = put_row(rest.form, rest.clock_words, clock, before, words, row, out, at, rest.scratch)
        before = np.int64(clock)
        clock = links[clock]["next"]
    return np.int64(at), begin, count


@kernel
def write_images(
    links: NDArray[Any],
    heads: NDArray[Any],
    rows: NDArray[np.int64],
    form: Form,
    rest: Rest,
    out: NDArray[np.uint8],
) -> int:
    """Write the images of `rows`; the bytes written, -1 when `out` is too small."""
    at = np.int64(0)
    for n in range(len(rows)):
        at, _, _ = put_image(rows[n], links, heads, form, rest, out, at)
        if at < 0:
            break
    return at


@kernel
def write_and_rest(
    work: Any, rows: NDArray[np.int64], form: Form, rest: Rest, out: NDArray[np.uint8]
) -> int:
    """The same, and the rows' clocks are put to rest. `out` and `rest` must have room."""
    at = np.int64(0)
    for n in range(len(rows)):
        row = rows[n]
        at, begin, awake = put_image(row, clocks(work), incidents(work), form, rest, out, at)
        if at < 0:
            break
        if awake:
            lay(row, awake, out, begin, at, rest)
            release(work, row)
    return at


def images_of(
    incidents: NDArray[Any],
    clocks: NDArray[Any],
    rows: NDArray[np.int64],
    rest: Rest | None = None,
) -> bytes:
    """The images of these rows, one after the other; without `rest` all clocks are awake."""
    rest = rest or nothing_at_rest(incidents, clocks)
    room = len(rows) * (IMAGE_HEAD_BYTES + FORMS[0].most + 4 * FORMS[1].most) + 1024
    while True:
        out = np.empty(room, np.uint8)
        end = int(write_images(clocks, incidents, rows, FORMS[0], rest, out))
        if end >= 0:
            return out[:end].tobytes()
        room *= 2


def sealed_images(work: Any, rows: NDArray[np.int64], rest: Rest, awake: int) -> bytes:
    """The images of rows of a work (a handle's value), whose `awake` clocks are put to rest."""
    lying = int(rest.places["size"][rows].sum())
    room = len(rows) * (IMAGE_HEAD_BYTES + FORMS[0].most) + lying + awake * FORMS[1].most
    out = np.empty(room, np.uint8)
    end = int(write_and_rest(work, rows, FORMS[0], rest, out))
    assert end >= 0, "rows have more clocks than are awake"
    return out[:end].tobytes()


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
