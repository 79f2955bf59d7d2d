"""Columns, clock definitions and plans: the rule tables of one policy set.

A column is one clock name of one set; a definition is that clock in one policy; a plan says
which definition a profile gets in each column, with what target and calendar.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
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
    OPT_LIVE,
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
from sla_engine.policy.editions import Editions
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
    Maintenance,
    Policy,
    PolicySet,
    Relative,
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


#: What of a definition belongs to its steps.
_OF_STEPS = ("ack_expires", "rung", "warnings", "afters", "breach", "breaches", "ladder")

#: The editions that a column's rules and its steps stay with.
Pin = tuple[int, int]


@dataclass
class Definitions:
    """The static tables, with the objects they were made from at the same indexes."""

    editions: Editions
    slots: Slots
    slotting: Slotting = field(default_factory=Slotting)
    columns: list[tuple[str, str]] = field(default_factory=list)  # (set, clock name)
    clocks: list[ClockPolicy] = field(default_factory=list)
    owners: list[Policy] = field(default_factory=list)
    of_edition: list[int] = field(default_factory=list)  # by clock
    ladders: list[Ladder] = field(default_factory=list)
    steps: list[LadderStep] = field(default_factory=list)
    step_editions: list[int] = field(default_factory=list)  # by step
    windows: list[tuple[int, Maintenance]] = field(default_factory=list)  # (edition, window)
    by_policy: dict[tuple[int, str, str], int] = field(default_factory=dict)
    joined: dict[tuple[int, int], int] = field(default_factory=dict)
    written: int = 0  # definitions as policies write them; those behind are joined on demand
    column_rows: NDArray[Any] = field(default_factory=lambda: np.zeros(0, COLUMN))
    rows: NDArray[Any] = field(default_factory=lambda: np.zeros(0, DEFINITION))
    step_rows: NDArray[Any] = field(default_factory=lambda: np.zeros(0, STEP))
    rung_rows: NDArray[Any] = field(default_factory=lambda: np.zeros(0, RUNG))

    def plan(
        self,
        row: NDArray[Any],
        values_in: Callable[[int], Mapping[str, Value]],
        edition: int,
        pins: Mapping[int, Pin],
        instant: int,
        calendars: CalendarBook,
    ) -> None:
        """Fill one profile's plan row: match the policies of every set, choose the targets.

        `values_in` gives the attributes as an edition reads them. A column in `pins` is matched
        in the edition that it stays with, its steps in theirs, as long as they have it.
        """
        row["definition"] = -1
        row["turn"] = -1
        chosen = {
            number: self._chosen(number, values_in(number), instant)
            for number in {edition, *(kept for pin in pins.values() for kept in pin)}
        }
        pins = {column: pin for column, pin in pins.items() if column in chosen[pin[0]]}
        turn = []
        for number in sorted(chosen, key=lambda each: each != edition):
            values = values_in(number)
            for column, own in chosen[number].items():
                rules, steps = pins.get(column, (edition, edition))
                if rules != number:
                    continue
                clock = self.clocks[own]
                self._fill(row[column], clock, number, values, calendars)
                row[column]["definition"] = self.with_steps(own, chosen[steps].get(column, own))
                turn.append((clock.kind == "next_response", column))
        # In the order of the policies, next_response last.
        for n, (_, column) in enumerate(sorted(turn, key=lambda each: each[0])):
            row[n]["turn"] = column

    def _chosen(self, edition: int, values: Mapping[str, Value], instant: int) -> dict[int, int]:
        """Column -> definition, in the order of an edition's policies that match."""
        return {
            self.columns.index((policy.set, clock.name)): self.by_policy[
                edition, policy.name, clock.name
            ]
            for policy in matching(self.editions.policies(edition), values, instant)
            for clock in policy.clocks
        }

    def _fill(
        self,
        entry: Any,
        clock: ClockPolicy,
        edition: int,
        values: Mapping[str, Value],
        calendars: CalendarBook,
    ) -> None:
        entry["mode"], entry["amount"] = target_for(clock, values, self.slots.times)
        name = calendar_name(clock.calendar, values, self.editions.policies(edition))
        name = self.editions.calendars[edition].get(name, name)
        index = calendars.index(name, str(values.get("time_zone") or ""))
        entry["calendar"] = index
        entry["calendar_key"] = calendar_key(calendars, index)

    def with_steps(self, number: int, steps: int) -> int:
        """The definition `number` with the steps of definition `steps`, made when it is new."""
        if number == steps:
            return number
        found = self.joined.get((number, steps))
        if found is None:
            found = self.joined[number, steps] = len(self.clocks)
            row = self.rows[number : number + 1].copy()
            for name in _OF_STEPS:
                row[name] = self.rows[name][steps]
            row["options"] &= ~np.uint32(OPT_SCORES)
            row["options"] |= self.rows["options"][steps] & OPT_SCORES
            self.rows = np.concatenate((self.rows, row))
            self.clocks.append(self.clocks[number])
            self.owners.append(self.owners[number])
            self.of_edition.append(self.of_edition[number])
            self.ladders.append(self.ladders[steps])
        return found


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


def build_definitions(editions: Editions, slots: Slots) -> Definitions:
    """The static tables of the editions. PolicyError for what the engine cannot do."""
    made = Definitions(editions, slots, windows=editions.windows())
    if len(slots.times) > 4:
        raise PolicyError(
            "rules use more than two custom time attributes in due_at and starts_at "
            f"({', '.join(slots.times[2:])}); keep to two"
        )
    rows: list[tuple[Any, ...]] = []
    rung_rows: list[RungRow] = []
    numbers = count()
    for edition in range(len(editions)):
        for policy in editions.policies(edition).policies:
            number = next(numbers)
            for clock in policy.clocks:
                key = (policy.set, clock.name)
                if key not in made.columns:
                    made.columns.append(key)
                made.by_policy[edition, policy.name, clock.name] = len(made.clocks)
                ladder = ladder_for(policy, clock, made.slotting, len(made.steps), len(rung_rows))
                made.steps += ladder.steps
                made.step_editions += [edition] * len(ladder.steps)
                rung_rows += ladder.rungs
                rows.append(_definition(made, policy, clock, ladder, number, edition))
                made.clocks.append(clock)
                made.owners.append(policy)
                made.of_edition.append(edition)
                made.ladders.append(ladder)
    made.column_rows = np.array(_column_rows(made), COLUMN)
    made.rows = np.array(rows, DEFINITION)
    made.written = len(rows)
    made.step_rows = np.array([step.row for step in made.steps], STEP)
    made.rung_rows = np.array(rung_rows, RUNG)
    return made


def _column_rows(made: Definitions) -> list[tuple[Any, ...]]:
    names = [name for each in made.editions.all for name in each.policies.sets]
    set_numbers = {name: n for n, name in enumerate(dict.fromkeys(names))}
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
        (clock.live_ladder, OPT_LIVE),
    ):
        if wanted:
            options |= option
    return options


def _definition(
    made: Definitions,
    policy: Policy,
    clock: ClockPolicy,
    ladder: Ladder,
    number: int,
    edition: int,
) -> tuple[Any, ...]:
    starts_at = made.slots.times.index(clock.starts_at) if clock.starts_at else -1
    return (
        clock.hold_ms,
        clock.grace_ms,
        policy.ack_expires_ms,
        made.columns.index((policy.set, clock.name)),
        number,
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
        int(clock.on_edit),
        edition,
        edition,
        (0, 0, 0, 0),
    )
