"""2,000 incidents of the real log through two workers end as `replay` says, on either log.

`python -m tests.e2e.real_log` does the same with all of them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.real_log import Verdict, run
from tests.e2e.real_log_events import Given, given
from tests.services.kafka import KafkaBroker

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

INCIDENTS = 2_000


LOG = Path("data") / "servicenow_incidents" / "incident_event_log.csv.gz"


@pytest.fixture(scope="module")
def told(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Given:
    return given(tmp_path_factory.mktemp("real-log"), shared / LOG, INCIDENTS)


def agrees(verdict: Verdict) -> None:
    assert verdict.is_right, verdict.text()
    assert verdict.clocks > 1_900
    assert verdict.alerts > 3_000
    assert verdict.rows == INCIDENTS


def test_over_redis_streams_on_the_private_server(tmp_path: Path, told: Given) -> None:
    agrees(run("redis", tmp_path, told))


def test_over_kafka(tmp_path: Path, told: Given, kafka_broker: KafkaBroker) -> None:
    agrees(run("kafka", tmp_path, told, kafka_broker))


def test_sent_shuffled_and_doubled(tmp_path: Path, shared: Path) -> None:
    agrees(run("redis", tmp_path, given(tmp_path, shared / LOG, INCIDENTS, disorder=1)))
