"""A model that follows a worker says what a replay of the same events says, whatever happened."""

from __future__ import annotations

import numpy as np
import pytest

from sla_engine.errors import StoreUnavailable
from sla_engine.follow.model import Model
from sla_engine.follow.scores import scores_at
from sla_engine.policy import load_text
from sla_engine.store.memory import Fault, MemoryStore, PlannedFaults
from tests.follow.desk import PARTITIONS, POLICIES, Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


def a_day(desk: Desk) -> None:
    """Incidents of two tenants that start, pause, breach and end."""
    for n in range(12):
        data = {"priority": "high", "team": "network" if n % 3 else "desk", "title": f"No {n}"}
        desk.send("created", f"I{n}", {**data, "customer": "ACME" if n % 2 else "Initech"})
    desk.send("created", "I1", {"team": "desk"}, tenant="other")
    desk.at("08:20")
    desk.send("commented", "I1", {"author": "agent"})
    desk.send("updated", "I2", {"status": "waiting_customer"})
    desk.at("09:30")
    desk.send("updated", "I2", {"status": "open"})
    desk.send("resolved", "I3")
    desk.at("11:00")
    desk.send("clock.overridden", "I4", {"clock": "resolution", "due": "2026-11-23T18:00:00Z"})


def test_the_clocks_are_those_of_a_replay(desk: Desk) -> None:
    a_day(desk)
    desk.at("12:00").follow()
    told = desk.told()
    assert told == desk.replayed()
    assert {clock["state"] for clock in told} == {"running", "met", "cancelled"} | {"running"}
    assert any(clock["breached"] for clock in told)


def test_the_clocks_are_those_of_a_replay_after_every_step(desk: Desk) -> None:
    for n, time in enumerate(["08:10", "08:40", "09:05", "10:15", "12:00"]):
        desk.send("created", f"I{n}", {"customer": "ACME", "team": "network"})
        if n:
            desk.send("updated", f"I{n - 1}", {"team": "desk", "status": "waiting_customer"})
        desk.at(time).follow()
        assert desk.told() == desk.replayed()


def test_an_explanation_is_that_of_a_file_of_the_events(desk: Desk) -> None:
    a_day(desk)
    desk.at("12:00").follow()
    from sla_engine.api.reads import Reads

    _, told = Reads(desk.model).explained("default", "I2", desk.now_ms)
    assert told == desk.explained("I2")


def test_a_checkpoint_disturbs_nobody_who_reads_on(desk: Desk) -> None:
    a_day(desk)
    desk.follow()
    desk.worker.checkpoint()
    desk.send("created", "later", {"team": "network"})
    desk.at("13:00").follow()
    assert desk.told() == desk.replayed()


def test_who_comes_after_a_checkpoint_loads_pages_and_the_journal_behind(desk: Desk) -> None:
    a_day(desk)
    desk.worker.catch_up()
    desk.worker.checkpoint()
    desk.send("created", "later", {"team": "network"})
    desk.at("13:00").follow()
    assert desk.told() == desk.replayed()


def test_what_was_trimmed_unread_is_loaded_anew(desk: Desk) -> None:
    desk.follow()
    a_day(desk)
    desk.worker.catch_up()
    desk.worker.checkpoint()
    desk.at("13:00").follow()
    assert desk.told() == desk.replayed()


def test_another_worker_goes_on_where_the_first_was_killed(desk: Desk) -> None:
    a_day(desk)
    desk.follow()
    desk.worker = desk.world.worker().claim(*range(PARTITIONS))
    desk.send("resolved", "I5")
    desk.at("13:00").follow()
    assert desk.told() == desk.replayed()


def test_a_store_that_was_set_back_is_told_as_it_is_now(desk: Desk) -> None:
    desk.send("created", "before", {"team": "network"})
    desk.follow()
    copy = desk.world.server.snapshot()
    desk.send("created", "after", {"team": "network"})
    desk.at("08:30").follow()
    assert {clock["incident"] for clock in desk.told()} == {"before", "after"}
    desk.world.server.restore(copy)
    for number in range(PARTITIONS):
        desk.model.step(number)
    assert {clock["incident"] for clock in desk.told()} == {"before"}
    desk.worker = desk.world.worker().claim(*range(PARTITIONS))
    desk.send("created", "again", {"team": "network"})
    desk.follow()
    assert desk.told() == desk.replayed()


