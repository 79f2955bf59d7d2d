"""Follows a partition without owning it: pages, then the journal, and again when it must."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sla_engine.engine.ports import Header, Store

Names = Callable[[Mapping[str, bytes]], Sequence[str]]
"""Which blobs to load, from the header's extra fields (the page count is in there)."""

ENTRIES_MAX: Final = 256
"""Journal entries of one poll unless told otherwise: each may be a megabyte."""
BLOBS_PER_READ: Final = 16
"""Pages of one read, 40 KB each at most: the store serves its owner in between."""

Blob = tuple[str, bytes | None]


@dataclass(frozen=True, slots=True)
class Loaded:
    """The pages of a partition, at least as new as `header.trimmed_to`.

    Pages are written while they are read, so some are newer; the entries that `poll` returns next
    are after-images from that point on, and bring all to the same instant.
    """

    header: Header
    blobs: dict[str, bytes | None]


@dataclass(frozen=True, slots=True)
class News:
    """New journal entries, or the reason why what was loaded is of no use any more."""

    entries: list[tuple[int, bytes]] = field(default_factory=list)
    reload: str = ""


class Follower:
    """Read-only view of one partition: `load()`, then `poll()` until it asks for a reload.

    A reload is due when entries were trimmed before they were read, when the store was set back,
    and when a new owner claimed the partition and the last entry read is not there any more: the
    journal may have been set back and grown again in between. Errors are the store's own.
    """

    def __init__(self, store: Store, partition: int, names: Names) -> None:
        self._store = store
        self._partition = partition
        self._names = names
        self._position = 0
        self._token = b""
        self._last: bytes | None = None

    @property
    def position(self) -> int:
        """Sequence of the last entry handed out, or of the trim point that was loaded."""
        return self._position

    def load(self) -> Loaded:
        """Header and pages; `poll` goes on behind its trim point."""
        header, blobs = self.walk()
        return Loaded(header, dict(blobs))

    def walk(self) -> tuple[Header, Iterator[Blob]]:
        """As `load`, but the pages come a few at a time, read when they are asked for."""
        header, token = self._store.header(self._partition)
        names = list(self._names(header.extra))
        self._position, self._token, self._last = header.trimmed_to, token, None
        return header, self._blobs(names)

    def _blobs(self, names: Sequence[str]) -> Iterator[Blob]:
        for first in range(0, len(names), BLOBS_PER_READ):
            some = names[first : first + BLOBS_PER_READ]
            yield from zip(some, self._store.read(self._partition, some), strict=True)

    def poll(self, limit: int = ENTRIES_MAX) -> News:
        """Entries behind the last one, ascending without a gap; none if there is nothing new."""
        # Entries first: if the token is the known one afterwards, no other owner wrote them.
        entries = self._store.journal(self._partition, self._position, limit)
        header, token = self._store.header(self._partition)
        if token != self._token:
            if not self._last_is_there():
                return News(reload="another worker claimed the partition")
            self._token = token
            # Read again at the next poll, now under the new owner.
            return News()
        reason = self._gap(entries, header)
        if reason:
            return News(reload=reason)
        if entries:
            self._position, self._last = entries[-1]
        return News(entries)

    def _last_is_there(self) -> bool:
        if self._last is None:
            return False
        found = self._store.journal(self._partition, self._position - 1, 1)
        return found == [(self._position, self._last)]

    def _gap(self, entries: Sequence[tuple[int, bytes]], header: Header) -> str:
        expected = range(self._position + 1, self._position + 1 + len(entries))
        if [sequence for sequence, _ in entries] != list(expected):
            return f"the journal was trimmed up to {header.trimmed_to} before it was read"
        if header.sequence < self._position:
            return f"the store was set back to entry {header.sequence}"
        if not entries and header.trimmed_to > self._position:
            return f"the journal was trimmed up to {header.trimmed_to} before it was read"
        return ""
