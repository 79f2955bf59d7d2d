"""A delivery in this process: a log in memory, real receivers, the real file."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import orjson

from sla_engine.cli.deliver_wiring import make_transports, secrets_by_name
from sla_engine.cli.wiring import Services, SteadyClock
from sla_engine.config.secret import Secret
from sla_engine.config.settings import Deliver, Settings
from sla_engine.deliver.lists import Lists
from sla_engine.deliver.plan.parse import parse_plan
from sla_engine.deliver.service import Delivery
from sla_engine.deliver.store import Store
from sla_engine.engine.ports import LogIdentity, StoredRecord
from sla_engine.errors import LogUnavailable
from sla_engine.telemetry import Metrics

#: A made-up secret of Standard Webhooks.
SECRET = "whsec_" + "bWFkZS11cC1zZWNyZXQtb2YtdGhlLXRlc3RzLTAxMjM="


class MemoryAlerts:
    """The topic of alerts; `away` makes it unreachable, `first` is its earliest offset."""

    def __init__(self, partitions: int = 2) -> None:
        self.partitions: list[list[bytes]] = [[] for _ in range(partitions)]
        self.away = False
        self.first = 0
        self.topic_id = "one"

    def add(self, *events: dict[str, Any]) -> None:
        for event in events:
            number = sum(event["subject"].encode()) % len(self.partitions)
            self.partitions[number].append(orjson.dumps(event))

    def identity(self, topic: str) -> LogIdentity:
        return LogIdentity(topic, self.topic_id, len(self.partitions))

    def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        if self.away:
            raise LogUnavailable("the log is away")
        return self.first, len(self.partitions[partition])

    def read(
        self, topic: str, partition: int, start: int, end: int | None = None
    ) -> Iterator[StoredRecord]:
        for offset, value in list(enumerate(self.partitions[partition]))[start:end]:
            yield StoredRecord(partition, offset, 0, None, value)


def alert(
    incident: str = "4711",
    threshold: str = "breach",
    kind: str = "sla.clock.breached",
    **data: Any,
) -> dict[str, Any]:
    """An alert as the engine writes it."""
    identity = f"default/{incident}/default/resolution/1/{threshold}"
    return {
        "specversion": "1.0",
        "id": identity,
        "source": "sla-engine",
        "type": kind,
        "subject": incident,
        "time": "2026-11-23T12:00:00.001Z",
        "tenant": "default",
        "data": {
            "tenant": "default",
            "incident": incident,
            "title": f"Parcel {incident} is late",
            "url": None,
            "set": "default",
            "clock": "resolution",
            "cycle": 1,
            "policy": "everyone",
            "policy_version": "0123456789ab",
            "calendar": "24x7",
            "calendar_version": "0123456789ab",
            "threshold": threshold,
            "due": "2026-11-23T12:00:00.000Z",
            "fired_at": "2026-11-23T12:00:00.001Z",
            "late_by_ms": 0,
            "late": None,
            "elapsed_ms": 14400001,
            "target_ms": 14400000,
            "score": 100,
            "actions": [{"do": "notify", "to": ["lead"], "args": {"via": []}}],
            "superseded": False,
            "attributes": {},
            **data,
        },
    }


def warning(incident: str = "4711", **data: Any) -> dict[str, Any]:
    """A warning of the same clock."""
    return alert(incident, "80%", "sla.clock.warning", **data)


def cleared(incident: str, *thresholds: str, **data: Any) -> dict[str, Any]:
    """The end of a clock's cycle."""
    ids = [f"default/{incident}/default/resolution/1/{one}" for one in thresholds]
    return alert(incident, "cleared", "sla.alert.cleared", alerts=ids, actions=[], **data)


def retracted(of: dict[str, Any], revision: int = 1) -> dict[str, Any]:
    """An alert taken back."""
    data = {
        "tenant": "default",
        "incident": of["subject"],
        "alert": of["id"],
        "revision": revision,
        "fired_at": of["time"],
    }
    kind = "sla.alert.retracted"
    return {**of, "id": f"{of['id']}~{revision}", "type": kind, "data": data}


def amended(of: dict[str, Any], revision: int = 1, **data: Any) -> dict[str, Any]:
    """An alert that says something else now."""
    told = {**of["data"], "alert": of["id"], "revision": revision, "late": "late_event", **data}
    return {**of, "id": f"{of['id']}~{revision}", "type": "sla.alert.amended", "data": told}


class Running:
    """A delivery in a thread with a loop of its own."""

    def __init__(
        self,
        plan: str,
        log: MemoryAlerts,
        folder: Path,
        secrets: Sequence[tuple[str, str]] = (("desk", SECRET),),
        allow: Sequence[str] = ("127.0.0.0/8",),
        begin: Literal["start", "end"] | None = "start",
    ) -> None:
        self.plan = parse_plan(plan, "deliver.yaml")
        self.store = Store(folder / "deliver.db")
        self.metrics = Metrics()
        self.error: BaseException | None = None
        self.transports: Any = {}
        deliver = Deliver(
            secrets=tuple((name, Secret(text)) for name, text in secrets), allow=tuple(allow)
        )
        self.settings = Settings(deliver=deliver)
        self._log, self._folder, self._begin = log, folder, begin
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        self._ready.wait()

    def _serve(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:
            self.error = error
        finally:
            self._ready.set()

    async def _main(self) -> None:
        clock = SteadyClock()
        services = Services(self.settings, "", None)  # type: ignore[arg-type]
        secrets = secrets_by_name(self.settings)
        self.transports = await make_transports(services, self.plan, secrets, self.store, clock)
        self.delivery = Delivery(
            self.plan,
            self.store,
            self._log,
            self.transports,
            Lists(self._folder / "lists"),
            clock,
            lambda: 0.0,  # no wait is longer than it must be
            self.metrics,
            self._begin,
        )
        self.loop = asyncio.get_running_loop()
        self._ready.set()
        await self.delivery.run()

    def call(self, work: Any) -> Any:
        """A coroutine in the loop of the delivery; what ended that is raised."""
        if not self._thread.is_alive():
            work.close()
            raise self.error or AssertionError("delivery has ended")
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the file says."""
        result: list[tuple[Any, ...]] = self.call(
            self.store.call(lambda database: database.execute(query).fetchall())
        )
        return result

    def wait_until(self, query: str, expected: list[tuple[Any, ...]]) -> None:
        """Return when a query of the file gives this."""
        for _ in range(12_000):
            found = self.rows(query)
            if found == expected:
                return
            threading.Event().wait(0.01)
        raise AssertionError(f"{query}: {found}, not {expected}")

    def join(self) -> None:
        """Return when it has ended by itself."""
        self._thread.join(30)
        assert not self._thread.is_alive()

    def stop(self) -> None:
        if self._thread.is_alive() and hasattr(self, "loop"):
            self.loop.call_soon_threadsafe(self.delivery.stop)
        self._thread.join()
        self.store.close()


@contextmanager
def delivering(plan: str, log: MemoryAlerts, folder: Path, **options: Any) -> Iterator[Running]:
    """A delivery that is stopped at the end; what ended it early is raised."""
    running = Running(plan, log, folder, **options)
    try:
        yield running
    finally:
        running.stop()
    if running.error is not None:
        raise running.error
