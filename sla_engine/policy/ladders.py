"""A policy's escalation steps as the ladder of one clock: rungs, slots, what alerts carry.

Steps with the same threshold form one alert. A rung is one alert that may come; every rung of a
clock name has a slot, the same in all policies of its set, so that what has fired stays fired
when a clock goes on under another policy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sla_engine.clock.layout import SLOTS, WARNING_SLOTS
from sla_engine.clock.rules import (
    STEP_ASKS,
    STEP_DURING,
    STEP_HOLDS,
    STEP_IF,
    STEP_SCORED,
    STEP_TELLS,
    STEP_UNTIL_ACK,
)
from sla_engine.errors import PolicyError
from sla_engine.policy.model import Action, At, ClockPolicy, Condition, Policy, Step
from sla_engine.policy.profile import RESERVED, TELLING

#: (amount, offset, step, repeat, slot, at): a RUNG row.
RungRow = tuple[int, int, int, int, int, int]

#: `at: breach` steps of one clock that add their actions to the breach.
_BREACH_PARTS_MAX = 16


@dataclass(frozen=True)
class LadderStep:
    """What the alert of one rung carries, and what decides whether it comes."""

    threshold: str
    level: int
    actions: tuple[Action, ...]
    condition: Condition | None
    during: str
    options: int

    @property
    def row(self) -> tuple[int, int]:
        """The STEP row."""
        return self.level, self.options


@dataclass
class Ladder:
    """The steps of one clock: first the merged ones of the rungs, then those of the breach."""

    steps: list[LadderStep]
    rungs: list[RungRow]
    warnings: int
    first_step: int
    first_rung: int
    first_breach: int
    breaches: int

    @property
    def step_count(self) -> int:
        """Rows of `steps`."""
        return len(self.steps)


@dataclass
class Slotting:
    """Slots of every column: warnings in the first WARNING_SLOTS, the others behind."""

    slots: dict[tuple[str, str, str], int] = field(default_factory=dict)
    levels: dict[tuple[str, str, bool], int] = field(default_factory=dict)

    def slot(self, policy: Policy, clock: ClockPolicy, key: str, *, warning: bool) -> int:
        """The slot of a rung, taken when it is new. PolicyError when there are too many."""
        name = (policy.set, clock.name, key)
        if name not in self.slots:
            level = self.levels.get((policy.set, clock.name, warning), 0)
            first, limit = (0, WARNING_SLOTS) if warning else (WARNING_SLOTS, SLOTS)
            if first + level >= limit:
                what = "distinct warnings" if warning else "firings after the breach"
                raise PolicyError(
                    f"{policy.where}: clock `{clock.name}` has more than {limit - first} {what} "
                    f"over the policies of set `{policy.set}`: join some, or lower `times`",
                    code="TOO_MANY_STEPS",
                )
            self.slots[name] = first + level
            self.levels[policy.set, clock.name, warning] = level + 1
        return self.slots[name]


def joins_breach(step: Step) -> bool:
    """Whether an `at: breach` step adds its actions to the breach alert."""
    return step.at == At.BREACH and step.condition is None and not step.hold_outside_hours


def ladder_for(
    policy: Policy, clock: ClockPolicy, slotting: Slotting, first_step: int, first_rung: int
) -> Ladder:
    """The ladder of one clock of a policy; its steps and rungs begin at these rows."""
    own = [step for step in policy.steps if step.clocks is None or clock.name in step.clocks]
    breaches = [step for step in own if joins_breach(step)]
    if len(breaches) > _BREACH_PARTS_MAX:
        raise PolicyError(
            f"{policy.where}: clock `{clock.name}` of policy `{policy.name}` has more than "
            f"{_BREACH_PARTS_MAX} steps at the breach: join some",
            code="TOO_MANY_STEPS",
        )
    warnings, afters = _rungs([step for step in own if not joins_breach(step)])
    if policy.repeat_ladder is not None and afters:
        afters += _repeated(afters, policy.repeat_ladder.times, policy.repeat_ladder.wait_ms)
    groups: dict[tuple[int, ...], int] = {}
    steps: list[LadderStep] = []
    rungs: list[RungRow] = []
    for rung in (*warnings, *afters):
        levels = tuple(step.level for step in rung.steps)
        if levels not in groups:
            groups[levels] = first_step + len(steps)
            steps.append(_ladder_step(rung.steps))
        slot = slotting.slot(policy, clock, rung.key, warning=rung.at != At.AFTER)
        row = (rung.amount, rung.offset, groups[levels], rung.repeat, slot, int(rung.at))
        rungs.append(row)
    first_breach = first_step + len(steps)
    steps += [_ladder_step([step]) for step in breaches]
    return Ladder(steps, rungs, len(warnings), first_step, first_rung, first_breach, len(breaches))


def threshold_of(step: Step) -> str:
    """The normalised threshold; an alert of its own at the breach is `after:0`."""
    return "after:0" if step.at == At.BREACH and not joins_breach(step) else step.threshold


def _ladder_step(group: Sequence[Step]) -> LadderStep:
    step = group[0]
    actions = tuple(action for each in group for action in each.actions)
    told = {name for action in actions if action.do in TELLING for name in action.to}
    options = 0
    for wanted, option in (
        (any(each.until_acknowledged for each in group), STEP_UNTIL_ACK),
        (step.hold_outside_hours, STEP_HOLDS),
        (bool(step.during), STEP_DURING | STEP_ASKS),
        (step.condition is not None, STEP_IF | STEP_ASKS),
        (step.condition is not None and "score" in step.condition.attributes, STEP_SCORED),
        (bool(told - set(RESERVED)), STEP_TELLS),
        (bool(told) and told <= set(RESERVED), STEP_ASKS),
    ):
        if wanted:
            options |= option
    return LadderStep(threshold_of(step), step.level, actions, step.condition, step.during, options)


@dataclass
class _Rung:
    """One alert that may come: the steps with one threshold, one repeat."""

    key: str
    amount: int
    offset: int
    repeat: int
    at: At
    steps: list[Step]


def _rungs(steps: Sequence[Step]) -> tuple[list[_Rung], list[_Rung]]:
    """(warnings as written, what comes after the breach by its distance) of one round."""
    warnings: dict[str, _Rung] = {}
    afters: dict[str, _Rung] = {}
    for step in steps:
        key = threshold_of(step)
        if step.at == At.EVERY:
            for n in range(1, step.times + 1):
                offset = n * step.amount
                rung = _Rung(f"{key}/{n}", step.amount, offset, n, At.AFTER, [])
                afters.setdefault(rung.key, rung).steps.append(step)
        elif step.at in (At.AFTER, At.BREACH):
            rung = _Rung(key, step.amount, step.amount, 0, At.AFTER, [])
            afters.setdefault(key, rung).steps.append(step)
        else:
            rung = _Rung(key, step.amount, 0, 0, step.at, [])
            warnings.setdefault(key, rung).steps.append(step)
    in_order = sorted(afters.values(), key=lambda rung: (rung.offset, rung.steps[0].level))
    return list(warnings.values()), in_order


def _repeated(first: Sequence[_Rung], times: int, wait: int) -> list[_Rung]:
    """Further rounds, each beginning `wait` after the last step of the round before (F63)."""
    begin, end = first[0].offset, first[-1].offset
    thresholds = [rung.key.split("/")[0] for rung in first]
    made: list[_Rung] = []
    base = end
    for turn in range(1, times + 1):
        for rung, threshold in zip(first, thresholds, strict=True):
            number = turn * thresholds.count(threshold) + max(1, rung.repeat)
            offset = base + wait + rung.offset - begin
            key = f"{threshold}/{number}"
            made.append(_Rung(key, rung.amount, offset, number, At.AFTER, rung.steps))
        base += wait + end - begin
    return made
