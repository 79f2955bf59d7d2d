"""A desk with a worker in memory, and a model that follows it."""

from __future__ import annotations

from typing import Any

from sla_engine.engine.explain import explain
from sla_engine.engine.refold import Folder
from sla_engine.engine.replay import Replay
from sla_engine.follow.model import Model
from sla_engine.policy import load_text
from sla_engine.store.memory import MemoryStore
from tests.engine.test_replay import lines
from tests.engine.world import MemoryWorker, World, replayed

POLICIES = """
calendars: {office: {time_zone: Europe/Berlin, hours: {mon-fri: ["09:00-17:00"]}}}
sets: {ola: {match: all, party: team}}
recipients: {lead: {}}
customers: {ACME: {tier: gold}}
policies:
  - name: gold
    when: tier == "gold"
    clocks:
      first_response: {target: 30m}
      resolution: {target: 2h, pause: status_class == "waiting_customer"}
    escalations: [{at: 50%, notify: team}, {at: breach, notify: lead}]
  - name: everyone
    clocks:
      first_response: {target: 1h, calendar: office}
      resolution: {target: 4h, calendar: office, pause: status_class == "waiting_customer"}
    escalations: [{at: 50%, notify: team}, {at: breach, notify: lead}]
  - name: teams
    set: ola
    when: team == "network"
    clocks: {ownership: {target: 1h}}
"""
PARTITIONS = 3
START = "2026-11-23T08:00:00Z"


class Desk:
    """World, worker and model; `follow` brings the model to where the worker is."""

    def __init__(self, policies: str = POLICIES) -> None:
        self.policies = policies
        self.world = World(policies, partitions=PARTITIONS, start=START)
        self.worker: MemoryWorker = self.world.worker().claim(*range(PARTITIONS))
        self.model = Model(self.store(), PARTITIONS, lambda: load_text(policies))

    def store(self) -> MemoryStore:
        """Another client of the store."""
        return MemoryStore(self.world.server, now_ms=self.world.clock.now_ms)

    def send(
        self, kind: str, incident: str, data: dict[str, Any] | None = None, **more: Any
    ) -> None:
        self.world.send(kind, incident, data, **more)

    def customer(self, name: str, **data: Any) -> None:
        """A `customer.updated`: one copy per partition under one id."""
        event = self.world.event("customer.updated", name, data)
        for partition in range(PARTITIONS):
            self.world.put(event, partition)

    def at(self, time: str) -> Desk:
        """Let time pass, with the worker up to date."""
        self.world.move_to(time)
        self.worker.catch_up()
        return self

    def follow(self) -> Desk:
        """The worker takes what there is, and the model what it wrote."""
        self.worker.catch_up()
        busy = True
        while busy or self.model.behind:
            busy = any([self.model.step(number).rows for number in range(PARTITIONS)])
        return self

    @property
    def now_ms(self) -> int:
        return self.world.clock.now_ms()

    def told(self) -> list[dict[str, Any]]:
        """Every clock as the model tells it now."""
        found: list[dict[str, Any]] = []
        for place, _ in self.model.all():
            shown = self.model.shown(place, self.now_ms)
            if shown is not None:
                found += shown.clocks
        return sorted(found, key=_order)

    def replayed(self) -> list[dict[str, Any]]:
        """Every clock as a replay of all events gives it now."""
        sent = once_each(self.world.sent)
        clocks, _ = replayed(self.policies, sent, self.now_ms, self.world.published)
        return sorted(clocks, key=_order)

    def explained(self, incident: str, tenant: str = "default") -> dict[str, Any]:
        """What `explain` says of a file of the events."""
        replay = Replay(load_text(self.policies))
        replay.add(lines(once_each(self.world.sent)))
        folded = replay.incident(tenant, incident, self.now_ms)
        assert folded is not None
        return explain(Folder(replay.book), folded)


def once_each(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Control records have a copy per partition; a file has them once."""
    return list({(event["source"], event["id"]): event for event in events}.values())


def _order(clock: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(clock[name] for name in ("tenant", "incident", "set", "clock", "cycle"))
