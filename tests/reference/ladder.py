"""Escalation steps: read a policy's `escalations` into the rungs of one clock's ladder."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from tests.reference.cel import Condition
from tests.reference.times import duration_ms

ACTIONS = ("notify", "page", "reassign", "raise_priority", "set_priority", "tag", "webhook")


@dataclass
class Step:
    """One entry of `escalations`: an instant and actions. `level` counts from 1."""

    level: int
    kind: str  # "pct", "before", "breach", "after", "every", "score"
    value: int
    times: int
    actions: list[tuple[str, Any]]
    condition: Condition | None
    acknowledgeable: bool
    hold_outside: bool
    during: str | None

    @property
    def merges_into_breach(self) -> bool:
        """ "An `at: breach` step without `if` and without `outside_hours: hold` adds its
        actions to it"."""
        return self.kind == "breach" and self.condition is None and not self.hold_outside

    @property
    def threshold(self) -> str:
        """ "thresholds normalised (`80%`, `before:3600000`, `breach`, `after:1800000`, ...)"."""
        if self.kind == "pct":
            return f"{self.value}%"
        if self.kind == "before":
            return f"before:{self.value}"
        if self.kind == "score":
            return f"score:{self.value}"
        return f"after:{self.value}"


@dataclass
class Rung:
    """One alert that may come: the steps with one threshold ("form one alert"), one repeat.

    `offset` is for steps after the breach: wall ms from the due.
    """

    key: str
    threshold: str
    kind: str  # "pct", "before", "score", "after"
    value: int
    offset: int
    repeat: int
    steps: list[Step] = field(default_factory=list)

    @property
    def level(self) -> int:
        return self.steps[0].level

    @property
    def is_warning(self) -> bool:
        return self.kind != "after"


@dataclass
class Ladder:
    """All steps of a policy that apply to one clock."""

    steps: list[Step] = field(default_factory=list)
    warnings: list[Rung] = field(default_factory=list)
    after: list[Rung] = field(default_factory=list)
    at_breach: list[Step] = field(default_factory=list)
    ack_expires: int | None = None


def parse_ladder(policy: dict[str, Any], clock_name: str) -> Ladder:
    """The ladder of `clock_name`; `clocks: [..]` of a step "default: all of the policy"."""
    ladder = Ladder()
    for level, spec in enumerate(policy.get("escalations") or [], start=1):
        if "clocks" not in spec or clock_name in spec["clocks"]:
            ladder.steps.append(_step(level, spec))
    ladder.at_breach = [step for step in ladder.steps if step.merges_into_breach]
    rest = [step for step in ladder.steps if not step.merges_into_breach]
    ladder.warnings = _merge([_warning(s) for s in rest if s.kind in ("pct", "before", "score")])
    first = [r for s in rest if s.kind in ("breach", "after", "every") for r in _after(s)]
    first = sorted(_merge(first), key=lambda rung: (rung.offset, rung.level))
    ladder.after = [*first, *_repeated(first, policy.get("repeat_ladder"))]
    if policy.get("ack_expires") is not None:
        ladder.ack_expires = duration_ms(str(policy["ack_expires"]))
    return ladder


def _step(level: int, spec: dict[str, Any]) -> Step:
    kind, value, times = _instant(spec)
    return Step(
        level=level,
        kind=kind,
        value=value,
        times=times,
        actions=[(key, spec[key]) for key in spec if key in ACTIONS],
        condition=Condition(str(spec["if"])) if spec.get("if") is not None else None,
        acknowledgeable=spec.get("until", "met") == "acknowledged",
        hold_outside=spec.get("outside_hours", "fire") == "hold",
        during=spec.get("during"),
    )


def _instant(spec: dict[str, Any]) -> tuple[str, int, int]:
    if "every" in spec:
        return ("every", duration_ms(str(spec["every"])), int(spec["times"]))
    at = str(spec["at"]).strip()
    if at == "breach":
        return ("breach", 0, 1)
    if match := re.fullmatch(r"(\d+)\s*%", at):
        return ("pct", int(match.group(1)), 1)
    if match := re.fullmatch(r"score\s*>=\s*(\d+)", at):
        return ("score", int(match.group(1)), 1)
    amount, side = at.split()
    return (side, duration_ms(amount), 1)


def _warning(step: Step) -> Rung:
    return Rung(step.threshold, step.threshold, step.kind, step.value, 0, 1, [step])


def _after(step: Step) -> list[Rung]:
    """ "`every: 30m` gives `after:1800000/1` ... `/6`, a single `30m after` gives
    `after:1800000`"; an own `at: breach` alert has the threshold `after:0`."""
    if step.kind == "every":
        return [
            Rung(
                f"{step.threshold}/{n}",
                step.threshold,
                "after",
                step.value,
                n * step.value,
                n,
                [step],
            )
            for n in range(1, step.times + 1)
        ]
    return [Rung(step.threshold, step.threshold, "after", step.value, step.value, 1, [step])]


def _merge(rungs: list[Rung]) -> list[Rung]:
    """ "Steps of one clock with the same threshold form one alert, actions in written order"."""
    merged: dict[str, Rung] = {}
    for rung in rungs:
        if rung.key in merged:
            merged[rung.key].steps.extend(rung.steps)
        else:
            merged[rung.key] = rung
    return list(merged.values())


def _repeated(first: list[Rung], spec: dict[str, Any] | None) -> list[Rung]:
    """ "`repeat_ladder: {times: n, wait: 30m}` (ids go on counting in `<repeat>`)": n further
    rounds, each beginning `wait` after the last step of the round before."""
    if spec is None or not first:
        return []
    begin, end = first[0].offset, first[-1].offset
    wait = duration_ms(str(spec["wait"]))
    counts: dict[str, int] = {}
    for rung in first:
        counts[rung.threshold] = counts.get(rung.threshold, 0) + 1
    out = []
    base = end
    for turn in range(1, int(spec["times"]) + 1):
        for rung in first:
            repeat = turn * counts[rung.threshold] + rung.repeat
            offset = base + wait + rung.offset - begin
            key = f"{rung.threshold}/{repeat}"
            out.append(Rung(key, rung.threshold, "after", rung.value, offset, repeat, rung.steps))
        base = base + wait + end - begin
    return out
