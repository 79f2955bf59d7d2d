"""The reader port on Redis Streams."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sla_engine.engine.ports import LogIdentity, StoredRecord
from sla_engine.errors import PositionLost
from sla_engine.stream.redis_streams.client import LogClient
from sla_engine.stream.redis_streams.layout import RedisSettings, behind, stream_key, unpack
from sla_engine.stream.redis_streams.topics import Topics

PAGE_ENTRIES: Final = 16


class RedisReader:
    """See `ports.LogReader`. Topics are given by role. Any thread."""

    def __init__(self, settings: RedisSettings) -> None:
        self._settings = settings
        self._client = LogClient(settings.url)
        self._topics = Topics(settings, self._client)

    def identity(self, topic: str) -> LogIdentity:
        """What a position in that topic belongs to."""
        return self._topics.identity(self._settings.topic(topic))

    def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        """Earliest and end offset."""
        return self._topics.bounds(self._settings.topic(topic), partition)[partition]

    def read(
        self, topic: str, partition: int, start: int, end: int | None = None
    ) -> Iterator[StoredRecord]:
        """Records from `start` (-2: the earliest) up to `end`; PositionLost if `start` is gone."""
        earliest, log_end = self.bounds(topic, partition)
        end = log_end if end is None else min(end, log_end)
        position = earliest if start < 0 else start
        if position < earliest:
            raise PositionLost(
                f"{self._settings.topic(topic)}[{partition}]: offset {position} is gone, the log"
                f" begins at {earliest}"
            )
        stream = stream_key(self._settings.topic(topic), partition)
        after = behind(self._topics.entry_of(self._settings.topic(topic), partition, position))
        while position < end:
            entries = self._client.run("XRANGE", stream, f"({after}", "+", "COUNT", PAGE_ENTRIES)
            for entry_id, (_, entry) in entries:
                after = entry_id.decode()
                for record in unpack(entry, partition):
                    if position <= record.offset < end:
                        yield record
                    position = max(position, record.offset + 1)
            if not entries:
                return

    def close(self) -> None:
        """Close the connection."""
        self._client.close()
