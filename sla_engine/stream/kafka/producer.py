"""The producer port on librdkafka: idempotent, acks=all, no lingering, its own thread."""

from __future__ import annotations

import logging
import threading
import time
from functools import partial
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Message
from confluent_kafka import Producer as Client

from sla_engine.engine.ports import Acked, OutRecord
from sla_engine.errors import LogUnavailable
from sla_engine.limits import LOG_TIMEOUT_MS, OUTBOX_PENDING_MAX
from sla_engine.stream.acking import tell
from sla_engine.stream.kafka.faults import ALL_DOWN, FATAL, TRANSPORT, from_librdkafka
from sla_engine.stream.kafka.settings import KafkaSettings
from sla_engine.stream.link import Link

POLL_S: Final = 0.05
ROOM_S: Final = 2 * LOG_TIMEOUT_MS / 1000
"""A full queue empties itself by acknowledgements or time-outs long before this."""

log = logging.getLogger(__name__)


class KafkaProducer:
    """See `ports.Producer`. Callbacks come from its own thread."""

    def __init__(self, settings: KafkaSettings, *, pending_max: int = OUTBOX_PENDING_MAX) -> None:
        self._settings = settings
        self._pending_max = pending_max
        self._link = Link("Kafka (producer)", log)
        self._client = self._connect()
        self._lock = threading.Lock()
        self._room = threading.Condition()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="sla-producer", daemon=True)
        self._thread.start()

    def produce(self, record: OutRecord, acked: Acked) -> None:
        """Queue a record; waits only while the local queue is full.

        `acked` gets the offset, or an error text once librdkafka has given up (30 s without an
        acknowledgement, or a refusal): never silence. LogUnavailable if the queue stays full.
        """
        arguments: dict[str, Any] = {
            "topic": self._settings.topic(record.topic),
            "key": record.key,
            "value": record.value,
            "headers": list(record.headers),
            "on_delivery": partial(self._delivered, record, acked),
        }
        if record.partition is not None:
            arguments["partition"] = record.partition
        deadline = time.monotonic() + ROOM_S
        while True:
            client = self._client
            try:
                client.produce(**arguments)
                return
            except BufferError:
                if time.monotonic() > deadline or self._closed.is_set():
                    raise LogUnavailable(
                        f"Kafka: {self._pending_max} records wait for an acknowledgement and none"
                        f" came for {ROOM_S:g} s"
                    ) from None
                with self._room:
                    self._room.wait(POLL_S)
            except KafkaException as error:
                self._begin_anew(client, error)

    def flush(self, timeout_s: float) -> int:
        """Wait until all is acknowledged or given up; how many records still are not."""
        deadline = time.monotonic() + timeout_s
        with self._room:
            # Not librdkafka's flush: that would run the callbacks in the calling thread.
            while (waiting := len(self._client)) and time.monotonic() < deadline:
                self._room.wait(min(POLL_S, max(0.0, deadline - time.monotonic())))
        return waiting

    def close(self) -> None:
        """Wait shortly for what is on its way, then end; the rest is reported as failed."""
        if self._closed.is_set():
            return
        self.flush(LOG_TIMEOUT_MS / 1000)
        self._client.purge()
        self.flush(POLL_S)
        self._closed.set()
        self._thread.join()

    def _connect(self) -> Client:
        return Client(
            {
                **self._settings.librdkafka("producer"),
                "linger.ms": 0,
                "acks": "all",
                "enable.idempotence": True,
                "partitioner": "murmur2_random",
                "compression.type": self._settings.compression,
                "message.timeout.ms": LOG_TIMEOUT_MS,
                "queue.buffering.max.messages": self._pending_max,
                "error_cb": self._failed,
            }
        )

    def _poll(self) -> None:
        while not self._closed.is_set():
            if self._client.poll(POLL_S):
                with self._room:
                    self._room.notify_all()

    def _delivered(
        self, record: OutRecord, acked: Acked, error: KafkaError | None, message: Message
    ) -> None:
        if error is None:
            self._link.answered()
            tell(acked, record, message.offset(), "")
        else:
            tell(acked, record, None, f"{error.name()}: {error.str()}")

    def _failed(self, error: KafkaError) -> None:
        if error.name() == ALL_DOWN:
            self._link.lost(error.str())
        elif error.name() not in TRANSPORT:
            log.warning("Kafka (producer): %s", error.str())

    def _begin_anew(self, failed: Client, error: KafkaException) -> None:
        """A fatal error ends an idempotent producer for good: replace it, once.

        What it still held is reported as failed, so whoever keeps the records sends them again.
        """
        reason: KafkaError = error.args[0]
        if not reason.fatal() and reason.name() != FATAL:
            raise from_librdkafka(reason, "produce") from error
        with self._lock:
            if self._client is failed:
                log.warning("Kafka (producer): beginning anew after %s", reason.str())
                self._client = self._connect()
                failed.purge()
                failed.flush(POLL_S)
