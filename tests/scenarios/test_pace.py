"""A day at another pace: lengths are divided, nothing else changes; and how two nets compare."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sla_engine.cli.live_day import DAY_START_MS, HOUR
from sla_engine.cli.live_pace import FACTOR, Pace, divided, paced, paced_policies
from sla_engine.cli.live_scenario import policies_of
from sla_engine.cli.live_tail import Alert, Received, net_of
from sla_engine.cli.live_verdict import differences, lateness
from sla_engine.event.times import format_time
from sla_engine.policy import load_directory

NOW = 1_800_000_000_000


@pytest.mark.parametrize(
    ("story", "demo"),
    [("1h", "4s"), ("90m", "6s"), ("15m", "1s"), ("1h30m", "6s"), ("5m", "1s"), ("20m", "1s333ms")],
)
def test_an_hour_takes_four_seconds_and_nothing_less_than_one(story: str, demo: str) -> None:
    assert divided(story) == demo


def test_a_business_day_is_the_ten_hours_that_are_told() -> None:
    assert divided("2bd") == "80s"


def test_steps_and_targets_are_divided_and_conditions_are_not() -> None:
    policy = {
        "when": 'kind == "1h"',
        "calendar": "desk",
        "clocks": {"resolution": {"target": {"urgent": "2h", "default": "none"}}},
        "escalations": [{"at": "80%"}, {"at": "1h before"}, {"every": "30m", "times": 3}],
    }
    assert paced(policy) == {
        "when": 'kind == "1h"',
        "clocks": {"resolution": {"target": {"urgent": "8s", "default": "none"}}},
        "escalations": [{"at": "80%"}, {"at": "4s before"}, {"every": "2s", "times": 3}],
    }


def test_the_paced_policies_are_the_same_policies(tmp_path: Path) -> None:
    paced_policies(policies_of("courier"), tmp_path)
    story, demo = load_directory(policies_of("courier")), load_directory(tmp_path)
    assert [policy.name for policy in demo.policies] == [policy.name for policy in story.policies]
    assert set(demo.customers) == set(story.customers)
    assert set(demo.sets) == set(story.sets)


def test_times_inside_an_event_move_with_it() -> None:
    pace = Pace(DAY_START_MS, NOW)
    event = {
        "time": format_time(DAY_START_MS),
        "data": {"custom": {"promised_at": format_time(DAY_START_MS + HOUR), "value_eur": 3}},
    }
    moved = pace.event(event)
    assert moved["time"] == format_time(NOW)
    assert moved["data"]["custom"] == {"promised_at": format_time(NOW + 4_000), "value_eur": 3}


def test_an_instant_of_the_story_comes_back_from_the_wall() -> None:
    pace = Pace(DAY_START_MS, NOW)
    assert pace.story(pace.wall(DAY_START_MS + 7 * HOUR)) == DAY_START_MS + 7 * HOUR
    assert HOUR // FACTOR == 4_000


def alert(name: str, at: int, **data: Any) -> dict[str, Any]:
    kind = data.pop("kind", "sla.clock.breached")
    return {"id": name, "type": kind, "time": format_time(at), "data": data}


def test_what_was_taken_back_is_not_in_the_net() -> None:
    sent = [
        alert("a", NOW, due="x", fired_at="y"),
        alert("b", NOW, due="x"),
        alert("b~1", NOW, kind="sla.alert.retracted", alert="b", revision=1),
    ]
    assert set(net_of(sent, NOW)) == {"a"}


def test_the_newest_correction_counts_in_whatever_order_it_is_read() -> None:
    first = alert("a~1", NOW, kind="sla.alert.retracted", alert="a", revision=1)
    second = alert("a~2", NOW, kind="sla.alert.amended", alert="a", revision=2, due="new")
    for sent in ([first, second], [second, first]):
        assert net_of([alert("a", NOW, due="old"), *sent], NOW)["a"]["due"] == "new"


def test_alerts_after_the_end_are_not_compared() -> None:
    assert net_of([alert("a", NOW + 1)], NOW) == {}


def test_each_difference_is_named() -> None:
    expected = {"a": {"due": 1}, "b": {"due": 2}}
    received = {"b": {"due": 3}, "c": {"due": 4}}
    assert differences(expected, received) == [
        "missing: a",
        "not in the replay: c",
        "b: due is 3, the replay says 2",
    ]


def test_equal_nets_have_no_difference() -> None:
    assert differences({"a": {"due": 1}}, {"a": {"due": 1}}) == []


def test_an_alert_that_comes_twice_counts_once() -> None:
    received = Received()
    assert received.take(Alert(alert("a", NOW), NOW))
    assert not received.take(Alert(alert("a", NOW), NOW + 5))
    assert (len(received.by_id), received.repeated) == (1, 1)


def test_reading_alerts_needs_no_kernels() -> None:
    """Verbs that decide nothing start at once (design section 6)."""
    modules = "sla_engine.cli.alerts, sla_engine.cli.dead, sla_engine.cli.live_tail"
    code = f"import sys, sla_engine.cli.live_log, sla_engine.follow.dead, {modules}"
    check = f"{code}; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_lateness_tells_an_outage_from_the_rest() -> None:
    received = Received()
    received.take(Alert(alert("prompt", NOW), NOW + 8))
    received.take(Alert(alert("missed", NOW + 5_000), NOW + 9_000))
    received.take(Alert(alert("told late", NOW, late="late_event"), NOW + 60_000))
    found = lateness(received, NOW + 10_000, (NOW + 4_000, NOW + 8_000))
    assert (found.prompt, found.median_ms, found.delayed, found.worst_ms) == (1, 8, 1, 4_000)
