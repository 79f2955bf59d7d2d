"""Policies edited while events stream: each clock goes on by its mode, and only whole (D7, D8)."""

from __future__ import annotations

import random

import pytest

from sla_engine.engine.replay import Replay
from sla_engine.engine.replay_arrival import ArrivalReplay
from sla_engine.event.times import format_time
from sla_engine.policy import load_text
from sla_engine.store.memory import Fault, PlannedFaults
from tests.engine.world import Event, MemoryWorker, World, replayed
from tests.features.telling import event, lines, published

FIRST = """
policies:
  - name: all
    clocks:
      resolution: {target: {high: 2h, default: 4h}, pause: status_class == "waiting_customer"}
    escalations: [{at: 50%, notify: team}]
"""
EDITED = """
calendars: {office: {time_zone: UTC, hours: {mon-fri: ["09:00-17:00"]}}}
policies:
  - name: orders
    when: kind == "order"
    clocks: {resolution: {target: 30m, on_edit: MODE}, first_response: {target: 15m}}
  - name: all
    calendar: office
    clocks:
      resolution: {target: 3h, pause: status_class == "on_hold", on_edit: MODE}
    escalations: [{at: 80%, notify: team}]
"""
MODES = ("pin", "from_now", "retroactive")


def edited(mode: str) -> str:
    return EDITED.replace("MODE", mode)


def dues(world: World, worker: MemoryWorker) -> dict[str, str]:
    return {
        f"{clock['incident']} {clock['clock']}": clock["due"][11:16]
        for clock in worker.clocks()
        if clock["due"]
    }


def agrees(world: World, worker: MemoryWorker) -> None:
    """Alerts and clocks are those of a replay of all that was sent."""
    assert world.net() == world.clean()
    clocks, _ = replayed(world.policies, world.sent, world.clock.now_ms(), world.published)
    assert worker.clocks() == clocks


def opened(mode: str) -> tuple[World, MemoryWorker]:
    """A runs since 9:00 with half an hour of pause, B since 10:00; edited from 11:00 on."""
    world = World(FIRST)
    worker = world.worker().claim(0)
    world.send("created", "A", {"team": "noc"})
    world.move_to("09:30")
    world.send("updated", "A", {"status": "waiting_customer"})
    world.move_to("10:00")
    world.send("updated", "A", {"status": "open"})
    world.send("created", "B", {"team": "noc", "kind": "order"})
    world.move_to("10:59")
    worker.catch_up()
    world.publish(edited(mode), "11:00")
    worker.catch_up()
    return world, worker


@pytest.mark.parametrize(
    ("mode", "due"),
    [
        ("pin", {"A resolution": "13:30", "B resolution": "14:00"}),
        ("from_now", {"A resolution": "12:30", "B resolution": "10:30"}),
        ("retroactive", {"A resolution": "12:00", "B resolution": "10:30"}),
    ],
)
def test_the_answers_differ_by_mode_as_d7_says(mode: str, due: dict[str, str]) -> None:
    world, worker = opened(mode)
    world.move_to("11:01")
    worker.catch_up()
    # B is an order: the new edition gives it a clock that it did not have, and missed.
    assert dues(world, worker) == {**due, "B first_response": "10:15"}
    agrees(world, worker)
    world.move_to("15:00")
    worker.catch_up()
    agrees(world, worker)


@pytest.mark.parametrize("mode", MODES)
def test_nothing_changes_before_the_instant(mode: str) -> None:
    world, worker = opened(mode)
    assert dues(world, worker) == {"A resolution": "13:30", "B resolution": "14:00"}
    agrees(world, worker)


@pytest.mark.parametrize("mode", MODES)
def test_an_edit_retracts_and_amends_nothing(mode: str) -> None:
    world, worker = opened(mode)
    world.move_to("15:00")
    worker.catch_up()
    assert not [said for said in world.said() if "retracted" in said or "amended" in said]


