"""What a deletion leaves of stored history: nothing that the incident's events said.

Of a deleted incident stay its deletion and hashes of its events (event.tombstone), and which
alerts were sent, by id. The rewriting reads what is there and may be repeated at any time: what a
journal told once more after a crash goes the same way.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from sla_engine.engine.entries import entries_in, stored_entry
from sla_engine.engine.outgoing import sent_of
from sla_engine.errors import Fenced
from sla_engine.event.packed import unpack_all
from sla_engine.event.tombstone import known_hashes, tombstone


def rewritten(chunk: bytes, deleted: Collection[int]) -> bytes:
    """Stored history entries, those of the deleted histories reduced to what stays of them."""
    kept: list[bytes] = []
    gone: dict[int, list[bytes]] = {history: [] for history in deleted}
    for history, packed in entries_in(chunk):
        if history in gone:
            gone[history].append(packed)
        else:
            kept.append(stored_entry(history, packed))
    for history, parts in gone.items():
        kept.append(stored_entry(history, forgotten(b"".join(parts))))
    return b"".join(kept)


def forgotten(history: bytes) -> bytes:
    """What stays of a deleted incident's history. Fenced when no event of it is the deletion."""
    stone = tombstone(unpack_all(history), known_hashes(history))
    if stone is None:
        raise Fenced(
            "the store no longer has the deletion of an incident that is deleted in memory; it "
            "was set back to an earlier state"
        )
    sent = (replace(entry, content="").packed() for entry in sent_of(history).values())
    return b"".join((stone, *sent))
