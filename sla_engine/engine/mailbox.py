"""The engine's inbox: messages from any thread to the engine thread, bounded for batches.

The order of calls per partition is that of ports.Inbox; nothing is dropped, a full inbox says so.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from sla_engine.engine.ports import Clock, RawBatch
from sla_engine.errors import SlaError
from sla_engine.limits import (
    INBOX_BATCHES_MAX,
    INBOX_BYTES_MAX,
    JOINED_BYTES_MAX,
    TURN_EVENTS_MAX,
)


@dataclass
class Message:
    """What the engine thread is asked to do or told."""

    kind: str
    partition: int = -1
    batches: list[RawBatch] = field(default_factory=list)
    end_offset: int = -1
    seen_ms: int = 0
    partitions: Sequence[int] = ()
    future: Future[dict[int, int]] | Future[None] | None = None

    def bytes(self) -> int:
        """Bytes of its batches."""
        return sum(len(batch.data) for batch in self.batches)

    def joins(self, batch: RawBatch) -> bool:
        """Take a batch that follows, as long as all of them fit into one turn.

        Small batches come faster than turns: one turn each, with a call to the store each, was
        why 20,000 events a second in batches of twenty were too many for the engine.
        """
        events = sum(len(each) for each in self.batches) + len(batch)
        if events > TURN_EVENTS_MAX or self.bytes() + len(batch.data) > JOINED_BYTES_MAX:
            return False
        self.batches.append(batch)
        return True

    def decline(self, error: SlaError) -> None:
        """Answer without doing: what is revoked is let go of already, nothing is claimed."""
        future = self.future
        if future is None or future.done():
            return
        if self.kind == "revoke":
            future.set_result(None)  # type: ignore[arg-type]
        else:
            future.set_exception(error)


class Mailbox:
    """Implements the sending half of ports.Inbox."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._messages: deque[Message] = deque()
        self._wake = threading.Condition()
        self._queued_batches = 0
        self._queued_bytes = 0
        self._closed: SlaError | None = None
        self._unread: dict[int, int] = {}  # by partition: messages in the inbox or in hand
        self._joinable: dict[int, Message] = {}  # by partition: takes the batches that follow

    def assign(self, partitions: Sequence[int]) -> Future[dict[int, int]]:
        """See ports.Inbox."""
        future: Future[dict[int, int]] = Future()
        self.post(Message("assign", partitions=list(partitions), future=future))
        return future

    def revoke(self, partitions: Sequence[int]) -> Future[None]:
        """See ports.Inbox."""
        future: Future[None] = Future()
        self.post(Message("revoke", partitions=list(partitions), future=future))
        return future

    def deliver(self, batch: RawBatch) -> bool:
        """See ports.Inbox."""
        number = batch.partition
        with self._wake:
            full = self._queued_batches >= INBOX_BATCHES_MAX
            if full or (self._queued_batches and self._queued_bytes >= INBOX_BYTES_MAX):
                return False
            self._queued_bytes += len(batch.data)
            waiting = self._joinable.get(number)
            if waiting is not None and waiting.joins(batch):
                return True
            self._queued_batches += 1
            self._unread[number] = self._unread.get(number, 0) + 1
            message = Message("batch", number, [batch])
            self._joinable[number] = message
            self._messages.append(message)
            self._wake.notify()
        return True

    def end_seen(self, partition: int, end_offset: int) -> None:
        """See ports.Inbox."""
        seen_ms = self.clock.now_ms()  # not when the message is read: this thread may stand still
        self.post(Message("end", partition, end_offset=end_offset, seen_ms=seen_ms))

    def post(self, message: Message) -> None:
        """Put a message behind the others and wake the thread."""
        with self._wake:
            if self._closed is not None:
                message.decline(self._closed)
                return
            if message.kind in ("assign", "revoke"):
                self._joinable.clear()
            self._messages.append(message)
            self._wake.notify()

    def close(self, error: SlaError) -> None:
        """Nobody reads any more: whatever waits, and whatever comes, is answered at once."""
        with self._wake:
            self._closed = error
            for message in self._messages:
                message.decline(error)
            self._messages.clear()

    def popped(self) -> Message | None:
        """The next message; the caller holds the lock."""
        if not self._messages:
            return None
        message = self._messages.popleft()
        if message.batches:
            self._queued_batches -= 1
            self._queued_bytes -= message.bytes()
            if self._joinable.get(message.partition) is message:
                del self._joinable[message.partition]
        return message
