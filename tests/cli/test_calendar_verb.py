"""`calendar`: business time from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.calling import Capture, call

FRIDAY = "2026-11-27T16:30:00+01:00"


@pytest.mark.parametrize(
    ("duration", "due", "local"),
    [
        ("2h", "2026-11-30T09:30:00.000Z", "Mon 2026-11-30 10:30 Europe/Berlin"),
        ("30m", "2026-11-27T16:00:00.000Z", "Fri 2026-11-27 17:00 Europe/Berlin"),
        ("2bd", "2026-12-01T15:30:00.000Z", "Tue 2026-12-01 16:30 Europe/Berlin"),
        ("1h30m1s500ms", "2026-11-30T09:00:01.500Z", "Mon 2026-11-30 10:00:01.500 Europe/Berlin"),
    ],
)
def test_add_gives_the_deadline(
    capsysbinary: Capture, policies: Path, duration: str, due: str, local: str
) -> None:
    asked = "calendar", "add", "office", FRIDAY, duration, "--policies", policies
    assert call(capsysbinary, *asked).out == f"{due}  ({local})\n"
    found = call(capsysbinary, *asked, "--format", "json").json()
    assert (found["due"], found["moved"]) == (due, False)
    assert found["time_zone"] == "Europe/Berlin"
    assert len(found["calendar_version"]) == 12


def test_a_deadline_that_was_moved_says_so(capsysbinary: Capture, policies: Path) -> None:
    early = "2026-11-27T07:00:00+01:00"
    called = call(capsysbinary, "calendar", "add", "office", early, "1bd", "--policies", policies)
    assert called.out.startswith("2026-11-30T08:00:00.000Z")
    assert called.out.endswith("moved to the next opening\n")


def test_between_may_be_negative(capsysbinary: Capture, policies: Path) -> None:
    a, b = "2026-11-27T09:00:00Z", "2026-11-30T09:30:00Z"
    between = "calendar", "between", "office"
    assert call(capsysbinary, *between, a, b, "--policies", policies).out == (
        "8h 30m  (30600000 ms)\n"
    )
    called = call(capsysbinary, *between, b, a, "--policies", policies, "--format", "json")
    assert called.json()["open_ms"] == -30_600_000


def test_next_open_is_the_instant_itself_when_open(capsysbinary: Capture, policies: Path) -> None:
    ask = "calendar", "next-open", "office"
    shown = "--policies", policies, "--format", "json"
    sunday = call(capsysbinary, *ask, "2026-11-29T09:00:00Z", *shown).json()
    assert (sunday["next_open"], sunday["is_open"]) == ("2026-11-30T08:00:00.000Z", False)
    monday = call(capsysbinary, *ask, "2026-11-30T09:00:00Z", *shown).json()
    assert (monday["next_open"], monday["is_open"]) == ("2026-11-30T09:00:00.000Z", True)


def test_hours_shows_each_date_with_holidays_closed(capsysbinary: Capture, policies: Path) -> None:
    ask = "calendar", "hours", "office", "2026-12-24", "2026-12-26", "--policies", policies
    assert call(capsysbinary, *ask).out.splitlines() == [
        "Thu 2026-12-24  09:00-17:00",
        "Fri 2026-12-25  closed",
        "Sat 2026-12-26  closed",
        "open time: 8h",
    ]
    found = call(capsysbinary, *ask, "--format", "json").json()
    assert found["from"] == "2026-12-23T23:00:00.000Z"
    assert found["hours"] == [
        {"from": "2026-12-24T08:00:00.000Z", "to": "2026-12-24T16:00:00.000Z"}
    ]


def test_hours_takes_times_too_and_cuts_at_them(capsysbinary: Capture, policies: Path) -> None:
    called = call(
        *(capsysbinary, "calendar", "hours", "office"),
        *("2026-11-27T15:00:00Z", "2026-11-30T09:00:00Z", "--policies", policies),
    )
    assert called.out.splitlines() == [
        "Fri 2026-11-27  16:00-17:00",
        "Sat 2026-11-28  closed",
        "Sun 2026-11-29  closed",
        "Mon 2026-11-30  09:00-10:00",
        "open time: 2h",
    ]


def test_the_built_in_calendar_needs_no_policies(capsysbinary: Capture) -> None:
    called = call(capsysbinary, "calendar", "add", "24x7", "2026-11-28T23:00:00Z", "2h")
    assert called.out == "2026-11-29T01:00:00.000Z  (Sun 2026-11-29 01:00 UTC)\n"
    hours = call(capsysbinary, "calendar", "hours", "24x7", "2026-11-28", "2026-11-28")
    assert hours.out == "Sat 2026-11-28  00:00-24:00\nopen time: 24h\n"


def test_a_calendar_in_the_incidents_zone_is_asked_with_one(
    capsysbinary: Capture, policies: Path
) -> None:
    (policies / "more.yaml").write_text(
        "calendars: {local: {time_zone: {from: time_zone, default: UTC},"
        " hours: {mon-fri: [09:00-17:00]}}}\n"
    )
    ask = "calendar", "next-open", "local", "2026-11-29T09:00:00Z", "--policies", policies
    assert call(capsysbinary, *ask).out.startswith("2026-11-30T09:00:00.000Z")
    indian = call(capsysbinary, *ask, "--time-zone", "Asia/Kolkata")
    assert indian.out == "2026-11-30T03:30:00.000Z  (Mon 2026-11-30 09:00 Asia/Kolkata)\n"


def test_an_unknown_calendar_names_the_known_ones(capsysbinary: Capture, policies: Path) -> None:
    ask = "calendar", "next-open", "nine", "2026-11-29T09:00:00Z", "--policies", policies
    called = call(capsysbinary, *ask)
    assert called.code == 2
    assert "known: 24x7, office" in called.err
