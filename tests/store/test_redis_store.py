"""What only a real server shows: lost answers, kills, full memory and disks, missing functions."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sla_engine.errors import (
    Fenced,
    PositionLost,
    StoreError,
    StoreRefused,
    StoreUnavailable,
)
from sla_engine.store.library import library
from sla_engine.store.redis_store import RedisStore
from tests.services.redis import RedisServer, StartRedis
from tests.store.worlds import IDENTITY, PARTITION, Worker, everything


@pytest.fixture
def owner(redis_server: RedisServer) -> Iterator[Worker]:
    store = RedisStore(redis_server.url)
    yield Worker(store, b"token", PARTITION).claim()
    store.close()


@pytest.fixture
def impatient(redis_server: RedisServer) -> Iterator[Worker]:
    """A worker that waits a tenth of a second for an answer."""
    store = RedisStore(redis_server.url, timeout_s=0.1)
    yield Worker(store, b"token", PARTITION).claim()
    store.close()


def test_a_commit_whose_answer_was_lost_is_done_once(
    redis_server: RedisServer, impatient: Worker
) -> None:
    commit = impatient.next_commit(b"once", outbox=(b"alert",))
    redis_server.freeze()
    with pytest.raises(StoreUnavailable, match="does not answer"):
        impatient.store.commit([commit])
    redis_server.thaw()
    assert impatient.store.commit([commit]) == [None]
    assert impatient.journal() == [(1, b"once")]
    assert impatient.outbox() == [("1-0", b"alert")]


def test_a_begun_commit_whose_answer_was_lost_is_done_once(
    redis_server: RedisServer, impatient: Worker
) -> None:
    commit = impatient.next_commit(b"once", outbox=(b"alert",))
    redis_server.freeze()
    impatient.store.begin([commit])
    with pytest.raises(StoreUnavailable, match="does not answer"):
        impatient.store.answers()
    redis_server.thaw()
    assert impatient.store.commit([commit]) == [None]
    assert impatient.journal() == [(1, b"once")]
    impatient.store.begin([commit])
    assert impatient.store.answers() == [None]


def test_a_commit_begun_with_a_server_that_is_gone_says_so_when_asked(
    redis_server: RedisServer, owner: Worker
) -> None:
    commit = owner.next_commit(b"later")
    redis_server.stop()
    owner.store.begin([commit])
    with pytest.raises(StoreUnavailable):
        owner.store.answers()
    redis_server.start()
    owner.store.begin([commit])
    assert owner.store.answers() == [None]


def test_a_checkpoint_whose_answer_was_lost_appends_once(
    redis_server: RedisServer, impatient: Worker
) -> None:
    writes = impatient.writes(appends=(("page", b"piece "),))
    redis_server.freeze()
    with pytest.raises(StoreUnavailable):
        impatient.store.checkpoint(writes)
    redis_server.thaw()
    impatient.store.checkpoint(writes)
    assert impatient.store.read(PARTITION, ["page"]) == [b"piece "]


def test_answers_are_never_mixed_up_after_a_timeout(
    redis_server: RedisServer, impatient: Worker
) -> None:
    impatient.store.checkpoint(impatient.writes(puts=(("page", b"page"), ("other", b"other"))))
    redis_server.freeze()
    with pytest.raises(StoreUnavailable):
        impatient.store.read(PARTITION, ["page"])
    redis_server.thaw()
    assert impatient.store.read(PARTITION, ["other"]) == [b"other"]


def test_kill_9_loses_nothing_that_was_acknowledged(
    redis_server: RedisServer, owner: Worker
) -> None:
    def write_until_it_is_gone() -> None:
        while True:
            owner.commit(b"entry %d" % (owner.sequence + 1), outbox=(b"alert",))

    killer = threading.Timer(0.1, redis_server.kill)
    killer.start()
    with pytest.raises(StoreUnavailable):
        write_until_it_is_gone()
    killer.join()
    acknowledged = owner.sequence
    redis_server.restart()
    stored = owner.store.header(PARTITION)[0].sequence
    assert acknowledged > 0
    assert stored in (acknowledged, acknowledged + 1)
    assert owner.journal(limit=stored + 1) == [(n, b"entry %d" % n) for n in range(1, stored + 1)]
    assert owner.outbox() == [(f"{n}-0", b"alert") for n in range(1, stored + 1)]
    owner.commit(b"entry %d" % (acknowledged + 1), outbox=(b"alert",))


def test_state_and_functions_survive_a_restart(redis_server: RedisServer, owner: Worker) -> None:
    owner.commit(outbox=(b"a", b"b"))
    owner.commit()
    owner.store.checkpoint(owner.writes(puts=(("page", b"x"),), extra={"pages": b"1"}, trim_to=2))
    owner.trim_outbox("1-1", alerts_position=7)
    before = everything(owner.store)
    redis_server.stop()
    with pytest.raises(StoreUnavailable):
        owner.store.header(PARTITION)
    redis_server.restart()
    assert everything(owner.store) == before
    owner.claim()
    owner.commit(outbox=(b"c",))
    assert owner.outbox() == [("3-0", b"c")]


def test_a_store_set_back_to_a_copy_refuses_what_does_not_continue_it(
    redis_server: RedisServer, owner: Worker
) -> None:
    owner.commit(b"first")
    copy = redis_server.copy_files()
    owner.commit(b"second")
    redis_server.restore(copy)
    (answer,) = owner.store.commit([owner.next_commit(b"third")])
    assert isinstance(answer, Fenced)
    owner.claim()
    owner.commit(b"second again")
    assert owner.journal() == [(1, b"first"), (2, b"second again")]


def test_functions_that_were_lost_are_loaded_again(
    redis_server: RedisServer, owner: Worker
) -> None:
    with redis_server.client() as client:
        client.function_flush()
        owner.commit()
        client.function_flush()
        owner.store.checkpoint(owner.writes(puts=(("page", b"x"),)))
        client.function_flush()
        owner.store.begin([owner.next_commit(b"begun")])
        assert owner.store.answers() == [None]
        client.function_flush()
        owner.claim()
    assert owner.sequence == 2


def test_a_wiped_server_is_noticed(redis_server: RedisServer, owner: Worker) -> None:
    owner.commit()
    redis_server.wipe()
    (answer,) = owner.store.commit([owner.next_commit()])
    assert isinstance(answer, Fenced)
    assert "nobody has claimed it" in str(answer)
    assert owner.claim().offset == -1


@pytest.mark.parametrize("key", ["h", "j", "o"])
def test_keys_removed_by_hand_are_noticed_at_the_claim(
    redis_server: RedisServer, owner: Worker, key: str
) -> None:
    owner.commit(outbox=(b"alert",))
    with redis_server.client() as client:
        client.delete(f"sla:{{3}}:{key}")
    with pytest.raises(PositionLost, match=r"sla:\{3\}:\*"):
        owner.claim()


def test_keys_written_by_hand_are_noticed_at_the_claim(
    redis_server: RedisServer, owner: Worker
) -> None:
    owner.commit(outbox=(b"alert",))
    with redis_server.client() as client:
        client.xadd("sla:{3}:o", {"d": b""}, id="9-0")
    with pytest.raises(PositionLost, match="do not fit each other"):
        owner.claim()


def test_what_was_trimmed_leaves_no_byte_behind(redis_server: RedisServer, owner: Worker) -> None:
    owner.commit(b"a canary", outbox=(b"a canary",) * 257)
    owner.commit(b"a canary", outbox=(b"a canary",))
    with redis_server.client() as client:
        owner.trim_outbox("1-256")
        assert [entry_id for entry_id, _ in client.xrange("sla:{3}:o")] == [b"2-0"]
        owner.trim_outbox("2-0")
        owner.store.checkpoint(owner.writes(trim_to=2))
        stored = b"".join(client.dump(key) for key in client.keys())
    assert b"canary" not in stored


def test_streams_trimmed_empty_survive_a_rewrite_of_the_files(
    redis_server: RedisServer, owner: Worker
) -> None:
    owner.commit(outbox=(b"alert",) * 300)
    owner.store.checkpoint(owner.writes(trim_to=1))
    owner.trim_outbox("1-299")
    with redis_server.client() as client:
        client.bgrewriteaof()
        while client.info("persistence")["aof_rewrite_in_progress"]:
            pass
    redis_server.kill()
    redis_server.restart()
    owner.claim()
    owner.commit(b"next", outbox=(b"another",))
    assert (owner.journal(), owner.outbox()) == ([(2, b"next")], [("2-0", b"another")])


def test_another_format_is_refused(redis_server: RedisServer, owner: Worker) -> None:
    with redis_server.client() as client:
        client.hset("sla:{3}:h", "format", "2")
    with pytest.raises(StoreRefused, match=r"format 2.*run the release that wrote it"):
        owner.claim()
    owner.commit()


def test_stores_with_different_prefixes_share_a_server(
    redis_server: RedisServer, owner: Worker
) -> None:
    other = RedisStore(redis_server.url, prefix="other:")
    assert other.claim(PARTITION, b"other", IDENTITY).sequence == 0
    owner.commit()
    assert other.header(PARTITION)[0].sequence == 0
    other.close()


def test_every_key_has_the_partition_as_its_hash_tag(
    redis_server: RedisServer, owner: Worker
) -> None:
    owner.commit(outbox=(b"alert",))
    owner.store.checkpoint(owner.writes(puts=(("page:7", b"x"),)))
    with redis_server.client() as client:
        keys = sorted(client.keys())
    assert keys == [b"sla:{3}:b:page:7", b"sla:{3}:h", b"sla:{3}:j", b"sla:{3}:o"]


def test_functions_of_another_release_stay_beside_ours(
    redis_server: RedisServer, owner: Worker
) -> None:
    ours = library()
    older = ours.source.replace(ours.name, "sla_v1_00000000")
    with redis_server.client() as client:
        client.function_load(older)
        owner.store.check()
        names = {item[1].decode() for item in client.function_list()}
    assert names == {ours.name, "sla_v1_00000000"}
    owner.commit()


def test_a_full_server_refuses_commits_and_can_still_be_emptied(start_redis: StartRedis) -> None:
    server = start_redis()
    store = RedisStore(server.url)
    owner = Worker(store, b"token", PARTITION).claim()
    owner.commit(bytes(500_000), outbox=(bytes(100_000),))
    with server.client() as client:
        client.config_set("maxmemory", "100kb")
        before = everything(store)
        with pytest.raises(StoreRefused, match="raise `maxmemory`") as refusal:
            owner.commit()
        assert refusal.value.code == "OOM"
        assert everything(store) == before
        owner.trim_outbox("1-0", alerts_position=1)
        store.checkpoint(owner.writes(puts=(("page", b"x"),), trim_to=1))
        client.config_set("maxmemory", "100mb")
    owner.commit(b"goes on")
    assert (owner.journal(), owner.outbox()) == ([(2, b"goes on")], [])
    store.close()


def test_a_server_that_cannot_write_its_disk_is_named(start_redis: StartRedis) -> None:
    server = start_redis(settings={"save": "3600 1"})
    store = RedisStore(server.url)
    owner = Worker(store, b"token", PARTITION).claim()
    (server.folder / "dump.rdb").mkdir()
    with server.client() as client:
        client.bgsave()
        while client.info("persistence")["rdb_last_bgsave_status"] == "ok":
            pass
    with pytest.raises(StoreRefused, match="disk") as refusal:
        owner.commit()
    assert refusal.value.code == "MISCONF"
    (server.folder / "dump.rdb").rmdir()
    with server.client() as client:
        client.bgsave()
        while client.info("persistence")["rdb_last_bgsave_status"] != "ok":
            pass
    owner.commit()
    store.close()


def test_a_replica_is_waited_for(redis_server: RedisServer, owner: Worker) -> None:
    with redis_server.client() as client:
        client.replicaof("127.0.0.1", 1)
        with pytest.raises(StoreUnavailable, match="read only replica"):
            owner.store.commit([owner.next_commit()])
        client.replicaof("NO", "ONE")
    owner.commit()


def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    store = RedisStore(f"unix://{tmp_path}/nothing.sock")
    with pytest.raises(StoreUnavailable, match=r"nothing\.sock does not answer"):
        store.check()


def test_a_key_of_another_kind_is_an_error_that_names_the_partition(
    redis_server: RedisServer, owner: Worker
) -> None:
    with redis_server.client() as client:
        client.set("sla:{3}:h", "not a hash")
    with pytest.raises(StoreError, match=r"partition 3: .*WRONGTYPE"):
        owner.store.header(PARTITION)
