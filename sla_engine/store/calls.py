"""Names for calls that may have to be sent again, so that an append is never applied twice."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from sla_engine.engine.ports import Checkpoint, Commit

_CALL_BYTES = 8


def new_call() -> bytes:
    """A name that no other call has."""
    return secrets.token_hex(_CALL_BYTES).encode()


class Calls:
    """Remembers, per partition, the checkpoint whose answer was lost.

    Sent again with the same content it gets the same name, by which the store recognises what it
    has applied. Once answered, equal content is a new call: two equal appends are two appends.
    """

    def __init__(self, draw: Callable[[], bytes] = new_call) -> None:
        self._draw = draw
        self._open: dict[int, tuple[tuple[object, ...], bytes]] = {}

    def name(self, writes: Checkpoint) -> bytes:
        """The name for this call, the former one if it repeats an unanswered call."""
        content = _content(writes)
        known = self._open.get(writes.partition)
        if known is not None and known[0] == content:
            return known[1]
        call = self._draw()
        self._open[writes.partition] = (content, call)
        return call

    def answered(self, partition: int) -> None:
        """The store answered, whatever it said: the call is not repeated."""
        self._open.pop(partition, None)


def _content(writes: Checkpoint) -> tuple[object, ...]:
    return (
        writes.partition,
        writes.token,
        tuple(writes.puts),
        tuple(writes.appends),
        tuple(writes.deletes),
        dict(writes.extra),
        writes.trim_to,
        writes.purge,
    )


def assert_sound(commit: Commit) -> None:
    """What no caller may ask for, whatever the store holds."""
    assert commit.token, "a commit without a token"
    assert commit.sequence >= 1, f"sequence {commit.sequence}: the first entry is 1"
    assert -1 <= commit.from_offset <= commit.next_offset, (
        f"offsets {commit.from_offset} to {commit.next_offset} go backwards"
    )
