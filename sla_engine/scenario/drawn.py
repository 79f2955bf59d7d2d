"""The events of a business in a window of time, from a seed: the same seed gives the same bytes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Final

from sla_engine.calendar import ALWAYS, Calendar, CalendarSpec
from sla_engine.event.times import parse_time_text
from sla_engine.limits import MINUTE_MS
from sla_engine.policy import load_directory
from sla_engine.scenario import policies_of
from sla_engine.scenario.arrivals import Arrivals
from sla_engine.scenario.business import Business, Matter
from sla_engine.scenario.course import Course
from sla_engine.scenario.told import Record, Told

#: How many minutes an event may come late; what part of all does, and what part comes twice.
_LATE_MINUTES: Final = (1, 5, 30, 180)
_LATE: Final = 0.05
_TWICE: Final = 0.04
#: The same is reported by others every four minutes.
_ECHO_MS: Final = 4 * MINUTE_MS
#: Longer than any matter takes from the start of a window.
_YEARS: Final = 9


@dataclass(frozen=True)
class Window:
    """From the first instant up to the second, without it (ms since 1970)."""

    start_ms: int
    end_ms: int

    @classmethod
    def of(cls, business: Business) -> Window:
        """The window that a business is usually told in."""
        return cls(parse_time_text(business.start), parse_time_text(business.end))

    @property
    def length_ms(self) -> int:
        return self.end_ms - self.start_ms


def drawn(
    business: Business,
    seed: int,
    *,
    window: Window | None = None,
    count: int | None = None,
    disorder: bool = False,
) -> list[Told]:
    """What happens to `count` matters that come in the window, as the log gets it.

    Every sort of matter is there once before chance decides. What would happen after the window is
    left out. With `disorder` some events come late and some twice.
    """
    window = window or Window.of(business)
    random = Random(seed)
    record = Record(business.source, window.start_ms)
    _matters(business, random, window, business.count if count is None else count, record)
    record.told = [told for told in record.told if told.at_ms < window.length_ms]
    if disorder:
        disturb(record, random, window.length_ms, _LATE, int(len(record.told) * _TWICE))
    return record.in_order()


def disturb(record: Record, random: Random, end_ms: int, late: float, twice: int) -> None:
    """A part of the events comes late, and some of all come a second time; none after the end."""
    told = [
        Told(each.at_ms, _later(each.at_ms, random, end_ms), each.event, each.line)
        if random.random() < late
        else each
        for each in record.told
    ]
    again = random.sample(told, twice)
    told += [Told(e.at_ms, _later(e.sent_ms, random, end_ms), e.event) for e in again]
    record.told = told


def _later(sent_ms: int, random: Random, end_ms: int) -> int:
    return min(sent_ms + random.choice(_LATE_MINUTES) * MINUTE_MS, end_ms - 1)


def _matters(
    business: Business, random: Random, window: Window, count: int, record: Record
) -> None:
    year = datetime.fromtimestamp(window.start_ms / 1000, UTC).year
    desks = _desks(business, year - 1, year + _YEARS)
    arrivals: dict[str, Arrivals] = {}
    shares = [matter.share for matter in business.matters]
    sorts = [*business.matters, *random.choices(business.matters, shares, k=count)][:count]
    coming: list[tuple[int, Matter, str]] = []
    for matter in sorts:
        customer, zone = business.customer(random)
        if zone not in arrivals:
            arrivals[zone] = Arrivals(business.rhythm, zone, window.start_ms, window.end_ms)
        coming.append((arrivals[zone].draw(random) - window.start_ms, matter, customer))
    coming.sort(key=lambda each: each[0])
    for number, (at_ms, matter, customer) in enumerate(coming, 1):
        incident = f"{matter.prefix}-{number:05}"
        Course(business, matter, random, desks, record).play(incident, at_ms, customer)
        for echo in range(1, random.randint(0, matter.echoes) + 1):
            # Somebody else reports the same, and it is seen to be the same.
            other = Course(business, matter, random, desks, record)
            other.incident, other.at_ms = f"{incident}.{echo}", at_ms + echo * _ECHO_MS
            other.opened(business.customer(random)[0])
            other.at_ms += 3 * _ECHO_MS
            other.add("merged", {"into": incident})


def _desks(business: Business, first_year: int, last_year: int) -> dict[str, Calendar]:
    """The calendars of the policies in which people work."""
    specs = load_directory(policies_of(business.name)).calendars

    def compiled(spec: CalendarSpec) -> Calendar:
        return Calendar.of(spec, None, first_year, last_year)

    wanted = {matter.desk for matter in business.matters}
    return {"24x7": compiled(ALWAYS)} | {
        name: compiled(specs[name]) for name in sorted(wanted - {"24x7"})
    }
