"""Redis set back to an older copy: alerts that outlived it are corrected, not forgotten."""

from __future__ import annotations

import pytest

from sla_engine.event.cloudevent import to_cloudevent
from sla_engine.event.packed import unpack_all
from tests.engine.world import Event, MemoryWorker, World, clean_stream, content

POLICIES = """
policies:
  - {name: all, clocks: {resolution: {target: 4h}}, escalations: [{at: 50%, notify: team}]}
"""


def net_now_is_clean(world: World, policies: str) -> None:
    assert world.net() == clean_stream(policies, world.sent, world.clock.now_ms())


def net_is_clean(world: World) -> None:
    net_now_is_clean(world, POLICIES)


def test_after_a_rollback_the_log_is_read_again_and_nothing_is_missing() -> None:
    world = World(POLICIES)
    worker = world.worker().claim(0)
    world.send("created", "A")
    worker.catch_up()
    copy = world.server.snapshot()
    world.move_to("10:00")
    world.send("created", "B")
    worker.catch_up()
    world.move_to("13:30")
    worker.catch_up()
    world.server.restore(copy)
    again = world.worker().claim(0)
    again.catch_up()
    net_is_clean(world)
    world.move_to("14:30")
    again.catch_up()
    net_is_clean(world)


def outlived(world: World) -> None:
    """A breach that went out live, then Redis set back and the resolution, late, on the log."""
    worker = world.worker().claim(0)
    world.send("created", "A")
    worker.catch_up()
    copy = world.server.snapshot()
    world.move_to("12:00")
    resolved = world.event("resolved", "A")
    world.move_to("13:30")
    worker.catch_up()
    assert any(alert["type"] == "sla.clock.breached" for alert in world.alerts())
    world.server.restore(copy)
    world.put(resolved)


def test_an_alert_that_outlived_the_rollback_is_retracted() -> None:
    world = World(POLICIES)
    outlived(world)
    world.worker().claim(0).catch_up()
    net_is_clean(world)


def test_a_crash_before_the_comparison_does_not_forget_the_alerts_that_outlived() -> None:
    world = World(POLICIES)
    outlived(world)
    halfway = world.worker().claim(0)
    halfway.feed.deliver(0, 100)
    halfway.settle()
    world.clock.move_to(world.clock.now_ms() + 1_000)
    halfway.settle()
    world.worker().claim(0).catch_up()
    net_is_clean(world)


def test_an_alert_of_an_incident_nobody_knows_any_more_is_retracted() -> None:
    world = World(POLICIES)
    world.worker().claim(0).catch_up()
    copy = world.server.snapshot()
    other = World(POLICIES)
    first = other.worker().claim(0)
    other.send("created", "X")
    first.catch_up()
    other.move_to("11:30")
    first.catch_up()
    # The alerts' topic keeps what the events' topic and the store have lost.
    for record in other.log.records("alerts"):
        from sla_engine.engine.ports import OutRecord

        world.log.append(OutRecord("alerts", 0, record.key, record.value))
    world.server.restore(copy)
    world.move_to("11:31")
    world.send("created", "Y")
    world.worker().claim(0).catch_up()
    assert world.net() == {}


def test_an_owner_whose_store_was_set_back_gives_the_partition_up() -> None:
    world = World(POLICIES)
    worker = world.worker().claim(0)
    nothing = world.server.snapshot()
    world.send("created", "A")
    worker.catch_up()
    worker.checkpoint()
    world.server.restore(nothing)
    world.move_to("11:30")
    worker.catch_up()
    assert world.alerts() == []
    again = world.worker().claim(0)
    again.catch_up()
    net_is_clean(world)


def test_what_cannot_be_trimmed_in_a_store_set_back_costs_the_partition_not_the_worker() -> None:
    world = World(POLICIES)
    worker = world.worker().claim(0)
    nothing = world.server.snapshot()
    world.send("created", "A")
    worker.catch_up()
    world.move_to("11:30")
    worker.feed.tell_end(0)
    worker.engine.step()  # the warning leaves; it is not trimmed yet
    world.server.restore(nothing)
    world.clock.move_to(world.clock.now_ms() + 1_000)
    worker.settle()
    world.worker().claim(0).catch_up()
    net_is_clean(world)


