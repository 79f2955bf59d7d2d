"""Pages are written behind the journal: all of a call or nothing, and once when sent again."""

from __future__ import annotations

import pytest

from sla_engine.errors import Fenced, StoreError
from tests.store.worlds import PARTITION, World, everything

EVERY_BYTE = bytes(range(256))


def test_a_checkpoint_puts_appends_deletes_and_notes(world: World) -> None:
    owner = world.worker()
    owner.store.checkpoint(
        owner.writes(
            puts=(("page", b"old"), ("gone", b"x")),
            appends=(("history", b"one "),),
            extra={"pages": b"2"},
        )
    )
    owner.store.checkpoint(
        owner.writes(
            puts=(("page", b"new"),),
            appends=(("history", b"two "), ("history", b"three"), ("fresh", b"1")),
            deletes=("gone", "never there"),
            extra={"clock": b"17"},
        )
    )
    names = ["page", "history", "fresh", "gone"]
    assert owner.store.read(PARTITION, names) == [b"new", b"one two three", b"1", None]
    assert owner.store.header(PARTITION)[0].extra == {"pages": b"2", "clock": b"17"}


def test_in_one_call_a_put_comes_first_and_a_delete_last(world: World) -> None:
    owner = world.worker()
    owner.store.checkpoint(owner.writes(puts=(("a", b"before"), ("b", b"before"))))
    owner.store.checkpoint(
        owner.writes(puts=(("a", b"base"), ("b", b"base")), appends=(("a", b"+"),), deletes=("b",))
    )
    assert owner.store.read(PARTITION, ["a", "b"]) == [b"base+", None]


def test_every_byte_of_names_and_blobs_comes_back(world: World) -> None:
    owner = world.worker()
    blob = EVERY_BYTE * 4_000
    owner.store.checkpoint(
        owner.writes(
            puts=(("wheel:2:118", blob), ("größe {x} *?[", EVERY_BYTE)),
            extra={"a:b": EVERY_BYTE, "": b""},
        )
    )
    assert owner.store.read(PARTITION, ["größe {x} *?[", "wheel:2:118"]) == [EVERY_BYTE, blob]
    assert owner.store.header(PARTITION)[0].extra == {"a:b": EVERY_BYTE, "": b""}


def test_many_blobs_come_back_in_the_order_asked_for(world: World) -> None:
    owner = world.worker()
    names = [f"page:{number}" for number in range(300)]
    owner.store.checkpoint(owner.writes(puts=tuple((name, name.encode()) for name in names)))
    asked = [*reversed(names), "none"]
    found = owner.store.read(PARTITION, asked)
    assert found == [*(name.encode() for name in reversed(names)), None]
    assert owner.store.read(PARTITION, []) == []


def test_blobs_of_one_partition_are_not_those_of_another(world: World) -> None:
    one, two = world.worker(partition=1), world.worker(partition=2)
    one.store.checkpoint(one.writes(puts=(("page", b"one"),)))
    assert two.store.read(2, ["page"]) == [None]


def test_trimming_drops_entries_up_to_and_including(world: World) -> None:
    owner = world.worker()
    for number in range(1, 6):
        owner.commit(b"%d" % number)
    owner.store.checkpoint(owner.writes(trim_to=3))
    assert owner.journal() == [(4, b"4"), (5, b"5")]
    assert owner.store.header(PARTITION)[0].trimmed_to == 3


def test_a_trim_point_never_goes_back(world: World) -> None:
    owner = world.worker()
    for _ in range(12):
        owner.commit()
    owner.store.checkpoint(owner.writes(trim_to=10))
    owner.store.checkpoint(owner.writes(trim_to=9))
    assert owner.store.header(PARTITION)[0].trimmed_to == 10
    assert [sequence for sequence, _ in owner.journal()] == [11, 12]


def test_a_journal_trimmed_to_its_end_goes_on(world: World) -> None:
    owner = world.worker()
    owner.commit()
    owner.store.checkpoint(owner.writes(trim_to=1))
    assert owner.journal() == []
    owner.claim()
    owner.commit(b"next")
    assert owner.journal() == [(2, b"next")]


def test_a_commit_sent_again_after_its_entry_was_trimmed_is_refused(world: World) -> None:
    owner = world.worker()
    commit = owner.commit()
    owner.store.checkpoint(owner.writes(trim_to=1))
    assert isinstance(owner.store.commit([commit])[0], Fenced)


def test_a_trim_point_behind_the_last_entry_is_refused(world: World) -> None:
    owner = world.worker()
    owner.commit()
    before = everything(owner.store)
    with pytest.raises(StoreError, match="trim point 2 is behind the last entry 1"):
        owner.store.checkpoint(owner.writes(puts=(("page", b"x"),), trim_to=2))
    assert everything(owner.store) == before


def test_two_equal_appends_are_two_appends(world: World) -> None:
    owner = world.worker()
    for _ in range(2):
        owner.store.checkpoint(owner.writes(appends=(("page", b"same"),)))
    assert owner.store.read(PARTITION, ["page"]) == [b"samesame"]


def test_a_store_that_was_set_back_takes_no_page_of_its_former_future(world: World) -> None:
    owner = world.worker()
    owner.commit(b"first")
    before = everything(owner.store)
    from_later = owner.writes(puts=(("page", b"x"),), appends=(("chunk", b"y"),), after=2)
    with pytest.raises(Fenced, match="entry 2 is not there, the last one is 1"):
        owner.store.checkpoint(from_later)
    assert everything(owner.store) == before
    owner.store.checkpoint(owner.writes(puts=(("page", b"x"),), after=1))
    assert owner.store.read(PARTITION, ["page"]) == [b"x"]
