"""What a worker does beside its turns, and what becomes of rows of other policies."""

from __future__ import annotations

import numpy as np

from sla_engine.engine import housekeeping
from sla_engine.store.memory import Fault, PlannedFaults
from tests.engine.world import World

FOUR_HOURS = "policies: [{name: p, clocks: {resolution: {target: 4h}}}]"
ONE_HOUR = (
    "policies: [{name: p, clocks: {resolution: {target: 1h}, first_response: {target: 30m}}}]"
)
ZONED = """
calendars:
  office:
    time_zone: {from: time_zone, default: Europe/Berlin}
    hours: {mon-fri: ["09:00-17:00"]}
policies:
  - name: p
    calendar: office
    clocks: {resolution: {target: 4h}}
"""


def targets(world: World) -> set[int]:
    return {clock["target_ms"] for clock in world.worker().claim(0).clocks()}


def test_policies_edited_but_not_published_are_not_used() -> None:
    """The store has the first edition; whoever starts with other files goes by that one."""
    world = World(FOUR_HOURS)
    worker = world.worker().claim(0)
    world.send("created", "A")
    worker.catch_up()
    world.policies = ONE_HOUR
    assert targets(world) == {4 * 3_600_000}


def test_rows_of_another_edition_share_no_clock() -> None:
    """More clocks than the rows had: the room must grow with them."""
    world = World(FOUR_HOURS)
    worker = world.worker().claim(0)
    for n in range(2_300):
        world.send("created", f"I{n}")
    worker.catch_up()
    worker.checkpoint()
    world.publish(ONE_HOUR, "09:30")
    world.move_to("09:31")
    adopted = world.worker().claim(0)
    adopted.catch_up()
    adopted.settle(20)
    partition = adopted.engine._owned[0].partition
    held = [partition.clocks(row)["column"].tolist() for row in range(partition.rows)]
    assert held == [[0, 1]] * 2_300


def test_a_slice_with_more_history_than_events_finds_room() -> None:
    """A burst of alerts is remembered in the slice in which it is noticed."""
    steps = ", ".join(f"{{at: {n}%, notify: team}}" for n in range(5, 85, 5))
    world = World(
        f"policies: [{{name: p, clocks: {{resolution: {{target: 4h}}}}, escalations: [{steps}]}}]"
    )
    worker = world.worker().claim(0)
    for n in range(400):
        world.send("created", f"I{n}", {"team": "noc"})
    worker.catch_up()
    world.move_to("13:30")
    for n in range(400):
        world.send("updated", f"I{n}", {"title": "x"})
    world.send("created", "I0", {"title": "again"})
    for n in range(280):
        world.send("created", f"N{n}")
    worker.catch_up(1_000)
    assert len(world.net()) == 400 * 17  # and the breach


def test_a_calendar_that_is_met_at_a_claim_can_be_used_at_once() -> None:
    world = World(ZONED)
    worker = world.worker().claim(0)
    world.send("created", "A", {"time_zone": "Asia/Tokyo"})
    world.send("resolved", "A")
    world.move_to("09:10")
    world.send("updated", "A", {"time_zone": "America/New_York"})
    worker.catch_up()
    book = world.worker().claim(0).engine.book
    assert book.rules.calendars is book.calendars.tables


def test_a_checkpoint_is_written_though_messages_never_cease() -> None:
    world = World(FOUR_HOURS)
    worker = world.worker().claim(0)
    for n in range(50):
        world.send("created", f"I{n}")
    worker.catch_up()
    world.clock.move_to(world.clock.now_ms() + housekeeping.CHECKPOINT_EVERY_MS + 1)
    for _ in range(20):
        world.clock.move_to(world.clock.now_ms() + housekeeping.SLICE_EVERY_MS)
        worker.feed.tell_end(0)
        assert worker.engine.step()
    assert world.server.header(0)[0].trimmed_to > 0


def test_pages_hold_what_changed_while_their_round_ran() -> None:
    world = World(FOUR_HOURS)
    worker = world.worker().claim(0)
    for n in range(600):
        world.send("created", f"I{n}")
    worker.catch_up()
    world.clock.move_to(world.clock.now_ms() + housekeeping.CHECKPOINT_EVERY_MS + 1)
    for n in range(0, 600, 7):
        world.send("resolved", f"I{n}")
        worker.feed.deliver(0, 10)
        worker.engine.step()
    worker.catch_up()
    before = worker.clocks()
    assert world.worker().claim(0).clocks() == before
    assert np.count_nonzero([clock["state"] == "met" for clock in before]) == 86


def test_a_store_that_takes_no_checkpoint_is_not_asked_without_pause() -> None:
    world = World(FOUR_HOURS)
    faults = PlannedFaults()
    worker = world.worker(faults).claim(0)
    world.send("created", "A")
    worker.catch_up()
    faults.plan("checkpoint", *[Fault.BEFORE] * 50)
    world.clock.move_to(world.clock.now_ms() + housekeeping.CHECKPOINT_EVERY_MS + 1)
    worker.settle(20)
    wait = worker.engine._housekeeping.wait_ms(200)
    assert wait == 200
    world.clock.move_to(world.clock.now_ms() + housekeeping.PAUSE_MS)
    assert worker.engine._housekeeping.wait_ms(200) == 0
