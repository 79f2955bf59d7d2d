"""F79: what fell due while no worker ran goes out when one does, in order, and says how late."""

from __future__ import annotations

from tests.engine.world import World
from tests.features.telling import instant, said

POLICIES = """
recipients: {lead: {}}
policies:
  - name: all
    clocks: {resolution: {target: 4h}}
    escalations: [{at: 50%, notify: team}, {every: 30m, after: breach, times: 2, page: lead}]
"""


def standing_still(*, until: str, resolved: str | None = None) -> World:
    """A worker sees the opening; the next one comes at `until`."""
    world = World(POLICIES, start=instant("09:00"))
    worker = world.worker().claim(0)
    world.send("created", "X", {"team": "noc"})
    worker.catch_up()
    if resolved is not None:
        world.move_to(resolved)
        world.send("resolved", "X")
    world.move_to(until)
    world.worker().claim(0).catch_up()
    return world


def test_everything_in_the_order_of_its_instants_with_its_delay() -> None:
    world = standing_still(until="14:00")
    assert said(world.alerts()) == [
        "11:00 warning resolution/1/50%",
        "13:00:00.001 breached resolution/1/breach",
        "13:30 escalation resolution/1/after:1800000/1",
        "14:00 escalation resolution/1/after:1800000/2",
    ]
    assert [alert["data"]["late_by_ms"] for alert in world.alerts()] == [
        3 * 3_600_000,
        3_600_000 - 1,
        1_800_000,
        0,
    ]
    assert [alert["data"]["late"] for alert in world.alerts()] == ["outage"] * 3 + [None]


def test_not_what_an_unread_event_had_prevented() -> None:
    world = standing_still(until="14:00", resolved="13:00")
    assert [alert["data"]["threshold"] for alert in world.alerts()] == ["50%", "cleared"]
    world = standing_still(until="14:00", resolved="11:00")
    assert world.alerts() == []


def test_not_ahead_of_its_time() -> None:
    assert standing_still(until="10:59:59.999").alerts() == []
