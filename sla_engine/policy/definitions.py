"""Columns, clock definitions, steps and plans: the static half of the rule tables.

A column is one clock name of one set; a definition is that clock in one policy; a plan says
which definition a profile gets in each column, with what target and calendar.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from sla_engine.alert.ids import encoded
from sla_engine.calendar import CalendarBook
from sla_engine.clock.layout import (
    COLUMN,
    DEFINITION,
    MAX_STEPS,
    OPT_DROP_PAUSES,
    OPT_FROM_OPENED,
    OPT_FROM_START,
    OPT_HAS_RESUME,
    OPT_REARM,
    OPT_RECURS,
    OPT_SEQUENTIAL,
    OPT_SILENT,
    STEP,
    TargetMode,
)
from sla_engine.errors import PolicyError
from sla_engine.event.hashing import hash_text
from sla_engine.policy.model import (
    KINDS,
    Action,
    At,
    BusinessDays,
    CalendarChoice,
    ClockPolicy,
    DueAtAttribute,
    DueAtRelative,
    FixedTarget,
    Length,
    Policy,
    PolicySet,
    Relative,
    Step,
    TargetBy,
    TargetCases,
    Value,
)
from sla_engine.policy.profile import Slots, is_valid

_FROM_START = {"first_response", "resolution", "acknowledge", "answer"}
_RECURRING = {"update", "ownership"}

_RELATIVE = {
    Relative.END_OF_BUSINESS_DAY: TargetMode.END_OF_DAY,
    Relative.END_OF_NEXT_BUSINESS_DAY: TargetMode.END_OF_NEXT_DAY,
    Relative.NEXT_BUSINESS_DAY_AT: TargetMode.NEXT_DAY_AT,
}


@dataclass(frozen=True)
class LadderStep:
    """What an alert of one step carries: threshold text, level and merged actions."""

    threshold: str
    level: int
    actions: tuple[Action, ...]


@dataclass
class Definitions:
    """The static tables, with the objects they were made from at the same indexes."""

    policies: PolicySet
    slots: Slots
    columns: list[tuple[str, str]] = field(default_factory=list)  # (set, clock name)
    clocks: list[ClockPolicy] = field(default_factory=list)
    owners: list[Policy] = field(default_factory=list)
    ladder: list[LadderStep] = field(default_factory=list)
    by_policy: dict[tuple[str, str], int] = field(default_factory=dict)
    column_rows: NDArray[Any] = field(default_factory=lambda: np.zeros(0, COLUMN))
    rows: NDArray[Any] = field(default_factory=lambda: np.zeros(0, DEFINITION))
    step_rows: NDArray[Any] = field(default_factory=lambda: np.zeros(0, STEP))

    def plan(
        self,
        row: NDArray[Any],
        values: Mapping[str, Value],
        instant: int,
        calendars: CalendarBook,
    ) -> None:
        """Fill one profile's plan row: match the policies of every set, choose the targets."""
        row["definition"] = -1
        for policy in matching(self.policies, values, instant):
            for clock in policy.clocks:
                column = self.columns.index((policy.set, clock.name))
                mode, amount = target_for(clock, values, self.slots.times)
                if mode == TargetMode.NONE:
                    continue
                entry = row[column]
                entry["definition"] = self.by_policy[policy.name, clock.name]
                entry["mode"] = mode
                entry["amount"] = amount
                name = calendar_name(clock.calendar, values, self.policies)
                index = calendars.index(name, str(values.get("time_zone") or ""))
                entry["calendar"] = index
                entry["calendar_key"] = calendar_key(calendars, index)


def calendar_key(calendars: CalendarBook, index: int) -> int:
    """What names a compiled calendar in stored clocks."""
    compiled = calendars.compiled(index)
    return crc32(f"{compiled.name}/{compiled.version}".encode())


def matching(policies: PolicySet, values: Mapping[str, Value], instant: int) -> list[Policy]:
    """The policies in force: the first match of each set, or all of them (D1)."""
    found: list[Policy] = []
    settled: set[str] = set()
    for policy in policies.policies:
        if policy.set in settled or not is_valid(policy.valid_from, policy.valid_to, instant):
            continue
        if policy.when is not None and not policy.when.holds(values):
            continue
        found.append(policy)
        if not policies.sets[policy.set].match_all:
            settled.add(policy.set)
    return found


def target_for(
    clock: ClockPolicy, values: Mapping[str, Value], times: list[str]
) -> tuple[TargetMode, int]:
    """(mode, amount) of the clock's target under these attributes."""
    target = clock.target
    match target:
        case DueAtAttribute():
            return TargetMode.ATTRIBUTE, times.index(target.attribute)
        case DueAtRelative():
            return _RELATIVE[target.relative], target.minute
        case FixedTarget():
            return _length(target.length)
        case TargetBy():
            value = str(values.get(target.attribute) or "")
            if value in target.lengths:
                return _length(target.lengths[value])
            return _length(target.default) if target.has_default else (TargetMode.NONE, 0)
        case TargetCases():
            for case in target.cases:
                if case.when is None or case.when.holds(values):
                    return _length(case.length)
    return TargetMode.NONE, 0


