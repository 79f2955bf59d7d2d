"""A partition's clock: behind its log it is the log's own time, so nothing fires falsely."""

from __future__ import annotations

from tests.engine.world import MemoryWorker, World, clean_stream

POLICIES = """
policies:
  - {name: all, clocks: {resolution: {target: 4h}}, escalations: [{at: 50%, notify: team}]}
"""


def stand(world: World, worker: MemoryWorker, seconds: int) -> None:
    """The worker runs, and hears nothing from the log."""
    for _ in range(seconds):
        world.clock.move_to(world.clock.now_ms() + 1_000)
        worker.settle()


def test_a_backlog_that_resolves_the_incident_lets_no_false_breach_out() -> None:
    world = World(POLICIES)
    world.worker().claim(0).catch_up()
    for n in range(40):
        world.send("created", f"I{n}", {"team": "noc"})
    world.move_to("12:00")
    for n in range(0, 40, 2):
        world.send("resolved", f"I{n}")
    world.move_to("18:00")
    worker = world.worker().claim(0)
    worker.catch_up(batch=7)
    breached = {alert["subject"] for alert in world.alerts() if alert["type"].endswith("breached")}
    assert breached == {f"I{n}" for n in range(1, 40, 2)}
    assert not [alert for alert in world.alerts() if "retracted" in alert["type"]]
    assert world.net() == clean_stream(POLICIES, world.sent, world.clock.now_ms())


def test_records_that_are_here_but_not_applied_hold_the_clock() -> None:
    world = World(POLICIES)
    worker = world.worker().claim(0)
    world.send("created", "A")
    worker.catch_up()
    world.move_to("12:59:59.999")
    worker.feed.tell_end(0)
    worker.settle()
    world.send("resolved", "A")
    world.move_to("13:00:00.500")
    worker.feed.deliver(0, 10)
    worker.settle()
    assert [alert["type"] for alert in world.alerts()] == [
        "sla.clock.warning",
        "sla.alert.cleared",
    ]


def test_an_answer_from_before_a_standstill_counts_as_of_then() -> None:
    world = World(POLICIES)
    worker = world.worker().claim(0)
    world.send("created", "A")
    worker.catch_up()
    world.move_to("12:59")
    worker.feed.tell_end(0)  # heard before, read after the process stood still
    world.send("resolved", "A")
    world.move_to("13:30")
    worker.settle()
    assert not [alert for alert in world.alerts() if alert["type"] == "sla.clock.breached"]
    worker.catch_up()
    assert world.net() == clean_stream(POLICIES, world.sent, world.clock.now_ms())


def test_without_any_answer_the_clock_stands_for_max_hold_and_then_goes_on() -> None:
    world = World(POLICIES, max_hold_ms=60_000)
    worker = world.worker().claim(0)
    world.send("created", "A")
    worker.catch_up()
    world.move_to("12:59:30")
    worker.catch_up()
    stand(world, worker, 50)
    assert [alert["type"] for alert in world.alerts()] == ["sla.clock.warning"]
    stand(world, worker, 20)
    assert world.alerts()[-1]["type"] == "sla.clock.breached"


def test_a_log_that_keeps_answering_holds_the_clock_however_far_it_is_behind() -> None:
    world = World(POLICIES, max_hold_ms=60_000)
    worker = world.worker().claim(0)
    world.send("created", "A")
    worker.catch_up()
    world.move_to("12:00")
    worker.catch_up()
    world.send("resolved", "A")
    for minute in range(2, 30, 2):
        world.move_to(f"13:{minute:02}")
        worker.feed.tell_end(0)
        worker.settle()
    assert not [alert for alert in world.alerts() if alert["type"] == "sla.clock.breached"]


def test_what_came_due_while_nobody_ran_goes_out_late_and_says_so() -> None:
    world = World(POLICIES)
    worker = world.worker().claim(0)
    world.send("created", "A")
    worker.catch_up()
    world.move_to("15:00")
    world.worker().claim(0).catch_up()
    warning, breach = world.alerts()
    assert breach["time"] == "2026-03-02T13:00:00.001Z"
    assert breach["data"]["late"] == "outage"
    assert breach["data"]["late_by_ms"] == 2 * 3_600_000 - 1
    assert warning["time"] == "2026-03-02T11:00:00.000Z"
