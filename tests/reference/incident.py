"""One incident: the order in which an event changes its clocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.reference import edit
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
        editions: list[tuple[int, Policies]],
        records: list[Record],
        excludes: dict[Identity, list[tuple[int, int]]],
    ) -> None:
        # Each edition has a record of its own: the same events, read by its labels and defaults.
        self.editions = editions
        self.records = records
        self.directory = records[0].directory
        self.current = 0
        self.excludes = excludes
        self.cycles: dict[Identity, list[Cycle]] = {}
        self.matched: list[dict[Identity, ClockDef]] = [{} for _ in editions]
        self.eligible: set[Identity] = set()
        self.pending: dict[Identity, int] = {}
        self.alerts: list[dict[str, Any]] = []
        self.snoozed_until: int | None = None
        self.absorbed_opened: int | None = None
        self.absorbed_from: set[str] = set()
        self.now = 0
        self.gone: Moment | None = None

    @property
    def policies(self) -> Policies:
        """The edition in force."""
        return self.editions[self.current][1]

    @property
    def record(self) -> Record:
        return self.records[self.current]

    @property
    def definitions(self) -> dict[Identity, ClockDef]:
        """The clocks that the edition in force has for the incident."""
        return self.matched[self.current]

    @property
    def view(self) -> View:
        return self.view_in(self.current)

    def view_in(self, edition: int) -> View:
        view = self.records[edition].view
        assert view is not None
        return view

    def steps_view(self, cycle: Cycle) -> View:
        """As the edition sees the incident whose steps the cycle has."""
        return self.view_in(cycle.steps_of)

    def calendar(self, cycle: Cycle, name: str) -> Calendar:
        """A calendar that a step of the cycle names."""
        policies = self.editions[cycle.steps_of][1]
        return policies.calendar(name, self.steps_view(cycle).text("time_zone"))

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
        self.pass_editions(t)
        if self.record.view is not None:
            advance(self, t, inclusive=False)
        self.now = t
        if kind == "customer.updated":
            self.directory.update(subject, data)
            view = self.record.view
            # "applies from its `time` on to the customer's open incidents too, as if each had an
            # `incident.updated` at that instant"
            if view is None or view.done or view.text("customer") != subject:
                return
            kind, data = "incident.updated", {}
        opened = self.record.opened
        moments = self._moments(lambda record, own: record.apply(t, kind, data, counting=own))
        moment = moments[self.current]
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
        self._clocks(moments)
        if kind == "clock.overridden":
            override(self, moment)
        forget_scores(self, t)

    def _moments(self, read: Callable[[Record, bool], Moment]) -> list[Moment]:
        """By each edition; the one in force first, since it counts."""
        order = sorted(range(len(self.records)), key=lambda n: n != self.current)
        found = {n: read(self.records[n], n == self.current) for n in order}
        return [found[n] for n in range(len(self.records))]

    def _edits(self, t: int) -> list[Moment]:
        return self._moments(lambda record, own: record.edit(t, counting=own))

    def pass_editions(self, t: int) -> None:
        """ "An edition is in force for everything at or after its `effective_from`"."""
        while self.current + 1 < len(self.editions) and self.editions[self.current + 1][0] <= t:
            instant = self.editions[self.current + 1][0]
            if self.record.view is None or self.gone is not None:
                self.current += 1
                self.directory.edit(self.policies.customers)
            else:
                advance(self, instant, inclusive=False)
                self.now = instant
                # whether a customer had spoken was judged by the labels of then
                self.records[self.current + 1].spoke = self.record.spoke
                self.current += 1
                self.directory.edit(self.policies.customers)
                self._clocks(self._edits(instant), edited=True)
                forget_scores(self, instant)

    def _clocks(self, moments: list[Moment], *, edited: bool = False) -> None:
        m = moments[self.current]
        ended: dict[Identity, tuple[Cycle, str]] = {}
        ladders = {id(cycle): cycle.ladder for cycle in self.open_cycles()}
        before = dict(enumerate(self.matched))
        taken: list[tuple[Cycle, str]] = []
        if edited:
            self._match(self.current, m, always=True)
            taken = edit.open_cycles(self, m)
        new_rules = {id(cycle) for cycle, _ in taken}
        kept = [cycle for cycle in self.open_cycles() if id(cycle) not in new_rules]
        self._endings(moments, ended, kept)
        for edition in range(self.current + (not edited)):
            self._match(edition, moments[edition])
        for cycle in kept:
            if cycle.state == "open":
                self._rematch(cycle, moments)
        self._endings(moments, ended, [cycle for cycle, _ in taken])
        switched = [
            c for c in kept if before[c.edition].get(c.definition.identity) is not c.definition
        ]
        self._endings(moments, ended, switched)
        for cycle, mode in taken:
            if cycle.state == "open":
                edit.take_over(self, cycle, mode, m)
        for cycle in self.open_cycles():
            own = moments[cycle.edition]
            was = cycle.paused
            paused = life.paused_after(cycle.definition, own, was)
            cycle.switch(m.t, PAUSE if paused else RUN)
            if was and not paused and cycle.pin is not None:
                # the target of a pinned clock shrank while it was paused
                rebase(self, cycle, m.t)
        new = self._reopenings(m)
        for cycle in self.open_cycles():
            if id(cycle) in new_rules:
                edit.new_target(self, cycle, m.t)
            else:
                retarget(self, cycle, moments[cycle.edition])
            steps = ladders.get(id(cycle), cycle.ladder)
            if cycle.state == "open" and steps is not cycle.ladder:
                rebase(self, cycle, m.t)
        self._starts(m, ended, new)

    def _rematch(self, cycle: Cycle, moments: list[Moment]) -> None:
        """The clock goes on under the policy that its own edition has for it now; its steps are
        those of the edition whose steps it has ("within an edition another policy brings its own
        steps")."""
        identity = cycle.definition.identity
        definition = self.matched[cycle.edition].get(identity)
        if definition is None and cycle.edition != self.current:
            # "it goes on under the edition in force, as under another policy"
            cycle.edition = cycle.steps_of = self.current
            definition = self.matched[cycle.edition].get(identity)
        if definition is None:
            # "others are cancelled"; "No policy matches any more: clocks cancelled"
            self.drop(cycle, moments[self.current].t)
            return
        cycle.definition = definition
        steps = self.matched[cycle.steps_of].get(identity)
        # "where that edition no longer has the clock for the incident, the steps are those of the
        # edition it goes by"
        cycle.ladder = definition.ladder if steps is None else steps.ladder

    def drop(self, cycle: Cycle, t: int) -> None:
        """The policy or the target went away; the clock may come back."""
        self.end(cycle, t, "cancelled", why="dropped")
        self.eligible.discard(cycle.definition.identity)

    # --- ends --------------------------------------------------------------------------------

    def _endings(
        self,
        moments: list[Moment],
        ended: dict[Identity, tuple[Cycle, str]],
        cycles: list[Cycle],
    ) -> None:
        for cycle in cycles:
            if cycle.state != "open":
                continue
            identity, m = cycle.definition.identity, moments[cycle.edition]
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
            for record in self.records:
                for name in ("title", "url", "requester"):
                    if record.view is not None:
                        record.view.values.pop(name, None)
        for cycle in self.open_cycles():
            self.end(cycle, m.t, "cancelled", why="gone")
        self.pending.clear()
        self.gone = m

    # --- matching ----------------------------------------------------------------------------

    def _match(self, edition: int, m: Moment, *, always: bool = False) -> None:
        """ "Matching is repeated when an attribute that rules mention changes"; per set, "first
        match in order", or all of a `match: all` set."""
        policies = self.editions[edition][1]
        if not (always or m.first or _mentioned_changed(policies, m)):
            return
        chosen: dict[Identity, ClockDef] = {}
        taken: set[str] = set()
        for policy in policies.policies:
            first_only = policies.sets[policy.set_name]["match"] == "first"
            if first_only and policy.set_name in taken:
                continue
            begin, end = policy.valid
            if (begin is not None and m.t < begin) or (end is not None and m.t >= end):
                continue
            if policy.when is None or truth(policy.when, m.after):
                taken.add(policy.set_name)
                for definition in policy.clocks:
                    chosen[definition.identity] = definition
        self.matched[edition] = chosen

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
                other_steps = cycle.steps_of != self.current
                cycle.definition, cycle.ladder = d, d.ladder
                cycle.edition = cycle.steps_of = self.current
                cycle.reopen(m.t)
                paused = life.paused_at_start(d, m.after, m.spoke, m)
                cycle.switch(m.t, PAUSE if paused else RUN)
                if cycle.pin is not None or other_steps:
                    rebase(self, cycle, m.t)
            elif mode == "new":
                new.add(identity)
        return new

    def _starts(
        self,
        m: Moment,
        ended: dict[Identity, tuple[Cycle, str]],
        new: set[Identity],
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
            unborn = last is None or last.why == "dropped"
            if identity not in self.eligible or (m.reopened and unborn):
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
            may = ended[0].edition == self.current or life.may_start(d, m)
            return m.t if may and life.start_holds(d, m) else None
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
        for cycle in self.open_cycles():
            # also one that an edition left where it was
            other = cycle.definition
            if other.kind == "first_response" and other.set_name == d.set_name:
                return None
        for other in self.definitions.values():
            if other.kind == "first_response" and other.set_name == d.set_name:
                exists = exists or choose_target(self.policies, other, self.view) is not None
        return life.unanswered_since(d, self.record.moments, exists)

    def _opening(self, d: ClockDef) -> int:
        assert self.record.opened is not None
        earlier = self.absorbed_opened
        if earlier is None or d.option("on_merge", "earlier_start") == "own_start":
            return self.record.opened
        return min(self.record.opened, earlier)

    def start(
        self, d: ClockDef, start: int, *, own: bool = False, like: Cycle | None = None
    ) -> None:
        """`own`: by the clock's own start, which `starts_at` replaces "when it is not later".

        `like`: under the editions that this cycle has, not under the one in force.
        """
        edition = self.current if like is None else like.edition
        policies, view = self.editions[edition][1], self.view_in(edition)
        choice = choose_target(policies, d, view)
        if choice is None:
            return
        attribute = d.option("starts_at", None)
        if own and attribute is not None:
            given = view.time(attribute)
            if given is not None and given <= start:
                start = given
        calendar = choose_calendar(policies, d, view)
        cycles = self.cycles.setdefault(d.identity, [])
        cycle = Cycle(
            definition=d,
            ladder=d.ladder if like is None else like.ladder,
            edition=edition,
            steps_of=self.current if like is None else like.steps_of,
            number=len(cycles) + 1,
            calendar=calendar,
            choice=choice,
            target=make_target(choice, calendar, start),
            party=self._party(d, start),
            stretches=life.stretches_since(d, start, self.record.moments),
            excludes=self.excludes.get(d.identity, []),
            seen=seen(self, d, choice, edition),
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
        self.absorbed_from |= {data["from"], *data.get("absorbed", [])}
        other = parse_time(data["opened_at"])
        known = self.absorbed_opened
        self.absorbed_opened = other if known is None else min(known, other)
        self._move_starts()

    def _move_starts(self) -> None:
        """ "target keeps the earlier start" (D19); "a later `created` corrects it"."""
        for cycle in self.open_cycles():
            d = cycle.definition
            start = self._opening(d)
            if cycle.from_opening and start != cycle.started:
                cycle.move_start(start)
                cycle.target = make_target(cycle.choice, cycle.calendar, start, cycle)
                rebase(self, cycle, self.now)


def _mentioned_changed(policies: Policies, m: Moment) -> bool:
    before = m.before
    assert before is not None
    return any(
        before.lookup(name) != m.after.lookup(name) or before.has(name) != m.after.has(name)
        for name in policies.mentioned
        if name != "score"
    )
