"""F41: an edit leaves running clocks alone, or takes them over from now or from their start."""

from __future__ import annotations

import pytest

from tests.features.telling import Record, event, published, replayed, said

POLICIES = """
calendars: {office: {time_zone: UTC, hours: {mon-fri: [08:00-12:00, 13:00-17:00]}}}
policies:
  - name: all
    calendar: office
    clocks: {resolution: {target: 4h, pause: status == "on_hold"}}
"""
EDITED = """
policies:
  - name: all
    clocks: {resolution: {target: 3h, on_edit: MODE}}
"""
#: On hold from nine to ten; opened at eight: one hour is elapsed at ten, two at eleven.
EVENTS = [
    event(1, "created", "08:00"),
    event(2, "updated", "09:00", status="on_hold"),
    event(3, "updated", "10:00", status="open"),
]


def clock_under(mode: str, events: list[Record], until: str) -> tuple[Record, list[str]]:
    edited = EDITED.replace("MODE", mode)
    told = [*events, published(9, edited, "11:00")]
    clocks, alerts = replayed(POLICIES, told, until, [edited])
    return clocks["X/resolution/1"], said(alerts)


@pytest.mark.parametrize(
    ("mode", "due", "target_ms", "elapsed_ms", "paused_ms"),
    [
        ("pin", "14:00", 4 * 3_600_000, 9_000_000, 3_600_000),
        ("from_now", "12:00", 3 * 3_600_000, 9_000_000, 3_600_000),
        ("retroactive", "11:00", 3 * 3_600_000, 12_600_000, 0),
    ],
)
def test_a_running_clock_goes_on_by_the_mode(
    mode: str, due: str, target_ms: int, elapsed_ms: int, paused_ms: int
) -> None:
    """Two hours are elapsed at the edit, three with the hour on hold, which no longer counts."""
    clock, _ = clock_under(mode, EVENTS, "11:30")
    assert clock["due"][11:16] == due
    assert (clock["target_ms"], clock["elapsed_ms"]) == (target_ms, elapsed_ms)
    assert clock["paused_ms"] == paused_ms


@pytest.mark.parametrize(
    ("mode", "alerts"),
    [
        ("pin", ["14:00:00.001 breached resolution/1/breach"]),
        ("from_now", ["12:00:00.001 breached resolution/1/breach"]),
        ("retroactive", ["11:00:00.001 breached resolution/1/breach"]),
    ],
)
def test_and_breaks_when_that_is_due(mode: str, alerts: list[str]) -> None:
    assert clock_under(mode, EVENTS, "16:00")[1] == alerts


@pytest.mark.parametrize("mode", ["pin", "from_now", "retroactive"])
def test_not_what_came_before_the_edit(mode: str) -> None:
    assert clock_under(mode, EVENTS, "10:59")[0]["due"][11:16] == "14:00"


@pytest.mark.parametrize("mode", ["pin", "from_now", "retroactive"])
def test_not_a_clock_that_is_closed(mode: str) -> None:
    done = [*EVENTS, event(4, "resolved", "10:30")]
    clock, alerts = clock_under(mode, done, "16:00")
    assert (clock["state"], clock["target_ms"]) == ("met", 4 * 3_600_000)
    assert alerts == []


@pytest.mark.parametrize("mode", ["pin", "from_now", "retroactive"])
def test_a_breach_stands(mode: str) -> None:
    edited = EDITED.replace("MODE", mode).replace("3h", "20h")
    told = [*EVENTS, published(9, edited, "15:00")]
    clocks, alerts = replayed(POLICIES, told, "16:00", [edited])
    assert clocks["X/resolution/1"]["breached"] is True
    assert said(alerts) == ["14:00:00.001 breached resolution/1/breach"]


def test_an_incident_that_comes_after_the_edit_goes_by_it_alone() -> None:
    edited = EDITED.replace("MODE", "pin")
    told = [published(9, edited, "11:00"), event(1, "created", "11:00")]
    clocks, _ = replayed(POLICIES, told, "12:00", [edited])
    assert clocks["X/resolution/1"]["due"][11:16] == "14:00"
    assert clocks["X/resolution/1"]["target_ms"] == 3 * 3_600_000


def test_the_next_cycle_of_a_pinned_clock_is_the_edited_one() -> None:
    first = "policies: [{name: all, clocks: {update: {every: 2h}}}]"
    edited = "policies: [{name: all, clocks: {update: {every: 1h}}}]"
    reply = {"author": "agent", "author_id": "amy", "public": True}
    told = [
        event(1, "created", "08:00"),
        event(2, "commented", "09:00", **reply),
        published(9, edited, "10:00"),
        event(3, "commented", "10:30", **reply),
    ]
    clocks, _ = replayed(first, told, "11:00", [edited])
    assert clocks["X/update/1"]["target_ms"] == 2 * 3_600_000
    assert clocks["X/update/2"]["due"][11:16] == "11:30"


def test_a_clock_that_the_edit_takes_away_is_kept_or_cancelled_by_the_defaults() -> None:
    gone = "policies: [{name: all, clocks: {first_response: {target: 20h}}}]"
    for defaults, state in (("", "running"), ("defaults: {on_edit: from_now}\n", "cancelled")):
        told = [*EVENTS, published(9, defaults + gone, "11:00")]
        clocks, _ = replayed(POLICIES, told, "11:30", [defaults + gone])
        assert clocks["X/resolution/1"]["state"] == state
