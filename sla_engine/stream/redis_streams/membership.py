"""Membership of a group in Redis: who is alive, who may read which partition.

The server keeps one record per group (see functions.lua). A member beats several times per
session time-out and gets three lists: partitions it may read, those it holds but has to let go,
those it will get once their holders have. A partition changes hands only when its holder lets
it go or has been silent for the session time-out; a holder that wakes up after that is harmless,
since the store refuses its writes (design section 3, promise 5).
"""

from __future__ import annotations

import os
import platform
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sla_engine.stream.redis_streams.client import LogClient, call
from sla_engine.stream.redis_streams.layout import RedisSettings

BEATS_PER_SESSION: Final = 6
SOON_S: Final = 0.1
"""How soon to beat again while another member still holds one of ours."""


@dataclass(frozen=True, slots=True)
class Share:
    """A member's part of the partitions."""

    readable: frozenset[int]
    to_release: frozenset[int]
    to_come: frozenset[int]


class Membership:
    """One member of a group; synchronous calls, each one round trip."""

    def __init__(self, settings: RedisSettings, partitions: int) -> None:
        self._settings = settings
        self._partitions = partitions
        self._client = LogClient(settings.url)
        self._keys = [settings.members(), settings.assignment()]
        self.name = f"{platform.node()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"

    @property
    def interval_s(self) -> float:
        """Time between two beats."""
        return self._settings.session_timeout_ms / 1000 / BEATS_PER_SESSION

    def beat(self) -> Share:
        """Say that this member is alive; its part as of now."""
        timeout_ms = self._settings.session_timeout_ms
        command = call("beat", self._keys, self.name, timeout_ms, self._partitions)
        return Share(*(frozenset(map(int, part)) for part in self._client.run(*command)))

    def release(self, partitions: Iterable[int]) -> None:
        """Partitions that this member no longer reads."""
        self._client.run(*call("release", self._keys, self.name, *sorted(partitions)))

    def leave(self) -> None:
        """Leave the group; everything was let go before."""
        self._client.run(*call("leave", self._keys, self.name))

    def close(self) -> None:
        """Close the connection."""
        self._client.close()
