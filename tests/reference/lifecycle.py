"""The table of clock kinds: what starts, meets, cancels, resets and pauses a clock on an event."""

from __future__ import annotations

from tests.reference.clocks import PAUSE, RESOLVED, RUN, Stretch
from tests.reference.policies import OPENED_KINDS, ClockDef, option_duration
from tests.reference.record import Moment, View, truth


def is_reply(d: ClockDef, m: Moment) -> bool:
    """ "A reply (D11) = a public comment by an `agent` who is not the requester", with the
    clock's switches; an echo "is no reply"; an author given with `created` "meets nothing"."""
    if not m.is_comment or m.echo:
        return False
    if not (m.author == "agent" or (m.author == "bot" and d.reply["bots"])):
        return False
    if not (m.public or d.reply["notes"]):
        return False
    own = m.author_id != "" and m.author_id == m.after.text("requester")
    return not own or bool(d.reply["requester"])


def _per(d: ClockDef) -> str:
    return str(d.option("per", "team"))


def _left_holder(d: ClockDef, m: Moment) -> bool:
    return m.before is not None and m.before.holder(_per(d)) != m.after.holder(_per(d))


def _met_by_resolve(d: ClockDef) -> bool:
    return bool(d.option("on_resolve", "cancel") == "met")


def stops(d: ClockDef, m: Moment) -> bool:
    """Column "met by"; "`stop` and `cancel` may be given for every kind and then replace the
    table's"."""
    if d.conditions["stop"] is not None:
        return m.test(d.conditions["stop"])
    if d.kind in ("first_response", "next_response"):
        return is_reply(d, m) or (_met_by_resolve(d) and m.after.done)
    if d.kind == "update":
        return is_reply(d, m)
    if d.kind == "resolution":
        return m.after.done
    if d.kind == "ownership":
        return _left_holder(d, m) or m.after.done
    if d.kind == "acknowledge":
        return m.acknowledged or m.assigned
    if d.kind == "answer":
        spoken = m.is_comment and not m.echo and m.author == "agent"
        return m.acknowledged or spoken
    return False


def cancels(d: ClockDef, m: Moment) -> bool:
    """Column "cancelled by"."""
    if d.conditions["cancel"] is not None:
        return m.test(d.conditions["cancel"])
    if d.kind in ("first_response", "next_response"):
        return m.after.done and not _met_by_resolve(d)
    if d.kind in ("update", "acknowledge", "answer"):
        return m.after.done
    return False


def ending(d: ClockDef, m: Moment) -> str | None:
    """ "Of several true on one event only the first in stop > cancel > reset ... acts"."""
    if stops(d, m):
        return "met"
    if cancels(d, m):
        return "cancelled"
    if m.test(d.conditions["reset"]):
        return "reset"
    return None


def start_holds(d: ClockDef, m: Moment) -> bool:
    """For "the next cycle starts on the same event if the clock recurs and its start holds"."""
    if d.kind == "other" or d.conditions["start"] is not None:
        return m.test(d.conditions["start"])
    if d.kind == "update":
        return is_reply(d, m) and not m.after.done
    if d.kind == "ownership":
        return m.after.holder(_per(d)) != "" and not m.after.done
    return True


def start_holds_between(d: ClockDef, view: View) -> bool:
    """The same at the previous due of a `sequential` clock: "if its start still holds then"."""
    if d.kind == "other" or d.conditions["start"] is not None:
        return truth(d.conditions["start"], view)
    if d.kind == "ownership":
        return view.holder(_per(d)) != "" and not view.done
    return not view.done


def begins(d: ClockDef, m: Moment) -> bool:
    """Column "starts", but for `next_response` (see `unanswered_since`)."""
    if d.kind == "other" or d.conditions["start"] is not None:
        before = m.before is not None and truth(d.conditions["start"], m.before)
        return m.test(d.conditions["start"]) and not before
    if d.kind in OPENED_KINDS:
        return m.first
    if d.kind == "update":
        return is_reply(d, m) or (m.first and d.option("from", "") == "opened")
    if d.kind == "ownership":
        return m.first or _left_holder(d, m) or m.reopened
    return False


def may_start(d: ClockDef, m: Moment) -> bool:
    """A stop or cancel that is true on the event comes before its start; the stop of a clock that
    recurs ends one cycle and lets the next begin."""
    if cancels(d, m):
        return False
    if d.kind == "update":
        return not m.after.done
    if d.kind == "ownership":
        return start_holds(d, m)
    return d.recurs or not stops(d, m)


def unanswered_since(d: ClockDef, moments: list[Moment], first_response_exists: bool) -> int | None:
    """ "oldest unanswered public customer comment" for a `next_response`.

    `created` "may carry a first comment's `author`: a customer's counts for `next_response` where
    no `first_response` exists". What ends a cycle of the clock answers the comments before it:
    a stop, a cancel, for the table's own cancel the event that resolves the incident.
    """
    since: int | None = None
    for m in moments:
        resolved_now = m.after.done and (m.before is None or not m.before.done)
        if d.conditions["cancel"] is None and resolved_now:
            since = None
        elif d.conditions["cancel"] is not None and cancels(d, m):
            since = None
        answered = is_reply(d, m) if d.conditions["stop"] is None else stops(d, m)
        if answered:
            since = None
        by_customer = m.author == "customer" and m.public and not m.echo
        opening = m.type == "incident.created" and by_customer
        if m.customer_comment or (opening and not first_response_exists):
            since = m.t if since is None else since
    return since


