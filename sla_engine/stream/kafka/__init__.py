"""The event log on Kafka."""

from sla_engine.stream.kafka.log import KafkaLog, kafka_log

__all__ = ["KafkaLog", "kafka_log"]
