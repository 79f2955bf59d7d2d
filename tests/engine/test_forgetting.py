"""After a deletion the store forgets what the incident said, whatever happens in between."""

from __future__ import annotations

import json

import pytest

from sla_engine.engine.ports import OutRecord
from sla_engine.event.hashing import incident_key
from sla_engine.store.memory import Fault, PlannedFaults
from tests.engine.world import Event, MemoryWorker, World, clean_stream

POLICIES = """
attributes: {custom.phone: {type: text, personal: true}, custom.site: text}
policies:
  - name: all
    clocks: {resolution: {target: 4h}, first_response: {target: 1h}}
    escalations: [{at: 50%, notify: [requester, team]}]
"""
CANARY = "canary-7f3a"
WHO: Event = {
    "requester": f"{CANARY}@example.com",
    "title": f"{CANARY} cannot log in",
    "url": f"https://desk.example/{CANARY}",
    "assignee": CANARY,
    "team": "noc",
    "tags": [CANARY, "vip"],
    "custom": {"phone": CANARY, "site": CANARY},
}


def stored(world: World) -> str:
    """Everything the store holds, as text."""
    return repr(world.server.snapshot())


def opened(world: World) -> Event:
    """An incident that says the canary in every way, beside others of its chunk."""
    first = world.send("created", "X", WHO)
    world.send("created", "Y", {"title": "Printer on fire", "team": "noc"})
    world.move_to("09:30")
    world.send("commented", "X", {"author": "agent", "author_id": CANARY, "actor": CANARY})
    world.send("updated", "X", {"title": f"{CANARY} again", "custom": {"phone": f"0{CANARY}"}})
    return first


def all_said(world: World, worker: MemoryWorker) -> Event:
    """The same with some of it checkpointed and told, then the deletion."""
    first = opened(world)
    worker.catch_up()
    worker.checkpoint()
    world.move_to("11:30")
    world.send("updated", "X", {"requester": f"other-{CANARY}"})
    worker.catch_up()
    world.send("deleted", "X", {"actor": CANARY, "title": CANARY})
    worker.catch_up()
    return first


def deleted(world: World, worker: MemoryWorker) -> Event:
    """All of it, and the store is full of it."""
    first = all_said(world, worker)
    assert CANARY in stored(world)
    return first


def net_is_clean(world: World) -> None:
    assert world.net() == clean_stream(POLICIES, world.sent, world.clock.now_ms())


def test_after_a_round_no_byte_of_it_is_in_the_store() -> None:
    world = World(POLICIES)
    worker = world.worker().claim(0)
    deleted(world, worker)
    worker.checkpoint()
    assert CANARY not in stored(world)
    assert "Printer on fire" in stored(world)
    world.move_to("15:00")
    worker.catch_up()
    net_is_clean(world)
    again = world.worker().claim(0)
    assert [clock["incident"] for clock in again.clocks()] == ["Y", "Y"]
    again.catch_up()
    net_is_clean(world)


def test_a_deletion_that_comes_first_is_forgotten_too() -> None:
    world = World(POLICIES)
    worker = world.worker().claim(0)
    world.send("deleted", "X", WHO)
    worker.catch_up()
    worker.checkpoint()
    assert CANARY not in stored(world)
    world.send("created", "X")
    worker.catch_up()
    assert [code for code, _, _ in world.dead()] == ["DELETED"]


@pytest.mark.parametrize("claimed_anew", [False, True])
def test_known_events_are_duplicates_and_all_others_refused(claimed_anew: bool) -> None:
    world = World(POLICIES)
    worker = world.worker().claim(0)
    first = deleted(world, worker)
    deletion = world.sent[-1]
    worker.checkpoint()
    if claimed_anew:
        worker = world.worker().claim(0)
    for event in (first, deletion):
        world.put(event)
    worker.catch_up()
    assert world.dead() == []
    world.put({**first, "data": {}})
    world.send("reopened", "X")
    late = world.event("updated", "X", {"title": CANARY})
    world.put({**late, "time": "2026-03-02T09:10:00.000Z"})
    worker.catch_up()
    assert [code for code, _, _ in world.dead()] == ["CONFLICT", "DELETED", "DELETED"]
    worker.checkpoint()
    assert CANARY not in stored(world)


