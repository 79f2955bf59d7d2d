"""Producing to Redis Streams and reading back."""

from __future__ import annotations

import threading

import pytest

from sla_engine.engine.ports import OutRecord
from sla_engine.errors import ConfigError, LogError, LogUnavailable, PositionLost
from sla_engine.stream.murmur2 import partition_of
from sla_engine.stream.redis_streams import RedisLog, redis_log
from sla_engine.stream.redis_streams.client import LogClient, call
from sla_engine.stream.redis_streams.layout import memory_key, pack, stream_key
from sla_engine.stream.redis_streams.producer import RedisProducer
from tests.services.redis import RedisServer, StartRedis


@pytest.fixture
def log(redis_server: RedisServer) -> RedisLog:
    log = redis_log(redis_server.url)
    log.ensure_topics(3)
    return log


def sent(log: RedisLog, *records: OutRecord) -> list[int | None]:
    """Send the records; the offsets they got."""
    producer = log.producer()
    offsets: list[int | None] = []
    for record in records:
        producer.produce(record, lambda r, offset, error: offsets.append(offset))
    assert producer.flush(20.0) == 0
    producer.close()
    return offsets


def test_records_are_read_back_with_key_value_and_headers(log: RedisLog) -> None:
    headers = (("dl-code", b"NOT_JSON"), ("dl-offset", b"17"))
    offsets = sent(
        log,
        OutRecord("dead", 1, b"key", b"value", headers),
        OutRecord("dead", 1, None, None),
    )
    assert offsets == [0, 1]
    first, second = log.reader().read("dead", 1, 0)
    assert (first.partition, first.offset, first.key, first.value) == (1, 0, b"key", b"value")
    assert first.headers == headers
    assert (second.key, second.value, second.headers) == (None, None, ())
    assert first.append_ms > 1_600_000_000_000


def test_the_partition_of_a_key_is_the_one_that_murmur2_says(log: RedisLog) -> None:
    keys = [b"INC%07d" % i for i in range(50)]
    sent(log, *(OutRecord("events", None, key, b"x") for key in keys))
    for partition in range(3):
        found = {record.key for record in log.reader().read("events", partition, -2)}
        assert found == {key for key in keys if partition_of(key, 3) == partition}


def test_a_range_is_read_to_its_end_and_no_further(log: RedisLog) -> None:
    sent(log, *(OutRecord("alerts", 0, b"k", b"%d" % i) for i in range(2_500)))
    sent(log, *(OutRecord("alerts", 0, b"k", b"%d" % i) for i in range(2_500, 2_600)))
    reader = log.reader()
    assert reader.bounds("alerts", 0) == (0, 2_600)
    assert [r.offset for r in reader.read("alerts", 0, 10, 15)] == [10, 11, 12, 13, 14]
    assert [r.value for r in reader.read("alerts", 0, 0)] == [b"%d" % i for i in range(2_600)]
    assert list(reader.read("alerts", 0, 2_600)) == []
    assert list(reader.read("alerts", 2, 0)) == []


def test_reading_from_before_the_beginning_is_an_error(
    redis_server: RedisServer, log: RedisLog
) -> None:
    for _ in range(5):
        sent(log, OutRecord("alerts", 0, b"k", b"v"))
    with redis_server.client() as client:
        client.xtrim(stream_key("alerts", 0), minid="3", approximate=False)
    with pytest.raises(PositionLost, match="offset 1 is gone, the log begins at 3"):
        list(log.reader().read("alerts", 0, 1))
    assert [r.offset for r in log.reader().read("alerts", 0, -2)] == [3, 4]


def test_a_batch_sent_twice_is_there_once(redis_server: RedisServer, log: RedisLog) -> None:
    client = LogClient(redis_server.url)
    record = pack(OutRecord("events", 0, b"k", b"v"))
    keys = [stream_key("incidents", 0), memory_key("incidents", 0, "me")]
    assert client.run(*call("append", keys, 1, 60_000, 2, record * 2)) == b"0"
    assert client.run(*call("append", keys, 1, 60_000, 2, record * 2)) == b"0"
    assert client.run(*call("append", keys, 2, 60_000, 1, record)) == b"2"
    assert log.reader().bounds("events", 0) == (0, 3)


