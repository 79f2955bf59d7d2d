"""The work queue: open incidents by score, then by the nearest due, of everybody or of one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from sla_engine.api.cursor import cursor_of, parts_of
from sla_engine.api.reads import Reads, Wanted
from sla_engine.clock.layout import IRREGULAR
from sla_engine.event.times import format_time
from sla_engine.follow.model import Known, Place, Shelf
from sla_engine.follow.scores import scores_at
from sla_engine.follow.shown import score_of
from sla_engine.limits import HOUR_MS

CURSOR_KEPT_MS: Final = HOUR_MS
"""How old the instant may be at which a queue is looked at page by page."""

Key = tuple[int, int, str, str]
"""(-score, due, tenant, incident): the order of the queue."""


def queue(
    reads: Reads, wanted: Wanted, now_ms: int, limit: int, cursor: str | None
) -> dict[str, Any]:
    """A page of the queue. All pages of one look are as of the instant of the first one."""
    at_ms, after = now_ms, None
    if cursor:
        at_ms, *key = parts_of(cursor, "queue", (int, int, int, str, str))
        at_ms = min(now_ms, max(at_ms, now_ms - CURSOR_KEPT_MS))
        after = (key[0], key[1], key[2], key[3])
    with reads.model.lock:
        found = _first(reads, wanted, at_ms, limit + 1, after)
        page = [reads.model.shown(place, at_ms) for _, place in found[:limit]]
    more = cursor_of("queue", at_ms, *found[limit - 1][0]) if len(found) > limit else None
    return {
        "as_of": format_time(at_ms),
        "incidents": [each.shown() for each in page if each is not None],
        "next": more,
    }


def _first(
    reads: Reads, wanted: Wanted, at_ms: int, count: int, after: Key | None
) -> list[tuple[Key, Place]]:
    """The first `count` behind `after`. Of each score only as many are looked at as are needed."""
    found: list[tuple[Key, Place]] = []
    for score, some in _by_score(reads, wanted, at_ms):
        if after is not None and -score < after[0]:
            continue
        keyed = [((-score, due, k.tenant, k.incident), place) for due, place, k in some]
        keyed = [each for each in keyed if after is None or each[0] > after]
        keyed.sort(key=lambda each: each[0])
        found += keyed
        if len(found) >= count:
            break
    return found[:count]


def _by_score(
    reads: Reads, wanted: Wanted, at_ms: int
) -> Iterator[tuple[int, list[tuple[int, Place, Known]]]]:
    """(score, the incidents that have it with their nearest dues), the highest score first."""
    groups: dict[int, list[tuple[int, Place, Known]]] = {}
    of_shelf: dict[int, tuple[Shelf, list[tuple[Place, Known]]]] = {}
    for place, known in reads.those(wanted):
        of_shelf.setdefault(id(place.shelf), (place.shelf, []))[1].append((place, known))
    for shelf, some in of_shelf.values():
        rows = np.array([place.row for place, _ in some], np.int64)
        scores, dues = scores_at(shelf.view.partition, rows, at_ms)
        odd = shelf.view.partition.work.incidents["flags"][rows] & IRREGULAR
        told = zip(scores.tolist(), dues.tolist(), odd.tolist(), some, strict=True)
        for score, due, irregular, each in told:
            if irregular:
                folded = reads.model.fold(each[0], at_ms)
                score = 0 if folded is None else score_of(reads.model.book, folded)
            groups.setdefault(score, []).append((due, *each))
    yield from sorted(groups.items(), reverse=True)
