"""Who may read which partition: shares are fair, few move, and one reader at a time."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sla_engine.stream.redis_streams.layout import RedisSettings
from sla_engine.stream.redis_streams.membership import Membership, Share
from tests.services.redis import RedisServer

PARTITIONS = 7
numbers = itertools.count()


class Group:
    """Members of one group, driven by hand."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._name = f"group-{next(numbers)}"
        self.members: dict[str, Membership] = {}

    def join(self, name: str, *, timeout_ms: int = 60_000) -> None:
        """A member; `timeout_ms` is how long it waits for the others' beats."""
        settings = RedisSettings(
            self._url,
            {"events": "incidents"},
            group=self._name,
            session_timeout_ms=timeout_ms,
        )
        self.members[name] = Membership(settings, PARTITIONS)

    def beat(self, name: str) -> Share:
        """Beat, and let go of what is to be released, as a worker does."""
        share = self.members[name].beat()
        if share.to_release:
            self.members[name].release(share.to_release)
        return share

    def settle(self) -> dict[str, frozenset[int]]:
        """Two rounds of beats: release, then take."""
        for name in self.members:
            self.beat(name)
        return {name: self.beat(name).readable for name in self.members}


@pytest.fixture
def group(redis_server: RedisServer) -> Group:
    return Group(redis_server.url)


def test_the_first_member_reads_everything(group: Group) -> None:
    group.join("ann")
    assert group.beat("ann") == Share(frozenset(range(PARTITIONS)), frozenset(), frozenset())


def test_a_partition_changes_hands_only_when_it_was_let_go(group: Group) -> None:
    group.join("ann")
    group.beat("ann")
    group.join("ben")
    ben = group.members["ben"].beat()
    assert ben.readable == frozenset()
    assert len(ben.to_come) == 3
    ann = group.members["ann"].beat()
    assert ann.to_release == ben.to_come
    assert ann.readable == frozenset(range(PARTITIONS)) - ben.to_come
    assert group.members["ben"].beat() == ben
    group.members["ann"].release(ann.to_release)
    assert group.members["ben"].beat().readable == ben.to_come


def test_shares_are_even_and_a_leaver_moves_only_its_own(group: Group) -> None:
    for name in ("ann", "ben", "cyd"):
        group.join(name)
    before = group.settle()
    assert sorted(len(share) for share in before.values()) == [2, 2, 3]
    group.members.pop("ben").leave()
    after = group.settle()
    assert sorted(len(share) for share in after.values()) == [3, 4]
    assert after["ann"] >= before["ann"]
    assert after["cyd"] >= before["cyd"]


def test_a_silent_member_loses_its_share_and_finds_out(group: Group) -> None:
    group.join("ann")
    group.beat("ann")
    group.join("ben", timeout_ms=1)
    while len(group.beat("ben").readable) < PARTITIONS:
        continue
    assert group.members["ann"].beat().readable == frozenset()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from("jlb"), st.sampled_from("abcde")), max_size=25))
def test_whatever_happens_no_partition_has_two_readers(
    redis_server: RedisServer, steps: list[tuple[str, str]]
) -> None:
    group = Group(redis_server.url)
    reading: dict[str, frozenset[int]] = {}
    for what, name in steps:
        if what == "j" and name not in group.members:
            group.join(name)
        elif what == "l" and name in group.members:
            reading.pop(name, None)
            group.members.pop(name).leave()
        elif name in group.members:
            share = group.members[name].beat()
            reading[name] = share.readable
            if share.to_release:
                group.members[name].release(share.to_release)
        taken = [p for share in reading.values() for p in share]
        assert len(taken) == len(set(taken))
    if group.members:
        shares = group.settle()
        assert sorted(p for share in shares.values() for p in share) == list(range(PARTITIONS))
        sizes = [len(share) for share in shares.values()]
        assert max(sizes) - min(sizes) <= 1
