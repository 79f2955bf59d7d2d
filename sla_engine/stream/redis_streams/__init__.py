"""The event log on Redis Streams: one machine, nothing to install, the same ports as Kafka."""

from sla_engine.stream.redis_streams.log import RedisLog, redis_log

__all__ = ["RedisLog", "redis_log"]
