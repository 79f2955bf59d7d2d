"""The store's twin in memory: same rules, no server; set back and broken at will by tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import Final

from sla_engine.engine.ports import Checkpoint, Commit, Header, LogIdentity
from sla_engine.errors import Fenced, StoreError, StoreUnavailable
from sla_engine.store.calls import Calls, assert_sound
from sla_engine.store.keys import START, outbox_id
from sla_engine.store.memory_server import MemoryServer, Snapshot

NO_PARTITION: Final = -1


class Fault(Enum):
    """What happens to one call."""

    NONE = "none"
    BEFORE = "before"
    """StoreUnavailable, nothing was done."""
    AFTER = "after"
    """StoreUnavailable, but it was done: the answer was lost."""


Faults = Callable[[str, int], Fault]
"""Asked at every call with the method's name and the partition (-1: none)."""


class PlannedFaults:
    """Faults told beforehand: `faults.plan("commit", Fault.AFTER)` breaks the next commit."""

    def __init__(self) -> None:
        self._plan: dict[str, list[Fault]] = {}

    def plan(self, call: str, *faults: Fault) -> None:
        """What happens to the next calls of this name, one after the other."""
        self._plan.setdefault(call, []).extend(faults)

    def __call__(self, call: str, partition: int) -> Fault:
        waiting = self._plan.get(call)
        return waiting.pop(0) if waiting else Fault.NONE


def no_faults(call: str, partition: int) -> Fault:
    """Every call succeeds."""
    return Fault.NONE


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


class MemoryStore:
    """`sla_engine.engine.ports.Store` on a MemoryServer; several stores may share one.

    A pipelined commit asks for a fault once per commit: a connection can break in between.
    """

    def __init__(
        self,
        server: MemoryServer | None = None,
        *,
        faults: Faults = no_faults,
        now_ms: Callable[[], int] = _wall_ms,
    ) -> None:
        self.server = MemoryServer() if server is None else server
        self._faults = faults
        self._now_ms = now_ms
        self._calls = Calls()
        self._begun: list[Exception | None] | StoreError = []

    def snapshot(self) -> Snapshot:
        """A copy of all that is stored, as a copy of Redis's files would be."""
        return self.server.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Set the server back to that copy; the copy stays as it is."""
        self.server.restore(snapshot)

    def check(self) -> None:
        """Memory evicts nothing; that it persists nothing is what it is for."""

    def claim(self, partition: int, token: bytes, identity: LogIdentity) -> Header:
        """Become the owner. PositionLost, with nothing changed, if the state is another log's."""
        assert token, "an empty token fences nobody"
        with self._call("claim", partition):
            header = self.server.claim(partition, token, identity)
        self._calls.answered(partition)
        return header

    def header(self, partition: int) -> tuple[Header, bytes]:
        """Header and owner token; `Header()` and an empty token if it was never claimed."""
        with self._call("header", partition):
            return self.server.header(partition)

    def commit(self, commits: Sequence[Commit]) -> list[Exception | None]:
        """Apply each; a commit that is in the store already, to the byte, counts as applied."""
        for commit in commits:
            assert_sound(commit)
        return [self._commit(commit) for commit in commits]

    def begin(self, commits: Sequence[Commit]) -> None:
        """Commit at once; `answers` tells how it went."""
        try:
            self._begun = self.commit(commits)
        except StoreError as error:
            self._begun = error

    def answers(self) -> list[Exception | None]:
        """What the commits that were begun came to."""
        if isinstance(self._begun, StoreError):
            raise self._begun
        return self._begun

    def journal(self, partition: int, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Entries with sequence > `after`, ascending, at most `limit`."""
        with self._call("journal", partition):
            return self.server.journal(partition, after, limit)

    def checkpoint(self, writes: Checkpoint) -> None:
        """Puts, then appends, then deletes, then `extra`, then the trim, in one step."""
        call = self._calls.name(writes)
        with self._call("checkpoint", writes.partition):
            self.server.checkpoint(writes, call)
        self._calls.answered(writes.partition)

    def read(self, partition: int, names: Sequence[str]) -> list[bytes | None]:
        """Named blobs in the order asked for; None where there is none."""
        with self._call("read", partition):
            return self.server.read(partition, names)

    def outbox(self, partition: int, after: str, limit: int) -> list[tuple[str, bytes]]:
        """(id, entry) with id > `after` ("": from the start), ascending, at most `limit`."""
        with self._call("outbox", partition):
            return self.server.outbox(partition, outbox_id(after) if after else START, limit)

    def trim_outbox(self, partition: int, token: bytes, upto: str, alerts_position: int) -> None:
        """Drop entries up to and including `upto` ("": none); -1 leaves the alerts position."""
        last = outbox_id(upto) if upto else START
        with self._call("trim_outbox", partition):
            self.server.trim_outbox(partition, token, last, alerts_position)

    def put_shared(self, name: str, blob: bytes) -> None:
        """Write once: again with the same bytes is nothing, with others a StoreError."""
        with self._call("put_shared", NO_PARTITION):
            self.server.put_shared(name, blob)

    def shared(self, prefix: str) -> dict[str, bytes]:
        """Every shared blob whose name begins with `prefix`."""
        with self._call("shared", NO_PARTITION):
            return self.server.shared(prefix)

    def time_ms(self) -> int:
        """The clock given at the start, in milliseconds since 1970."""
        with self._call("time_ms", NO_PARTITION):
            return self._now_ms()

    def close(self) -> None:
        """Nothing is held."""

    def _commit(self, commit: Commit) -> Fenced | None:
        with self._call("commit", commit.partition):
            try:
                self.server.commit(commit)
            except Fenced as refusal:
                return refusal
        return None

    @contextmanager
    def _call(self, name: str, partition: int) -> Iterator[None]:
        fault = self._faults(name, partition)
        if fault is Fault.BEFORE:
            raise StoreUnavailable(f"the store in memory was told to fail before `{name}`")
        yield
        if fault is Fault.AFTER:
            raise StoreUnavailable(f"the store in memory was told to lose the answer to `{name}`")
