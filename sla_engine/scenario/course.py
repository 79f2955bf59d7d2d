"""What happens to one matter: picked up, answered, handed on, waited for, resolved, back again."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any, Final

from sla_engine.calendar import Calendar
from sla_engine.limits import HOUR_MS, MINUTE_MS, SECOND_MS
from sla_engine.scenario.business import Business, Matter, Wait
from sla_engine.scenario.told import Record

#: How much people differ from the median: a third of them takes more than half as long again.
_SPREAD: Final = 0.8
_SLOW: Final = 10
_FAST: Final = 0.2
_HANDED_MAX: Final = 4


def chosen(random: Random, weights: Mapping[str, float]) -> str:
    """One of them, the more often the heavier it is."""
    return random.choices(tuple(weights), tuple(weights.values()))[0]


class Course:
    """One matter from its opening on; `at_ms` is where its story stands."""

    def __init__(
        self,
        business: Business,
        matter: Matter,
        random: Random,
        desks: Mapping[str, Calendar],
        record: Record,
    ) -> None:
        self.business, self.matter, self.random, self.record = business, matter, random, record
        self.priority = chosen(random, matter.priorities)
        self.channel = chosen(random, matter.channels)
        self.team = random.choice(matter.teams)
        self.incident = ""
        self.at_ms = 0
        self._desks = desks
        self._person = ""

    def play(self, incident: str, at_ms: int, customer: str) -> None:
        """Tell all of it."""
        self.incident, self.at_ms = incident, at_ms
        self.opened(customer)
        self._taken()
        self._answered(_SLOW if self._happens(self.matter.forgotten) else 1)
        self._handed_on()
        self._raised()
        for wait in self.matter.waits:
            if self._happens(wait.chance):
                self._wait(wait)
        while self._happens(self.matter.asks):
            self._asked()
        if self._happens(self.matter.open_end):
            return
        self._ended()
        if self._happens(self.matter.reopened):
            self._back()

    def opened(self, customer: str) -> None:
        """It is opened, and a bot may say so."""
        matter, random = self.matter, self.random
        data: dict[str, Any] = {"title": random.choice(matter.titles), **matter.data}
        data |= {"channel": self.channel, "priority": self.priority, "team": self.team}
        if customer:
            data["customer"] = customer
        if matter.more is not None:
            data |= matter.more(random, self.record.start_ms + self.at_ms)
        self.add("created", data)
        if self.channel in self.business.bots:
            self.at_ms += 2 * SECOND_MS
            self.add("commented", {"author": "bot", "author_id": "reception"})

    def add(self, kind: str, data: Mapping[str, Any]) -> None:
        """The next event; a second passes."""
        self.record.add(self.incident, self.at_ms, kind, data)
        self.at_ms += SECOND_MS

    # ------------------------------------------------------------------ time

    def _happens(self, chance: float) -> bool:
        return self.random.random() < chance

    def _length(self, median_ms: float) -> int:
        length = int(median_ms * self.random.lognormvariate(0, _SPREAD))
        return max(SECOND_MS, length - length % SECOND_MS)

    def _work(self, minutes: float) -> None:
        """So many minutes of the desk's own hours pass, more or less."""
        urgent = self.priority in self.business.night
        desk = self._desks["24x7" if urgent else self.matter.desk]
        length = self._length(minutes * MINUTE_MS * (_FAST if urgent else 1))
        start = self.record.start_ms
        self.at_ms = desk.add(start + self.at_ms, length) - start

    # ------------------------------------------------------------------ what happens

    def _by(self, team: str) -> str:
        self._person = self.random.choice(self.business.staff(team))
        return self._person

    def _taken(self) -> None:
        """Somebody picks up, or takes it before there is an answer; or nobody says so."""
        seconds = self.business.pick_up.get(self.channel)
        if seconds is not None:
            self.at_ms += self._length(seconds * SECOND_MS)
        elif self._happens(0.6):
            self._work(self.matter.answer_minutes / 3)
        else:
            return
        self.add("acknowledged", {"by": self._by(self.team)})
        self._begun()

    def _begun(self) -> None:
        if self.business.begun:
            self.add("updated", {"assignee": self._person, "status": self.business.begun})

    def _answered(self, slowness: float = 1) -> None:
        self._work(self.matter.answer_minutes * slowness)
        if not self._person:
            self._by(self.team)
            self._begun()
        self.add("commented", {"author": "agent", "author_id": self._person})

    def _asked(self) -> None:
        """The customer writes again, sometimes twice."""
        self.at_ms += self._length(2 * HOUR_MS)
        for _ in range(1 + self._happens(0.3)):
            self.add("commented", {"author": "customer"})
            self.at_ms += self._length(10 * MINUTE_MS)
        self._answered(_SLOW / 2 if self._happens(self.matter.forgotten) else 1)

    def _handed_on(self) -> None:
        for _ in range(_HANDED_MAX):
            if not self._happens(self.matter.handed if not self._handed else 0.45):
                return
            others = [team for team in self.business.people if team not in ("", self.team)]
            if not others:
                return
            self._work(self.matter.work_minutes / 3)
            self.team = self.random.choice(others)
            note = {"author": "agent", "author_id": self._person, "public": False}
            self.add("commented", note)
            self.add("updated", {"team": self.team, "assignee": None})
            self._work(self.matter.answer_minutes / 2)
            if self._happens(0.8):
                self.add("updated", {"assignee": self._by(self.team)})

    @property
    def _handed(self) -> bool:
        return self.team not in self.matter.teams

    def _raised(self) -> None:
        if self.priority != self.business.urgent and self._happens(self.matter.raised):
            self.at_ms += self._length(HOUR_MS)
            self.priority = self.business.urgent
            self.add("updated", {"priority": self.priority})

    def _wait(self, wait: Wait) -> None:
        vendor = {"vendor": self.random.choice(wait.vendors)} if wait.vendors else {}
        self._work(self.matter.work_minutes / 4)
        self.add("updated", {**wait.begin, **vendor})
        self.at_ms += self._length(wait.hours * HOUR_MS)
        if wait.customer:
            self.add("commented", {"author": "customer"})
            if self._happens(0.3):
                return
            self._work(self.matter.answer_minutes / 2)
        self.add("updated", wait.end)

    def _ended(self) -> None:
        self._work(self.matter.work_minutes)
        self.add("updated" if self.matter.done else "resolved", self.matter.done)
        if self._happens(0.15):
            self.at_ms += self._length(3 * HOUR_MS)
            self.add("rated", {"csat": self.random.choice((1, 2, 3, 4, 4, 5, 5, 5))})

    def _back(self) -> None:
        """It was not solved after all."""
        self.at_ms += self._length(5 * HOUR_MS)
        self.add("commented", {"author": "customer"})
        self.add("reopened", {})
        self._answered()
        self._ended()
