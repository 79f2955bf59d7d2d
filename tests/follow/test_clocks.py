"""The topic `clocks`: what it holds is what a replay says, each change once, nothing missed."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from sla_engine.alert.ids import clock_key
from sla_engine.follow.clocks import ClockStream, still
from sla_engine.follow.model import Model
from sla_engine.policy import load_text
from tests.engine.memory_log import MemoryProducer
from tests.follow.desk import PARTITIONS, POLICIES, Desk


class Following:
    """A process that keeps the topic up to date."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.producer = MemoryProducer(desk.world.log)
        self.model = Model(desk.store(), PARTITIONS, lambda: load_text(POLICIES))
        self.stream = ClockStream(self.model, self.producer, PARTITIONS)
        self.stream.read(desk.world.log)

    def follow(self) -> None:
        """Go on until nothing is new; `produced` are the records that this put on the topic."""
        before = len(self.desk.world.log.records("clocks"))
        self.desk.worker.catch_up()
        busy = True
        while busy or self.model.behind:
            busy = False
            for number in range(PARTITIONS):
                changes = self.model.step(number)
                busy = busy or bool(changes.rows)
                self.stream.take(number, changes)
        self.produced = len(self.desk.world.log.records("clocks")) - before


def compacted(desk: Desk) -> dict[bytes, dict[str, Any]]:
    """What is left of the topic after compaction: the newest value of each key."""
    found: dict[bytes, dict[str, Any]] = {}
    for record in desk.world.log.records("clocks"):
        assert record.key is not None
        if record.value is None:
            found.pop(record.key, None)
        else:
            found[record.key] = orjson.loads(record.value)
    return found


def expected(desk: Desk) -> dict[bytes, bytes]:
    """Key -> what is compared of the clocks that a replay gives."""
    names = ("tenant", "incident", "set", "clock", "cycle")
    return {
        clock_key(*(clock[name] for name in names)).encode(): still(clock)
        for clock in desk.replayed()
    }


def assert_current(desk: Desk) -> None:
    told = {key: still(clock) for key, clock in compacted(desk).items()}
    assert told == expected(desk)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def following(desk: Desk) -> Following:
    return Following(desk)


def test_a_ticket_has_its_due_the_moment_it_is_created(desk: Desk, following: Following) -> None:
    desk.send("created", "I 1", {"customer": "ACME"}, tenant="a/b")
    following.follow()
    told = compacted(desk)
    assert sorted(told) == [
        b"a%2Fb/I%201/default/first_response/1",
        b"a%2Fb/I%201/default/resolution/1",
    ]
    clock = told[b"a%2Fb/I%201/default/resolution/1"]
    assert (clock["state"], clock["due"]) == ("running", "2026-11-23T10:00:00.000Z")
    assert clock["as_of"] == "2026-11-23T08:00:00.000Z"


def test_it_lies_in_the_partition_of_its_incident(desk: Desk, following: Following) -> None:
    for n in range(20):
        desk.send("created", f"I{n}", {})
    following.follow()
    own = {r.key: r.partition for r in desk.world.log.records("events")}
    for record in desk.world.log.records("clocks"):
        assert record.key is not None
        assert record.partition == own[record.key.split(b"/")[1]]


def test_every_change_is_told_and_nothing_else(desk: Desk, following: Following) -> None:
    desk.send("created", "I1", {"customer": "ACME"})
    following.follow()
    assert following.produced == 2
    desk.send("updated", "I1", {"title": "a word changed"})
    desk.at("08:10")
    following.follow()
    assert following.produced == 0
    desk.send("commented", "I1", {"author": "agent"})
    following.follow()
    assert following.produced == 1
    assert_current(desk)
    desk.at("09:30")  # the resolution is warned of, by no event
    following.follow()
    assert following.produced == 1
    assert_current(desk)
    desk.at("10:30")  # and breached
    following.follow()
    assert_current(desk)
    clock = compacted(desk)[b"default/I1/default/resolution/1"]
    assert [fired["threshold"] for fired in clock["fired"]] == ["50%", "breach"]
    desk.send("resolved", "I1")
    following.follow()
    assert_current(desk)


def test_late_events_correct_it(desk: Desk, following: Following) -> None:
    desk.send("created", "I1", {"customer": "ACME"})
    desk.at("09:50")
    following.follow()
    desk.send("commented", "I1", {"author": "agent"}, time="2026-11-23T08:20:00Z")
    desk.at("09:51")
    following.follow()
    assert_current(desk)
    first = compacted(desk)[b"default/I1/default/first_response/1"]
    assert (first["state"], first["breached"]) == ("met", False)


@pytest.mark.parametrize("checkpoint", [False, True])
def test_nothing_is_missed_while_nobody_follows(desk: Desk, checkpoint: bool) -> None:
    for n in range(8):
        desk.send("created", f"I{n}", {"customer": "ACME"})
    Following(desk).follow()
    desk.at("09:40")
    desk.send("resolved", "I3")
    desk.send("created", "new", {})
    desk.send("deleted", "I4")
    desk.worker.catch_up()
    if checkpoint:
        desk.worker.checkpoint()
    again = Following(desk)
    again.follow()
    told = compacted(desk)
    assert not [key for key in told if b"/I4/" in key]
    assert {k: still(c) for k, c in told.items()} == {
        key: digest for key, digest in expected(desk).items() if b"/I4/" not in key
    }
    once_more = Following(desk)
    once_more.follow()
    assert once_more.produced == 0, "what the topic says already is not said again"


def test_a_deleted_incident_is_told_by_null(desk: Desk, following: Following) -> None:
    desk.send("created", "I1", {})
    following.follow()
    desk.send("deleted", "I1")
    desk.at("08:10")
    following.follow()
    assert compacted(desk) == {}
    last = {r.key: r.value for r in desk.world.log.records("clocks")}
    assert set(last.values()) == {None}


def test_what_the_log_refuses_comes_again(desk: Desk, following: Following) -> None:
    desk.send("created", "I1", {"customer": "ACME"})
    following.producer.refusals = ["no", "no"]
    following.follow()
    following.follow()
    assert following.producer.refusals == []
    assert_current(desk)


def test_a_null_that_the_log_refuses_comes_again(desk: Desk, following: Following) -> None:
    desk.send("created", "I1", {"customer": "ACME"})
    following.follow()
    desk.send("deleted", "I1")
    following.producer.refusals = ["no"]
    following.follow()
    following.follow()
    assert following.producer.refusals == []
    assert compacted(desk) == {}


def test_a_store_that_was_set_back_takes_back_what_was_told(
    desk: Desk, following: Following
) -> None:
    desk.send("created", "before", {"customer": "ACME"})
    following.follow()
    copy = desk.world.server.snapshot()
    desk.send("created", "after", {"customer": "ACME"})
    following.follow()
    assert len(compacted(desk)) == 4
    desk.world.server.restore(copy)
    for number in range(PARTITIONS):
        following.stream.take(number, following.model.step(number))
    assert len(compacted(desk)) == 2
    desk.worker = desk.world.worker().claim(*range(PARTITIONS))
    following.follow()
    assert_current(desk)


def test_edited_policies_are_told_too(desk: Desk, following: Following) -> None:
    desk.send("created", "I1", {"customer": "ACME"})
    following.follow()
    desk.world.publish(POLICIES.replace("target: 2h", "target: 3h"), "08:10")
    desk.at("08:15")
    desk.send("created", "I2", {"customer": "ACME"})
    desk.at("08:20")
    following.follow()
    assert_current(desk)
