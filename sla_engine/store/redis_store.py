"""The store on a Redis or Valkey server: few, fat, atomic calls (design section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from redis.exceptions import RedisError

from sla_engine.engine.ports import Checkpoint, Commit, Header, LogIdentity
from sla_engine.errors import Fenced
from sla_engine.limits import JOURNAL_RENEWED_BYTES_MAX, STORE_TIMEOUT_MS
from sla_engine.store import refusals, replies
from sla_engine.store.calls import Calls, assert_sound
from sla_engine.store.keys import FORMAT, START, Keys, outbox_id, sequence_of
from sla_engine.store.library import is_missing
from sla_engine.store.link import Command, Link, fcall
from sla_engine.store.packs import PACK_ENTRIES, pack_of, packs, unpacked

_BLOBS_PER_COMMAND: Final = 64
_PACKS_PER_CALL: Final = 128
_SCAN_COUNT: Final = 500


class RedisStore:
    """`sla_engine.engine.ports.Store` on one server; one thread uses it.

    `url` is `redis://`, `rediss://` (TLS, with redis-py's `ssl_*` parameters) or `unix://`. A call
    without an answer within `timeout_s` raises StoreUnavailable. The caller repeats it or gives the
    partition up; every call may be repeated.

    A checkpoint without an answer is recognised when the next one of its partition asks for the
    same. A caller that asks for something else claims the partition anew first: nobody knows then
    whether the former appends are in.
    """

    def __init__(
        self,
        url: str,
        prefix: str = "sla:",
        *,
        timeout_s: float = STORE_TIMEOUT_MS / 1000,
        allow_unsafe: bool = False,
    ) -> None:
        assert "{" not in prefix, "a brace in the prefix would be taken for the hash tag"
        self._link = Link(url, timeout_s=timeout_s)
        self._keys = Keys(prefix)
        self._allow_unsafe = allow_unsafe
        self._calls = Calls()
        self._begun: Sequence[Commit] = ()

    def __repr__(self) -> str:
        return f"RedisStore({self._link.place})"

    def check(self) -> None:
        """Refuse a server that loses data, naming the setting; then load the functions."""
        self._link.check(allow_unsafe=self._allow_unsafe)

    def close(self) -> None:
        """Close the connection; the store can be used again and connects anew."""
        self._link.close()

    def time_ms(self) -> int:
        """The server's clock, in milliseconds since 1970."""
        seconds, micros = self._link.run("TIME")
        return int(seconds) * 1000 + int(micros) // 1000

    # ------------------------------------------------------------------ claim and header

    def claim(self, partition: int, token: bytes, identity: LogIdentity) -> Header:
        """Become the owner. PositionLost, with nothing changed, if the state is another log's."""
        assert token, "an empty token fences nobody"
        place = self._link.place
        found = (identity.topic, identity.topic_id, identity.partitions)
        verdict, *flat = self._link.function(
            "claim", partition, self._partition_keys(partition), (token, FORMAT, *found)
        )
        fields = replies.pairs(flat)
        if verdict == b"FORMAT":
            raise refusals.other_format(partition, fields[b"format"].decode(), place)
        if verdict == b"TORN":
            raise refusals.torn(partition, self._keys.prefix, place)
        header, _ = replies.header_of(fields)
        if verdict == b"IDENTITY":
            assert header.identity is not None
            raise refusals.another_log(partition, header.identity, identity, place)
        self._calls.answered(partition)
        return header

    def header(self, partition: int) -> tuple[Header, bytes]:
        """Header and owner token; `Header()` and an empty token if it was never claimed."""
        key = self._keys.header(partition)
        return replies.header_of(self._link.run("HGETALL", key, partition=partition))

    # ------------------------------------------------------------------ journal

    def commit(self, commits: Sequence[Commit]) -> list[Exception | None]:
        """Apply each; a commit that is in the store already, to the byte, counts as applied.

        Anything but Fenced (no answer, no memory, disk full) is raised for the whole: some may
        have been applied, all may be sent again.
        """
        answers = self._link.functions([self._commit_call(commit) for commit in commits])
        return self._refusals(commits, answers)

    def begin(self, commits: Sequence[Commit]) -> None:
        """Send the commits; the server works on them while the caller does something else."""
        self._begun = commits
        self._link.begin([self._commit_call(commit) for commit in commits])

    def answers(self) -> list[Exception | None]:
        """Wait for what was begun. What went unanswered may be committed again as it is."""
        commits, self._begun = self._begun, ()
        answers = self._link.answers()
        if any(is_missing(answer) for answer in answers):
            return self.commit(commits)
        return self._refusals(commits, answers)

    def journal(self, partition: int, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Entries with sequence > `after`, ascending, at most `limit`."""
        span = (f"{after + 1}-0", "+", "COUNT", limit)
        found = self._link.run("XRANGE", self._keys.journal(partition), *span, partition=partition)
        return [(sequence_of(entry_id), fields[b"d"]) for entry_id, fields in found]

    # ------------------------------------------------------------------ pages

    def checkpoint(self, writes: Checkpoint) -> None:
        """Puts, then appends, then deletes, then `extra`, then the trim, in one step.

        StoreError if `trim_to` is behind the last entry: that would drop what comes next.
        """
        partition = writes.partition
        named = (*writes.puts, *writes.appends)
        names = [*(name for name, _ in named), *writes.deletes]
        trim = ("", "") if writes.trim_to is None else (writes.trim_to, writes.trim_to + 1)
        purge = JOURNAL_RENEWED_BYTES_MAX if writes.purge else ""
        counts = (purge, len(writes.puts), len(writes.appends), len(writes.extra))
        extra = [part for name, value in writes.extra.items() for part in (f"x:{name}", value)]
        header, journal, _ = self._partition_keys(partition)
        keys = (header, journal, *(self._keys.blob(partition, name) for name in names))
        call = self._calls.name(writes)
        blobs = (blob for _, blob in named)
        arguments = (writes.token, call, writes.after, *trim, *counts, *blobs, *extra)
        self._link.function("checkpoint", partition, keys, arguments)
        self._calls.answered(partition)

    def read(self, partition: int, names: Sequence[str]) -> list[bytes | None]:
        """Named blobs in the order asked for; None where there is none."""
        keys = [self._keys.blob(partition, name) for name in names]
        slices = (keys[i : i + _BLOBS_PER_COMMAND] for i in range(0, len(keys), _BLOBS_PER_COMMAND))
        commands: list[Command] = [("MGET", *part) for part in slices]
        answers: list[list[bytes | None]] = self._link.run_all(commands, partition)
        return [blob for blobs in answers for blob in blobs]

    # ------------------------------------------------------------------ outbox

    def outbox(self, partition: int, after: str, limit: int) -> list[tuple[str, bytes]]:
        """(id, entry) with id > `after` ("": from the start), ascending, at most `limit`."""
        header, _, outbox = self._partition_keys(partition)
        position = outbox_id(after) if after else START
        found: list[tuple[str, bytes]] = []
        while len(found) < limit:
            first = f"{position[0]}-{pack_of(position[1] + 1)}"
            sent, read = self._link.run_all(
                [
                    ("HGET", header, "sent"),
                    ("XRANGE", outbox, first, "+", "COUNT", _PACKS_PER_CALL),
                ],
                partition,
            )
            position = max(position, outbox_id(sent.decode()) if sent else START)
            for pack_id, fields in read:
                sequence, start = outbox_id(pack_id.decode())
                entries = unpacked(fields[b"d"], int(fields[b"n"]))
                for index, entry in enumerate(entries, start):
                    if (sequence, index) > position:
                        position = (sequence, index)
                        found.append((f"{sequence}-{index}", entry))
            if len(read) < _PACKS_PER_CALL:
                break
        return found[:limit]

    def trim_outbox(self, partition: int, token: bytes, upto: str, alerts_position: int) -> None:
        """Drop entries up to and including `upto` ("": none); -1 leaves the alerts position."""
        header, _, outbox = self._partition_keys(partition)
        sequence, index = outbox_id(upto) if upto else START
        last: Command = (sequence, index, index + 1) if upto else ("", "", "")
        position = "" if alerts_position == -1 else alerts_position
        self._link.function("trim_outbox", partition, (header, outbox), (token, *last, position))

    # ------------------------------------------------------------------ shared blobs

    def put_shared(self, name: str, blob: bytes) -> None:
        """Write once: again with the same bytes is nothing, with others a StoreError."""
        if self._link.run("HSETNX", self._keys.shared, name, blob):
            return
        if self._link.run("HGET", self._keys.shared, name) != blob:
            raise refusals.written_once(name, self._link.place)

    def shared(self, prefix: str) -> dict[str, bytes]:
        """Every shared blob whose name begins with `prefix`."""
        pattern = "".join(f"\\{c}" if c in "\\*?[]^-" else c for c in prefix) + "*"
        fields = self._link.scan(self._keys.shared, pattern, _SCAN_COUNT)
        return {name.decode(): blob for name, blob in fields}

    # ------------------------------------------------------------------ commands

    def _partition_keys(self, partition: int) -> tuple[str, str, str]:
        keys = self._keys
        return keys.header(partition), keys.journal(partition), keys.outbox(partition)

    def _commit_call(self, commit: Commit) -> Command:
        assert_sound(commit)
        order = (commit.sequence - 1, commit.sequence, commit.from_offset, commit.next_offset)
        outbox: Command = (len(commit.outbox), PACK_ENTRIES, *packs(commit.outbox))
        arguments: Command = (commit.token, *order, commit.journal, *outbox)
        return fcall("commit", self._partition_keys(commit.partition), arguments)

    def _refusals(
        self, commits: Sequence[Commit], answers: Sequence[object]
    ) -> list[Exception | None]:
        return [
            self._refusal(answer, commit.partition)
            for commit, answer in zip(commits, answers, strict=True)
        ]

    def _refusal(self, answer: object, partition: int) -> Fenced | None:
        if not isinstance(answer, RedisError):
            return None
        error = replies.store_error(answer, self._link.place, partition)
        if isinstance(error, Fenced):
            return error
        raise error from answer
