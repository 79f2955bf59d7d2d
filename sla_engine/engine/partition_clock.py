"""The one clock of a partition (design section 3, promise 3).

Caught up with the log it is wall time; behind, it is the append time of the last applied
record. While the log gives no answer it stands, and only after `max_hold` without any answer
does it go on as wall time. It never goes back.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sla_engine.limits import MAX_HOLD_MS

#: How long an answer "this is the end" stands for "caught up"; the log is asked far more often.
END_VALID_MS = 2_000


@dataclass
class PartitionClock:
    """All arguments are milliseconds of one non-decreasing wall clock, passed in."""

    by_events: bool = False  # time.source = "events"
    max_hold_ms: int = MAX_HOLD_MS
    value_ms: int = 0
    next_offset: int = -1
    end_offset: int = -1
    answered_ms: int = field(default=-(2**62))
    ended_ms: int = field(default=-(2**62))
    read_ms: int = field(default=-(2**62))

    def start(self, now_ms: int, value_ms: int, next_offset: int) -> None:
        """A new owner takes over at the stored clock; the log has `max_hold` to answer."""
        self.value_ms = max(self.value_ms, value_ms)
        self.next_offset = next_offset
        self.answered_ms = now_ms
        self.ended_ms = -(2**62)
        self.read_ms = now_ms

    def end_seen(self, now_ms: int, end_offset: int) -> None:
        """The log answered: its end is there, or was there before a later batch said more."""
        self.end_offset = max(self.end_offset, end_offset)
        self.answered_ms = now_ms
        if self.next_offset >= self.end_offset:
            self.ended_ms = now_ms

    def applied(self, now_ms: int, next_offset: int, append_ms: int, event_ms: int) -> None:
        """Records up to `next_offset` are applied; the last was appended at `append_ms`."""
        self.next_offset = next_offset
        self.answered_ms = now_ms
        if next_offset >= self.end_offset:
            self.ended_ms = now_ms
        own = event_ms if self.by_events else append_ms
        self.value_ms = max(self.value_ms, own)

    def is_caught_up(self, now_ms: int) -> bool:
        """Whether everything that the log had a moment ago is applied."""
        return self.next_offset >= self.end_offset and now_ms - self.ended_ms <= END_VALID_MS

    def read(self, now_ms: int, *, unread: bool = False) -> int:
        """The clock now. `unread`: records that are here but not applied hold it."""
        if now_ms - self.read_ms > END_VALID_MS:
            # It is we who stood still (a frozen process): the log has its time to answer anew.
            self.answered_ms = now_ms
        self.read_ms = now_ms
        if self.by_events or unread:
            return self.value_ms
        if self.is_caught_up(now_ms) or now_ms - self.answered_ms > self.max_hold_ms:
            self.value_ms = max(self.value_ms, now_ms)
        return self.value_ms

    def lag_ms(self, now_ms: int) -> int:
        """How far the clock is behind wall time."""
        return max(0, now_ms - self.value_ms)
