"""Kafka's murmur2, as Java's clients hash a key to its partition (contracts section 5).

Plain Python for single keys; `murmur2_spans` hashes whole batches.
"""

from __future__ import annotations

from typing import Final

SEED: Final = 0x9747B28C
MULTIPLIER: Final = 0x5BD1E995
MASK: Final = 0xFFFFFFFF
POSITIVE: Final = 0x7FFFFFFF


def murmur2(key: bytes) -> int:
    """murmur2 of one key as an unsigned 32-bit number."""
    h = SEED ^ len(key)
    whole = len(key) & ~3
    for pos in range(0, whole, 4):
        k = int.from_bytes(key[pos : pos + 4], "little") * MULTIPLIER & MASK
        h = (h * MULTIPLIER & MASK) ^ ((k ^ k >> 24) * MULTIPLIER & MASK)
    if whole < len(key):
        h = (h ^ int.from_bytes(key[whole:], "little")) * MULTIPLIER & MASK
    h = (h ^ h >> 13) * MULTIPLIER & MASK
    return h ^ h >> 15


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of `key` among `partitions`, the same as every Java client's."""
    return (murmur2(key) & POSITIVE) % partitions
