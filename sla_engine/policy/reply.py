"""What each kind of clock makes of an event: the table of kinds, as condition bits.

The kernel knows no kinds; it knows start, stop, cancel, reset, pause and resume. Here the
table of the policy language ("starts", "met by", "cancelled by") and a clock's own conditions
become those bits for one profile and one event class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sla_engine.clock.rules import (
    BEGINS,
    CANCEL,
    HOLDS,
    MAY_START,
    OVER,
    PAUSE,
    RESET,
    RESUME,
    SETTLES,
    SPOKE,
    SPOKE_OPENING,
    STOP,
)
from sla_engine.clock.situation import (
    ASSIGNEE_ENTERED,
    ASSIGNEE_GIVEN,
    ASSIGNEE_LEFT,
    AUTHOR_ID_SHIFT,
    BETWEEN,
    BY_ENGINE,
    BY_PUBLIC,
    BY_REQUESTER,
    HAS_ASSIGNEE,
    HAS_TEAM,
    OPENED,
    PAUSE_LIFTED,
    REOPENED,
    RESOLVED_NOW,
    TEAM_ENTERED,
    TEAM_LEFT,
)
from sla_engine.event.layout import TYPE_NAMES, Author, EventType
from sla_engine.policy.model import ClockPolicy, Condition, Value

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
            "event.public": self.has(BY_PUBLIC) and self.author != Author.NONE,
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


def situation_bits(clock: ClockPolicy, values: Mapping[str, Value], event: Situation) -> int:
    """The condition bits of one clock under these attributes at one event class."""
    facts = Facts(clock, values, event)
    bits = 0
    for wanted, bit in (
        (facts.stops, STOP),
        (facts.cancels, CANCEL),
        (facts.holds(clock.reset), RESET),
        (facts.paused, PAUSE),
        (facts.resumes, RESUME),
        (facts.begins, BEGINS),
        (facts.start_holds, HOLDS),
        (facts.may_start, MAY_START),
        (facts.customer_spoke, SPOKE),
        (facts.customer_opened, SPOKE_OPENING),
        (facts.settles, SETTLES),
        (facts.over, OVER),
    ):
        if wanted:
            bits |= bit
    return bits


#: Kinds of one cycle that start with the incident.
OPENED_KINDS = ("first_response", "resolution", "acknowledge", "answer")


class Facts:
    """One clock at one event: the table of kinds, and the clock's own conditions."""

    def __init__(self, clock: ClockPolicy, values: Mapping[str, Value], event: Situation) -> None:
        self._clock = clock
        self._event = event
        self._values = values
        self._seen = {**values, **event.names()}
        self.over = values["status_class"] in ("resolved", "closed")
        self._reply = is_reply(clock, event)

    def holds(self, condition: Condition | None) -> bool:
        """A condition at this event; between events `event.*` is absent."""
        return condition is not None and condition.holds(self._seen)

    @property
    def stops(self) -> bool:
        """Column "met by"; `stop` replaces the table's."""
        clock, event = self._clock, self._event
        if clock.stop is not None:
            return self.holds(clock.stop)
        match clock.kind:
            case "first_response" | "next_response":
                return self._reply or (clock.resolve_meets and self.over)
            case "update":
                return self._reply
            case "resolution":
                return self.over
            case "ownership":
                return self._changed_hands or self.over
            case "acknowledge":
                return self._acknowledged or (
                    event.has(ASSIGNEE_GIVEN) and not event.has(BY_ENGINE)
                )
            case "answer":
                agent = event.is_comment and event.author == Author.AGENT
                return self._acknowledged or agent
        return False

    @property
    def cancels(self) -> bool:
        """Column "cancelled by"; `cancel` replaces the table's."""
        clock = self._clock
        if clock.cancel is not None:
            return self.holds(clock.cancel)
        match clock.kind:
            case "first_response" | "next_response":
                return self.over and not clock.resolve_meets
            case "update" | "acknowledge" | "answer":
                return self.over
        return False

    @property
    def begins(self) -> bool:
        """Column "starts"; a `start:` of the clock's own must have been false before."""
        clock, event = self._clock, self._event
        if clock.start is not None:
            return self.holds(clock.start)
        match clock.kind:
            case "update":
                return self._reply or (event.has(OPENED) and clock.from_opened)
            case "ownership":
                opened = event.has(OPENED) or event.has(REOPENED)
                return opened or self._changed_hands
        return clock.kind in OPENED_KINDS and event.has(OPENED)

    @property
    def start_holds(self) -> bool:
        """Whether the start is true as a level; between events, without the event's part."""
        clock = self._clock
        if clock.start is not None:
            return self.holds(clock.start)
        match clock.kind:
            case "update":
                return not self.over and (self._reply or not self._event.is_event)
            case "ownership":
                return self._has_holder and not self.over
        return not self.over or self._event.is_event

    @property
    def may_start(self) -> bool:
        """A stop or cancel that is true on the event comes before its start.

        The stop of a clock that recurs ends one cycle and lets the next begin.
        """
        clock = self._clock
        if self.cancels:
            return False
        match clock.kind:
            case "update":
                return not self.over
            case "ownership":
                return self.start_holds
        recurs = clock.recurs or clock.reset is not None
        return recurs or not self.stops

    @property
    def paused(self) -> bool:
        """The pause condition; without `resume` it is judged without the event."""
        clock = self._clock
        if clock.pause is None:
            return False
        seen = self._values if clock.resume is None else self._seen
        if not self._pause_holds(seen):
            return False
        waiting = self._values["status_class"] == "waiting_customer"
        lifts = waiting and self._event.has(PAUSE_LIFTED) and clock.customer_comment_resumes
        return not lifts or self._pause_holds(lifted(seen))

    def _pause_holds(self, seen: Mapping[str, Value]) -> bool:
        return self._clock.pause is not None and self._clock.pause.holds(seen)

    @property
    def resumes(self) -> bool:
        """`resume` is true, or a customer's comment lifts a pause that holds."""
        clock, event = self._clock, self._event
        if clock.resume is None:
            return False
        spoke = self.customer_spoke and event.has(PAUSE_LIFTED)
        return self.holds(clock.resume) or (spoke and self._pause_holds(self._seen))

    @property
    def customer_spoke(self) -> bool:
        """A public comment by a customer."""
        event = self._event
        by_customer = event.is_comment and event.author == Author.CUSTOMER
        return by_customer and event.has(BY_PUBLIC)

    @property
    def customer_opened(self) -> bool:
        """A customer's comment given with `created`."""
        event = self._event
        by_customer = event.type == EventType.CREATED and event.author == Author.CUSTOMER
        return by_customer and event.has(BY_PUBLIC) and not event.has(BY_ENGINE)

    @property
    def settles(self) -> bool:
        """For next_response: what answers the comments before it, or makes them void."""
        clock = self._clock
        void = self._event.has(RESOLVED_NOW) if clock.cancel is None else self.cancels
        return void or (self._reply if clock.stop is None else self.stops)

    @property
    def _acknowledged(self) -> bool:
        event = self._event
        return event.type == EventType.ACKNOWLEDGED and not event.has(BY_ENGINE)

    @property
    def _by_team(self) -> bool:
        return self._clock.per != "assignee"

    @property
    def _changed_hands(self) -> bool:
        event = self._event
        if event.has(OPENED):
            return False
        if self._by_team:
            return event.has(TEAM_ENTERED) or event.has(TEAM_LEFT)
        return event.has(ASSIGNEE_ENTERED) or event.has(ASSIGNEE_LEFT)

    @property
    def _has_holder(self) -> bool:
        """Between events the attributes tell, at an event the event class does too."""
        if not self._event.is_event:
            return bool(self._values.get("team" if self._by_team else "assignee"))
        return self._event.has(HAS_TEAM if self._by_team else HAS_ASSIGNEE)


def lifted(values: Mapping[str, Value]) -> dict[str, Value]:
    """The attributes as if nobody waited for the customer any more (D12)."""
    return {**values, "status": "open", "status_class": "open"}