def test_an_update_of_a_customer_counts_for_incidents_that_come_later(desk: Desk) -> None:
    desk.send("created", "I1", {"customer": "Initech"})
    desk.at("08:05").follow()
    assert {clock["policy"] for clock in desk.told()} == {"everyone"}
    desk.customer("Initech", tier="gold")
    desk.at("08:10")
    desk.send("created", "I2", {"customer": "Initech"})
    desk.at("08:20").follow()
    assert desk.told() == desk.replayed()
    assert {clock["policy"] for clock in desk.told()} == {"gold"}


def test_an_update_of_a_customer_is_among_what_is_known(desk: Desk) -> None:
    desk.send("created", "I1", {"customer": "Initech"})
    desk.at("08:05").follow()
    desk.customer("Initech", tier="gold")
    desk.customer("Hooli", team="network")
    desk.at("08:10")
    desk.send("created", "I2", {"customer": "Hooli"})
    desk.at("08:20").follow()
    desk.model.learn()
    known = {each.incident: each.attributes for _, each in desk.model.all()}
    assert known["I1"]["tier"] == "gold"
    assert known["I2"]["team"] == "network"


def test_edited_policies_make_everything_be_told_under_them(desk: Desk) -> None:
    desk.send("created", "I1", {"team": "network"})
    desk.at("08:05").follow()
    edited = POLICIES.replace("target: 4h", "target: 3h")
    desk.world.publish(edited, "08:10")
    desk.at("08:15")
    desk.send("created", "I2", {"team": "network"})
    desk.at("08:30").follow()
    assert desk.told() == desk.replayed()
    targets = {c["incident"]: c["target_ms"] for c in desk.told() if c["clock"] == "resolution"}
    assert targets["I2"] == 3 * 3_600_000


def test_a_deleted_incident_is_unknown_and_nothing_of_it_is_kept(desk: Desk) -> None:
    desk.send("created", "gone", {"title": "planted-canary", "team": "network"})
    desk.send("created", "kept", {"team": "network"})
    desk.at("08:05").follow()
    desk.send("deleted", "gone")
    desk.at("08:10").follow()
    assert desk.model.find("default", "gone") is None
    assert [known.incident for _, known in desk.model.all()] == ["kept"]
    kept = [b"".join(h) for s in desk.model.shelves for h in s.view._histories.values()]
    assert not any(b"planted-canary" in history for history in kept)
    desk.worker.checkpoint()
    fresh = Model(desk.store(), PARTITIONS, lambda: load_text(POLICIES))
    for number in range(PARTITIONS):
        fresh.step(number)
    assert [known.incident for _, known in fresh.all()] == ["kept"]


def test_scores_are_those_of_the_fold(desk: Desk) -> None:
    a_day(desk)
    for time in ("12:00", "13:17", "18:00"):
        desk.at(time).follow()
        for shelf in desk.model.shelves:
            rows = np.array(sorted(shelf.view.rows()), np.int64)
            scores = scores_at(shelf.view.partition, rows, desk.now_ms)[0].tolist()
            by_row = {place.row: place for place, _ in desk.model.all() if place.shelf is shelf}
            for row, score in zip(rows.tolist(), scores, strict=True):
                shown = desk.model.shown(by_row[row], desk.now_ms)
                assert shown is not None
                assert shown.score == score


@pytest.mark.parametrize("call", ["journal", "header", "read", "shared"])
@pytest.mark.parametrize("fault", [Fault.BEFORE, Fault.AFTER])
def test_a_store_that_does_not_answer_is_asked_again(desk: Desk, call: str, fault: Fault) -> None:
    faults = PlannedFaults()
    store = MemoryStore(desk.world.server, faults=faults, now_ms=desk.world.clock.now_ms)
    desk.model = Model(store, PARTITIONS, lambda: load_text(POLICIES))
    a_day(desk)
    desk.worker.catch_up()
    faults.plan(call, fault, fault)
    failed = 0
    while desk.model.behind:
        for number in range(PARTITIONS):
            try:
                desk.model.step(number)
            except StoreUnavailable:
                failed += 1
    desk.at("12:00")
    faults.plan(call, fault)
    for _ in range(8):
        for number in range(PARTITIONS):
            try:
                desk.model.step(number)
            except StoreUnavailable:
                failed += 1
    assert failed or call == "shared"
    assert desk.told() == desk.replayed()
