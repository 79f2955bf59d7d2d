"""The durable forms: images of changed rows, journal entries, pages. Every form has a version.

A row's image is its INCIDENT row and its CLOCK rows as they lie in memory; numbers that are
this process's own (profile, calendar, links) are replaced at loading by way of their keys.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sla_engine.clock.compiled import kernel
from sla_engine.clock.layout import CLOCK, INCIDENT, LAYOUT_VERSION
from sla_engine.errors import StoreError

FORMAT = 2

#: format, layout, clock (ms), version of the policies (12 hex digits), bytes of images
_HEAD = struct.Struct("<HHq12sQ")
#: row, clocks
_IMAGE = struct.Struct("<II")
IMAGE_HEAD_BYTES = _IMAGE.size


@dataclass(frozen=True)
class Image:
    """One row as stored."""

    row: int
    incident: NDArray[Any]  # one INCIDENT
    clocks: NDArray[Any]  # CLOCK rows


@dataclass(frozen=True)
class JournalEntry:
    """What one call changed: images of rows and stored history entries, as bytes."""

    clock_ms: int
    version: str  # of the policies that the rows are under
    images: bytes
    history: bytes


@kernel
def write_images(
    incidents: NDArray[np.int64],
    clocks: NDArray[np.int64],
    links: NDArray[Any],
    heads: NDArray[Any],
    rows: NDArray[np.int64],
    out: NDArray[np.int64],
) -> int:
    """Write the images of `rows`, word by word; the arrays are views [rows, words of 8 bytes].

    `links` is the CLOCK array (for `next`), `heads` the INCIDENT array (for `clocks`). Returns
    the words written, -1 when `out` is too small.
    """
    at = np.int64(0)
    for n in range(len(rows)):
        row = rows[n]
        count = np.int64(0)
        clock = heads[row]["clocks"]
        while clock >= 0:
            count += 1
            clock = links[clock]["next"]
        size = 1 + incidents.shape[1] + count * clocks.shape[1]
        if at + size > len(out):
            return np.int64(-1)
        out[at] = row | (count << 32)
        at += 1
        for word in range(incidents.shape[1]):
            out[at + word] = incidents[row, word]
        at += incidents.shape[1]
        clock = heads[row]["clocks"]
        while clock >= 0:
            for word in range(clocks.shape[1]):
                out[at + word] = clocks[clock, word]
            at += clocks.shape[1]
            clock = links[clock]["next"]
    return at


def images_of(incidents: NDArray[Any], clocks: NDArray[Any], rows: NDArray[np.int64]) -> bytes:
    """The images of these rows, one after the other."""
    room = (8 * len(rows) + len(rows) * (INCIDENT.itemsize + 4 * CLOCK.itemsize) + 1024) // 8
    incident_words = incidents.view(np.int64).reshape(len(incidents), INCIDENT.itemsize // 8)
    clock_words = clocks.view(np.int64).reshape(len(clocks), CLOCK.itemsize // 8)
    while True:
        out = np.empty(room, np.int64)
        end = int(write_images(incident_words, clock_words, clocks, incidents, rows, out))
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


def read_images(data: bytes) -> Iterator[Image]:
    """The images in a page or journal entry."""
    at = 0
    while at < len(data):
        row, count = _IMAGE.unpack_from(data, at)
        at += _IMAGE.size
        incident = np.frombuffer(data, INCIDENT, 1, at)
        at += INCIDENT.itemsize
        clocks = np.frombuffer(data, CLOCK, count, at)
        at += count * CLOCK.itemsize
        yield Image(row, incident, clocks)


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
