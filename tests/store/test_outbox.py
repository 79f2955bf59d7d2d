"""Alerts wait in the outbox until the log has them; what is trimmed never comes back."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sla_engine.errors import StoreError
from tests.store.worlds import PARTITION, World

Entry = tuple[int, int]
fresh_partitions = count(100)


def ids(entries: list[tuple[str, bytes]]) -> list[str]:
    return [entry_id for entry_id, _ in entries]


def test_trimming_drops_entries_up_to_and_including(world: World) -> None:
    owner = world.worker()
    owner.commit(outbox=(b"a", b"b"))
    owner.commit(outbox=(b"c", b"d", b"e"))
    owner.trim_outbox("2-1")
    assert owner.outbox() == [("2-2", b"e")]
    owner.trim_outbox("2-2")
    assert owner.outbox() == []


def test_trimming_can_remember_the_alerts_position(world: World) -> None:
    owner = world.worker()
    owner.commit(outbox=(b"a", b"b"))
    owner.trim_outbox("1-0", alerts_position=17)
    owner.trim_outbox("", alerts_position=18)
    assert ids(owner.outbox()) == ["1-1"]
    owner.trim_outbox("1-1", alerts_position=-1)
    assert owner.store.header(PARTITION)[0].alerts_position == 18


def test_a_trim_sent_again_or_late_brings_nothing_back(world: World) -> None:
    owner = world.worker()
    owner.commit(outbox=tuple(b"%d" % i for i in range(12)))
    for upto in ("1-10", "1-10", "1-9", "1-2"):
        owner.trim_outbox(upto)
        assert ids(owner.outbox()) == ["1-11"]


def test_what_is_not_written_yet_cannot_be_trimmed(world: World) -> None:
    owner = world.worker()
    owner.commit(outbox=(b"a",))
    with pytest.raises(StoreError, match="partition 3: trim point 2 is behind the last entry 1"):
        owner.trim_outbox("2-0", alerts_position=9)
    owner.commit(outbox=(b"b",))
    assert ids(owner.outbox()) == ["1-0", "2-0"]
    assert owner.store.header(PARTITION)[0].alerts_position == -1


def test_reading_goes_on_behind_an_id(world: World) -> None:
    owner = world.worker()
    owner.commit(outbox=(b"a", b"b"))
    owner.commit()
    owner.commit(outbox=(b"c",))
    assert ids(owner.outbox("1-0")) == ["1-1", "3-0"]
    assert ids(owner.outbox("1-1")) == ["3-0"]
    assert ids(owner.outbox("2-0")) == ["3-0"]
    assert ids(owner.outbox("3-0")) == []
    assert ids(owner.outbox(limit=2)) == ["1-0", "1-1"]


def test_an_outbox_trimmed_empty_goes_on(world: World) -> None:
    owner = world.worker()
    owner.commit(outbox=(b"a",))
    owner.trim_outbox("1-0")
    owner.claim()
    owner.commit(outbox=(b"b",))
    assert owner.outbox() == [("2-0", b"b")]


@pytest.mark.parametrize("size", [1, 255, 256, 257, 512, 1_000])
def test_a_burst_is_read_whole_and_in_slices(world: World, size: int) -> None:
    owner = world.worker()
    owner.commit(outbox=tuple(b"alert %d" % i for i in range(size)))
    whole = [(f"1-{i}", b"alert %d" % i) for i in range(size)]
    assert owner.outbox() == whole
    read: list[tuple[str, bytes]] = []
    while part := owner.outbox(after=read[-1][0] if read else "", limit=100):
        assert len(part) <= 100
        read += part
    assert read == whole


@pytest.mark.parametrize("last", [0, 254, 255, 256, 510, 511, 598, 599])
def test_a_burst_is_trimmed_anywhere(world: World, last: int) -> None:
    owner = world.worker()
    owner.commit(outbox=(b"x",) * 600)
    owner.commit(outbox=(b"y",))
    owner.trim_outbox(f"1-{last}")
    assert ids(owner.outbox()) == [*(f"1-{i}" for i in range(last + 1, 600)), "2-0"]
    owner.trim_outbox("2-0")
    assert owner.outbox() == []


def test_more_commits_than_one_read_carries(world: World) -> None:
    owner = world.worker()
    for _ in range(300):
        owner.commit(outbox=(b"x",))
    assert ids(owner.outbox()) == [f"{sequence}-0" for sequence in range(1, 301)]
    assert ids(owner.outbox("150-0", limit=1)) == ["151-0"]


PLACES = st.tuples(st.integers(0, 5), st.integers(0, 600))


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    sizes=st.lists(st.sampled_from([0, 1, 2, 255, 256, 257, 600]), min_size=1, max_size=5),
    turns=st.lists(st.tuples(PLACES, PLACES), min_size=1, max_size=4),
)
def test_the_outbox_is_a_queue(
    world: World, sizes: list[int], turns: list[tuple[Entry, Entry]]
) -> None:
    owner = world.worker(partition=next(fresh_partitions))
    for size in sizes:
        owner.commit(outbox=(b"x",) * size)
    waiting = [(n, i) for n, size in enumerate(sizes, 1) for i in range(size)]
    sent: Entry = (0, 0)
    for upto, after in turns:
        if upto[0] <= len(sizes):
            owner.trim_outbox(f"{upto[0]}-{upto[1]}")
            sent = max(sent, upto)
        expected = [f"{s}-{i}" for s, i in waiting if (s, i) > max(sent, after)]
        assert ids(owner.outbox(f"{after[0]}-{after[1]}")) == expected
