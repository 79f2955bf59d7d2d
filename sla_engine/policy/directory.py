"""The customer directory over time: what it says of a customer at an instant.

The policy files give the first version of every entry; each `customer.updated` makes a new one
from its time on, for its tenant. `valid` opens and closes a version. `later` are the entries of
edited policy files, each from an instant on; updates hold on under them.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sla_engine.policy.model import Customer

#: The members of an entry (policy-language, `customers`).
MEMBERS = ("tier", "contract", "calendar", "time_zone", "team", "region")

#: Before every event.
LONG_AGO = -(2**62)


@dataclass(frozen=True, order=True)
class Update:
    """One `customer.updated`: None unsets; `valid` None leaves the window as it is."""

    time_ms: int
    order: tuple[str, ...] = ()
    changes: tuple[tuple[str, str | None], ...] = field(default=(), compare=False)
    valid: tuple[int | None, int | None] | None = field(default=None, compare=False)
    content: int = field(default=0, compare=False)  # hash of all that the record says


@dataclass(frozen=True)
class Version:
    """What an entry says from `begin_ms` on; empty while it is not valid."""

    begin_ms: int
    attributes: Mapping[str, str]
    updated: bool = False  # by an update, not by `valid`


class Directory:
    """All entries, by (tenant, customer) once an update has come, by customer before."""

    def __init__(
        self,
        customers: Mapping[str, Customer],
        later: Sequence[tuple[int, Mapping[str, Customer]]] = (),
    ) -> None:
        self._editions = [(LONG_AGO, customers), *later]
        self._updates: dict[tuple[str, str], list[Update]] = {}
        names = sorted({name for _, each in self._editions for name in each})
        self._versions: dict[tuple[str | None, str], list[Version]] = {
            (None, name): self._over_editions(name, ()) for name in names
        }

    def update(self, tenant: str, customer: str, update: Update) -> None:
        """Take in an update, in whatever order updates come; the same one twice counts once."""
        known = self._updates.setdefault((tenant, customer), [])
        if update in known:
            return
        insort(known, update)
        self._versions[tenant, customer] = self._over_editions(customer, known)

    def _over_editions(self, name: str, updates: Sequence[Update]) -> list[Version]:
        """What the entry says under each edition of the policies, while that is in force."""
        found: list[Version] = []
        ends = [begin for begin, _ in self._editions[1:]]
        for (begin, customers), end in zip(self._editions, [*ends, None], strict=True):
            own = _versions(customers.get(name, Customer(name, {})), updates)
            before = [version for version in own if version.begin_ms <= begin]
            found.append(Version(begin, before[-1].attributes if before else {}))
            found += [
                version
                for version in own
                if begin < version.begin_ms and (end is None or version.begin_ms < end)
            ]
        return found

    def updates(self, tenant: str, customer: str) -> Sequence[Update]:
        """The updates of an entry, the earliest first."""
        return self._updates.get((tenant, customer), [])

    def all_updates(self) -> Iterable[tuple[str, str, Update]]:
        """Every update: (tenant, customer, update)."""
        for (tenant, customer), updates in self._updates.items():
            for update in updates:
                yield tenant, customer, update

    def versions(self) -> Iterable[tuple[tuple[str | None, str], list[Version]]]:
        """((tenant or None, customer), its versions from the first on)."""
        return self._versions.items()

    def entry(
        self, tenant: str, customer: str, instant_ms: int, *, passed: bool = True
    ) -> Mapping[str, str]:
        """The entry in force at an instant; empty when there is none.

        `passed` False: an update at the very instant has not come yet.
        """
        versions = self._versions.get((tenant, customer), self._versions.get((None, customer), []))
        for version in reversed(versions):
            coming = version.updated and not passed and version.begin_ms == instant_ms
            if version.begin_ms <= instant_ms and not coming:
                return version.attributes
        return {}


def _versions(customer: Customer, updates: Iterable[Update]) -> list[Version]:
    """The entry's versions, each from the instant at which what it says changes."""
    found: list[Version] = []
    attributes = dict(customer.attributes)
    valid = (customer.valid_from, customer.valid_to)
    begin = LONG_AGO
    for update in updates:
        found += _within(attributes, valid, begin, update.time_ms)
        begin = update.time_ms
        for name, value in update.changes:
            attributes.pop(name, None)
            if value is not None:
                attributes[name] = value
        if update.valid is not None:
            valid = update.valid
    found += _within(attributes, valid, begin, None)
    return found


def _within(
    attributes: Mapping[str, str], valid: tuple[int | None, int | None], begin: int, end: int | None
) -> list[Version]:
    """One state of the entry from `begin` to `end`, cut by its `valid` (from <= t < to)."""
    start, stop = valid
    edges = {edge for edge in valid if edge is not None and begin < edge}
    made = []
    for edge in sorted({begin, *edges}):
        if end is not None and edge >= end:
            continue
        counts = (start is None or start <= edge) and (stop is None or edge < stop)
        by_update = edge == begin and begin != LONG_AGO
        made.append(Version(edge, dict(attributes) if counts else {}, by_update))
    return made
