"""F89: why a policy does not apply to an incident, a clock does not move, a step does not fire."""

from __future__ import annotations

from sla_engine.engine.refold import Folder
from sla_engine.engine.replay import Replay
from sla_engine.engine.why_not import why_not
from sla_engine.event.times import parse_time_text
from sla_engine.policy import explain, load_text
from sla_engine.policy.explain import Verdict
from tests.features.telling import Record, event, instant, lines, replayed

POLICIES = """
policies:
  - name: gold-complaints
    when: kind == "complaint" && tier == "gold"
    clocks: {first_response: {target: 15m}}
  - name: complaints
    when: kind == "complaint"
    clocks: {first_response: {target: 1h}}
  - name: everyone
    clocks: {first_response: {target: 8h}}
"""


def verdicts(**data: str) -> tuple[list[Verdict], list[str]]:
    """What is said of each policy, and the parts of conditions that were false."""
    (own,) = explain(load_text(POLICIES), data, parse_time_text(instant("09:00")))
    false = [str(part) for one in own.considered for part in one.answers if not part.holds]
    return [one.verdict for one in own.considered], false


def test_the_false_part_is_named_with_the_value_it_met() -> None:
    said, false = verdicts(kind="complaint", tier="silver")
    assert said == [Verdict.FALSE, Verdict.MATCHED, Verdict.NOT_REACHED]
    (part,) = false
    assert "tier" in part
    assert "silver" in part
    clocks, alerts = replayed(
        POLICIES, [event(1, "created", "09:00", kind="complaint", tier="silver")], "10:30"
    )
    assert clocks["X/first_response/1"]["policy"] == "complaints"
    assert len(alerts) == 1


def test_not_where_nothing_was_false() -> None:
    said, false = verdicts(kind="complaint", tier="gold")
    assert said == [Verdict.MATCHED, Verdict.NOT_REACHED, Verdict.NOT_REACHED]
    assert false == []


CLOCKS = """
recipients: {lead: {}}
maintenance: [{from: 2026-01-12T12:00:00Z, to: 2026-01-12T12:30:00Z}]
policies:
  - name: gold
    when: tier == "gold" && kind == "complaint"
    clocks: {first_response: {target: 15m}}
  - name: all
    clocks:
      resolution: {target: 4h, pause: status == "on_hold" && team != "noc"}
      update: {every: 8h}
    escalations:
      - {at: 50%, notify: lead, if: 'priority == "high" && team == "noc"'}
      - {at: 80%, notify: lead}
      - {at: breach, notify: assignee}
      - {at: 30m after, notify: lead, until: acknowledged}
"""


def asked(clock: str, events: list[Record], at: str) -> tuple[list[str], dict[str, str]]:
    """(each event with what it did and why not the rest; step -> why it did not fire)."""
    replay = Replay(load_text(CLOCKS))
    replay.add(lines(events))
    folded = replay.incident("default", "X", parse_time_text(instant(at)))
    assert folded is not None
    (told,) = why_not(Folder(replay.book), folded, clock)
    events_told = [
        f"{one['id']} {'/'.join(one['did'])} "
        + " | ".join(f"no {part}: {because}" for part, because in one["because"].items())
        for one in told["events"]
    ]
    return events_told, {one["threshold"]: one["because"] for one in told["steps"]}


def test_the_first_false_part_is_named_for_every_event() -> None:
    events, _ = asked(
        "resolution",
        [
            event(1, "created", "09:00", team="noc"),
            event(2, "updated", "09:10", status="on_hold"),
            event(3, "updated", "09:20", team="desk"),
            event(4, "updated", "09:30", status="open"),
            event(5, "resolved", "10:00"),
        ],
        "11:00",
    )
    assert events == [
        "e1 started no stop: the incident is not resolved (status is absent)"
        ' | no pause: status == "on_hold" is false (status is absent)',
        "e2  no stop: the incident is not resolved (status is `on_hold`)"
        ' | no pause: team != "noc" is false (team is `noc`)',
        "e3 paused no stop: the incident is not resolved (status is `on_hold`)"
        ' | no resume: status == "on_hold" && team != "noc" is still true',
        "e4 resumed no stop: the incident is not resolved (status is `open`)"
        ' | no pause: status == "on_hold" is false (status is `open`)',
        "e5 met ",
    ]


def test_a_clock_that_is_not_there_says_which_policy_did_not_match() -> None:
    events, steps = asked(
        "first_response",
        [event(1, "created", "09:00", tier="gold"), event(2, "updated", "09:10", kind="complaint")],
        "09:20",
    )
    assert events[0] == (
        'e1  no start: policy gold: kind == "complaint" is false (kind is absent); '
        "policy all applies and has no such clock"
    )
    assert events[1].startswith("e2 started ")
    assert steps == {}  # it breached at once, and was told


def test_an_internal_note_and_a_customer_are_no_reply() -> None:
    events, _ = asked(
        "update",
        [
            event(1, "created", "09:00"),
            event(2, "commented", "09:10", author="agent", public=False),
            event(3, "commented", "09:20", author="customer"),
            event(4, "commented", "09:30", author="agent"),
        ],
        "09:40",
    )
    assert events[:3] == [
        "e1  no start: it is no comment",
        "e2  no start: the comment is an internal note (public is false)",
        "e3  no start: the comment is by a customer, not by an agent",
    ]
    assert events[3].startswith("e4 started ")


def test_a_step_says_why_it_did_not_fire() -> None:
    opened = event(1, "created", "09:00", priority="high", team="desk")
    _, early = asked("resolution", [opened, event(2, "resolved", "10:00")], "16:00")
    assert early["50%"] == (
        "1h of 4h were used when it was met at 2026-01-12T10:00:00.000Z, it comes at 2h"
    )
    assert early["breach"] == (
        "met at 2026-01-12T10:00:00.000Z, before its due 2026-01-12T13:00:00.000Z"
    )
    assert early["after:1800000"].startswith("it follows the breach: met at")
    _, later = asked("resolution", [opened], "12:20")
    assert later["50%"] == 'team == "noc" is false (team is `desk`) when it came'
    assert later["80%"] == "held until 2026-01-12T12:30:00.000Z: maintenance"
    taken = event(2, "acknowledged", "13:10", clock="resolution")
    _, acked = asked("resolution", [{**opened, "data": {"assignee": "ann"}}, taken], "15:00")
    assert acked == {
        "50%": 'priority == "high" is false (priority is absent) when it came',
        "after:1800000": "acknowledged at 2026-01-12T13:10:00.000Z, before its time",
    }


def test_nothing_is_said_of_steps_that_fired() -> None:
    opened = event(1, "created", "09:00", priority="high", team="noc", assignee="ann")
    assert asked("resolution", [opened], "15:00")[1] == {}
