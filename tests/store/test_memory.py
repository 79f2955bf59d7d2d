"""The twin in memory can be set back, and broken before or after what it does."""

from __future__ import annotations

import pytest

from sla_engine.errors import StoreUnavailable
from sla_engine.store.memory import Fault, MemoryStore, PlannedFaults
from sla_engine.store.memory_server import MemoryServer
from tests.store.worlds import PARTITION, Worker, everything


@pytest.fixture
def faults() -> PlannedFaults:
    return PlannedFaults()


@pytest.fixture
def owner(faults: PlannedFaults) -> Worker:
    return Worker(MemoryStore(faults=faults), b"token", PARTITION).claim()


def test_a_store_is_set_back_whole(owner: Worker) -> None:
    store = owner.store
    assert isinstance(store, MemoryStore)
    owner.commit(outbox=(b"alert",))
    store.checkpoint(owner.writes(puts=(("page", b"old"),), extra={"pages": b"1"}))
    store.put_shared("policy/a", b"text")
    copy, before = store.snapshot(), everything(store)
    for _ in range(2):
        owner.claim()
        owner.commit(outbox=(b"later",))
        store.checkpoint(owner.writes(puts=(("page", b"new"),), extra={"pages": b"2"}, trim_to=1))
        owner.trim_outbox("1-0", alerts_position=5)
        store.put_shared("policy/b", b"text")
        store.restore(copy)
        assert everything(store) == before
        assert store.shared("") == {"policy/a": b"text"}


def test_a_call_that_failed_before_did_nothing(owner: Worker, faults: PlannedFaults) -> None:
    before = everything(owner.store)
    commit = owner.next_commit(outbox=(b"alert",))
    faults.plan("commit", Fault.BEFORE)
    with pytest.raises(StoreUnavailable, match="fail before `commit`"):
        owner.store.commit([commit])
    assert everything(owner.store) == before
    assert owner.store.commit([commit]) == [None]


def test_a_commit_whose_answer_was_lost_is_done_once(owner: Worker, faults: PlannedFaults) -> None:
    commit = owner.next_commit(outbox=(b"alert",))
    faults.plan("commit", Fault.AFTER, Fault.AFTER)
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="lose the answer to `commit`"):
            owner.store.commit([commit])
    assert owner.store.commit([commit]) == [None]
    assert owner.journal() == [(1, b"entry")]
    assert owner.outbox() == [("1-0", b"alert")]


def test_a_checkpoint_whose_answer_was_lost_appends_once(
    owner: Worker, faults: PlannedFaults
) -> None:
    faults.plan("checkpoint", Fault.AFTER, Fault.BEFORE)
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            owner.store.checkpoint(owner.writes(appends=(("page", b"piece "),)))
    owner.store.checkpoint(owner.writes(appends=(("page", b"piece "),)))
    owner.store.checkpoint(owner.writes(appends=(("page", b"piece "),)))
    assert owner.store.read(PARTITION, ["page"]) == [b"piece piece "]


def test_another_checkpoint_after_a_lost_answer_is_a_new_one(
    owner: Worker, faults: PlannedFaults
) -> None:
    faults.plan("checkpoint", Fault.AFTER)
    with pytest.raises(StoreUnavailable):
        owner.store.checkpoint(owner.writes(appends=(("page", b"one "),)))
    owner.store.checkpoint(owner.writes(appends=(("page", b"two"),)))
    assert owner.store.read(PARTITION, ["page"]) == [b"one two"]


def test_a_connection_can_break_between_two_commits(owner: Worker, faults: PlannedFaults) -> None:
    other = Worker(owner.store, b"token", PARTITION + 1).claim()
    faults.plan("commit", Fault.NONE, Fault.BEFORE)
    with pytest.raises(StoreUnavailable):
        owner.store.commit([owner.next_commit(), other.next_commit()])
    assert (len(owner.journal()), len(other.journal())) == (1, 0)
    assert owner.store.commit([owner.next_commit(), other.next_commit()]) == [None, None]
    assert (len(owner.journal()), len(other.journal())) == (1, 1)


def test_faults_can_be_drawn_for_each_call() -> None:
    asked: list[tuple[str, int]] = []

    def faults(call: str, partition: int) -> Fault:
        asked.append((call, partition))
        return Fault.BEFORE if call == "shared" else Fault.NONE

    store = MemoryStore(faults=faults)
    worker = Worker(store, b"token", PARTITION).claim()
    worker.commit()
    with pytest.raises(StoreUnavailable):
        store.shared("policy/")
    assert asked == [("claim", PARTITION), ("commit", PARTITION), ("shared", -1)]


def test_stores_of_one_server_see_each_other() -> None:
    server = MemoryServer()
    Worker(MemoryStore(server), b"token", PARTITION).claim().commit(b"seen")
    assert MemoryStore(server).journal(PARTITION, 0, 10) == [(1, b"seen")]


def test_time_can_be_virtual() -> None:
    assert MemoryStore(now_ms=lambda: 1_234).time_ms() == 1_234


def test_what_a_reader_changes_stays_with_the_reader(owner: Worker) -> None:
    header, _ = owner.store.header(PARTITION)
    header.sequence = 99
    header.extra["pages"] = b"99"
    assert owner.store.header(PARTITION)[0].sequence == 0
    assert owner.store.header(PARTITION)[0].extra == {}
