"""The actions of an escalation step: commands that the alert carries, never carried out here."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from sla_engine.policy.context import Context
from sla_engine.policy.model import Action
from sla_engine.policy.names import suggestion
from sla_engine.policy.nodes import Mapping, Node, Scalar
from sla_engine.policy.vocabulary import RESERVED_RECIPIENTS

ACTION_KEYS: Final = (
    "notify",
    "page",
    "reassign",
    "raise_priority",
    "set_priority",
    "tag",
    "webhook",
)
REASSIGN_KEYS: Final = ("team", "assignee")
LEVELS_MAX: Final = 100


def read_actions(step: Mapping, context: Context) -> tuple[Action, ...]:
    """The actions of a step in written order, with `args` as in contracts section 2."""
    return tuple(
        action
        for key, value in step
        if key.text in ACTION_KEYS
        for action in _actions(key.text, value, context)
    )


def _actions(do: str, node: Node, context: Context) -> Iterator[Action]:
    read = context.read
    match do:
        case "notify" | "page":
            yield from _messages(do, node, context)
        case "reassign":
            yield from _reassign(node, context)
        case "raise_priority":
            by = read.integer(node, 1, LEVELS_MAX, "`raise_priority`")
            if by is not None:
                yield Action(do, args={"by": by})
        case "set_priority":
            scalar = read.scalar(node, "`set_priority`", "a priority")
            if scalar is not None and context.label(scalar, "priority") is not None:
                yield Action(do, args={"priority": scalar.text})
        case "tag":
            yield from (Action(do, args={"tag": tag.text}) for tag in read.texts(node, "`tag`"))
        case "webhook":
            for url in read.texts(node, "`webhook`"):
                if url.text.startswith(("https://", "http://")):
                    yield Action(do, args={"url": url.text})
                else:
                    context.error(url.place, "BAD_VALUE", "`webhook` must be an http(s) address")


def _messages(do: str, node: Node, context: Context) -> Iterator[Action]:
    """One action per run of recipients that are reached in the same way."""
    names = [name.text for name in context.read.texts(node, f"`{do}`") if _known(name, context)]
    for via, run in groupby(names, lambda name: _via(name, context)):
        yield Action(do, tuple(run), {"via": list(via)})


def _via(name: str, context: Context) -> tuple[str, ...]:
    recipient = context.recipients.get(name)
    return () if recipient is None else recipient.via


def _known(name: Scalar, context: Context) -> bool:
    known = (*context.recipients, *RESERVED_RECIPIENTS)
    if name.text in known:
        return True
    hint = suggestion(name.text, known)
    context.error(
        name.place,
        "UNKNOWN_RECIPIENT",
        f"no recipient `{name.text}`{hint or f' - declare it: recipients: {{{name.text}: {{}}}}'}",
    )
    return False


def _reassign(node: Node, context: Context) -> Iterator[Action]:
    """`{team: X}` or `{assignee: X}`; a text alone is a team."""
    if isinstance(node, Mapping):
        context.read.keys(node, REASSIGN_KEYS, "`reassign`")
        if len(node.entries) != 1:
            context.error(node.place, "ONE_OF", "`reassign` needs `team` or `assignee`")
        for key, value in node:
            text = context.read.text(value, f"`{key.text}`")
            if text is not None:
                yield Action("reassign", args={key.text: text})
    else:
        team = context.read.text(node, "`reassign`")
        if team is not None:
            yield Action("reassign", args={"team": team})
