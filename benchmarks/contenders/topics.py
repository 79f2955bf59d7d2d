"""The job on a Kafka topic, and what a contender wrote to its topics."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import orjson
from confluent_kafka import Consumer, Producer, TopicPartition

from benchmarks.job.generate import Job, Record
from tests.services.kafka import KafkaBroker

PARTITIONS = 4
STAMPED = {"message.timestamp.type": "LogAppendTime"}


@dataclass(frozen=True)
class Topics:
    """The three topics of one run."""

    broker: KafkaBroker
    run: str

    @property
    def events(self) -> str:
        """What comes in."""
        return f"events-{self.run}"

    @property
    def alerts(self) -> str:
        """What goes out."""
        return f"alerts-{self.run}"

    @property
    def answers(self) -> str:
        """Marks that were reached, and incidents' lines."""
        return f"answers-{self.run}"

    def create(self) -> None:
        """On a broker that runs."""
        self.broker.create_topic(self.events, PARTITIONS)
        self.broker.create_topic(self.alerts, PARTITIONS, STAMPED)
        self.broker.create_topic(self.answers, PARTITIONS, STAMPED)

    def delete(self) -> None:
        """With all their records."""
        for name in (self.events, self.alerts, self.answers):
            self.broker.delete_topic(name)

    def fill(self, job: Job) -> None:
        """The whole job, each partition between its two marks."""
        producer = self._producer()
        self._mark(producer, job, "first", job.begin_ms)
        self._send(producer, job.records())
        self._mark(producer, job, "last", job.end_ms)

    def ask(self, job: Job) -> None:
        """For the state of every incident."""
        self._send(self._producer(), job.asked())

    def _producer(self) -> Producer:
        producer = Producer(
            {
                "bootstrap.servers": self.broker.bootstrap,
                "partitioner": "murmur2_random",
                "enable.idempotence": True,
                "log_level": 0,
                "linger.ms": 20,
                "queue.buffering.max.messages": 200_000,
            }
        )
        producer.list_topics(self.events, timeout=10)
        return producer

    def _mark(self, producer: Producer, job: Job, name: str, at_ms: int) -> None:
        for partition in range(PARTITIONS):
            key, value = job.mark(f"{name}-{partition}", at_ms)
            producer.produce(self.events, value, key, partition)
        producer.flush(30)

    def _send(self, producer: Producer, records: Iterable[Record]) -> None:
        for key, value in records:
            while True:
                try:
                    producer.produce(self.events, value, key)
                    break
                except BufferError:
                    producer.poll(0.1)
        producer.flush(300)


@dataclass
class Output:
    """What a contender has written so far; times are the broker's, in ms since 1970."""

    topics: Topics
    marks: dict[str, int] = field(default_factory=dict)
    lines: dict[str, str] = field(default_factory=dict)
    alerts: set[str] = field(default_factory=set)
    alerts_written: int = 0
    last_alert_ms: int = 0

    def __post_init__(self) -> None:
        settings: dict[str, str | int | bool] = {
            "bootstrap.servers": self.topics.broker.bootstrap,
            "group.id": f"reader-{self.topics.run}",
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 100,
            "log_level": 0,
        }
        self._consumer = Consumer(settings)
        self._consumer.assign(
            [
                TopicPartition(topic, partition, 0)
                for topic in (self.topics.alerts, self.topics.answers)
                for partition in range(PARTITIONS)
            ]
        )

    def read(self, within_s: float = 0.2) -> int:
        """Take what is there; how many records that was."""
        count = 0
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            for message in self._consumer.consume(10_000, 0.05):
                count += 1
                self._take(
                    message.topic() or "",
                    message.key() or b"",
                    message.value() or b"",
                    message.timestamp()[1],
                )
        return count

    def _take(self, topic: str, key: bytes, value: bytes, at_ms: int) -> None:
        if topic == self.topics.alerts:
            self.alerts.add(orjson.loads(value)["id"])
            self.alerts_written += 1
            self.last_alert_ms = max(self.last_alert_ms, at_ms)
        elif key == b"time":
            self.marks.setdefault(value.decode(), at_ms)
        else:
            self.lines[key.decode()] = value.decode()

    def reached(self, name: str) -> list[int]:
        """When each partition's mark of that name was answered, as far as they were."""
        return [at for mark, at in self.marks.items() if mark.startswith(name)]

    def close(self) -> None:
        """End the reader."""
        self._consumer.close()
