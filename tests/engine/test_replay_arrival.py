"""Replay in the order of arrival: what was sent too early or not at all is corrected."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from sla_engine.engine.replay import Replay
from sla_engine.engine.replay_arrival import ArrivalReplay
from sla_engine.engine.turn import TurnSettings
from sla_engine.event.times import parse_time_text
from sla_engine.policy import PolicySet, load_text
from tests.engine.test_replay import crowd, event, lines
from tests.engine.world import net_alerts
from tests.reference.generate import history

Record = dict[str, Any]

POLICIES = """
recipients: {lead: {}}
policies:
  - name: everyone
    clocks: {resolution: {target: 2h}}
    escalations: [{at: 50%, notify: team}, {at: breach, page: lead}]
"""


@pytest.fixture(scope="module")
def policies() -> PolicySet:
    return load_text(POLICIES)


def arrived(
    policies: PolicySet, events: list[Record], until: int | None = None, **how: Any
) -> tuple[ArrivalReplay, list[Record], list[Record]]:
    """(the replay, final clocks, what was sent)."""
    replay = ArrivalReplay(policies, **how)
    for n in range(0, len(events), 50):
        replay.add(lines(events[n : n + 50]))
    clocks = [c for one in replay.incidents(replay.end_ms(until)) for c in one.clocks()]
    return replay, clocks, replay.sent


def ordered(
    policies: PolicySet, events: list[Record], until: int | None = None
) -> tuple[list[Record], list[Record]]:
    """(clocks, alerts) of the clean stream."""
    replay = Replay(policies)
    replay.add(lines(events))
    alerts: list[Record] = []
    clocks: list[Record] = []
    for one in replay.incidents(replay.end_ms(until)):
        own = one.alerts()
        alerts += own
        clocks += one.clocks(own)
    return clocks, alerts


def kinds(sent: list[Record]) -> list[str]:
    return [
        f"{one['time'][11:16]} {one['type'].rpartition('.')[2]} {one['id'].rpartition('/')[2]}"
        for one in sent
    ]


@pytest.mark.parametrize("seed", range(6))
def test_late_and_doubled_events_end_at_the_clean_streams_clocks_and_net_alerts(seed: int) -> None:
    policies, events = crowd(seed)
    clean_clocks, clean_alerts = ordered(policies, events)
    replay, clocks, sent = arrived(policies, events)
    assert [one for one in replay.log.dead_letters()] == []
    assert clocks == clean_clocks
    assert net_alerts(sent) == net_alerts(clean_alerts)
    assert any(one["type"] == "sla.alert.retracted" for one in sent)


@pytest.mark.parametrize("seed", range(30))
def test_one_history_after_the_other(seed: int) -> None:
    text, events, until = history(Random(seed), 1)
    policies = load_text(text)
    _, clocks, sent = arrived(policies, events, until)
    clean_clocks, clean_alerts = ordered(policies, events, until)
    assert clocks == clean_clocks
    assert net_alerts(sent) == net_alerts(clean_alerts)


def test_a_resolution_that_came_late_takes_the_breach_back(policies: PolicySet) -> None:
    _, clocks, sent = arrived(
        policies,
        [
            event(1, "created", "09:00"),
            event(2, "created", "12:00", "other"),
            event(3, "resolved", "10:30"),
        ],
    )
    assert kinds(sent)[:3] == [
        "10:00 warning 50%",
        "11:00 breached breach",
        "12:00 retracted breach~1",
    ]
    assert "10:30 cleared cleared" in kinds(sent)
    by_id = {one["id"].rpartition("/")[2]: one["data"] for one in sent}
    assert by_id["cleared"]["late"] == "late_event"
    assert by_id["50%"]["fired_at"] == "2026-01-12T10:00:00.000Z"
    assert by_id["breach~1"]["fired_at"] == "2026-01-12T12:00:00.000Z"
    assert [(one["incident"], one["state"], one["breached"]) for one in clocks] == [
        ("X", "met", False),
        ("other", "running", False),
    ]


def test_in_order_nothing_is_corrected_and_fired_at_is_the_instant(policies: PolicySet) -> None:
    events = [event(n, "created", f"09:{n:02d}", f"I{n}") for n in range(20)]
    until = parse_time_text("2026-01-12T12:00:00Z")
    _, clocks, sent = arrived(policies, events, until)
    clean_clocks, clean_alerts = ordered(policies, events, until)
    assert clocks == clean_clocks
    by_time = lambda one: (one["time"], one["subject"], one["id"])  # noqa: E731
    assert sorted(sent, key=by_time) == sorted(clean_alerts, key=by_time)


def test_an_event_beyond_the_horizon_is_a_dead_letter(policies: PolicySet) -> None:
    early = {**event(3, "updated", "09:00"), "time": "2026-01-01T09:00:00Z"}
    replay, _, _ = arrived(
        policies,
        [event(1, "created", "09:00"), event(2, "updated", "10:00", priority="high"), early],
        settings=TurnSettings(horizon_ms=86_400_000),
    )
    (letter,) = replay.log.dead_letters()
    assert (letter.code, letter.line) == ("LATE_BEYOND_HORIZON", 3)
    assert letter.raw + b"\n" == lines([early])


def test_what_arrives_after_a_deletion_is_dead_whenever_it_happened(policies: PolicySet) -> None:
    replay, clocks, _ = arrived(
        policies,
        [
            event(1, "created", "09:00"),
            event(2, "deleted", "10:00"),
            event(3, "updated", "09:30", priority="high"),
        ],
    )
    assert [one.code for one in replay.log.dead_letters()] == ["DELETED"]
    assert [one["state"] for one in clocks] == ["cancelled"]


def test_a_merge_tells_the_target_and_a_circular_one_is_refused(policies: PolicySet) -> None:
    replay, clocks, _ = arrived(
        policies,
        [
            event(1, "created", "09:00", "A"),
            event(2, "merged", "09:30", "A", into="B"),
            event(3, "merged", "09:40", "B", into="A"),
            event(4, "updated", "09:50", "A", priority="high"),
        ],
    )
    assert [(one.code, one.line) for one in replay.log.dead_letters()] == [
        ("MERGED", 3),
        ("MERGED", 4),
    ]
    states = {one["incident"]: one["state"] for one in clocks}
    assert states == {"A": "cancelled", "B": "running"}


def test_alerts_before_the_cut_over_are_recorded_not_sent(policies: PolicySet) -> None:
    cut = parse_time_text("2026-01-12T10:30:00Z")
    until = parse_time_text("2026-01-12T12:00:00Z")
    _, clocks, sent = arrived(
        policies, [event(1, "created", "09:00")], until, settings=TurnSettings(not_before_ms=cut)
    )
    assert kinds(sent) == ["11:00 breached breach"]
    assert [one["threshold"] for one in clocks[0]["fired"]] == ["50%", "breach"]
