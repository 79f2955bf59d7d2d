"""The rows the fold works on: incidents, their clocks, the rules in table form, the alerts.

One INCIDENT row per open incident, one CLOCK row per clock (the latest cycle of each), linked
from the incident. Rules are tables indexed by profile (what conditions see of an incident)
and column (one per clock name of a set). All instants and lengths are integer milliseconds.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sla_engine.calendar.layout import CalendarTables
from sla_engine.clock.memory import accessor, table_of

#: An instant that never comes.
NEVER = np.int64(2**62)

#: Distinct thresholds on one clock (limits.STEPS_PER_CLOCK); the policy check refuses more.
MAX_STEPS = 16

LAYOUT_VERSION = 1

INCIDENT = np.dtype(
    [
        ("key1", "u8"),
        ("key2", "u8"),
        ("profile_key", "u8"),  # names the profile in the store; `profile` is this process's
        ("seen", "u8"),  # 64-bit filter over the ids of its events
        ("last_time", "i8"),  # order key of the newest applied event
        ("last_sequence", "i8"),
        ("last_source", "u8"),
        ("last_id", "u8"),
        ("fired_at", "i8"),  # instant of the newest timer that fired
        ("opened", "i8"),
        ("team", "u8"),  # hashes of the text; 0 = absent
        ("assignee", "u8"),
        ("requester", "u8"),
        ("customer", "u8"),
        ("times", "i8", (4,)),  # due, opened_at, and two custom times that rules use; 0 = absent
        ("profile", "i4"),
        ("clocks", "i4"),  # first CLOCK row, -1 = none
        ("history", "i4"),  # number of its history, stable while the incident is known
        ("events", "i4"),  # applied so far
        ("reopens", "u2"),
        ("handoffs", "u2"),
        ("flags", "u2"),
        ("csat", "u1"),
        ("status", "u1"),  # StatusClass
    ],
    align=True,
)

#: INCIDENT.flags
INFERRED = 1  # opened by an event that was not `created`
LIFTED = 2  # a customer's comment lifted the pause (D12)
ENDED = 4  # deleted or merged: no clock runs any more
MERGED = 8
CREATED_SEEN = 16


class State(IntEnum):
    """CLOCK.state. WAITING remembers an unanswered comment, SCHEDULED a start to come."""

    NONE = 0
    RUNNING = 1
    PAUSED = 2
    MET = 3
    CANCELLED = 4
    WAITING = 5
    SCHEDULED = 6


CLOCK = np.dtype(
    [
        ("started", "i8"),
        ("anchor", "i8"),  # the sums below are as of this instant
        ("due", "i8"),  # the due it has or broke; NEVER while paused and unbroken
        ("target", "i8"),
        ("elapsed", "i8"),
        ("paused", "i8"),
        ("resolved", "i8"),
        ("excluded", "i8"),
        ("wall", "i8"),  # wall time spent running
        ("breached_at", "i8"),
        ("stopped", "i8"),
        ("next_at", "i8"),  # its nearest instant, NEVER when none
        ("shift", "i8"),  # what pauses added to the steps after the breach
        ("ack_since", "i8"),  # 0 = not acknowledged
        ("ack_until", "i8"),  # 0 = without end
        ("ack_shift", "i8"),  # what acknowledgements added to steps with `until: acknowledged`
        ("next", "i4"),
        ("definition", "i4"),
        ("calendar", "i4"),
        ("calendar_key", "u4"),  # names the calendar in the store
        ("cycle", "i4"),
        ("origin", "i4"),  # how many events the incident had when the cycle started
        ("column", "i2"),
        ("reopens", "u2"),
        ("armed", "u2"),  # one bit per step that may still fire
        ("clears", "u1"),
        ("state", "u1"),
        ("flags", "u1"),
        ("count", "u1", (MAX_STEPS,)),  # firings per step in this cycle
    ],
    align=True,
)

#: CLOCK.flags
BREACHED = 1
PINNED = 2
MOVED = 4  # the due was moved to an opening: a recomputed one is moved likewise
TOLD = 8  # at least one alert of this cycle was sent
HELD = 16  # breached, the alert waits for `hold`
BY_RESOLVE = 32  # ended by the event that resolved the incident
LOST = 64  # cancelled because its policy or target went away: it may come again


class TargetMode(IntEnum):
    """PLAN.mode."""

    NONE = 0
    LENGTH = 1  # amount = ms
    BUSINESS_DAYS = 2  # amount = days
    ATTRIBUTE = 3  # amount = index into INCIDENT.times
    END_OF_DAY = 4
    END_OF_NEXT_DAY = 5
    NEXT_DAY_AT = 6  # amount = minute of the day


PLAN = np.dtype(
    [
        ("amount", "i8"),
        ("definition", "i4"),  # -1: this profile has no such clock
        ("calendar", "i4"),
        ("calendar_key", "u4"),
        ("mode", "u1"),
        ("pad", "u1", (3,)),
    ],
    align=True,
)

PROFILE = np.dtype(
    [
        ("key", "u8"),
        ("team_fill", "u8"),  # hash of the team the directory fills in
        ("status_value", "i4"),  # which label, to see that a status changed
        ("priority", "i2"),
        ("base_score", "i2"),
        ("status", "u1"),  # StatusClass
        ("pad", "u1", (7,)),
    ],
    align=True,
)

COLUMN = np.dtype(
    [
        ("set_hash", "u8"),  # of the names as written
        ("name_hash", "u8"),
        ("set_encoded", "u8"),  # of the names percent-encoded, as in alert ids
        ("name_encoded", "u8"),
        ("first_response", "i4"),  # that set's first_response column, -1 = none
        ("set", "i2"),
        ("kind", "u1"),
        ("pad", "u1"),
    ],
    align=True,
)


class Kind(IntEnum):
    """COLUMN.kind, in the order of policy.model.KINDS."""

    FIRST_RESPONSE = 0
    NEXT_RESPONSE = 1
    UPDATE = 2
    RESOLUTION = 3
    OWNERSHIP = 4
    ACKNOWLEDGE = 5
    ANSWER = 6
    CUSTOM = 7


DEFINITION = np.dtype(
    [
        ("hold", "i8"),
        ("grace", "i8"),
        ("ack_expires", "i8"),
        ("column", "i4"),
        ("policy", "i4"),
        ("step", "i4"),  # first row in steps
        ("steps", "i4"),
        ("starts_at", "i2"),  # index into INCIDENT.times, -1 = none
        ("options", "u4"),
        ("on_reopen", "u1"),
        ("on_priority", "u1"),
        ("pad", "u2"),
    ],
    align=True,
)

#: DEFINITION.options
OPT_RECURS = 1
OPT_FROM_OPENED = 2
OPT_HAS_RESUME = 4
OPT_DROP_PAUSES = 8  # carry_pauses: false
OPT_REARM = 16
OPT_SILENT = 32
OPT_SEQUENTIAL = 64
OPT_FROM_START = 128  # starts when the incident opens

STEP = np.dtype(
    [
        ("amount", "i8"),
        ("row", "i4"),  # index into the policy's step list, for rendering
        ("at", "u1"),
        ("times", "u1"),
        ("level", "u1"),
        ("until_ack", "u1"),
    ],
    align=True,
)

#: Bits of a condition row: what holds for one column under one profile at one event.
START = 1
STOP = 2
CANCEL = 4
RESET = 8
PAUSE = 16
RESUME = 32
CUSTOMER_SPOKE = 64  # a comment that next_response waits for
REPLY = 128


class AlertKind(IntEnum):
    """ALERT.kind; the wire's `type` is in alert/render."""

    WARNING = 1
    BREACHED = 2
    ESCALATION = 3
    CLEARED = 4


