"""One cycle of one clock: a list of stretches of time, and what can be read off it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.reference.calendars import Calendar
from tests.reference.cel import Condition
from tests.reference.ladder import Ladder
from tests.reference.policies import RELATIVE_DUES, ClockDef, Policies, parse_target
from tests.reference.record import View, truth

RUN, PAUSE, RESOLVED = "run", "pause", "resolved"


@dataclass
class Stretch:
    """[begin, end) in one way of counting; `end` is None for the one that is going on."""

    begin: int
    end: int | None
    kind: str
    # set on what an edition `from_now` left behind: "on the calendar of then"
    calendar: Calendar | None = None


@dataclass(frozen=True)
class Choice:
    """What the policy's rules chose for a clock: ("ms", n), ("bd", n), ("at", instant) or
    ("rel", text)."""

    kind: str
    value: Any


@dataclass
class Target:
    """`target_ms`, and how the due behaves: `at_opening` when it was moved to an opening."""

    ms: int
    at_opening: bool = False
    given_due: int | None = None


@dataclass
class Cycle:
    definition: ClockDef
    ladder: Ladder
    edition: int  # whose rules it has
    steps_of: int  # the edition whose steps it has
    number: int
    calendar: Calendar
    choice: Choice
    target: Target
    party: str
    stretches: list[Stretch]
    excludes: list[tuple[int, int]]
    seen: Any = None
    state: str = "open"  # "open", "met" or "cancelled"
    why: str = ""  # "dropped" when the policy or the target went away
    stopped: int | None = None
    final_due: int | None = None
    breached_at: int | None = None
    pin: int | None = None
    reopens: int = 0
    done_when_stopped: bool = False
    from_opening: bool = False
    # the ladder's state: "fired" | "skipped" (absent = armed) by rung key, and counts
    rungs: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    wake: dict[str, int] = field(default_factory=dict)
    reached: dict[str, int] = field(default_factory=dict)  # instants of held steps at a score
    pulled: dict[str, int] = field(default_factory=dict)
    at_once: dict[str, int] = field(default_factory=dict)
    acks: list[tuple[int, int | None]] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    clears: int = 0

    @property
    def started(self) -> int:
        return self.stretches[0].begin

    @property
    def paused(self) -> bool:
        return self.state == "open" and self.stretches[-1].kind == PAUSE

    @property
    def running(self) -> bool:
        return self.state == "open" and self.stretches[-1].kind == RUN

    @property
    def breached(self) -> bool:
        return self.breached_at is not None

    # --- stretches ---------------------------------------------------------------------------

    def switch(self, t: int, kind: str) -> None:
        """From `t` on count as `kind`."""
        last = self.stretches[-1]
        if last.kind == kind and last.end is None:
            return
        if last.begin >= t and len(self.stretches) > 1 and self.stretches[-2].calendar is None:
            self.stretches.pop()
            self.stretches[-1].end = None
            self.switch(t, kind)
        elif last.begin >= t:
            last.kind = kind
        else:
            last.end = t
            self.stretches.append(Stretch(t, None, kind))

    def close(self, t: int) -> None:
        self.stretches[-1].end = t

    def reopen(self, t: int) -> None:
        """ "the time spent resolved never counts"."""
        self.stretches.append(Stretch(self.stretches[-1].end or t, None, RESOLVED))
        self.state, self.stopped, self.final_due = "open", None, None
        self.reopens += 1

    def move_start(self, start: int) -> None:
        """What lies before the old start counts as running."""
        first = self.stretches[0]
        if start < first.begin and first.kind != RUN:
            self.stretches.insert(0, Stretch(start, first.begin, RUN, first.calendar))
        while len(self.stretches) > 1 and (self.stretches[0].end or start) <= start:
            self.stretches.pop(0)
        self.stretches[0].begin = start

    def freeze(self, t: int) -> None:
        """`from_now`: "stretches up to the switch stay counted as they were, on the calendar of
        then; what follows counts on the new calendar"."""
        last = self.stretches[-1]
        last.end = t
        for s in self.stretches:
            s.calendar = s.calendar or self.calendar
        self.stretches.append(Stretch(t, None, last.kind))

    def pauses_to_run(self, t: int) -> None:
        """ "`carry_pauses: false` turns earlier `paused_ms` into `elapsed_ms`": up to t; but
        "pauses before the switch stay pauses"."""
        out: list[Stretch] = []
        for s in self.stretches:
            if s.calendar is not None:
                out.append(s)
            elif s.kind == PAUSE and s.end is None and s.begin < t:
                out += [Stretch(s.begin, t, RUN), Stretch(t, None, PAUSE)]
            elif s.kind == PAUSE and s.end is not None:
                out.append(Stretch(s.begin, s.end, RUN))
            else:
                out.append(s)
        joined = [out[0]]
        for s in out[1:]:
            if s.kind == joined[-1].kind and s.kind == RUN and joined[-1].calendar is s.calendar:
                joined[-1].end = s.end
            else:
                joined.append(s)
        self.stretches = joined

    # --- counting ----------------------------------------------------------------------------

    def _pieces(self, begin: int, end: int) -> list[tuple[int, int]]:
        """[begin, end) without the excluded intervals ("interval removed from elapsed", F30)."""
        pieces = [(begin, end)]
        for x, y in self.excludes:
            pieces = [
                part
                for a, b in pieces
                for part in ((a, min(b, x)), (max(a, y), b))
                if part[0] < part[1]
            ]
        return pieces

    def _open_run(self, begin: int, end: int, calendar: Calendar | None = None) -> int:
        counted = calendar or self.calendar
        return sum(counted.open_between(a, b) for a, b in self._pieces(begin, end))

    def _total(self, kind: str, t: int) -> int:
        total = 0
        for s in self.stretches:
            end = t if s.end is None else min(s.end, t)
            if s.kind == kind and s.begin < end:
                total += (s.calendar or self.calendar).open_between(s.begin, end)
        return total

    def open_time(self, end: int, calendar: Calendar | None = None) -> int:
        """Open time from the start to `end`, each part on its calendar, what is to come on
        `calendar`."""
        counted = calendar or self.calendar
        total, at = 0, self.started
        for s in self.stretches:
            if s.calendar is not None and s.end is not None:
                total += s.calendar.open_between(s.begin, min(s.end, max(end, s.begin)))
                at = s.end
        if end > at or at == self.started:
            total += counted.open_between(at, end)
        elif end < self.started:
            total -= counted.open_between(end, self.started)
        return total

    def elapsed(self, t: int) -> int:
        """Open time run off by `t`, pauses, resolved and excluded time left out."""
        total = 0
        for s in self.stretches:
            end = t if s.end is None else min(s.end, t)
            if s.kind == RUN and s.begin < end:
                total += self._open_run(s.begin, end, s.calendar)
        return total

    def paused_ms(self, t: int) -> int:
        return self._total(PAUSE, t)

    def resolved_ms(self, t: int) -> int:
        return self._total(RESOLVED, t)

    def excluded_ms(self, t: int) -> int:
        return self._total(RUN, t) - self.elapsed(t)

    def wall_ms(self, t: int) -> int:
        """By the wall clock, "pauses left out"; resolved time never counts, nor excluded."""
        total = 0
        for s in self.stretches:
            end = t if s.end is None else min(s.end, t)
            if s.kind == RUN and s.begin < end:
                total += sum(b - a for a, b in self._pieces(s.begin, end))
        return total

    def target_ms(self, t: int) -> int:
        """ "while pinned `target_ms` = `elapsed_ms` + open time left to it"."""
        if self.pin is None:
            return self.target.ms
        return self.elapsed(t) + self._left(t, self.pin)

    def _left(self, t: int, pin: int) -> int:
        return self._open_run(t, pin) if t <= pin else -self._open_run(pin, t)

    # --- when --------------------------------------------------------------------------------

    def reach(self, need: int, *, due: bool) -> int | None:
        """The first instant with elapsed >= need, None while that is not to be seen.

        A stretch that ends exactly at that instant does not reach it: "An event at instant t is
        applied before a timer at t", so the pause came first, and the wait left (0) follows it.
        """
        done = 0
        for s in self.stretches:
            if s.kind != RUN:
                continue
            if need <= done and not due:
                at = s.begin
            else:
                at = self._add(s.begin, max(0, need - done), s.calendar)
            if due and self.target.at_opening:
                # "a due recomputed from `target_ms` that lands on a closing is moved likewise;
                # such a due is met up to the moved instant"
                at = (s.calendar or self.calendar).next_open(at)
            if s.end is None or at < s.end:
                return at
            done += self._open_run(s.begin, s.end, s.calendar)
        return None

    def _add(self, begin: int, amount: int, calendar: Calendar | None) -> int:
        """`calendar.add` over the calendar without the excluded intervals."""
        counted = calendar or self.calendar
        at = begin
        for x, y in sorted(self.excludes):
            if y <= at:
                continue
            if x > at:
                found = counted.add(at, amount)
                if found <= x:
                    return found
                amount -= counted.open_between(at, x)
            at = y
        return counted.add(at, amount)

    def computed_due(self) -> int | None:
        """The due from start and target, whatever is pinned; None if paused before it."""
        if self.target.ms < 0:
            return self.target.given_due
        return self.reach(self.target.ms, due=True)

    def due(self) -> int | None:
        """As reported: "null while paused, unless pinned, or breached: then the due it broke"."""
        if self.state != "open":
            return self.final_due
        if self.pin is not None:
            return self.pin
        due = self.computed_due()
        if due is None and self.breached_at is not None:
            return self.breached_at - 1
        if self.paused and not self.breached:
            return None
        return due

    def breach_due(self) -> int | None:
        """The instant after which an open cycle is broken, if there is one to be seen."""
        if self.pin is not None:
            return self.pin
        return self.computed_due()

    def standing(self, acknowledgeable: bool) -> list[tuple[int, int | None]]:
        """Wall intervals in which steps after the breach stand still."""
        spans = [(s.begin, s.end) for s in self.stretches if s.kind != RUN]
        if acknowledgeable:
            spans += self.acks
        standing = [(a, b) for a, b in spans if b is None or a < b]
        return sorted(standing, key=lambda span: (span[0], span[1] is None, span[1] or 0))

    def after_due(self, offset: int, acknowledgeable: bool) -> int | None:
        """ "`N after` and `every` count from `due` on the wall clock", minus the standstills."""
        due = self.due()
        if due is None:
            return None
        at, left = due, offset
        for begin, end in self.standing(acknowledgeable):
            if end is not None and end <= at:
                continue
            if begin > at and left < begin - at:
                return at + left
            left -= max(0, begin - at)
            if end is None:
                return None
            at = end
        return at + left


