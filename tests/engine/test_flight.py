"""One call is on its way while the next turn is computed: nothing is forgotten over it."""

from __future__ import annotations

from contextlib import suppress

import pytest

from sla_engine.errors import SlaError
from sla_engine.store.memory import Fault, PlannedFaults
from tests.engine.world import World, clean_stream

POLICIES = "policies: [{name: all, clocks: {resolution: {target: 4h}}}]"


def test_a_claim_is_answered_when_the_worker_stops_with_a_call_in_flight() -> None:
    world = World(POLICIES, partitions=2)
    faults = PlannedFaults()
    worker = world.worker(faults).claim(0)
    for n in range(3):
        world.send("created", f"A{n}", {"team": "noc"})
    assert worker.feed.deliver(0, 500)
    claiming = worker.engine.assign([1])  # waits behind the batch
    faults.plan("commit", *[Fault.BEFORE] * 5)
    worker.engine.step()
    worker.engine.stop()  # the store does not answer, and nobody waits for it any more
    with suppress(SlaError):
        worker.engine.step()
    with pytest.raises(SlaError):
        claiming.result(timeout=0)


def test_alerts_leave_once_however_often_the_call_is_made() -> None:
    world = World(POLICIES)
    faults = PlannedFaults()
    worker = world.worker(faults).claim(0)
    world.send("created", "A")
    worker.catch_up()
    world.move_to("13:30")
    faults.plan("commit", Fault.AFTER, Fault.BEFORE)
    worker.catch_up()
    assert [alert["type"] for alert in world.alerts()] == ["sla.clock.breached"]
    assert world.net() == clean_stream(POLICIES, world.sent, world.clock.now_ms())
