"""A policy's clocks: kinds, conditions and options, with everything resolved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sla_engine.policy.cel import Scope
from sla_engine.policy.context import Context
from sla_engine.policy.durations import says_days
from sla_engine.policy.model import (
    KINDS,
    CalendarChoice,
    ClockPolicy,
    Condition,
    FixedTarget,
    OnEdit,
    OnPriorityChange,
    OnReopen,
    ReplyRules,
    Target,
)
from sla_engine.policy.names import suggestion
from sla_engine.policy.nodes import Mapping, Node, Scalar, Sequence
from sla_engine.policy.openness import always_open
from sla_engine.policy.options import OPTION_KEYS, Options, read_options
from sla_engine.policy.targets import read_due, read_target
from sla_engine.policy.vocabulary import ALWAYS_OPEN

CUSTOM: Final = "custom"
NAMED_KINDS: Final = tuple(kind for kind in KINDS if kind != CUSTOM)
CONDITION_KEYS: Final = ("start", "stop", "cancel", "reset", "pause", "resume")
TARGET_KEYS: Final = ("target", "every", "due_at")
CLOCK_KEYS: Final = (
    *TARGET_KEYS,
    *CONDITION_KEYS,
    *OPTION_KEYS,
    "kind",
    "per",
    "from",
    "starts_at",
)

STAYS: Final = ("team", "assignee")
FROM_WORDS: Final = ("opened",)

#: Keys that only some kinds have -> those kinds.
ONLY_FOR: Final = {
    "per": ("ownership",),
    "from": ("update",),
    "start": (CUSTOM,),
    "reset": tuple(kind for kind in KINDS if kind != "first_response"),
    "every": ("update", "next_response", "ownership", CUSTOM),
    "on_resolve": ("first_response", "next_response"),
    "on_reopen": ("resolution", CUSTOM),
}
#: What holds where no place says anything.
_DEFAULTS: Final = Options(
    calendar=CalendarChoice(name=ALWAYS_OPEN),
    reply=ReplyRules(),
    customer_comment_resumes=True,
    resolve_meets=False,
    reopen=(OnReopen.CONTINUE, 0),
    on_priority_change=OnPriorityChange.KEEP_START,
    carry_pauses=True,
    rearm=False,
    silent_if_breached=False,
    sequential=False,
    hold_ms=0,
    on_edit=OnEdit.PIN,
    own_start_on_merge=False,
    live_ladder=False,
)


def read_clock(key: Scalar, node: Node, farther: Options, context: Context) -> ClockPolicy | None:
    """One clock; `farther` are the options of its policy and of `defaults`."""
    name = context.read.name(key, "a clock")
    what = f"clock `{name}`"
    mapping = context.read.mapping(node, what)
    if mapping is None:
        return None
    context.read.keys(mapping, CLOCK_KEYS, what)
    kind = _kind(name, mapping, context)
    if kind is not None:
        _check_keys(kind, mapping, what, context)
    given = read_options(mapping, context).over(farther).over(_DEFAULTS)
    target = _target(mapping, what, context)
    conditions = {
        name: context.condition(value, Scope.CLOCK, f"`{name}` of {what}")
        for name in CONDITION_KEYS
        if (value := mapping.get(name)) is not None
    }
    clock = _clock(
        key, kind or CUSTOM, target or FixedTarget(None), mapping, given, conditions, context
    )
    _lint_days(clock, mapping, context)
    return clock


def _clock(
    key: Scalar,
    kind: str,
    target: Target,
    mapping: Mapping,
    given: Options,
    conditions: dict[str, Condition | None],
    context: Context,
) -> ClockPolicy:
    reopen, grace_ms = given.reopen or (OnReopen.CONTINUE, 0)
    per, since, starts = mapping.get("per"), mapping.get("from"), mapping.get("starts_at")
    stay = context.read.choice(per, STAYS, "`per`") if per else "team"
    opened = since is not None and context.read.choice(since, FROM_WORDS, "`from`") is not None
    starts_at = None if starts is None else context.time_attribute(starts, "`starts_at`")
    return ClockPolicy(
        name=key.text,
        kind=kind,
        target=target,
        where=str(key.place),
        recurs="every" in mapping,
        per=(stay or "team") if kind == "ownership" else "",
        from_opened=opened,
        starts_at=starts_at or "",
        pause=conditions.get("pause"),
        resume=conditions.get("resume"),
        start=conditions.get("start"),
        stop=conditions.get("stop"),
        cancel=conditions.get("cancel"),
        reset=conditions.get("reset"),
        calendar=given.calendar or CalendarChoice(name=ALWAYS_OPEN),
        reply=given.reply or ReplyRules(),
        customer_comment_resumes=given.customer_comment_resumes is not False,
        resolve_meets=bool(given.resolve_meets),
        on_reopen=reopen,
        grace_ms=grace_ms,
        on_priority_change=given.on_priority_change or OnPriorityChange.KEEP_START,
        carry_pauses=given.carry_pauses is not False,
        rearm=bool(given.rearm),
        silent_if_breached=bool(given.silent_if_breached),
        sequential=bool(given.sequential),
        hold_ms=given.hold_ms or 0,
        on_edit=given.on_edit or OnEdit.PIN,
        own_start_on_merge=bool(given.own_start_on_merge),
        live_ladder=bool(given.live_ladder),
    )


def _kind(name: str, mapping: Mapping, context: Context) -> str | None:
    """The kind, or None when it is wrong."""
    node = mapping.get("kind")
    if node is None:
        return name if name in NAMED_KINDS else CUSTOM
    return context.read.choice(node, NAMED_KINDS, f"`kind` of clock `{name}`")


def _check_keys(kind: str, mapping: Mapping, what: str, context: Context) -> None:
    for key, _ in mapping:
        kinds = ONLY_FOR.get(key.text)
        if kinds is not None and kind not in kinds:
            owners = ", ".join(k if k != CUSTOM else "clocks of any other name" for k in kinds)
            context.error(
                key.place,
                "NOT_FOR_KIND",
                f"{what} is of kind `{kind}`, which has no `{key.text}`: that is for {owners}",
            )
    if kind == CUSTOM:
        for name in ("start", "stop"):
            if name not in mapping:
                known = suggestion(what.split("`")[1], NAMED_KINDS)
                context.error(
                    mapping.place,
                    "MISSING_KEY",
                    f"{what} is none of the known kinds and needs `{name}`{known}",
                )
    if "resume" in mapping and "pause" not in mapping:
        context.error(mapping.place, "NEVER_PAUSED", f"{what} has `resume` but no `pause`")


def _target(mapping: Mapping, what: str, context: Context) -> Target | None:
    given = [key for key in TARGET_KEYS if key in mapping]
    if len(given) != 1:
        said = " and ".join(f"`{key}`" for key in given) or "none"
        context.error(
            mapping.place,
            "ONE_OF",
            f"{what} needs exactly one of `target`, `every`, `due_at`; it has {said}",
        )
    target = None
    for key in given:
        node = mapping.get(key)
        if node is not None:
            target = (
                read_due(node, context)
                if key == "due_at"
                else read_target(node, context, f"`{key}` of {what}")
            )
    return target


def _lint_days(clock: ClockPolicy, mapping: Mapping, context: Context) -> None:
    """`1d` means 24 hours of open time; on business hours hardly anybody wants that."""
    if always_open(clock.calendar, context.calendars):
        return
    for key in ("target", "every"):
        for scalar in _durations(mapping.get(key)):
            if says_days(scalar.text):
                context.error(
                    scalar.place,
                    "DAY_IS_24H",
                    f"`{scalar.text}`: `1d` is 24 hours of open time - a business day is `1bd`",
                )


def _durations(node: Node | None) -> Iterator[Scalar]:
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Sequence):
        for item in node.items:
            if isinstance(item, Mapping):
                yield from _durations(item.get("is"))
    elif isinstance(node, Mapping):
        for key, value in node:
            if key.text != "by":
                yield from _durations(value)
