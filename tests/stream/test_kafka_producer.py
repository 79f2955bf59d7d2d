"""Producing to a real broker and reading back; topics and their identity."""

from __future__ import annotations

import logging
import threading

import pytest
from confluent_kafka import KafkaError, KafkaException

from sla_engine.engine.ports import OutRecord
from sla_engine.errors import ConfigError, LogError, PositionLost
from sla_engine.stream.kafka import KafkaLog
from sla_engine.stream.kafka.producer import KafkaProducer
from sla_engine.stream.murmur2 import partition_of
from tests.services.kafka import KafkaBroker, StartKafka
from tests.stream.test_kafka_worker import log_on, trim


@pytest.fixture
def kafka(kafka_broker: KafkaBroker, kafka_name: str) -> KafkaLog:
    log = log_on(kafka_broker.bootstrap, kafka_name)
    log.ensure_topics(3)
    return log


def sent(log: KafkaLog, *records: OutRecord) -> list[int | None]:
    """Send the records; the offsets they got."""
    producer = log.producer()
    offsets: list[int | None] = []
    for record in records:
        producer.produce(record, lambda r, offset, error: offsets.append(offset))
    assert producer.flush(20.0) == 0
    producer.close()
    return offsets


def test_records_are_read_back_with_key_value_and_headers(kafka: KafkaLog) -> None:
    headers = (("dl-code", b"NOT_JSON"), ("dl-offset", b"17"))
    offsets = sent(
        kafka,
        OutRecord("dead", 1, b"key", b"value", headers),
        OutRecord("dead", 1, None, None),
    )
    assert offsets == [0, 1]
    first, second = kafka.reader().read("dead", 1, 0)
    assert (first.partition, first.offset, first.key, first.value) == (1, 0, b"key", b"value")
    assert first.headers == headers
    assert (second.key, second.value, second.headers) == (None, None, ())
    assert first.append_ms > 1_600_000_000_000


def test_the_partition_of_a_key_is_the_one_that_murmur2_says(kafka: KafkaLog) -> None:
    keys = [b"INC%07d" % i for i in range(50)]
    sent(kafka, *(OutRecord("events", None, key, b"x") for key in keys))
    reader = kafka.reader()
    for partition in range(3):
        found = {record.key for record in reader.read("events", partition, -2)}
        assert found == {key for key in keys if partition_of(key, 3) == partition}


def test_a_range_is_read_to_its_end_and_no_further(kafka: KafkaLog) -> None:
    sent(kafka, *(OutRecord("alerts", 0, b"k", b"%d" % i) for i in range(2_500)))
    reader = kafka.reader()
    assert reader.bounds("alerts", 0) == (0, 2_500)
    assert [r.offset for r in reader.read("alerts", 0, 10, 15)] == [10, 11, 12, 13, 14]
    assert len(list(reader.read("alerts", 0, 0))) == 2_500
    assert list(reader.read("alerts", 0, 2_500)) == []
    assert list(reader.read("alerts", 2, 0)) == []
    reader.close()


def test_two_reads_at_once_do_not_disturb_each_other(kafka: KafkaLog) -> None:
    sent(kafka, *(OutRecord("alerts", i % 2, b"k", b"%d" % i) for i in range(20)))
    reader = kafka.reader()
    pairs = zip(reader.read("alerts", 0, 0), reader.read("alerts", 1, 0), strict=True)
    assert [(even.value, odd.value) for even, odd in pairs] == [
        (b"%d" % i, b"%d" % (i + 1)) for i in range(0, 20, 2)
    ]


def test_reading_from_before_the_beginning_is_an_error(
    kafka_broker: KafkaBroker, kafka: KafkaLog
) -> None:
    sent(kafka, *(OutRecord("alerts", 0, b"k", b"v") for _ in range(5)))
    trim(kafka_broker, kafka.settings.topic("alerts"), 3)
    with pytest.raises(PositionLost, match=r"offset 1 is gone, the log begins at 3"):
        list(kafka.reader().read("alerts", 0, 1))
    assert [r.offset for r in kafka.reader().read("alerts", 0, -2)] == [3, 4]


def test_a_reader_of_an_unknown_topic_says_so(kafka_broker: KafkaBroker, kafka_name: str) -> None:
    reader = log_on(kafka_broker.bootstrap, kafka_name).reader()
    with pytest.raises(LogError, match="create it") as caught:
        reader.identity("alerts")
    assert caught.value.code == "UNKNOWN_TOPIC"


def test_topics_are_made_once_and_dated_by_the_broker(
    kafka: KafkaLog, caplog: pytest.LogCaptureFixture
) -> None:
    first = kafka.identity()
    assert first == kafka.ensure_topics(3)
    assert first.partitions == 3
    assert kafka.reader().identity("events") == first
    assert kafka.reader().identity("alerts").partitions == 3
    assert not caplog.records


