"""F31, F32: what came late counts at its own time, and what was sent is corrected."""

from __future__ import annotations

from tests.engine.world import World, net_alerts
from tests.features.telling import arrived, event, instant, replayed, said

POLICIES = """
policies:
  - name: all
    clocks: {resolution: {target: {urgent: 1h, default: 4h}, pause: status_class == "on_hold"}}
    escalations: [{at: 50%, notify: team}]
"""
OPENED = event(1, "created", "09:00", team="noc")
RESOLVED = event(2, "resolved", "12:59")
#: Shows that time went on; it belongs to another incident.
LATER = event(9, "created", "14:00", "other")


def test_the_order_of_arrival_changes_no_clock_and_no_net_alert() -> None:
    held, back = (
        event(3, "updated", "09:30", status="on_hold"),
        event(4, "updated", "10:30", status="open"),
    )
    clean = [OPENED, held, back, RESOLVED, LATER]
    clocks, alerts = replayed(POLICIES, clean, "14:30")
    assert clocks["X/resolution/1"]["elapsed_ms"] == (3 * 60 - 1) * 60_000
    for order in ([0, 4, 2, 3, 1], [4, 3, 2, 1, 0], [0, 1, 2, 4, 3], [0, 3, 4, 1, 2]):
        late_clocks, sent = arrived(POLICIES, [clean[n] for n in order], "14:30")
        assert late_clocks == clocks
        assert net_alerts(sent) == net_alerts(alerts)


def test_without_the_late_event_it_would_be_another_clock() -> None:
    clocks, _ = arrived(POLICIES, [OPENED, LATER], "14:30")
    assert clocks["X/resolution/1"]["breached"]
    clocks, _ = arrived(POLICIES, [OPENED, LATER, RESOLVED], "14:30")
    assert not clocks["X/resolution/1"]["breached"]


def test_a_breach_that_was_none_is_retracted_under_its_own_id() -> None:
    _, sent = arrived(POLICIES, [OPENED, LATER, RESOLVED], "14:30")
    own = [one for one in sent if one["subject"] == "X"]
    assert said(own) == [
        "11:00 warning resolution/1/50%",
        "13:00:00.001 breached resolution/1/breach",
        "14:00 retracted resolution/1/breach~1",
        "12:59 cleared resolution/1/cleared",
    ]
    breach, retracted, cleared = own[1:]
    assert retracted["data"]["alert"] == breach["id"]
    assert retracted["data"]["revision"] == 1
    assert cleared["data"]["late"] == "late_event"


def test_a_warning_with_another_due_is_amended_under_its_own_id() -> None:
    world = World(POLICIES, start=instant("09:00"))
    worker = world.worker().claim(0)
    world.send("created", "X", {"team": "noc"})
    world.move_to("11:30")
    worker.catch_up()
    power = {"from": instant("11:05"), "to": instant("11:15")}
    excluded = {"set": "default", "clock": "resolution", "exclude": power}
    world.send("clock.overridden", "X", {**excluded, "reason": "no power", "actor": "kim"})
    worker.catch_up()
    warning, amended = world.alerts()
    assert (warning["type"], amended["type"]) == ("sla.clock.warning", "sla.alert.amended")
    assert amended["id"] == f"{warning['id']}~1"
    assert amended["data"]["alert"] == warning["id"]
    assert warning["data"]["due"] == "2026-01-12T13:00:00.000Z"
    assert amended["data"]["due"] == "2026-01-12T13:10:00.000Z"


def test_in_order_of_arrival_too() -> None:
    power = {"from": instant("11:05"), "to": instant("11:15")}
    excluded = event(
        3, "clock.overridden", "11:30", set="default", clock="resolution", exclude=power
    )
    _, sent = arrived(POLICIES, [OPENED, event(8, "created", "11:25", "other"), excluded], "12:00")
    assert said(sent) == [
        "11:00 warning resolution/1/50%",
        "11:00 amended resolution/1/50%~1",
    ]
    assert [one["data"]["late"] for one in sent[:1]] == [None]


def test_not_a_late_event_that_changes_nothing_and_not_a_change_in_time() -> None:
    said_late = event(3, "commented", "09:30", author="bot")
    _, sent = arrived(POLICIES, [OPENED, event(8, "created", "12:00", "other"), said_late], "12:30")
    assert said(one for one in sent if one["subject"] == "X") == ["11:00 warning resolution/1/50%"]
    raised = event(4, "updated", "12:00", priority="urgent")
    _, sent = arrived(POLICIES, [OPENED, raised], "12:30")
    assert said(sent) == [
        "11:00 warning resolution/1/50%",
        "10:00:00.001 breached resolution/1/breach",
    ]
