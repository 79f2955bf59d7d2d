"""One incident: the order in which an event changes its clocks."""

from __future__ import annotations

from typing import Any

from tests.reference import lifecycle as life
from tests.reference.alerts import cleared_alert
from tests.reference.calendars import Calendar
from tests.reference.clocks import (
    PAUSE,
    RUN,
    Cycle,
    choose_calendar,
    choose_target,
    make_target,
)
from tests.reference.people import acknowledge, override
from tests.reference.policies import OPENED_KINDS, ClockDef, Policies, option_duration
from tests.reference.record import Moment, Record, View, truth
from tests.reference.retarget import retarget, seen
from tests.reference.timers import advance, forget_scores, rebase
from tests.reference.times import parse_time

Identity = tuple[str, str]


class Incident:
    def __init__(
        self,
        policies: Policies,
        record: Record,
        excludes: dict[Identity, list[tuple[int, int]]],
    ) -> None:
        self.policies = policies
        self.record = record
        self.excludes = excludes
        self.cycles: dict[Identity, list[Cycle]] = {}
        self.definitions: dict[Identity, ClockDef] = {}
        self.eligible: set[Identity] = set()
        self.pending: dict[Identity, int] = {}
        self.alerts: list[dict[str, Any]] = []
        self.snoozed_until: int | None = None
        self.now = 0
        self.gone: Moment | None = None

    @property
    def view(self) -> View:
        assert self.record.view is not None
        return self.record.view

    def calendar(self, name: str) -> Calendar:
        return self.policies.calendar(name, self.view.text("time_zone"))

    def open_cycles(self) -> list[Cycle]:
        return [c for cycles in self.cycles.values() for c in cycles if c.state == "open"]

    def last(self, identity: Identity) -> Cycle | None:
        cycles = self.cycles.get(identity)
        return cycles[-1] if cycles else None

    def hold_of(self, cycle: Cycle) -> int:
        return option_duration(cycle.definition.option("hold", "0s"))

    # --- events ------------------------------------------------------------------------------

    def apply(self, t: int, kind: str, data: dict[str, Any], subject: str) -> None:
        """One event, after every timer before it. "an event at instant t is applied before a
        timer at t"."""
        if self.gone is not None:
            return
        if self.record.view is not None:
            advance(self, t, inclusive=False)
        self.now = t
        if kind == "customer.updated":
            self.record.update_directory(subject, data)
            view = self.record.view
            # "applies from its `time` on to the customer's open incidents too, as if each had an
            # `incident.updated` at that instant"
            if view is None or view.done or view.text("customer") != subject:
                return
            kind, data = "incident.updated", {}
        opened = self.record.opened
        moment = self.record.apply(t, kind, data)
        if moment.gone:
            self._leave(moment)
            return
        if kind == "incident.absorbed":
            self._absorb(data)
        if opened is not None and self.record.opened != opened:
            self._move_starts()
        acknowledge(self, moment)
        if kind == "incident.snoozed":
            until = parse_time(data["until"])
            self.snoozed_until = until if until > t else None
            for cycle in self.open_cycles():
                cycle.wake.clear()
        self._clocks(moment)
        if kind == "clock.overridden":
            override(self, moment)
        forget_scores(self, t)

    def _clocks(self, m: Moment) -> None:
        ended: dict[Identity, tuple[Cycle, str]] = {}
        self._endings(m, ended)
        before = dict(self.definitions)
        self._match(m)
        for cycle in self.open_cycles():
            identity = cycle.definition.identity
            definition = self.definitions.get(identity)
            if definition is None:
                # "others are cancelled"; "No policy matches any more: clocks cancelled"
                self.end(cycle, m.t, "cancelled", why="dropped")
            else:
                cycle.definition = definition
        switched = {i for i, d in self.definitions.items() if before.get(i) is not d}
        self._endings(m, ended, only=switched)
        for cycle in self.open_cycles():
            was = cycle.paused
            paused = life.paused_after(cycle.definition, m, was)
            cycle.switch(m.t, PAUSE if paused else RUN)
            if was and not paused and cycle.pin is not None:
                # the target of a pinned clock shrank while it was paused
                rebase(self, cycle, m.t)
        new = self._reopenings(m)
        for cycle in self.open_cycles():
            retarget(self, cycle, m)
        self._starts(m, ended, new)

    # --- ends --------------------------------------------------------------------------------

    def _endings(
        self,
        m: Moment,
        ended: dict[Identity, tuple[Cycle, str]],
        only: set[Identity] | None = None,
    ) -> None:
        for cycle in self.open_cycles():
            identity = cycle.definition.identity
            if only is not None and identity not in only:
                continue
            how = life.ending(cycle.definition, m)
            if how is not None:
                due = cycle.due()
                self.end(cycle, m.t, "met" if how == "met" else "cancelled", why=how)
                cycle.done_when_stopped = how == "met" and m.after.done
                ended[identity] = (cycle, how)
                sequential = cycle.definition.option("recurrence", "independent") == "sequential"
                if how == "met" and sequential and cycle.definition.recurs:
                    # "the next cycle starts at the previous due if it was met before it"
                    if due is not None and m.t < due:
                        self.pending[identity] = due

    def end(self, cycle: Cycle, t: int, state: str, why: str) -> None:
        cycle.final_due = cycle.due()
        cycle.state, cycle.why, cycle.stopped = state, why, t
        cycle.close(t)
        cleared_alert(self, cycle, t)

    def _leave(self, m: Moment) -> None:
        """ "Deleted or merged cancels every clock"; nothing comes after."""
        if m.type == "incident.deleted":
            for name in ("title", "url", "requester"):
                self.view.values.pop(name, None)
        for cycle in self.open_cycles():
            self.end(cycle, m.t, "cancelled", why="gone")
        self.pending.clear()
        self.gone = m

    # --- matching ----------------------------------------------------------------------------

    def _match(self, m: Moment) -> None:
        """ "Matching is repeated when an attribute that rules mention changes"; per set, "first
        match in order", or all of a `match: all` set."""
        if not m.first and not self._mentioned_changed(m):
            return
        chosen: dict[Identity, ClockDef] = {}
        taken: set[str] = set()
        for policy in self.policies.policies:
            first_only = self.policies.sets[policy.set_name]["match"] == "first"
            if first_only and policy.set_name in taken:
                continue
            begin, end = policy.valid
            if (begin is not None and m.t < begin) or (end is not None and m.t >= end):
                continue
            if policy.when is None or truth(policy.when, m.after):
                taken.add(policy.set_name)
                for definition in policy.clocks:
                    chosen[definition.identity] = definition
        self.definitions = chosen

    def _mentioned_changed(self, m: Moment) -> bool:
        before = m.before
        assert before is not None
        return any(
            before.lookup(name) != m.after.lookup(name) or before.has(name) != m.after.has(name)
            for name in self.policies.mentioned
            if name != "score"
        )

    # --- starts ------------------------------------------------------------------------------

    def _reopenings(self, m: Moment) -> set[Identity]:
        """Clocks that the resolution had met. Returns those that start a new cycle (D5)."""
        new: set[Identity] = set()
        if not m.reopened:
            return new
        for identity, d in self.definitions.items():
            cycle = self.last(identity)
            if cycle is None or not cycle.done_when_stopped or not life.reopens_apply(d):
                continue
            cycle.done_when_stopped = False
            if life.ending(d, m) is not None or choose_target(self.policies, d, m.after) is None:
                continue
            assert cycle.stopped is not None
            mode = life.continues(d, cycle.stopped, m.t)
            if mode == "continue":
                cycle.definition = d
                cycle.reopen(m.t)
                paused = life.paused_at_start(d, m.after, m.spoke, m)
                cycle.switch(m.t, PAUSE if paused else RUN)
                if cycle.pin is not None:
                    rebase(self, cycle, m.t)
            elif mode == "new":
                new.add(identity)
        return new

    def _starts(
        self, m: Moment, ended: dict[Identity, tuple[Cycle, str]], new: set[Identity]
    ) -> None:
        eligible: set[Identity] = set()
        # `next_response` asks whether a first_response is open, so it comes last
        order = sorted(self.definitions.items(), key=lambda item: item[1].kind == "next_response")
        for identity, d in order:
            if choose_target(self.policies, d, m.after) is None:
                continue
            eligible.add(identity)
            last = self.last(identity)
            if last is not None and last.state == "open":
                continue
            if identity in new:
                self.start(d, m.t)
                continue
            if identity not in self.eligible:
                start = self._attach(d, last)
            elif identity in self.pending:
                start = None
            else:
                start = self._normal_start(d, m, ended.get(identity))
            if start is not None:
                self.start(d, start, own=True)
        self.eligible = eligible
        for identity in set(self.pending) - eligible:
            del self.pending[identity]

    def _normal_start(self, d: ClockDef, m: Moment, ended: tuple[Cycle, str] | None) -> int | None:
        if ended is not None and ended[1] == "reset":
            return m.t if life.start_holds(d, m) else None
        if d.kind == "next_response" and d.conditions["start"] is None:
            return self._next_response(d)
        if ended is not None:
            again = ended[1] == "met" and d.recurs and d.kind not in OPENED_KINDS
            return m.t if again and life.may_start(d, m) and life.start_holds(d, m) else None
        if life.begins(d, m) and life.may_start(d, m):
            return self._opening(d) if m.first and d.kind in (*OPENED_KINDS, "update") else m.t
        return None

    def _attach(self, d: ClockDef, last: Cycle | None) -> int | None:
        """ "new ones start at their own start instant"; a clock of one cycle that has ended does
        not come back."""
        moments = self.record.moments
        if d.kind == "next_response" and d.conditions["start"] is None:
            start = self._next_response(d)
        else:
            start = life.past_start(d, moments, self._opening(d))
        if start is None or last is None or last.why == "dropped":
            return start
        again = d.kind not in OPENED_KINDS and last.stopped is not None and start >= last.stopped
        return start if again else None

    def _next_response(self, d: ClockDef) -> int | None:
        """ "once the set's first_response is over or absent; never while resolved or closed"."""
        if self.view.done:
            return None
        exists = False
        for identity, other in self.definitions.items():
            if other.kind == "first_response" and other.set_name == d.set_name:
                if choose_target(self.policies, other, self.view) is not None:
                    exists = True
                last = self.last(identity)
                if last is not None and last.state == "open":
                    return None
        return life.unanswered_since(d, self.record.moments, exists)

    def _opening(self, d: ClockDef) -> int:
        assert self.record.opened is not None
        earlier = self.record.absorbed_opened
        if earlier is None or d.option("on_merge", "earlier_start") == "own_start":
            return self.record.opened
        return min(self.record.opened, earlier)

    def start(self, d: ClockDef, start: int, *, own: bool = False) -> None:
        """`own`: by the clock's own start, which `starts_at` replaces "when it is not later"."""
        choice = choose_target(self.policies, d, self.view)
        if choice is None:
            return
        attribute = d.option("starts_at", None)
        if own and attribute is not None:
            given = self.view.time(attribute)
            if given is not None and given <= start:
                start = given
        calendar = choose_calendar(self.policies, d, self.view)
        cycles = self.cycles.setdefault(d.identity, [])
        cycle = Cycle(
            definition=d,
            number=len(cycles) + 1,
            calendar=calendar,
            choice=choice,
            target=make_target(choice, calendar, start),
            party=self._party(d, start),
            stretches=life.stretches_since(d, start, self.record.moments),
            excludes=self.excludes.get(d.identity, []),
            seen=seen(self, d, choice),
            from_opening=own and self._from_opening(d, start),
        )
        cycles.append(cycle)
        rebase(self, cycle, self.now)

    def _from_opening(self, d: ClockDef, start: int) -> bool:
        return d.kind in OPENED_KINDS or (d.kind == "update" and start == self._opening(d))

    def _party(self, d: ClockDef, _start: int) -> str:
        party = self.policies.sets[d.set_name]["party"]
        return "us" if party == "us" else self.view.text(party)

    def start_pending(self, identity: Identity) -> None:
        """ "the next cycle starts at the previous due ..., if its start still holds then"."""
        instant = self.pending.pop(identity)
        d = self.definitions.get(identity)
        last = self.last(identity)
        if d is None or last is None or last.state == "open":
            return
        if life.start_holds_between(d, self.view):
            self.start(d, instant)

    # --- the opening moves -------------------------------------------------------------------

    def _absorb(self, data: dict[str, Any]) -> None:
        self.record.absorbed_from |= {data["from"], *data.get("absorbed", [])}
        other = parse_time(data["opened_at"])
        known = self.record.absorbed_opened
        self.record.absorbed_opened = other if known is None else min(known, other)
        self._move_starts()

    def _move_starts(self) -> None:
        """ "target keeps the earlier start" (D19); "a later `created` corrects it"."""
        for cycle in self.open_cycles():
            d = cycle.definition
            start = self._opening(d)
            if cycle.from_opening and start != cycle.started:
                cycle.move_start(start)
                cycle.target = make_target(cycle.choice, cycle.calendar, start)
                rebase(self, cycle, self.now)