def test_another_number_of_partitions_is_refused(kafka: KafkaLog) -> None:
    with pytest.raises(ConfigError, match=r"has 3 partitions,\s+kafka.partitions is 4"):
        kafka.ensure_topics(4)


def test_topics_are_not_made_where_that_is_forbidden(
    kafka_broker: KafkaBroker, kafka_name: str
) -> None:
    log = log_on(kafka_broker.bootstrap, kafka_name, create_topics=False)
    with pytest.raises(LogError, match=r"kafka\.create_topics") as caught:
        log.ensure_topics(1)
    assert caught.value.code == "UNKNOWN_TOPIC"


def test_a_topic_dated_by_its_producers_is_warned_of(
    kafka_broker: KafkaBroker, kafka_name: str, caplog: pytest.LogCaptureFixture
) -> None:
    kafka_broker.create_topic(kafka_name, 1, {"message.timestamp.type": "CreateTime"})
    with caplog.at_level(logging.WARNING):
        log_on(kafka_broker.bootstrap, kafka_name).ensure_topics(1)
    assert f"the topic {kafka_name} takes the producers' clocks" in caplog.text


def test_a_record_the_broker_refuses_is_reported(kafka: KafkaLog) -> None:
    producer = kafka.producer()
    errors: list[str] = []
    told = threading.Event()

    def acked(record: OutRecord, offset: int | None, error: str) -> None:
        errors.append(error)
        told.set()

    producer.produce(OutRecord("events", 99, b"k", b"v"), acked)
    assert told.wait(20)
    producer.close()
    assert "_UNKNOWN_PARTITION" in errors[0]


@pytest.mark.slow
def test_a_producer_goes_on_after_the_broker_was_killed(start_kafka: StartKafka) -> None:
    broker = start_kafka()
    log = log_on(broker.bootstrap, "produce")
    log.ensure_topics(1)
    producer = log.producer()
    results: list[tuple[int | None, str]] = []

    def produce(value: bytes) -> None:
        record = OutRecord("events", 0, b"k", value)
        producer.produce(record, lambda r, offset, error: results.append((offset, error)))

    produce(b"before")
    assert producer.flush(20) == 0
    broker.kill()
    for i in range(10):
        produce(b"%d" % i)
    broker.start()
    assert producer.flush(30) == 0
    producer.close()
    assert results == [(i, "") for i in range(11)]
    values = [record.value for record in log.reader().read("events", 0, 0)]
    assert values == [b"before", *(b"%d" % i for i in range(10))]


def test_a_full_queue_makes_the_caller_wait_and_loses_nothing(kafka: KafkaLog) -> None:
    producer = KafkaProducer(kafka.settings, pending_max=10)
    offsets: list[int | None] = []
    for _ in range(500):
        record = OutRecord("events", 0, b"k", b"v")
        producer.produce(record, lambda r, offset, error: offsets.append(offset))
    assert producer.flush(20) == 0
    producer.close()
    assert offsets == list(range(500))


def test_after_a_fatal_error_a_new_producer_takes_over(
    kafka: KafkaLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        """A client of librdkafka that hit a fatal error."""

        def __init__(self, settings: object) -> None:
            made.append(self)

        def produce(self, **record: object) -> None:
            raise KafkaException(KafkaError(KafkaError._FATAL, "out of order", True))

        def poll(self, timeout: float) -> int:
            return 0

        def purge(self) -> None:
            made.remove(self)

        def flush(self, timeout: float) -> int:
            return 0

    made: list[Broken] = []
    with monkeypatch.context() as patched:
        patched.setattr("sla_engine.stream.kafka.producer.Client", Broken)
        producer = kafka.producer()
    offsets: list[int | None] = []
    record = OutRecord("events", 0, b"k", b"v")
    producer.produce(record, lambda r, offset, error: offsets.append(offset))
    assert producer.flush(20) == 0
    producer.close()
    assert offsets == [0]
    assert made == []


def test_callbacks_come_from_the_producers_own_thread(kafka: KafkaLog) -> None:
    producer = kafka.producer()
    names: set[str] = set()
    for _ in range(10):
        producer.produce(
            OutRecord("events", 0, b"k", b"v"),
            lambda r, o, e: names.add(threading.current_thread().name),
        )
    assert producer.flush(20) == 0
    producer.close()
    assert names == {"sla-producer"}


def test_the_role_of_a_topic_must_be_configured(kafka: KafkaLog) -> None:
    producer = kafka.producer()
    with pytest.raises(ConfigError, match="clocks"):
        producer.produce(OutRecord("clocks", 0, b"k", b"v"), lambda r, o, e: None)
    producer.close()
