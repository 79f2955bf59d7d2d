"""The engine's inbox: messages from any thread to the engine thread, bounded for batches.

The order of calls per partition is that of ports.Inbox; nothing is dropped, a full inbox says so.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from sla_engine.engine.ports import Clock, RawBatch
from sla_engine.errors import SlaError
from sla_engine.limits import INBOX_BATCHES_MAX, INBOX_BYTES_MAX


@dataclass
class Message:
    kind: str
    partition: int = -1
    batch: RawBatch | None = None
    end_offset: int = -1
    seen_ms: int = 0

    def decline(self, error: SlaError) -> None:
        """Answer without doing: what is revoked is let go of already, nothing is claimed."""
        future = self.future
        if future is None or future.done():
            return
        if self.kind == "revoke":
            future.set_result(None)  # type: ignore[arg-type]
        else:
            future.set_exception(error)

    partitions: Sequence[int] = ()
    future: Future[dict[int, int]] | Future[None] | None = None


class Mailbox:
    """Implements the sending half of ports.Inbox."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._messages: deque[Message] = deque()
        self._wake = threading.Condition()
        self._queued_batches = 0
        self._queued_bytes = 0
        self._closed: SlaError | None = None
        self._unread: dict[int, int] = {}  # by partition: batches in the inbox or in hand

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
        with self._wake:
            full = self._queued_batches >= INBOX_BATCHES_MAX
            if full or (self._queued_batches and self._queued_bytes >= INBOX_BYTES_MAX):
                return False
            self._queued_batches += 1
            self._queued_bytes += len(batch.data)
            self._unread[batch.partition] = self._unread.get(batch.partition, 0) + 1
            self._messages.append(Message("batch", batch.partition, batch))
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
        if message.batch is not None:
            self._queued_batches -= 1
            self._queued_bytes -= len(message.batch.data)
        return message
