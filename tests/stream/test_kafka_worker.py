"""A worker on a real broker: what it delivers, when it holds back, and how it ends."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator

import pytest
from confluent_kafka import Producer, TopicPartition

from sla_engine.engine.ports import OutRecord
from sla_engine.errors import LogError, LogUnavailable, PositionLost, StoreUnavailable
from sla_engine.stream.kafka import KafkaLog, kafka_log
from tests.services.kafka import KafkaBroker, StartKafka
from tests.stream.inboxes import MemoryInbox
from tests.stream.running import running, until

pytestmark = pytest.mark.filterwarnings("error")
SESSION_MS = 1_500


def log_on(bootstrap: str, name: str, **settings: object) -> KafkaLog:
    """A log with topics and group of the test's own."""
    arguments: dict[str, object] = {
        "events": name,
        "alerts": f"{name}.alerts",
        "dead": f"{name}.dead",
        "group": name,
        "replication": 1,
        "session_timeout_ms": SESSION_MS,
        "heartbeat_ms": SESSION_MS // 5,
    }
    return kafka_log(bootstrap, **(arguments | settings))  # type: ignore[arg-type]


@pytest.fixture
def kafka(kafka_broker: KafkaBroker, kafka_name: str) -> KafkaLog:
    """A log of the test's own with two partitions."""
    log = log_on(kafka_broker.bootstrap, kafka_name)
    log.ensure_topics(2)
    return log


Send = Callable[..., None]


@pytest.fixture
def send(kafka: KafkaLog) -> Iterator[Send]:
    """`send(partition, value, ...)`: returns when the broker has them."""
    producer = kafka.producer()

    def send(partition: int, *values: bytes | None) -> None:
        failed: list[str] = []
        for value in values:
            record = OutRecord("events", partition, b"key", value)
            producer.produce(record, lambda r, offset, error: failed.append(error))
        assert producer.flush(20.0) == 0
        assert not any(failed)

    yield send
    producer.close()


def trim(broker: KafkaBroker, topic: str, earliest: int) -> None:
    """Remove the records of partition 0 before `earliest`."""
    admin = broker.admin()
    for future in admin.delete_records([TopicPartition(topic, 0, earliest)]).values():
        future.result(timeout=20)


def numbered(n: int) -> list[bytes]:
    return [b"%d" % i for i in range(n)]


def test_everything_on_the_log_arrives_in_order(kafka: KafkaLog, send: Send) -> None:
    send(0, *numbered(500))
    send(1, b"other", None, b"")
    inbox = MemoryInbox()
    with running(kafka.make_worker(inbox)):
        until(inbox, lambda: inbox.received() == 503, "all records")
        send(0, b"later")
        until(inbox, lambda: inbox.next_offset[0] == 501, "the record sent meanwhile")
    assert inbox.values == {0: [*numbered(500), b"later"], 1: [b"other", None, b""]}


def test_the_end_of_the_log_is_told_again_and_again_when_nothing_comes(
    kafka: KafkaLog, send: Send
) -> None:
    send(0, b"one")
    inbox = MemoryInbox()
    with running(kafka.make_worker(inbox)):
        until(inbox, lambda: inbox.ends == {0: 1, 1: 0}, "both ends")
        seen = inbox.ends_seen
        until(inbox, lambda: inbox.ends_seen >= seen + 6, "three more answers about each")


def test_reading_begins_at_the_stored_positions(kafka: KafkaLog, send: Send) -> None:
    send(0, *numbered(10))
    inbox = MemoryInbox(stored={0: 7})
    with running(kafka.make_worker(inbox)):
        until(inbox, lambda: inbox.received() == 3, "the records from the position on")
    assert inbox.values == {0: [b"7", b"8", b"9"]}


def test_a_partition_is_claimed_before_it_is_read_and_revoked_after_the_last(
    kafka: KafkaLog, send: Send
) -> None:
    send(0, b"one")
    inbox = MemoryInbox()
    with running(kafka.make_worker(inbox)):
        until(inbox, lambda: inbox.received() == 1, "the record")
    assert inbox.calls == [("assign", (0, 1)), ("revoke", (0, 1))]


def test_nothing_is_delivered_after_the_revocation(kafka: KafkaLog, send: Send) -> None:
    send(0, b"held")
    inbox = MemoryInbox(full=True)
    with running(kafka.make_worker(inbox)):
        until(inbox, lambda: inbox.offered > 3, "repeated offers")
    offered = inbox.offered
    assert inbox.calls[-1] == ("revoke", (0, 1))
    inbox.full = False
    assert inbox.stale == []
    assert (inbox.offered, inbox.received()) == (offered, 0)


