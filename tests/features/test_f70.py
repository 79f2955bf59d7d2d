"""F70: an alert that reaches nobody says so."""

from __future__ import annotations

from tests.features.telling import event, replayed

POLICIES = """
recipients: {lead: {}}
policies:
  - name: all
    clocks: {resolution: {target: 1h}}
    escalations: [{at: breach, page: assignee}, {at: 30m after, page: lead}]
"""


def test_nobody_has_it() -> None:
    _, alerts = replayed(POLICIES, [event(1, "created", "09:00")], "12:00")
    assert {one["data"]["threshold"]: one["data"].get("unreached") for one in alerts} == {
        "breach": True,
        "after:1800000": None,
    }
    assert [one["time"][11:] for one in alerts] == ["10:00:00.001Z", "10:00:00.001Z"]


def test_not_when_somebody_has_it() -> None:
    _, alerts = replayed(POLICIES, [event(1, "created", "09:00", assignee="kim")], "12:00")
    assert [one["data"].get("unreached") for one in alerts] == [None, None]
    assert [one["time"][11:] for one in alerts] == ["10:00:00.001Z", "10:30:00.000Z"]
