"""Dead letters over HTTP, page by page in the order in which they lie."""

from __future__ import annotations

from typing import Any

from sla_engine.api.cursor import cursor_of, parts_of
from sla_engine.engine.ports import LogReader
from sla_engine.errors import PositionLost
from sla_engine.follow.dead import letter_of

READ_AT_ONCE = 1_000
"""Letters looked at for one page: of a rare code a page may be short, or empty, and go on."""


def letters(
    reader: LogReader, partitions: int, code: str | None, limit: int, cursor: str | None
) -> dict[str, Any]:
    """A page of dead letters, of one code or of all; `next` is null at the end."""
    partition, offset = parts_of(cursor, "dead", (int, int)) if cursor else (0, -1)
    found: list[dict[str, Any]] = []
    looked_at = 0
    while 0 <= partition < partitions:
        first, end = reader.bounds("dead", partition)
        start = max(first, offset)
        if start < end:
            try:
                for record in reader.read("dead", partition, start, end):
                    offset = record.offset + 1
                    looked_at += 1
                    letter = letter_of(record)
                    if code in (None, letter.code):
                        found.append(letter.shown())
                    if len(found) == limit or looked_at == READ_AT_ONCE:
                        return {"letters": found, "next": cursor_of("dead", partition, offset)}
            except PositionLost:
                continue  # trimmed while it was read: go on where it begins now
        partition, offset = partition + 1, -1
    return {"letters": found, "next": None}
