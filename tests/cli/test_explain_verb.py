"""`explain`: why a clock says what it says."""

from __future__ import annotations

from pathlib import Path

from tests.cli.calling import Capture, call, event


def test_it_tells_events_intervals_and_alerts(
    capsysbinary: Capture, policies: Path, events: Path
) -> None:
    called = call(capsysbinary, "explain", "4711", "--events", events, "--policies", policies)
    assert called.code == 0
    for line in (
        "incident 4711, as of 2026-11-23T14:00:00.000Z",
        "2026-11-23T09:00:00.000Z  incident.updated    3   status: waiting_customer",
        "default/resolution cycle 1: met at 2026-11-23T14:00:00.000Z, breached",
        "2026-11-23T09:00:00.000Z  2026-11-23T10:00:00.000Z  paused      3,600,000  1h  3",
        "  paused 1h (3600000 ms)",
        "  elapsed 5h (18000000 ms) of 4h (14400000 ms)",
        "  due 2026-11-23T13:00:00.000Z",
        "  breached at 2026-11-23T13:00:00.001Z",
        "default/first_response cycle 1: met at 2026-11-23T08:30:00.000Z",
        "sla.clock.breached  default/4711/default/resolution/1/breach   lead",
    ):
        assert line in called.out


def test_the_versions_of_policy_and_calendar_are_named(
    capsysbinary: Capture, policies: Path, events: Path
) -> None:
    explain = "explain", "4711", "--events", events, "--policies", policies, "--format", "json"
    clock = call(capsysbinary, *explain).json()["clocks"][0]
    assert (clock["policy"], clock["calendar"]) == ("everyone", "office")
    assert len(clock["policy_version"]) == len(clock["calendar_version"]) == 12
    assert f"policy everyone {clock['policy_version']}, calendar office" in (
        call(capsysbinary, *explain[:-2]).out
    )


def test_one_clock_at_one_instant(capsysbinary: Capture, policies: Path, events: Path) -> None:
    explain = "explain", "4711", "--events", events, "--policies", policies, "--format", "json"
    at = "--at", "2026-11-23T09:30:00Z"
    for clock in ("resolution", "default/resolution"):
        told = call(capsysbinary, *explain, *at, "--clock", clock).json()
        (one,) = told["clocks"]
        assert (one["clock"], one["state"], one["due"]) == ("resolution", "paused", None)
        assert [interval["open_ms"] for interval in one["intervals"]] == [3_600_000, 1_800_000]
        assert [each["id"] for each in told["events"]] == ["1", "2", "3"]
        assert told["alerts"] == []


def test_an_unknown_clock_names_those_there_are(
    capsysbinary: Capture, policies: Path, events: Path
) -> None:
    ask = "explain", "4711", "--events", events, "--policies", policies, "--clock", "update"
    called = call(capsysbinary, *ask)
    assert called.code == 2
    assert "it has default/first_response, default/resolution" in called.err


def test_incidents_of_tenants_are_apart(
    capsysbinary: Capture, policies: Path, tmp_path: Path
) -> None:
    file = tmp_path / "events.jsonl"
    own = event(1, "created", "08:00").replace(b'"subject"', b'"tenant":"acme","subject"')
    file.write_bytes(own)
    ask = "explain", "4711", "--events", file, "--policies", policies
    assert call(capsysbinary, *ask).code == 2
    assert "(tenant acme)" in call(capsysbinary, *ask, "--tenant", "acme").out


def test_an_incident_without_a_clock_says_so(
    capsysbinary: Capture, policies: Path, events: Path
) -> None:
    (policies / "support.yaml").write_text(
        'policies: [{name: vip, when: tier == "gold", clocks: {resolution: {target: 1h}}}]\n'
    )
    called = call(capsysbinary, "explain", "4711", "--events", events, "--policies", policies)
    assert called.code == 0
    assert "no clock: no policy with a target matched" in called.out


def test_the_log_is_a_table_or_json_lines(
    capsysbinary: Capture, policies: Path, events: Path
) -> None:
    ask = "explain", "4711", "--log", "--events", events, "--policies", policies
    out = call(capsysbinary, *ask, "--clock", "resolution").out
    words = [line.split()[2] for line in out.splitlines()[1:]]
    assert words == ["activate", "apply", "pause", "activate", "breach", "fulfil"]
    told = call(capsysbinary, *ask, "--format", "json").objects()
    assert {one["clock"] for one in told} == {"resolution", "first_response"}
    assert [one["event"]["id"] for one in told if one["entry"] == "pause"] == ["3"]


def test_why_not_names_what_was_false(capsysbinary: Capture, policies: Path, events: Path) -> None:
    ask = "explain", "4711", "--events", events, "--policies", policies, "--why-not"
    out = call(capsysbinary, *ask, "resolution").out
    assert '  no pause: status_class == "waiting_customer" is false' in out
    unknown = call(capsysbinary, *ask, "update")
    assert unknown.code == 2
    assert "there are default/first_response, default/resolution" in unknown.err


def test_an_incident_becomes_a_test_that_passes(
    capsysbinary: Capture, policies: Path, events: Path
) -> None:
    ask = "explain", "4711", "--as-test", "--events", events, "--policies", policies
    called = call(capsysbinary, *ask)
    assert (called.code, called.err) == (0, "")
    (policies / "4711.test.yaml").write_text(called.out)
    assert call(capsysbinary, "policy", "test", policies).code == 0
    changed = (policies / "support.yaml").read_text().replace("high: 4h", "high: 6h")
    (policies / "support.yaml").write_text(changed)
    assert call(capsysbinary, "policy", "test", policies).code == 1