# --- targets -----------------------------------------------------------------------------------


def choose_target(policies: Policies, definition: ClockDef, view: View) -> Choice | None:
    """What the rules give for these attributes; None = no clock."""
    text = definition.due_at
    if text is not None:
        if text in RELATIVE_DUES or text.startswith("next business day "):
            return Choice("rel", text)
        instant = view.time(text)
        return None if instant is None else Choice("at", instant)
    value = _resolve(policies, definition.target, view)
    return None if value is None else Choice(*value)


def _resolve(policies: Policies, spec: Any, view: View) -> tuple[str, int] | None:
    if isinstance(spec, list):
        for item in spec:
            if item.get("when") is None or truth(Condition(str(item["when"])), view):
                return _resolve(policies, item.get("is"), view)
        return None
    if isinstance(spec, dict):
        if "by" in spec:
            value = view.lookup(spec["by"])
            key = value if isinstance(value, str) else str(value)
            entries = {k: v for k, v in spec.items() if k != "by"}
        else:
            key = view.text("priority")
            entries = {policies.priority(k): v for k, v in spec.items()}
        # "map priority -> duration or `none`, with `default` (no entry and no default: no clock)"
        return _resolve(policies, entries.get(key, entries.get("default")), view)
    return parse_target(spec)


def choose_calendar(policies: Policies, definition: ClockDef, view: View) -> Calendar:
    """ "a name, or `{urgent: 24x7, default: chennai}` by priority, or `{from: calendar,
    default: chennai}` by attribute"; "`24x7` (UTC) is built in and the default"."""
    spec = definition.option("calendar", "24x7")
    if isinstance(spec, dict) and "from" in spec:
        name = view.text(spec["from"])
        if not policies.knows_calendar(name):
            name = str(spec.get("default", "24x7"))
    elif isinstance(spec, dict):
        entries = {policies.priority(k): v for k, v in spec.items()}
        name = str(entries.get(view.text("priority"), entries.get("default", "24x7")))
    else:
        name = str(spec)
    return policies.calendar(name, view.text("time_zone"))


def make_target(
    choice: Choice, calendar: Calendar, start: int, cycle: Cycle | None = None
) -> Target:
    """ "`target_ms` = open time from start to that due, fixed at the start"; of a `cycle` that
    counted on other calendars before, its open time."""
    if choice.kind == "ms":
        return Target(choice.value)
    if choice.kind == "bd":
        due = calendar.business_days(start, choice.value)
    elif choice.kind == "at":
        due = calendar.move_to_open(choice.value)
    elif choice.value == "end of business day":
        due = calendar.end_of_business_day(start)
    elif choice.value == "end of next business day":
        due = calendar.end_of_next_business_day(start)
    else:
        hour, minute = choice.value.rsplit(" ", 1)[1].split(":")
        due = calendar.next_business_day_at(start, int(hour) * 60 + int(minute))
    if cycle is None:
        ms = calendar.open_between(start, due)
    else:
        ms = cycle.open_time(due, calendar)
    return Target(ms, calendar.is_opening(due), due)