class Cause(IntEnum):
    """Why an alert is late although the engine was not."""

    NONE = 0
    ATTACHED = 1
    HELD = 2
    LATE_EVENT = 3
    OUTAGE = 4


ALERT = np.dtype(
    [
        ("time", "i8"),  # the computed instant
        ("decided", "i8"),  # when it became true: the event's time for an attachment
        ("due", "i8"),
        ("started", "i8"),
        ("elapsed", "i8"),
        ("target", "i8"),
        ("row", "i4"),
        ("definition", "i4"),
        ("calendar", "i4"),
        ("profile", "i4"),
        ("cycle", "i4"),
        ("step", "i4"),  # row in steps, -1 for a breach without actions and for cleared
        ("events", "i4"),  # how many events of the incident preceded it
        ("column", "i2"),
        ("score", "i2"),
        ("repeat", "u1"),  # 0 = the id has no repeat part
        ("kind", "u1"),
        ("cause", "u1"),
        ("superseded", "u1"),
    ],
    align=True,
)

#: SEGMENT.kind: what an interval of a clock's life counted as.
RUNNING_TIME = 0
PAUSED_TIME = 1
RESOLVED_TIME = 2
EXCLUDED_TIME = 3

SEGMENT = np.dtype([("start", "i8"), ("end", "i8"), ("clock", "i4"), ("kind", "i4")], align=True)