@pytest.mark.parametrize("lost", [Fault.BEFORE, Fault.AFTER])
@pytest.mark.parametrize("calls", range(4))
def test_a_crash_between_any_two_steps_repeats_the_rest(calls: int, lost: Fault) -> None:
    world = World(POLICIES)
    faults = PlannedFaults()
    worker = world.worker(faults).claim(0)
    deleted(world, worker)
    faults.plan("checkpoint", *[Fault.NONE] * calls, lost, *[Fault.BEFORE] * 100)
    worker.checkpoint()
    done = calls == 3 or (calls == 2 and lost is Fault.AFTER)
    assert (CANARY in stored(world)) == (not done)
    again = world.worker().claim(0)
    again.catch_up()
    again.checkpoint()
    assert CANARY not in stored(world)
    world.move_to("15:00")
    again.catch_up()
    net_is_clean(world)
    world.send("reopened", "X")
    again.catch_up()
    assert [code for code, _, _ in world.dead()] == ["DELETED"]


@pytest.mark.parametrize("fault", [Fault.BEFORE, Fault.AFTER])
@pytest.mark.parametrize("calls", range(3))
def test_a_store_that_does_not_answer_is_asked_again(calls: int, fault: Fault) -> None:
    world = World(POLICIES)
    faults = PlannedFaults()
    worker = world.worker(faults).claim(0)
    deleted(world, worker)
    faults.plan("checkpoint", *[Fault.NONE] * calls, fault)
    faults.plan("read", fault)
    for _ in range(3):
        worker.checkpoint()
    assert CANARY not in stored(world)
    net_is_clean(world)


def test_who_takes_over_between_the_deletion_and_the_round_forgets() -> None:
    world = World(POLICIES)
    deleted(world, world.worker().claim(0))
    again = world.worker().claim(0)
    again.checkpoint()
    assert CANARY not in stored(world)
    net_is_clean(world)


@pytest.mark.parametrize("copied", ["before", "after the deletion", "after the round"])
def test_after_a_rollback_it_is_forgotten_again(copied: str) -> None:
    world = World(POLICIES)
    worker = world.worker().claim(0)
    opened(world)
    worker.catch_up()
    copies = {"before": world.server.snapshot()}
    world.move_to("11:30")
    world.send("deleted", "X")
    worker.catch_up()
    copies["after the deletion"] = world.server.snapshot()
    worker.checkpoint()
    copies["after the round"] = world.server.snapshot()
    world.move_to("14:00")
    world.send("resolved", "Y")
    worker.catch_up()
    sent = world.net()
    world.server.restore(copies[copied])
    again = world.worker().claim(0)
    again.catch_up()
    again.checkpoint()
    assert CANARY not in stored(world)
    assert world.net() == sent
    net_is_clean(world)


def test_a_round_in_a_store_that_was_set_back_gives_the_partition_up() -> None:
    world = World(POLICIES)
    worker = world.worker().claim(0)
    opened(world)
    worker.catch_up()
    copy = world.server.snapshot()
    world.send("deleted", "X")
    worker.catch_up()
    assert len(world.owned_of(worker.engine, "X").partition.deleted())
    world.server.restore(copy)
    worker.checkpoint()
    assert world.owned_of(worker.engine, "X") is None
    assert world.server.snapshot().partitions[0].blobs == copy.partitions[0].blobs


def test_under_changed_policies_it_stays_forgotten_and_refused() -> None:
    world = World(POLICIES)
    worker = world.worker().claim(0)
    deleted(world, worker)
    worker.checkpoint()
    before = world.alerts()
    world.policies = POLICIES.replace("4h", "6h")
    again = world.worker().claim(0)
    world.send("reopened", "X")
    again.catch_up()
    again.checkpoint()
    assert [code for code, _, _ in world.dead()] == ["DELETED"]
    assert CANARY not in stored(world)
    assert world.alerts() == before
    third = world.worker().claim(0)
    third.catch_up()
    assert world.alerts() == before


#: Rules that keep each value of a personal attribute apart: no made-up one answers alike.
COMPARED = """
attributes: {custom.phone: {type: text, personal: true}}
policies:
  - name: own
    when: requester == assignee || custom.phone.matches('^[a-z]+-[0-9a-f]{4}$')
    clocks: {resolution: {target: 2h}}
  - name: all
    clocks: {resolution: {target: 4h}}
"""


@pytest.mark.parametrize("calls", range(4))
def test_profiles_that_are_of_a_person_go_too(calls: int) -> None:
    world = World(COMPARED)
    faults = PlannedFaults()
    worker = world.worker(faults).claim(0)
    deleted(world, worker)
    world.send("updated", "Y", {"requester": "bob", "assignee": "bob"})
    world.send("updated", "Z", {"requester": "carol"})
    worker.catch_up()
    faults.plan("checkpoint", *[Fault.NONE] * calls, Fault.AFTER, *[Fault.BEFORE] * 100)
    worker.checkpoint()
    again = world.worker().claim(0)
    again.catch_up()
    again.checkpoint()
    again.checkpoint()
    assert CANARY not in stored(world)
    assert not [name for name in world.server.snapshot().shared if "bob" in str(name)]
    third = world.worker().claim(0)
    world.move_to("19:00")
    third.catch_up()
    assert world.net() == clean_stream(COMPARED, world.sent, world.clock.now_ms())
    world.send("created", "W", {"requester": "dora", "assignee": "dora"})
    third.catch_up()
    fourth = world.worker().claim(0)
    world.move_to("22:00")
    fourth.catch_up()
    assert world.net() == clean_stream(COMPARED, world.sent, world.clock.now_ms())