def test_a_timer_that_is_due_goes_by_the_edition_though_nothing_swept_it() -> None:
    """The sweep is slow; what falls due meanwhile is right at once."""
    world, worker = opened("from_now")
    world.move_to("12:30")
    worker.catch_up()
    world.move_to("12:31")
    worker.catch_up()
    agrees(world, worker)
    assert any("12:30:00.001 breached" in said for said in world.said())


@pytest.mark.parametrize("mode", MODES)
def test_a_late_event_from_before_the_edit_is_judged_by_the_policies_of_then(mode: str) -> None:
    world, worker = opened(mode)
    late = world.event("updated", "A", {"priority": "high"}, time="2026-03-02T10:30:00.000Z")
    world.move_to("11:20")
    worker.catch_up()
    world.put(late)
    worker.catch_up()
    agrees(world, worker)
    world.move_to("15:00")
    worker.catch_up()
    agrees(world, worker)


@pytest.mark.parametrize("mode", MODES)
def test_a_store_set_back_over_the_edit_switches_at_the_same_place(mode: str) -> None:
    world = World(FIRST)
    worker = world.worker().claim(0)
    world.send("created", "A", {"team": "noc"})
    worker.catch_up()
    copy = world.server.snapshot()
    world.move_to("10:30")
    store_before = world.publish(edited(mode), "11:00")
    worker.catch_up()
    world.move_to("11:30")
    world.send("updated", "A", {"kind": "order"})
    worker.catch_up()
    before = world.net()
    kept = dict(world.server.shared("policies:"))
    world.server.restore(copy)
    for name, blob in kept.items():  # the text of a set is stored before its record is sent
        world.server.put_shared(name, blob)
    again = world.worker().claim(0)
    again.catch_up()
    assert world.net() == before
    agrees(world, again)
    assert store_before["data"]["effective_from"].endswith("T11:00:00.000Z")


def test_a_worker_that_takes_over_in_the_middle_of_the_sweep_finishes_it() -> None:
    world = World(FIRST)
    worker = world.worker().claim(0)
    for n in range(700):
        world.send("created", f"I{n}", {"team": "noc"})
    worker.catch_up()
    worker.checkpoint()
    world.publish(edited("from_now"), "09:30")
    worker.catch_up()
    world.move_to("09:31")
    worker.feed.tell_end(0)
    worker.engine.step()
    worker.engine.step()
    behind = worker.engine._publishing._behind[0]
    assert 0 < len(behind) < 700
    again = world.worker().claim(0)
    again.catch_up()
    again.settle(10)
    assert not again.engine._publishing.is_sweeping
    agrees(world, again)


def test_a_worker_that_comes_later_knows_the_editions_before_it_reads_on() -> None:
    world, worker = opened("from_now")
    world.move_to("11:01")
    worker.catch_up()
    worker.checkpoint()
    other = world.worker().claim(0)
    assert other.engine.book.editions.version == worker.engine.book.editions.version
    other.catch_up()
    agrees(world, other)


def test_a_partition_that_has_not_read_the_record_switches_at_the_same_instant() -> None:
    world = World(FIRST, partitions=2)
    worker = world.worker().claim(0, 1)
    for n in range(6):
        world.send("created", f"I{n}", {"team": "noc"})
    worker.catch_up()
    world.publish(edited("from_now"), "09:30")
    worker.feed.deliver(0, 100)
    worker.settle()
    world.move_to("12:30")
    worker.catch_up()
    agrees(world, worker)


def test_one_set_after_another_and_back_again() -> None:
    world, worker = opened("pin")
    world.move_to("11:10")
    world.send("created", "C", {"team": "noc"})
    worker.catch_up()
    world.publish(edited("retroactive"), "11:30")
    worker.catch_up()
    world.move_to("11:40")
    world.publish(FIRST, "12:00")
    worker.catch_up()
    world.move_to("16:00")
    worker.catch_up()
    agrees(world, worker)


