"""Incidents whose row alone does not tell what comes next: their timers still fire in time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

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
