"""F89: why a policy does not apply to an incident."""

from __future__ import annotations

from sla_engine.event.times import parse_time_text
from sla_engine.policy import explain, load_text
from sla_engine.policy.explain import Verdict
from tests.features.telling import event, instant, replayed

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
