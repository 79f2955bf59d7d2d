"""Whatever a policy file holds, it is read or refused with findings; nothing else happens."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from sla_engine.policy import PolicyErrors, check_texts, describe, load_texts
from sla_engine.policy.findings import Severity
from tests.policy.texts import FILE

LINES = """\
priorities: {urgent: [P1, "1"], high: [P2], normal: [P3], low: [P4]}
statuses: {pending: waiting_customer, solved: resolved}
attributes: {tier: {values: [gold, standard], default: standard}, custom.at: time}
calendars:
  work: {time_zone: Asia/Kolkata, hours: {mon-fri: [09:00-13:00, 14:00-18:00]}, holidays: 12-25}
customers: {ACME: {tier: gold, calendar: work, valid: {from: 2026-01-01T00:00:00Z}}}
recipients: {lead: {via: [mail]}, boss: {}}
sets: {ola: {match: all, party: team}}
maintenance: [{from: 2026-01-01T00:00:00Z, to: 2026-01-02T00:00:00Z, when: team == "noc"}]
defaults: {calendar: {from: calendar, default: work}, hold: 5s}
policies:
  - name: gold
    when: tier == "gold" && has(custom.at)
    valid: {from: 2026-01-01T00:00:00Z}
    clocks:
      first_response: {target: {urgent: 15m, default: 2h}, reply: {bots: true}}
      delivery: {due_at: custom.at, start: 'event.type == "incident.created"', stop: reopens > 1}
      resolution: {target: [{when: reopens > 1, is: 1bd}, {is: 3bd}], pause: status == "pending"}
    escalations:
      - {at: 50%, notify: team, clocks: [resolution]}
      - {every: 30m, after: breach, times: 6, page: lead, until: acknowledged}
    repeat_ladder: {times: 2, wait: 30m}
  - {name: rest, calendar: {urgent: 24x7, default: work}, clocks: {update: {every: 4h}}}
  - {name: own, set: ola, clocks: {ownership: {per: team, target: 2h}}}
""".splitlines()

_MARKS = (*":,{}[]'\"!#|", "", "- ", "&a", "*a", "\t", "\u0085", "é")
_WORDS = "null 0 true -1 1bd 999999999999d 24x7 custom.at score now".split()
_SCRAPS = st.sampled_from([*_MARKS, *_WORDS])


def broken(lines: Sequence[str], cut: tuple[int, int, int], scrap: str) -> str:
    """The lines with some characters of one of them replaced."""
    at, begin, length = cut
    line = lines[at % len(lines)]
    begin %= len(line) + 1
    changed = line[:begin] + scrap + line[begin + length :]
    return "\n".join([*lines[: at % len(lines)], changed, *lines[at % len(lines) + 1 :]]) + "\n"


def test_the_unbroken_text_is_right() -> None:
    assert check_texts({FILE: "\n".join(LINES)}) == []


@settings(deadline=None)
@given(st.tuples(st.integers(0, len(LINES) - 1), st.integers(0, 100), st.integers(0, 12)), _SCRAPS)
def test_a_broken_text_is_read_or_refused_at_a_line_it_has(
    cut: tuple[int, int, int], scrap: str
) -> None:
    text = broken(LINES, cut, scrap)
    found = check_texts({FILE: text})
    assert all(1 <= one.line <= len(LINES) + 1 for one in found)
    errors = [one for one in found if one.severity is Severity.ERROR]
    try:
        assert describe(load_texts({FILE: text}))
        refused: list[str] = []
    except PolicyErrors as error:
        refused = str(error).splitlines()
    assert refused == [str(one) for one in errors]


@settings(deadline=None)
@given(st.permutations(LINES), st.integers(1, len(LINES)))
def test_shuffled_lines_are_read_or_refused(lines: list[str], count: int) -> None:
    assert isinstance(check_texts({FILE: "\n".join(lines[:count])}), list)
