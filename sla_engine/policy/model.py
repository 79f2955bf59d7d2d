"""The policy set as plain data: what the parser produces and everything else reads.

Every duration is integer milliseconds, every instant is milliseconds since the epoch (UTC).
The words are those of the policy language; `where` says `file:line` for messages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from sla_engine.calendar.spec import CalendarSpec

#: What a CEL condition may be given: text, list of text, number, boolean, or milliseconds.
Value = str | tuple[str, ...] | int | float | bool | None


class StatusClass(IntEnum):
    """The class of a status, which is what counts (contracts section 1)."""

    OPEN = 0
    WAITING_CUSTOMER = 1
    WAITING_VENDOR = 2
    ON_HOLD = 3
    RESOLVED = 4
    CLOSED = 5


@dataclass(frozen=True)
class BusinessDays:
    """`Nbd`: the Nth open date after the start's date, same wall time (D20)."""

    days: int


#: A target's length: milliseconds of open time, or business days. `None` means no clock.
Length = int | BusinessDays | None


@dataclass(frozen=True)
class Atom:
    """The largest part of a condition that mentions one attribute only."""

    attribute: str
    text: str
    holds: Callable[[Value], bool]


@dataclass(frozen=True)
class Condition:
    """A checked CEL condition, split by attribute (design section 4, "Profiles").

    `attributes` names all that it mentions (`priority`, `custom.X`, `event.type`, ...);
    `atoms` are its single-attribute parts; `joint` names the attributes that stand together
    in one part that cannot be split (their raw values then enter the profile).
    `holds(values)` evaluates the whole; a name that is absent from `values` is absent.
    `first_false(values)` is the first part of a conjunction that is false, as (text, attributes);
    None when the condition holds.
    """

    text: str
    where: str
    attributes: frozenset[str]
    atoms: tuple[Atom, ...]
    joint: frozenset[str]
    holds: Callable[[Mapping[str, Value]], bool]
    first_false: Callable[[Mapping[str, Value]], tuple[str, frozenset[str]] | None]

    @property
    def uses_event(self) -> bool:
        """Whether it mentions `event.*`; such a condition is false between events."""
        return any(name.startswith("event.") for name in self.attributes)


@dataclass(frozen=True)
class FixedTarget:
    """One length for everybody."""

    length: Length


@dataclass(frozen=True)
class TargetBy:
    """A length by the value of one attribute; `has_default` False: no entry means no clock."""

    attribute: str
    lengths: Mapping[str, Length]
    default: Length
    has_default: bool


@dataclass(frozen=True)
class TargetCase:
    """One entry of a list of `{when, is}`; `when` None is the entry without a condition."""

    when: Condition | None
    length: Length


@dataclass(frozen=True)
class TargetCases:
    """The first case that holds decides; none holds: no clock."""

    cases: tuple[TargetCase, ...]


class Relative(IntEnum):
    """The relative dues of `due_at`."""

    END_OF_BUSINESS_DAY = 0
    END_OF_NEXT_BUSINESS_DAY = 1
    NEXT_BUSINESS_DAY_AT = 2


@dataclass(frozen=True)
class DueAtAttribute:
    """The due is the value of a time attribute (`due`, `opened_at`, `custom.X`)."""

    attribute: str


@dataclass(frozen=True)
class DueAtRelative:
    """The due is computed from the start; `minute` is minutes since local midnight."""

    relative: Relative
    minute: int = 0


Target = FixedTarget | TargetBy | TargetCases | DueAtAttribute | DueAtRelative


@dataclass(frozen=True)
class CalendarChoice:
    """Which calendar a clock runs on: fixed, by priority label, or by the incident's `calendar`.

    Exactly one form is used: `name`; or `by_priority` with `default`; or `from_attribute`
    with `default`.
    """

    name: str | None = None
    by_priority: Mapping[str, str] | None = None
    from_attribute: bool = False
    default: str = "24x7"


@dataclass(frozen=True)
class ReplyRules:
    """What else counts as a reply (D11): notes, bots, the requester's own comments."""

    notes: bool = False
    bots: bool = False
    requester: bool = False


class OnReopen(IntEnum):
    """D5."""

    CONTINUE = 0
    NEW = 1
    IGNORE = 2
    GRACE = 3


class OnPriorityChange(IntEnum):
    """D3."""

    KEEP_START = 0
    RESTART = 1
    KEEP_DUE = 2
    EARLIER = 3


class OnEdit(IntEnum):
    """D7, D8."""

    PIN = 0
    FROM_NOW = 1
    RETROACTIVE = 2


#: The kinds with behaviour of their own; any other name is `custom`.
KINDS = (
    "first_response",
    "next_response",
    "update",
    "resolution",
    "ownership",
    "acknowledge",
    "answer",
    "custom",
)