def test_a_worker_that_goes_on_writes_nothing_of_the_future_that_was_lost() -> None:
    """Its token is still the stored one; its pages and history are from after the copy."""
    world = World(POLICIES)
    worker = world.worker().claim(0)
    world.send("created", "A", id="1")
    worker.catch_up()
    copy = world.server.snapshot()
    for n in range(2, 6):
        world.move_to(f"09:0{n}")
        world.send("commented", "A", {"author": "agent"}, id=str(n))
        worker.catch_up()
    world.server.restore(copy)
    worker.checkpoint()
    again = world.worker().claim(0)
    again.feed.deliver(0, 2)
    again.settle()
    again.checkpoint()
    again.catch_up()
    owned = world.owned_of(again.engine, "A")
    history = unpack_all(owned.turn.history(0))
    told = [to_cloudevent(history.data, event, history.spans)["id"] for event in history.events]
    assert list(dict.fromkeys(told)) == ["1", "2", "3", "4", "5"]
    net_is_clean(world)


PRIORITIES = """
policies:
  - name: all
    clocks:
      resolution:
        target: {high: 2h, default: 4h}
        pause: status_class == "waiting_customer"
    escalations: [{at: 50%, notify: team}, {at: 80%, notify: team}]
"""


def set_back_after(world: World, until: str, *late: Event) -> MemoryWorker:
    """Alerts leave until `until`, then Redis is an hour older and these events are on the log."""
    worker = world.worker().claim(0)
    world.send("created", "A", {"priority": "high"})
    worker.catch_up()
    copy = world.server.snapshot()
    world.move_to(until)
    worker.catch_up()
    world.server.restore(copy)
    for event in late:
        world.put(event)
    return world.worker().claim(0)


def one_content_each(world: World) -> None:
    """Whoever drops an id seen before misses nothing."""
    said: dict[str, Event] = {}
    for event in world.alerts():
        assert content(event) == said.setdefault(event["id"], content(event)), event["id"]


@pytest.mark.parametrize(
    "told", [{"priority": "low"}, {"status": "waiting_customer"}, {"title": "Roof leaks"}]
)
def test_what_left_before_the_rollback_leaves_again_only_as_an_amendment(told: Event) -> None:
    world = World(PRIORITIES)
    late = world.event("updated", "A", told, time="2026-03-02T09:20:00.000Z")
    again = set_back_after(world, "10:40", late)
    again.catch_up()
    net_now_is_clean(world, PRIORITIES)
    world.move_to("14:30")
    again.catch_up()
    net_now_is_clean(world, PRIORITIES)
    one_content_each(world)


def test_what_left_before_the_rollback_and_is_still_right_leaves_no_second_time() -> None:
    world = World(PRIORITIES)
    again = set_back_after(world, "10:40")
    before = len(world.alerts())
    again.catch_up()
    assert len(world.alerts()) == before == 2
    world.move_to("11:30")
    again.catch_up()
    assert [event["type"] for event in world.alerts()[before:]] == ["sla.clock.breached"]


def test_a_crash_while_catching_up_after_a_rollback_sends_nothing_twice() -> None:
    world = World(PRIORITIES)
    late = world.event("updated", "A", {"priority": "low"}, time="2026-03-02T09:20:00.000Z")
    halfway = set_back_after(world, "10:40", late)
    halfway.feed.deliver(0, 1)
    halfway.settle()
    world.move_to("10:45")
    world.worker().claim(0).catch_up()
    net_now_is_clean(world, PRIORITIES)
    one_content_each(world)


def test_a_correction_from_before_the_rollback_is_not_made_again_in_other_words() -> None:
    """The topic has an amendment; reading the log again passes through the alert without it."""
    world = World(PRIORITIES)
    worker = world.worker().claim(0)
    world.send("created", "A", {"priority": "high"})
    worker.catch_up()
    copy = world.server.snapshot()
    late = world.event("updated", "A", {"title": "Roof leaks"}, time="2026-03-02T09:20:00.000Z")
    world.move_to("10:10")
    worker.catch_up()
    world.put(late)
    worker.catch_up()
    before = len(world.alerts())
    world.server.restore(copy)
    again = world.worker().claim(0)
    again.feed.deliver(0, 1)
    again.settle()
    again.catch_up()
    assert len(world.alerts()) == before
    net_now_is_clean(world, PRIORITIES)
