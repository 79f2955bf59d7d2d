"""An event meets the clocks: of several true on one event the first acts, in the written order.

Stop, cancel and reset come first, under the rules in force before, then, where a clock's policy
changed, under the new ones; then pause and resume, reopenings, new targets, starts.
"""

from __future__ import annotations

from typing import Any

from sla_engine.clock.compiled import inner
from sla_engine.clock.dues import has_clock, has_target
from sla_engine.clock.far import far
from sla_engine.clock.ladder import plan_next
from sla_engine.clock.layout import (
    BY_RESOLVE,
    DROPPED,
    FIRST,
    HIDDEN,
    LOOKS_BACK,
    NEVER,
    State,
)
from sla_engine.clock.lifecycle import end, new_row, pause, reopen, resume
from sla_engine.clock.marks import is_open_cycle
from sla_engine.clock.past import (
    CONTINUE,
    NEW,
    NO_START,
    answered,
    continues,
    past_start,
    paused_after,
    unanswered_since,
)
from sla_engine.clock.retarget import retarget
from sla_engine.clock.rules import (
    BEGINS,
    CANCEL,
    HOLDS,
    MAY_START,
    OPT_EDGE,
    OPT_FROM_START,
    OPT_RECURS,
    OPT_REOPENS,
    OPT_SEQUENTIAL,
    OPT_WAITS,
    PAUSE,
    RESET,
    SPOKE_OPENING,
    STOP,
    Kind,
    columns,
    conditions,
    definitions,
    plans,
)
from sla_engine.clock.situation import REOPENED, RESOLVED_CLASS
from sla_engine.clock.starting import opening_for, start
from sla_engine.clock.work import (
    by_column,
    change,
    clocks,
    ended,
    incidents,
)

_MET = int(State.MET)
_CANCELLED = int(State.CANCELLED)
_PAUSED = int(State.PAUSED)
_FIRST_RESPONSE = int(Kind.FIRST_RESPONSE)

# How a cycle ended on the event in hand.
NOT_ENDED, ENDED_MET, ENDED_CANCELLED, ENDED_RESET = 0, 1, 2, 3
#: The column starts a new cycle because of a reopening (on_reopen: new).
STARTS_NEW = 4


@far
def collect(work: Any, row: int) -> int:
    """Fill the scratch arrays with the incident's clock rows."""
    for column in range(len(by_column(work))):
        by_column(work)[column] = -1
        ended(work)[column] = NOT_ENDED
    at = incidents(work)[row]["clocks"]
    while at >= 0:
        by_column(work)[clocks(work)[at]["column"]] = at
        at = clocks(work)[at]["next"]
    return 0


@inner
def had_clock(rules: Any, work: Any, column: int) -> bool:
    """Whether the rules gave the column a clock before the event."""
    said = change(work)[0]
    if said["flags"] & FIRST:
        return False
    plan = plans(rules)[said["old_profile"], column]
    return has_target(plan, said["old_times"], said["old_opened"])


@inner
def attaches(rules: Any, work: Any, column: int) -> bool:
    """Whether the column's clock, if it has none open, starts at its start in the past.

    So does one that the rules gave while the incident was resolved, when that is reopened.
    """
    if not had_clock(rules, work, column):
        return True
    if change(work)[0]["situation"] & REOPENED == 0:
        return False
    at = by_column(work)[column]
    if at >= 0 and clocks(work)[at]["cycle"] != 0:
        return clocks(work)[at]["flags"] & DROPPED != 0
    definition = plans(rules)[change(work)[0]["profile"], column]["definition"]
    return definitions(rules)[definition]["options"] & OPT_WAITS == 0


@far
def take_columns(rules: Any, work: Any, row: int) -> int:
    """Everything an event does to the incident's clocks."""
    said = change(work)[0]
    end_clocks(rules, work, row, said["then"], False)
    rematch(rules, work, row)
    end_clocks(rules, work, row, said["now"], True)
    pause_clocks(rules, work, row)
    if said["situation"] & REOPENED:
        reopen_clocks(rules, work, row)
    t = said["t"]
    at = incidents(work)[row]["clocks"]
    while at >= 0:
        following = clocks(work)[at]["next"]
        if is_open_cycle(clocks(work)[at]):
            retarget(rules, work, row, at, t)
        at = following
    hear_comments(rules, work, row)
    return start_clocks(rules, work, row)


@far
def end_clocks(rules: Any, work: Any, row: int, found: int, switched: int) -> int:
    """Stop > cancel > reset, under condition row `found`.

    `switched`: only clocks whose definition has just changed.
    """
    said = change(work)[0]
    at = incidents(work)[row]["clocks"]
    while at >= 0:
        clock = clocks(work)[at]
        column = clock["column"]
        mine = not switched or clock["definition"] != old_definition(rules, work, column)
        if is_open_cycle(clock) and mine:
            bits = conditions(rules)[found, column]
            if bits & (STOP | CANCEL | RESET):
                end_by(rules, work, row, at, bits, said["t"])
        at = clock["next"]
    return 0