@dataclass(frozen=True)
class ClockPolicy:
    """One clock of a policy: its target, its conditions and its options, defaults resolved."""

    name: str
    kind: str
    target: Target
    where: str
    recurs: bool = False  # `every` was used instead of `target`
    per: str = ""  # ownership: `team` or `assignee`
    from_opened: bool = False  # update: also at opening
    starts_at: str = ""  # a time attribute that replaces the start when it is not later
    pause: Condition | None = None
    resume: Condition | None = None
    start: Condition | None = None
    stop: Condition | None = None
    cancel: Condition | None = None
    reset: Condition | None = None
    calendar: CalendarChoice = field(default_factory=CalendarChoice)
    reply: ReplyRules = field(default_factory=ReplyRules)
    customer_comment_resumes: bool = True
    resolve_meets: bool = False  # on_resolve: met
    on_reopen: OnReopen = OnReopen.CONTINUE
    grace_ms: int = 0
    on_priority_change: OnPriorityChange = OnPriorityChange.KEEP_START
    carry_pauses: bool = True
    rearm: bool = False
    silent_if_breached: bool = False  # if_already_breached: silent
    sequential: bool = False  # recurrence
    hold_ms: int = 0
    on_edit: OnEdit = OnEdit.PIN
    own_start_on_merge: bool = False  # on_merge: own_start
    live_ladder: bool = False  # ladder: live


class At(IntEnum):
    """The form of an escalation step's `at:` or `every:`."""

    PERCENT = 0  # amount = N
    BEFORE = 1  # amount = ms before the due, on the clock's calendar
    BREACH = 2  # amount = 0
    AFTER = 3  # amount = ms after the due, wall clock
    EVERY = 4  # amount = ms between, `times` repeats, wall clock
    SCORE = 5  # amount = the score


@dataclass(frozen=True)
class Action:
    """One command in the alert: `do` with recipients `to` (names as written) and `args`."""

    do: str
    to: tuple[str, ...] = ()
    args: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """One escalation step: one instant and its actions. `level` counts from 1 in the policy."""

    at: At
    amount: int
    level: int
    actions: tuple[Action, ...]
    where: str
    times: int = 1
    clocks: tuple[str, ...] | None = None  # None = all of the policy
    until_acknowledged: bool = False
    hold_outside_hours: bool = False
    condition: Condition | None = None
    during: str = ""  # a calendar's name

    @property
    def threshold(self) -> str:
        """The normalised threshold of contracts section 2, without the repeat."""
        match self.at:
            case At.PERCENT:
                return f"{self.amount}%"
            case At.BEFORE:
                return f"before:{self.amount}"
            case At.BREACH:
                return "breach"
            case At.SCORE:
                return f"score:{self.amount}"
            case _:
                return f"after:{self.amount}"


@dataclass(frozen=True)
class RepeatLadder:
    """The whole chain `times` more, each time after `wait_ms` (F63)."""

    times: int
    wait_ms: int


@dataclass(frozen=True)
class Policy:
    """One entry of `policies`; its position in the list is its precedence inside the set."""

    name: str
    where: str
    set: str = "default"
    when: Condition | None = None
    valid_from: int | None = None
    valid_to: int | None = None
    clocks: tuple[ClockPolicy, ...] = ()
    steps: tuple[Step, ...] = ()
    repeat_ladder: RepeatLadder | None = None
    ack_expires_ms: int = 0
    version: str = ""  # 12 hex digits, contracts section 3


@dataclass(frozen=True)
class AttributeSpec:
    """A declared attribute: `type` is text, number, boolean or time; `values` in order."""

    name: str
    type: str = "text"
    values: tuple[str, ...] = ()
    default: str = ""
    personal: bool = False


@dataclass(frozen=True)
class Customer:
    """A directory entry: what it fills, and when it is valid."""

    name: str
    attributes: Mapping[str, str]
    valid_from: int | None = None
    valid_to: int | None = None


@dataclass(frozen=True)
class Recipient:
    """A named recipient; delivery knows how to reach it."""

    name: str
    via: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True)
class Maintenance:
    """A window in which steps are held and breaches marked `held`."""

    from_ms: int
    to_ms: int
    when: Condition | None = None


@dataclass(frozen=True)
class SetSpec:
    """A set of policies that is matched side by side with the others."""

    name: str
    match_all: bool = False
    party: str = "us"


@dataclass(frozen=True)
class PolicySet:
    """Everything that a policy directory says, checked.

    `priorities` are the labels, most urgent first; `priority_synonyms` maps every accepted
    text to its label; `statuses` maps every label (classes included) to its class.
    `version` is the hash of the whole set (`policy.published`).
    """

    priorities: tuple[str, ...]
    priority_synonyms: Mapping[str, str]
    statuses: Mapping[str, StatusClass]
    attributes: Mapping[str, AttributeSpec]
    calendars: Mapping[str, CalendarSpec]
    customers: Mapping[str, Customer]
    recipients: Mapping[str, Recipient]
    maintenance: tuple[Maintenance, ...]
    sets: Mapping[str, SetSpec]
    policies: tuple[Policy, ...]
    version: str
    on_edit: OnEdit = OnEdit.PIN  # of `defaults`: what becomes of clocks it no longer has
    texts: Mapping[str, str] = field(default_factory=dict)  # the files, as they were read
