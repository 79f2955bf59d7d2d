"""F40: each clock says by which text of its policy it was counted."""

from __future__ import annotations

from tests.features.telling import event, replayed

POLICIES = """
policies:
  - {name: gold, when: tier == "gold", clocks: {resolution: {target: 1h}}}
  - {name: all, clocks: {resolution: {target: 4h}}}
"""


def version(policies: str, tier: str) -> str:
    clocks, _ = replayed(policies, [event(1, "created", "09:00", tier=tier)], "09:30")
    found = clocks["X/resolution/1"]["policy_version"]
    assert isinstance(found, str)
    return found


def test_another_text_is_another_version() -> None:
    edited = POLICIES.replace("target: 1h", "target: 2h")
    assert len(version(POLICIES, "gold")) == 12
    assert version(edited, "gold") != version(POLICIES, "gold")


def test_not_for_a_policy_that_was_not_edited_nor_for_its_layout() -> None:
    edited = POLICIES.replace("target: 1h", "target: 2h")
    assert version(edited, "silver") == version(POLICIES, "silver")
    laid_out = POLICIES.replace("target: 1h", "target:  60m") + "# the same in other words\n"
    assert version(laid_out, "gold") == version(POLICIES, "gold")


def test_a_breach_says_it_too() -> None:
    clocks, alerts = replayed(POLICIES, [event(1, "created", "09:00", tier="gold")], "10:30")
    said = [alert["data"]["policy_version"] for alert in alerts]
    assert said == [clocks["X/resolution/1"]["policy_version"]]
