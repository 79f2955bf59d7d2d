"""The events of the job, from seeds: the same bytes for every run and every contender."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sla_engine.cli.steady import PRIORITIES, TEAMS, change, stamp

HOUR_MS = 3_600_000
FIRST_MS = {"urgent": 4 * HOUR_MS, "high": 8 * HOUR_MS}
FIRST_DEFAULT_MS = 24 * HOUR_MS
RESOLUTION_MS = {"urgent": 40 * HOUR_MS, "high": 80 * HOUR_MS}
RESOLUTION_DEFAULT_MS = 200 * HOUR_MS
#: One incident in so many comes due, with one of three clocks' steps each time.
DUE_EVERY = 100
#: On every event, and never another: it brings events to their size and changes nothing.
PRODUCT = '"product":"parcel-next-day"'
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)

#: (Kafka key, value)
Record = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Job:
    """A size of the job: how many incidents, how many changes, and when the first is opened."""

    incidents: int
    changes: int = -1
    begin: datetime = BEGIN

    @property
    def change_count(self) -> int:
        """As many changes as incidents, unless another number was given."""
        return self.incidents if self.changes < 0 else self.changes

    @property
    def events(self) -> int:
        """Openings and changes together."""
        return self.incidents + self.change_count

    @property
    def begin_ms(self) -> int:
        """The first opening, in ms since 1970."""
        return round(self.begin.timestamp() * 1000)

    @property
    def end_ms(self) -> int:
        """Where the job's time ends, in ms since 1970: a second after its last event."""
        return self.begin_ms + self.events + 1000

    def records(self) -> Iterator[Record]:
        """All of it, in the order of time."""
        yield from self.created()
        yield from self.mixed()

    def created(self) -> Iterator[Record]:
        """The openings."""
        chance = random.Random(1)
        for n in range(self.incidents):
            priority, team = chance.choice(PRIORITIES), chance.choice(TEAMS)
            ahead_ms = chance.randrange(1, self.events + 1)
            opened = ""
            if n % DUE_EVERY == 0:
                back_ms = _long_ago_ms(n // DUE_EVERY, priority) - ahead_ms
                opened = f'"opened_at":"{self._stamp(n - back_ms)}",'
            data = (
                f'"title":"A parcel of {n} is late",{opened}'
                f'"priority":"{priority}","team":"{team}","customer":"C{n % 5000}",{PRODUCT}'
            )
            yield self._record(f"c{n}", "created", n, n, data)

    def mixed(self) -> Iterator[Record]:
        """The changes; the next open incident takes the place of one that is resolved."""
        chance = random.Random(2)
        resolved = bytearray(self.incidents)
        for n in range(self.change_count):
            which = _still_open(chance.randrange(self.incidents), resolved)
            kind, data = change(chance)
            resolved[which] = kind == "resolved"
            data += f',"actor":"agent-{n % 300}","actor_role":"agent",{PRODUCT}'
            yield self._record(f"m{n}", kind, which, self.incidents + n, data)

    def asked(self) -> Iterator[Record]:
        """The questions for each incident's state."""
        for n in range(self.incidents):
            yield self._record(f"a{n}", "bench.ask", n, self.events, "")

    def mark(self, name: str, at_ms: int) -> Record:
        """A partition's `sla.time`."""
        when = self._stamp(at_ms - self.begin_ms)
        value = (
            f'{{"specversion":"1.0","id":"{name}","source":"bench","type":"sla.time",'
            f'"subject":"time","time":"{when}","data":{{}}}}'
        )
        return b"time", value.encode()

    def _record(self, name: str, kind: str, which: int, at: int, data: str) -> Record:
        subject = f"INC{which:08d}"
        kind = kind if "." in kind else f"incident.{kind}"
        value = (
            f'{{"specversion":"1.0","id":"{name}","source":"bench","type":"{kind}",'
            f'"subject":"{subject}","time":"{self._stamp(at)}","data":{{{data}}}}}'
        )
        return subject.encode(), value.encode()

    def _stamp(self, offset_ms: int) -> str:
        return stamp(self.begin + timedelta(milliseconds=offset_ms))


def _long_ago_ms(turn: int, priority: str) -> int:
    """How long after an opening a step is reached: one clock's warning, breach, or another's."""
    first = FIRST_MS.get(priority, FIRST_DEFAULT_MS)
    resolution = RESOLUTION_MS.get(priority, RESOLUTION_DEFAULT_MS)
    return (first * 4 // 5, first, resolution * 4 // 5)[turn % 3]


def _still_open(which: int, resolved: bytearray) -> int:
    """`which`, or the next one round that is not resolved."""
    found = resolved.find(0, which)
    found = resolved.find(0) if found < 0 else found
    if found < 0:
        raise ValueError("every incident is resolved; ask for fewer changes")
    return found
