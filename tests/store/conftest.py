"""Fixtures: `world` runs a test over memory, Redis and Valkey alike."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sla_engine.store.memory import MemoryStore
from sla_engine.store.memory_server import MemoryServer
from sla_engine.store.redis_store import RedisStore
from tests.services.redis import RedisKind, RedisServer
from tests.store.worlds import World

BACKENDS = ["memory", *(pytest.param(kind, marks=pytest.mark.redis) for kind in RedisKind)]


@pytest.fixture(scope="session", params=BACKENDS, ids=str)
def _backend(request: pytest.FixtureRequest) -> Iterator[RedisServer | None]:
    """A server for the run, or None for memory."""
    if request.param == "memory":
        yield None
        return
    with RedisServer(request.param) as server:
        yield server


@pytest.fixture
def world(_backend: RedisServer | None) -> Iterator[World]:
    """An empty store of each kind and any number of clients of it."""
    if _backend is None:
        memory = MemoryServer()
        world = World(lambda: MemoryStore(memory))
    else:
        _backend.wipe()
        url = _backend.url
        world = World(lambda: RedisStore(url))
    yield world
    world.close()
