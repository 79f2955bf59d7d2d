"""The reader port on librdkafka: partitions read from outside of any group."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Final

from confluent_kafka import (
    TIMESTAMP_NOT_AVAILABLE,
    Consumer,
    KafkaException,
    Message,
    TopicPartition,
)

from sla_engine.engine.ports import LogIdentity, StoredRecord
from sla_engine.errors import LogUnavailable, PositionLost
from sla_engine.limits import LOG_TIMEOUT_MS
from sla_engine.stream.kafka.admin import TopicAdmin
from sla_engine.stream.kafka.faults import PARTITION_END, from_librdkafka
from sla_engine.stream.kafka.settings import KafkaSettings

CALL_S: Final = LOG_TIMEOUT_MS / 1000
POLL_RECORDS: Final = 1_000
POLL_S: Final = 1.0


class KafkaReader:
    """See `ports.LogReader`. Topics are given by role. Any thread; each read has its own client."""

    def __init__(self, settings: KafkaSettings, admin: TopicAdmin) -> None:
        self._settings = settings
        self._admin = admin
        self._lock = threading.Lock()
        self._idle: list[Consumer] = []

    def identity(self, topic: str) -> LogIdentity:
        """What a position in that topic belongs to."""
        return self._admin.identity(self._settings.topic(topic))

    def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        """Earliest and end offset, asked of the broker."""
        client = self._take()
        try:
            where = TopicPartition(self._settings.topic(topic), partition)
            bounds = client.get_watermark_offsets(where, timeout=CALL_S)
        except KafkaException as error:
            client.close()
            raise from_librdkafka(error.args[0], f"ask for the bounds of {topic}") from error
        self._idle.append(client)
        if bounds is None:
            raise LogUnavailable(f"Kafka: no answer about the bounds of {topic}[{partition}]")
        earliest, end = bounds
        return int(earliest), int(end)

    def read(
        self, topic: str, partition: int, start: int, end: int | None = None
    ) -> Iterator[StoredRecord]:
        """Records from `start` (-2: the earliest) up to `end`; PositionLost if `start` is gone."""
        earliest, log_end = self.bounds(topic, partition)
        end = log_end if end is None else min(end, log_end)
        start = earliest if start < 0 else start
        if start < earliest:
            raise PositionLost(
                f"{self._settings.topic(topic)}[{partition}]: offset {start} is gone, the log"
                f" begins at {earliest}"
            )
        if start >= end:
            return
        client = self._take()
        client.assign([TopicPartition(self._settings.topic(topic), partition, start)])
        try:
            yield from self._records(client, topic, partition, end)
        finally:
            client.unassign()
            self._idle.append(client)

    def close(self) -> None:
        """Close the idle clients."""
        while self._idle:
            self._idle.pop().close()

    def _records(
        self, client: Consumer, topic: str, partition: int, end: int
    ) -> Iterator[StoredRecord]:
        silent_s = 0.0
        while silent_s < CALL_S:
            first = client.poll(POLL_S)
            if first is None:
                silent_s += POLL_S
                continue
            silent_s = 0.0
            # `consume` waits until it has as many as asked for: ask for what is there.
            for message in [first, *client.consume(POLL_RECORDS, timeout=0)]:
                error = message.error()
                if error is None:
                    record = _stored(message, partition)
                    if record.offset >= end:
                        return
                    yield record
                    if record.offset + 1 >= end:
                        return
                elif error.name() == PARTITION_END:
                    # Behind the last record there may be offsets without one.
                    return
                elif not error.retriable():
                    raise from_librdkafka(error, f"read {topic}[{partition}]")
        raise LogUnavailable(f"Kafka: {topic}[{partition}] gave nothing for {CALL_S:g} s")

    def _take(self) -> Consumer:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return Consumer(
            {
                **self._settings.librdkafka("reader"),
                "group.id": f"{self._settings.group}-reader",
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "error",
                "fetch.queue.backoff.ms": 10,
                "check.crcs": self._settings.check_crcs,
            }
        )


def _stored(message: Message, partition: int) -> StoredRecord:
    kind, append_ms = message.timestamp()
    headers = message.headers() or ()
    pairs = headers.items() if isinstance(headers, dict) else headers
    return StoredRecord(
        partition=partition,
        offset=message.offset() or 0,
        append_ms=-1 if kind == TIMESTAMP_NOT_AVAILABLE else append_ms,
        key=_bytes(message.key()),
        value=_bytes(message.value()),
        headers=tuple((name, _bytes(value) or b"") for name, value in pairs),
    )


def _bytes(value: bytes | str | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value