@inner
def old_definition(rules: Any, work: Any, column: int) -> int:
    """The column's definition under the rules before the event."""
    return plans(rules)[change(work)[0]["old_profile"], column]["definition"]


@inner
def end_by(rules: Any, work: Any, row: int, at: int, bits: int, t: int) -> None:
    """The first of stop, cancel and reset that is true ends the cycle."""
    clock = clocks(work)[at]
    column = clock["column"]
    if bits & STOP == 0:
        ended(work)[column] = ENDED_CANCELLED if bits & CANCEL else ENDED_RESET
        end(rules, work, row, at, _CANCELLED, t, 0)
        return
    ended(work)[column] = ENDED_MET
    options = definitions(rules)[clock["definition"]]["options"]
    due = NEVER if clock["flags"] & HIDDEN else clock["due"]
    if options & OPT_SEQUENTIAL and options & OPT_RECURS and t < due < NEVER:
        clock["pending"] = due
    over = incidents(work)[row]["status"] >= RESOLVED_CLASS
    end(rules, work, row, at, _MET, t, BY_RESOLVE if over else 0)


@far
def rematch(rules: Any, work: Any, row: int) -> int:
    """A clock whose name is in the new policies goes on under them, others are cancelled."""
    incident = incidents(work)[row]
    at = incident["clocks"]
    while at >= 0:
        clock = clocks(work)[at]
        if is_open_cycle(clock):
            definition = plans(rules)[incident["profile"], clock["column"]]["definition"]
            if definition < 0:
                end(rules, work, row, at, _CANCELLED, change(work)[0]["t"], DROPPED)
            else:
                clock["definition"] = definition
        at = clock["next"]
    return 0


@far
def pause_clocks(rules: Any, work: Any, row: int) -> int:
    """Pause > resume."""
    said = change(work)[0]
    at = incidents(work)[row]["clocks"]
    while at >= 0:
        clock = clocks(work)[at]
        if is_open_cycle(clock):
            options = definitions(rules)[clock["definition"]]["options"]
            was_paused = clock["state"] == _PAUSED
            bits = conditions(rules)[said["now"], clock["column"]]
            paused = paused_after(options, bits, said["situation"], was_paused)
            if paused and not was_paused:
                pause(rules, work, row, at, said["t"])
            elif was_paused and not paused:
                resume(rules, work, row, at, said["t"])
        at = clock["next"]
    return 0


@far
def reopen_clocks(rules: Any, work: Any, row: int) -> int:
    """What the reopening makes of clocks that were met while the incident was resolved (D5)."""
    said = change(work)[0]
    profile = said["profile"]
    for n in range(len(columns(rules))):
        column = plans(rules)[profile, n]["turn"]
        if column < 0:
            break
        at = by_column(work)[column]
        if at < 0 or clocks(work)[at]["flags"] & BY_RESOLVE == 0:
            continue
        plan = plans(rules)[profile, column]
        definition = definitions(rules)[plan["definition"]]
        if definition["options"] & OPT_REOPENS == 0:
            continue
        clock = clocks(work)[at]
        clock["flags"] &= 0xFFFF ^ BY_RESOLVE
        bits = conditions(rules)[said["now"], column]
        if bits & (STOP | CANCEL | RESET) or not has_clock(rules, work, row, column):
            continue
        mode = continues(definition, clock["stopped"], said["t"])
        if mode == CONTINUE:
            clock["definition"] = plan["definition"]
            reopen(rules, work, row, at, said["t"], bits & PAUSE != 0)
        elif mode == NEW:
            ended(work)[column] = STARTS_NEW
    return 0


@inner
def has_first_response(rules: Any, work: Any, row: int, column: int) -> bool:
    """Whether the set of a next_response has a first_response clock at present."""
    for other in range(len(columns(rules))):
        if columns(rules)[other]["set"] == columns(rules)[column]["set"]:
            if is_first_response(rules, work, row, other):
                return True
    return False


@inner
def is_first_response(rules: Any, work: Any, row: int, column: int) -> bool:
    """Whether a column is a first_response that the present rules give a target."""
    plan = plans(rules)[incidents(work)[row]["profile"], column]
    if plan["definition"] < 0 or definitions(rules)[plan["definition"]]["kind"] != _FIRST_RESPONSE:
        return False
    return has_clock(rules, work, row, column)


@inner
def waits_for_first(rules: Any, work: Any, row: int, column: int) -> bool:
    """Whether a first_response of the set is still open."""
    for other in range(len(columns(rules))):
        if columns(rules)[other]["set"] != columns(rules)[column]["set"]:
            continue
        at = by_column(work)[other]
        if at < 0 or not is_open_cycle(clocks(work)[at]):
            continue
        plan = plans(rules)[incidents(work)[row]["profile"], other]
        if plan["definition"] < 0:
            continue
        if definitions(rules)[plan["definition"]]["kind"] == _FIRST_RESPONSE:
            return True
    return False


