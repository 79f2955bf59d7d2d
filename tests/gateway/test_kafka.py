"""The gateway on Kafka: 202 means that the broker has it, in the partition of its incident."""

from __future__ import annotations

import orjson

from sla_engine.stream.kafka.log import kafka_log
from sla_engine.stream.murmur2 import partition_of
from tests.gateway.serving import event, gateway
from tests.services.kafka import KafkaBroker


def test_a_batch_is_in_the_partitions_of_its_incidents(
    kafka_broker: KafkaBroker, kafka_name: str
) -> None:
    log = kafka_log(
        kafka_broker.bootstrap,
        events=f"{kafka_name}-events",
        alerts=f"{kafka_name}-alerts",
        dead=f"{kafka_name}-dead",
        group=f"{kafka_name}-group",
    )
    partitions = log.ensure_topics(3).partitions
    producer = log.producer()
    try:
        with gateway(producer, partitions=partitions) as door:
            batch = [event(f"{i}", subject=f"s{i % 20}") for i in range(100)]
            assert door.post(batch).status_code == 202
            update = event("c", "customer.updated", subject="ACME", data={"tier": "gold"})
            assert door.post(update).status_code == 202
            found = {
                partition: [
                    (record.key, orjson.loads(record.value or b"")["id"])
                    for record in log.reader().read("events", partition, -2)
                ]
                for partition in range(partitions)
            }
    finally:
        producer.close()
    for partition, records in found.items():
        assert [identity for key, identity in records if key is None] == ["c"]
        assert all(partition_of(key, partitions) == partition for key, _ in records if key)
    ids = [identity for records in found.values() for key, identity in records if key]
    assert sorted(ids, key=int) == [str(i) for i in range(100)]
