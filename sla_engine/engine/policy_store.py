"""Policy sets and editions beside the partitions: the store keeps what every worker must know.

`policies:<hash>` is a set: its files, and the dates that its countries' holidays had when it was
stored. `edition:base` names the set that is in force from ever; every other `edition:` is a
`policy.published`, packed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from sla_engine.calendar import country_dates, with_dates
from sla_engine.engine.ports import Store
from sla_engine.errors import PolicyError, StoreError
from sla_engine.event.cloudevent import text, value
from sla_engine.event.layout import DecodedBatch, EventType, Member
from sla_engine.event.packed import unpack_all
from sla_engine.event.times import parse_time_text
from sla_engine.policy import load_texts
from sla_engine.policy.editions import Edition
from sla_engine.policy.model import PolicySet
from sla_engine.policy.tables import RuleBook

_SET: Final = "policies:"
_EDITION: Final = "edition:"
_BASE: Final = "edition:base"


def store_set(store: Store, policies: PolicySet) -> None:
    """Keep a policy set under its hash."""
    name = _SET + policies.version
    if name not in store.shared(name):
        stored = {"files": dict(policies.texts), "holidays": country_dates(policies.calendars)}
        _put_first(store, name, orjson.dumps(stored))


def read_set(store: Store, version: str) -> PolicySet | None:
    """The policy set with this hash; None when the store does not have it."""
    name = _SET + version
    stored = store.shared(name).get(name)
    if stored is None:
        return None
    told = orjson.loads(stored)
    policies = load_texts(told["files"])
    calendars = with_dates(policies.calendars, told["holidays"])
    return replace(policies, calendars=calendars, version=version)


def keep_base(store: Store, policies: PolicySet) -> PolicySet:
    """The set in force from ever: the stored one, or `policies`, which are stored as that."""
    if not store.shared(_BASE):
        store_set(store, policies)
        _put_first(store, _BASE, policies.version.encode())
    return base_of(store, policies)


def base_of(store: Store, policies: PolicySet) -> PolicySet:
    """The set in force from ever: the stored one, or `policies` where none is stored."""
    version = _base_version(store)
    return policies if version in ("", policies.version) else _known(store, version)


def stored_base(store: Store) -> PolicySet | None:
    """The set in force from ever, None while no worker has stored one."""
    version = _base_version(store)
    return _known(store, version) if version else None


def _base_version(store: Store) -> str:
    return store.shared(_BASE).get(_BASE, b"").decode()


def editions_in(store: Store) -> list[Edition]:
    """Every edition that the store knows but the first."""
    packed = [blob for name, blob in store.shared(_EDITION).items() if name != _BASE]
    if not packed:
        return []
    batch = unpack_all(b"".join(packed))
    told = [published(batch, row) for row in range(len(batch.events))]
    return editions_of(told, lambda version: _known(store, version))


def book_of(store: Store, policies: PolicySet) -> RuleBook:
    """The rules of all editions; `policies` are the first one when the store knows none."""
    return RuleBook(base_of(store, policies), editions_in(store))


def edition_name(packed: bytes) -> str:
    """The name under which the store keeps a `policy.published`."""
    return _EDITION + blake2b(packed, digest_size=16).hexdigest()


def published(batch: DecodedBatch, at: int) -> tuple[int, int, str, str]:
    """(in force from, time of the record, its id, hash of the set) of a `policy.published`.

    Nothing is in force before it was published.
    """
    event = batch.events[at]
    first = int(event["span"])
    spans = batch.spans[first : first + int(event["spans"])]
    told: dict[int, Any] = {int(span["member"]): value(batch.data, span) for span in spans[4:]}
    begin = parse_time_text(told[int(Member.EFFECTIVE_FROM)])
    time = int(event["time"])
    return max(begin, time), time, text(batch.data, spans[3]), str(told[int(Member.HASH)])


def published_in(events: NDArray[Any]) -> NDArray[np.int64]:
    """The rows of the accepted `policy.published`."""
    kind = events["type"] == EventType.POLICY_PUBLISHED
    found: NDArray[np.int64] = np.flatnonzero(kind & (events["code"] == 0))
    return found


def edited(published: Mapping[str, PolicySet], version: str) -> PolicySet:
    """The set that a `policy.published` names; PolicyError when it was not given."""
    if version not in published:
        raise PolicyError(
            f"an event publishes policy set `{version}`, which was not given; "
            "give its directory with --published",
            code="UNKNOWN_EDITION",
        )
    return published[version]


def editions_of(
    told: Iterable[tuple[int, int, str, str]],
    known: Callable[[str], PolicySet],
) -> list[Edition]:
    """The editions that these records make, in order."""
    return [edition_of(each, known(each[-1])) for each in sorted(told)]


def edition_of(told: tuple[int, int, str, str], policies: PolicySet) -> Edition:
    """The edition that a record (`published`) makes of the set it names."""
    begin, time, identity, _ = told
    return Edition(begin, policies, (time, identity))


def cannot_be_used(version: str, error: Exception) -> str:
    """What the dead letter of a `policy.published` says."""
    return f"policy set `{version}` cannot be used: {error}"


def _put_first(store: Store, name: str, blob: bytes) -> None:
    """Write it, unless somebody was faster with other bytes: then theirs stand."""
    try:
        store.put_shared(name, blob)
    except StoreError:
        if not store.shared(name):
            raise


def _known(store: Store, version: str) -> PolicySet:
    found = read_set(store, version)
    if found is None:
        raise StoreError(f"the store names policy set `{version}` but does not have it")
    return found
