"""A follower sees what the owner made durable, in order, and knows when it has to start again."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from sla_engine.follow.follower import Follower, News
from sla_engine.store.memory import MemoryStore
from tests.store.worlds import IDENTITY, PARTITION, Worker, World


def page_names(extra: Mapping[str, bytes]) -> list[str]:
    return [f"page:{number}" for number in range(int(extra.get("pages", b"0")))]


def follower_of(world: World) -> Follower:
    return Follower(world.store(), PARTITION, page_names)


def round_trip(owner: Worker, pages: tuple[bytes, ...], trim_to: int) -> None:
    """A checkpoint round in one call."""
    puts = tuple((f"page:{number}", page) for number, page in enumerate(pages))
    extra = {"pages": b"%d" % len(pages)}
    owner.store.checkpoint(owner.writes(puts=puts, extra=extra, trim_to=trim_to))


@pytest.fixture
def owner(world: World) -> Worker:
    return world.worker()


def test_pages_first_then_the_journal_behind_them(world: World, owner: Worker) -> None:
    for number in range(1, 5):
        owner.commit(b"%d" % number)
    round_trip(owner, (b"one", b"two"), trim_to=2)
    follower = follower_of(world)
    loaded = follower.load()
    assert loaded.blobs == {"page:0": b"one", "page:1": b"two"}
    assert loaded.header.identity == IDENTITY
    assert follower.position == 2
    assert follower.poll() == News([(3, b"3"), (4, b"4")])
    assert follower.position == 4


def test_a_poll_brings_only_what_is_new(world: World, owner: Worker) -> None:
    follower = follower_of(world)
    follower.load()
    assert follower.poll() == News()
    owner.commit(b"1")
    assert follower.poll() == News([(1, b"1")])
    assert follower.poll() == News()
    owner.commit(b"2")
    owner.commit(b"3")
    assert follower.poll(limit=1) == News([(2, b"2")])
    assert follower.poll(limit=1) == News([(3, b"3")])


def test_a_page_that_is_not_there_is_none(world: World, owner: Worker) -> None:
    owner.store.checkpoint(owner.writes(extra={"pages": b"2"}))
    assert follower_of(world).load().blobs == {"page:0": None, "page:1": None}


def test_trimming_what_was_read_disturbs_nobody(world: World, owner: Worker) -> None:
    follower = follower_of(world)
    follower.load()
    owner.commit(b"1")
    owner.commit(b"2")
    assert len(follower.poll().entries) == 2
    round_trip(owner, (), trim_to=2)
    assert follower.poll() == News()
    owner.commit(b"3")
    assert follower.poll() == News([(3, b"3")])


@pytest.mark.parametrize("behind", [0, 1], ids=["journal-empty", "journal-goes-on"])
def test_entries_trimmed_unread_ask_for_a_reload(world: World, owner: Worker, behind: int) -> None:
    follower = follower_of(world)
    owner.commit(b"1")
    follower.load()
    follower.poll()
    for number in range(2, 5 + behind):
        owner.commit(b"%d" % number)
    round_trip(owner, (b"page",), trim_to=4)
    assert "trimmed up to 4" in follower.poll().reload
    assert follower.load().blobs == {"page:0": b"page"}
    assert follower.poll().entries == [(5, b"5")] * behind


def test_a_new_owner_goes_on_without_a_reload(world: World, owner: Worker) -> None:
    follower = follower_of(world)
    follower.load()
    owner.commit(b"1")
    assert follower.poll() == News([(1, b"1")])
    world.worker(b"new").commit(b"2")
    assert [follower.poll(), follower.poll()] == [News(), News([(2, b"2")])]


def test_a_new_owner_over_a_position_nobody_can_verify_asks_for_a_reload(
    world: World, owner: Worker
) -> None:
    follower = follower_of(world)
    follower.load()
    world.worker(b"new")
    assert "claimed" in follower.poll().reload
    follower.load()
    assert follower.poll() == News()


def test_a_partition_claimed_for_the_first_time_is_loaded_then(world: World) -> None:
    follower = follower_of(world)
    assert follower.load().blobs == {}
    assert follower.poll() == News()
    world.worker().commit(b"1")
    assert follower.poll().reload
    follower.load()
    assert follower.poll() == News([(1, b"1")])


class TestSetBack:
    """The store goes back to an older copy of itself."""

    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()

    def test_behind_what_was_read(self, store: MemoryStore) -> None:
        owner = Worker(store, b"token", PARTITION).claim()
        owner.commit(b"1")
        copy = store.snapshot()
        owner.commit(b"2")
        follower = Follower(store, PARTITION, page_names)
        follower.load()
        assert len(follower.poll().entries) == 2
        store.restore(copy)
        assert follower.poll().reload == "the store was set back to entry 1"

    def test_and_grown_again_past_what_was_read(self, store: MemoryStore) -> None:
        owner = Worker(store, b"token", PARTITION).claim()
        owner.commit(b"1")
        copy = store.snapshot()
        owner.commit(b"2")
        follower = Follower(store, PARTITION, page_names)
        follower.load()
        assert len(follower.poll().entries) == 2
        store.restore(copy)
        other = Worker(store, b"other", PARTITION).claim()
        other.commit(b"another 2")
        other.commit(b"3")
        assert "claimed" in follower.poll().reload

    def test_to_nothing(self, store: MemoryStore) -> None:
        copy = store.snapshot()
        Worker(store, b"token", PARTITION).claim().commit(b"1")
        follower = Follower(store, PARTITION, page_names)
        follower.load()
        follower.poll()
        store.restore(copy)
        assert follower.poll().reload
