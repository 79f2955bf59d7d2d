"""The reader of MONITOR notices a write under a token that is not the last claim's."""

from __future__ import annotations

from sla_engine.engine.ports import Commit, LogIdentity
from sla_engine.store.redis_store import RedisStore
from tests.chaos.writes import Watch, Writes
from tests.services.redis import RedisServer

IDENTITY = LogIdentity("events", "one", 1)


def entry(token: bytes, sequence: int) -> Commit:
    return Commit(0, token, sequence, sequence - 2, sequence - 1, b"journal")


def two_owners(server: RedisServer, *, forgotten: bool) -> Writes:
    """Ann claims and writes, Ben claims, Ann tries once more; the store may forget Ben."""
    server.wipe()
    watch = Watch(server.socket)
    store = RedisStore(server.url)
    try:
        store.claim(0, b"ann", IDENTITY)
        assert store.commit([entry(b"ann", 1)]) == [None]
        store.claim(0, b"ben", IDENTITY)
        if forgotten:
            with server.client() as client:
                client.hset(client.keys("*{0}:h")[0], "token", b"ann")
        (refusal,) = store.commit([entry(b"ann", 2)])
        assert (refusal is None) == forgotten
    finally:
        store.close()
    return watch.stop()


def test_a_late_write_that_was_refused_is_not_stale(redis_server: RedisServer) -> None:
    found = two_owners(redis_server, forgotten=False)
    assert found == Writes(claims=2, done=1, refused=1, stale=0)


def test_a_late_write_that_was_done_is_stale(redis_server: RedisServer) -> None:
    found = two_owners(redis_server, forgotten=True)
    assert found == Writes(claims=2, done=2, refused=0, stale=1)
