"""Options that may stand on a clock, a policy or in `defaults`: the nearest wins."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Final

from sla_engine.policy.context import Context
from sla_engine.policy.model import (
    CalendarChoice,
    OnEdit,
    OnPriorityChange,
    OnReopen,
    ReplyRules,
)
from sla_engine.policy.nodes import Mapping, Node
from sla_engine.policy.vocabulary import ALWAYS_OPEN

#: The keys that are marked * in the policy language.
OPTION_KEYS: Final = (
    "calendar",
    "reply",
    "customer_comment_resumes",
    "on_resolve",
    "on_reopen",
    "on_priority_change",
    "carry_pauses",
    "rearm",
    "if_already_breached",
    "recurrence",
    "hold",
    "on_edit",
    "on_merge",
    "ladder",
)


#: Options that take one of a few words; the first is what holds where nothing is said.
OPTION_WORDS: Final = {
    "on_resolve": ("cancel", "met"),
    "on_reopen": ("continue", "new", "ignore"),
    "on_priority_change": ("keep_start", "restart", "keep_due", "earlier"),
    "if_already_breached": ("alert", "silent"),
    "recurrence": ("independent", "sequential"),
    "on_edit": ("pin", "from_now", "retroactive"),
    "on_merge": ("earlier_start", "own_start"),
    "ladder": ("snapshot", "live"),
}
REPLY_KEYS: Final = ("notes", "bots", "requester")
#: Keys of a calendar that comes from the incident.
CALENDAR_FROM_KEYS: Final = ("from", "default")
REOPEN_KEYS: Final = ("grace",)


@dataclass(frozen=True)
class Options:
    """What one place says; None: nothing, ask the next place."""

    calendar: CalendarChoice | None = None
    reply: ReplyRules | None = None
    customer_comment_resumes: bool | None = None
    resolve_meets: bool | None = None
    reopen: tuple[OnReopen, int] | None = None
    on_priority_change: OnPriorityChange | None = None
    carry_pauses: bool | None = None
    rearm: bool | None = None
    silent_if_breached: bool | None = None
    sequential: bool | None = None
    hold_ms: int | None = None
    on_edit: OnEdit | None = None
    own_start_on_merge: bool | None = None
    live_ladder: bool | None = None

    def over(self, farther: Options) -> Options:
        """These options, and those of a farther place where these say nothing."""
        said = {
            field.name: value
            for field in fields(self)
            if (value := getattr(self, field.name)) is not None
        }
        return replace(farther, **said)


def read_options(mapping: Mapping, context: Context) -> Options:
    """The options among the keys of a map."""
    read = context.read

    def choice(key: str) -> int | None:
        """The position of the word, the default first."""
        node, words = mapping.get(key), OPTION_WORDS[key]
        word = None if node is None else read.choice(node, words, f"`{key}`")
        return None if word is None else words.index(word)

    def switch(key: str) -> bool | None:
        position = choice(key)
        return None if position is None else position == 1

    def flag(key: str) -> bool | None:
        node = mapping.get(key)
        return None if node is None else read.boolean(node, f"`{key}`")

    calendar, reply = mapping.get("calendar"), mapping.get("reply")
    reopen, hold = mapping.get("on_reopen"), mapping.get("hold")
    change = choice("on_priority_change")
    edit = choice("on_edit")
    return Options(
        calendar=None if calendar is None else read_calendar_choice(calendar, context),
        reply=None if reply is None else _reply(reply, context),
        customer_comment_resumes=flag("customer_comment_resumes"),
        resolve_meets=switch("on_resolve"),
        reopen=None if reopen is None else _reopen(reopen, context),
        on_priority_change=None if change is None else OnPriorityChange(change),
        carry_pauses=flag("carry_pauses"),
        rearm=flag("rearm"),
        silent_if_breached=switch("if_already_breached"),
        sequential=switch("recurrence"),
        hold_ms=None if hold is None else read.duration(hold, "`hold`", zero=True),
        on_edit=None if edit is None else OnEdit(edit),
        own_start_on_merge=switch("on_merge"),
        live_ladder=switch("ladder"),
    )


def read_calendar_choice(node: Node, context: Context) -> CalendarChoice | None:
    """A calendar's name, or a map by priority, or `{from: calendar, default: NAME}`."""
    if not isinstance(node, Mapping):
        name = context.calendar(node, "`calendar`")
        return None if name is None else CalendarChoice(name=name)
    default = ALWAYS_OPEN
    given = node.get("default")
    if given is not None:
        default = context.calendar(given, "`calendar`") or ALWAYS_OPEN
    else:
        context.error(
            node.place,
            "MISSING_DEFAULT",
            f"`calendar` has no `default`: without one it is {ALWAYS_OPEN}",
        )
    source = node.get("from")
    if source is not None:
        context.read.keys(node, CALENDAR_FROM_KEYS, "`calendar`")
        context.read.choice(source, ("calendar",), "`from`")
        return CalendarChoice(from_attribute=True, default=default)
    by_priority = {}
    for key, value in node:
        if key.text == "default":
            continue
        label = context.label(key, "priority")
        name = context.calendar(value, "`calendar`")
        if label is not None and name is not None:
            by_priority[label] = name
    return CalendarChoice(by_priority=by_priority, default=default)


def _reply(node: Node, context: Context) -> ReplyRules | None:
    mapping = context.read.mapping(node, "`reply`")
    if mapping is None:
        return None
    context.read.keys(mapping, REPLY_KEYS, "`reply`")
    said = {
        key.text: bool(context.read.boolean(value, f"`{key.text}`"))
        for key, value in mapping
        if key.text in REPLY_KEYS
    }
    return ReplyRules(**said)


def _reopen(node: Node, context: Context) -> tuple[OnReopen, int] | None:
    if isinstance(node, Mapping):
        context.read.keys(node, REOPEN_KEYS, "`on_reopen`")
        grace = context.read.required(node, "grace", "`on_reopen`")
        grace_ms = None if grace is None else context.read.duration(grace, "`grace`")
        return None if grace_ms is None else (OnReopen.GRACE, grace_ms)
    words = OPTION_WORDS["on_reopen"]
    word = context.read.choice(node, words, "`on_reopen`")
    return None if word is None else (OnReopen(words.index(word)), 0)
