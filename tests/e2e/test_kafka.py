"""Two workers on Kafka with Redis: events in, alerts read by a consumer that knows no engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chaos import backlog
from tests.chaos.scene import scene
from tests.services.kafka import KafkaBroker
from tests.services.redis import RedisKind, RedisServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

INCIDENTS = 3_000
TARGET_S = 25


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


def test_a_restart_with_a_backlog_lets_no_false_breach_out(
    kafka_broker: KafkaBroker, kafka_name: str, redis: RedisServer
) -> None:
    redis.wipe()
    policies = backlog.policies(TARGET_S)
    with scene(kafka_broker, redis, kafka_name, policies=policies, measured=True) as made:
        caught = backlog.caught_up(made, INCIDENTS, TARGET_S)
    assert caught.is_right, caught.text()
