"""Each trap of the feature notes has a code, is found where it is, and is not seen elsewhere."""

from __future__ import annotations

import pytest

from sla_engine.policy.codes import CODES
from tests.policy.texts import findings

HEAD = """\
calendars: {office: {time_zone: UTC, hours: {mon-fri: [09:00-17:00]}}}
attributes: {tier: {values: [gold, standard], default: standard}, custom.value: number}
recipients: {lead: {}}
"""


def clock(text: str) -> str:
    return HEAD + f"policies:\n  - name: all\n    clocks:\n      {text}\n"


def step(text: str, when: str = "") -> str:
    """A policy with one step; with `when` another one takes the rest."""
    condition = f"\n    when: {when}" if when else ""
    rest = "\n  - {name: rest, clocks: {resolution: {target: 4h}}}" if when else ""
    return HEAD + (
        f"policies:\n  - name: all{condition}\n    clocks: {{resolution: {{target: 4h}}}}\n"
        f"    escalations:\n      - {text}{rest}\n"
    )


def two(first: str, second: str) -> str:
    return HEAD + (
        "policies:\n"
        f"  - {{name: a, when: '{first}', clocks: {{resolution: {{target: 1h}}}}}}\n"
        f"  - {{name: b, when: '{second}', clocks: {{resolution: {{target: 2h}}}}}}\n"
        "  - {name: c, clocks: {resolution: {target: 4h}}}\n"
    )


def hours(text: str) -> str:
    return f"calendars:\n  desk:\n    time_zone: UTC\n    hours: {text}\n" + (
        "policies: [{name: all, calendar: desk, clocks: {resolution: {target: 4h}}}]\n"
    )


#: (trap, code, line, a file that has it, the nearest file that has not)
TRAPS = [
    ("unreachable policy", "UNREACHABLE", 6,
     two('tier == "gold"', 'tier == "gold" && custom.value > 5.0'),
     two('tier == "gold" && custom.value > 5.0', 'tier == "gold"')),
    ("start within stop", "START_WITHIN_END", 7,
     clock('w: {target: 1h, start: status == "on_hold", stop: status_class == "on_hold"}'),
     clock('w: {target: 1h, start: status_class == "on_hold", stop: status_class == "open"}')),
    ("start and pause exclusive: what ends the start ends the clock", "NEVER_PAUSED", 7,
     clock('w: {target: 1h, start: kind == "a", stop: kind != "a", pause: kind == "b"}'),
     clock('w: {target: 1h, start: kind == "a", stop: kind == "c", pause: kind == "b"}')),
    ("never pausing", "NEVER_PAUSED", 7,
     clock('resolution: {target: 1h, pause: status_class == "closed"}'),
     clock('resolution: {target: 1h, pause: status_class == "on_hold"}')),
    ("always pausing", "ALWAYS_PAUSED", 7,
     clock("resolution: {target: 1h, pause: reopens >= 0 || reopens < 0}"),
     clock("resolution: {target: 1h, pause: reopens > 0}")),
    ("empty calendar", "NO_OPEN_TIME", 2,
     hours("{mon: []}"), hours("{mon: [], tue: [09:00-09:01]}")),
    ("unknown attribute", "UNKNOWN_ATTRIBUTE", 7,
     clock("resolution: {target: 1h, pause: custom.valeu > 1.0}"),
     clock("resolution: {target: 1h, pause: custom.value > 1.0}")),
    ("unknown value", "UNKNOWN_VALUE", 7,
     clock('resolution: {target: 1h, pause: tier == "golden"}'),
     clock('resolution: {target: 1h, pause: tier == "gold"}')),
    ("overlapping intervals", "OVERLAP", 4,
     hours("{mon: [09:00-12:00, 11:59-17:00]}"), hours("{mon: [09:00-12:00, 12:00-17:00]}")),
    ("overlapping intervals, over midnight", "OVERLAP", 4,
     hours("{sun: [22:00-06:00], mon: [05:59-09:00]}"),
     hours("{sun: [22:00-06:00], mon: [06:00-09:00]}")),
    ("an escalation that nobody receives", "NO_ACTION", 8,
     step("{at: 80%}"), step("{at: 80%, notify: lead}")),
    ("nobody: an empty list", "NO_ACTION", 8,
     step("{at: 80%, notify: []}"), step("{at: 80%, notify: [lead]}")),
    ("nobody: the incidents have no such person", "NO_ACTION", 9,
     step("{at: 80%, notify: [vendor, assignee]}", """'vendor == "" && assignee == ""'"""),
     step("{at: 80%, notify: [vendor, assignee]}", """'vendor == ""'""")),
    ("nobody: never", "UNREACHABLE", 8,
     step("{at: 80%, notify: lead, if: reopens > 1 && reopens < 1}"),
     step("{at: 80%, notify: lead, if: reopens > 1 && reopens < 3}")),
    ("nobody: for no clock", "NO_EFFECT", 8,
     step("{at: 80%, notify: lead, clocks: []}"),
     step("{at: 80%, notify: lead, clocks: [resolution]}")),
    ("target shorter than its warning", "WARNING_AT_START", 8,
     step("{at: 4h before, notify: lead}"), step("{at: 3h59m before, notify: lead}")),
    ("cycle without end", "NEVER_ENDS", 7,
     clock('w: {target: 1h, start: kind == "a", stop: reopens > 2 && reopens < 2}'),
     clock('w: {target: 1h, start: kind == "a", stop: reopens > 2 && reopens < 4}')),
    ("cycle without end: what never cancels", "NEVER_ENDS", 7,
     clock('resolution: {target: 1h, stop: kind == "a" && kind == "b"}'),
     clock('acknowledge: {target: 1h, stop: kind == "a" && kind == "b"}')),
    ("cycles without end", "ENDLESS_CYCLES", 7,
     clock('w: {target: 1h, start: kind == "a", stop: kind == "b", reset: kind != "b"}'),
     clock("w: {target: 1h, start: kind == 'a', stop: kind == 'b', "
           "reset: event.type == 'incident.updated'}")),
    ("`1d` on a business calendar", "DAY_IS_24H", 7,
     clock("resolution: {target: 1d, calendar: office}"),
     clock("resolution: {target: 1bd, calendar: office}")),
    ("`1d` before, on a business calendar", "DAY_IS_24H", 8,
     step("{at: 1d before, notify: lead}").replace("target: 4h", "target: 5bd, calendar: office"),
     step("{at: 1d before, notify: lead}").replace("target: 4h", "target: 5bd")),
]  # fmt: skip
NAMES = [trap for trap, *_ in TRAPS]


@pytest.mark.parametrize(("trap", "code", "line", "caught", "free"), TRAPS, ids=NAMES)
def test_a_trap_is_found_where_it_is_and_nowhere_else(
    trap: str, code: str, line: int, caught: str, free: str
) -> None:
    found = [(one.file, one.line, one.code) for one in findings(caught)]
    assert found == [("policies.yaml", line, code)], trap
    assert code in CODES
    assert [one.code for one in findings(free)] == [], trap
