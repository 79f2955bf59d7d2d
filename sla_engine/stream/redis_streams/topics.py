"""Topics of a log on Redis Streams: a random id and a partition count each."""

from __future__ import annotations

import uuid

from sla_engine.engine.ports import LogIdentity
from sla_engine.errors import ConfigError, LogError
from sla_engine.stream.redis_streams.client import UNKNOWN_TOPIC, LogClient, call
from sla_engine.stream.redis_streams.layout import RedisSettings, stream_key, topic_key


class Topics:
    """Makes topics, tells their identity and their bounds."""

    def __init__(self, settings: RedisSettings, client: LogClient) -> None:
        self._settings = settings
        self._client = client

    def ensure(self, partitions: int) -> LogIdentity:
        """Every configured topic, made if missing; the identity of the events topic.

        ConfigError when one exists with another number of partitions.
        """
        for topic in self._settings.topics.values():
            command = call("create", [topic_key(topic)], uuid.uuid4().hex, partitions)
            _, found = self._client.run(*command)
            if int(found) != partitions:
                raise ConfigError(
                    f"the log {topic} has {int(found)} partitions, kafka.partitions is"
                    f" {partitions}: set it to {int(found)}, or start with an empty data folder"
                )
        return self.identity(self._settings.topic("events"))

    def identity(self, topic: str) -> LogIdentity:
        """Name, id and partition count; LogError UNKNOWN_TOPIC if there is none."""
        topic_id, partitions = self._client.run("HMGET", topic_key(topic), "id", "partitions")
        if topic_id is None:
            raise LogError(
                f"Redis (log): there is no log {topic}: start a worker once, which makes it",
                code=UNKNOWN_TOPIC,
            )
        return LogIdentity(topic, topic_id.decode(), int(partitions))

    def bounds(self, topic: str, *partitions: int) -> dict[int, tuple[int, int]]:
        """Earliest and end offset of each partition."""
        commands = [call("bounds", [stream_key(topic, p)]) for p in partitions]
        answers = self._client.run_all(commands)
        return {
            p: (int(earliest), int(end))
            for p, (earliest, end) in zip(partitions, answers, strict=True)
        }

    def entry_of(self, topic: str, partition: int, offset: int) -> int:
        """First offset of the entry that holds `offset`; `offset` itself if none does."""
        stream = stream_key(topic, partition)
        found = self._client.run("XREVRANGE", stream, offset, "-", "COUNT", 1)
        if not found:
            return offset
        entry_id = found[0][0]
        first, _, count = entry_id.partition(b"-")
        return int(first) if offset < int(first) + int(count) else offset
