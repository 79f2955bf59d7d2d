"""Rules of the texts, one by one, on the reference fold itself: figures worked out by hand."""

from __future__ import annotations

from typing import Any

from tests.reference import Result, fold, load_policies_text
from tests.reference.times import parse_time

DAY = "2026-01-12"  # a Monday
WORK = "calendars: {work: {time_zone: UTC, hours: {mon-fri: [09:00-17:00]}}}\n"


def run(policies: str, events: list[tuple[Any, ...]], until: str) -> Result:
    """Events as (time, type, data); a bare `10:30` is on Monday 2026-01-12."""
    full = []
    for number, (at, kind, *data) in enumerate(events):
        full.append(
            {
                "specversion": "1.0",
                "id": str(number),
                "source": "test",
                "type": kind if "." in kind else f"incident.{kind}",
                "subject": "X",
                "time": instant(at),
                "sequence": str(number),
                "data": data[0] if data else {},
            }
        )
    return fold(load_policies_text(policies), full, parse_time(instant(until)))


def instant(text: str) -> str:
    if "T" not in text:
        text = f"{DAY}T{text}"
    return f"{text}:00Z" if text.count(":") == 1 else f"{text}Z"


def said(result: Result) -> list[tuple[str, str]]:
    """(threshold, time of day) of each alert; with the date if it is not the Monday."""
    return [(a["data"]["threshold"], clock_time(a["time"])) for a in result.alerts]


def clock_time(text: str) -> str:
    text = text.replace(f"{DAY}T", "").rstrip("Z")
    return text.removesuffix(".000").removesuffix(":00")


def one(result: Result, name: str, cycle: int = 1) -> dict[str, Any]:
    return next(c for c in result.clocks if c["clock"] == name and c["cycle"] == cycle)


def test_an_attach_with_the_due_ahead_sends_only_the_highest_passed_warning() -> None:
    policies = """
policies:
  - name: all
    clocks: {resolution: {target: {urgent: 4h, default: 20h}}}
    escalations: [{at: 25%, notify: t}, {at: 50%, notify: t}, {at: 90%, notify: t}]
"""
    result = run(
        policies, [("09:00", "created"), ("12:00", "updated", {"priority": "urgent"})], "12:30"
    )
    assert said(result) == [("50%", "11:00")]


def test_an_attach_with_the_due_in_the_past_sends_the_breach_alone() -> None:
    policies = """
policies:
  - name: all
    clocks: {resolution: {target: {urgent: 1h, default: 20h}}}
    escalations: [{at: 50%, notify: t}, {at: 30m after, notify: t}, {at: 3h after, notify: t}]
"""
    result = run(
        policies, [("09:00", "created"), ("12:00", "updated", {"priority": "urgent"})], "14:00"
    )
    assert said(result) == [("breach", "10:00:00.001"), ("after:10800000", "13:00")]


def test_a_silent_attach_records_the_breach_and_says_nothing() -> None:
    policies = """
policies:
  - {name: all, clocks: {resolution: {target: 1h, if_already_breached: silent}}}
"""
    opened = {"opened_at": instant("07:00")}
    result = run(policies, [("09:00", "created", opened)], "10:00")
    assert said(result) == []
    assert one(result, "resolution")["breached_at"] == instant("08:00:00.001")


def test_a_paused_clock_keeps_the_wait_of_its_after_steps() -> None:
    policies = """
policies:
  - name: all
    clocks: {resolution: {target: 1h, pause: status_class == "on_hold"}}
    escalations: [{every: 30m, after: breach, times: 2, page: t}]
"""
    events = [
        ("09:00", "created"),
        ("10:10", "updated", {"status": "on_hold"}),
        ("11:00", "updated", {"status": "open"}),
    ]
    result = run(policies, events, "12:00")
    assert said(result) == [
        ("breach", "10:00:00.001"),
        ("after:1800000/1", "11:20"),
        ("after:1800000/2", "11:50"),
    ]
    assert one(result, "resolution")["due"] == instant("10:00:00.000")


def test_after_an_unacknowledgement_the_ladder_goes_on_with_the_wait_that_was_left() -> None:
    policies = """
policies:
  - name: all
    clocks: {resolution: {target: 1h}}
    escalations: [{every: 30m, after: breach, times: 2, page: t, until: acknowledged}]
"""
    events = [
        ("09:00", "created"),
        ("10:20", "acknowledged", {"by": "kim"}),
        ("12:00", "unacknowledged"),
    ]
    assert said(run(policies, events, "13:00"))[1:] == [
        ("after:1800000/1", "12:10"),
        ("after:1800000/2", "12:40"),
    ]


