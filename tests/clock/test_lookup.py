"""Tables from keys to numbers: what hashes to one place is told apart."""

from __future__ import annotations

import numpy as np

from sla_engine.clock.layout import LOOKUP
from sla_engine.clock.lookup import find, mix, pair, put


def places(size: int, key: int) -> int:
    """Where a key lands in an empty table of that size."""
    table = np.zeros(size, LOOKUP)
    put(table, np.uint64(key), 1)
    return int(np.flatnonzero(table["key"])[0])


def test_keys_that_land_in_one_place_are_all_found() -> None:
    size = 16
    keys = [key for key in range(1, 2000) if places(size, key) == size - 2][:5]
    table = np.zeros(size, LOOKUP)
    for value, key in enumerate(keys):
        put(table, np.uint64(key), value)
    assert [find(table, np.uint64(key)) for key in keys] == list(range(5))
    put(table, np.uint64(keys[3]), 99)
    assert find(table, np.uint64(keys[3])) == 99
    assert find(table, np.uint64(5000)) == -1


def test_keys_of_two_numbers_are_their_own_and_never_zero() -> None:
    pairs = {(high, low) for high in (0, 1, 2, 2**31 - 2) for low in (0, 1, 2**32 - 1)}
    keys = {int(pair(high, low)) for high, low in pairs}
    assert len(keys) == len(pairs)
    assert 0 not in keys
    mixed = {int(mix(np.uint64(a), np.uint64(b))) for a in range(40) for b in range(40)}
    assert len(mixed) == 1600
    assert 0 not in mixed