def _length(length: Length) -> tuple[TargetMode, int]:
    if length is None:
        return TargetMode.NONE, 0
    if isinstance(length, BusinessDays):
        return TargetMode.BUSINESS_DAYS, length.days
    return TargetMode.LENGTH, length


def calendar_name(choice: CalendarChoice, values: Mapping[str, Value], policies: PolicySet) -> str:
    """The calendar that a choice means for these attributes."""
    if choice.name is not None:
        return choice.name
    if choice.by_priority is not None:
        return choice.by_priority.get(str(values.get("priority") or ""), choice.default)
    own = str(values.get("calendar") or "")
    return own if own in policies.calendars or own == "24x7" else choice.default


def build_definitions(policies: PolicySet, slots: Slots) -> Definitions:
    """The static tables of a policy set. PolicyError for what the engine cannot do."""
    made = Definitions(policies, slots)
    if len(slots.times) > 4:
        raise PolicyError(
            "rules use more than two custom time attributes in due_at and starts_at "
            f"({', '.join(slots.times[2:])}); keep to two"
        )
    column_rows, rows, step_rows = [], [], []
    set_numbers = {name: n for n, name in enumerate(policies.sets)}
    for policy in policies.policies:
        for clock in policy.clocks:
            key = (policy.set, clock.name)
            if key not in made.columns:
                made.columns.append(key)
                column_rows.append(_column(policy.set, clock, set_numbers[policy.set]))
            made.by_policy[policy.name, clock.name] = len(made.clocks)
            steps = steps_for(policy, clock.name)
            first = len(made.ladder)
            for row, step in steps:
                made.ladder.append(step)
                step_rows.append(row)
            rows.append(_definition(made, policy, clock, first, len(steps)))
            made.clocks.append(clock)
            made.owners.append(policy)
    made.column_rows = np.array(column_rows, COLUMN)
    made.rows = np.array(rows, DEFINITION)
    made.step_rows = np.array(step_rows, STEP)
    for n, (set_name, _) in enumerate(made.columns):
        response = (set_name, "first_response")
        known = response in made.columns
        made.column_rows[n]["first_response"] = made.columns.index(response) if known else -1
    return made


def _column(set_name: str, clock: ClockPolicy, number: int) -> tuple[Any, ...]:
    return (
        hash_text(set_name),
        hash_text(clock.name),
        hash_text(encoded(set_name)),
        hash_text(encoded(clock.name)),
        -1,
        number,
        KINDS.index(clock.kind),
        0,
    )


def _definition(
    made: Definitions, policy: Policy, clock: ClockPolicy, first: int, count: int
) -> tuple[Any, ...]:
    options = 0
    for wanted, option in (
        (clock.kind in _RECURRING or (clock.recurs and clock.kind == "custom"), OPT_RECURS),
        (clock.from_opened, OPT_FROM_OPENED),
        (clock.kind in _FROM_START or clock.from_opened, OPT_FROM_START),
        (clock.resume is not None, OPT_HAS_RESUME),
        (not clock.carry_pauses, OPT_DROP_PAUSES),
        (clock.rearm, OPT_REARM),
        (clock.silent_if_breached, OPT_SILENT),
        (clock.sequential, OPT_SEQUENTIAL),
    ):
        if wanted:
            options |= option
    starts_at = made.slots.times.index(clock.starts_at) if clock.starts_at else -1
    return (
        clock.hold_ms,
        clock.grace_ms,
        policy.ack_expires_ms,
        made.columns.index((policy.set, clock.name)),
        made.policies.policies.index(policy),
        first,
        count,
        starts_at,
        options,
        int(clock.on_reopen),
        int(clock.on_priority_change),
        0,
    )


def steps_for(policy: Policy, clock: str) -> list[tuple[tuple[Any, ...], LadderStep]]:
    """(STEP row, what its alert carries) of one clock: same thresholds merged, written order."""
    groups: dict[str, list[Step]] = {}
    for step in policy.steps:
        if step.clocks is None or clock in step.clocks:
            groups.setdefault(_group(step), []).append(step)
    if len(groups) > MAX_STEPS:
        raise PolicyError(
            f"{policy.where}: clock {clock!r} of policy {policy.name!r} has {len(groups)} "
            f"distinct thresholds; at most {MAX_STEPS} are possible: join some of them"
        )
    made = []
    for group in groups.values():
        step = group[0]
        own = step.at == At.BREACH and not joins_breach(step)
        row = (
            step.amount,
            0,
            int(At.AFTER if own else step.at),
            step.times if step.at == At.EVERY else 1,
            step.level,
            int(step.until_acknowledged),
        )
        actions = tuple(action for each in group for action in each.actions)
        made.append((row, LadderStep("after:0" if own else step.threshold, step.level, actions)))
    return made


def _group(step: Step) -> str:
    kind = "every" if step.at == At.EVERY else ""
    own = "" if step.at != At.BREACH or joins_breach(step) else "own"
    return f"{step.threshold}{kind}{own}"


def joins_breach(step: Step) -> bool:
    """Whether an `at: breach` step adds its actions to the breach alert."""
    return step.condition is None and not step.hold_outside_hours and not step.during
