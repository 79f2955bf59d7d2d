"""Workers join, leave, die and freeze under load: processed == sent, in order, nothing stale."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer

from tests.services.kafka import KafkaBroker
from tests.stream.team import PARTITIONS, Team, assert_exactly_once

SESSION_MS = 1_500
PAUSE_S = 0.02


class Load:
    """Sends numbered records to all partitions until it is stopped."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self.sent = [0] * PARTITIONS
        settings = {"bootstrap.servers": bootstrap, "linger.ms": 5, "enable.idempotence": True}
        self._producer = Producer({**settings, "log_level": 0})
        self._topic = topic
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(PAUSE_S):
            for partition in range(PARTITIONS):
                for _ in range(5):
                    key = b"%d" % self.sent[partition]
                    self._producer.produce(self._topic, b"value", key, partition=partition)
                    self.sent[partition] += 1
            self._producer.poll(0)
        self._producer.flush()


@pytest.fixture
def topic(kafka_broker: KafkaBroker, kafka_name: str) -> str:
    return kafka_broker.create_topic(kafka_name, PARTITIONS)


@pytest.fixture
def team(kafka_broker: KafkaBroker, topic: str, tmp_path: Path) -> Iterator[Team]:
    settings = {
        "brokers": kafka_broker.bootstrap,
        "topic": topic,
        "session_timeout_ms": SESSION_MS,
    }
    team = Team(tmp_path, settings)
    yield team
    team.close()


@pytest.fixture
def load(kafka_broker: KafkaBroker, topic: str) -> Iterator[Load]:
    load = Load(kafka_broker.bootstrap, topic)
    yield load
    load.stop()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_group_that_changes_all_the_time_loses_and_repeats_nothing(
    team: Team, load: Load
) -> None:
    team.start("ann")
    team.owned_by("ann")
    team.advance("ann")
    ben, cyd = team.start("ben"), team.start("cyd")
    team.owned_by("ann", "ben", "cyd")
    team.advance("ann")
    ben.stop()
    team.owned_by("ann", "cyd")
    team.advance("ann")
    cyd.kill()
    team.owned_by("ann")
    team.advance("ann")
    team.start("dov")
    team.owned_by("ann", "dov")
    team.advance("dov")
    load.stop()
    team.reach("dov", sum(load.sent))
    assert_exactly_once(team.ledger, load.sent)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_worker_frozen_past_its_session_does_no_harm_when_it_wakes(
    team: Team, load: Load
) -> None:
    ann = team.start("ann")
    team.owned_by("ann")
    team.start("ben")
    team.owned_by("ann", "ben")
    team.advance("ben")
    ann.freeze()
    team.owned_by("ben")
    team.advance("ben")
    ann.thaw()
    team.owned_by("ann", "ben")
    team.advance("ann")
    load.stop()
    team.reach("ann", sum(load.sent))
    assert_exactly_once(team.ledger, load.sent)
