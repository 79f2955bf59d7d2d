"""Every code a check may print: stable words, what they mean, and an example each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Code:
    """A stable code. `example` is a policy file that gets this finding."""

    name: str
    rule: str
    example: str
    warning: bool = False


def _with_clock(clock: str) -> str:
    return f"policies: [{{name: all, clocks: {{{clock}}}}}]"


def _with_steps(steps: str, rest: str = "") -> str:
    return f"policies: [{{name: all, clocks: {{resolution: {{target: 4h{rest}}}}}, {steps}}}]"


_OK: Final = "policies: [{name: all, clocks: {resolution: {target: 4h}}}]"

_ERRORS: Final = (
    Code("FILE", "a file or directory cannot be read", "customers: {file: missing.csv}\n" + _OK),
    Code("YAML", "the file is no YAML 1.2", "policies: [\n"),
    Code(
        "QUOTE",
        "a condition must be quoted as a whole",
        'policies: [{name: all, when: kind in ["a"], clocks: {resolution: {target: 4h}}}]',
    ),
    Code("DUPLICATE", "a name is defined twice", _OK + "\npolicies: []"),
    Code("UNKNOWN_KEY", "a key that does not exist", "polices: []\n" + _OK),
    Code("MISSING_KEY", "a key that is required", "policies: [{name: all}]"),
    Code("WRONG_TYPE", "a value of another kind than it must be", "policies: {name: all}"),
    Code("BAD_NAME", "a name that is reserved or malformed", "recipients: {team: {}}\n" + _OK),
    Code("BAD_VALUE", "a value outside the known ones", "sets: {ola: {match: some}}\n" + _OK),
    Code(
        "NOT_CARRIED_OUT",
        "something that this version reads and does not carry out",
        _with_steps(
            "escalations: [{at: 30m after, notify: team}, "
            "{at: 30m after, page: team, during: 24x7}]"
        ),
    ),
    Code("BAD_DURATION", "no duration", _with_clock("resolution: {target: 4 hours}")),
    Code(
        "BAD_TIME",
        "no instant, or an order that cannot be",
        "maintenance: [{from: 2026-01-01, to: '2026-01-02T00:00:00Z'}]\n" + _OK,
    ),
    Code(
        "BAD_CALENDAR",
        "hours, dates, holidays or zones that do not exist",
        "calendars: {work: {time_zone: Europe/Berlim, hours: {mon: [09:00-17:00]}}}\n" + _OK,
    ),
    Code(
        "NO_OPEN_TIME",
        "a calendar that is never open (G21)",
        "calendars: {work: {time_zone: UTC, hours: {}}}\n" + _OK,
    ),
    Code(
        "CONDITION",
        "a condition that does not compile",
        _with_clock("resolution: {target: 4h, pause: reopens == kind}"),
    ),
    Code(
        "UNKNOWN_ATTRIBUTE",
        "an attribute that does not exist or is not declared",
        _with_clock("resolution: {target: 4h, pause: statuss == 'open'}"),
    ),
    Code(
        "UNKNOWN_VALUE",
        "a literal that the attribute never has",
        _with_clock('resolution: {target: 4h, pause: status_class == "waiting"}'),
    ),
    Code(
        "UNKNOWN_CALENDAR",
        "a calendar that is not defined",
        _with_clock("resolution: {target: 4h, calendar: work}"),
    ),
    Code(
        "UNKNOWN_RECIPIENT",
        "a recipient that is not declared",
        _with_steps("escalations: [{at: breach, page: boss}]"),
    ),
    Code(
        "UNKNOWN_SET",
        "a set that is not declared",
        "policies: [{name: all, set: ola, clocks: {resolution: {target: 4h}}}]",
    ),
    Code(
        "UNKNOWN_CLOCK",
        "a step for a clock that its policy does not have",
        _with_steps("escalations: [{at: breach, notify: team, clocks: [update]}]"),
    ),
    Code(
        "ONE_OF",
        "exactly one of several keys is needed",
        _with_clock("resolution: {target: 4h, due_at: due}"),
    ),
    Code(
        "NOT_FOR_KIND",
        "a key that this kind of clock does not have",
        _with_clock("resolution: {target: 4h, per: team}"),
    ),
    Code(
        "THRESHOLD",
        "steps of one threshold that differ in until, if or outside_hours",
        _with_steps(
            "escalations: [{at: 50%, notify: team}, {at: 50%, tag: x, outside_hours: hold}]"
        ),
    ),
    Code(
        "TOO_MANY_STEPS",
        "more than 16 different steps on a clock",
        _with_steps(
            "escalations: [" + ", ".join(f"{{at: {n}%, notify: team}}" for n in range(1, 18)) + "]"
        ),
    ),
    Code(
        "CLOCK_NAMES",
        "a clock name used twice in a set that matches all",
        "sets: {ola: {match: all}}\npolicies:\n"
        "  - {name: a, set: ola, clocks: {acknowledge: {target: 1h}}}\n"
        "  - {name: b, set: ola, clocks: {acknowledge: {target: 2h}}}\n",
    ),
)

_WARNINGS: Final = (
    Code("NO_POLICY", "a directory that promises nothing", "policies: []", warning=True),
    Code(
        "MISSING_DEFAULT",
        "a map without `default` that needs one",
        _with_clock("resolution: {target: {by: team, noc: 4h}}"),
        warning=True,
    ),
    Code(
        "NO_TARGET",
        "a priority, or a declared value, without a target",
        _with_clock("resolution: {target: {urgent: 1h, high: 4h}}"),
        warning=True,
    ),
    Code(
        "UNREACHABLE",
        "something that can never be chosen",
        _with_clock("resolution: {target: [{is: 1h}, {when: kind == 'a', is: 2h}]}"),
        warning=True,
    ),
    Code(
        "OVERLAP",
        "intervals of one day that overlap",
        "calendars: {work: {time_zone: UTC, hours: {mon: [09:00-12:00, 11:00-17:00]}}}\n" + _OK,
        warning=True,
    ),
    Code(
        "DAY_IS_24H",
        "`1d` on business hours: 24 hours of open time",
        "calendars: {work: {time_zone: UTC, hours: {mon: [09:00-17:00]}}}\n"
        + _with_clock("resolution: {target: 1d, calendar: work}"),
        warning=True,
    ),
    Code(
        "NEVER_PAUSED",
        "`resume` without `pause`",
        _with_clock("resolution: {target: 4h, resume: reopens > 0}"),
        warning=True,
    ),
    Code(
        "ALWAYS_PAUSED",
        "a clock that never runs because its pause always holds",
        _with_clock("resolution: {target: 4h, pause: reopens >= 0 || reopens < 0}"),
        warning=True,
    ),
    Code(
        "START_WITHIN_END",
        "a clock that ends by what starts it (G24)",
        _with_clock(
            'wait: {target: 4h, start: status == "on_hold", stop: status_class == "on_hold"}'
        ),
        warning=True,
    ),
    Code(
        "NEVER_ENDS",
        "a cycle without end: its stop never holds",
        _with_clock('wait: {target: 4h, start: kind == "a", stop: reopens > 3 && reopens < 3}'),
        warning=True,
    ),
    Code(
        "ENDLESS_CYCLES",
        "every event ends the cycle and begins another",
        _with_clock(
            'wait: {target: 4h, start: kind == "a", stop: kind == "b", reset: kind == "a"}'
        ),
        warning=True,
    ),
    Code(
        "NO_CATCH_ALL",
        "an incident may match no policy of the default set",
        'policies: [{name: a, when: kind == "a", clocks: {resolution: {target: 4h}}}]',
        warning=True,
    ),
    Code(
        "SEVERAL_ATTRIBUTES",
        "attributes compared with each other: evaluated per event",
        _with_clock("resolution: {target: 4h, pause: team == vendor}"),
        warning=True,
    ),
    Code(
        "WARNING_AT_START",
        "a warning that would fire before the clock starts",
        _with_steps("escalations: [{at: 4h before, notify: team}]"),
        warning=True,
    ),
    Code(
        "NO_EFFECT",
        "something that changes nothing where it stands",
        _with_steps("escalations: [{at: 50%, notify: team, until: acknowledged}]"),
        warning=True,
    ),
    Code(
        "NO_ACTION",
        "a step that nobody receives",
        _with_steps("escalations: [{at: 50%}]"),
        warning=True,
    ),
)

CODES: Final = {code.name: code for code in (*_ERRORS, *_WARNINGS)}


def codes_markdown() -> str:
    """All codes as a Markdown table, errors first, for the documentation."""
    rows = ["| code | | what it means | a file that gets it |", "|---|---|---|---|"]
    for code in CODES.values():
        lines = code.example.rstrip("\n").replace("|", "\\|").split("\n")
        example = "<br>".join(f"`{line}`" for line in lines)
        kind = "warning" if code.warning else "error"
        rows.append(f"| `{code.name}` | {kind} | {code.rule} | {example} |")
    return "\n".join(rows) + "\n"
