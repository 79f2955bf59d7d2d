"""`replay`: files in, files out, byte for byte (contracts section 4)."""

from __future__ import annotations

import gzip
from base64 import b64decode
from pathlib import Path

import pytest
import zstandard

from tests.cli.calling import Capture, call, event, run_apart

CLOCK_MEMBERS = (
    "tenant incident set clock cycle party policy policy_version state breached started due "
    "breached_at stopped as_of target_ms elapsed_ms paused_ms resolved_ms excluded_ms remaining_ms "
    "wall_ms reopens pinned fired"
).split()
ALERT_MEMBERS = "specversion id source type subject time tenant data".split()
DATA_MEMBERS = (
    "tenant incident title url set clock cycle policy policy_version calendar calendar_version "
    "threshold due fired_at late_by_ms late elapsed_ms target_ms score actions superseded "
    "attributes"
).split()


def test_without_files_a_summary_is_printed(
    capsysbinary: Capture, policies: Path, events: Path
) -> None:
    called = call(capsysbinary, "replay", events, "--policies", policies)
    assert called.code == 0
    assert called.out.splitlines()[:3] == [
        "6 events of 1 incident",
        "from 2026-11-23T08:00:00.000Z to 2026-11-23T14:00:00.000Z, clocks as of "
        "2026-11-23T14:00:00.000Z",
        "1 refused: NO_AUTHOR",
    ]
    assert (
        "default  resolution           1        0       0    1          0         1" in called.out
    )
    assert "sla.clock.breached     1" in called.out


def test_the_summary_for_programs(capsysbinary: Capture, policies: Path, events: Path) -> None:
    called = call(capsysbinary, "replay", events, "--policies", policies, "--format", "json")
    figures = called.json()
    assert figures["events"] == 6
    assert figures["dead"] == {"NO_AUTHOR": 1}
    assert figures["alerts"] == {
        "sla.alert.cleared": 1,
        "sla.clock.breached": 1,
        "sla.clock.warning": 1,
    }
    states = {one["clock"]: (one["met"], one["breached"]) for one in figures["clocks"]}
    assert states == {"first_response": (1, 0), "resolution": (1, 1)}


def test_clocks_are_written_in_the_order_of_the_contract(
    capsysbinary: Capture, policies: Path, events: Path
) -> None:
    called = call(capsysbinary, "replay", events, "--policies", policies, "--clocks", "-")
    assert all(list(clock) == CLOCK_MEMBERS for clock in called.objects())
    assert '": ' not in called.out
    resolution = called.objects()[1]
    assert resolution["due"] == "2026-11-23T13:00:00.000Z"
    assert (resolution["elapsed_ms"], resolution["paused_ms"]) == (18_000_000, 3_600_000)
    assert [one["threshold"] for one in resolution["fired"]] == ["80%", "breach"]


def test_alerts_are_written_in_the_order_of_the_contract(
    capsysbinary: Capture, policies: Path, events: Path
) -> None:
    called = call(capsysbinary, "replay", events, "--policies", policies, "--alerts", "-")
    alerts = called.objects()
    assert all(list(alert) == ALERT_MEMBERS for alert in alerts)
    assert list(alerts[0]["data"]) == DATA_MEMBERS
    assert [alert["id"].rpartition("/")[2] for alert in alerts] == ["80%", "breach", "cleared"]
    assert all(alert["data"]["fired_at"] == alert["time"] for alert in alerts)


def test_alerts_are_sorted_by_time_tenant_incident_and_id(
    capsysbinary: Capture, policies: Path, tmp_path: Path
) -> None:
    file = tmp_path / "many.jsonl"
    file.write_bytes(
        b"".join(
            event(n, "created", at, subject, priority="high")
            for n, (at, subject) in enumerate((("09:00", "b"), ("09:00", "a"), ("08:00", "c")))
        )
    )
    until = "2026-11-24T12:00:00Z"
    called = call(
        capsysbinary, "replay", file, "--policies", policies, "--until", until, "--alerts", "-"
    )
    found = [(one["time"], one["tenant"], one["subject"], one["id"]) for one in called.objects()]
    assert found == sorted(found)
    assert len(found) == 12


def test_run_after_run_and_on_any_number_of_partitions_the_bytes_are_the_same(
    policies: Path, tmp_path: Path
) -> None:
    file = tmp_path / "many.jsonl"
    with file.open("wb") as out:
        for n in range(200):
            out.write(
                event(n, "created", f"{8 + n % 5:02d}:{n % 60:02d}", f"I{n}", priority="high")
            )
    written = []
    for name, partitions in (("a", 1), ("b", 1), ("c", 4), ("d", 64)):
        files = [tmp_path / f"{name}.{kind}" for kind in ("clocks", "alerts")]
        called = run_apart(
            *("replay", file, "--policies", policies, "--partitions", partitions),
            *("--clocks", files[0], "--alerts", files[1], "--until", "2026-11-25T00:00:00Z"),
        )
        assert (called.code, called.out) == (0, "")
        written.append([one.read_bytes() for one in files])
    assert written[0][0].count(b"\n") == 400
    assert written[0][1].count(b"\n") == 800
    assert all(one == written[0] for one in written)


