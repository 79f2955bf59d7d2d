"""The linter: what is allowed but hardly meant, as far as it can be decided for certain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sla_engine.policy.cel import Scope
from sla_engine.policy.context import Context
from sla_engine.policy.decide import Decider
from sla_engine.policy.durations import format_duration
from sla_engine.policy.merge import applies
from sla_engine.policy.model import (
    At,
    ClockPolicy,
    Condition,
    FixedTarget,
    Length,
    Policy,
    PolicySet,
    Step,
    TargetBy,
    TargetCases,
)
from sla_engine.policy.nodes import Place, Scalar
from sla_engine.policy.openness import always_open
from sla_engine.policy.profile import RESERVED, TELLING
from sla_engine.policy.vocabulary import DEFAULT_SET

#: When every kind with a name of its own ends, unless `stop` or `cancel` says otherwise.
_OVER: Final = 'status_class in ["resolved", "closed"]'
#: Kinds that the end of the incident does not cancel.
_NOT_CANCELLED: Final = ("custom", "resolution")
#: Steps before the breach: an acknowledgement never stops them (contracts section 1).
_WARNINGS: Final = (At.PERCENT, At.BEFORE, At.SCORE, At.BREACH)


def lint(policies: PolicySet, context: Context) -> None:
    """Add the warnings of a policy set that has no errors."""
    _Linter(policies, context, Decider(context.conditions)).run()


@dataclass(frozen=True)
class _Linter:
    policies: PolicySet
    context: Context
    decider: Decider

    def run(self) -> None:
        for condition in _conditions(self.policies):
            self._joint(condition)
        for spec in self.policies.sets.values():
            members = [policy for policy in self.policies.policies if policy.set == spec.name]
            if not spec.match_all:
                self._reach(members)
            if spec.name == DEFAULT_SET and members and not spec.match_all:
                self._catch_all(members)
        for policy in self.policies.policies:
            self._ladder(policy)
            for clock in policy.clocks:
                self._ends(clock)
                self._goes_on(clock)
                self._pauses(clock)
                self._cases(clock)
                self._warnings(policy, clock)

    def _warn(self, where: str, code: str, message: str) -> None:
        self.context.error(Place.of(where), code, message)

    def _joint(self, condition: Condition) -> None:
        if condition.joint:
            names = " and ".join(f"`{name}`" for name in sorted(condition.joint))
            self._warn(
                condition.where,
                "SEVERAL_ATTRIBUTES",
                f"{names} stand in one comparison, which is evaluated anew for every value of them",
            )

    def _reach(self, members: list[Policy]) -> None:
        """First match: a policy whose every incident an earlier one takes is never chosen."""
        for position, policy in enumerate(members):
            if policy.when is not None and self.decider.never(policy.when):
                self._warn(policy.where, "UNREACHABLE", f"`{policy.name}`: `when` is never true")
                continue
            earlier = [
                other
                for other in members[:position]
                if other.valid_from is None and other.valid_to is None
            ]
            taker = next((other for other in earlier if self._takes(other, policy)), None)
            if taker is not None:
                self._warn(
                    policy.where,
                    "UNREACHABLE",
                    f"`{policy.name}` is never chosen: `{taker.name}` at {taker.where} takes all "
                    "that it would match",
                )
            elif len(earlier) > 1 and self.decider.implies(
                policy.when, [other.when for other in earlier]
            ):
                self._warn(
                    policy.where,
                    "UNREACHABLE",
                    f"`{policy.name}` is never chosen: the policies before it take all that it "
                    "would match",
                )

    def _takes(self, other: Policy, policy: Policy) -> bool:
        if other.when is None:
            return True
        return (
            policy.when is not None
            and _independent(other.when) <= _independent(policy.when)
            and self.decider.implies(policy.when, [other.when])
        )

    def _catch_all(self, members: list[Policy]) -> None:
        always = [p.when for p in members if p.valid_from is None and p.valid_to is None]
        if not self.decider.implies(None, always):
            self._warn(
                members[-1].where,
                "NO_CATCH_ALL",
                "an incident may match no policy: end with one that has no `when`",
            )

    def _ends(self, clock: ClockPolicy) -> None:
        """A clock that ends by what starts it never runs (G24)."""
        for key, end in (("stop", clock.stop), ("cancel", clock.cancel)):
            if (
                clock.start is not None
                and end is not None
                and self.decider.implies(clock.start, [end])
            ):
                self._warn(
                    clock.start.where,
                    "START_WITHIN_END",
                    f"clock `{clock.name}` never runs: whenever `start` holds, `{key}` holds too",
                )

    def _goes_on(self, clock: ClockPolicy) -> None:
        """A cycle that nothing ends, or that every event ends and begins anew."""
        never = self.decider.never
        is_cancelled = (
            clock.kind not in _NOT_CANCELLED if clock.cancel is None else (not never(clock.cancel))
        )
        if clock.stop is not None and not is_cancelled and never(clock.stop):
            self._warn(
                clock.stop.where,
                "NEVER_ENDS",
                f"clock `{clock.name}`: `stop` never holds and nothing cancels it",
            )
        start, reset = clock.start, clock.reset
        if (
            start is not None
            and reset is not None
            and not (start.uses_event or reset.uses_event)
            and self.decider.implies(start, [reset])
        ):
            self._warn(
                reset.where,
                "ENDLESS_CYCLES",
                f"clock `{clock.name}`: while `start` holds `reset` holds too, so every event ends "
                "the cycle and begins another - let one of them mention `event.type`",
            )

    def _pauses(self, clock: ClockPolicy) -> None:
        if clock.pause is None:
            return
        ends = [end for end in (clock.stop, clock.cancel) if end is not None]
        own_end = clock.stop if clock.kind == "resolution" else clock.cancel
        if clock.kind != "custom" and own_end is None:
            place = Place.of(clock.where)
            over = self.context.conditions.compile(Scalar(_OVER, place), Scope.CLOCK)
            ends += [] if over is None else [over]
        if self.decider.implies(clock.pause, ends):
            self._warn(
                clock.pause.where,
                "NEVER_PAUSED",
                f"clock `{clock.name}`: `pause` holds only when the clock has ended, or never",
            )
        elif (
            clock.resume is None
            and not clock.pause.uses_event
            and self.decider.implies(None, [clock.pause])
        ):
            self._warn(
                clock.pause.where, "ALWAYS_PAUSED", f"clock `{clock.name}`: `pause` always holds"
            )

    def _cases(self, clock: ClockPolicy) -> None:
        if not isinstance(clock.target, TargetCases):
            return
        before: list[Condition] = []
        for case in clock.target.cases:
            if case.when is None:
                return
            if self.decider.implies(case.when, before):
                self._warn(
                    case.when.where,
                    "UNREACHABLE",
                    f"clock `{clock.name}`: this entry never counts, earlier ones take all of it",
                )
            before.append(case.when)
        self._warn(
            clock.where,
            "MISSING_DEFAULT",
            f"clock `{clock.name}`: incidents that fit no entry get no clock - end the list with "
            "`{is: ...}`",
        )

    def _warnings(self, policy: Policy, clock: ClockPolicy) -> None:
        """A warning before the start fires at the start, which is no warning."""
        lengths = [length for length in _lengths(clock) if isinstance(length, int)]
        for step in policy.steps:
            short = [length for length in lengths if length <= step.amount]
            if step.at is At.BEFORE and short and applies(step, clock.name):
                self._warn(
                    step.where,
                    "WARNING_AT_START",
                    f"{format_duration(step.amount)} before the due of clock `{clock.name}` is not "
                    f"after its start: its target can be {format_duration(min(short))}",
                )

    def _ladder(self, policy: Policy) -> None:
        if policy.repeat_ladder is not None and not policy.steps:
            self._warn(policy.where, "NO_EFFECT", "`repeat_ladder`: there are no `escalations`")
        for step in policy.steps:
            self._nobody(policy, step)
            if step.until_acknowledged and step.at in _WARNINGS:
                self._warn(
                    step.where,
                    "NO_EFFECT",
                    "`until: acknowledged`: warnings and the breach are never stopped by it",
                )
            clocks = [clock for clock in policy.clocks if applies(step, clock.name)]
            if (
                step.hold_outside_hours
                and not step.during
                and clocks
                and all(always_open(c.calendar, self.policies.calendars) for c in clocks)
            ):
                self._warn(
                    step.where,
                    "NO_EFFECT",
                    "`outside_hours: hold`: the calendar of its clocks never closes",
                )

    def _nobody(self, policy: Policy, step: Step) -> None:
        """A step that never comes, or tells only people whom its incidents do not have."""
        if step.condition is not None and self.decider.never(step.condition):
            self._warn(step.condition.where, "UNREACHABLE", "`if` is never true")
        told = {name for action in step.actions if action.do in TELLING for name in action.to}
        if policy.when is None or not told or not told <= set(RESERVED):
            return
        names = sorted(told)
        absent = " && ".join(f'{name} == ""' for name in names)
        place = Place.of(policy.when.where)
        condition = self.context.conditions.compile(Scalar(absent, place), Scope.WHEN)
        if condition is not None and self.decider.implies(policy.when, [condition]):
            self._warn(
                step.where,
                "NO_ACTION",
                f"nobody receives it: `when` of `{policy.name}` leaves no {' and no '.join(names)}",
            )


def _independent(condition: Condition) -> set[str]:
    """What a condition mentions; a status decides its class."""
    return {"status" if name == "status_class" else name for name in condition.attributes}


def _lengths(clock: ClockPolicy) -> Iterator[Length]:
    """All lengths that a clock's target can have."""
    match clock.target:
        case FixedTarget():
            yield clock.target.length
        case TargetBy():
            yield from clock.target.lengths.values()
            yield clock.target.default
        case TargetCases():
            yield from (case.length for case in clock.target.cases)


def _conditions(policies: PolicySet) -> Iterator[Condition]:
    """Every condition of a policy set."""
    found: list[Condition | None] = [window.when for window in policies.maintenance]
    for policy in policies.policies:
        found.append(policy.when)
        found += [step.condition for step in policy.steps]
        for clock in policy.clocks:
            found += [clock.start, clock.stop, clock.cancel, clock.reset, clock.pause, clock.resume]
            if isinstance(clock.target, TargetCases):
                found += [case.when for case in clock.target.cases]
    yield from (condition for condition in found if condition is not None)