def test_a_set_that_is_not_stored_is_a_dead_letter() -> None:
    world = World(FIRST)
    worker = world.worker().claim(0)
    told = {"hash": "0123456789ab", "effective_from": "2026-03-02T11:00:00.000Z"}
    world.send("policy.published", "policies", told)
    worker.catch_up()
    ((code, headers, _),) = world.dead()
    assert code == "BAD_VALUE"
    assert "policy publish DIR" in headers["dl-message"]


def test_a_changed_type_is_a_dead_letter_and_changes_nothing() -> None:
    world = World("attributes: {custom.x: number}\n" + FIRST)
    worker = world.worker().claim(0)
    world.send("created", "A")
    worker.catch_up()
    world.publish("attributes: {custom.x: text}\n" + FIRST, "11:00")
    worker.catch_up()
    assert [code for code, _, _ in world.dead()] == ["BAD_VALUE"]
    world.move_to("12:00")
    worker.catch_up()
    assert [said[:13] for said in world.said()] == ["11:00:00 warn"]


def test_of_two_sets_that_exclude_each_other_the_earlier_record_counts() -> None:
    """In whatever order two publishers' records are read, and for who claims after them."""
    world = World(FIRST)
    worker = world.worker().claim(0)
    world.send("created", "A")
    world.move_to("09:30")
    world.publish("attributes: {custom.x: text}\n" + edited("retroactive"), "11:00")
    worker.catch_up()
    earlier = "attributes: {custom.x: number}\n" + edited("from_now")
    world.publish(earlier, "11:00", time=format_time(world.at("09:29")))
    worker.catch_up()
    world.move_to("12:00")
    worker.catch_up()
    worker.release(0)
    other = world.worker().claim(0)
    other.catch_up()
    assert world.dead() == []  # it counted when it was read; a replay knows better
    agrees(world, other)


def test_a_replay_sets_aside_what_a_worker_refuses() -> None:
    text = "attributes: {custom.x: text}\n" + FIRST
    events = [
        event(1, "created", "09:00"),
        published(2, text, "10:00"),
        event(3, "updated", "11:00", kind="order"),
    ]
    for kind in (Replay, ArrivalReplay):
        first = load_text("attributes: {custom.x: number}\n" + FIRST)
        replay = kind(first, published=[load_text(text)])
        replay.add(lines(events))
        clocks = [clock for one in replay.incidents(replay.end_ms(None)) for clock in one.clocks()]
        assert [clock["policy"] for clock in clocks] == ["all"]
        ((code, message),) = [(one.code, one.message) for one in replay.log.dead_letters()]
        assert code == "BAD_VALUE"
        assert "`custom.x` is `number`" in message


def random_life(rng: random.Random, world: World, worker: MemoryWorker) -> None:
    """Events of a few incidents, late and doubled ones too, with edits among them."""
    held: list[Event] = []
    for _ in range(120):
        if rng.random() < 0.5:
            continue
        world.clock.move_to(world.clock.now_ms() + rng.randrange(1, 9) * 60_000)
        incident = rng.choice("ABCD")
        data = rng.choice(
            (
                {"priority": rng.choice(("high", "normal"))},
                {"status": rng.choice(("open", "waiting_customer", "on_hold", "resolved"))},
                {"kind": rng.choice(("order", "query"))},
            )
        )
        event = world.event("updated", incident, data)
        if rng.random() < 0.15:
            held.append(event)
        else:
            world.put(event)
        if held and rng.random() < 0.2:
            world.put(held.pop())
        if rng.random() < 0.03:
            in_ms = world.clock.now_ms() + rng.randrange(0, 20) * 60_000
            text = edited(rng.choice(MODES)) if rng.random() < 0.8 else FIRST
            worker.catch_up()
            world.publish(text, format_time(in_ms))
            worker.catch_up()
        if rng.random() < 0.3:
            worker.catch_up()
    for event in held:
        world.put(event)


