"""`customer.updated`: from its time on the directory says something else, to open ones too."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.world import MemoryWorker, World, clean_stream

POLICIES = """
customers: {ACME: {tier: bronze}}
attributes: {tier: {values: [gold, bronze]}}
policies:
  - name: all
    clocks:
      resolution: {target: {by: tier, gold: 1h, default: 4h}}
    escalations:
      - {at: 50%, notify: team}
"""
HOUR_MS = 3_600_000


def update(world: World, data: dict[str, Any], *, customer: str = "ACME", **more: Any) -> None:
    """One copy per partition, as `sla-engine send` writes it."""
    event = {
        **world.event("created", customer, data),
        "type": "customer.updated",
        **more,
    }
    for partition in range(world.log.partitions):
        world.put(event, partition)


def targets(worker: MemoryWorker) -> dict[str, int]:
    """Hours by incident."""
    return {c["incident"]: c["target_ms"] // HOUR_MS for c in worker.clocks()}


@pytest.fixture
def world() -> World:
    made = World(POLICIES, partitions=2)
    for name in ("A", "B", "C", "D"):
        customer = "ACME" if name != "C" else "OTHER"
        made.send("created", name, {"team": "noc", "customer": customer})
    made.send("created", "E", {"customer": "ACME"}, tenant="elsewhere")
    made.move_to("09:10")
    made.send("resolved", "D")
    return made


def test_open_incidents_of_the_customer_go_on_under_the_new_entry(world: World) -> None:
    worker = world.worker().claim(0, 1)
    worker.catch_up()
    world.move_to("09:20")
    update(world, {"tier": "gold"})
    worker.catch_up()
    assert targets(worker) == {"A": 1, "B": 1, "C": 4, "D": 4, "E": 4}
    world.move_to("12:00")
    worker.catch_up()
    assert [line for line in world.said() if "resolution/1/50%" in line and "warning" in line] == [
        "09:30:00 warning A/default/resolution/1/50%",
        "09:30:00 warning B/default/resolution/1/50%",
        "11:00:00 warning C/default/resolution/1/50%",
        "11:00:00 warning E/default/resolution/1/50%",
    ]
    assert world.net() == clean_stream(POLICIES, world.sent, world.clock.now_ms())


def test_incidents_that_come_later_and_other_owners_know_it(world: World) -> None:
    worker = world.worker().claim(0, 1)
    worker.catch_up()
    world.move_to("09:20")
    update(world, {"tier": "gold"})
    worker.catch_up()
    worker.checkpoint()
    worker = world.worker().claim(0, 1)
    assert targets(worker)["A"] == 1
    world.move_to("09:40")
    world.send("created", "F", {"customer": "ACME"})
    world.send("updated", "B", {"priority": "high"})
    worker.catch_up()
    assert (targets(worker)["F"], targets(worker)["B"]) == (1, 1)
    assert world.net() == clean_stream(POLICIES, world.sent, world.clock.now_ms())


def test_the_same_record_again_changes_nothing(world: World) -> None:
    worker = world.worker().claim(0, 1)
    worker.catch_up()
    world.move_to("09:20")
    update(world, {"tier": "gold"}, id="u1")
    update(world, {"tier": "gold"}, id="u1", time="2026-03-02T09:20:00.000Z")
    worker.catch_up()
    before = world.net()
    worker.checkpoint()
    assert world.net() == before
    assert world.dead() == []


def test_another_record_under_the_same_id_is_a_dead_letter(world: World) -> None:
    worker = world.worker().claim(0, 1)
    world.move_to("09:20")
    update(world, {"tier": "gold"}, id="u1")
    update(world, {"tier": None}, id="u1")
    worker.catch_up()
    assert [code for code, _, _ in world.dead()] == ["CONFLICT", "CONFLICT"]
    assert targets(worker)["A"] == 1


@pytest.mark.parametrize(
    "again",
    [
        {"sequence": "7"},
        {"data": {"region": "north", "tier": "gold"}},
    ],
    ids=["another sequence", "members in another order"],
)
def test_the_same_record_in_other_bytes_changes_nothing(
    world: World, again: dict[str, Any]
) -> None:
    """Not even for a worker that starts anew behind it."""
    worker = world.worker().claim(0, 1)
    worker.catch_up()
    world.move_to("09:20")
    first = {"tier": "gold", "region": "north"}
    update(world, first, id="u1")
    update(
        world, again.get("data", first), id="u1", **{k: v for k, v in again.items() if k != "data"}
    )
    worker.catch_up()
    assert world.dead() == []
    worker = world.worker().claim(0, 1)
    worker.catch_up()
    assert targets(worker)["A"] == 1


def test_two_records_under_one_id_in_another_order_on_each_partition(world: World) -> None:
    workers = world.worker().claim(0), world.worker().claim(1)
    for worker in workers:
        worker.catch_up()
    world.move_to("09:20")
    gold, none = (
        {**world.event("created", "ACME", {"tier": tier}), "type": "customer.updated", "id": "u1"}
        for tier in ("gold", None)
    )
    for partition, records in ((0, (gold, none)), (1, (none, gold))):
        for record in records:
            world.put(record, partition)
    for worker in workers:
        worker.catch_up()
    assert [code for code, _, _ in world.dead()] == ["CONFLICT", "CONFLICT"]


def test_a_late_update_corrects_what_was_sent(world: World) -> None:
    worker = world.worker().claim(0, 1)
    worker.catch_up()
    world.move_to("12:00")
    worker.catch_up()
    assert "11:00:00 warning A/default/resolution/1/50%" in world.said()
    update(world, {"tier": "gold"}, time="2026-03-02T09:20:00.000Z")
    worker.catch_up()
    assert world.net() == clean_stream(POLICIES, world.sent, world.clock.now_ms())
    assert targets(worker)["A"] == 1


def test_an_entry_may_end_and_begin(world: World) -> None:
    worker = world.worker().claim(0, 1)
    worker.catch_up()
    world.move_to("09:20")
    update(world, {"tier": "gold", "valid": {"from": None, "to": "2026-03-02T10:00:00Z"}})
    worker.catch_up()
    for at, name in (("09:59", "F"), ("10:00", "G")):
        world.move_to(at)
        world.send("created", name, {"customer": "ACME"})
    worker.catch_up()
    assert (targets(worker)["F"], targets(worker)["G"]) == (1, 4)
    assert world.net() == clean_stream(POLICIES, world.sent, world.clock.now_ms())