def test_offsets_go_on_when_everything_was_trimmed(
    redis_server: RedisServer, log: RedisLog
) -> None:
    sent(log, *(OutRecord("events", 0, b"k", b"v") for _ in range(5)))
    with redis_server.client() as client:
        client.xtrim(stream_key("incidents", 0), maxlen=0, approximate=False)
    assert log.reader().bounds("events", 0) == (5, 5)
    assert sent(log, OutRecord("events", 0, b"k", b"v")) == [5]


def test_functions_are_loaded_again_when_the_server_lost_them(
    redis_server: RedisServer, log: RedisLog
) -> None:
    with redis_server.client() as client:
        client.execute_command("FUNCTION", "FLUSH", "SYNC")
    assert sent(log, OutRecord("events", 0, b"k", b"v")) == [0]


def test_topics_are_made_once(log: RedisLog) -> None:
    first = log.identity()
    assert first == log.ensure_topics(3)
    assert first.partitions == 3
    assert log.reader().identity("events") == first
    assert log.reader().identity("alerts").topic_id != first.topic_id


def test_another_number_of_partitions_is_refused(log: RedisLog) -> None:
    with pytest.raises(ConfigError, match="has 3 partitions"):
        log.ensure_topics(4)


def test_a_partition_that_does_not_exist_is_refused(log: RedisLog) -> None:
    producer = log.producer()
    with pytest.raises(LogError, match="has 3 partitions, none is 3"):
        producer.produce(OutRecord("events", 3, b"k", b"v"), lambda r, o, e: None)
    producer.close()


def test_a_server_that_is_full_is_waited_for(start_redis: StartRedis) -> None:
    server = start_redis()
    log = redis_log(server.url)
    log.ensure_topics(1)
    producer = log.producer()
    results: list[tuple[int | None, str]] = []
    with server.client() as client:
        client.config_set("maxmemory", "1")
        record = OutRecord("events", 0, b"k", b"v")
        producer.produce(record, lambda r, offset, error: results.append((offset, error)))
        assert producer.flush(0.5) == 1
        client.config_set("maxmemory", "0")
    assert producer.flush(20) == 0
    producer.close()
    assert results == [(0, "")]


def test_what_is_not_acknowledged_in_time_is_reported(
    redis_server: RedisServer, log: RedisLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sla_engine.stream.redis_streams.producer.LOG_TIMEOUT_MS", 100)
    producer = log.producer()
    errors: list[str] = []
    producer.produce(OutRecord("events", 0, b"k", b"v"), lambda r, o, error: errors.append(error))
    assert producer.flush(20) == 0
    redis_server.kill()
    producer.produce(OutRecord("events", 0, b"k", b"v"), lambda r, o, error: errors.append(error))
    assert producer.flush(20) == 0
    producer.close()
    assert errors[0] == ""
    assert "Redis (log)" in errors[1]


def test_a_full_queue_makes_the_caller_wait_and_loses_nothing(log: RedisLog) -> None:
    producer = RedisProducer(log.settings, pending_max=10)
    offsets: list[int | None] = []
    for _ in range(500):
        record = OutRecord("events", 0, b"k", b"v")
        producer.produce(record, lambda r, offset, error: offsets.append(offset))
    assert producer.flush(20) == 0
    producer.close()
    assert offsets == list(range(500))


def test_callbacks_come_from_the_producers_own_thread_and_may_fail(log: RedisLog) -> None:
    producer = log.producer()
    names: list[str] = []

    def acked(record: OutRecord, offset: int | None, error: str) -> None:
        names.append(threading.current_thread().name)
        raise ValueError("a mistake of the engine")

    for _ in range(3):
        producer.produce(OutRecord("events", 0, b"k", b"v"), acked)
    assert producer.flush(20) == 0
    producer.close()
    assert names == ["sla-producer"] * 3


def test_a_closed_producer_takes_nothing_more(log: RedisLog) -> None:
    producer = log.producer()
    producer.produce(OutRecord("events", 0, b"k", b"v"), lambda r, o, e: None)
    producer.close()
    with pytest.raises(LogUnavailable):
        producer.produce(OutRecord("events", 0, b"k", b"v"), lambda r, o, e: None)


def test_an_address_that_cannot_be_is_refused_without_showing_the_password() -> None:
    with pytest.raises(ConfigError) as caught:
        redis_log("rediss//user:secret@host")
    assert "secret" not in str(caught.value)
