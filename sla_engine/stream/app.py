"""A worker: the Faust app that is a member of the group, and the shell that runs and stops it.

Faust keeps membership, assignor, rebalance and lifecycle. There are no agents: the transport's
consumer hands raw batches to the engine's inbox (design section 5, "The engine thread").
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import threading
from collections.abc import Callable
from typing import Final

import faust
from faust.app.base import BootStrategy
from faust.types.transports import TransportT

from sla_engine.errors import LogError, SlaError
from sla_engine.stream.consumer import InboxConsumer

STOP_S: Final = 60.0
"""Longer than any single wait of the orderly end; then the worker ends without it."""

log = logging.getLogger(__name__)

#: Reports an error that ends the worker; callable from any thread.
Report = Callable[[SlaError], None]


class EngineBoot(BootStrategy):
    """Which of Faust's services run: no producer (librdkafka's is used) and no web server."""

    enable_kafka_producer = False
    enable_web = False


class EngineApp(faust.App):
    """The app of one worker. It reads one topic and has nothing on disk."""

    BootStrategy = EngineBoot
    mundane_level = "debug"

    def read(self, topic: str) -> None:
        """Name the topic to read, before the start."""
        self._topic_to_read = topic

    async def on_first_start(self) -> None:
        """Subscribe here: earlier, Faust would tie the subscription to a loop that never runs."""
        self.topics.add(self.topic(self._topic_to_read, key_type=bytes, value_type=bytes))

    async def on_stop(self) -> None:
        """Stop reading, let the engine finish, and only then leave the group."""
        consumer = self.consumer
        if isinstance(consumer, InboxConsumer):
            await consumer.let_go()
        await super().on_stop()


def build_app(
    transport: Callable[[EngineApp], TransportT],
    *,
    group: str,
    topic: str,
    session_timeout_ms: int = 6_000,
    heartbeat_ms: int = 1_000,
    rebalance_timeout_ms: int = 60_000,
    request_timeout_ms: int = 30_000,
    commit_interval_ms: int = 3_000,
) -> EngineApp:
    """The Faust app of one worker, not started; call it inside the loop that will run it.

    `group` is Faust's app id and Kafka's group; `transport` makes the transport that carries
    the inbox.
    """
    app = EngineApp(
        group,
        store="memory://",
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        stream_wait_empty=False,
        key_serializer="raw",
        value_serializer="raw",
        broker_session_timeout=session_timeout_ms / 1000,
        broker_heartbeat_interval=heartbeat_ms / 1000,
        broker_rebalance_timeout=rebalance_timeout_ms / 1000,
        broker_request_timeout=request_timeout_ms / 1000,
        broker_commit_interval=commit_interval_ms / 1000,
    )
    app.transport = transport(app)
    app.read(topic)
    return app


class Worker:
    """Runs an app in the calling thread until it is told to stop or cannot go on."""

    def __init__(
        self, build: Callable[[Report], EngineApp], *, check: Callable[[], None] | None = None
    ) -> None:
        """`build` makes the app; `check` raises what would keep it from ever starting."""
        self._build = build
        self._check = check
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None
        self._stopping = False
        self._error: SlaError | None = None

    def run(self, *, signals: bool = True) -> None:
        """Run until `stop` or, with `signals` in the main thread, SIGTERM or SIGINT.

        Raises the SlaError that ended it otherwise: PositionLost, a refused login, a topic that
        does not exist, a claim that failed.
        """
        if self._check is not None:
            self._check()
        _quieten()
        on_signals = signals and threading.current_thread() is threading.main_thread()
        asyncio.run(self._run(on_signals))
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Stop reading, let the engine finish, leave the group; from any thread, at any time."""
        with self._lock:
            self._stopping = True
            if self._loop is not None and self._wake is not None:
                self._loop.call_soon_threadsafe(self._wake.set)

    def report(self, error: SlaError) -> None:
        """Stop because of this error; the first one is raised by `run`. From any thread."""
        if self._error is None:
            self._error = error
        self.stop()

    async def _run(self, on_signals: bool) -> None:
        loop = asyncio.get_running_loop()
        with self._lock:
            self._loop, self._wake = loop, asyncio.Event()
            if self._stopping:
                return
        numbers = (signal.SIGTERM, signal.SIGINT) if on_signals else ()
        for number in numbers:
            loop.add_signal_handler(number, self.stop)
        try:
            await self._live(self._wake)
        finally:
            with self._lock:
                self._loop = None
            for number in numbers:
                loop.remove_signal_handler(number)

    async def _live(self, wake: asyncio.Event) -> None:
        app = self._build(self.report)
        living = asyncio.create_task(_live(app), name="worker")
        waking = asyncio.create_task(wake.wait(), name="worker-stop")
        await asyncio.wait({living, waking}, return_when=asyncio.FIRST_COMPLETED)
        if living.done():
            self._crashed(living.exception() or app.crash_reason)
        try:
            await asyncio.wait_for(app.stop(), STOP_S)
        except TimeoutError:
            log.error("the worker did not end in order within %g s", STOP_S)
        for task in (living, waking):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task

    def _crashed(self, reason: BaseException | None) -> None:
        if isinstance(reason, SlaError):
            self.report(reason)
        else:
            self.report(LogError(f"the stream worker failed: {reason!r}"))


def _quieten() -> None:
    """Unless levels were set: aiokafka logs each of its many tries, and errors come from `run`."""
    for name, level in (("aiokafka", logging.CRITICAL), ("faust", logging.WARNING)):
        if logging.getLogger(name).level == logging.NOTSET:
            logging.getLogger(name).setLevel(level)


async def _live(app: EngineApp) -> None:
    await app.start()
    await app.wait_until_stopped()
