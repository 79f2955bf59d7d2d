"""Outbox entries of one commit, packed: a burst of alerts is a few stream entries, not thousands.

One stream entry per alert costs the server about 5 us each, a pack a few per cent of that.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Final

PACK_ENTRIES: Final = 256
"""Entries of a full pack; every pack of a commit but the last is full."""


def packs(entries: Sequence[bytes]) -> Iterator[bytes]:
    """The entries in packs: lengths as little-endian uint32, then the bytes."""
    for i in range(0, len(entries), PACK_ENTRIES):
        part = entries[i : i + PACK_ENTRIES]
        yield b"".join((struct.pack(f"<{len(part)}I", *map(len, part)), *part))


def unpacked(pack: bytes, count: int) -> Iterator[bytes]:
    """The entries of one pack."""
    lengths = struct.unpack_from(f"<{count}I", pack)
    for start, end in pairwise(accumulate(lengths, initial=4 * count)):
        yield pack[start:end]


def pack_of(index: int) -> int:
    """Index of the first entry of the pack in which an index lies."""
    return index - index % PACK_ENTRIES
