"""F69: an escalation under way keeps the ladder it began with, unless the edit says `live`."""

from __future__ import annotations

import pytest

from tests.features.telling import event, published, replayed, said

POLICIES = """
policies:
  - name: all
    clocks: {resolution: {target: 4h}}
    escalations: [{at: 50%, notify: team}, {at: 1h after, notify: team}]
"""
EDITED = """
policies:
  - name: all
    clocks: {resolution: {target: 4h, OPTIONS}}
    escalations: [{at: 75%, notify: team}, {at: 2h after, notify: team}]
"""
OLD = ["10:00 warning resolution/1/50%", "13:00 escalation resolution/1/after:3600000"]
NEW = ["11:00 warning resolution/1/75%", "14:00 escalation resolution/1/after:7200000"]


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ("on_edit: pin", OLD),
        ("on_edit: pin, ladder: live", NEW),
        ("on_edit: from_now", OLD),
        ("on_edit: retroactive, ladder: live", NEW),
    ],
)
def test_the_steps_of_a_running_clock_after_an_edit(options: str, steps: list[str]) -> None:
    edited = EDITED.replace("OPTIONS", options)
    told = [event(1, "created", "08:00", team="noc"), published(9, edited, "09:00")]
    _, alerts = replayed(POLICIES, told, "15:00", [edited])
    assert [one for one in said(alerts) if "breached" not in one] == steps


def test_not_for_an_incident_that_comes_after_the_edit() -> None:
    edited = EDITED.replace("OPTIONS", "on_edit: pin")
    told = [published(9, edited, "07:00"), event(1, "created", "08:00", team="noc")]
    _, alerts = replayed(POLICIES, told, "15:00", [edited])
    assert [one for one in said(alerts) if "breached" not in one] == NEW


def test_a_step_that_fired_does_not_fire_again() -> None:
    edited = POLICIES.replace("target: 4h", "target: 8h, on_edit: retroactive, ladder: live")
    told = [event(1, "created", "08:00", team="noc"), published(9, edited, "11:00")]
    _, alerts = replayed(POLICIES, told, "15:00", [edited])
    assert said(alerts) == ["10:00 warning resolution/1/50%"]


def test_another_policy_brings_its_own_steps_with_a_snapshot_too() -> None:
    policies = """
policies:
  - name: vip
    when: tier == "vip"
    clocks: {resolution: {target: 4h}}
    escalations: [{at: 75%, notify: team}]
  - name: all
    clocks: {resolution: {target: 4h}}
    escalations: [{at: 90%, notify: team}]
"""
    told = [event(1, "created", "08:00", team="noc"), event(2, "updated", "09:00", tier="vip")]
    _, alerts = replayed(policies, told, "11:30")
    assert said(alerts) == ["11:00 warning resolution/1/75%"]
