"""What every test may use: the real servers, and the texts and data beside the project."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.services.kafka import kafka_broker, kafka_name, start_kafka
from tests.services.process import missing
from tests.services.redis import _session_redis, redis_kind, redis_server, start_redis

__all__ = [
    "_session_redis",
    "kafka_broker",
    "kafka_name",
    "redis_kind",
    "redis_server",
    "shared",
    "shared_dir",
    "start_kafka",
    "start_redis",
]

# How long an example takes depends on the machine and its other work: no verdict hangs on it.
settings.register_profile(
    "project", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("project")

ROOT = Path(__file__).resolve().parent.parent


def shared_dir() -> Path:
    """The folder `shared` beside the project: contracts, golden policies, conformance cases."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        missing("the folder shared", f"put it beside the project, at {folder}")
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that asks for a server is marked with it, so that `test-fast` leaves it out."""
    for item in items:
        names = set(getattr(item, "fixturenames", ()))
        if names & {"kafka_broker", "start_kafka"}:
            item.add_marker("kafka")
        if "redis_kind" in names:
            item.add_marker("redis")


@pytest.fixture(scope="session")
def shared() -> Path:
    """`shared_dir()` as a fixture."""
    return shared_dir()