def test_what_was_held_before_a_rebalance_is_read_again_by_its_next_owner(
    kafka: KafkaLog, send: Send
) -> None:
    send(0, *numbered(5))
    send(1, *numbered(5))
    ann, ben = MemoryInbox(full=True), MemoryInbox()
    with running(kafka.make_worker(ann)):
        until(ann, lambda: ann.offered > 3, "repeated offers")
        with running(kafka.make_worker(ben)):
            until(ben, lambda: ben.received() == 5, "the second worker's share")
            ann.full = False
            until(ann, lambda: ann.received() == 5, "the first worker's share")
            send(0, b"5")
            send(1, b"5")
            until(ann, lambda: ann.received() == 6, "one more for the first")
            until(ben, lambda: ben.received() == 6, "one more for the second")
    assert ann.stale == ben.stale == []
    assert ann.values.keys() ^ ben.values.keys() == {0, 1}
    assert [*ann.values.values(), *ben.values.values()] == [numbered(6), numbered(6)]


def test_a_full_inbox_loses_nothing_and_mixes_nothing_up(kafka: KafkaLog, send: Send) -> None:
    inbox = MemoryInbox(full=True)
    with running(kafka.make_worker(inbox)):
        until(inbox, lambda: inbox.ends_seen > 0, "the first answer")
        for i in range(20):
            send(i % 2, b"%d" % i)
        offered = inbox.offered
        until(inbox, lambda: inbox.offered > offered + 20, "repeated offers")
        assert inbox.received() == 0
        inbox.full = False
        until(inbox, lambda: inbox.received() == 20, "all records")
    for partition in (0, 1):
        assert inbox.values[partition] == [b"%d" % i for i in range(partition, 20, 2)]


def test_a_partition_that_is_held_does_not_hold_up_its_neighbour(
    kafka: KafkaLog, send: Send
) -> None:
    class OneFull(MemoryInbox):
        def deliver(self, batch):  # type: ignore[no-untyped-def]
            return batch.partition == 1 and super().deliver(batch)

    inbox = OneFull()
    with running(kafka.make_worker(inbox)):
        send(0, b"held")
        until(inbox, lambda: inbox.ends.get(0) == 1, "the held record's answer")
        for i in range(30):
            send(1, b"%d" % i)
            until(inbox, lambda i=i: inbox.next_offset.get(1) == i + 1, "the neighbour's record")
        seen = inbox.ends_seen
        until(inbox, lambda: inbox.ends_seen > seen, "answers about the neighbour")


def test_positions_are_committed_to_the_group(
    kafka_broker: KafkaBroker, kafka: KafkaLog, send: Send
) -> None:
    send(0, *numbered(5))
    inbox = MemoryInbox()
    with running(kafka.make_worker(inbox)):
        until(inbox, lambda: inbox.received() == 5, "the records")
    from confluent_kafka import Consumer

    consumer = Consumer(
        {"bootstrap.servers": kafka_broker.bootstrap, "group.id": kafka.settings.group}
    )
    topic = kafka.settings.topic("events")
    (committed,) = consumer.committed([TopicPartition(topic, 0)], timeout=20)
    consumer.close()
    assert committed.offset == 5


@pytest.mark.parametrize("stored", [2, 11])
def test_a_position_outside_the_log_is_an_error_and_never_reset(
    kafka_broker: KafkaBroker, kafka: KafkaLog, send: Send, stored: int
) -> None:
    send(0, *numbered(10))
    topic = kafka.settings.topic("events")
    trim(kafka_broker, topic, 4)
    inbox = MemoryInbox(stored={0: stored})
    with running(kafka.make_worker(inbox)) as live:
        error = live.failed()
    assert isinstance(error, PositionLost)
    assert f"{topic}[0]" in str(error)
    assert f"is {stored}, the log holds 4 to 10" in str(error)
    assert inbox.received() == 0
    assert inbox.calls[-1] == ("revoke", (0, 1))


def test_a_log_trimmed_under_a_waiting_reader_is_an_error(
    kafka_broker: KafkaBroker, kafka: KafkaLog, send: Send
) -> None:
    send(0, b"first")
    inbox = MemoryInbox(full=True)
    topic = kafka.settings.topic("events")
    with running(kafka.make_worker(inbox)) as live:
        until(inbox, lambda: inbox.ends.get(0) == 1, "the held record's answer")
        send(0, *numbered(9))
        trim(kafka_broker, topic, 8)
        inbox.full = False
        error = live.failed()
    assert isinstance(error, PositionLost)
    assert f"{topic}[0]: the log no longer has offset 1" in str(error)


def test_what_the_engine_refuses_to_claim_ends_the_worker(kafka: KafkaLog) -> None:
    inbox = MemoryInbox(assign_error=PositionLost("another log"))
    with running(kafka.make_worker(inbox)) as live:
        assert str(live.failed()) == "another log"


def test_a_claim_is_repeated_while_the_store_is_away(kafka: KafkaLog, send: Send) -> None:
    send(0, b"one")
    inbox = MemoryInbox(assign_error=StoreUnavailable("away"))
    with running(kafka.make_worker(inbox)):
        until(inbox, lambda: len(inbox.calls) >= 3, "three tries")
        inbox.assign_error = None
        until(inbox, lambda: inbox.received() == 1, "the record")


