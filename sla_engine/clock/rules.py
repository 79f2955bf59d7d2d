"""The rules in table form: everything the fold reads that is not the incident.

Tables are indexed by profile (what conditions see of an incident) and column (one per clock
name of a set). See policy/tables for how they fill.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sla_engine.calendar.layout import CalendarTables
from sla_engine.clock.layout import LOOKUP
from sla_engine.clock.memory import accessor, table_of


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
        ("definition", "i4"),  # -1: no policy of this profile has such a clock
        ("calendar", "i4"),
        ("calendar_key", "u4"),
        ("turn", "i2"),  # the n-th entry of a row names the column that starts n-th; -1 = end
        ("mode", "u1"),
        ("pad", "u1"),
    ],
    align=True,
)

PROFILE = np.dtype(
    [
        ("key", "u8"),
        ("values", "u8"),  # of the attributes that rules mention: a change repeats the matching
        ("team_fill", "u8"),  # hash of the team the directory fills in
        ("status_value", "i4"),  # which label, to see that a status changed
        ("priority", "i4"),  # the same number in every process
        ("until", "i8"),  # when the next edition of the policies comes into force, NEVER when none
        ("base_score", "i2"),
        ("edition", "i2"),
        ("status", "u1"),  # StatusClass
        ("pins", "u1"),  # 1: some of its columns stay with an earlier edition
        ("keeps", "u1"),  # 1: clocks that its edition no longer has stay with theirs
        ("pad", "u1"),
    ],
    align=True,
)

COLUMN = np.dtype(
    [
        ("set_hash", "u8"),  # of the names as written
        ("name_hash", "u8"),
        ("set_encoded", "u8"),  # of the names percent-encoded, as in alert ids
        ("name_encoded", "u8"),
        ("set", "i4"),
        ("rank", "i4"),  # in the order of (set, clock): which of equals is the tightest
    ],
    align=True,
)


class Kind(IntEnum):
    """DEFINITION.kind, in the order of policy.model.KINDS."""

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
        ("rung", "i4"),  # first row in rungs: the warnings, then what comes after the breach
        ("warnings", "i4"),
        ("afters", "i4"),
        ("breach", "i4"),  # first of its `at: breach` rows in steps
        ("breaches", "i4"),
        ("options", "u4"),
        ("starts_at", "i2"),  # index into INCIDENT.times, -1 = none
        ("kind", "u1"),
        ("on_reopen", "u1"),
        ("on_priority", "u1"),
        ("on_edit", "u1"),  # policy.model.OnEdit
        ("edition", "u2"),  # of the policies that it is from
        ("ladder", "u2"),  # edition of its steps
        ("pad", "u1", (4,)),
    ],
    align=True,
)

#: DEFINITION.options
OPT_RECURS = 1
OPT_FROM_OPENED = 2  # update: also at opening
OPT_HAS_RESUME = 4
OPT_DROP_PAUSES = 8  # carry_pauses: false
OPT_REARM = 16
OPT_SILENT = 32
OPT_SEQUENTIAL = 64
OPT_FROM_START = 128  # starts with the incident
OPT_EDGE = 256  # starts when its `start:` becomes true
OPT_WAITS = 512  # next_response without a `start:` of its own
OPT_REOPENS = 1024  # on_reopen is for it
OPT_OWN_START = 2048  # on_merge: own_start
OPT_SCORES = 4096  # has steps at a score
OPT_LIVE = 16384  # ladder: live
OPT_MAY_START = 8192  # its stop ends one cycle and lets the next begin

STEP = np.dtype([("level", "i4"), ("options", "u4")], align=True)

#: STEP.options
STEP_UNTIL_ACK = 1
STEP_HOLDS = 2  # outside_hours: hold
STEP_DURING = 4
STEP_ASKS = 8  # its judgement decides whether it fires, or whom it reaches
STEP_SCORED = 16  # its `if` reads the score
STEP_TELLS = 32  # it tells somebody who always exists
STEP_IF = 64

RUNG = np.dtype(
    [
        ("amount", "i8"),  # percent, ms before, or score
        ("offset", "i8"),  # after the breach: wall ms from the due
        ("step", "i4"),
        ("repeat", "i4"),  # 0 = the id has no repeat part
        ("slot", "i4"),  # bit of CLOCK.fired
        ("at", "i4"),  # policy.model.At
    ],
    align=True,
)

#: A judgement of a step under a profile: bits, above them 1 + the calendar of `during`.
IF_HOLDS = 1
ASKED = 2  # it tells somebody
REACHED = 4  # somebody of them exists
JUDGED_CALENDAR = 8

#: A maintenance window; whether it is for an incident is a judgement too.
WINDOW = np.dtype([("begin", "i8"), ("end", "i8"), ("asks", "i8")], align=True)

#: A version of a customer's directory entry, newest first; `found` is its class, 0 = none.
DIRECTORY_ENTRY = np.dtype(
    [
        ("begin", "i8"),
        ("updated", "i8"),  # 1: by a `customer.updated`, which has its place among the events
        ("found", "i4"),
        ("next", "i4"),
    ],
    align=True,
)

#: An edition of the policies: in force from `begin` on; `found` is its class in the profile.
EDITION = np.dtype([("begin", "i8"), ("found", "i8")], align=True)

#: Bits of a condition row: what holds for one column under one profile at one event.
STOP = 1
CANCEL = 2
RESET = 4
PAUSE = 8
RESUME = 16
BEGINS = 32  # its start is true (for OPT_EDGE: and must have been false before)
HOLDS = 64  # its start holds as a level
MAY_START = 128
SPOKE = 256  # a comment that next_response waits for
SPOKE_OPENING = 512  # the same, given with `created`
SETTLES = 1024  # answers the comments before it, or makes them void
OVER = 2048  # the incident is resolved or closed, by the labels of the column's edition


class Rules(NamedTuple):
    """Everything the fold reads that is not the incident."""

    plans: NDArray[Any]  # PLAN[profiles, columns]
    conditions: NDArray[np.uint16]  # [condition rows, columns]
    profiles: NDArray[Any]  # PROFILE[profiles]
    columns: NDArray[Any]  # COLUMN[columns]
    definitions: NDArray[Any]  # DEFINITION[definitions]
    steps: NDArray[Any]  # STEP[steps]
    rungs: NDArray[Any]  # RUNG[rungs]
    slots: NDArray[np.int64]  # slot of each Member in the profile, -1 = no rule reads it
    type_status: NDArray[np.int64]  # class of the status that each event type sets, -1 = none
    eras: NDArray[np.int64]  # instants at which some policy begins or ceases to be valid
    engine: NDArray[np.int64]  # settings, see the constants below
    classes: NDArray[Any]  # LOOKUP (slot, value) -> class
    transitions: NDArray[Any]  # LOOKUP (profile, slot, class) -> profile
    situations: NDArray[Any]  # LOOKUP (profile, event class) -> condition row
    judgements: NDArray[Any]  # LOOKUP (profile, step, score) -> judgement
    custom: NDArray[Any]  # LOOKUP name of a custom attribute -> slot
    custom_times: NDArray[Any]  # LOOKUP name of a custom attribute -> index into INCIDENT.times
    directory: NDArray[Any]  # LOOKUP customer -> first row in entries
    entries: NDArray[Any]  # DIRECTORY_ENTRY
    windows: NDArray[Any]  # WINDOW
    editions: NDArray[Any]  # EDITION, the later ones, by their begin
    calendars: CalendarTables

    def table(self) -> NDArray[np.int64]:
        """What compiled kernels are given; keep `self` alive while they run."""
        return table_of([*self[:-1], *self.calendars], self.plans.shape[1])


_I8 = np.dtype("i8")
plans = accessor("plans", 0, PLAN, grid=True)
conditions = accessor("conditions", 1, np.dtype("u2"), grid=True)
profiles = accessor("profiles", 2, PROFILE)
columns = accessor("columns", 3, COLUMN)
definitions = accessor("definitions", 4, DEFINITION)
steps = accessor("steps", 5, STEP)
rungs = accessor("rungs", 6, RUNG)
slots = accessor("slots", 7, _I8)
type_status = accessor("type_status", 8, _I8)
eras = accessor("eras", 9, _I8)
engine = accessor("engine", 10, _I8)
classes = accessor("classes", 11, LOOKUP)
transitions = accessor("transitions", 12, LOOKUP)
situations = accessor("situations", 13, LOOKUP)
judgements = accessor("judgements", 14, LOOKUP)
custom = accessor("custom", 15, LOOKUP)
custom_times = accessor("custom_times", 16, LOOKUP)
directory = accessor("directory", 17, LOOKUP)
entries = accessor("entries", 18, DIRECTORY_ENTRY)
windows = accessor("windows", 19, WINDOW)
editions = accessor("editions", 20, EDITION)
#: Place of the first calendar array in the table.
CALENDAR_PLACE = 21

#: Rules.engine
ENGINE_REOPENS_SLOT = 0
ENGINE_HANDOFFS_SLOT = 1
ENGINE_ERA_SLOT = 2
ENGINE_ENTRY_SLOT = 3
ENGINE_TIMES = 4  # bit per entry of INCIDENT.times that rules mention
ENGINE_EDITION_SLOT = 5
ENGINE_PINS_SLOT = 6
ENGINE_HANDS = 7  # edges of `clock.situation` that change an attribute that rules mention
ENGINE_SIZE = 8
