"""Names in Redis and ids in its streams (design section 5, "In Redis")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

FORMAT: Final = "1"
"""Version of the layout of keys and header fields; the header carries it."""

EXTRA: Final = b"x:"
"""Before the name of a header field that belongs to the engine."""


START: Final = (0, -1)
"""Before the first outbox entry that can be."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Key names under one prefix; what belongs to a partition shares its hash tag `{p}`.

    So a function may touch all of them, and Redis Cluster can spread the partitions.
    """

    prefix: str

    def header(self, partition: int) -> str:
        """Hash: token, position, sequence, trim point, identity, the engine's extras."""
        return f"{self.prefix}{{{partition}}}:h"

    def journal(self, partition: int) -> str:
        """Stream: `<sequence>-1`, field `d` the entry, `s` its from, next and outbox count."""
        return f"{self.prefix}{{{partition}}}:j"

    def outbox(self, partition: int) -> str:
        """Stream of packs: `<sequence>-<first i>`, field `d` the pack, `n` its entries."""
        return f"{self.prefix}{{{partition}}}:o"

    def blob(self, partition: int, name: str) -> str:
        """String: one named blob of a partition."""
        return f"{self.prefix}{{{partition}}}:b:{name}"

    @property
    def shared(self) -> str:
        """Hash: blobs that belong to no partition, by name."""
        return f"{self.prefix}{{shared}}"


def sequence_of(entry_id: str | bytes) -> int:
    """The sequence in `<sequence>-<i>`."""
    text = entry_id.decode() if isinstance(entry_id, bytes) else entry_id
    return int(text.partition("-")[0])


def outbox_id(entry_id: str) -> tuple[int, int]:
    """`<sequence>-<i>` as numbers, which is the order of the outbox; ValueError if it is none."""
    sequence, dash, index = entry_id.partition("-")
    if not (dash and sequence.isdecimal() and index.isdecimal()):
        raise ValueError(f"{entry_id!r} is no outbox id: it must read <sequence>-<i>")
    return int(sequence), int(index)