def test_a_profile_that_is_used_while_a_round_sweeps_it_stays() -> None:
    world = World(COMPARED)
    faults = PlannedFaults()
    worker = world.worker(faults).claim(0)
    world.send("created", "A", {"requester": "ann", "assignee": "ann"})
    worker.catch_up()
    world.send("updated", "A", {"requester": "bob", "assignee": "bob"})
    worker.catch_up()
    faults.plan("checkpoint", Fault.NONE, *[Fault.BEFORE] * 100)
    worker.checkpoint()
    world.send("updated", "A", {"requester": "ann", "assignee": "ann"})
    worker.feed.deliver(0, 1)
    worker.settle(0)
    world.send("updated", "A", {"requester": "cid", "assignee": "cid"})
    worker.feed.deliver(0, 1)
    faults._plan.clear()
    world.clock.move_to(world.clock.now_ms() + 2_000)
    worker.settle(3)
    world.worker().claim(0)
    world.move_to("13:30")
    again = world.worker().claim(0)
    again.catch_up()
    assert world.net() == clean_stream(COMPARED, world.sent, world.clock.now_ms())


def test_a_profile_that_was_swept_is_stored_again_when_it_comes_back() -> None:
    world = World(COMPARED)
    worker = world.worker().claim(0)
    for who in ("ann", "bob", "ann"):
        world.send("updated", "A", {"requester": who, "assignee": who})
        worker.catch_up()
        worker.checkpoint()
        assert ("ann" in str(world.server.snapshot().partitions[0].blobs["profiles"])) == (
            who == "ann"
        )
    again = world.worker().claim(0)
    world.move_to("13:30")
    again.catch_up()
    assert world.net() == clean_stream(COMPARED, world.sent, world.clock.now_ms())


def test_the_row_tells_nothing_of_a_person_either() -> None:
    world = World(POLICIES)
    worker = world.worker().claim(0)
    deleted(world, worker)
    worker.checkpoint()
    partition = world.owned_of(world.worker().claim(0).engine, "X").partition
    row = partition.work.incidents[partition.find(*incident_key("default", "X"))]
    told = ("assignee", "requester", "customer", "team", "csat", "times", "clocks")
    assert [row[name].tolist() for name in told] == [0, 0, 0, 0, 0, [0, 0, 0, 0], -1]
    assert row["profile"] == partition.book.blank


def test_an_unknown_alert_of_a_forgotten_incident_takes_nothing_back() -> None:
    """Whether it would be valid cannot be said any more: what was told stays told."""
    world = World(POLICIES)
    worker = world.worker().claim(0)
    deleted(world, worker)
    worker.checkpoint()
    before = world.net()
    (warning,) = [
        each for each in world.alerts() if each["id"].endswith("X/default/resolution/1/50%")
    ]
    unknown = {**warning, "id": warning["id"].replace("resolution", "update")}
    world.log.append(OutRecord("alerts", 0, b"X", json.dumps(unknown).encode()))
    world.worker().claim(0).catch_up()
    assert world.net().keys() - before.keys() == {unknown["id"]}
    assert before.keys() <= world.net().keys()


def test_it_is_done_once() -> None:
    """A round later nothing of the incident is read or written, not by the next owner either."""
    world = World(POLICIES)
    worker = world.worker().claim(0)
    deleted(world, worker)
    worker.checkpoint()
    world.send("updated", "Y", {"team": "field"})
    worker.catch_up()
    for owner in (worker, world.worker().claim(0)):
        owned = world.owned_of(owner.engine, "X")
        assert owned.partition.deleted().tolist() == []


def test_a_deletion_dated_before_a_merge_is_taken_and_one_after_it_refused() -> None:
    world = World(POLICIES)
    worker = world.worker().claim(0)
    opened(world)
    world.move_to("10:00")
    world.send("merged", "X", {"into": "Y"})
    world.move_to("10:30")
    world.send("deleted", "X")
    worker.catch_up()
    assert [code for code, _, _ in world.dead()] == ["MERGED"]
    world.put({**world.event("deleted", "X"), "time": "2026-03-02T09:45:00.000Z"})
    worker.catch_up()
    worker.checkpoint()
    assert len(world.dead()) == 1
    assert CANARY not in stored(world)
