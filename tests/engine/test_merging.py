"""Merges over partitions: the other incident hears of it by an event of its own (D19)."""

from __future__ import annotations

import pytest

from sla_engine.store.memory import Fault, PlannedFaults
from tests.engine.world import MemoryWorker, World, clean_stream, replayed

POLICIES = """
policies:
  - name: all
    clocks: {resolution: {target: 4h}}
    escalations:
      - {at: 50%, notify: team}
"""


def started(worker: MemoryWorker) -> dict[str, str]:
    return {
        clock["incident"]: clock["started"][11:16] + " " + clock["state"]
        for clock in worker.clocks()
    }


@pytest.fixture
def world() -> World:
    made = World(POLICIES, partitions=4)
    for at, name in (("09:00", "A"), ("10:00", "B"), ("10:30", "C"), ("10:40", "D")):
        made.move_to(at)
        made.send("created", name, {"team": "noc"})
    return made


def test_the_target_goes_on_from_the_earlier_start(world: World) -> None:
    worker = world.worker().claim(0, 1, 2, 3)
    worker.catch_up()
    world.move_to("10:50")
    world.send("merged", "A", {"into": "B"})
    worker.catch_up()
    worker.catch_up()
    assert started(worker) == {
        "A": "09:00 cancelled",
        "B": "09:00 running",
        "C": "10:30 running",
        "D": "10:40 running",
    }
    world.move_to("16:00")
    worker.catch_up()
    assert "11:00:00 warning B/default/resolution/1/50%" in world.said()
    assert world.net() == clean_stream(POLICIES, world.sent, world.clock.now_ms())


def test_two_workers_and_a_crash_in_between(world: World) -> None:
    """The event for the other incident waits in the outbox until the log has it."""
    first, second = world.worker().claim(0, 1), world.worker().claim(2, 3)
    for worker in (first, second):
        worker.catch_up()
    world.move_to("10:50")
    world.send("merged", "A", {"into": "B"})
    for worker in (first, second):
        worker.producer.holding = True
        worker.catch_up()
    worker = world.worker().claim(0, 1, 2, 3)
    worker.catch_up()
    worker.catch_up()
    assert started(worker)["B"] == "09:00 running"
    assert world.net() == clean_stream(POLICIES, world.sent, world.clock.now_ms())


@pytest.mark.parametrize("in_order", [True, False])
def test_a_chain_of_merges(world: World, in_order: bool) -> None:
    """A into B into C; out of order B is gone when it hears of A, and hands that on."""
    worker = world.worker().claim(0, 1, 2, 3)
    worker.catch_up()
    world.move_to("11:20")
    sent = [
        world.event("merged", "A", {"into": "B"}, time="2026-03-02T11:00:00.000Z"),
        world.event("merged", "B", {"into": "C"}, time="2026-03-02T11:10:00.000Z"),
    ]
    for event in sent if in_order else reversed(sent):
        world.put(event)
        for _ in range(3):
            worker.catch_up()
    assert started(worker) == {
        "A": "09:00 cancelled",
        "B": "09:00 cancelled",
        "C": "09:00 running",
        "D": "10:40 running",
    }
    clocks, _ = replayed(POLICIES, world.sent, world.clock.now_ms())
    assert {c["incident"]: c["started"][11:16] + " " + c["state"] for c in clocks} == started(
        worker
    )


def test_circles_are_refused(world: World) -> None:
    worker = world.worker().claim(0, 1, 2, 3)
    worker.catch_up()
    world.move_to("11:00")
    world.send("merged", "A", {"into": "A"})
    world.send("merged", "A", {"into": "B"})
    for _ in range(2):
        worker.catch_up()
    world.move_to("11:10")
    world.send("merged", "B", {"into": "A"})
    worker.catch_up()
    assert [code for code, _, _ in world.dead()] == ["MERGED", "MERGED"]
    reasons = {
        headers["dl-message"].partition(": ")[2].partition(";")[0] for _, headers, _ in world.dead()
    }
    assert reasons == {"names the event's own incident", "a merge into `A`, which it has absorbed"}
    assert started(worker)["B"] == "09:00 running"


def test_the_event_for_the_other_incident_counts_once(world: World) -> None:
    faults = PlannedFaults()
    worker = world.worker(faults).claim(0, 1, 2, 3)
    worker.catch_up()
    world.move_to("10:50")
    world.send("merged", "A", {"into": "B"})
    faults.plan("commit", Fault.AFTER)
    for _ in range(3):
        worker.catch_up()
    world.worker().claim(0, 1, 2, 3).catch_up()
    assert world.dead() == []
    assert world.net() == clean_stream(POLICIES, world.sent, world.clock.now_ms())
