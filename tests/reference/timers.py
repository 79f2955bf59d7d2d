"""What happens between events: breaches, steps and waiting starts, one at a time, in order.

`advance` looks at every armed step of every open clock, computes its instant from plain data, does
the earliest, and looks again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.reference import scores
from tests.reference.alerts import breach_alert, rung_alert, unreached
from tests.reference.clocks import Cycle
from tests.reference.ladder import Rung
from tests.reference.record import truth

if TYPE_CHECKING:
    from tests.reference.incident import Incident


@dataclass
class Due:
    """Something that falls due: `key` orders, `run` does it."""

    key: tuple[Any, ...]
    at: int
    kind: str
    cycle: Cycle | None = None
    rung: Rung | None = None
    instant: int = 0
    identity: tuple[str, str] | None = None


def advance(incident: Incident, limit: int, *, inclusive: bool) -> None:
    """Do what falls due before `limit` (an event's instant), or up to it (`until`).

    "An event at instant t is applied before a timer at t". The breach is no such timer: "a clock is
    met if the event's time is <= due, breached at due + 1 ms otherwise", so a breach at due + 1
    comes before the events of due + 1 (G13: resolved at due + 1 ms is met and broken).
    So too with an edition that begins at `limit`: the due lies before it.
    """
    while True:
        found = [d for d in _candidates(incident, limit) if _within(d, limit, inclusive)]
        if not found:
            return
        first = min(found, key=lambda d: d.key)
        incident.now = max(incident.now, first.at)
        _do(incident, first)


def _within(due: Due, limit: int, inclusive: bool) -> bool:
    return due.at <= limit if inclusive or due.kind == "breach" else due.at < limit


def _candidates(incident: Incident, limit: int) -> list[Due]:
    out = []
    for identity, instant in incident.pending.items():
        out.append(Due((instant, 1), instant, "start", identity=identity))
    for cycle in incident.open_cycles():
        if not cycle.breached:
            due = cycle.breach_due()
            if due is not None and (cycle.running or cycle.pin is not None):
                breach_key = (due + 1, 0, *cycle.definition.identity)
                out.append(Due(breach_key, due + 1, "breach", cycle))
        ladder = cycle.ladder
        for rung in [*ladder.warnings, *ladder.after]:
            timing = _timing(incident, cycle, rung, limit)
            if timing is not None:
                instant, at = timing
                rank = _rank(cycle, rung, at)
                order = (at, 2, instant, not rung.is_warning, rank, rung.level)
                key = (*order, *cycle.definition.identity)
                out.append(Due(key, at, "rung", cycle, rung, instant))
    return out


def _rank(cycle: Cycle, rung: Rung, at: int) -> int:
    if rung.kind == "after":
        return rung.offset
    if rung.kind == "score":
        return cycle.elapsed(at)
    return need_of(cycle, rung, at)


def need_of(cycle: Cycle, rung: Rung, now: int) -> int:
    """The elapsed ms at which a warning falls due. "N % falls due at the first millisecond with
    elapsed * 100 >= N * target"; "`%` and `before` run on the clock's calendar"."""
    target = cycle.target_ms(now)
    if rung.kind == "pct":
        return -(-rung.value * target // 100)
    return target - rung.value


def warning_instant(cycle: Cycle, rung: Rung, now: int) -> int | None:
    """ "A warning whose instant lies before the start fires at the start" (`reach` with a need of
    zero or less)."""
    return cycle.reach(need_of(cycle, rung, now), due=False)


def after_instant(cycle: Cycle, rung: Rung) -> int | None:
    """An own `at: breach` alert belongs to the instant of the breach, due + 1 ms."""
    return cycle.after_due(max(1, rung.offset), _acknowledgeable(rung))


def _acknowledgeable(rung: Rung) -> bool:
    return rung.kind == "after" and any(step.acknowledgeable for step in rung.steps)


def _timing(incident: Incident, cycle: Cycle, rung: Rung, limit: int) -> tuple[int, int] | None:
    """(computed instant, instant at which to try), or None while it cannot fire.

    "a paused clock fires nothing and keeps the wait that is left".
    """
    if rung.key in cycle.rungs or not cycle.running:
        return None
    if rung.kind == "score":
        reached = cycle.reached.get(rung.key)
        if reached is None:
            reached = scores.first_instant(incident, cycle, rung.value, incident.now, limit)
        if reached is None:
            return None
        return reached, max(reached, cycle.wake.get(rung.key, reached), incident.now)
    if rung.kind == "after":
        if not cycle.breached:
            return None
        instant = cycle.pulled.get(rung.key)
        if instant is None:
            instant = after_instant(cycle, rung)
    else:
        instant = cycle.at_once.get(rung.key)
        if instant is None:
            instant = warning_instant(cycle, rung, incident.now)
    if instant is None:
        return None
    at: int | None = max(instant, cycle.wake.get(rung.key, instant), incident.now)
    if _acknowledgeable(rung):
        at = _after_ack(cycle, at)
    return None if at is None else (instant, at)


def _after_ack(cycle: Cycle, at: int | None) -> int | None:
    for begin, end in cycle.acks:
        if at is not None and begin <= at and (end is None or at < end):
            at = end
    return at


# --- doing ---------------------------------------------------------------------------------------


def _do(incident: Incident, due: Due) -> None:
    if due.kind == "start" and due.identity is not None:
        incident.start_pending(due.identity)
    elif due.kind == "breach" and due.cycle is not None:
        break_clock(incident, due.cycle, due.at, attached=False)
    elif due.cycle is not None and due.rung is not None:
        _try(incident, due.cycle, due.rung, due.instant, due.at)


def break_clock(incident: Incident, cycle: Cycle, at: int, *, attached: bool) -> None:
    """ "once per cycle, always sent" - but for `if_already_breached: silent` (D6)."""
    cycle.breached_at = at
    if attached and cycle.definition.option("if_already_breached", "alert") == "silent":
        return
    steps = []
    for step in cycle.ladder.at_breach:
        inside = step.during is None or incident.calendar(cycle, step.during).is_open(incident.now)
        if inside:
            steps.append(step)
    breach_alert(incident, cycle, at, steps)
    if unreached(incident, steps):
        _pull_next(cycle, at)


def _try(incident: Incident, cycle: Cycle, rung: Rung, instant: int, at: int) -> None:
    release = held_until(incident, cycle, rung, at)
    if release is None:
        cycle.rungs[rung.key] = "passed"
        return
    if release > at:
        cycle.wake[rung.key] = release
        if rung.kind == "score":
            cycle.reached[rung.key] = instant
        return
    condition = rung.steps[0].condition
    score = scores.score(incident, at)
    was_pulled = cycle.pulled.pop(rung.key, None)
    cycle.at_once.pop(rung.key, None)
    cycle.wake.pop(rung.key, None)
    cycle.reached.pop(rung.key, None)
    if condition is not None and not truth(condition, incident.steps_view(cycle), None, score):
        cycle.rungs[rung.key] = "passed"
        if was_pulled is not None:
            _pull_next(cycle, was_pulled)
        return
    cycle.rungs[rung.key] = "fired"
    rung_alert(incident, cycle, rung, instant, at)
    if rung.kind == "after" and unreached(incident, rung.steps):
        _pull_next(cycle, instant)


def _pull_next(cycle: Cycle, at: int) -> None:
    """ "sent with `unreached: true`, and the next step after the breach fires at the same
    instant"."""
    for rung in cycle.ladder.after:
        if rung.key in cycle.rungs or rung.key in cycle.pulled:
            continue
        acked = _acknowledgeable(rung) and _after_ack(cycle, at) != at
        if not acked:
            cycle.pulled[rung.key] = at
        return


def held_until(incident: Incident, cycle: Cycle, rung: Rung, at: int) -> int | None:
    """When the step may fire: `at` itself, or later while it is held; None = skipped.

    Snooze: "warnings and steps after the breach are held until then and fire if still true".
    Maintenance: "steps inside are held". `outside_hours: hold`: until the calendar opens (D14).
    `during`: "outside it the step is skipped, or held with `outside_hours: hold`".
    """
    step = rung.steps[0]
    if incident.snoozed_until is not None and at < incident.snoozed_until:
        return incident.snoozed_until
    for begin, end, when in incident.policies.maintenance:
        if begin <= at < end and (when is None or truth(when, incident.view)):
            return end
    if step.during is not None:
        calendar = incident.calendar(cycle, step.during)
        if not calendar.is_open(at):
            return calendar.next_open(at) if step.hold_outside else None
    elif step.hold_outside:
        return cycle.calendar.next_open(at)
    return at


def forget_scores(incident: Incident, t: int) -> None:
    """After an event: a held step at a score fires "if still true"; else it starts anew when the
    score is reached again."""
    for cycle in incident.open_cycles():
        for rung in cycle.ladder.warnings:
            if rung.key in cycle.reached:
                if scores.first_instant(incident, cycle, rung.value, t, t) is None:
                    del cycle.reached[rung.key]
                    cycle.wake.pop(rung.key, None)


# --- a changed due -------------------------------------------------------------------------------


def rebase(incident: Incident, cycle: Cycle, t: int) -> None:
    """After start, target, calendar, ladder or pin of an open cycle changed at `t`.

    "A target or policy change that puts the due into the past is an attach (D6): the breach alone
    is sent, missed warnings and steps are not; with the due still ahead only the highest passed
    warning is sent". Fired ones do not fire again, unless `rearm` (D16).
    """
    due = cycle.breach_due()
    past = due is not None and due < t
    if past and not cycle.breached and due is not None:
        break_clock(incident, cycle, due + 1, attached=True)
    cycle.pulled.clear() if past else None
    passed: list[tuple[int, int, int, Rung]] = []
    for rung in cycle.ladder.warnings:
        if rung.kind != "score":
            _rebase_warning(cycle, rung, t, passed)
    if passed and not past:
        instant, _need, _level, highest = max(passed, key=lambda p: p[:3])
        if cycle.rungs.get(highest.key) == "skipped":
            del cycle.rungs[highest.key]
            cycle.at_once[highest.key] = instant
    if cycle.breached:
        for rung in cycle.ladder.after:
            _rebase_after(cycle, rung, t)


def _rebase_warning(
    cycle: Cycle, rung: Rung, t: int, passed: list[tuple[int, int, int, Rung]]
) -> None:
    state = cycle.rungs.get(rung.key)
    instant = warning_instant(cycle, rung, t)
    ahead = instant is None or instant >= t
    if state == "fired":
        if ahead and cycle.definition.option("rearm", False):
            del cycle.rungs[rung.key]
    elif state == "skipped" and ahead:
        del cycle.rungs[rung.key]
    elif state is None and not ahead and rung.key not in cycle.wake:
        cycle.rungs[rung.key] = "skipped"
    cycle.at_once.pop(rung.key, None)
    if not ahead and instant is not None and rung.key not in cycle.wake:
        passed.append((instant, need_of(cycle, rung, t), rung.level, rung))


def _rebase_after(cycle: Cycle, rung: Rung, t: int) -> None:
    if rung.key in cycle.wake or rung.key in cycle.pulled:
        return
    instant = after_instant(cycle, rung)
    ahead = instant is None or instant >= t
    state = cycle.rungs.get(rung.key)
    if state == "skipped" and ahead:
        del cycle.rungs[rung.key]
    elif state is None and not ahead:
        cycle.rungs[rung.key] = "skipped"
