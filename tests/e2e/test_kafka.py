"""Two workers on Kafka with Redis: events in, alerts read by a consumer that knows no engine."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from confluent_kafka import Producer

from tests.chaos.checker import read_topic
from tests.chaos.scene import Scene, scene
from tests.services.kafka import KafkaBroker
from tests.services.redis import RedisKind, RedisServer
from tests.services.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

INCIDENTS = 3_000
TARGET_S = 25.0
BACKLOG_POLICIES = "policies: [{name: all, clocks: {resolution: {target: 25s}}}]"


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with RedisServer(RedisKind.REDIS) as server:
        yield server


def test_two_workers_send_what_the_reference_expects(
    kafka_broker: KafkaBroker, kafka_name: str, redis: RedisServer
) -> None:
    redis.wipe()
    with scene(kafka_broker, redis, kafka_name) as made:
        load = made.begin(60, seed=7)
        made.supervise(10)
        verdict = made.end(load)
    assert verdict.due > 100
    assert verdict.is_right, verdict.text()


def send(made: Scene, kind: str, numbers: range) -> None:
    """One event of now for each of these incidents."""
    producer = Producer(
        {"bootstrap.servers": made.broker.bootstrap, "partitioner": "murmur2_random"}
    )
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    for n in numbers:
        event = {
            "specversion": "1.0",
            "id": f"{kind}-{n}",
            "source": "desk",
            "type": f"incident.{kind}",
            "subject": f"I{n}",
            "time": now,
            "data": {"team": "noc"},
        }
        producer.produce(f"{made.name}-events", json.dumps(event).encode(), f"I{n}".encode())
        producer.poll(0)
    assert not producer.flush(60)


def test_a_restart_with_a_backlog_lets_no_false_breach_out(
    kafka_broker: KafkaBroker, kafka_name: str, redis: RedisServer
) -> None:
    redis.wipe()
    with scene(kafka_broker, redis, kafka_name, policies=BACKLOG_POLICIES) as made:
        made.start_workers()
        opened = time.monotonic()
        send(made, "created", range(INCIDENTS))
        for worker in made.crew.workers.values():
            worker.kill()
        # Half of them in time; the clocks of all run out while nobody runs.
        send(made, "resolved", range(0, INCIDENTS, 2))
        assert time.monotonic() - opened < TARGET_S, "this machine is too slow for the test"
        over = opened + TARGET_S + 2
        wait_until(lambda: time.monotonic() > over, "the clocks run out", TARGET_S + 10)
        made.start_workers()
        made.wait_quiet()
        alerts = read_topic(kafka_broker.bootstrap, f"{made.name}-alerts")
    breached = {alert["subject"] for alert in alerts if alert["type"] == "sla.clock.breached"}
    assert breached == {f"I{n}" for n in range(1, INCIDENTS, 2)}
    assert {alert["type"] for alert in alerts} == {"sla.clock.breached"}
