"""F29, F30: what was set by hand is kept with who did it and why."""

from __future__ import annotations

import pytest

from tests.features.telling import Record, event, instant
from tests.features.test_f88 import explained

POLICIES = "policies: [{name: all, clocks: {resolution: {target: 4h}}}]\n"
WHY = {"reason": "no power", "actor": "kim"}
OUT: Record = {"exclude": {"from": instant("10:00"), "to": instant("11:00")}}


@pytest.mark.parametrize("what", [OUT, {"due": instant("17:00")}], ids=["exclude", "due"])
def test_the_explanation_has_the_reason_and_the_actor(what: Record) -> None:
    own = event(2, "clock.overridden", "11:30", set="default", clock="resolution", **what, **WHY)
    told = explained(POLICIES, [event(1, "created", "09:00"), own], "12:00")
    assert [(one["data"]["reason"], one["data"]["actor"]) for one in told["events"][1:]] == [
        ("no power", "kim")
    ]


def test_the_hour_is_an_interval_of_its_own() -> None:
    own = event(2, "clock.overridden", "11:30", set="default", clock="resolution", **OUT, **WHY)
    (clock,) = explained(POLICIES, [event(1, "created", "09:00"), own], "12:00")["clocks"]
    assert [(one["counts_as"], one["from"][11:16]) for one in clock["intervals"]] == [
        ("running", "09:00"),
        ("excluded", "10:00"),
        ("running", "11:00"),
    ]


def test_not_without_it() -> None:
    (clock,) = explained(POLICIES, [event(1, "created", "09:00")], "12:00")["clocks"]
    assert [one["counts_as"] for one in clock["intervals"]] == ["running"]