def test_a_topic_that_does_not_exist_is_named(kafka_broker: KafkaBroker, kafka_name: str) -> None:
    log = log_on(kafka_broker.bootstrap, kafka_name)
    with pytest.raises(LogError, match=kafka_name) as caught:
        log.make_worker(MemoryInbox()).run(signals=False)
    assert caught.value.code == "UNKNOWN_TOPIC"


def test_a_broker_that_is_not_there_is_unavailable_not_wrong() -> None:
    log = log_on("127.0.0.1:1", "nothing")
    with pytest.raises(LogUnavailable):
        log.identity()


def test_a_worker_that_was_stopped_before_it_ran_does_not_start(kafka: KafkaLog) -> None:
    inbox = MemoryInbox()
    worker = kafka.make_worker(inbox)
    worker.stop()
    worker.run(signals=False)
    assert inbox.calls == []


def test_bytes_that_stay_corrupt_end_the_worker_and_name_the_place(
    kafka: KafkaLog, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sla_engine.stream.kafka import decode

    send(0, *numbered(3))
    send(0, *numbered(2))
    sums = itertools.count()
    monkeypatch.setattr(
        decode, "calc_crc32c", lambda data, right=decode.calc_crc32c: right(data) + (next(sums) > 0)
    )
    inbox = MemoryInbox()
    with running(kafka.make_worker(inbox)) as live:
        error = live.failed()
    assert error.code == "LOG_CORRUPT"
    position = inbox.next_offset[0]
    assert f"{kafka.settings.topic('events')}[0] at offset {position}: the checksum" in str(error)
    assert 0 < position < 5


def test_a_flaw_of_the_wire_is_read_again(
    kafka: KafkaLog, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sla_engine.stream.kafka import decode

    send(0, *numbered(3))
    sums = itertools.count()
    monkeypatch.setattr(
        decode, "calc_crc32c", lambda data, right=decode.calc_crc32c: right(data) + (not next(sums))
    )
    inbox = MemoryInbox()
    with running(kafka.make_worker(inbox)):
        until(inbox, lambda: inbox.values.get(0) == numbered(3), "the records")


@pytest.mark.slow
def test_a_broker_that_is_killed_and_comes_back_is_read_on(
    start_kafka: StartKafka, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "sla_engine")
    broker = start_kafka()
    log = log_on(broker.bootstrap, "restart", session_timeout_ms=6_000, heartbeat_ms=1_000)
    log.ensure_topics(2)
    producer = Producer({"bootstrap.servers": broker.bootstrap, "acks": "all", "log_level": 0})
    inbox = MemoryInbox()
    with running(log.make_worker(inbox)):
        until(inbox, lambda: len(inbox.ends) == 2, "the first answers")
        producer.produce("restart", b"before", partition=0)
        producer.flush(20)
        broker.kill()
        producer.produce("restart", b"meanwhile", partition=0)
        broker.start()
        assert producer.flush(30) == 0
        until(inbox, lambda: inbox.next_offset.get(0) == 2, "the record after the restart")
    assert inbox.values[0] == [b"before", b"meanwhile"]
    lost = [r for r in caplog.records if "Kafka does not answer" in r.getMessage()]
    assert len(lost) <= 2


@pytest.mark.slow
def test_a_topic_made_anew_is_another_log(start_kafka: StartKafka) -> None:
    broker = start_kafka()
    log = log_on(broker.bootstrap, "anew")
    log.ensure_topics(1)
    inbox = MemoryInbox()
    with running(log.make_worker(inbox)) as live:
        until(inbox, lambda: inbox.ends == {0: 0}, "the first answer")
        broker.delete_topic("anew")
        broker.create_topic("anew", 1)
        error = live.failed()
    assert isinstance(error, PositionLost)
    assert "deleted and made anew" in str(error)


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-512"])
@pytest.mark.slow
def test_a_login_with_a_password(start_kafka: StartKafka, mechanism: str) -> None:
    broker = start_kafka(users={"sla": "secret"})
    login = {"sasl_mechanism": mechanism, "username": "sla", "password": "secret"}
    log = log_on(broker.sasl_bootstrap, "login", **login)
    log.ensure_topics(1)
    producer, inbox = log.producer(), MemoryInbox()
    with running(log.make_worker(inbox)):
        producer.produce(OutRecord("events", 0, None, b"hello"), lambda r, offset, error: None)
        until(inbox, lambda: inbox.received() == 1, "the record")
    producer.close()
    wrong = log_on(broker.sasl_bootstrap, "login", **(login | {"password": "guess"}))
    with pytest.raises(LogError) as caught:
        wrong.make_worker(MemoryInbox()).run(signals=False)
    assert caught.value.code == "LOG_AUTHENTICATION"
