"""A claim makes one owner, and shows what is stored; all other tokens are refused everything."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from sla_engine.engine.ports import Header, LogIdentity, Store
from sla_engine.errors import Fenced, PositionLost
from tests.store.worlds import IDENTITY, PARTITION, Worker, World, everything

Write = Callable[[Worker], object]


def commit(worker: Worker) -> None:
    (answer,) = worker.store.commit([worker.next_commit()])
    if answer is not None:
        raise answer


WRITES: dict[str, Write] = {
    "commit": commit,
    "checkpoint": lambda worker: worker.store.checkpoint(
        worker.writes(puts=(("page", b"stale"),), trim_to=1)
    ),
    "trim_outbox": lambda worker: worker.trim_outbox("1-0", 7),
}


def test_an_unclaimed_partition_has_no_state(world: World) -> None:
    store = world.store()
    assert store.header(PARTITION) == (Header(), b"")
    assert store.journal(PARTITION, 0, 10) == []
    assert store.outbox(PARTITION, "", 10) == []
    assert store.read(PARTITION, ["page"]) == [None]


def test_the_first_claim_finds_nothing_written(world: World) -> None:
    header = world.store().claim(PARTITION, b"token", IDENTITY)
    assert header == Header(next_offset=-1, sequence=0, identity=IDENTITY)


def test_a_claim_shows_what_the_owner_before_wrote(world: World) -> None:
    old = world.worker(b"old")
    old.commit(outbox=(b"alert",), events=10)
    old.commit(events=5)
    old.store.checkpoint(old.writes(extra={"pages": b"7"}, trim_to=1))
    old.trim_outbox("1-0", 42)
    header = world.store().claim(PARTITION, b"new", IDENTITY)
    assert header == Header(
        next_offset=14,
        sequence=2,
        trimmed_to=1,
        alerts_position=42,
        identity=IDENTITY,
        extra={"pages": b"7"},
    )


@pytest.mark.parametrize("name", WRITES)
def test_an_owner_that_lost_its_partition_changes_nothing(world: World, name: str) -> None:
    zombie = world.worker(b"old")
    zombie.commit(outbox=(b"alert",))
    owner = world.worker(b"new")
    before = everything(owner.store)
    with pytest.raises(Fenced, match=r"partition 3: another worker has claimed it"):
        WRITES[name](zombie)
    assert everything(owner.store) == before


@pytest.mark.parametrize("name", WRITES)
def test_nobody_writes_without_a_claim(world: World, name: str) -> None:
    stranger = Worker(world.store(), b"token", PARTITION)
    with pytest.raises(Fenced, match="nobody has claimed it"):
        WRITES[name](stranger)
    assert stranger.store.header(PARTITION) == (Header(), b"")


def test_a_claim_repeated_with_the_same_token_keeps_the_owner(world: World) -> None:
    owner = world.worker()
    owner.commit()
    assert owner.store.claim(PARTITION, owner.token, IDENTITY).sequence == 1
    owner.commit()


def test_partitions_are_claimed_one_by_one(world: World) -> None:
    first, second = world.worker(b"a", partition=1), world.worker(b"b", partition=2)
    first.commit(b"one")
    second.commit(b"two")
    assert first.journal() == [(1, b"one")]
    assert second.journal() == [(1, b"two")]


@pytest.mark.parametrize(
    ("identity", "way_out"),
    [
        (replace(IDENTITY, topic="other"), r"set kafka\.events to `incidents`"),
        (replace(IDENTITY, topic_id="topic-id-2"), "deleted and made anew"),
        (replace(IDENTITY, partitions=32), "give the engine a topic with 16 partitions"),
    ],
    ids=["topic", "topic_id", "partitions"],
)
def test_another_log_is_refused_and_never_reset(
    world: World, identity: LogIdentity, way_out: str
) -> None:
    owner = world.worker()
    owner.commit()
    before = everything(owner.store)
    with pytest.raises(PositionLost, match=f"(?is)partition 3:.*{way_out}.*empty store"):
        world.store().claim(PARTITION, b"other", identity)
    assert everything(owner.store) == before
    owner.commit()


def test_of_two_that_claim_at_once_exactly_one_can_write(world: World) -> None:
    stores = [world.store(), world.store()]
    for turn in range(20):
        tokens = [f"{turn}-{i}".encode() for i in range(2)]
        claim_together(stores, tokens)
        written = [try_to_write(store, token) for store, token in zip(stores, tokens, strict=True)]
        assert sorted(written) == [False, True]
        assert stores[0].header(PARTITION)[1] == tokens[written.index(True)]


def claim_together(stores: list[Store], tokens: list[bytes]) -> None:
    barrier = threading.Barrier(len(stores))

    def claim(store: Store, token: bytes) -> None:
        barrier.wait()
        store.claim(PARTITION, token, IDENTITY)

    threads = [
        threading.Thread(target=claim, args=pair) for pair in zip(stores, tokens, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def try_to_write(store: Store, token: bytes) -> bool:
    header, _ = store.header(PARTITION)
    worker = Worker(store, token, PARTITION, header.sequence, header.next_offset)
    (answer,) = store.commit([worker.next_commit()])
    assert answer is None or isinstance(answer, Fenced)
    return answer is None