def test_dead_letters_carry_code_message_line_and_bytes(
    capsysbinary: Capture, policies: Path, events: Path
) -> None:
    called = call(capsysbinary, "replay", events, "--policies", policies, "--dead", "-")
    (letter,) = called.objects()
    assert list(letter) == ["code", "message", "line", "bytes"]
    assert (letter["code"], letter["line"]) == ("NO_AUTHOR", 6)
    assert b64decode(letter["bytes"]) + b"\n" == event(6, "commented", "14:30")
    assert called.code == 0


def test_strict_makes_a_refused_event_exit_code_1(
    capsysbinary: Capture, policies: Path, events: Path
) -> None:
    called = call(capsysbinary, "replay", events, "--policies", policies, "--strict")
    assert called.code == 1
    assert "1 event refused; --dead FILE tells which and why" in called.err
    events.write_bytes(event(1, "created", "08:00"))
    assert call(capsysbinary, "replay", events, "--policies", policies, "--strict").code == 0


def test_in_the_order_of_arrival_late_events_correct(
    capsysbinary: Capture, policies: Path, tmp_path: Path
) -> None:
    """The same clocks; what was sent too early is retracted."""
    file = tmp_path / "late.jsonl"
    file.write_bytes(
        event(1, "created", "08:00", priority="high")
        + event(2, "created", "14:00", "other")
        + event(3, "resolved", "11:00")
    )
    shown = "--policies", policies, "--clocks", "-"
    arrival = call(capsysbinary, "replay", file, "--order", "arrival", *shown)
    assert arrival.code == 0
    assert arrival.out == call(capsysbinary, "replay", file, *shown).out
    shown = "--policies", policies, "--alerts", "-"
    sent = call(capsysbinary, "replay", file, "--order", "arrival", *shown).objects()
    breach = "default/4711/default/resolution/1/breach"
    assert breach in [one["id"] for one in sent]
    assert f"{breach}~1" in [one["id"] for one in sent if one["type"] == "sla.alert.retracted"]
    clean = call(capsysbinary, "replay", file, *shown).objects()
    assert breach not in [one["id"] for one in clean]


@pytest.mark.parametrize("how", ["gz", "zst", "stdin", "stdin gz"])
def test_compressed_files_and_stdin_are_read(
    policies: Path, events: Path, tmp_path: Path, how: str
) -> None:
    plain = run_apart("replay", events, "--policies", policies, "--clocks", "-")
    assert plain.code == 0
    assert plain.out
    data = events.read_bytes()
    if how.endswith("gz"):
        data = gzip.compress(data[:300]) + gzip.compress(data[300:])
    elif how == "zst":
        data = zstandard.compress(data[:300]) + zstandard.compress(data[300:])
    file: Path | str = "-"
    if not how.startswith("stdin"):
        file = tmp_path / f"events.jsonl.{how}"
        file.write_bytes(data)
    called = run_apart("replay", file, "--policies", policies, "--clocks", "-", stdin=data)
    assert called == plain


def test_broken_compression_is_a_wrong_call(
    capsysbinary: Capture, policies: Path, tmp_path: Path
) -> None:
    file = tmp_path / "events.gz"
    file.write_bytes(gzip.compress(b"x" * 1000)[:-4])
    called = call(capsysbinary, "replay", file, "--policies", policies)
    assert called.code == 2
    assert "events.gz: broken compression" in called.err


def test_an_empty_file_is_no_error(capsysbinary: Capture, policies: Path, tmp_path: Path) -> None:
    file = tmp_path / "empty.jsonl"
    file.touch()
    called = call(capsysbinary, "replay", file, "--policies", policies, "--alerts", "-")
    assert (called.code, called.out) == (0, "")
    assert call(capsysbinary, "replay", file, "--policies", policies).out.startswith("0 events")


def test_settings_say_what_leaves(
    capsysbinary: Capture, policies: Path, events: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`alerts.not_before`: earlier alerts are recorded, not sent; `alerts.attributes`: let out."""
    monkeypatch.setenv("SLA_ALERTS__NOT_BEFORE", "2026-11-23T13:00:00Z")
    monkeypatch.setenv("SLA_ALERTS__ATTRIBUTES", "priority,team")
    monkeypatch.setenv("SLA_POLICIES__DIR", str(policies))
    alerts = call(capsysbinary, "replay", events, "--alerts", "-").objects()
    assert [one["data"]["threshold"] for one in alerts] == ["breach", "cleared"]
    assert alerts[0]["data"]["attributes"] == {"priority": "high", "team": "desk"}
    clocks = call(capsysbinary, "replay", events, "--clocks", "-").objects()
    assert [one["threshold"] for one in clocks[1]["fired"]] == ["80%", "breach"]


def test_an_actor_of_the_engine_is_an_echo(
    capsysbinary: Capture, policies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "echo.jsonl"
    file.write_bytes(
        event(1, "created", "08:00") + event(2, "commented", "08:10", author="agent", actor="robot")
    )
    state = "--policies", policies, "--clocks", "-"
    assert call(capsysbinary, "replay", file, *state).objects()[0]["state"] == "met"
    monkeypatch.setenv("SLA_ENGINE__ACTORS", "robot")
    assert call(capsysbinary, "replay", file, *state).objects()[0]["state"] == "running"