# --- pauses ------------------------------------------------------------------------------------


def _pause_holds(d: ClockDef, view: View, m: Moment | None, spoke: bool) -> bool:
    """The `pause` condition, as lifted by a customer's comment.

    "while the class is `waiting_customer`, a public comment by a customer lifts the pause until
    the status changes again; other pauses stand": the condition must then hold for the class and
    status `open` as well.
    """
    condition = d.conditions["pause"]
    if not truth(condition, view, m):
        return False
    lifts = d.option("customer_comment_resumes", True) and view.status_class == "waiting_customer"
    if not (lifts and spoke):
        return True
    values = {**view.values, "status": "open"}
    as_open = View(**{**view.__dict__, "values": values, "status_class": "open"})
    return truth(condition, as_open, m)


def paused_after(d: ClockDef, m: Moment, was_paused: bool) -> bool:
    """Is an open cycle paused after this event?

    "without `resume` it runs again when `pause` is false"; pause > resume; an echo "resumes
    nothing".
    """
    if d.conditions["resume"] is None:
        wanted = _pause_holds(d, m.after, None, m.spoke)
    elif _pause_holds(d, m.after, m, m.spoke):
        wanted = True
    elif was_paused:
        resumed = m.test(d.conditions["resume"])
        lifted = m.spoke and m.customer_comment and truth(d.conditions["pause"], m.after, m)
        wanted = not (resumed or lifted)
    else:
        wanted = False
    return wanted or (was_paused and m.echo)


def paused_at_start(d: ClockDef, view: View, spoke: bool, m: Moment | None) -> bool:
    """A cycle whose pause condition holds when it starts starts paused."""
    event = m if d.conditions["resume"] is not None else None
    return _pause_holds(d, view, event, spoke)


# --- the past of a clock that attaches ---------------------------------------------------------


def stretches_since(d: ClockDef, start: int, moments: list[Moment]) -> list[Stretch]:
    """The stretches of a cycle that starts at `start`, a past or the present instant, and is open
    now: "pauses between retro start and attach extend due" (F25), and "the time spent resolved
    never counts"."""
    before = [m for m in moments if m.t <= start]
    after = [m for m in moments if m.t > start]
    kind = RUN
    if before:
        kind = _kind_at_start(d, before[-1], start)
    stretches = [Stretch(start, None, kind)]
    for m in after:
        was = stretches[-1].kind
        if _resolved_counts(d, m) or (was == RESOLVED and m.after.done):
            new = RESOLVED
        else:
            new = PAUSE if paused_after(d, m, was == PAUSE) else RUN
        if new == was:
            continue
        if stretches[-1].begin == m.t:
            stretches[-1].kind = new
            if len(stretches) > 1 and stretches[-2].kind == new:
                stretches.pop()
                stretches[-1].end = None
        else:
            stretches[-1].end = m.t
            stretches.append(Stretch(m.t, None, new))
    return stretches


def _resolved_counts(d: ClockDef, m: Moment) -> bool:
    """A clock that would have been met by the resolution stood still while it lasted."""
    if d.kind == "next_response":
        return m.after.done
    return m.after.done and stops(d, m)


def _kind_at_start(d: ClockDef, m: Moment, start: int) -> str:
    if _resolved_counts(d, m):
        return RESOLVED
    event = m if m.t == start else None
    return PAUSE if paused_at_start(d, m.after, m.spoke, event) else RUN


def continues(d: ClockDef, stopped: int, t: int) -> str:
    """ "`on_reopen`: continue / new / ignore / `{grace: 1h}`"; "reopened within that time (wall)
    = continue, later = new"."""
    mode = d.option("on_reopen", "continue")
    if isinstance(mode, dict):
        return "continue" if t - stopped <= option_duration(mode["grace"]) else "new"
    return str(mode)


def reopens_apply(d: ClockDef) -> bool:
    """ "`on_reopen` is for `resolution` and clocks of any other name"."""
    return d.kind in ("resolution", "other")


def past_start(d: ClockDef, moments: list[Moment], opened: int) -> int | None:
    """Where a clock that attaches now "starts at its own start instant": its life is followed over
    all moments; the start of the cycle that is open now, or None."""
    start: int | None = None
    stopped: int | None = None  # when met during the resolved time that lasts
    stopped_start: int | None = None
    for m in moments:
        end = ending(d, m) if start is not None else None
        if start is not None and end is not None:
            stopped = m.t if end == "met" and m.after.done else None
            held = start
            start = None
            if end == "reset" or (end == "met" and d.recurs and d.kind not in OPENED_KINDS):
                start = m.t if start_holds(d, m) and (end == "reset" or may_start(d, m)) else None
            if stopped is not None and start is None and reopens_apply(d):
                stopped_start = held
            continue
        if start is None and m.reopened and stopped is not None and ending(d, m) is None:
            mode = continues(d, stopped, m.t)
            start = {"continue": stopped_start, "new": m.t}.get(mode)
            stopped = None
            if start is not None:
                continue
        if start is None and begins(d, m) and may_start(d, m):
            start = opened if d.kind in OPENED_KINDS and m.first else m.t
            if d.kind == "update" and m.first:
                start = opened
    return start
