"""What each kind of clock makes of an event: the table of kinds, as condition bits.

The kernel knows no kinds; it knows start, stop, cancel, reset, pause and resume. Here the
table of the policy language ("starts", "met by", "cancelled by") and a clock's own conditions
become those bits for one profile and one event class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from sla_engine.clock.layout import (
    CANCEL,
    CUSTOMER_SPOKE,
    PAUSE,
    REPLY,
    RESET,
    RESUME,
    START,
    STOP,
)
from sla_engine.clock.situation import (
    ASSIGNEE_GIVEN,
    ASSIGNEE_LEFT,
    AUTHOR_ID_SHIFT,
    BETWEEN,
    BY_ENGINE,
    BY_PUBLIC,
    BY_REQUESTER,
    HAS_ASSIGNEE,
    HAS_TEAM,
    PAUSE_LIFTED,
    TEAM_LEFT,
)
from sla_engine.event.layout import TYPE_NAMES, Author, EventType
from sla_engine.policy.model import ClockPolicy, Condition, Value

if TYPE_CHECKING:
    from sla_engine.policy.definitions import Definitions

_AUTHORS = {
    Author.NONE: "",
    Author.CUSTOMER: "customer",
    Author.AGENT: "agent",
    Author.BOT: "bot",
    Author.SYSTEM: "system",
}


@dataclass(frozen=True)
class Situation:
    """An event class, taken apart."""

    type: int
    author: int
    bits: int
    author_id: Value

    @property
    def is_event(self) -> bool:
        """False between events, when conditions on `event.*` are false."""
        return self.type != BETWEEN

    def has(self, bit: int) -> bool:
        """Whether the event class carries this edge."""
        return bool(self.bits & bit)

    @property
    def is_comment(self) -> bool:
        """A comment by somebody other than the engine itself (G26)."""
        return self.type == EventType.COMMENTED and not self.has(BY_ENGINE)

    def names(self) -> dict[str, Value]:
        """The `event.*` members as conditions see them."""
        if not self.is_event:
            return {}
        return {
            "event.type": TYPE_NAMES[self.type],
            "event.author": _AUTHORS[Author(self.author)],
            "event.author_id": self.author_id or "",
            "event.public": self.has(BY_PUBLIC),
        }


def taken_apart(situation: int, author_ids: Sequence[Value]) -> Situation:
    """The event class that a kernel packed into one integer."""
    return Situation(
        type=situation & 31,
        author=situation >> 5 & 7,
        bits=situation,
        author_id=author_ids[situation >> AUTHOR_ID_SHIFT],
    )


def is_reply(clock: ClockPolicy, event: Situation) -> bool:
    """A public comment by an agent who is not the requester, and what the clock's `reply` adds."""
    rules = clock.reply
    if not event.is_comment:
        return False
    by_agent = event.author == Author.AGENT or (rules.bots and event.author == Author.BOT)
    heard = event.has(BY_PUBLIC) or rules.notes
    own = event.has(BY_REQUESTER) and not rules.requester
    return by_agent and heard and not own


def situation_bits(
    definitions: Definitions,
    column: int,
    number: int,
    values: Mapping[str, Value],
    situation: int,
    author_ids: Sequence[Value],
    plan: NDArray[Any],
) -> int:
    """The condition bits of one column under one profile at one event class."""
    clock = definitions.clocks[number]
    event = taken_apart(situation, author_ids)
    seen = {**values, **event.names()}
    over = values["status_class"] in ("resolved", "closed")
    bits = _by_kind(definitions, column, clock, event, over, plan)
    for condition, bit in ((clock.stop, STOP), (clock.cancel, CANCEL)):
        if condition is not None:
            bits = bits & ~bit | (bit if _holds(condition, seen, event) else 0)
    for condition, bit in ((clock.start, START), (clock.reset, RESET), (clock.resume, RESUME)):
        if condition is not None and _holds(condition, seen, event):
            bits |= bit
    if clock.pause is not None:
        standing = (
            lifted(seen) if event.has(PAUSE_LIFTED) and clock.customer_comment_resumes else seen
        )
        if _holds(clock.pause, standing, event):
            bits |= PAUSE
    return bits


def lifted(values: Mapping[str, Value]) -> dict[str, Value]:
    """The attributes as if nobody waited for the customer any more (D12)."""
    return {**values, "status": "open", "status_class": "open"}


def _holds(condition: Condition, values: Mapping[str, Value], event: Situation) -> bool:
    if condition.uses_event and not event.is_event:
        return False
    return condition.holds(values)


def _by_kind(
    definitions: Definitions,
    column: int,
    clock: ClockPolicy,
    event: Situation,
    over: bool,
    plan: NDArray[Any],
) -> int:
    reply = is_reply(clock, event)
    ends = STOP if clock.resolve_meets else CANCEL
    match clock.kind:
        case "first_response":
            return (STOP if reply else 0) | (ends if over else 0)
        case "next_response":
            spoke = CUSTOMER_SPOKE if _customer_spoke(definitions, column, event, plan) else 0
            return (STOP | REPLY if reply else 0) | (ends if over else 0) | spoke
        case "update":
            return (START | STOP if reply else 0) | (ends if over else 0)
        case "resolution":
            return STOP if over else 0
        case "ownership":
            by_team = clock.per != "assignee"
            has = event.has(HAS_TEAM if by_team else HAS_ASSIGNEE)
            left = event.has(TEAM_LEFT if by_team else ASSIGNEE_LEFT)
            return (START if has and not over else 0) | (STOP if left or over else 0)
        case "acknowledge":
            taken = event.type == EventType.ACKNOWLEDGED or event.has(ASSIGNEE_GIVEN)
            return (STOP if taken and not event.has(BY_ENGINE) else 0) | (ends if over else 0)
        case "answer":
            agent = event.is_comment and event.author == Author.AGENT
            taken = event.type == EventType.ACKNOWLEDGED and not event.has(BY_ENGINE)
            return (STOP if taken or agent else 0) | (ends if over else 0)
        case _:
            return 0


def _customer_spoke(
    definitions: Definitions, column: int, event: Situation, plan: NDArray[Any]
) -> bool:
    """A customer's public comment; on `created` only where no first_response exists."""
    if event.author != Author.CUSTOMER or event.has(BY_ENGINE):
        return False
    if event.type == EventType.CREATED:
        response = int(definitions.column_rows[column]["first_response"])
        return response < 0 or int(plan[response]["definition"]) < 0
    return event.type == EventType.COMMENTED and event.has(BY_PUBLIC)
