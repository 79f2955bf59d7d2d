"""Columns, clock definitions and plans: the rule tables of one policy set.

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
from sla_engine.clock.rules import (
    COLUMN,
    DEFINITION,
    OPT_DROP_PAUSES,
    OPT_EDGE,
    OPT_FROM_OPENED,
    OPT_FROM_START,
    OPT_HAS_RESUME,
    OPT_OWN_START,
    OPT_REARM,
    OPT_RECURS,
    OPT_REOPENS,
    OPT_SCORES,
    OPT_SEQUENTIAL,
    OPT_SILENT,
    OPT_WAITS,
    RUNG,
    STEP,
    TargetMode,
)
from sla_engine.errors import PolicyError
from sla_engine.event.hashing import hash_text
from sla_engine.policy.ladders import Ladder, LadderStep, RungRow, Slotting, ladder_for
from sla_engine.policy.model import (
    KINDS,
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
    TargetBy,
    TargetCases,
    Value,
)
from sla_engine.policy.options import not_carried_out
from sla_engine.policy.profile import Slots, is_valid

_FROM_START = {"first_response", "resolution", "acknowledge", "answer"}
_RECURRING = {"update", "ownership"}

_RELATIVE = {
    Relative.END_OF_BUSINESS_DAY: TargetMode.END_OF_DAY,
    Relative.END_OF_NEXT_BUSINESS_DAY: TargetMode.END_OF_NEXT_DAY,
    Relative.NEXT_BUSINESS_DAY_AT: TargetMode.NEXT_DAY_AT,
}


@dataclass
class Definitions:
    """The static tables, with the objects they were made from at the same indexes."""

    policies: PolicySet
    slots: Slots
    columns: list[tuple[str, str]] = field(default_factory=list)  # (set, clock name)
    clocks: list[ClockPolicy] = field(default_factory=list)
    owners: list[Policy] = field(default_factory=list)
    ladders: list[Ladder] = field(default_factory=list)
    steps: list[LadderStep] = field(default_factory=list)
    by_policy: dict[tuple[str, str], int] = field(default_factory=dict)
    column_rows: NDArray[Any] = field(default_factory=lambda: np.zeros(0, COLUMN))
    rows: NDArray[Any] = field(default_factory=lambda: np.zeros(0, DEFINITION))
    step_rows: NDArray[Any] = field(default_factory=lambda: np.zeros(0, STEP))
    rung_rows: NDArray[Any] = field(default_factory=lambda: np.zeros(0, RUNG))

    def plan(
        self,
        row: NDArray[Any],
        values: Mapping[str, Value],
        instant: int,
        calendars: CalendarBook,
    ) -> None:
        """Fill one profile's plan row: match the policies of every set, choose the targets."""
        row["definition"] = -1
        row["turn"] = -1
        for policy in matching(self.policies, values, instant):
            for clock in policy.clocks:
                column = self.columns.index((policy.set, clock.name))
                mode, amount = target_for(clock, values, self.slots.times)
                entry = row[column]
                entry["definition"] = self.by_policy[policy.name, clock.name]
                entry["mode"] = mode
                entry["amount"] = amount
                name = calendar_name(clock.calendar, values, self.policies)
                index = calendars.index(name, str(values.get("time_zone") or ""))
                entry["calendar"] = index
                entry["calendar_key"] = calendar_key(calendars, index)
        for turn, column in enumerate(self._in_turn(values, instant)):
            row[turn]["turn"] = column

    def _in_turn(self, values: Mapping[str, Value], instant: int) -> list[int]:
        """The matched columns in the order of the policies, next_response last."""
        found = [
            (clock.kind == "next_response", self.columns.index((policy.set, clock.name)))
            for policy in matching(self.policies, values, instant)
            for clock in policy.clocks
        ]
        return [column for _, column in sorted(found, key=lambda each: each[0])]


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
    slotting = Slotting()
    rows: list[tuple[Any, ...]] = []
    step_rows: list[tuple[int, int]] = []
    rung_rows: list[RungRow] = []
    for policy in policies.policies:
        for clock in policy.clocks:
            refuse_unknown(policy, clock)
            key = (policy.set, clock.name)
            if key not in made.columns:
                made.columns.append(key)
            made.by_policy[policy.name, clock.name] = len(made.clocks)
            ladder = ladder_for(policy, clock, slotting, len(made.steps), len(rung_rows))
            made.steps += ladder.steps
            step_rows += [step.row for step in ladder.steps]
            rung_rows += ladder.rungs
            rows.append(_definition(made, policy, clock, ladder))
            made.clocks.append(clock)
            made.owners.append(policy)
            made.ladders.append(ladder)
    made.column_rows = np.array(_column_rows(made), COLUMN)
    made.rows = np.array(rows, DEFINITION)
    made.step_rows = np.array(step_rows, STEP)
    made.rung_rows = np.array(rung_rows, RUNG)
    return made


def refuse_unknown(policy: Policy, clock: ClockPolicy) -> None:
    """An option that this engine parses but does not carry out is refused, never ignored."""
    told = not_carried_out(policy, clock)
    if told:
        raise PolicyError(f"{clock.where}: {told}", code="NOT_CARRIED_OUT")


def _column_rows(made: Definitions) -> list[tuple[Any, ...]]:
    set_numbers = {name: n for n, name in enumerate(made.policies.sets)}
    ranks = {key: rank for rank, key in enumerate(sorted(made.columns))}
    return [
        (
            hash_text(key[0]),
            hash_text(key[1]),
            hash_text(encoded(key[0])),
            hash_text(encoded(key[1])),
            set_numbers[key[0]],
            ranks[key],
        )
        for key in made.columns
    ]


def options_of(clock: ClockPolicy, ladder: Ladder) -> int:
    """DEFINITION.options of a clock."""
    options = 0
    for wanted, option in (
        (clock.kind in _RECURRING or clock.recurs or clock.reset is not None, OPT_RECURS),
        (clock.from_opened, OPT_FROM_OPENED),
        (clock.kind in _FROM_START, OPT_FROM_START),
        (clock.resume is not None, OPT_HAS_RESUME),
        (not clock.carry_pauses, OPT_DROP_PAUSES),
        (clock.rearm, OPT_REARM),
        (clock.silent_if_breached, OPT_SILENT),
        (clock.sequential, OPT_SEQUENTIAL),
        (clock.start is not None, OPT_EDGE),
        (clock.kind == "next_response" and clock.start is None, OPT_WAITS),
        (clock.kind in ("resolution", "custom"), OPT_REOPENS),
        (clock.own_start_on_merge, OPT_OWN_START),
        (any(rung[-1] == At.SCORE for rung in ladder.rungs), OPT_SCORES),
    ):
        if wanted:
            options |= option
    return options


def _definition(
    made: Definitions, policy: Policy, clock: ClockPolicy, ladder: Ladder
) -> tuple[Any, ...]:
    starts_at = made.slots.times.index(clock.starts_at) if clock.starts_at else -1
    return (
        clock.hold_ms,
        clock.grace_ms,
        policy.ack_expires_ms,
        made.columns.index((policy.set, clock.name)),
        made.policies.policies.index(policy),
        ladder.first_rung,
        ladder.warnings,
        len(ladder.rungs) - ladder.warnings,
        ladder.first_breach,
        ladder.breaches,
        options_of(clock, ladder),
        starts_at,
        KINDS.index(clock.kind),
        int(clock.on_reopen),
        int(clock.on_priority_change),
        (0, 0, 0),
    )
