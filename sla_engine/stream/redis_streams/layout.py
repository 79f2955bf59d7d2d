"""Keys, entries and settings of a log on Redis Streams.

One stream per partition; an entry holds the records that one call appended, so that a batch costs
the server and the reader little more than a record. Its id is `<offset of the first>-<count>`.
The value of its one field, all little-endian, is the first offset and the append time (int64 each,
set by the server), then per record: length of key, of value (-1 for null) and of the headers
(int32 each), key, value, headers; a header is the lengths of name and value, name and value.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sla_engine.engine.ports import OutRecord, StoredRecord
from sla_engine.errors import ConfigError

PREFIX: Final = "sla:log"
STAMP: Final = struct.Struct("<qq")
LENGTHS: Final = struct.Struct("<iii")
PAIR: Final = struct.Struct("<ii")
STAMP_BYTES: Final = STAMP.size
LENGTHS_BYTES: Final = LENGTHS.size

BATCH_RECORDS: Final = 1_000
BATCH_BYTES: Final = 1024 * 1024
"""Bounds of one entry: a longer call would hold up every other client of the server."""


@dataclass(frozen=True, slots=True)
class RedisSettings:
    """Where the log is, its topics by role, and the times that govern membership."""

    url: str
    topics: Mapping[str, str]
    group: str = "sla-engine"
    session_timeout_ms: int = 6_000
    claim_timeout_ms: int = 60_000
    wait_ms: int = 250
    """How long a read waits for the next record: `end_seen` comes at least this often."""
    commit_interval_ms: int = 3_000
    keep_events: int = 100_000
    """Events per partition that stay after the engine has made them durable."""

    def topic(self, role: str) -> str:
        """The topic with that role."""
        try:
            return self.topics[role]
        except KeyError:
            raise ConfigError(f"no topic is configured for {role!r}") from None

    def members(self) -> str:
        """Key of the sorted set of the group's members."""
        return f"{PREFIX}:{{{self.group}}}:members"

    def assignment(self) -> str:
        """Key of the hash of who reads which partition."""
        return f"{PREFIX}:{{{self.group}}}:partitions"

    def positions(self) -> str:
        """Key of the hash of the advisory positions."""
        return f"{PREFIX}:{{{self.group}}}:positions"


def topic_key(topic: str) -> str:
    """Key of the hash with a topic's random id and its partition count."""
    return f"{PREFIX}:{topic}"


def stream_key(topic: str, partition: int) -> str:
    """Key of the stream of a partition; `{p}` is the hash tag, as in the store."""
    return f"{PREFIX}:{{{partition}}}:{topic}"


def memory_key(topic: str, partition: int, producer: str) -> str:
    """Key of what the log remembers of a producer's last batch."""
    return f"{stream_key(topic, partition)}:from:{producer}"


def behind(offset: int) -> str:
    """The id after which the entry that begins with `offset` comes next."""
    return f"{offset}-0"


def first_of(entry_id: bytes) -> int:
    """The offset with which an entry begins."""
    return int(entry_id.partition(b"-")[0])


def pack(record: OutRecord) -> bytes:
    """A record as an entry holds it."""
    key, value = record.key, record.value
    headers = b""
    for name, content in record.headers:
        encoded = name.encode()
        headers += PAIR.pack(len(encoded), len(content)) + encoded + content
    lengths = LENGTHS.pack(
        -1 if key is None else len(key), -1 if value is None else len(value), len(headers)
    )
    return b"".join((lengths, key or b"", value or b"", headers))


def unpack(entry: bytes, partition: int) -> Iterator[StoredRecord]:
    """The records of an entry with their headers."""
    offset, append_ms = STAMP.unpack_from(entry)
    pos = STAMP_BYTES
    while pos < len(entry):
        key_size, value_size, headers_size = LENGTHS.unpack_from(entry, pos)
        key, pos = _piece(entry, pos + LENGTHS_BYTES, key_size)
        value, pos = _piece(entry, pos, value_size)
        headers = tuple(_headers(entry[pos : pos + headers_size]))
        pos += headers_size
        yield StoredRecord(partition, offset, append_ms, key, value, headers)
        offset += 1


def _piece(entry: bytes, pos: int, size: int) -> tuple[bytes | None, int]:
    return (None, pos) if size < 0 else (entry[pos : pos + size], pos + size)


def _headers(data: bytes) -> Iterator[tuple[str, bytes]]:
    pos = 0
    while pos < len(data):
        name_size, content_size = PAIR.unpack_from(data, pos)
        pos += PAIR.size
        content_at = pos + name_size
        yield data[pos:content_at].decode(), data[content_at : content_at + content_size]
        pos = content_at + content_size
