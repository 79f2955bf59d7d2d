"""No personal byte of a deleted incident in Redis after a round, nor in its AOF after a rewrite."""

from __future__ import annotations

import pytest
import redis

from sla_engine.store.redis_store import RedisStore
from tests.engine.test_forgetting import CANARY, POLICIES, all_said, net_is_clean
from tests.engine.world import MemoryWorker, World
from tests.services.redis import RedisServer, StartRedis
from tests.services.waiting import wait_until


def on_redis(world: World, server: RedisServer) -> MemoryWorker:
    """A worker whose store is the server."""
    worker = world.worker()
    worker.engine.store = RedisStore(server.url)
    return worker.claim(0)


def rewrite(server: RedisServer) -> None:
    with server.client() as client:
        client.bgrewriteaof()
        wait_until(lambda: not _is_rewriting(client), "the file was not rewritten", 10)


def _is_rewriting(client: redis.Redis) -> bool:
    told = client.info("persistence")
    return bool(told["aof_rewrite_in_progress"] or told["aof_rewrite_scheduled"])


def in_files(server: RedisServer) -> bool:
    return any(
        CANARY.encode() in path.read_bytes()
        for path in server.folder.rglob("*")
        if path.is_file() and "aof" in path.name
    )


def in_keys(server: RedisServer) -> bool:
    """Whether any key's serialised form, with what is trimmed but still there, holds it."""
    with server.client() as client:
        return any(CANARY.encode() in (client.dump(key) or b"") for key in client.keys())


# Uncompressed, else the canary could not be seen; streams as they lie in memory, or entry by entry.
@pytest.mark.parametrize("preamble", ["yes", "no"])
def test_neither_redis_nor_its_rewritten_file_has_a_byte_of_it(
    start_redis: StartRedis, preamble: str
) -> None:
    server = start_redis(settings={"rdbcompression": "no", "aof-use-rdb-preamble": preamble})
    world = World(POLICIES)
    worker = on_redis(world, server)
    all_said(world, worker)
    rewrite(server)
    assert in_files(server)
    assert in_keys(server)
    during_a_round(world, worker)
    assert not in_keys(server)
    assert in_files(server)  # the file tells of every write until it is rewritten
    rewrite(server)
    assert not in_files(server)
    server.kill()
    server.start()
    again = on_redis(world, server)
    world.move_to("15:00")
    again.catch_up()
    net_is_clean(world)
    world.send("reopened", "X")
    again.catch_up()
    assert [code for code, _, _ in world.dead()] == ["DELETED"]


def during_a_round(world: World, worker: MemoryWorker) -> None:
    """A checkpoint round with a turn in its middle: the journal is not empty at its end."""
    world.clock.move_to(world.clock.now_ms() + 61_000)
    assert not worker.engine.step()
    assert any(each.is_running for each in worker.engine._housekeeping._rounds.values())
    world.send("commented", "Y", {"author": "agent"})
    worker.feed.deliver(0, 500)
    worker.settle(60)
    assert worker.engine.store.journal(0, 0, 10)
