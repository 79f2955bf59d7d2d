"""What the functions inside Redis do, in plain Python: the rules of the store in one place."""

from __future__ import annotations

import copy
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from sla_engine.engine.ports import Checkpoint, Commit, Header, LogIdentity
from sla_engine.errors import Fenced
from sla_engine.store.refusals import another_log, beyond, written_once

PLACE: Final = "memory"

_Entry = tuple[int, int, int, bytes]
"""Journal entry with what tells a repeated commit from another: from, next, outbox count."""


@dataclass(slots=True)
class _Partition:
    """One partition's keys. Python's dicts keep the order of insertion, as streams do."""

    header: Header
    token: bytes
    last_call: bytes = b""
    journal: dict[int, _Entry] = field(default_factory=dict)
    outbox: dict[tuple[int, int], bytes] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A copy of everything a server held at one instant."""

    partitions: dict[int, _Partition]
    shared: dict[str, bytes]


class MemoryServer:
    """The server side of MemoryStore: stores of several workers may share it, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._partitions: dict[int, _Partition] = {}
        self._shared: dict[str, bytes] = {}

    def snapshot(self) -> Snapshot:
        """A copy that later writes do not touch."""
        with self._lock:
            return Snapshot(copy.deepcopy(self._partitions), dict(self._shared))

    def restore(self, snapshot: Snapshot) -> None:
        """Be as the copy says; it can be restored again."""
        with self._lock:
            self._partitions = copy.deepcopy(snapshot.partitions)
            self._shared = dict(snapshot.shared)

    def claim(self, partition: int, token: bytes, identity: LogIdentity) -> Header:
        """Write the token unless the state belongs to another log."""
        with self._lock:
            held = self._partitions.get(partition)
            if held is None:
                held = _Partition(Header(identity=identity), token)
                self._partitions[partition] = held
            elif held.header.identity is not None and held.header.identity != identity:
                raise another_log(partition, held.header.identity, identity, PLACE)
            held.token = token
            return copy.deepcopy(held.header)

    def header(self, partition: int) -> tuple[Header, bytes]:
        """Header and owner token."""
        with self._lock:
            held = self._partitions.get(partition)
            if held is None:
                return Header(), b""
            return copy.deepcopy(held.header), held.token

    def commit(self, commit: Commit) -> None:
        """Append, unless the token is another or the commit does not continue the stored state."""
        with self._lock:
            held = self._owned(commit.partition, commit.token)
            if commit.sequence != held.header.sequence + 1:
                self._expect_repeated(held, commit)
                return
            if commit.from_offset != held.header.next_offset:
                raise Fenced(
                    f"partition {commit.partition}: offset {commit.from_offset} is not where the "
                    f"stored state ends, {held.header.next_offset}"
                )
            held.journal[commit.sequence] = _entry(commit)
            for i, entry in enumerate(commit.outbox):
                held.outbox[commit.sequence, i] = entry
            held.header.sequence = commit.sequence
            held.header.next_offset = commit.next_offset

    def journal(self, partition: int, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Entries with sequence > after."""
        with self._lock:
            held = self._partitions.get(partition)
            entries = {} if held is None else held.journal
            found = ((s, entry[-1]) for s, entry in entries.items() if s > after)
            return list(islice(found, limit))

    def checkpoint(self, writes: Checkpoint, call: bytes) -> None:
        """Apply unless `call` was the last one applied."""
        with self._lock:
            held = self._owned(writes.partition, writes.token)
            header = held.header
            if header.sequence < writes.after:
                raise Fenced(
                    f"partition {writes.partition}: entry {writes.after} is not there, the last "
                    f"one is {header.sequence}"
                )
            if held.last_call == call:
                return
            if writes.trim_to is not None:
                _expect_written(writes.partition, writes.trim_to, header.sequence)
            held.blobs.update(writes.puts)
            for name, piece in writes.appends:
                held.blobs[name] = held.blobs.get(name, b"") + piece
            for name in writes.deletes:
                held.blobs.pop(name, None)
            header.extra.update(writes.extra)
            if writes.trim_to is not None and writes.trim_to > header.trimmed_to:
                for sequence in [s for s in held.journal if s <= writes.trim_to]:
                    del held.journal[sequence]
                header.trimmed_to = writes.trim_to
            held.last_call = call

    def read(self, partition: int, names: Sequence[str]) -> list[bytes | None]:
        """Named blobs."""
        with self._lock:
            held = self._partitions.get(partition)
            return [None if held is None else held.blobs.get(name) for name in names]

    def outbox(self, partition: int, after: tuple[int, int], limit: int) -> list[tuple[str, bytes]]:
        """Outbox entries with id > after."""
        with self._lock:
            held = self._partitions.get(partition)
            entries = {} if held is None else held.outbox
            found = ((f"{s}-{i}", entry) for (s, i), entry in entries.items() if (s, i) > after)
            return list(islice(found, limit))

    def trim_outbox(
        self, partition: int, token: bytes, upto: tuple[int, int], alerts_position: int
    ) -> None:
        """Drop entries up to and including `upto`; -1 leaves the alerts position."""
        with self._lock:
            held = self._owned(partition, token)
            _expect_written(partition, upto[0], held.header.sequence)
            for entry_id in [entry_id for entry_id in held.outbox if entry_id <= upto]:
                del held.outbox[entry_id]
            if alerts_position != -1:
                held.header.alerts_position = alerts_position

    def put_shared(self, name: str, blob: bytes) -> None:
        """Write once."""
        with self._lock:
            if self._shared.setdefault(name, blob) != blob:
                raise written_once(name, PLACE)

    def shared(self, prefix: str) -> dict[str, bytes]:
        """Shared blobs by the beginning of their names."""
        with self._lock:
            return {name: blob for name, blob in self._shared.items() if name.startswith(prefix)}

    def _owned(self, partition: int, token: bytes) -> _Partition:
        held = self._partitions.get(partition)
        if held is None:
            raise Fenced(f"partition {partition}: nobody has claimed it in this store")
        if held.token != token:
            raise Fenced(f"partition {partition}: another worker has claimed it")
        return held

    def _expect_repeated(self, held: _Partition, commit: Commit) -> None:
        there = held.journal.get(commit.sequence)
        if there is None:
            raise Fenced(
                f"partition {commit.partition}: entry {commit.sequence} does not follow the "
                f"stored {held.header.sequence}"
            )
        if there != _entry(commit):
            raise Fenced(
                f"partition {commit.partition}: entry {commit.sequence} is in the journal with "
                f"other content"
            )


def _entry(commit: Commit) -> _Entry:
    return commit.from_offset, commit.next_offset, len(commit.outbox), commit.journal


def _expect_written(partition: int, trim: int, sequence: int) -> None:
    if trim > sequence:
        raise beyond(partition, trim, sequence)
