"""One thread that owns the file: what waits is done in one transaction, then answered."""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from sla_engine.deliver.schema import connect
from sla_engine.errors import SlaError, StoreUnavailable

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

TOGETHER_MAX: Final = 500
"""Calls in one transaction: one flush to disk for all of them."""

_log = logging.getLogger(__name__)


class Store:
    """`call` runs a function on the database, durable when it returns.

    StoreUnavailable: the file cannot be written (disk full); nothing of the call was done.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = connect(path)
        self._calls: queue.SimpleQueue[tuple[Work[Any], asyncio.Future[Any]] | None] = (
            queue.SimpleQueue()
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._serve, name="deliver-store", daemon=True)
        self._thread.start()

    async def call(self, work: Work[T]) -> T:
        """The result of `work(database)`; it may raise what `work` raises."""
        self._loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = self._loop.create_future()
        self._calls.put((work, future))
        return await future

    def close(self) -> None:
        """Finish what waits, and close the file."""
        self._calls.put(None)
        self._thread.join()
        self.database.close()

    def _serve(self) -> None:
        while True:
            calls = [self._calls.get()]
            while len(calls) < TOGETHER_MAX:
                try:
                    calls.append(self._calls.get_nowait())
                except queue.Empty:
                    break
            waiting = [call for call in calls if call is not None]
            if waiting:
                self._answer(waiting, self._together([work for work, _ in waiting]))
            if len(waiting) < len(calls):
                return

    def _together(self, works: list[Work[Any]]) -> list[Any]:
        """The results, or the error of each."""
        try:
            self.database.execute("BEGIN IMMEDIATE")
            try:
                results = [work(self.database) for work in works]
                self.database.execute("COMMIT")
            except BaseException:
                # When the disk is full SQLite has rolled back by itself.
                if self.database.in_transaction:
                    self.database.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            why = f"{self.path}: delivery cannot write: {error}"
            return [StoreUnavailable(why)] * len(works)
        except Exception as error:  # a mistake of ours: every caller must hear of it
            _log.exception("a transaction of delivery failed")
            return [SlaError(f"delivery failed: {error!r}", code="INTERNAL")] * len(works)
        return results

    def _answer(
        self, calls: list[tuple[Work[Any], asyncio.Future[Any]]], results: list[Any]
    ) -> None:
        def set_all() -> None:
            for (_, future), result in zip(calls, results, strict=True):
                if future.done():
                    continue
                if isinstance(result, BaseException):
                    future.set_exception(result)
                else:
                    future.set_result(result)

        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(set_all)
        except RuntimeError:
            return  # the loop has ended: nobody waits any more
