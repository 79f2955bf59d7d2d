"""Profiles that hold what an attribute says about a person: kept with the partition, and swept.

Where rules compare such an attribute with another one, or in a way that no made-up value answers
alike (policy.stand_in), the profile is the value of the few incidents that say so. It is stored
with their partition, and a checkpoint round drops it when no row and no journal entry has it.

As stored, one after the other: key (u64), length (u32), the profile.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

NAME: Final = "profiles"
"""The partition's blob of them."""

_HEAD: Final = struct.Struct("<QI")


@dataclass
class PersonalProfiles:
    """Those of one partition that the store has, by key."""

    stored: dict[int, bytes] = field(default_factory=dict)
    _needed: set[int] = field(default_factory=set)  # by rows as the round began, or told since

    def begin_round(self, used: Iterable[int]) -> None:
        """A round begins; `used` are the keys of all rows."""
        self._needed = set(used) & self.stored.keys()

    def tell(self, used: Iterable[int]) -> None:
        """A journal entry has rows with these keys."""
        self._needed |= set(used) & self.stored.keys()

    def left(self) -> dict[int, bytes]:
        """What is still needed when the round ends."""
        return {key: profile for key, profile in self.stored.items() if key in self._needed}


def as_stored(profiles: Mapping[int, bytes]) -> bytes:
    """The profiles as the blob keeps them."""
    return b"".join(_HEAD.pack(key, len(told)) + told for key, told in profiles.items())


def as_read(blob: bytes) -> dict[int, bytes]:
    """The inverse of `as_stored`; one that was appended twice is there once."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(blob):
        key, length = _HEAD.unpack_from(blob, at)
        at += _HEAD.size
        found[key] = blob[at : at + length]
        at += length
    return found
