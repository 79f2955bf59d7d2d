"""The store fails before, after or in the middle of a call: nothing is lost, nothing doubled."""

from __future__ import annotations

from collections import Counter

import pytest

from sla_engine.errors import LogUnavailable, SlaError
from sla_engine.store.memory import Fault, PlannedFaults
from tests.engine.world import MemoryWorker, World, clean_stream

POLICIES = """
recipients: {lead: {}}
policies:
  - name: all
    clocks:
      resolution: {target: 4h}
    escalations:
      - {at: 50%, notify: team}
      - {every: 30m, after: breach, times: 2, page: lead}
"""


def a_day(world: World, worker: MemoryWorker) -> None:
    """Three incidents; one is resolved in time."""
    for incident in ("A", "B", "C"):
        world.send("created", incident, {"team": "noc"})
    worker.catch_up()
    world.move_to("11:30")
    worker.catch_up()
    world.send("resolved", "B")
    worker.catch_up()
    world.move_to("14:30")
    worker.catch_up()


def each_once(world: World) -> None:
    """The alerts are the clean stream's, each in one record."""
    assert world.net() == clean_stream(POLICIES, world.sent, world.clock.now_ms())
    assert set(Counter(alert["id"] for alert in world.alerts()).values()) == {1}


@pytest.mark.parametrize("fault", [Fault.BEFORE, Fault.AFTER])
@pytest.mark.parametrize("call", ["commit", "trim_outbox", "put_shared"])
def test_a_failed_call_is_made_again(call: str, fault: Fault) -> None:
    faults = PlannedFaults()
    world = World(POLICIES)
    worker = world.worker(faults).claim(0)
    faults.plan(call, fault, fault)
    a_day(world, worker)
    each_once(world)
    assert world.worker().claim(0).clocks() == worker.clocks()


@pytest.mark.parametrize("fault", [Fault.BEFORE, Fault.AFTER])
@pytest.mark.parametrize("failing", [1, 2, 3])
def test_a_checkpoint_call_that_failed_is_not_left_out(failing: int, fault: Fault) -> None:
    faults = PlannedFaults()
    world = World(POLICIES)
    worker = world.worker(faults).claim(0)
    for n in range(300):
        world.send("created", f"I{n}", {"team": "noc"})
    worker.catch_up()
    faults.plan("checkpoint", *[Fault.NONE] * (failing - 1), fault)
    worker.checkpoint()
    worker.checkpoint()  # after a pause: the store is not asked again at once
    assert world.server.header(0)[0].trimmed_to > 0
    assert world.worker().claim(0).clocks() == worker.clocks()


def test_a_worker_that_dies_inside_a_checkpoint_round_leaves_a_whole_state() -> None:
    for calls in range(4):
        world = World(POLICIES)
        faults = PlannedFaults()
        worker = world.worker(faults).claim(0)
        for n in range(300):
            world.send("created", f"I{n}", {"team": "noc"})
        worker.catch_up()
        # Whatever comes after the first calls never reaches the store.
        faults.plan("checkpoint", *[Fault.NONE] * calls, *[Fault.BEFORE] * 100)
        worker.checkpoint()
        second = world.worker().claim(0)
        assert second.clocks() == worker.clocks()
        second.checkpoint()
        assert world.worker().claim(0).clocks() == second.clocks()


def test_what_the_broker_never_acknowledged_is_sent_by_the_next_owner() -> None:
    world = World(POLICIES)
    worker = world.worker().claim(0)
    world.send("created", "A", {"team": "noc"})
    worker.catch_up()
    worker.producer.holding = True
    world.move_to("11:30")
    worker.catch_up()
    assert world.alerts() == []
    world.worker().claim(0)
    assert world.said() == ["11:00:00 warning A/default/resolution/1/50%"]


def test_an_alert_whose_acknowledgement_was_lost_comes_again_under_the_same_id() -> None:
    world = World(POLICIES)
    worker = world.worker().claim(0)
    world.send("created", "A", {"team": "noc"})
    worker.catch_up()
    worker.producer.silent = True
    world.move_to("11:30")
    worker.catch_up()
    world.worker().claim(0)
    first, second = world.alerts()
    assert first == second