def test_an_acknowledgement_expires() -> None:
    policies = """
policies:
  - name: all
    clocks: {resolution: {target: 1h}}
    ack_expires: 45m
    escalations: [{at: 30m after, page: t, until: acknowledged}]
"""
    events = [("09:00", "created"), ("10:20", "acknowledged", {"by": "kim"})]
    assert said(run(policies, events, "13:00"))[1:] == [("after:1800000", "11:15")]


def test_a_snooze_holds_steps_but_not_the_breach() -> None:
    policies = """
policies:
  - name: all
    clocks: {resolution: {target: 2h}}
    escalations: [{at: 50%, notify: t}, {at: 75%, notify: t}, {at: 30m after, page: t}]
"""
    events = [("09:00", "created"), ("09:10", "snoozed", {"until": instant("12:00")})]
    result = run(policies, events, "12:00")
    assert said(result) == [
        ("50%", "10:00"),
        ("75%", "10:30"),
        ("breach", "11:00:00.001"),
        ("after:1800000", "11:30"),
    ]
    marked = [a["data"]["threshold"] for a in result.alerts if a["data"]["superseded"]]
    assert marked == ["50%", "75%"]
    assert said(run(policies, events, "11:59")) == [("breach", "11:00:00.001")]


def test_a_step_held_outside_hours_fires_at_the_opening_if_still_true() -> None:
    policies = (
        WORK
        + """
policies:
  - name: all
    calendar: work
    clocks: {resolution: {target: 1h}}
    escalations: [{at: breach, page: lead, outside_hours: hold}]
"""
    )
    events: list[tuple[Any, ...]] = [("16:00", "created")]
    assert said(run(policies, events, "2026-01-13T08:59")) == [("breach", "17:00:00.001")]
    result = run(policies, events, "2026-01-13T09:00")
    assert said(result) == [("after:0", "17:00:00.001"), ("breach", "17:00:00.001")]
    events.append(("18:00", "resolved"))
    assert said(run(policies, events, "2026-01-13T09:00")) == [
        ("breach", "17:00:00.001"),
        ("cleared", "18:00"),
    ]


def test_a_pin_stays_through_a_priority_change_until_unpinned() -> None:
    policies = "policies: [{name: all, clocks: {resolution: {target: {high: 2h, default: 8h}}}}]"
    events = [
        ("09:00", "created"),
        ("10:00", "clock.overridden", {"clock": "resolution", "due": instant("16:00")}),
        ("10:30", "updated", {"priority": "high"}),
        ("10:45", "clock.overridden", {"clock": "resolution", "unpin": True}),
    ]
    pinned = one(run(policies, events[:3], "10:40"), "resolution")
    assert (pinned["due"], pinned["pinned"]) == (instant("16:00:00.000"), True)
    assert pinned["target_ms"] == 7 * 3_600_000
    assert one(run(policies, events, "10:50"), "resolution")["due"] == instant("11:00:00.000")


def test_an_excluded_interval_unsays_the_breach_it_caused() -> None:
    policies = "policies: [{name: all, clocks: {resolution: {target: 1h}}}]"
    span = {"from": instant("09:30"), "to": instant("10:30")}
    events: list[tuple[Any, ...]] = [("09:00", "created")]
    assert said(run(policies, events, "10:45")) == [("breach", "10:00:00.001")]
    events.append(("10:40", "clock.overridden", {"clock": "resolution", "exclude": span}))
    result = run(policies, events, "10:45")
    assert said(result) == []
    clock = one(result, "resolution")
    assert (clock["due"], clock["excluded_ms"]) == (instant("11:00:00.000"), 3_600_000)


def test_unreached_brings_the_next_step_forward() -> None:
    policies = """
policies:
  - name: all
    clocks: {resolution: {target: 1h}}
    escalations:
      - {at: 15m after, page: assignee}
      - {at: 1h after, page: vendor}
      - {at: 2h after, page: lead}
      - {at: 3h after, page: lead}
"""
    result = run(policies, [("09:00", "created")], "15:00")
    assert said(result)[1:] == [
        ("after:3600000", "10:15"),
        ("after:7200000", "10:15"),
        ("after:900000", "10:15"),
        ("after:10800000", "13:00"),
    ]


def test_the_ladder_is_repeated_and_ids_count_on() -> None:
    policies = """
policies:
  - name: all
    clocks: {resolution: {target: 1h}}
    repeat_ladder: {times: 1, wait: 30m}
    escalations: [{at: 10m after, page: a}, {every: 20m, after: breach, times: 2, page: b}]
"""
    assert said(run(policies, [("09:00", "created")], "15:00"))[1:] == [
        ("after:600000", "10:10"),
        ("after:1200000/1", "10:20"),
        ("after:1200000/2", "10:40"),
        ("after:600000/2", "11:10"),
        ("after:1200000/3", "11:20"),
        ("after:1200000/4", "11:40"),
    ]


