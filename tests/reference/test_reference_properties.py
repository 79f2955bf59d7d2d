"""What must hold of any history under the reference fold, whatever the policies say."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from tests.reference import fold, load_policies_text
from tests.reference.fold import _fold_all, distinct
from tests.reference.generate import HOUR, history
from tests.reference.times import parse_time

SEEDS = range(30)


@pytest.mark.parametrize("level", [1, 2])
def test_open_time_is_the_sum_of_its_parts(level: int) -> None:
    """ "Open time from `started` to `stopped` or `as_of` = elapsed + paused + resolved + excluded,
    exactly" (contracts section 3)."""
    for seed in SEEDS:
        text, events, until = history(Random(seed), level)
        policies = load_policies_text(text)
        known = [e for e in events if parse_time(e["time"]) <= until]
        for incident in _fold_all(policies, known, until, ("sla-engine",)):
            for cycle in (c for cycles in incident.cycles.values() for c in cycles):
                end = until if cycle.stopped is None else cycle.stopped
                parts = cycle.elapsed(end) + cycle.paused_ms(end)
                parts += cycle.resolved_ms(end) + cycle.excluded_ms(end)
                assert cycle.calendar.open_between(cycle.started, end) == parts, seed


@pytest.mark.parametrize("level", [1, 2])
def test_order_of_arrival_and_duplicates_change_nothing(level: int) -> None:
    for seed in SEEDS:
        text, events, until = history(Random(seed), level)
        policies = load_policies_text(text)
        assert fold(policies, events, until) == fold(policies, distinct(events), until), seed


@pytest.mark.parametrize("level", [1, 2])
def test_time_only_adds_alerts(level: int) -> None:
    """Without an event nothing that was said is unsaid."""
    for seed in SEEDS:
        text, events, until = history(Random(seed), level)
        policies = load_policies_text(text)
        last = max(parse_time(e["time"]) for e in events)
        earlier = {a["id"] for a in fold(policies, events, last).alerts}
        later = {a["id"] for a in fold(policies, events, until + HOUR).alerts}
        assert earlier <= later, seed


@pytest.mark.parametrize("level", [1, 2])
def test_a_broken_clock_says_so_once_at_the_instant(level: int) -> None:
    for seed in SEEDS:
        text, events, until = history(Random(seed), level)
        result = fold(load_policies_text(text), events, until)
        breaches: dict[tuple[Any, ...], list[str]] = {}
        for alert in result.alerts:
            if alert["type"] == "sla.clock.breached":
                breaches.setdefault(_cycle(alert["data"]), []).append(alert["time"])
        for clock in result.clocks:
            said = breaches.get(_cycle(clock), [])
            assert len(said) <= 1, seed
            if said:
                assert said == [clock["breached_at"]], seed
            elif clock["breached"]:
                assert level > 1, seed  # `hold` or `if_already_breached: silent`


@pytest.mark.parametrize("level", [1, 2])
def test_alert_ids_are_unique(level: int) -> None:
    for seed in SEEDS:
        text, events, until = history(Random(seed), level)
        ids = [alert["id"] for alert in fold(load_policies_text(text), events, until).alerts]
        assert len(ids) == len(set(ids)), seed


@pytest.mark.parametrize("level", [1, 2])
def test_the_due_is_the_first_instant_at_which_the_target_is_used_up(level: int) -> None:
    for seed in SEEDS:
        text, events, until = history(Random(seed), level)
        known = [e for e in events if parse_time(e["time"]) <= until]
        for incident in _fold_all(load_policies_text(text), known, until, ("sla-engine",)):
            for cycle in incident.open_cycles():
                due = cycle.due()
                moved = cycle.target.at_opening or cycle.target.ms < 0
                if cycle.paused or due is None or cycle.pin is not None or moved:
                    continue
                assert cycle.elapsed(due) == cycle.target.ms, seed
                begins = {stretch.begin for stretch in cycle.stretches}
                assert cycle.elapsed(due - 1) < cycle.target.ms or due in begins, seed


@pytest.mark.parametrize("level", [1, 2])
def test_no_warning_comes_before_its_share(level: int) -> None:
    """ "N % falls due at the first millisecond with elapsed * 100 >= N * target"."""
    for seed in SEEDS:
        text, events, until = history(Random(seed), level)
        for alert in fold(load_policies_text(text), events, until).alerts:
            data = alert["data"]
            threshold = data["threshold"].split("/")[0]
            if threshold.endswith("%"):
                assert data["elapsed_ms"] * 100 >= int(threshold[:-1]) * data["target_ms"], seed
            if data["threshold"] == "breach":
                assert data["elapsed_ms"] >= data["target_ms"], seed


def _cycle(data: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(data[key] for key in ("tenant", "incident", "set", "clock", "cycle"))