def test_an_alert_the_broker_refuses_is_offered_again() -> None:
    world = World(POLICIES)
    worker = world.worker().claim(0)
    world.send("created", "A", {"team": "noc"})
    worker.catch_up()
    worker.producer.refusals = ["not enough replicas"] * 2
    world.move_to("11:30")
    worker.catch_up()
    world.move_to("11:31")
    worker.catch_up()
    each_once(world)


def test_acknowledged_alerts_leave_the_outbox() -> None:
    world = World(POLICIES)
    worker = world.worker().claim(0)
    a_day(world, worker)
    world.move_to("14:31")
    worker.catch_up()
    assert world.server.outbox(0, (0, 0), 10) == []
    assert world.server.header(0)[0].alerts_position == len(world.alerts())


def test_the_older_of_two_owners_is_refused_every_write_and_lets_go() -> None:
    world = World(POLICIES)
    older = world.worker().claim(0)
    world.send("created", "A", {"team": "noc"})
    older.catch_up()
    newer = world.worker().claim(0)
    world.send("created", "B", {"team": "noc"})
    older.catch_up()
    assert 0 not in older.engine.positions() or older.clocks() == []
    newer.catch_up()
    world.move_to("14:30")
    older.release(0)
    newer.catch_up()
    each_once(world)


def test_a_fenced_owner_fires_nothing() -> None:
    world = World(POLICIES)
    older = world.worker().claim(0)
    world.send("created", "A", {"team": "noc"})
    older.catch_up()
    newer = world.worker().claim(0)
    world.move_to("13:30")
    older.catch_up()
    assert world.alerts() == []
    newer.catch_up()
    each_once(world)


def test_a_partition_lost_but_never_revoked_ends_the_worker() -> None:
    world = World(POLICIES)
    worker = world.worker().claim(0)
    before = world.server.snapshot()
    world.send("created", "A", {"team": "noc"})
    worker.catch_up()
    world.server.restore(before)
    world.send("created", "B", {"team": "noc"})
    worker.catch_up()
    world.move_to("09:01")
    with pytest.raises(SlaError) as caught:
        worker.settle()
    assert caught.value.code == "LOST_PARTITION"


def test_a_partition_given_back_by_the_group_is_read_from_where_it_stood() -> None:
    world = World(POLICIES)
    worker = world.worker().claim(0)
    world.send("created", "A", {"team": "noc"})
    worker.catch_up()
    worker.release(0)
    assert worker.claim(0).feed.positions == {0: 1}
    world.move_to("14:30")
    worker.catch_up()
    each_once(world)


@pytest.mark.parametrize("fault", [Fault.BEFORE, Fault.AFTER])
def test_a_late_event_waits_for_its_history_while_the_store_is_away(fault: Fault) -> None:
    faults = PlannedFaults()
    world = World(POLICIES)
    worker = world.worker(faults).claim(0)
    world.send("created", "A", {"team": "noc"})
    world.move_to("10:00")
    late = world.event("resolved", "A")
    world.move_to("13:30")
    worker.catch_up()
    worker.checkpoint()
    faults.plan("read", fault, fault)
    world.put(late)
    worker.catch_up()
    assert world.net() == clean_stream(POLICIES, world.sent, world.clock.now_ms()) == {}


def test_a_claim_that_could_not_read_the_alerts_is_made_anew_as_a_whole() -> None:
    world = World(POLICIES)
    first = world.worker().claim(0)
    world.send("created", "A", {"team": "noc"})
    first.catch_up()
    first.producer.holding = True
    world.move_to("11:30")
    first.catch_up()
    second = world.worker()
    world.log.failures.append(LogUnavailable("the broker is away"))
    with pytest.raises(LogUnavailable):
        second.claim(0)
    second.claim(0)
    assert world.said() == ["11:00:00 warning A/default/resolution/1/50%"]


def test_an_engine_that_ended_answers_whoever_still_asks() -> None:
    world = World(POLICIES)
    engine = world.worker().claim(0).engine
    engine.stop()
    engine.run()
    assert engine.revoke([0]).result(timeout=0) is None
    with pytest.raises(SlaError):
        engine.assign([0]).result(timeout=0)
