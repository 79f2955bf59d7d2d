"""Workers over Redis Streams join, leave, die and freeze: processed == sent, nothing stale."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sla_engine.engine.ports import OutRecord
from sla_engine.stream.redis_streams import RedisLog, redis_log
from tests.services.redis import RedisServer
from tests.stream.team import PARTITIONS, Team, assert_exactly_once

SESSION_MS = 1_500
PAUSE_S = 0.02


class Load:
    """Sends numbered records to all partitions until it is stopped."""

    def __init__(self, log: RedisLog) -> None:
        self.sent = [0] * PARTITIONS
        self.errors: set[str] = set()
        self._producer = log.producer()
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
                    self._producer.produce(
                        OutRecord("events", partition, key, b"value"),
                        lambda r, offset, error: self.errors.add(error),
                    )
                    self.sent[partition] += 1
        self._producer.flush(30)
        self._producer.close()


@pytest.fixture
def team(redis_server: RedisServer, tmp_path: Path) -> Iterator[Team]:
    settings = {"url": redis_server.url, "topic": "load", "session_timeout_ms": SESSION_MS}
    team = Team(tmp_path, settings)
    yield team
    team.close()


@pytest.fixture
def load(redis_server: RedisServer) -> Iterator[Load]:
    log = redis_log(redis_server.url, events="load", group="load")
    log.ensure_topics(PARTITIONS)
    load = Load(log)
    yield load
    load.stop()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_group_that_changes_all_the_time_loses_and_repeats_nothing(
    redis_server: RedisServer, load: Load, team: Team
) -> None:
    ann = team.start("ann")
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
    redis_server.kill()
    redis_server.start()
    team.advance("ann")
    team.start("dov")
    team.owned_by("ann", "dov")
    ann.freeze()
    team.owned_by("dov")
    team.advance("dov")
    ann.thaw()
    team.owned_by("ann", "dov")
    team.advance("ann")
    load.stop()
    assert load.errors == {""}
    team.reach("dov", sum(load.sent))
    assert_exactly_once(team.ledger, load.sent)
