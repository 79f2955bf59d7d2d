"""A whole engine on virtual time: a log in memory, a store in memory, workers that crash."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import count
from typing import Any

from sla_engine.engine.policy_store import book_of, store_set
from sla_engine.engine.ports import OutRecord, RawBatch, StoredRecord
from sla_engine.engine.refold import Folder
from sla_engine.engine.report import clock_reports
from sla_engine.engine.settings import EngineSettings
from sla_engine.engine.turn import TurnSettings
from sla_engine.engine.worker import Engine
from sla_engine.event.hashing import incident_key
from sla_engine.event.packed import unpack_all
from sla_engine.event.times import format_time, parse_time_text
from sla_engine.policy import PolicySet, load_text
from sla_engine.store.memory import MemoryStore, PlannedFaults
from sla_engine.store.memory_server import MemoryServer
from sla_engine.stream.murmur2 import partition_of
from tests.engine.memory_log import Feed, MemoryLog, MemoryProducer, VirtualClock

Event = dict[str, Any]

START = "2026-03-02T09:00:00.000Z"
#: Members that tell when and how an alert left (contracts section 4); all others are compared.
OF_THE_SENDING = ("fired_at", "late_by_ms", "late", "alert", "revision", "active")
Belongs = Callable[[RawBatch, int], Any]


@lru_cache(maxsize=8)
def policy_set(text: str) -> PolicySet:
    """The policies of a text, read once."""
    return load_text(text)


class MemoryWorker:
    """One engine with its feed; `crash` leaves everything as kill -9 would."""

    def __init__(self, world: World, name: int, *, faults: PlannedFaults) -> None:
        self._world = world
        self._tokens = count()
        self.producer = MemoryProducer(world.log)
        self.store = MemoryStore(world.server, faults=faults, now_ms=world.clock.now_ms)
        self.engine = Engine(
            book_of(
                MemoryStore(world.server, faults=PlannedFaults(), now_ms=world.clock.now_ms),
                policy_set(world.policies),
            ),
            self.store,
            self.producer,
            world.log,
            world.log.identity(),
            world.clock,
            EngineSettings(max_hold_ms=world.max_hold_ms, turn=TurnSettings(), by_events=False),
            token=lambda: f"worker-{name}-{next(self._tokens)}".encode(),
            belongs=world.belongs,
        )
        self.feed = Feed(world.log, self.engine)

    def claim(self, *partitions: int) -> MemoryWorker:
        """Become the owner, and stand at the stored positions."""
        future = self.engine.assign(partitions)
        self.settle()
        self.feed.open(future.result(timeout=0))
        return self

    def release(self, *partitions: int) -> None:
        """What a revocation does."""
        future = self.engine.revoke(partitions)
        self.settle()
        future.result(timeout=0)
        for partition in partitions:
            self.feed.positions.pop(partition, None)

    def settle(self, idle_rounds: int = 3) -> None:
        """Work until there are no messages, then so many rounds more."""
        while self.engine.step():
            pass
        for _ in range(idle_rounds):
            self.engine.step()

    def catch_up(self, batch: int = 500) -> None:
        """Read everything the log has, hear its end, fire what is due."""
        for partition in list(self.feed.positions):
            while self.feed.deliver(partition, batch):
                self.settle(0)
            self.feed.tell_end(partition)
        self.settle()

    def checkpoint(self) -> None:
        """Run the rolling checkpoint to the end of a round, as 60 s without much to do would."""
        clock = self._world.clock
        clock.move_to(clock.now_ms() + 61_000)
        for partition in self.feed.positions:
            self.feed.tell_end(partition)
        self.settle(60)

    def clocks(self) -> list[dict[str, Any]]:
        """The clocks of every incident this worker owns, as its history gives them."""
        found = []
        now = self._world.clock.now_ms()
        for tenant, incident in self._world.incidents():
            found += self.clocks_of(tenant, incident, now)
        return found

    def clocks_of(self, tenant: str, incident: str, now: int) -> list[dict[str, Any]]:
        """The clocks of one incident at `now`; [] when no partition here knows it."""
        owned = self._world.owned_of(self.engine, incident)
        if owned is None:
            return []
        row = owned.partition.find(*incident_key(tenant, incident))
        if row < 0:
            return []
        folder = Folder(self.engine.book)
        folded = folder.fold(unpack_all(owned.turn.history(row)), now, report=True)
        return clock_reports(self.engine.book, folded, folder.render(folded))


class World:
    """Log, store and time that outlive every worker."""

    def __init__(
        self,
        policies: str,
        *,
        partitions: int = 1,
        start: str = START,
        max_hold_ms: int = 60_000,
        belongs: Belongs | None = None,
    ) -> None:
        self.policies = policies
        self.max_hold_ms = max_hold_ms
        self.belongs = belongs
        self.clock = VirtualClock(parse_time_text(start))
        self.log = MemoryLog(self.clock, partitions)
        self.server = MemoryServer()
        self.sent: list[Event] = []
        self.published: list[str] = []
        self._names = count(1)
        self._ids = count(1)

    def worker(self, faults: PlannedFaults | None = None) -> MemoryWorker:
        """A new process of the group."""
        return MemoryWorker(self, next(self._names), faults=faults or PlannedFaults())

    def at(self, text: str) -> int:
        """`10:30` is on the day of the start; anything longer is a whole instant."""
        if "T" not in text:
            day = format_time(self.clock.now_ms())[:10]
            text = f"{day}T{text}" + (":00Z" if text.count(":") == 1 else "Z")
        instant = parse_time_text(text)
        assert instant > 0, f"{text} is no instant"
        return instant

    def move_to(self, text: str) -> None:
        """Let time pass up to this instant."""
        self.clock.move_to(self.at(text))

    def event(self, kind: str, incident: str, data: Event | None = None, **more: Any) -> Event:
        """A complete event of now."""
        return {
            "specversion": "1.0",
            "id": str(next(self._ids)),
            "source": "desk",
            "type": kind if "." in kind else f"incident.{kind}",
            "subject": incident,
            "time": format_time(self.clock.now_ms()),
            "data": data or {},
            **more,
        }

    def put(self, event: Event, partition: int | None = None) -> int:
        """Append an event to the log; its offset."""
        self.sent.append(event)
        value = json.dumps(event).encode()
        return self.log.append(OutRecord("events", partition, event["subject"].encode(), value))

    def send(self, kind: str, incident: str, data: Event | None = None, **more: Any) -> Event:
        """An event of now, on the log."""
        event = self.event(kind, incident, data, **more)
        self.put(event)
        return event

    def publish(self, policies: str, effective_from: str, **more: Any) -> Event:
        """A policy set to the store and its record to every partition; `more`: as `event`."""
        store = MemoryStore(self.server, faults=PlannedFaults(), now_ms=self.clock.now_ms)
        edited = policy_set(policies)
        store_set(store, edited)
        self.published.append(policies)
        begin = format_time(self.at(effective_from))
        told = {"hash": edited.version, "effective_from": begin}
        event = {**self.event("policy.published", "policies", told, **more), "source": "publisher"}
        self.sent.append(event)
        for partition in range(self.log.partitions):
            record = OutRecord("events", partition, None, json.dumps(event).encode())
            self.log.append(record)
        return event

    def clean(self) -> dict[str, Event]:
        """What `net` is to be: a replay of everything sent, up to now."""
        now = self.clock.now_ms()
        return clean_stream(self.policies, self.sent, now, self.published)

    def incidents(self) -> list[tuple[str, str]]:
        """Every (tenant, incident) that was sent."""
        own = [event for event in self.sent if event["type"] != "policy.published"]
        return sorted({(event.get("tenant", "default"), event["subject"]) for event in own})

    def owned_of(self, engine: Engine, incident: str) -> Any:
        """What the engine holds of an incident's partition, None if it does not own it."""
        return engine._owned.get(partition_of(incident.encode(), self.log.partitions))

    # ------------------------------------------------------------------ what receivers see

    def alerts(self) -> list[Event]:
        """Everything on `alerts`, in the order of its partition."""
        return events_of(self.log.records("alerts"))

    def net(self) -> dict[str, Event]:
        """Sent minus retracted, as amended: id -> content."""
        return net_alerts(self.alerts())

    def said(self) -> list[str]:
        """`time id` of every alert as it went out, corrections with their kind, in order."""
        return [
            " ".join(
                (
                    short(event["time"]),
                    event["type"].rpartition(".")[2],
                    event["id"].split("/", 1)[1],
                )
            )
            for event in self.alerts()
        ]

    def dead(self) -> list[tuple[str, dict[str, str], bytes]]:
        """(code, headers, bytes) of every dead letter."""
        found = []
        for record in self.log.records("dead"):
            headers = {name: value.decode() for name, value in record.headers}
            found.append((headers["dl-code"], headers, record.value or b""))
        return found


