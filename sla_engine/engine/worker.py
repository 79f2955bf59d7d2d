"""The engine thread: one per process, run to completion, no asyncio on the path.

It takes messages from a bounded inbox (claims, batches, ends of the log), and per turn and
partition fires what is due, applies a slice of events, makes both durable in one call, hands
the alerts to the producer, and writes a slice of the checkpoint.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from sla_engine.engine.burial import bury, mark_strangers, refused
from sla_engine.engine.failpoints import reach
from sla_engine.engine.foreign import ForeignAlerts
from sla_engine.engine.housekeeping import Housekeeping
from sla_engine.engine.joining import joined
from sla_engine.engine.mailbox import Mailbox, Message
from sla_engine.engine.owned import Owned, Waiting
from sla_engine.engine.partition_clock import PartitionClock
from sla_engine.engine.patience import patiently
from sla_engine.engine.ports import (
    Clock,
    LogIdentity,
    LogReader,
    OutRecord,
    Producer,
    RawBatch,
    Store,
)
from sla_engine.engine.publishing import Publishing
from sla_engine.engine.recovery import claim
from sla_engine.engine.refold import Folder
from sla_engine.engine.settings import Counting, EngineSettings
from sla_engine.engine.turn import Counters, DeadLetter, Turn
from sla_engine.errors import Fenced, SlaError
from sla_engine.event.decode import Decoder
from sla_engine.event.layout import DecodedBatch
from sla_engine.limits import (
    TURN_EVENTS_MAX,
    TURN_FIRES_MAX,
)
from sla_engine.policy.tables import RuleBook

log = logging.getLogger(__name__)

#: The longest sleep without a message; timers armed by other means are seen by then.
IDLE_MS = 200
#: How long a partition may be lost without being revoked: longer than any session timeout.
LOST_MAX_MS = 15_000
#: How often the outbox of acknowledged alerts is trimmed.
TRIM_EVERY_MS = 250


class Engine(Mailbox):
    """Implements the Inbox port; `run` is the body of the engine thread."""

    def __init__(
        self,
        book: RuleBook,
        store: Store,
        producer: Producer,
        reader: LogReader,
        identity: LogIdentity,
        clock: Clock,
        settings: EngineSettings,
        *,
        token: Callable[[], bytes],
        metrics: Counting | None = None,
        belongs: Callable[[RawBatch, int], NDArray[np.bool_]] | None = None,
    ) -> None:
        """`token` makes a random owner token; `belongs` tells which records' keys hash here."""
        self.book = book
        self.store = store
        self.producer = producer
        self.reader = reader
        self.identity = identity
        super().__init__(clock)
        self.settings = settings
        self.fatal: SlaError | None = None
        self._token = token
        self._metrics = metrics
        self._belongs = belongs
        self._folder = Folder(book)
        self._decoder = Decoder(settings.actors)
        self._owned: dict[int, Owned] = {}
        self._housekeeping = Housekeeping(clock, self._land, self._refused)
        self._publishing = Publishing(book, store, self._owned, self._pause)
        self._foreign: dict[int, ForeignAlerts] = {}
        self._positions: dict[int, int] = {}
        self._lost: dict[int, int] = {}  # by partition: when a write was refused
        self._flying: Owned | None = None  # whose call is begun and not answered
        self._acks: deque[tuple[Waiting, int | None, str]] = deque()
        self._stopping = False
        self._last_trim = 0
        self.on_fatal: Callable[[SlaError], None] = lambda error: None

    def positions(self) -> Mapping[int, int]:
        """See ports.Inbox."""
        return dict(self._positions)

    # ------------------------------------------------------------------ the thread

    def stop(self) -> None:
        """End `run` after the message in hand; from any thread."""
        with self._wake:
            self._stopping = True
            self._wake.notify()

    def run(self) -> None:
        """Work until `stop`. An error that is not this partition's alone ends the worker."""
        try:
            while not self._stopping:
                self._round(self._next())
        except SlaError as error:
            self.fail(error)
        finally:
            self._shut()

    def step(self) -> bool:
        """One round of `run` in the calling thread, without waiting; was there a message?

        For simulations on virtual time; errors are raised, not reported.
        """
        with self._wake:
            message = self.popped()
        self._round(message)
        return message is not None

    def _round(self, message: Message | None) -> None:
        if message is not None:
            self._handle(message)
        self._fire_all()
        if not self._messages:
            self._land()
        self._settle_acks()
        if message is None:
            self._housekeeping.checkpoint()
        else:
            self._housekeeping.beside_a_message()

    def _next(self) -> Message | None:
        with self._wake:
            if not self._messages and not self._stopping:
                self._wake.wait(self._sleep_ms() / 1000)
            return self.popped()

    def _sleep_ms(self) -> float:
        now = self.clock.now_ms()
        nearest = 0 if self._publishing.is_sweeping else self._housekeeping.wait_ms(IDLE_MS)
        for owned in self._owned.values():
            first = owned.near.first()
            if first is not None and owned.clock.is_caught_up(now):
                nearest = min(nearest, first - now)
        return max(0, nearest)

    def _handle(self, message: Message) -> None:
        future = message.future
        if message.kind == "batch":
            self._take(joined(message.batches))
            with self._wake:
                self._unread[message.partition] -= 1
        elif message.kind == "end":
            owned = self._owned.get(message.partition)
            if owned is not None:
                owned.clock.end_seen(message.seen_ms, message.end_offset)
        elif message.kind == "assign":
            self._assign(message.partitions, future)  # type: ignore[arg-type]
        else:
            for number in message.partitions:
                self._let_go(number)
                self._lost.pop(number, None)
            if future is not None:
                future.set_result(None)  # type: ignore[arg-type]

    # ------------------------------------------------------------------ owning

    def _assign(self, partitions: Sequence[int], future: Future[dict[int, int]]) -> None:
        try:
            self._land()
            starts = {}
            for number in partitions:
                owned = self._owned.get(number)
                if owned is None or not self._still_mine(owned):
                    owned = self._claim(number)
                starts[number] = owned.next_offset if owned.next_offset >= 0 else -2
            future.set_result(starts)
        except SlaError as error:
            future.set_exception(error)

    def _still_mine(self, owned: Owned) -> bool:
        """A partition that came back: memory is kept if token and sequence are the stored ones."""
        header, token = self.store.header(owned.number)
        return token == owned.token and header.sequence == owned.sequence

    def _claim(self, number: int) -> Owned:
        self._lost.pop(number, None)
        now = self.clock.now_ms()
        clock = PartitionClock(self.settings.by_events, self.settings.max_hold_ms)
        self._publishing.learn()
        owned = claim(
            self.store,
            number,
            self._token(),
            self.identity,
            self.book,
            self._folder,
            self.settings.turn,
            clock,
        )
        read = owned.turn.read_history
        owned.turn.read_history = lambda wanted: patiently(lambda: read(wanted), self._pause)
        # Before the partition counts as owned: a claim that ends here is made anew as a whole.
        foreign = ForeignAlerts.read(self.reader, owned)
        clock.start(now, clock.value_ms, owned.next_offset)
        self._owned[number] = owned
        self._housekeeping.own(owned)
        self._foreign[number] = foreign
        owned.turn.outlived = foreign.found
        owned.turn.publish = self._publishing.take
        self._send(owned, list(owned.waiting))
        self._positions[number] = owned.next_offset
        self._count("sla_claims", 1, "loaded")
        log.info("claimed partition %d", number, extra={"offset": owned.next_offset})
        return owned

    def _let_go(self, number: int) -> None:
        owned = self._owned.get(number)
        if owned is not None:
            try:
                self._commit(owned, owned.next_offset)
                self._land()
            except SlaError:
                log.warning("partition %d was let go with a turn undone", number)
        self._positions.pop(number, None)
        self._forget(number)

    def _forget(self, number: int) -> None:
        self._owned.pop(number, None)
        self._housekeeping.forget(number)
        self._foreign.pop(number, None)
        self._publishing.forget(number)

    # ------------------------------------------------------------------ events

    def _take(self, batch: RawBatch) -> None:
        owned = self._owned.get(batch.partition)
        if owned is None or not len(batch):
            return
        latest = None
        if not self.settings.by_events:
            latest = self.clock.now_ms() + self.settings.max_future_ms
        decoded = self._decoder.decode(batch, latest)
        if self._belongs is not None:
            mark_strangers(batch, decoded, self._belongs(batch, self.identity.partitions))
        reach("after_decode")
        self._bury(batch, refused(decoded))
        count = len(batch)
        for start in range(0, count, TURN_EVENTS_MAX):
            stop = min(count, start + TURN_EVENTS_MAX)
            try:
                self._fire(owned, alone=False)
                self._slice(owned, batch, decoded, start, stop)
            except Fenced as error:  # found while reading, before any write
                self._refused(owned, error)
            if batch.partition not in self._owned:
                return
        self._count("sla_batches")

    def _slice(
        self, owned: Owned, batch: RawBatch, decoded: DecodedBatch, start: int, stop: int
    ) -> None:
        now = self.clock.now_ms()
        turn = owned.turn
        turn.now_ms = now
        turn.take(decoded, start, stop)
        reach("after_apply")
        next_offset = batch.next_offset if stop == len(batch) else int(batch.offsets[stop])
        owned.clock.end_offset = max(owned.clock.end_offset, batch.end_offset)
        accepted = decoded.events["code"][start:stop] == 0
        times = decoded.events["time"][start:stop][accepted]
        owned.clock.applied(
            now,
            next_offset,
            int(batch.append_ms[stop - 1]),
            int(times.max()) if len(times) else -(2**62),
        )
        unread = self._unread.get(owned.number, 0) > (1 if stop == len(batch) else 0)
        owned.partition.clock_ms = owned.clock.read(now, unread=unread)
        if turn.dead:
            self._bury(batch, turn.dead)
            turn.dead = []
        self._commit(owned, next_offset)
        self._tell(turn, stop - start, int(accepted.sum()))

    def _bury(self, batch: RawBatch, letters: Sequence[DeadLetter]) -> None:
        for letter in letters:
            self._count("sla_dead_letters", 1, letter.code.name)
        bury(
            self.producer,
            batch,
            letters,
            self.settings.events_topic,
            self.clock.now_ms(),
            lambda: self._stopping,
        )

    # ------------------------------------------------------------------ time

    def _fire_all(self) -> None:
        for owned in list(self._owned.values()):
            try:
                self._fire(owned)
                self._compare_foreign(owned)
                if self._publishing.sweep(owned, beside=bool(self._messages)):
                    self._commit(owned, owned.next_offset)
            except Fenced as error:
                self._refused(owned, error)

    def _fire(self, owned: Owned, *, alone: bool = True) -> None:
        """Fire what is due. Not `alone`: a slice of events follows, in the same atomic call."""
        now = self.clock.now_ms()
        clock_ms = owned.clock.read(now, unread=self._unread.get(owned.number, 0) > 0)
        owned.partition.clock_ms = clock_ms
        owned.turn.now_ms = now
        near = owned.near
        work = owned.partition.work
        while True:
            if clock_ms >= near.until - 1_000 or clock_ms > near.until:
                near.gather(work.next_due, owned.partition.rows, clock_ms)
            rows = near.take(clock_ms, TURN_FIRES_MAX)
            if not len(rows):
                return
            owned.turn.fire_candidates(rows, clock_ms)
            if not alone:
                return
            self._commit(owned, owned.next_offset)
            if owned.number not in self._owned:
                return

    def _compare_foreign(self, owned: Owned) -> None:
        """Once the partition is as far as its former owner was, and what is due has fired."""
        foreign = self._foreign.get(owned.number)
        if foreign is None or not owned.clock.is_caught_up(self.clock.now_ms()):
            return
        if owned.clock.value_ms < foreign.newest_ms:
            return
        del self._foreign[owned.number]
        if foreign.settle(owned):
            self._commit(owned, owned.next_offset)
            self._land()
        # Not before the comparison is durable: whoever comes next would not make it again.
        owned.holds_position = False

    # ------------------------------------------------------------------ effects

    def _commit(self, owned: Owned, next_offset: int) -> None:
        """Begin to make the turn durable; its alerts leave when the store has answered.

        While the store works on it the next turn is computed: a third of the time of a turn of
        1,000 events was spent waiting.
        """
        self._land()
        if self._owned.get(owned.number) is not owned:
            return
        if patiently(lambda: owned.begin(next_offset), self._pause_and_relieve):
            self._flying = owned

    def _land(self) -> None:
        """Wait for the call that was begun; a lost token gives the partition up."""
        owned = self._flying
        if owned is None:
            return
        step = owned.in_flight
        assert step is not None
        try:
            leaving = patiently(owned.land, self._pause_and_relieve)
        except Fenced as error:
            self._flying = None
            self._refused(owned, error)
            return
        self._flying = None
        if self._owned.get(owned.number) is not owned:
            return  # given up meanwhile: whoever owns it now finds the alerts in the outbox
        self._positions[owned.number] = step.next_offset
        if leaving:
            reach("before_produce")
            self._send(owned, leaving)
            reach("after_produce")

    def _send(self, owned: Owned, leaving: Sequence[Waiting]) -> None:
        for waiting in leaving:
            self._produce(waiting)

    def _produce(self, waiting: Waiting) -> None:
        def acked(record: OutRecord, offset: int | None, error: str) -> None:
            self._acks.append((waiting, offset, error))

        self.producer.produce(waiting.record, acked)

    def _settle_acks(self) -> None:
        while self._acks:
            waiting, offset, error = self._acks.popleft()
            if error:
                log.warning("a record was not taken by the broker, again: %s", error)
                self._produce(waiting)
                continue
            waiting.acked = True
            if waiting.record.topic == "alerts":
                waiting.offset = offset
        now = self.clock.now_ms()
        if now - self._last_trim < TRIM_EVERY_MS:
            return
        self._last_trim = now
        self._check_lost(now)
        self._housekeeping.trim(list(self._owned.values()))
        for owned in self._owned.values():
            self._gauges(owned, now)

    def _refused(self, owned: Owned, error: SlaError) -> None:
        """The store has another owner or another state: what is in memory is worth nothing."""
        log.warning("partition %d is given up: %s", owned.number, error)
        self._count("sla_refused_writes", 1, "fenced")
        self._forget(owned.number)
        self._lost[owned.number] = self.clock.now_ms()

    def _check_lost(self, now: int) -> None:
        """A group that moved the partition revokes it soon; else the store was set back.

        Then nobody would own it: the worker ends, and whoever starts it again claims anew.
        """
        for number, since in self._lost.items():
            if now - since > LOST_MAX_MS:
                raise SlaError(
                    f"partition {number}: the store refuses this worker's writes, yet the group "
                    "still assigns the partition to it; the store was probably set back to an "
                    "earlier state. Start the worker again: it goes on from what is stored",
                    code="LOST_PARTITION",
                )

    def _pause_and_relieve(self, wait_ms: int) -> bool:
        """`_pause`; a store that is full is given back what the broker has acknowledged."""
        self._settle_acks()
        self._housekeeping.relieve(list(self._owned.values()))
        return self._pause(wait_ms)

    def _pause(self, wait_ms: int) -> bool:
        """Wait, but not longer than until `stop`; False when stopping already."""
        with self._wake:
            if self._stopping:
                return False
            self._wake.wait_for(lambda: self._stopping, wait_ms / 1000)
        return True

    # ------------------------------------------------------------------ the end

    def fail(self, error: SlaError) -> None:
        """End the worker because of this error."""
        self.fatal = error
        log.error("the engine stopped: %s", error)
        self.on_fatal(error)

    def _shut(self) -> None:
        with suppress(SlaError):
            self._land()
            self._settle_acks()
        with self._wake:
            self._stopping = True
        self.close(self.fatal or SlaError("the engine has stopped"))

    def _count(self, name: str, amount: float = 1, *labels: str) -> None:
        if self._metrics is not None:
            self._metrics.count(name, amount, *labels)

    def _tell(self, turn: Turn, read: int, accepted: int) -> None:
        """What a slice of events came to."""
        counters = turn.counters
        self._count("sla_events", accepted - counters.duplicates, "applied")
        self._count("sla_events", counters.duplicates, "duplicate")
        self._count("sla_events", read - accepted, "dead")
        self._count("sla_refolds", counters.refolds, "event")
        turn.counters = Counters()

    def _gauges(self, owned: Owned, now: int) -> None:
        if self._metrics is None:
            return
        depth = sum(len(each.waiting) for each in self._owned.values())
        self._metrics.set("sla_outbox_depth", depth)
        self._metrics.set("sla_owned_partitions", len(self._owned))
        lag = owned.clock.lag_ms(now) / 1000
        self._metrics.set("sla_partition_clock_lag_seconds", lag, str(owned.number))
