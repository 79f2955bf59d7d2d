"""F34: after a deletion nothing more is said of an incident, least of all whose it was."""

from __future__ import annotations

from tests.engine.world import World
from tests.features.telling import event, instant, replayed, said

POLICIES = """
policies:
  - name: all
    clocks: {resolution: {target: 4h}}
    escalations: [{at: 50%, notify: requester}]
"""
WHO = {"requester": "ann@example.com", "title": "Ann cannot log in"}


def test_the_clearing_names_nobody() -> None:
    events = [event(1, "created", "09:00", **WHO), event(2, "deleted", "11:30")]
    _, alerts = replayed(POLICIES, events, "20:00")
    assert said(alerts) == ["11:00 warning resolution/1/50%", "11:30 cleared resolution/1/cleared"]
    warning, cleared = alerts
    assert "requester:ann@example.com" in str(warning)
    assert "Ann" not in str(cleared)
    assert "ann@" not in str(cleared)


def test_not_an_event_after_it() -> None:
    world = World(POLICIES, start=instant("09:00"))
    worker = world.worker().claim(0)
    world.send("created", "X", WHO)
    world.send("deleted", "X")
    world.send("reopened", "X")
    world.move_to("20:00")
    worker.catch_up()
    assert [code for code, _, _ in world.dead()] == ["DELETED"]
    assert world.alerts() == []


def test_no_personal_byte_stays_in_the_store() -> None:
    world = World(POLICIES, start=instant("09:00"))
    worker = world.worker().claim(0)
    world.send("created", "X", WHO)
    worker.catch_up()
    assert "ann@example.com" in repr(world.server.snapshot())
    world.send("deleted", "X")
    worker.catch_up()
    worker.checkpoint()
    assert "ann@example.com" not in repr(world.server.snapshot())
