"""One event that ends a stretch and changes the rules: what was due in that stretch is said."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.world import World, clean_stream

POLICIES = """
calendars: {office: {time_zone: UTC, hours: {mon-fri: 10:00-18:00}}}
policies:
  - name: all
    calendar: {urgent: 24x7, default: CALENDAR}
    clocks:
      resolution: {target: {urgent: 30m, default: 4h}, pause: status_class == "waiting_customer"}
    escalations: [{at: 50%, notify: team}]
"""
URGENT_AND_PAUSED = {"priority": "urgent", "status": "waiting_customer"}
LIVES: tuple[tuple[tuple[int, dict[str, Any]], ...], ...] = (
    ((56, URGENT_AND_PAUSED),),
    ((56, URGENT_AND_PAUSED), (90, {"status": "open"}), (100, {"priority": "low"})),
    ((5, {"status": "waiting_customer"}), (10, {"status": "open"}), (66, URGENT_AND_PAUSED)),
    ((5, {"status": "waiting_customer"}), (66, {"status": "open", "priority": "urgent"})),
    ((56, {"status": "resolved", "priority": "urgent"}), (70, {"status": "open"})),
)


@pytest.mark.parametrize("life", LIVES)
@pytest.mark.parametrize("calendar", ["24x7", "office"])
def test_clocks_and_alerts_are_those_of_a_replay(
    life: tuple[tuple[int, dict[str, Any]], ...], calendar: str
) -> None:
    policies = POLICIES.replace("CALENDAR", calendar)
    world = World(policies)
    worker = world.worker().claim(0)
    world.send("created", "A", {"priority": "low", "team": "noc"})
    for minute, data in life:
        world.move_to(f"{9 + minute // 60:02d}:{minute % 60:02d}")
        world.send("updated", "A", data)
        worker.catch_up()
    world.move_to("19:00")
    worker.catch_up()
    assert world.net() == clean_stream(policies, world.sent, world.clock.now_ms())