#: One entry of an open-addressing table; key 0 = empty. Sizes are powers of two.
LOOKUP = np.dtype([("key", "u8"), ("value", "i8")], align=True)


class Rules(NamedTuple):
    """Everything the fold reads that is not the incident: see policy/tables for how it fills."""

    plans: NDArray[Any]  # PLAN[profiles, columns]
    conditions: NDArray[np.uint8]  # [condition rows, columns]
    profiles: NDArray[Any]  # PROFILE[profiles]
    columns: NDArray[Any]  # COLUMN[columns]
    definitions: NDArray[Any]  # DEFINITION[definitions]
    steps: NDArray[Any]  # STEP[steps]
    slots: NDArray[np.int64]  # slot of each Member in the profile, -1 = no rule reads it
    type_status: NDArray[np.int64]  # class of the status that each event type sets, -1 = none
    eras: NDArray[np.int64]  # instants at which some policy or entry begins or ceases to be valid
    engine: NDArray[np.int64]  # settings, see the constants below
    classes: NDArray[Any]  # LOOKUP (slot, value) -> class
    transitions: NDArray[Any]  # LOOKUP (profile, slot, class) -> profile
    situations: NDArray[Any]  # LOOKUP (profile, event class) -> condition row
    custom: NDArray[Any]  # LOOKUP name of a custom attribute -> slot
    custom_times: NDArray[Any]  # LOOKUP name of a custom attribute -> index into INCIDENT.times
    calendars: CalendarTables

    def table(self) -> NDArray[np.int64]:
        """What compiled kernels are given; keep `self` alive while they run."""
        return table_of([*self[:-1], *self.calendars], self.plans.shape[1])


_I8 = np.dtype("i8")
plans = accessor("plans", 0, PLAN, grid=True)
conditions = accessor("conditions", 1, np.dtype("u1"), grid=True)
profiles = accessor("profiles", 2, PROFILE)
columns = accessor("columns", 3, COLUMN)
definitions = accessor("definitions", 4, DEFINITION)
steps = accessor("steps", 5, STEP)
slots = accessor("slots", 6, _I8)
type_status = accessor("type_status", 7, _I8)
eras = accessor("eras", 8, _I8)
engine = accessor("engine", 9, _I8)
classes = accessor("classes", 10, LOOKUP)
transitions = accessor("transitions", 11, LOOKUP)
situations = accessor("situations", 12, LOOKUP)
custom = accessor("custom", 13, LOOKUP)
custom_times = accessor("custom_times", 14, LOOKUP)
#: Place of the first calendar array in the table.
CALENDAR_PLACE = 15


#: Rules.engine
ENGINE_HORIZON = 0
ENGINE_REOPENS_SLOT = 1
ENGINE_HANDOFFS_SLOT = 2
ENGINE_ERA_SLOT = 3
ENGINE_SIZE = 4
