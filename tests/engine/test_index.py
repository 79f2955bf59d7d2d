"""The index of incidents: every one is found while it grows, whatever their keys."""

from __future__ import annotations

import numpy as np
import pytest

from sla_engine.engine.inorder import new_incident_row
from sla_engine.engine.partition import Partition
from sla_engine.event.layout import EVENT
from sla_engine.policy import load_text
from sla_engine.policy.tables import RuleBook

BOOK = RuleBook(load_text("policies: [{name: all, clocks: {resolution: {target: 1h}}}]"))
COUNT = 6_000


def keys_spread() -> list[tuple[int, int]]:
    drawn = np.random.default_rng(1).integers(1, 2**63, (COUNT, 2), np.uint64)
    return [(int(a), int(b)) for a, b in drawn]


def keys_that_begin_alike() -> list[tuple[int, int]]:
    """Few places and few upper halves: only the whole key tells them apart."""
    return [((n % 3 + 1 << 32) + n // 3 % 40, n + 1) for n in range(COUNT // 4)]


def enter(partition: Partition, key1: int, key2: int) -> int:
    event = np.zeros(1, EVENT)
    event["key1"], event["key2"] = key1, key2
    _, work, shard = partition.handles()
    return int(new_incident_row(work.value, shard.value, event[0], partition.book.blank))


@pytest.mark.parametrize("keys", [keys_spread(), keys_that_begin_alike()], ids=["spread", "alike"])
def test_every_incident_is_found_at_every_size(keys: list[tuple[int, int]]) -> None:
    partition = Partition(0, BOOK)
    sizes = set()
    for first in range(0, len(keys), 100):
        assert partition.find(*keys[first]) == -1
        partition.reserve(100)
        for row, key in enumerate(keys[first : first + 100], first):
            assert enter(partition, *key) == row
        sizes.add(len(partition.shard.index))
        known = range(0, first + 100, max(1, first // 200))
        assert [partition.find(*keys[row]) for row in known if row < len(keys)] == [
            row for row in known if row < len(keys)
        ]
        assert partition.find(keys[first][0], keys[first][1] ^ 1 << 40) == -1
    assert [partition.find(*key) for key in keys] == list(range(len(keys)))
    assert len(sizes) > 1 or len(keys) < COUNT
    partition.rebuild_index()
    assert [partition.find(*key) for key in keys] == list(range(len(keys)))
