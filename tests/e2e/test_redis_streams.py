"""The same program without Kafka: events and alerts on Redis Streams, the state beside them."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from sla_engine.engine.ports import OutRecord
from sla_engine.stream.redis_streams import redis_log
from tests.chaos.checker import judge
from tests.chaos.crew import Crew
from tests.chaos.load import DRAIN_S, POLICIES
from tests.chaos.state import stored_state
from tests.services.redis import RedisServer
from tests.services.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PARTITIONS = 2


class Desk:
    """Sends events of now; those that were acknowledged are the ledger."""

    def __init__(self, log: Any) -> None:
        self.accepted: list[dict[str, Any]] = []
        self._producer = log.producer()
        self._count = 0
        self._lock = threading.Lock()

    def send(self, kind: str, incident: str, data: dict[str, Any]) -> None:
        self._count += 1
        now = time.time_ns() // 1_000_000
        event = {
            "specversion": "1.0",
            "id": str(self._count),
            "source": "desk",
            "sequence": str(self._count),
            "type": f"incident.{kind}",
            "subject": incident,
            "time": written(now),
            "data": data,
        }

        def acked(record: OutRecord, offset: int | None, error: str) -> None:
            assert not error, error
            with self._lock:
                self.accepted.append(event)

        value = json.dumps(event).encode()
        self._producer.produce(OutRecord("events", None, incident.encode(), value), acked)

    def close(self) -> None:
        assert not self._producer.flush(30)
        self._producer.close()


def written(now_ms: int) -> str:
    from sla_engine.event.times import format_time

    return format_time(now_ms)


def test_a_killed_worker_comes_back_and_every_alert_goes_out(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    log = redis_log(redis_server.url)
    identity = log.ensure_topics(PARTITIONS)
    settings = {
        "SLA_REDIS__URL": redis_server.url,
        "SLA_KAFKA__PARTITIONS": str(PARTITIONS),
        "SLA_CHECKPOINT_MS": "1500",
    }
    crew = Crew(tmp_path, POLICIES, settings)
    desk = Desk(log)
    try:
        crew.start("ann")
        crew.wait_owning("ann")
        for n in range(200):
            desk.send("created", f"I{n}", {"team": "noc", "priority": "normal"})
        sent = time.monotonic()
        wait_until(lambda: time.monotonic() > sent + 1, "a second of running", 10)
        for n in range(0, 200, 2):
            desk.send("resolved", f"I{n}", {})
        crew.workers["ann"].kill()
        for n in range(1, 200, 4):
            desk.send("commented", f"I{n}", {"author": "agent"})
        crew.start("ann")
        crew.wait_owning("ann")
        desk.close()
        until_ms = time.time_ns() // 1_000_000 + int(DRAIN_S * 1000)
        drained = time.monotonic() + DRAIN_S + 3
        wait_until(lambda: time.monotonic() > drained, "what is due has left", DRAIN_S + 20)
    finally:
        crew.stop()
    reader = log.reader()
    alerts = []
    for number in range(PARTITIONS):
        first, end = reader.bounds("alerts", number)
        alerts += [json.loads(r.value or b"") for r in reader.read("alerts", number, first, end)]
    stored = stored_state(redis_server.url, identity, POLICIES, until_ms)
    verdict = judge(POLICIES, desk.accepted, until_ms, alerts, stored)
    assert verdict.due > 200
    assert verdict.is_right, verdict.text()
