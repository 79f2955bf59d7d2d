"""The top-level key `policies`: each entry with its clocks and steps."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sla_engine.limits import REPEATS_MAX, STEPS_PER_CLOCK_MAX
from sla_engine.policy.cel import Scope
from sla_engine.policy.clocks import read_clock
from sla_engine.policy.context import Context
from sla_engine.policy.merge import applies, merge_steps
from sla_engine.policy.model import ClockPolicy, Policy, RepeatLadder, Step
from sla_engine.policy.names import suggestion
from sla_engine.policy.nodes import Mapping, Node, Place
from sla_engine.policy.options import OPTION_KEYS, Options, read_options
from sla_engine.policy.steps import read_step
from sla_engine.policy.version import policy_version
from sla_engine.policy.vocabulary import DEFAULT_SET

POLICY_KEYS: Final = (
    "name",
    "set",
    "when",
    "valid",
    "clocks",
    "escalations",
    "repeat_ladder",
    "ack_expires",
    *OPTION_KEYS,
)
REPEAT_KEYS: Final = ("times", "wait")


def read_policies(node: Node | None, defaults: Options, context: Context) -> tuple[Policy, ...]:
    """The policies in written order, which is their precedence inside a set."""
    policies: list[Policy] = []
    places: dict[str, Place] = {}
    for item in () if node is None else context.read.items(node, "`policies`"):
        mapping = context.read.mapping(item, "a policy")
        if mapping is None:
            continue
        name = _name(mapping, context)
        place = mapping.place
        if name is not None and name in places:
            context.error(place, "DUPLICATE", f"policy `{name}` is already given at {places[name]}")
        places.setdefault(name or "", place)
        policies.append(_Reading(name or "?", mapping, defaults, context).policy())
    _check_clock_names(policies, context)
    return tuple(policies)


def _name(mapping: Mapping, context: Context) -> str | None:
    node = context.read.required(mapping, "name", "a policy")
    scalar = None if node is None else context.read.scalar(node, "`name`")
    return None if scalar is None else context.read.name(scalar, "a policy")


class _Reading:
    """Reads one policy."""

    def __init__(self, name: str, mapping: Mapping, defaults: Options, context: Context) -> None:
        self._name = name
        self._what = f"policy `{name}`"
        self._mapping = mapping
        self._defaults = defaults
        self._context = context

    def policy(self) -> Policy:
        mapping, context = self._mapping, self._context
        context.read.keys(mapping, POLICY_KEYS, self._what)
        when, valid, expires = (mapping.get(key) for key in ("when", "valid", "ack_expires"))
        begin, end = (None, None) if valid is None else context.read.span(valid, "`valid`")
        clocks = self._clocks(read_options(mapping, context).over(self._defaults))
        policy = Policy(
            name=self._name,
            where=str(mapping.place),
            set=self._set(),
            when=None if when is None else context.condition(when, Scope.WHEN, "`when`"),
            valid_from=begin,
            valid_to=end,
            clocks=clocks,
            steps=self._steps(clocks),
            repeat_ladder=self._repeat(),
            ack_expires_ms=0
            if expires is None
            else context.read.duration(expires, "`ack_expires`") or 0,
        )
        return replace(policy, version=policy_version(policy))

    def _set(self) -> str:
        node = self._mapping.get("set")
        scalar = None if node is None else self._context.read.scalar(node, "`set`")
        if scalar is None or scalar.text in self._context.sets:
            return DEFAULT_SET if scalar is None else scalar.text
        hint = suggestion(scalar.text, self._context.sets)
        self._context.error(
            scalar.place, "UNKNOWN_SET", f"{self._what}: no set `{scalar.text}`{hint}"
        )
        return DEFAULT_SET

    def _clocks(self, farther: Options) -> tuple[ClockPolicy, ...]:
        read = self._context.read
        node = read.required(self._mapping, "clocks", self._what)
        mapping = None if node is None else read.mapping(node, f"`clocks` of {self._what}")
        found = (read_clock(key, value, farther, self._context) for key, value in mapping or ())
        clocks = tuple(clock for clock in found if clock is not None)
        if mapping is not None and not mapping.entries:
            self._context.error(mapping.place, "MISSING_KEY", f"{self._what} has no clock")
        return clocks

    def _steps(self, clocks: tuple[ClockPolicy, ...]) -> tuple[Step, ...]:
        node = self._mapping.get("escalations")
        if node is None:
            return ()
        items = self._context.read.items(node, f"`escalations` of {self._what}")
        found = (
            read_step(item, level, clocks, self._context) for level, item in enumerate(items, 1)
        )
        steps = [step for step in found if step is not None]
        names = tuple(clock.name for clock in clocks)
        merged = merge_steps(steps, names, self._conflict)
        for clock in clocks:
            count = sum(applies(step, clock.name) for step in merged)
            if count > STEPS_PER_CLOCK_MAX:
                self._context.error(
                    node.place,
                    "TOO_MANY_STEPS",
                    f"{self._what}: clock `{clock.name}` has {count} different steps, "
                    f"{STEPS_PER_CLOCK_MAX} are possible",
                )
        return merged

    def _conflict(self, first: Step, other: Step, key: str, clock: str) -> None:
        # The contract lets `during` differ; one alert with two of them is not built.
        self._context.error(
            Place.of(other.where),
            "NOT_CARRIED_OUT" if key == "during" else "THRESHOLD",
            f"clock `{clock}`: this step and the one at {first.where} fire at the same threshold "
            f"and form one alert, but their `{key}` differ",
        )

    def _repeat(self) -> RepeatLadder | None:
        node = self._mapping.get("repeat_ladder")
        read = self._context.read
        mapping = None if node is None else read.mapping(node, "`repeat_ladder`")
        if mapping is None:
            return None
        read.keys(mapping, REPEAT_KEYS, "`repeat_ladder`")
        times = read.required(mapping, "times", "`repeat_ladder`")
        wait = read.required(mapping, "wait", "`repeat_ladder`")
        count = None if times is None else read.integer(times, 1, REPEATS_MAX, "`times`")
        wait_ms = None if wait is None else read.duration(wait, "`wait`")
        return None if count is None or wait_ms is None else RepeatLadder(count, wait_ms)


def _check_clock_names(policies: list[Policy], context: Context) -> None:
    """In a `match: all` set several policies match at once: each clock needs a name of its own."""
    seen: dict[tuple[str, str], Policy] = {}
    for policy in policies:
        spec = context.sets.get(policy.set)
        if spec is None or not spec.match_all:
            continue
        for clock in policy.clocks:
            first = seen.setdefault((policy.set, clock.name), policy)
            if first is not policy:
                context.error(
                    Place.of(clock.where),
                    "CLOCK_NAMES",
                    f"set `{policy.set}` matches all, and policy `{first.name}` has a clock "
                    f"`{clock.name}` too: name one otherwise, with `kind: {clock.kind}`",
                )