def test_a_score_step_fires_when_the_tightest_clock_makes_the_score() -> None:
    """Urgent of four = 20 points; 40 more are reached at 5/6 of the target (20 + 60 x 1/3)."""
    policies = """
policies:
  - name: all
    clocks: {resolution: {target: 6h}, first_response: {target: 12h}}
    escalations: [{at: score >= 60, notify: lead}]
"""
    result = run(policies, [("09:00", "created", {"priority": "urgent"})], "15:00")
    assert said(result) == [("score:60", "14:00")]
    assert result.alerts[0]["data"]["clock"] == "resolution"
    assert result.alerts[0]["data"]["score"] == 60


def test_a_policy_that_no_longer_matches_cancels_and_the_next_starts_where_it_would_have() -> None:
    policies = """
policies:
  - {name: orders, when: kind == "order", clocks: {resolution: {target: 4h}, update: {every: 1h}}}
  - {name: others, clocks: {resolution: {target: 8h}, first_response: {target: 6h}}}
"""
    events = [
        ("09:00", "created", {"kind": "order"}),
        ("09:30", "commented", {"author": "agent"}),
        ("10:00", "updated", {"kind": "claim"}),
    ]
    result = run(policies, events, "10:00")
    assert one(result, "update")["state"] == "cancelled"
    resolution = one(result, "resolution")
    assert (resolution["policy"], resolution["due"]) == ("others", instant("17:00:00.000"))
    assert [c["clock"] for c in result.clocks] == ["resolution", "update"], "already answered"


def test_pauses_before_an_attach_count_as_pauses() -> None:
    policies = """
policies:
  - name: urgent
    when: priority == "urgent"
    clocks: {resolution: {target: 4h, pause: status_class == "on_hold"}}
"""
    events = [
        ("09:00", "created"),
        ("10:00", "updated", {"status": "on_hold"}),
        ("11:00", "updated", {"status": "open"}),
        ("12:00", "updated", {"priority": "urgent"}),
    ]
    clock = one(run(policies, events, "12:00"), "resolution")
    assert clock["started"] == instant("09:00:00.000")
    assert (clock["paused_ms"], clock["due"]) == (3_600_000, instant("14:00:00.000"))


def test_next_response_waits_for_the_first_and_never_runs_while_resolved() -> None:
    policies = """
policies: [{name: all, clocks: {first_response: {target: 1h}, next_response: {target: 1h}}}]
"""
    events = [
        ("09:00", "created", {"author": "customer"}),
        ("09:10", "commented", {"author": "customer"}),
        ("09:20", "commented", {"author": "agent"}),
        ("09:40", "resolved"),
        ("09:50", "commented", {"author": "customer"}),
        ("10:00", "reopened"),
    ]
    assert [c["clock"] for c in run(policies, events[:5], "09:55").clocks] == ["first_response"]
    clock = one(run(policies, events, "10:00"), "next_response")
    assert (clock["started"], clock["resolved_ms"]) == (instant("09:50:00.000"), 600_000)
    assert clock["due"] == instant("11:00:00.000")


def test_stop_comes_before_cancel_and_pause() -> None:
    policies = """
policies:
  - name: all
    clocks:
      custom:
        start: event.type == "incident.created"
        stop: status == "a"
        cancel: status_class == "open"
        target: 1h
"""
    events = [("09:00", "created", {"status": "on_hold"}), ("09:10", "updated", {"status": "a"})]
    assert one(run(policies, events, "10:00"), "custom")["state"] == "met"


def test_a_clock_that_recurs_starts_again_on_its_stop() -> None:
    policies = """
policies:
  - name: all
    clocks:
      care: {start: status_class == "open", stop: event.author == "agent", every: 1h}
"""
    events = [("09:00", "created"), ("09:30", "commented", {"author": "agent"})]
    result = run(policies, events, "10:00")
    assert one(result, "care")["state"] == "met"
    assert one(result, "care", 2)["started"] == instant("09:30:00.000")


def test_grace_continues_within_and_begins_anew_later() -> None:
    policies = """
policies: [{name: all, clocks: {resolution: {target: 8h, on_reopen: {grace: 1h}}}}]
"""
    events = [("09:00", "created"), ("10:00", "resolved"), ("11:00", "reopened")]
    assert one(run(policies, events, "11:00"), "resolution")["reopens"] == 1
    late = [*events[:2], ("11:00:00.001", "reopened")]
    assert one(run(policies, late, "12:00"), "resolution")["state"] == "met"
    assert one(run(policies, late, "12:00"), "resolution", 2)["state"] == "running"


