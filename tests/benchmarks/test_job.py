"""The job of the benchmarks: the same bytes each time, and one answer however it is found."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest

from benchmarks.contenders import rules
from benchmarks.job.answer import answer
from benchmarks.job.checksum import checksum
from benchmarks.job.engine import engine_answer
from benchmarks.job.generate import Job

SMALL = Job(2_000)
#: Many changes to each, so that rare orders of them come up.
DENSE = Job(500, 4_000)


def values(job: Job) -> list[bytes]:
    """The events without their keys."""
    return [value for _, value in job.records()]


def by_rules(job: Job) -> tuple[list[str], set[str]]:
    """The answer as the contenders in Python find it."""
    states: dict[str, rules.State] = {}
    alerts: list[str] = []
    for value in values(job):
        event = json.loads(value)
        name, at = event["subject"], rules.instant_ms(event["time"])
        if name in states:
            rules.apply(name, states[name], event, at, alerts)
        else:
            states[name] = rules.opened(name, event, at, alerts)
    for name, state in states.items():
        rules.fire(name, state, job.end_ms, alerts)
    return [rules.line(name, state) for name, state in states.items()], set(alerts)


def test_the_same_bytes_each_time() -> None:
    digest = sha256(b"\n".join(values(SMALL))).hexdigest()
    assert digest == sha256(b"\n".join(values(Job(2_000)))).hexdigest()
    assert digest.startswith("9aaf65502b903a1e")


def test_events_are_about_250_bytes_and_keyed_by_incident() -> None:
    records = list(SMALL.records())
    assert len(records) == SMALL.events == 4_000
    assert 240 < sum(len(value) for _, value in records) / len(records) < 260
    assert all(json.loads(value)["subject"].encode() == key for key, value in records)


def test_the_mix_is_as_described() -> None:
    changes = [json.loads(value) for _, value in Job(2_000, 2_000).mixed()]
    share = {
        "status": sum("status" in one["data"] for one in changes if "updated" in one["type"]),
        "public": sum(one["data"].get("public", False) for one in changes),
        "resolved": sum(one["type"] == "incident.resolved" for one in changes),
    }
    assert [round(share[name] / 2_000, 1) for name in ("status", "public", "resolved")] == [
        0.4,
        0.3,
        0.1,
    ]


def test_nothing_happens_to_a_resolved_incident() -> None:
    resolved = set()
    for value in values(DENSE):
        event = json.loads(value)
        assert event["subject"] not in resolved
        if event["type"] == "incident.resolved":
            resolved.add(event["subject"])
    assert len(resolved) > 300


def test_more_changes_than_open_incidents_are_refused() -> None:
    with pytest.raises(ValueError, match="fewer changes"):
        list(Job(2, 1_000).mixed())


@pytest.mark.parametrize("job", [SMALL, DENSE], ids=["small", "dense"])
def test_the_rules_of_the_contenders_give_the_slow_answer(job: Job) -> None:
    lines, alerts = answer(values(job), job.end_ms)
    fast_lines, fast_alerts = by_rules(job)
    assert sorted(fast_lines) == sorted(lines)
    assert fast_alerts == alerts


@pytest.mark.slow
@pytest.mark.parametrize("job", [SMALL, DENSE], ids=["small", "dense"])
def test_the_engine_gives_the_slow_answer(job: Job) -> None:
    lines, alerts = answer(values(job), job.end_ms)
    engine_lines, engine_alerts = engine_answer(values(job), job.end_ms)
    assert sorted(engine_lines) == sorted(lines)
    assert engine_alerts == alerts


def test_every_kind_of_alert_is_sent() -> None:
    _, alerts = answer(values(DENSE), DENSE.end_ms)
    assert {alert.rsplit("/", 1)[1] for alert in alerts} == {"80%", "breach", "cleared"}


def test_the_checksum_knows_neither_order_nor_begin() -> None:
    later = Job(SMALL.incidents, begin=SMALL.begin.replace(year=2027))
    lines, alerts = answer(values(SMALL), SMALL.end_ms)
    found = checksum(reversed(lines), alerts, SMALL.begin_ms)
    assert found == checksum(*answer(values(later), later.end_ms), later.begin_ms)
    assert (found.state, found.alert_ids) == ("1b035e00562700ed", "3b9eb453c378dd8d")
    changed = [line.replace("=cancelled/1/-/-", "=met/1/-/-") for line in lines]
    assert checksum(changed, alerts, SMALL.begin_ms).state != found.state
