"""What the tests of the store share: a world of stores on one server, and short ways to write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sla_engine.engine.ports import Checkpoint, Commit, LogIdentity, Store

IDENTITY = LogIdentity("incidents", "topic-id-1", 16)
PARTITION = 3


@dataclass
class World:
    """One server; every `connect()` is a client of its own, as every worker has one."""

    connect: Callable[[], Store]
    stores: list[Store] = field(default_factory=list)

    def store(self) -> Store:
        store = self.connect()
        self.stores.append(store)
        return store

    def worker(self, token: bytes = b"token", partition: int = PARTITION) -> Worker:
        return Worker(self.store(), token, partition).claim()

    def close(self) -> None:
        for store in self.stores:
            store.close()


@dataclass
class Worker:
    """An owner that keeps count, as the engine does."""

    store: Store
    token: bytes
    partition: int
    sequence: int = 0
    offset: int = -1

    def claim(self) -> Worker:
        header = self.store.claim(self.partition, self.token, IDENTITY)
        self.sequence, self.offset = header.sequence, header.next_offset
        return self

    def next_commit(
        self, journal: bytes = b"entry", outbox: tuple[bytes, ...] = (), events: int = 10
    ) -> Commit:
        return Commit(
            self.partition,
            self.token,
            self.sequence + 1,
            self.offset,
            self.offset + events,
            journal,
            outbox,
        )

    def commit(
        self, journal: bytes = b"entry", outbox: tuple[bytes, ...] = (), events: int = 10
    ) -> Commit:
        """Commit and go on; the answer must be "applied"."""
        commit = self.next_commit(journal, outbox, events)
        assert self.store.commit([commit]) == [None]
        self.sequence, self.offset = commit.sequence, commit.next_offset
        return commit

    def writes(
        self,
        *,
        puts: tuple[tuple[str, bytes], ...] = (),
        appends: tuple[tuple[str, bytes], ...] = (),
        deletes: tuple[str, ...] = (),
        extra: dict[str, bytes] | None = None,
        trim_to: int | None = None,
        after: int = 0,
    ) -> Checkpoint:
        return Checkpoint(
            self.partition, self.token, puts, appends, deletes, extra or {}, trim_to, after
        )

    def journal(self, after: int = 0, limit: int = 100) -> list[tuple[int, bytes]]:
        return self.store.journal(self.partition, after, limit)

    def outbox(self, after: str = "", limit: int = 10_000) -> list[tuple[str, bytes]]:
        return self.store.outbox(self.partition, after, limit)

    def trim_outbox(self, upto: str, alerts_position: int = -1) -> None:
        self.store.trim_outbox(self.partition, self.token, upto, alerts_position)


def everything(store: Store, partition: int = PARTITION) -> object:
    """All a reader can see of a partition, to show that nothing changed."""
    names = ["page", "other"]
    return (
        store.header(partition),
        store.journal(partition, 0, 1_000),
        store.outbox(partition, "", 10_000),
        store.read(partition, names),
    )