def test_earlier_takes_the_earlier_of_both_dues() -> None:
    policies = """
policies:
  - name: all
    clocks: {resolution: {target: {high: 2h, low: 9h, default: 4h}, on_priority_change: earlier}}
"""
    events = [("09:00", "created"), ("10:00", "updated", {"priority": "low"})]
    assert one(run(policies, events, "10:00"), "resolution")["due"] == instant("13:00:00.000")
    events.append(("10:30", "updated", {"priority": "high"}))
    assert one(run(policies, events, "10:30"), "resolution")["due"] == instant("11:00:00.000")


def test_the_directory_fills_what_events_left_out_and_reaches_open_incidents() -> None:
    policies = """
attributes: {tier: {values: [gold, standard], default: standard}}
customers: {ACME: {tier: gold}}
policies: [{name: all, clocks: {resolution: {target: {by: tier, gold: 1h, default: 8h}}}}]
"""
    events: list[dict[str, Any]] = [
        {"type": "incident.created", "subject": "X", "data": {"customer": "ACME"}, "hour": 9},
        {"type": "customer.updated", "subject": "ACME", "data": {"tier": None}, "hour": 10},
    ]
    full = [
        {"id": str(n), "source": "s", "time": instant(f"{e.pop('hour'):02d}:00"), **e}
        for n, e in enumerate(events)
    ]
    known = load_policies_text(policies)
    before = fold(known, full, parse_time(instant("09:30")))
    assert one(before, "resolution")["due"] == instant("10:00:00.000")
    after = fold(known, full, parse_time(instant("10:00")))
    assert one(after, "resolution")["due"] == instant("17:00:00.000")


def test_a_merge_gives_the_target_the_earlier_start() -> None:
    policies = "policies: [{name: all, clocks: {resolution: {target: 8h}}}]"
    events = [
        ("A", "09:00", "incident.created", {}),
        ("B", "10:00", "incident.created", {}),
        ("A", "11:00", "incident.merged", {"into": "B"}),
    ]
    full = [
        {"id": str(n), "source": "s", "subject": s, "time": instant(t), "type": k, "data": d}
        for n, (s, t, k, d) in enumerate(events)
    ]
    result = fold(load_policies_text(policies), full, parse_time(instant("12:00")))
    source, target = result.clocks
    assert source["state"] == "cancelled"
    assert (target["started"], target["due"]) == (instant("09:00:00.000"), instant("17:00:00.000"))


def test_a_pause_that_begins_at_the_due_comes_before_the_breach() -> None:
    policies = """
policies: [{name: all, clocks: {resolution: {target: 1h, pause: status_class == "on_hold"}}}]
"""
    events = [("09:00", "created"), ("10:00", "updated", {"status": "on_hold"})]
    clock = one(run(policies, events, "11:00"), "resolution")
    assert (clock["state"], clock["breached"], clock["remaining_ms"]) == ("paused", False, 0)
    events.append(("11:00", "updated", {"status": "open"}))
    assert said(run(policies, events, "12:00")) == [("breach", "11:00:00.001")]


def test_the_hold_of_a_breach_delays_it_but_the_end_releases_it() -> None:
    policies = "policies: [{name: all, clocks: {resolution: {target: 1h, hold: 20m}}}]"
    events: list[tuple[Any, ...]] = [("09:00", "created")]
    assert said(run(policies, events, "10:20:00.000")) == []
    assert said(run(policies, events, "10:20:00.001")) == [("breach", "10:00:00.001")]
    events.append(("10:05", "resolved"))
    assert said(run(policies, events, "10:06")) == [
        ("breach", "10:00:00.001"),
        ("cleared", "10:05"),
    ]


def test_a_business_day_due_moved_to_an_opening_stays_movable() -> None:
    policies = (
        WORK
        + """
policies:
  - name: all
    calendar: work
    clocks: {resolution: {target: 1bd, pause: status_class == "on_hold"}}
"""
    )
    events = [
        ("07:00", "created"),
        ("10:00", "updated", {"status": "on_hold"}),
        ("12:00", "updated", {"status": "open"}),
    ]
    clock = one(run(policies, events[:1], "08:00"), "resolution")
    assert (clock["due"], clock["target_ms"]) == ("2026-01-13T09:00:00.000Z", 8 * 3_600_000)
    paused_two_hours = one(run(policies, events, "12:00"), "resolution")
    assert paused_two_hours["due"] == "2026-01-13T11:00:00.000Z"
