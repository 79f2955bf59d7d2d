"""Bringing edited policies into force while workers run: set to the store, record to the log."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import orjson

from sla_engine.engine.policy_store import base_of, editions_in, keep_base, store_set
from sla_engine.engine.ports import LogIdentity, OutRecord, Producer, Store
from sla_engine.errors import SlaError
from sla_engine.event.times import format_time
from sla_engine.policy.editions import Edition, Editions
from sla_engine.policy.model import PolicySet
from sla_engine.policy.tables import RuleBook

#: Between the record and its instant, so that every worker has read it by then.
LEAD_MS: Final = 2_000


def publish(
    store: Store,
    producer: Producer,
    identity: LogIdentity,
    policies: PolicySet,
    effective_ms: int | None = None,
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
) -> int | None:
    """Put a policy set in force; the instant, or None when it is in force already.

    Raises PolicyError for a set that cannot follow those before it, SlaError when the log does
    not take the record.
    """
    first = keep_base(store, policies)
    known = editions_in(store)
    begin = max(now_ms() + LEAD_MS, effective_ms or 0)
    editions = Editions(first, known)
    if editions.policies(editions.at(begin)).version == policies.version:
        return None
    edition = Edition(begin, policies, (now_ms(), f"{policies.version}/{begin}"))
    book = RuleBook(first, [*known, edition])  # a worker would refuse what this does
    if refused := book.editions.set_aside.get(edition.order):
        raise refused
    store_set(store, policies)
    event = {
        "specversion": "1.0",
        "id": f"{policies.version}/{begin}",
        "source": "sla-engine",
        "type": "policy.published",
        "subject": "policies",
        "time": format_time(now_ms()),
        "data": {"hash": policies.version, "effective_from": format_time(begin)},
    }
    failed: list[str] = []

    def acked(record: OutRecord, offset: int | None, error: str) -> None:
        if error:
            failed.append(error)

    for partition in range(identity.partitions):
        producer.produce(OutRecord("events", partition, None, orjson.dumps(event)), acked)
    if producer.flush(30) or failed:
        raise SlaError(
            "not every partition of the log took the record of the new policies: "
            + (failed[0] if failed else "no answer within 30 s")
            + "; publish them again",
            code="NOT_PUBLISHED",
        )
    return begin


def is_known(store: Store, policies: PolicySet) -> bool:
    """Whether a set is, or was, in force; a store without any knows every one."""
    sets = [base_of(store, policies), *(edition.policies for edition in editions_in(store))]
    return policies.version in {each.version for each in sets}


def newest(store: Store, policies: PolicySet) -> PolicySet:
    """The set that comes into force last."""
    return Editions(base_of(store, policies), editions_in(store)).all[-1].policies