@far
def hear_comments(rules: Any, work: Any, row: int) -> int:
    """Keep the oldest unanswered comment of every next_response (its `pending`)."""
    said = change(work)[0]
    for column in range(len(columns(rules))):
        plan = plans(rules)[said["profile"], column]
        if plan["definition"] < 0 or not has_clock(rules, work, row, column):
            continue
        if definitions(rules)[plan["definition"]]["options"] & OPT_WAITS == 0:
            continue
        bits = conditions(rules)[said["now"], column]
        exists = False
        if said["flags"] & LOOKS_BACK or bits & SPOKE_OPENING:
            exists = has_first_response(rules, work, row, column)
        at = by_column(work)[column]
        since = clocks(work)[at]["pending"] if at >= 0 else 0
        if said["flags"] & LOOKS_BACK:
            since = unanswered_since(rules, work, row, column, exists)
        else:
            since = answered(bits, since, said["t"], exists)
        if at < 0 and since != 0:
            at = new_row(work, row, column)
        if at >= 0:
            clocks(work)[at]["pending"] = since
            if clocks(work)[at]["cycle"] == 0:
                clocks(work)[at]["definition"] = plan["definition"]
    return 0


@far
def start_clocks(rules: Any, work: Any, row: int) -> int:
    """Starts, in the order of the policies; next_response last, as it waits for the first."""
    said = change(work)[0]
    profile = said["profile"]
    for n in range(len(columns(rules))):
        column = plans(rules)[profile, n]["turn"]
        if column < 0:
            break
        at = by_column(work)[column]
        if at >= 0 and is_open_cycle(clocks(work)[at]):
            continue
        if not has_clock(rules, work, row, column):
            continue
        if ended(work)[column] == STARTS_NEW:
            start(rules, work, row, column, said["t"], False)
            continue
        t = NO_START
        if attaches(rules, work, column):
            t = attach_start(rules, work, row, column)
        elif not is_pending(rules, work, at):
            t = usual_start(rules, work, row, column)
        if t != NO_START:
            start(rules, work, row, column, t, True)
    return forget_pending(rules, work, row)


@inner
def is_pending(rules: Any, work: Any, at: int) -> bool:
    """Whether a start to come is already known (recurrence: sequential)."""
    if at < 0 or clocks(work)[at]["pending"] == 0:
        return False
    options = definitions(rules)[clocks(work)[at]["definition"]]["options"]
    return options & OPT_WAITS == 0


@far
def forget_pending(rules: Any, work: Any, row: int) -> int:
    """A start to come is forgotten when the rules have no such clock any more."""
    at = incidents(work)[row]["clocks"]
    while at >= 0:
        clock = clocks(work)[at]
        if clock["pending"] != 0 and not has_clock(rules, work, row, clock["column"]):
            clock["pending"] = 0
            plan_next(rules, work, row, at)
        at = clock["next"]
    return 0


@far
def comment_start(rules: Any, work: Any, row: int, column: int) -> int:
    """`next_response` starts at the comment, once the set's first_response is over or absent."""
    at = by_column(work)[column]
    if at < 0 or clocks(work)[at]["pending"] == 0:
        return NO_START
    if incidents(work)[row]["status"] >= RESOLVED_CLASS:
        return NO_START
    if waits_for_first(rules, work, row, column):
        return NO_START
    return clocks(work)[at]["pending"]


@far
def usual_start(rules: Any, work: Any, row: int, column: int) -> int:
    """The start of a column's next cycle on the event in hand, or NO_START."""
    said = change(work)[0]
    t = said["t"]
    plan = plans(rules)[said["profile"], column]
    options = definitions(rules)[plan["definition"]]["options"]
    bits = conditions(rules)[said["now"], column]
    how = ended(work)[column]
    if how == ENDED_RESET:
        return t if bits & HOLDS else NO_START
    if options & OPT_WAITS:
        return comment_start(rules, work, row, column)
    if how != NOT_ENDED:
        again = how == ENDED_MET and options & OPT_RECURS and options & OPT_FROM_START == 0
        return t if again and bits & HOLDS and bits & MAY_START else NO_START
    if bits & BEGINS == 0 or bits & MAY_START == 0:
        return NO_START
    if options & OPT_EDGE and said["before"] >= 0:
        if conditions(rules)[said["before"], column] & HOLDS:
            return NO_START
    return t


@far
def attach_start(rules: Any, work: Any, row: int, column: int) -> int:
    """The start of a clock that the rules give only now; one that has ended does not come back."""
    plan = plans(rules)[change(work)[0]["profile"], column]
    options = definitions(rules)[plan["definition"]]["options"]
    if options & OPT_WAITS:
        t = comment_start(rules, work, row, column)
    else:
        opening = opening_for(rules, work, row, plan["definition"])
        t = past_start(rules, work, row, column, opening)
    at = by_column(work)[column]
    if t == NO_START or at < 0 or clocks(work)[at]["cycle"] == 0:
        return t
    clock = clocks(work)[at]
    if clock["flags"] & DROPPED:
        return t
    again = options & OPT_FROM_START == 0 and t >= clock["stopped"]
    return t if again else NO_START
