"""One destination's sending: takes what is due, tries it, settles it; waits for no other one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from sla_engine.deliver import queue
from sla_engine.deliver.lists import Lists
from sla_engine.deliver.plan.backoff import Gate, wait_ms
from sla_engine.deliver.plan.message import Message, Outcome, Verdict
from sla_engine.deliver.plan.model import Destination
from sla_engine.deliver.queue import Job
from sla_engine.deliver.store import Store
from sla_engine.engine.ports import Clock
from sla_engine.errors import SlaError

IDLE_S = 1.0
"""How often the file is asked for what another process put back."""
AHEAD = 64
"""Messages read at once beyond those on their way."""

_log = logging.getLogger(__name__)


class Transport(Protocol):
    """How a destination is spoken to."""

    async def send(self, message: Message, now_ms: int) -> Outcome:
        """Try once. What it raises counts as a failure that may pass."""
        ...

    async def close(self) -> None: ...


class Counting(Protocol):
    """The part of the metrics that delivery needs."""

    def count(self, name: str, amount: float = 1, *labels: str) -> None: ...


@dataclass
class Sender:
    """Runs until it is cancelled; `draw` gives numbers from 0 to 1."""

    destination: Destination
    transport: Transport
    store: Store
    lists: Lists
    clock: Clock
    draw: Callable[[], float]
    metrics: Counting
    gate: Gate = field(init=False)

    def __post_init__(self) -> None:
        self.gate = Gate(self.destination.concurrency, self.destination.rate)
        self._wake = asyncio.Event()
        self._ready: list[Job] = []
        self._flying: dict[int, asyncio.Task[None]] = {}
        self._stopping = False

    def wake(self) -> None:
        """Something new waits."""
        self._wake.set()

    async def run(self) -> None:
        """Send what is due, until stopped; a fault of the store ends it."""
        while not self._stopping:
            self._settle_finished()
            now_ms = self.clock.now_ms()
            pause_ms = self.gate.wait_ms(now_ms)
            if pause_ms:
                await self._sleep(pause_ms / 1000)
            elif len(self._flying) >= self.gate.room():
                await self._sleep(IDLE_S)
            elif not self._ready:
                await self._fill(now_ms)
            else:
                self._start(self._ready.pop(0), now_ms)

    async def stop(self, within_s: float) -> None:
        """Begin nothing more, and give what is on its way some time to end."""
        self._stopping = True
        self._wake.set()
        if self._flying:
            _, left = await asyncio.wait(self._flying.values(), timeout=within_s)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
        await self.transport.close()

    async def _fill(self, now_ms: int) -> None:
        name, busy = self.destination.name, set(self._flying)
        self._wake.clear()
        self._ready = await self.store.call(
            lambda database: queue.take(database, name, now_ms, AHEAD, busy)
        )
        if not self._ready:
            due_ms = await self.store.call(lambda database: queue.next_due(database, name))
            ahead_s = IDLE_S if due_ms is None else (due_ms - self.clock.now_ms()) / 1000
            # What is due and was not given is on its way, or behind something that is.
            await self._sleep(min(ahead_s, IDLE_S) if ahead_s > 0 else IDLE_S)

    async def _sleep(self, seconds: float) -> None:
        """Until something changes, at most that long."""
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
            self._wake.clear()
        except TimeoutError:
            pass

    def _start(self, job: Job, now_ms: int) -> None:
        self.gate.begins(now_ms)
        task = asyncio.create_task(self._one(job))
        self._flying[job.number] = task
        task.add_done_callback(lambda _: self._wake.set())

    def _settle_finished(self) -> None:
        for number, task in list(self._flying.items()):
            if task.done():
                del self._flying[number]
                task.result()

    async def _one(self, job: Job) -> None:
        outcome = await self._try(job)
        now_ms, name = self.clock.now_ms(), self.destination.name
        number, why = job.number, outcome.why
        self.metrics.count("sla_deliver_attempts", 1, name, outcome.verdict.value)
        if outcome.verdict is Verdict.SENT:
            self.gate.succeeded()
            await self.store.call(lambda database: queue.done(database, number))
            return
        _log.warning(
            "an alert was not taken",
            extra={"destination": name, "id": job.message.id, "why": why, "try": job.attempts + 1},
        )
        if outcome.verdict is Verdict.DEAD:
            await self.store.call(lambda database: queue.dead(database, number, why))
            return
        self.gate.failed(now_ms, self.draw(), outcome.after_ms)
        # What was read ahead would be tried behind this one's back.
        self._ready.clear()
        await self._again(job, now_ms, outcome)

    async def _again(self, job: Job, now_ms: int, outcome: Outcome) -> None:
        name, number = self.destination.name, job.number
        since_ms = now_ms - self.destination.give_up_ms
        why = f"given up: {outcome.why}"
        if job.at_ms < since_ms:
            await self.store.call(lambda database: queue.dead(database, number, why))
            if self.gate.is_open:
                await self.store.call(lambda database: queue.give_up(database, name, since_ms, why))
            return
        due_ms = now_ms + wait_ms(job.attempts + 1, self.draw(), outcome.after_ms)
        await self.store.call(lambda database: queue.again(database, number, due_ms, outcome.why))

    async def _try(self, job: Job) -> Outcome:
        timeout_s = self.destination.timeout_ms / 1000
        try:
            message = await self.lists.listed(job.message)
            async with asyncio.timeout(timeout_s):
                return await self.transport.send(message, self.clock.now_ms())
        except TimeoutError:
            return Outcome(Verdict.AGAIN, f"no answer within {timeout_s:g} s")
        except SlaError as error:
            return Outcome(Verdict.DEAD, error.message)
        except Exception as error:  # whatever a receiver brings about must not end its sender
            _log.exception("a message failed", extra={"destination": self.destination.name})
            return Outcome(Verdict.AGAIN, f"{type(error).__name__}: {error}"[:300])
