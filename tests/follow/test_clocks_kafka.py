"""The compacted topic on Kafka, beside a worker in memory whose clocks it tells."""

from __future__ import annotations

import orjson

from sla_engine.follow.clocks import ClockStream, still
from sla_engine.follow.model import Model
from sla_engine.policy import load_text
from sla_engine.stream.kafka.log import KafkaLog, kafka_log
from tests.follow.desk import PARTITIONS, POLICIES, Desk
from tests.follow.test_clocks import expected
from tests.services.kafka import CALL_S, KafkaBroker


def follow(desk: Desk, log: KafkaLog) -> int:
    """A process that brings the topic up to date, and ends; how many records it wrote."""
    model = Model(desk.store(), PARTITIONS, lambda: load_text(POLICIES))
    producer = log.producer()
    try:
        stream = ClockStream(model, producer, PARTITIONS)
        stream.read(log.reader())
        busy = True
        while busy or model.behind:
            busy = False
            for number in range(PARTITIONS):
                changes = model.step(number)
                busy = busy or bool(changes.rows)
                stream.take(number, changes)
        assert stream.flush()
        return stream.produced
    finally:
        producer.close()


def test_the_topic_is_compacted_and_has_every_clock(
    kafka_broker: KafkaBroker, kafka_name: str
) -> None:
    log = kafka_log(
        kafka_broker.bootstrap,
        events=f"{kafka_name}-events",
        alerts=f"{kafka_name}-alerts",
        dead=f"{kafka_name}-dead",
        clocks=f"{kafka_name}-clocks",
        group=f"{kafka_name}-group",
    )
    log.ensure_topics(PARTITIONS)
    desk = Desk()
    for n in range(20):
        desk.send("created", f"I{n}", {"customer": "ACME"})
    desk.worker.catch_up()
    assert follow(desk, log) == 40
    assert follow(desk, log) == 0
    desk.at("09:40")
    desk.send("resolved", "I3")
    desk.send("deleted", "I4")
    desk.worker.catch_up()
    assert follow(desk, log) > 0
    told: dict[bytes, bytes | None] = {}
    for partition in range(PARTITIONS):
        for record in log.reader().read("clocks", partition, -2):
            assert record.key is not None
            told[record.key] = record.value
    gone = {key for key, value in told.items() if value is None}
    assert gone == {key for key in told if b"/I4/" in key}
    assert len(gone) == 2
    left = {key: still(orjson.loads(value)) for key, value in told.items() if value}
    assert left == {key: d for key, d in expected(desk).items() if b"/I4/" not in key}
    from confluent_kafka.admin import ConfigResource, ResourceType  # type: ignore[attr-defined]

    resource = ConfigResource(ResourceType.TOPIC, f"{kafka_name}-clocks")
    admin = kafka_broker.admin()
    found = admin.describe_configs([resource])[resource].result(timeout=CALL_S)
    assert found["cleanup.policy"].value == "compact"
