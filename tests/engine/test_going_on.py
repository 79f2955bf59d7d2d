"""Incidents whose row alone does not tell what comes next: their timers still fire in time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sla_engine.engine.turn import Turn
from tests.engine.world import MemoryWorker, World, clean_stream

POLICIES = """
recipients: {lead: {}}
policies:
  - name: all
    clocks:
      first_response: {target: 1h}
      resolution: {target: {high: 2h, default: 4h}, pause: status_class == "waiting_customer"}
    escalations:
      - {at: 50%, notify: team}
      - {every: 30m, after: breach, times: 2, page: lead, until: acknowledged}
"""


def restarted(world: World, worker: MemoryWorker) -> MemoryWorker:
    worker.checkpoint()
    return world.worker().claim(0)


def left_running(world: World, worker: MemoryWorker) -> MemoryWorker:
    return worker


@pytest.mark.parametrize("then", [left_running, restarted])
def test_a_warning_held_by_a_snooze_leaves_at_its_end(
    then: Callable[[World, MemoryWorker], MemoryWorker],
) -> None:
    world = World(POLICIES)
    worker = world.worker().claim(0)
    world.send("created", "A", {"team": "noc", "priority": "high"})
    world.move_to("09:20")
    world.send("snoozed", "A", {"until": "2026-03-02T09:50:00Z"})
    worker.catch_up()
    world.move_to("09:40")
    worker.catch_up()
    assert world.said() == []
    worker = then(world, worker)
    world.move_to("09:50")
    worker.catch_up()
    assert world.said() == ["09:30:00 warning A/default/first_response/1/50%"]
    said = world.alerts()[0]["data"]
    assert said["late"] == "held"
    assert said["fired_at"] == "2026-03-02T09:50:00.000Z"
    assert said["late_by_ms"] == 20 * 60_000
    world.move_to("15:00")
    worker.catch_up()
    assert world.net() == clean_stream(POLICIES, world.sent, world.clock.now_ms())


def test_events_of_a_snoozed_incident_apply_while_its_warning_waits() -> None:
    world = World(POLICIES)
    worker = world.worker().claim(0)
    world.send("created", "A", {"team": "noc"})
    world.send("snoozed", "A", {"until": "2026-03-02T09:50:00Z"})
    world.move_to("09:40")
    worker.catch_up()
    world.send("commented", "A", {"author": "agent"})
    world.send("updated", "A", {"priority": "high"})
    worker.catch_up()
    world.move_to("15:00")
    worker.catch_up()
    assert world.net() == clean_stream(POLICIES, world.sent, world.clock.now_ms())


#: Minutes after the opening at which a status or a priority changes, and to what.
LIVES = (
    ((10, "waiting_customer"), (20, "open"), (30, "high"), (40, "low"), (50, "high")),
    ((10, "waiting_customer"), (15, "high"), (20, "open"), (25, "low")),
    # The new target's warning, or its due, lies in a stretch that is over.
    ((70, "waiting_customer"), (80, "open"), (90, "high")),
    ((130, "waiting_customer"), (140, "open"), (150, "high"), (160, "low")),
    ((130, "waiting_customer"), (150, "high"), (160, "open"), (170, "low")),
    # Warned under the first priority, not yet under the second, again under the third.
    ((10, "waiting_customer"), (12, "open"), (90, "low"), (95, "high"), (100, "low")),
)


@pytest.mark.parametrize("life", LIVES)
@pytest.mark.parametrize("first", ["high", "low"])
def test_another_priority_after_a_pause(life: tuple[tuple[int, str], ...], first: str) -> None:
    """The row's sums or the history: clocks and alerts are those of a replay."""
    world = World(POLICIES)
    worker = world.worker().claim(0)
    world.send("created", "A", {"team": "noc", "priority": first})
    for minute, what in life:
        world.move_to(f"{9 + minute // 60:02d}:{minute % 60:02d}")
        name = "priority" if what in ("high", "low") else "status"
        world.send("updated", "A", {name: what})
        worker.catch_up()
    world.move_to("19:00")
    worker.catch_up()
    assert world.net() == clean_stream(POLICIES, world.sent, world.clock.now_ms())
    assert world.said()


def test_another_priority_early_in_a_clocks_life_needs_no_history(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(POLICIES)
    worker = world.worker().claim(0)
    for minute, kind, data in (
        (1, "created", {"priority": "low"}),
        (2, "updated", {"status": "waiting_customer"}),
        (3, "updated", {"status": "open"}),
    ):
        world.move_to(f"09:0{minute}")
        world.send(kind, "A", data)
        worker.catch_up()
    with monkeypatch.context() as patched:
        patched.setattr(Turn, "history", refused)
        for minute, priority in ((4, "high"), (5, "low")):
            world.move_to(f"09:0{minute}")
            world.send("updated", "A", {"priority": priority})
            worker.catch_up()
    assert [clock["target_ms"] for clock in worker.clocks()] == [3_600_000, 4 * 3_600_000]


def refused(turn: Turn, row: int) -> bytes:
    raise AssertionError("the history was read")


def test_an_id_that_was_seen_before_is_told_by_the_history() -> None:
    """Later than all others, so only its id tells: a conflict, whatever the filter says."""
    world = World(POLICIES)
    worker = world.worker().claim(0)
    world.send("created", "A", {"priority": "low"})
    for n in range(30):  # so many that the filter knows every id
        world.send("commented", "A", {"author": "agent"}, id=f"c{n}")
    worker.catch_up()
    world.send("commented", "A", {"author": "customer"}, id="c7")
    world.send("commented", "A", {"author": "customer"}, id="new")
    worker.catch_up()
    assert [code for code, _, _ in world.dead()] == ["CONFLICT"]
    assert worker.engine._owned[0].partition.work.incidents["events"][0] == 32
