"""The hash of texts: never 0 but for nothing, every bit counts, no structure shows through."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sla_engine.event.hashing import (
    SEED_ID,
    SEED_KEY1,
    SEED_KEY2,
    event_id,
    hash_bytes,
    hash_text,
    incident_key,
    load_word,
)


def test_nothing_hashes_to_0_and_something_never_does() -> None:
    assert hash_text("") == 0
    assert all(hash_text(text) for text in ("\0", "\0" * 8, "a", "default"))


def test_the_hashes_that_are_stored_stay_as_they_are() -> None:
    """A changed hash would orphan every stored state: this needs a new format version."""
    assert hash_text("default") == 0xFB2240E2F6C84FF1
    assert incident_key("default", "4711")[0] != incident_key("default", "4711")[1]


@settings(deadline=None)
@given(st.binary(max_size=40), st.binary(max_size=9), st.integers(0, 2**64 - 1))
def test_only_the_bytes_of_the_span_count(text: bytes, around: bytes, seed: int) -> None:
    alone = np.frombuffer(text, np.uint8)
    inside = np.frombuffer(around + text + around[::-1], np.uint8)
    expected = hash_bytes(alone, 0, len(text), np.uint64(seed))
    assert hash_bytes(inside, len(around), len(text), np.uint64(seed)) == expected


@settings(deadline=None)
@given(st.binary(min_size=8, max_size=8))
def test_a_word_is_read_low_byte_first_on_any_machine(text: bytes) -> None:
    assert load_word(np.frombuffer(text, np.uint8), 0) == int.from_bytes(text, "little")


@settings(deadline=None)
@given(st.text(), st.text())
def test_keys_and_ids_are_hashes_of_two_texts_with_a_zero_between(a: str, b: str) -> None:
    joined = f"{a}\0{b}"
    assert incident_key(a, b) == (hash_text(joined, SEED_KEY1), hash_text(joined, SEED_KEY2))
    assert event_id(a, b) == hash_text(joined, SEED_ID)


def test_one_flipped_bit_flips_every_bit_of_the_hash_half_the_time() -> None:
    rng = np.random.default_rng(7)
    for length in (3, 7, 8, 9, 20):
        rounds = 2_000 // length
        flips = np.zeros(64)
        for _ in range(rounds):
            text = rng.integers(0, 256, length).astype(np.uint8)
            before = hash_bytes(text, 0, length, np.uint64(1))
            for bit in range(8 * length):
                text[bit // 8] ^= 1 << bit % 8
                changed = before ^ hash_bytes(text, 0, length, np.uint64(1))
                text[bit // 8] ^= 1 << bit % 8
                flips += [changed >> i & 1 for i in range(64)]
        share = flips / (rounds * 8 * length)
        deviation = 0.5 / np.sqrt(rounds * 8 * length)
        assert np.abs(share - 0.5).max() < 6 * deviation


def test_numbered_ids_do_not_meet_in_either_half() -> None:
    """n hashes in 2^32 places meet about n^2 / 2^33 times; structure would make it far more."""
    count = 100_000
    text = "".join(f"INC{number:09}" for number in range(count)).encode()
    data = np.frombuffer(text, np.uint8)
    hashes = np.array([hash_bytes(data, 12 * i, 12, np.uint64(3)) for i in range(count)], np.uint64)
    assert len(np.unique(hashes)) == count
    for half in (hashes & np.uint64(0xFFFFFFFF), hashes >> np.uint64(32)):
        assert count - len(np.unique(half)) < 20
