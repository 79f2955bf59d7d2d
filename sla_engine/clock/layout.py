"""The rows the fold works on: incidents, their clocks, the alerts, and what a fold records.

One INCIDENT row per open incident, one CLOCK row per clock (the latest cycle of each), linked
from the incident in the order in which they first started. All instants and lengths are integer
milliseconds. The rules in table form are in `clock.rules`.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

#: An instant that never comes.
NEVER = np.int64(2**62)

#: Distinct warnings of one clock name (limits.STEPS_PER_CLOCK_MAX).
WARNING_SLOTS = 16
#: Warnings and firings after the breach of one clock name, over all policies of its set.
SLOTS = 192

LAYOUT_VERSION = 2

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
        ("absorbed", "i8"),  # the earliest opening of the incidents it absorbed; 0 = none
        ("snoozed", "i8"),  # steps are held until then; 0 = not snoozed
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
IRREGULAR = 32  # its rows do not tell everything: fold the history at the next touch
FORGOTTEN = 64  # deleted, and its stored history holds nothing of what its events said


class State(IntEnum):
    """CLOCK.state. NONE with cycle 0: the row remembers something, nothing has started."""

    NONE = 0
    RUNNING = 1
    PAUSED = 2
    MET = 3
    CANCELLED = 4


CLOCK = np.dtype(
    [
        ("started", "i8"),
        ("since", "i8"),  # begin of the stretch going on; the sums below are as of this instant
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
        ("shift", "i8"),  # wall time since the due in which it did not run
        ("ack_since", "i8"),  # 0 = not acknowledged
        ("ack_until", "i8"),  # 0 = without end
        ("ack_shift", "i8"),  # wall time since the due in which it ran, but acknowledged
        ("pending", "i8"),  # start to come; for next_response the oldest unanswered comment
        ("once_at", "i8"),  # instant of the warning `once`
        ("choice_amount", "i8"),  # the target as chosen when it was taken
        ("seen_amount", "i8"),  # the target the rules chose at the last look
        ("next", "i4"),
        ("definition", "i4"),
        ("calendar", "i4"),
        ("calendar_key", "u4"),  # names the calendar in the store
        ("seen_definition", "i4"),
        ("seen_calendar", "u4"),  # key of the calendar the rules chose at the last look
        ("seen_priority", "i4"),
        ("cycle", "i4"),
        ("origin", "i4"),  # how many events the incident had when the cycle started
        ("column", "i2"),
        ("reopens", "u2"),
        ("flags", "u2"),
        ("clears", "u1"),
        ("state", "u1"),
        ("choice_mode", "u1"),
        ("seen_mode", "u1"),
        ("once", "u1"),  # 1 + slot of a missed warning that fires as soon as it can; 0 = none
        ("pad", "u1"),
        ("fired", "u1", (SLOTS // 8,)),  # bit per slot; with `skipped` too: passed for good
        ("skipped", "u1", (SLOTS // 8,)),  # missed: fires if it lies ahead again
        ("count", "u1", (WARNING_SLOTS,)),  # firings per warning in this cycle
    ],
    align=True,
)

#: CLOCK.flags
BREACHED = 1
PINNED = 2
MOVED = 4  # the due is an opening: a recomputed one that lands on a closing is moved likewise
TOLD = 8  # at least one alert of this cycle was sent
HELD = 16  # breached, the alert waits for `hold`
BY_RESOLVE = 32  # met while the incident was resolved: a reopening may continue it
DROPPED = 64  # cancelled because its policy or target went away
FROM_OPENING = 128  # started with the incident: moves when the opening is corrected
ACKED = 256  # was acknowledged at some time
BY_EDIT = 1024  # started when an edition of the policies came into force, by no event
HIDDEN = 512  # the due is not to be seen: paused or ended before it was reached


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
        ("release", "i8"),  # when it may leave: later than `decided` for a breach on `hold`
        ("due", "i8"),
        ("started", "i8"),
        ("elapsed", "i8"),
        ("target", "i8"),
        ("row", "i4"),
        ("definition", "i4"),
        ("calendar", "i4"),
        ("profile", "i4"),
        ("cycle", "i4"),
        ("step", "i4"),  # row in steps, -1 for a breach and for cleared
        ("events", "i4"),  # how many events of the incident preceded it
        ("column", "i2"),
        ("score", "i2"),
        ("parts", "u2"),  # for a breach: bit per `at: breach` step that adds its actions
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
EXCLUDED_TIME = 3  # in reports only: a fold keeps it within the running stretches

SEGMENT = np.dtype(
    [
        ("start", "i8"),
        ("end", "i8"),
        ("clock", "i4"),
        ("kind", "i4"),
        ("calendar", "i4"),  # it stays counted on this one, whatever the clock's is; -1 = no
        ("pad", "i4"),
    ],
    align=True,
)

#: One event as the clocks saw it, kept by a fold that records.
MOMENT = np.dtype([("t", "i8"), ("situation", "i8"), ("profile", "i4"), ("pad", "i4")], align=True)

#: A step that is held, or was brought forward and waits.
WAIT = np.dtype(
    [
        ("instant", "i8"),  # the computed instant of a step brought forward; NEVER = by itself
        ("wake", "i8"),  # when to look again; 0 = not held
        ("clock", "i4"),
        ("slot", "i4"),
    ],
    align=True,
)

#: Time for which a clock was acknowledged; `end` NEVER while it lasts.
ACK = np.dtype([("begin", "i8"), ("end", "i8"), ("clock", "i4"), ("pad", "i4")], align=True)

#: Time taken out of a column's clocks by `clock.overridden`, sorted by its begin.
EXCLUDE = np.dtype([("begin", "i8"), ("end", "i8"), ("column", "i4"), ("pad", "i4")], align=True)

#: What one event says, read once; the clocks look at nothing else of it.
CHANGE = np.dtype(
    [
        ("t", "i8"),
        ("situation", "i8"),  # the event class, see situation
        ("between", "i8"),  # the event class of no event, before it
        ("tenant", "u8"),
        ("team", "u8"),
        ("assignee", "u8"),
        ("requester", "u8"),
        ("customer", "u8"),
        ("author_id", "u8"),
        ("times", "i8", (4,)),
        ("old_times", "i8", (4,)),
        ("opened", "i8"),
        ("old_opened", "i8"),
        ("set_hash", "u8"),  # the address of an acknowledgement or override
        ("name_hash", "u8"),
        ("address_cycle", "i8"),
        ("until", "i8"),
        ("pin", "i8"),
        ("given_opening", "i8"),  # `opened_at` as this event gives it; 0 = not
        ("profile", "i4"),
        ("old_profile", "i4"),
        ("now", "i4"),  # condition rows: after the event under the new rules,
        ("then", "i4"),  # under the old ones,
        ("before", "i4"),  # and before the event under the new ones; -1 = nothing held
        ("reopens", "i4"),
        ("handoffs", "i4"),
        ("csat", "i4"),
        ("type", "i4"),
        ("author", "i4"),
        ("author_class", "i4"),
        ("flags", "i4"),
    ],
    align=True,
)

#: CHANGE.flags
FIRST = 1
GIVES_ASSIGNEE = 2
HAS_STATUS = 4
UNPINS = 8
BY_ALERT = 16
LIFTS = 32
PUBLIC = 64
ECHO = 128
LOOKS_BACK = 256  # the past of some clock must be known
SWITCHES = 512  # no event: an edited policy set comes into force

#: One entry of an open-addressing table; key 0 = empty. Sizes are powers of two.
LOOKUP = np.dtype([("key", "u8"), ("value", "i8")], align=True)
