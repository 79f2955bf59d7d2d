"""The courier's day: its policies keep their own tests, its events tell the same story."""

from functools import cache
from pathlib import Path

import pytest

from sla_engine.cli.live_day import (
    BOUNCED,
    CUSTOMS,
    DAY_MS,
    DAY_START_MS,
    GOLD,
    LEFT_ALONE,
    OFFLINE,
    courier_day,
    lines,
)
from sla_engine.cli.live_scenario import policies_of
from sla_engine.engine.replay import Replay
from sla_engine.policy import check_directory, load_cases, load_directory, run_cases
from tests.scenarios.folded import Records, as_cases_run, replayed

#: The first fold compiles the kernels.
pytestmark = pytest.mark.timeout(600)

COURIER = policies_of("courier")


@cache
def the_day() -> tuple[Records, Records, Replay]:
    text = b"".join(lines(courier_day(7)))
    return replayed(load_directory(COURIER), text, DAY_START_MS + DAY_MS)


def test_the_policies_have_neither_errors_nor_warnings() -> None:
    assert check_directory(COURIER) == []


def test_the_policies_pass_their_own_tests() -> None:
    results = run_cases(load_directory(COURIER), load_cases(COURIER), as_cases_run)
    assert len(results) >= 7
    assert [str(line) for result in results for line in result.differences] == []


def test_the_scenario_lies_beside_the_other_scenarios_too() -> None:
    beside = Path(__file__).resolve().parents[2] / "scenarios" / "courier" / "policies"
    assert beside.resolve() == COURIER.resolve()


def test_a_seed_gives_the_same_bytes_and_another_seed_another_day() -> None:
    first, again, other = (b"".join(lines(courier_day(seed))) for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_the_log_gets_the_day_in_order_and_within_the_day() -> None:
    sent = [told.sent_ms for told in courier_day(3)]
    assert sent == sorted(sent)
    assert 0 <= sent[0]
    assert sent[-1] < DAY_MS


def test_some_events_come_late_six_come_twice_and_one_is_refused() -> None:
    day = courier_day(7)
    _, _, replay = the_day()
    assert any(told.sent_ms - told.at_ms > 60 * 60_000 for told in day)
    assert replay.duplicates == 6
    assert [letter.code for letter in replay.log.dead_letters()] == ["NO_AUTHOR"]


def test_the_hours_at_customs_do_not_count() -> None:
    clocks, alerts, _ = the_day()
    (clock,) = [c for c in clocks if (c["incident"], c["clock"]) == (CUSTOMS, "resolution")]
    assert (clock["state"], clock["breached"]) == ("met", False)
    assert clock["paused_ms"] == 390 * 60_000
    assert clock["elapsed_ms"] == 90 * 60_000
    assert not [a for a in alerts if a["subject"] == CUSTOMS and a["data"]["clock"] == "resolution"]


def test_the_gold_customer_is_told_before_it_says_a_word() -> None:
    _, alerts, _ = the_day()
    told = [
        alert["time"]
        for alert in alerts
        if alert["subject"] == GOLD
        and any("customer:ACME" in action["to"] for action in alert["data"]["actions"])
    ]
    (spoke,) = [
        told_.event["time"]
        for told_ in courier_day(7)
        if told_.incident == GOLD and told_.event["data"].get("author") == "customer"
    ]
    assert told
    assert min(told) < spoke


def test_every_team_that_held_the_bounced_matter_is_named_with_its_time() -> None:
    clocks, _, _ = the_day()
    held = [
        (clock["party"], clock["elapsed_ms"] // 60_000)
        for clock in clocks
        if (clock["incident"], clock["clock"]) == (BOUNCED, "ownership")
    ]
    assert held == [("front-desk", 20), ("depot", 120), ("invoices", 160), ("depot", 30)]


def test_the_ladder_climbs_until_somebody_takes_the_matter() -> None:
    _, alerts, _ = the_day()
    ladder = [
        (alert["data"]["threshold"], to)
        for alert in alerts
        if alert["subject"] == LEFT_ALONE and alert["data"]["clock"] == "first_response"
        if alert["type"] in ("sla.clock.breached", "sla.escalation")
        for action in alert["data"]["actions"]
        for to in action["to"]
    ]
    assert ladder == [
        ("breach", "team-lead"),
        ("after:1800000", "duty-manager"),
        ("after:3600000/1", "head-of-support"),
        ("after:3600000/2", "head-of-support"),
        ("after:3600000/3", "head-of-support"),
    ]


def test_an_answer_that_came_late_counts_when_it_was_given() -> None:
    clocks, alerts, _ = the_day()
    (clock,) = [c for c in clocks if (c["incident"], c["clock"]) == (OFFLINE, "first_response")]
    assert (clock["state"], clock["breached"]) == ("met", False)
    own = [alert for alert in alerts if alert["subject"] == OFFLINE]
    assert not [alert for alert in own if alert["data"]["clock"] == "first_response"]