def short(text: str) -> str:
    """The time of day of a written instant, without what is zero."""
    return text[11:-1].removesuffix(".000")


def events_of(records: Iterable[StoredRecord]) -> list[Event]:
    """The events of records that carry one."""
    return [json.loads(record.value) for record in records if record.value]


def net_alerts(alerts: Sequence[Event]) -> dict[str, Event]:
    """What a consumer that drops seen ids holds valid, without what depends on the moment."""
    valid: dict[str, Event] = {}
    seen: set[str] = set()
    for event in alerts:
        if event["id"] in seen:
            continue
        seen.add(event["id"])
        data = event["data"]
        if event["type"] == "sla.alert.retracted":
            valid.pop(data["alert"], None)
            continue
        identity = data["alert"] if event["type"] == "sla.alert.amended" else event["id"]
        valid[identity] = content(event)
    return valid


def clean_stream(
    policies: str, events: Sequence[Event], until_ms: int, published: Sequence[str] = ()
) -> dict[str, Event]:
    """The net alerts that the events give when they come in order, once, in time."""
    _, alerts = replayed(policies, events, until_ms, published)
    return {alert["id"]: content(alert) for alert in alerts}


def content(alert: Event) -> Event:
    """What an alert says, whenever it left."""
    told = {name: said for name, said in alert["data"].items() if name not in OF_THE_SENDING}
    return {"time": alert["time"], **told}


def replayed(
    policies: str, events: Sequence[Event], until_ms: int, published: Sequence[str] = ()
) -> tuple[list[Event], list[Event]]:
    """(clocks, alerts) of a replay of the events."""
    from sla_engine.engine.replay import Replay

    replay = Replay(policy_set(policies), published=[policy_set(text) for text in published])
    replay.add(b"".join(json.dumps(event).encode() + b"\n" for event in events))
    clocks: list[Event] = []
    alerts: list[Event] = []
    for one in replay.incidents(until_ms):
        own = one.alerts()
        alerts += own
        clocks += one.clocks(own)
    return clocks, alerts
