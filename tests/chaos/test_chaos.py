"""Short versions of the parts of `tests.chaos.run`; the full figures take a quarter of an hour."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.chaos import defects, run
from tests.chaos.checker import Verdict
from tests.chaos.rebalance import rebalance
from tests.chaos.scene import scene
from tests.services.kafka import KafkaBroker, StartKafka
from tests.services.redis import RedisKind, RedisServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with RedisServer(RedisKind.REDIS) as server:
        yield server


def played(
    act: run.Act, broker: KafkaBroker, redis: RedisServer, name: str, defect: str = ""
) -> Verdict:
    """Load, the fault, the verdict."""
    redis.wipe()
    with scene(broker, redis, name, defect=defect) as made:
        load = made.begin(50, seed=5)
        act(made, random.Random(5))
        return made.end(load)


def assert_right(verdict: Verdict) -> None:
    assert verdict.due > 50
    assert verdict.is_right, verdict.text()


def test_workers_killed_at_random_moments_lose_no_alert(
    kafka_broker: KafkaBroker, kafka_name: str, redis: RedisServer
) -> None:
    assert_right(played(run.kills(3), kafka_broker, redis, kafka_name))


def test_a_worker_frozen_past_the_session_timeout_does_no_harm(
    kafka_broker: KafkaBroker, kafka_name: str, redis: RedisServer
) -> None:
    assert_right(played(run.freeze, kafka_broker, redis, kafka_name))


def test_redis_set_back_by_ten_seconds_leaves_the_net_alerts_right(
    kafka_broker: KafkaBroker, kafka_name: str, redis: RedisServer
) -> None:
    assert_right(played(run.rollback, kafka_broker, redis, kafka_name))


def test_policies_edited_while_events_stream_count_from_the_same_place_again(
    kafka_broker: KafkaBroker, kafka_name: str, redis: RedisServer
) -> None:
    """Redis is set back over the second of three edits; the reference fold knows all three."""
    assert_right(played(run.edits, kafka_broker, redis, kafka_name))


def test_a_killed_broker_loses_nothing(start_kafka: StartKafka, redis: RedisServer) -> None:
    assert_right(played(run.broker_killed, start_kafka(), redis, "broker"))


def test_a_group_that_never_rests_loses_doubles_and_reorders_nothing(
    kafka_broker: KafkaBroker, kafka_name: str, redis: RedisServer
) -> None:
    assert_right(played(rebalance(1), kafka_broker, redis, kafka_name))


@pytest.mark.parametrize("defect", defects.NAMES)
def test_a_deliberate_defect_is_noticed(
    kafka_broker: KafkaBroker, kafka_name: str, redis: RedisServer, defect: str
) -> None:
    verdict = played(run.defect_run(defect), kafka_broker, redis, kafka_name, defect=defect)
    assert not verdict.is_right
