"""Blobs that belong to no partition: policy texts by version, written once."""

from __future__ import annotations

import time

import pytest

from sla_engine.errors import StoreError
from tests.store.worlds import World

MINUTE_MS = 60_000


def test_shared_blobs_are_found_by_the_beginning_of_their_names(world: World) -> None:
    store = world.store()
    blobs = {"policy/a1": b"one", "policy/b2": bytes(range(256)), "calendar/c3": b""}
    for name, blob in blobs.items():
        store.put_shared(name, blob)
    assert store.shared("policy/") == {"policy/a1": b"one", "policy/b2": bytes(range(256))}
    assert store.shared("") == blobs
    assert world.store().shared("nothing") == {}


@pytest.mark.parametrize("odd", ["*", "a?b", "[x]", "\\", "^-]", "größe "])
def test_a_beginning_is_no_pattern(world: World, odd: str) -> None:
    store = world.store()
    for name in ("plain", "axb", "x", odd + "1"):
        store.put_shared(name, b"blob")
    assert store.shared(odd) == {odd + "1": b"blob"}


def test_a_shared_blob_is_written_once(world: World) -> None:
    store = world.store()
    store.put_shared("policy/a1", b"text")
    store.put_shared("policy/a1", b"text")
    with pytest.raises(StoreError, match=r"policy/a1.*other content"):
        store.put_shared("policy/a1", b"another text")
    assert store.shared("policy/") == {"policy/a1": b"text"}


def test_many_large_blobs_are_all_found(world: World) -> None:
    store = world.store()
    blobs = {f"policy/{number}": bytes([number % 256]) * 2_000 for number in range(600)}
    for name, blob in blobs.items():
        store.put_shared(name, blob)
    assert store.shared("policy/") == blobs


def test_the_store_knows_the_time(world: World) -> None:
    assert abs(world.store().time_ms() - time.time() * 1000) < MINUTE_MS
