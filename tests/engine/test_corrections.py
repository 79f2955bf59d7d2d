"""Late, doubled and shuffled events: what the receivers hold in the end is the clean stream's."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from sla_engine.cli.wiring import belongs
from sla_engine.engine.outgoing import Sent, corrections
from sla_engine.event.times import format_time
from sla_engine.stream.murmur2 import partition_of
from tests.engine.world import START, Event, World, clean_stream

POLICIES = """
recipients: {lead: {}}
policies:
  - name: all
    clocks:
      first_response: {target: 1h}
      resolution: {target: {high: 2h, default: 4h}, pause: status_class == "waiting_customer"}
    escalations:
      - {at: 50%, notify: team}
      - {every: 30m, after: breach, times: 2, page: lead, until: acknowledged}
"""


def net_is_clean(world: World) -> None:
    assert world.net() == clean_stream(POLICIES, world.sent, world.clock.now_ms())


def test_a_late_resolution_takes_the_breach_back() -> None:
    world = World(POLICIES)
    worker = world.worker().claim(0)
    world.send("created", "A", {"team": "noc"})
    world.move_to("09:30")
    resolved = world.event("resolved", "A")
    world.move_to("14:00")
    worker.catch_up()
    assert any(alert["type"] == "sla.clock.breached" for alert in world.alerts())
    world.put(resolved)
    worker.catch_up()
    assert world.net() == {}
    net_is_clean(world)


def test_a_breach_taken_back_and_valid_again_is_amended_with_active() -> None:
    world = World(POLICIES)
    worker = world.worker().claim(0)
    world.send("created", "A", {"team": "noc", "priority": "high"})
    world.move_to("10:00")
    waiting = world.event("updated", "A", {"status": "waiting_customer"})
    world.move_to("10:05")
    back = world.event("updated", "A", {"status": "open"})
    world.move_to("11:02")
    worker.catch_up()
    world.put(waiting)
    worker.catch_up()
    world.put(back)
    world.move_to("11:06")
    worker.catch_up()
    last = [a for a in world.alerts() if a["data"].get("alert", "").endswith("resolution/1/breach")]
    assert [(a["type"], a["data"].get("active")) for a in last] == [
        ("sla.alert.retracted", None),
        ("sla.alert.amended", True),
    ]
    net_is_clean(world)


def test_a_late_title_and_team_amend_what_was_sent_and_nothing_else() -> None:
    """The net alerts are the clean stream's in content too, not in due alone (section 4)."""
    world = World(POLICIES)
    worker = world.worker().claim(0)
    world.send("created", "A", {"team": "noc"})
    world.move_to("09:10")
    renamed = world.event("updated", "A", {"team": "field", "title": "Roof leaks"})
    world.move_to("09:40")
    worker.catch_up()
    world.put(renamed)
    worker.catch_up()
    (sent, amended) = world.alerts()
    assert (sent["type"], amended["type"]) == ("sla.clock.warning", "sla.alert.amended")
    assert amended["id"] == sent["id"] + "~1"
    assert amended["data"]["due"] == sent["data"]["due"]
    assert (sent["data"]["title"], amended["data"]["title"]) == (None, "Roof leaks")
    assert [each["to"] for each in amended["data"]["actions"]] == [["team:field"]]
    net_is_clean(world)


def test_a_late_comment_that_changes_no_alert_amends_none() -> None:
    world = World(POLICIES)
    worker = world.worker().claim(0)
    world.send("created", "A", {"team": "noc"})
    world.move_to("09:10")
    said = world.event("commented", "A", {"author": "bot"})
    world.move_to("09:40")
    worker.catch_up()
    world.put(said)
    worker.catch_up()
    assert [alert["type"] for alert in world.alerts()] == ["sla.clock.warning"]


def test_an_edit_in_time_amends_nothing() -> None:
    world = World(POLICIES)
    worker = world.worker().claim(0)
    world.send("created", "A", {"team": "noc"})
    world.move_to("09:40")
    worker.catch_up()
    world.send("updated", "A", {"team": "field", "title": "Roof leaks", "priority": "high"})
    worker.catch_up()
    assert not [a for a in world.alerts() if a["type"] == "sla.alert.amended"]


def test_a_duplicate_changes_nothing_and_is_no_dead_letter() -> None:
    world = World(POLICIES)
    worker = world.worker().claim(0)
    event = world.send("created", "A", {"team": "noc"})
    worker.catch_up()
    before = worker.clocks()
    world.put(event)
    worker.catch_up()
    assert worker.clocks() == before
    assert world.dead() == []


