"""Steps of one clock with the same threshold form one alert (contracts section 2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from sla_engine.policy.model import At, Step

#: What must be equal in steps that form one alert -> the key it is written as.
_MUST_AGREE: tuple[tuple[str, Callable[[Step], object]], ...] = (
    ("until", lambda step: step.until_acknowledged),
    ("if", lambda step: step.condition.text if step.condition else None),
    ("outside_hours", lambda step: step.hold_outside_hours),
    ("during", lambda step: step.during),
)


def alert_part(step: Step) -> str:
    """The threshold of the alert that a step makes or joins, without the repeat.

    An `at: breach` step that may be held or left out (`if`, `outside_hours: hold`, `during`) is
    an alert of its own, `after:0`, because the breach itself is always sent; `every` and a single
    `after` of the same distance differ by the repeat (contracts section 2).
    """
    may_differ = step.condition is not None or step.hold_outside_hours or step.during
    if step.at is At.BREACH and may_differ:
        return "after:0"
    return f"{step.threshold}/" if step.at is At.EVERY else step.threshold


def merge_steps(
    steps: Iterable[Step],
    clocks: tuple[str, ...],
    conflict: Callable[[Step, Step, str, str], None],
) -> tuple[Step, ...]:
    """Join per clock what has the same threshold: the first's level, all actions in order.

    A step comes back once for all clocks that got the same of it (`clocks` None: all of the
    policy). `conflict(first, second, key, clock)` is called when two cannot be joined.
    """
    groups: dict[tuple[int, ...], list[str]] = {}
    by_level = {step.level: step for step in steps}
    for clock in clocks:
        for levels in _levels(by_level.values(), clock, conflict):
            groups.setdefault(levels, []).append(clock)
    merged = []
    for levels, names in sorted(groups.items()):
        first = by_level[levels[0]]
        actions = tuple(action for level in levels for action in by_level[level].actions)
        chosen = None if len(names) == len(clocks) else tuple(names)
        merged.append(replace(first, actions=actions, clocks=chosen))
    return tuple(merged)


def applies(step: Step, clock: str) -> bool:
    """Whether a step is one of a clock's."""
    return step.clocks is None or clock in step.clocks


def _levels(
    steps: Iterable[Step], clock: str, conflict: Callable[[Step, Step, str, str], None]
) -> list[tuple[int, ...]]:
    """The levels that form each alert of a clock."""
    alerts: dict[str, list[Step]] = {}
    for step in steps:
        if applies(step, clock):
            alerts.setdefault(alert_part(step), []).append(step)
    for first, *others in alerts.values():
        for other in others:
            for key, part in _MUST_AGREE:
                if part(first) != part(other):
                    conflict(first, other, key, clock)
    return [levels for group in alerts.values() for levels in _joined(group)]


def _joined(group: Sequence[Step]) -> list[tuple[int, ...]]:
    """The steps of one alert; where they repeat for different times the ladder joins repeats."""
    levels = tuple(step.level for step in group)
    return [levels] if len({step.times for step in group}) == 1 else [(level,) for level in levels]
