"""What stored keys of profiles and calendars mean to a reader, who meets new ones as it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sla_engine.engine import personal
from sla_engine.engine.ports import Store
from sla_engine.engine.recovery import Names
from sla_engine.errors import StoreError
from sla_engine.policy.tables import RuleBook

_PREFIX: Final = "profile:"


class Profiles:
    """The profiles that the store knows; one new to us brings all that came since."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: Mapping[str, bytes] = {}

    def stored(self, key: int) -> bytes | None:
        """A profile as stored; None when the store does not have it."""
        name = f"{_PREFIX}{key:016x}"
        if name not in self._known:
            self._known = self._store.shared(_PREFIX)
        return self._known.get(name)


class FollowedNames(Names):
    """`recovery.Names` that asks the store again for what it has not met."""

    def __init__(self, store: Store, book: RuleBook, number: int, profiles: Profiles) -> None:
        super().__init__(store, book, number)
        self._number = number
        self._all = profiles

    def profile(self, key: int) -> int:
        """The profile's number here. StoreError when the store does not say what it means."""
        found = self._profiles.get(key)
        if found is None:
            stored = self.personal.get(key) or self._all.stored(key) or self._personal_now(key)
            if stored is None:
                raise StoreError(f"the store has rows of profile {key:016x} but not what it means")
            found = self._profiles[key] = self._book.load_profile(stored)
        return found

    def _personal_now(self, key: int) -> bytes | None:
        (own,) = self._store.read(self._number, [personal.NAME])
        self.personal = personal.as_read(own or b"")
        return self.personal.get(key)