def scattered(events: list[Event], rng: random.Random) -> list[Event]:
    """The events shuffled, some of them twice."""
    mixed = [*events, *rng.sample(events, len(events) // 3)]
    rng.shuffle(mixed)
    return mixed


def a_morning(world: World, incidents: int, rng: random.Random) -> list[Event]:
    """What happened, in order; nothing is sent yet."""
    events = []
    begun = world.clock.now_ms()
    for n in range(incidents):
        data = {"team": "noc", "priority": rng.choice(("high", "normal"))}
        moves = [("created", data)]
        moves += rng.sample(
            [
                ("commented", {"author": "agent"}),
                ("updated", {"status": "waiting_customer"}),
                ("commented", {"author": "customer"}),
                ("updated", {"status": "open"}),
                ("acknowledged", {"by": "kim"}),
                ("updated", {"priority": "high"}),
                ("resolved", {}),
            ],
            k=rng.randrange(2, 7),
        )
        at = begun + rng.randrange(60) * 60_000
        for kind, told in moves:
            event = world.event(kind, f"I{n}", told)
            event["time"] = format_time(at)
            events.append(event)
            at += rng.randrange(1, 60) * 60_000
    return sorted(events, key=lambda event: (event["time"], event["subject"], event["id"]))


@pytest.mark.parametrize("seed", range(6))
def test_shuffled_doubled_and_late_events_give_the_clean_streams_net_alerts(seed: int) -> None:
    rng = random.Random(seed)
    world = World(POLICIES, partitions=2)
    worker = world.worker().claim(0, 1)
    events = a_morning(world, 12, rng)
    world.move_to("17:00")
    for event in scattered(events, rng):
        world.put(event)
        if rng.random() < 0.3:
            worker.catch_up(batch=rng.randrange(1, 9))
        if rng.random() < 0.2:
            world.clock.move_to(world.clock.now_ms() + rng.randrange(60_000))
        if rng.random() < 0.1:
            worker.checkpoint()
        if rng.random() < 0.1:
            worker = world.worker().claim(0, 1)
    worker.catch_up()
    net_is_clean(world)
    assert world.dead() == []
    one_content_per_id(world)


def one_content_per_id(world: World) -> None:
    """An id never stands for two contents."""
    known: dict[str, Event] = {}
    for alert in world.alerts():
        content = {k: v for k, v in alert["data"].items() if k not in ("fired_at", "late_by_ms")}
        seen = known.setdefault(alert["id"], {"time": alert["time"], **content})
        assert alert["type"].startswith("sla.alert.") or seen["time"] == alert["time"]


def test_every_refusal_that_needs_state_is_a_dead_letter_with_its_place() -> None:
    world = World(POLICIES, partitions=2, belongs=belongs)
    worker = world.worker().claim(0, 1)
    first = world.send("created", "A", {"team": "noc"})
    world.send("created", "B")
    world.send("created", "C")
    worker.catch_up()
    world.move_to("2026-03-12T09:00:00Z")
    world.put({**first, "data": {"team": "billing"}})
    world.send("deleted", "B")
    world.send("merged", "C", {"into": "A"})
    world.move_to("2026-03-12T10:00:00Z")
    world.send("updated", "B", {"team": "noc"})
    world.send("updated", "C", {"team": "noc"})
    world.send("updated", "A", {"team": "noc"})
    old = world.event("updated", "A", {"team": "field"})
    old["time"] = "2026-03-02T12:00:00.000Z"
    world.put(old)
    stray = world.event("created", "D")
    world.put(stray, partition=1 - partition_of(b"D", 2))
    worker.catch_up()
    assert sorted(code for code, _, _ in world.dead()) == [
        "CONFLICT",
        "DELETED",
        "LATE_BEYOND_HORIZON",
        "MERGED",
        "WRONG_PARTITION",
    ]
    for _, headers, value in world.dead():
        offset, partition = int(headers["dl-offset"]), int(headers["dl-partition"])
        assert world.log.records("events", partition)[offset].value == value
        assert headers["dl-topic"] == "incidents"
        assert headers["dl-message"]
        assert headers["dl-time"] == "2026-03-12T10:00:00.000Z"


def test_what_was_remembered_without_its_content_is_amended_for_due_and_start_alone() -> None:
    """Entries of an earlier version of the store."""
    alert = {"id": "default/A/default/resolution/1/50%", "type": "sla.clock.warning", "time": START}
    told = {"due": START, "title": "Roof leaks", "actions": []}
    event = {**alert, "subject": "A", "data": told}
    known = Sent(alert["id"], alert["type"], alert["time"], START, 0)
    assert corrections({known.id: known}, [(event, 0)], START) == []
    (amended,) = corrections({known.id: replace(known, content="other")}, [(event, 0)], START)
    assert amended.event["type"] == "sla.alert.amended"
