"""F53: under each version of a calendar there is one answer, status and durations alike."""

from __future__ import annotations

import pytest

from tests.features.telling import Record, event, published, replayed

POLICIES = """
calendars: {work: {time_zone: UTC, hours: {mon-fri: [09:00-17:00]}}}
policies: [{name: all, calendar: work, clocks: {resolution: {target: 4h}}}]
"""
LATER = POLICIES.replace("09:00-17:00", "12:00-20:00")
EVENTS = [event(1, "created", "09:00"), event(2, "resolved", "14:00")]


def clock_and_alerts(policies: str) -> tuple[Record, list[str]]:
    clocks, alerts = replayed(policies, EVENTS, "20:00")
    return clocks["X/resolution/1"], [alert["data"]["threshold"] for alert in alerts]


@pytest.mark.parametrize(
    ("policies", "due", "elapsed_hours", "said"),
    [(POLICIES, "13:00", 5, ["breach", "cleared"]), (LATER, "16:00", 2, [])],
    ids=["before", "not: after the edit it was in time"],
)
def test_due_status_and_duration_agree(
    policies: str, due: str, elapsed_hours: int, said: list[str]
) -> None:
    clock, alerts = clock_and_alerts(policies)
    assert clock["due"] == f"2026-01-12T{due}:00.000Z"
    assert clock["elapsed_ms"] == elapsed_hours * 3_600_000
    assert clock["breached"] is (clock["elapsed_ms"] > clock["target_ms"])
    assert alerts == said


def test_an_alert_names_the_version_it_was_counted_by() -> None:
    versions = set()
    for policies in (POLICIES, LATER.replace("12:00-20:00", "09:00-16:00")):
        _, alerts = replayed(policies, EVENTS, "20:00")
        versions |= {alert["data"]["calendar_version"] for alert in alerts}
    assert len(versions) == 2


@pytest.mark.parametrize("mode", ["pin", "from_now", "retroactive"])
def test_a_calendar_edited_while_the_clock_runs_gives_one_answer_too(mode: str) -> None:
    edited = LATER.replace("target: 4h", f"target: 4h, on_edit: {mode}")
    told = [EVENTS[0], published(9, edited, "11:00")]
    clocks, alerts = replayed(POLICIES, told, "20:00", [edited])
    clock = clocks["X/resolution/1"]
    due = {"pin": "13:00", "from_now": "14:00", "retroactive": "16:00"}[mode]
    assert clock["due"][11:16] == due
    assert [(alert["time"][11:16], alert["data"]["threshold"]) for alert in alerts] == [
        (due, "breach")
    ]
    # As much open time lies between the due and now as the clock is over its target.
    over = {"pin": 4, "from_now": 6, "retroactive": 4}[mode]
    assert clock["elapsed_ms"] - clock["target_ms"] == over * 3_600_000
