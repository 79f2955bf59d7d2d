"""What stays of a deleted incident's history: that it was deleted, and hashes of its events.

The stored history becomes one packed `incident.deleted` that names tenant and incident and has no
other text (its source and id are empty), and a TOMBSTONE entry, so that an event that comes once
more is known as a duplicate and any other is refused:

    format (1 byte), then per event the hash of (source, id) and the content hash, u64 each
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping

from sla_engine.errors import EventError
from sla_engine.event.cloudevent import text
from sla_engine.event.layout import DecodedBatch, EventType, Member
from sla_engine.event.packed import DEFAULT, opaque_payloads, pack_opaque
from sla_engine.event.unpack import VERSION
from sla_engine.event.varints import varint
from sla_engine.limits import TIME_MIN_MS

FORMAT = 1

_CONTENT = struct.Struct("<Q")
_HASHES = struct.Struct("<QQ")


def known_hashes(history: bytes) -> dict[int, int]:
    """By hash of (source, id) the content hash of each event in a history's tombstones."""
    known: dict[int, int] = {}
    for payload in opaque_payloads(history, EventType.TOMBSTONE):
        if payload[:1] != bytes((FORMAT,)) or (len(payload) - 1) % _HASHES.size:
            raise EventError(
                f"a stored tombstone is not of format {FORMAT}: start the version that wrote it, "
                "or replay the log into an empty store",
                code="BAD_PACKED",
            )
        for identity, content in _HASHES.iter_unpack(payload[1:]):
            known.setdefault(identity, content)
    return known


def is_forgotten(history: bytes) -> bool:
    """Whether a history is that of a deleted incident, rewritten."""
    return any(True for _ in opaque_payloads(history, EventType.TOMBSTONE))


def tombstone(batch: DecodedBatch, known: Mapping[int, int]) -> bytes | None:
    """What the events of a deleted incident are rewritten to; None when none of them deletes it.

    `known` are the hashes that a former tombstone of the same incident holds.
    """
    events = batch.events
    deletions = [row for row in range(len(events)) if events["type"][row] == EventType.DELETED]
    if not deletions:
        return None
    first = min(deletions, key=lambda row: int(events["time"][row]))
    hashes = dict(known)
    said = events[events["source"] != 0]  # a former tombstone's deletion has no source
    for identity, content in zip(said["id"].tolist(), said["content"].tolist(), strict=True):
        hashes.setdefault(identity, content)
    return _deletion(batch, first) + _entry(hashes.items())


def _deletion(batch: DecodedBatch, row: int) -> bytes:
    """The packed event of a row with its tenant and subject and no other text."""
    event = batch.events[row]
    first = int(event["span"])
    tenant, subject = (
        text(batch.data, batch.spans[first + member]).encode()
        for member in (Member.TENANT, Member.SUBJECT)
    )
    runs = (b"" if tenant == DEFAULT else tenant, subject, b"", b"")
    body = b"".join(
        (
            bytes((VERSION, EventType.DELETED, 0)),
            varint(int(event["time"]) - TIME_MIN_MS),
            varint(int(event["sequence"]) + 1),
            _CONTENT.pack(0),
            *(varint(len(run)) + run for run in runs),
        )
    )
    return varint(len(body)) + body


def _entry(hashes: Iterable[tuple[int, int]]) -> bytes:
    payload = b"".join(_HASHES.pack(*pair) for pair in hashes)
    return pack_opaque(EventType.TOMBSTONE, bytes((FORMAT,)) + payload)
