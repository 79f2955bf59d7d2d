"""F93: a correction is said beside what was said before; nothing is taken out of the record."""

from __future__ import annotations

from tests.engine.world import World
from tests.features.telling import instant

POLICIES = """
policies:
  - name: all
    clocks: {resolution: {target: 4h}}
"""


def world_at(moment: str) -> World:
    world = World(POLICIES, start=instant("09:00"))
    worker = world.worker().claim(0)
    world.send("created", "X")
    world.move_to("13:00")
    resolved = world.event("resolved", "X")
    world.move_to("13:30")
    worker.catch_up()
    if moment == "repaired":
        world.put(resolved)
        worker.catch_up()
    return world


def test_the_breach_stays_in_the_record_and_its_correction_follows() -> None:
    before = world_at("broken").alerts()
    after = world_at("repaired").alerts()
    assert [one["type"] for one in before] == ["sla.clock.breached"]
    assert after[: len(before)] == before
    (correction,) = after[len(before) :]
    assert correction["type"] == "sla.alert.retracted"
    assert correction["id"] == f"{before[0]['id']}~1"
    assert correction["data"]["alert"] == before[0]["id"]
    assert world_at("repaired").net() == {}


def test_not_when_there_is_nothing_to_repair() -> None:
    world = World(POLICIES, start=instant("09:00"))
    worker = world.worker().claim(0)
    world.send("created", "X")
    world.move_to("13:00")
    world.send("resolved", "X")
    world.move_to("13:30")
    worker.catch_up()
    assert world.alerts() == []
