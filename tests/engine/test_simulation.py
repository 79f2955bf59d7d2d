"""Generated days on virtual time, with crashes, checkpoints, rollbacks and two owners at once.

A seed decides everything. In the end clocks and net alerts are those of a replay of the same
events, which knows nothing of logs, stores, crashes or arrival.
"""

from __future__ import annotations

import json
from random import Random

import pytest

from sla_engine.event.times import format_time, parse_time_text
from tests.engine.world import MemoryWorker, World, clean_stream, replayed
from tests.reference.generate import WEEKS, arrival, policy_set, story

HOUR_MS = 3_600_000
#: Of a clock, what does not depend on how far alerts got (`fired` is compared as alerts).
FROM_EVENTS = (
    "tenant", "incident", "set", "clock", "cycle", "party", "policy", "state", "breached",
    "started", "due", "breached_at", "stopped", "target_ms", "elapsed_ms", "paused_ms",
    "resolved_ms", "excluded_ms", "wall_ms", "reopens", "pinned",
)  # fmt: skip


class Simulation:
    """One seed: its world, and the workers that come and go in it."""

    def __init__(self, seed: int, partitions: int, incidents: int) -> None:
        self.rng = rng = Random(seed)
        document = policy_set(rng, 1)
        start = parse_time_text(rng.choice(WEEKS) + "T00:00:00Z")
        events = [
            event
            for n in range(incidents)
            for event in story(rng, 1, start + rng.randrange(96) * HOUR_MS // 4, f"I/{n}")
        ]
        self.arriving = arrival(rng, events)
        self.world = World(json.dumps(document), partitions=partitions, start=format_time(start))
        self.partitions = tuple(range(partitions))
        self.worker = self.new_worker()
        self.copy = self.world.server.snapshot()

    def new_worker(self) -> MemoryWorker:
        return self.world.worker().claim(*self.partitions)

    def run(self) -> None:
        for event in self.arriving:
            happened = parse_time_text(event["time"])
            self.pass_time(max(happened, self.world.clock.now_ms()))
            self.world.put(event)
            self.something()
        self.pass_time(self.world.clock.now_ms() + 48 * HOUR_MS)
        self.worker = self.new_worker()  # the broker answers again
        self.worker.catch_up()

    def pass_time(self, until_ms: int) -> None:
        """Up to an instant; a worker that is awake looks in between."""
        clock = self.world.clock
        for _ in range(self.rng.randrange(3)):
            if clock.now_ms() < until_ms:
                clock.move_to(self.rng.randrange(clock.now_ms(), until_ms))
                self.worker.catch_up()
        clock.move_to(max(until_ms, clock.now_ms()))

    def something(self) -> None:
        """Work, or a fault."""
        chance = self.rng.random()
        if chance < 0.4:
            self.worker.catch_up(batch=self.rng.randrange(1, 6))
        elif chance < 0.5:
            self.crash()
        elif chance < 0.6:
            self.worker.checkpoint()
        elif chance < 0.65:
            self.worker.producer.holding = True
        elif chance < 0.7:
            self.two_owners()
        elif chance < 0.72:
            self.copy = self.world.server.snapshot()
        elif chance < 0.74:
            self.world.server.restore(self.copy)
            self.worker = self.new_worker()

    def crash(self) -> None:
        """Somewhere between reading and trimming; the next one claims."""
        for partition in self.partitions:
            if self.rng.random() < 0.5:
                self.worker.feed.deliver(partition, 3)
        self.worker.settle(self.rng.randrange(2))
        self.worker = self.new_worker()

    def two_owners(self) -> None:
        """The older one does not know yet that it is none."""
        older, self.worker = self.worker, self.new_worker()
        older.catch_up()


@pytest.mark.parametrize(("partitions", "incidents"), [(1, 3), (4, 8)])
@pytest.mark.parametrize("seed", range(12))
def test_clocks_and_net_alerts_are_those_of_a_replay(
    seed: int, partitions: int, incidents: int
) -> None:
    simulation = Simulation(seed, partitions, incidents)
    simulation.run()
    world = simulation.world
    now = world.clock.now_ms()
    assert world.net() == clean_stream(world.policies, world.sent, now)
    clocks, _ = replayed(world.policies, world.sent, now)
    assert facts(simulation.worker.clocks()) == facts(clocks)
    assert facts(simulation.new_worker().clocks()) == facts(clocks)


def facts(clocks: list[dict[str, object]]) -> list[dict[str, object]]:
    """What the events alone decide of each clock, in one order."""
    kept = [{name: clock[name] for name in FROM_EVENTS} for clock in clocks]
    return sorted(kept, key=lambda clock: [str(clock[name]) for name in FROM_EVENTS])
