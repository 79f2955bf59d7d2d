"""Editions: the policy sets of one engine in the order in which they come into force (D7, D8).

The first is in force from ever; each later one from its instant on, for every incident. Which
one a clock goes by is decided by the fold (clock.editions); here is what they say, side by side.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Final

from sla_engine.calendar import CalendarSpec
from sla_engine.errors import PolicyError
from sla_engine.policy.directory import LONG_AGO
from sla_engine.policy.model import Maintenance, PolicySet

#: Between a calendar's name and the instant of the edition that changed it.
_EDITED: Final = "\x1f"


@dataclass(frozen=True)
class Edition:
    """A policy set and the instant from which on it is in force."""

    begin_ms: int
    policies: PolicySet
    order: tuple[int, str] = (0, "")  # time and id of its record: the later one counts


class Editions:
    """The first policy set and those that were published after it.

    A set that follows itself makes no edition; of several for one instant that of the later
    record counts. An attribute keeps its type, since stored values would mean something else: a
    set that changes one is set aside, the earlier record counts. So the same records make the
    same editions, in whatever order they are read.
    """

    def __init__(self, first: PolicySet, later: Iterable[Edition] = ()) -> None:
        self.told = tuple(later)
        self.published: dict[int, Edition] = {}
        self.set_aside: dict[tuple[int, str], PolicyError] = {}  # by `Edition.order`
        types = types_of(first)
        for edition in sorted(self.told, key=lambda one: one.order):
            own = types_of(edition.policies)
            changed = [name for name in sorted(own) if types.get(name, own[name]) != own[name]]
            if changed:
                self.set_aside[edition.order] = _changed_type(changed[0], types, own)
            else:
                types |= own
                self.published[edition.begin_ms] = edition
        self.all = [Edition(LONG_AGO, first)]
        for begin in sorted(self.published):
            if self.published[begin].policies.version != self.all[-1].policies.version:
                self.all.append(self.published[begin])
        self.specs: dict[str, CalendarSpec] = {}
        self.calendars = [self._named(edition) for edition in self.all]

    def __len__(self) -> int:
        return len(self.all)

    def heard(self, more: Editions) -> None:
        """Records that change nothing are known from here on too."""
        self.told, self.published, self.set_aside = more.told, more.published, more.set_aside

    @property
    def version(self) -> str:
        """What names all editions together; of a single one its policies' hash."""
        if len(self) == 1:
            return self.all[0].policies.version
        told = [(edition.begin_ms, edition.policies.version) for edition in self.all]
        return blake2b(repr(told).encode(), digest_size=6).hexdigest()

    def policies(self, number: int) -> PolicySet:
        """The policy set of an edition."""
        return self.all[number].policies

    def at(self, instant_ms: int) -> int:
        """The number of the edition in force at an instant."""
        begins = [edition.begin_ms for edition in self.all]
        return max(0, bisect_right(begins, instant_ms) - 1)

    def in_force(self, instant_ms: int) -> Edition:
        """The edition in force at an instant."""
        return self.all[self.at(instant_ms)]

    def until(self, number: int) -> int | None:
        """When the edition after this one comes into force; None when there is none."""
        return self.all[number + 1].begin_ms if number + 1 < len(self.all) else None

    def windows(self) -> list[tuple[int, Maintenance]]:
        """(edition, window) of all maintenance, cut to the time in which the edition is in force.

        A window that lies outside of that time is left out.
        """
        found = []
        for number, edition in enumerate(self.all):
            end = self.until(number)
            for window in edition.policies.maintenance:
                begin = max(window.from_ms, edition.begin_ms)
                stop = window.to_ms if end is None else min(window.to_ms, end)
                if begin < stop:
                    found.append((number, replace(window, from_ms=begin, to_ms=stop)))
        return found

    def _named(self, edition: Edition) -> dict[str, str]:
        """Calendar of an edition -> its name among those of all; what was edited gets its own."""
        names: dict[str, str] = {}
        for name, spec in edition.policies.calendars.items():
            own = name
            if self.specs.setdefault(own, spec) != spec:
                own = f"{name}{_EDITED}{edition.begin_ms}"
                self.specs[own] = replace(spec, name=own)
            names[name] = own
        return names


def shown(calendar: str) -> str:
    """A calendar's name as its policies write it."""
    return calendar.partition(_EDITED)[0]


def types_of(policies: PolicySet) -> dict[str, str]:
    """Attribute -> its type."""
    return {name: spec.type for name, spec in policies.attributes.items()}


def _changed_type(name: str, types: Mapping[str, str], own: Mapping[str, str]) -> PolicyError:
    return PolicyError(
        f"attribute `{name}` is `{types[name]}` in a set that was published before and "
        f"`{own[name]}` in this one: give it another name",
        code="CHANGED_TYPE",
    )
