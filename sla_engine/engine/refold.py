"""Folding one incident's history from the start: clocks, valid alerts, intervals.

The result of a refold is what the clean stream would have given; comparing it with what was
sent gives the corrections (design section 2, "One fold").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import lt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sla_engine.alert.render import id_of, render
from sla_engine.alert.timeline import Timeline
from sla_engine.clock.history import fold_events, settle_all
from sla_engine.clock.layout import MOMENT, WAIT, AlertKind, State
from sla_engine.clock.work import (
    ALERTS,
    ARCHIVED,
    FREE_CLOCKS,
    MOMENTS,
    SEGMENTS,
    WAITS,
    Outcome,
    Work,
    new_work,
    with_more_recorded,
)
from sla_engine.engine.handle import LastHandle
from sla_engine.event.layout import FLAG_CONTROL, DecodedBatch
from sla_engine.event.order import sort_history
from sla_engine.event.plain import PlainEvents
from sla_engine.policy.tables import RuleBook

_RECORDED = 1 << 12
#: ALERT rows that agree in these became true at once.
_AT_ONCE = ("row", "column", "cycle", "decided")
_CLEARED, _BREACHED = int(AlertKind.CLEARED), int(AlertKind.BREACHED)


@dataclass
class Folded:
    """One incident folded to `until`. Rows are copies; ALERT rows are the valid alerts."""

    batch: DecodedBatch
    order: NDArray[np.int64]
    until: int
    incident: NDArray[Any]  # one INCIDENT
    clocks: NDArray[Any]  # CLOCK rows, latest cycles
    ended: NDArray[Any]  # CLOCK rows, earlier cycles
    alerts: NDArray[Any]  # ALERT rows, in order of decision
    segments: NDArray[Any]
    timeline: Timeline
    #: One MOMENT per event that the clocks saw, and the steps that wait (`clock`: in `clocks`).
    moments: NDArray[Any] = field(default_factory=lambda: np.zeros(0, MOMENT))
    waits: NDArray[Any] = field(default_factory=lambda: np.zeros(0, WAIT))


class Folder:
    """Folds histories one after the other in the same scratch arrays."""

    def __init__(self, book: RuleBook) -> None:
        self.book = book
        self._scratch = self._fresh(_RECORDED)
        self._rules, self._held = LastHandle(), LastHandle()

    def _fresh(self, recorded: int) -> Work:
        columns = max(1, self.book.columns)
        return new_work(1, 2 * columns, columns, alert_rows=recorded, recorded=recorded)

    def fold(self, batch: DecodedBatch, until: int, *, report: bool = False) -> Folded:
        """Fold the distinct events of one incident. `report`: sums as of `until`."""
        order = distinct(batch)
        work = self._clear()
        done = 0
        while True:
            rules = self._rules.of(self.book.rules)
            held = self._held.of(work)
            outcome, done = fold_events(
                rules.value, held.value, 0, batch.events, batch.spans, batch.data, order, done,
                until,
            )  # fmt: skip
            if outcome == Outcome.DONE:
                break
            if outcome == Outcome.NEED_ROOM:
                work = self._scratch = with_more_recorded(work)
            else:
                self.book.answer(outcome, work.counts, batch.data, batch.spans)
        if report:
            rules, held = self._rules.of(self.book.rules), self._held.of(work)
            settle_all(rules.value, held.value, 0, until)
        return self._result(work, batch, order, until)

    def _clear(self) -> Work:
        work = self._scratch
        if len(work.by_column) != max(1, self.book.columns):
            work = self._scratch = self._fresh(_RECORDED)
        work.counts[:] = 0
        work.counts[FREE_CLOCKS] = len(work.clocks)
        work.free_clocks[:] = np.arange(len(work.clocks) - 1, -1, -1)
        work.incidents[0] = 0
        work.incidents[0]["clocks"] = -1
        work.incidents[0]["profile"] = self.book.blank
        work.next_due[0] = 2**62
        return work

    def _result(
        self, work: Work, batch: DecodedBatch, order: NDArray[np.int64], until: int
    ) -> Folded:
        counts = work.counts
        at = int(work.incidents[0]["clocks"])
        rows = []
        while at >= 0:
            rows.append(at)
            at = int(work.clocks[at]["next"])
        return Folded(
            batch=batch,
            order=order,
            until=until,
            incident=work.incidents[:1].copy(),
            clocks=work.clocks[rows].copy(),
            ended=work.archived[: counts[ARCHIVED]].copy(),
            alerts=work.alerts[: counts[ALERTS]].copy(),
            segments=renumbered(work.segments[: counts[SEGMENTS]], rows),
            timeline=Timeline(
                self.book.policies, PlainEvents(batch), order.tolist(), self.book.directory
            ),
            moments=work.moments[: counts[MOMENTS]].copy(),
            waits=renumbered(work.waits[: counts[WAITS]], rows),
        )

    def render(self, folded: Folded, allowed: Sequence[str] = ()) -> list[dict[str, Any]]:
        """The valid alerts as CloudEvents, fired at their instants."""
        made = []
        told: dict[tuple[int, int], list[str]] = {}
        for row in as_rows(folded.alerts):
            key = (row["column"], row["cycle"])
            cleared: Sequence[str] = ()
            timeline = folded.timeline
            if row["kind"] == AlertKind.CLEARED:
                cleared = tuple(told.get(key, ()))
            else:
                told.setdefault(key, []).append(id_of(self.book, row, timeline))
            made.append(
                render(
                    self.book,
                    row,
                    timeline,
                    fired_at=row["time"],
                    cleared=cleared,
                    allowed=allowed,
                )
            )
        return made


def distinct(batch: DecodedBatch) -> NDArray[np.int64]:
    """The order of the accepted events, each id once (the first that arrived).

    Control records before the incident's first event are left out: they are not its affair.
    """
    events = batch.events
    # Histories are short: lists are quicker than arrays here.
    clean = is_clean(*(events[name].tolist() for name in ("code", "time", "id")))
    kept = np.arange(len(events)) if clean else first_arrived(batch)
    openings = np.flatnonzero(events["flags"][kept] & FLAG_CONTROL == 0)
    return kept[openings[0] :] if len(openings) else kept[:0]


def is_clean(codes: Sequence[int], times: Sequence[int], ids: Sequence[int]) -> bool:
    """Whether all events were accepted, with rising times and no id twice: the usual history."""
    rising = all(map(lt, times, times[1:]))
    return rising and not any(codes) and len(set(ids)) == len(times)


def first_arrived(batch: DecodedBatch) -> NDArray[np.int64]:
    """The order of the accepted events, each id once."""
    order = sort_history(batch)
    arrived = np.sort(order)
    _, first = np.unique(batch.events["id"][arrived], return_index=True)
    chosen = np.zeros(len(batch.events), bool)
    chosen[arrived[first]] = True
    return order[chosen[order]]


def renumbered(segments: NDArray[Any], rows: Sequence[int]) -> NDArray[Any]:
    """Segments or waits with `clock` as the place in Folded.clocks; past cycles stay -2, -3, ..."""
    kept: NDArray[Any] = segments[segments["clock"] != -1].copy()
    places = np.zeros(max(rows, default=-1) + 1, np.int32)
    places[rows] = np.arange(len(rows))
    latest = kept["clock"] >= 0
    kept["clock"][latest] = places[kept["clock"][latest]]
    return kept


def as_rows(alerts: NDArray[Any]) -> list[dict[str, Any]]:
    """ALERT rows as plain values: reading a member of an array's row takes ten times as long."""
    names = alerts.dtype.names or ()
    return [dict(zip(names, row, strict=True)) for row in alerts.tolist()]


def superseded(alerts: NDArray[Any]) -> NDArray[Any]:
    """Mark the lower ones of several steps of one cycle that became true at once.

    The breach is never superseded, and `cleared` supersedes nothing.
    """
    last: dict[tuple[int, ...], int] = {}
    kinds = alerts["kind"].tolist()
    keys = zip(*(alerts[name].tolist() for name in _AT_ONCE), strict=True)
    for n, key in enumerate(keys):
        if kinds[n] == _CLEARED:
            continue
        before = last.get(key)
        if before is not None and kinds[before] != _BREACHED:
            alerts["superseded"][before] = 1
        last[key] = n
    return alerts


def is_shown(clock: Any) -> bool:
    """Whether a CLOCK row is a cycle that reports show."""
    return int(clock["state"]) in (State.RUNNING, State.PAUSED, State.MET, State.CANCELLED)


__all__ = ["Folded", "Folder", "distinct", "is_shown", "superseded"]