@pytest.mark.parametrize("seed", range(12))
def test_random_lives_under_edits_end_as_their_replay(seed: int) -> None:
    world = World(FIRST)
    worker = world.worker().claim(0)
    random_life(random.Random(seed), world, worker)
    worker.catch_up()
    world.clock.move_to(world.clock.now_ms() + 3_600_000)
    worker.catch_up()
    agrees(world, worker)


NOTHING_FIRST = 'policies: [{name: vip, when: tier == "vip", clocks: {resolution: {target: 4h}}}]'
SHORT = """
policies:
  - name: all
    clocks: {resolution: {target: 1h, on_edit: retroactive}}
    escalations: [{at: 50%, notify: team}]
"""


def test_a_store_that_does_not_answer_costs_no_edit() -> None:
    world = World(FIRST)
    faults = PlannedFaults()
    worker = world.worker(faults).claim(0)
    world.send("created", "A", {"team": "noc"})
    worker.catch_up()
    world.publish(SHORT, "09:30")
    faults.plan("shared", Fault.BEFORE)
    worker.catch_up()
    assert world.dead() == []
    world.move_to("11:00")
    worker.catch_up()
    agrees(world, worker)


def test_an_incident_from_just_before_the_instant_that_is_read_after_it_gets_there_too() -> None:
    world = World(NOTHING_FIRST)
    worker = world.worker().claim(0)
    world.send("created", "Z", {"team": "noc"})
    worker.catch_up()
    world.publish(SHORT, "09:30")
    worker.catch_up()
    late = world.event("created", "A", {"team": "noc"}, time="2026-03-02T09:29:59.900Z")
    world.move_to("09:30:01")
    worker.catch_up()
    world.put(late)
    worker.catch_up()
    world.move_to("12:00")
    worker.catch_up()
    agrees(world, worker)


def test_a_second_edition_in_the_middle_of_the_sweep_loses_nothing() -> None:
    world = World(NOTHING_FIRST)
    worker = world.worker().claim(0)
    for n in range(700):
        world.send("created", f"I{n}", {"team": "noc"})
    worker.catch_up()
    world.publish(SHORT, "11:00")
    world.publish(FIRST.replace("default: 4h", "default: 40m"), "11:00:05")
    worker.catch_up()
    world.move_to("11:00:01")
    worker.feed.tell_end(0)
    worker.engine.step()
    assert worker.engine._publishing.is_sweeping
    world.move_to("11:00:06")
    worker.catch_up()
    worker.settle(20)
    world.move_to("12:00")
    worker.catch_up()
    worker.settle(20)
    agrees(world, worker)


def test_a_profile_met_in_the_turn_of_an_edit_is_known_to_who_comes_next() -> None:
    asks = FIRST.replace("  - name: all\n", '  - name: all\n    when: kind != "order"\n')
    world = World(FIRST)
    worker = world.worker().claim(0)
    world.send("created", "Z", {"team": "noc"})
    worker.catch_up()
    world.publish(asks, "14:00")
    worker.catch_up()
    world.send("created", "A", {"team": "noc", "kind": "query"})
    world.publish(FIRST.replace("4h", "5h"), "14:00")
    worker.catch_up()
    again = world.worker().claim(0)
    again.catch_up()
    agrees(world, again)


@pytest.mark.parametrize("mode", ["from_now", "retroactive"])
def test_a_clock_reopened_after_a_restart_goes_on_as_without_one(mode: str) -> None:
    """It kept the steps of the edition before; its row does not tell whoever loads it."""
    world, worker = opened(mode)
    world.move_to("11:30")
    worker.catch_up()
    world.send("resolved", "A")
    worker.catch_up()
    worker = world.worker().claim(0)
    worker.catch_up()
    world.move_to("11:40")
    world.send("reopened", "A")
    worker.catch_up()
    world.move_to("15:00")
    worker.catch_up()
    agrees(world, worker)
