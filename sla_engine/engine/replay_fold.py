"""Folding many incidents one after the other on virtual time, without a Python step in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sla_engine.alert.timeline import Timeline
from sla_engine.clock.compiled import kernel
from sla_engine.clock.history import fold_events, settle_all
from sla_engine.clock.layout import ALERT, CLOCK, INCIDENT, SEGMENT
from sla_engine.clock.work import (
    ALERTS,
    ARCHIVED,
    FREE_CLOCKS,
    Outcome,
    Work,
    clocks,
    counts,
    free_clocks,
    incidents,
    new_work,
    next_due,
)
from sla_engine.clock.work import alerts as alerts_in
from sla_engine.clock.work import archived as archived_in
from sla_engine.engine.handle import handle
from sla_engine.engine.refold import Folded, superseded
from sla_engine.event.layout import DecodedBatch
from sla_engine.event.plain import PlainEvents
from sla_engine.policy.tables import RuleBook

#: Segments, alerts and past cycles of one incident before the arrays are made larger.
_RECORDED: Final = 1 << 12
_DONE = int(Outcome.DONE)
#: The output arrays are full: what is in them goes first.
_FULL: Final = -1

#: Ends of one incident's rows in the output arrays.
MARK: Final = np.dtype([("clocks", "i8"), ("ended", "i8"), ("alerts", "i8")], align=True)


@dataclass
class Output:
    """What a run of incidents leaves behind, one after the other."""

    incidents: NDArray[Any]  # INCIDENT, one per incident
    marks: NDArray[Any]  # MARK, one per incident
    clocks: NDArray[Any]  # CLOCK: past cycles, then the latest ones
    alerts: NDArray[Any]  # ALERT


class ManyFolder:
    """Folds block after block of incidents in the same scratch arrays."""

    def __init__(self, book: RuleBook) -> None:
        self._book = book
        self._work = self._scratch(_RECORDED)
        self._blank = np.zeros(1, INCIDENT)
        self._blank["clocks"] = -1
        self._blank["profile"] = book.blank

    def _scratch(self, recorded: int) -> Work:
        columns = max(1, self._book.columns)
        return new_work(1, 2 * columns, columns, alert_rows=recorded, recorded=recorded)

    def fold(
        self,
        batch: DecodedBatch,
        order: NDArray[np.int64],
        bounds: NDArray[np.int64],
        until: int,
    ) -> Iterator[Folded]:
        """Fold incident n over the events `order[bounds[n]:bounds[n + 1]]`, up to `until`.

        The events are distinct and in order. Intervals are not given back.
        """
        count = len(bounds) - 1
        output = self._output(count)
        first = at = 0
        while at < count:
            rules, work = handle(self._book.rules), handle(self._work)
            outcome, at = fold_many(
                *(rules.value, work.value, self._blank),
                *(batch.events, batch.spans, batch.data, order, bounds, first, at, until),
                *(output.incidents, output.marks, output.clocks, output.alerts),
            )
            if outcome in (_DONE, _FULL):
                yield from self._results(output, batch, order, bounds, first, at, until)
                if at == first and outcome == _FULL:
                    output = _larger(output)
                first = at
            elif outcome == Outcome.NEED_ROOM:
                self._work = self._scratch(2 * len(self._work.alerts))
            else:
                self._book.answer(outcome, self._work.counts, batch.data, batch.spans)

    def _output(self, count: int) -> Output:
        rows = max(4 * count * max(1, self._book.columns), 1024)
        return Output(
            incidents=np.zeros(count, INCIDENT),
            marks=np.zeros(count, MARK),
            clocks=np.zeros(rows, CLOCK),
            alerts=np.zeros(rows, ALERT),
        )

    def _results(
        self,
        output: Output,
        batch: DecodedBatch,
        order: NDArray[np.int64],
        bounds: NDArray[np.int64],
        first: int,
        end: int,
        until: int,
    ) -> Iterator[Folded]:
        clock = alert = 0
        events = PlainEvents(batch)
        for n in range(first, end):
            mark = output.marks[n]
            own = order[bounds[n] : bounds[n + 1]]
            yield Folded(
                batch=batch,
                order=own,
                until=until,
                incident=output.incidents[n : n + 1],
                clocks=output.clocks[mark["ended"] : mark["clocks"]],
                ended=output.clocks[clock : mark["ended"]],
                alerts=superseded(output.alerts[alert : mark["alerts"]]),
                segments=np.zeros(0, SEGMENT),
                timeline=Timeline(self._book.policies, events, own.tolist(), self._book.directory),
            )
            clock, alert = int(mark["clocks"]), int(mark["alerts"])


def _larger(output: Output) -> Output:
    return Output(
        incidents=output.incidents,
        marks=output.marks,
        clocks=np.zeros(2 * len(output.clocks), CLOCK),
        alerts=np.zeros(2 * len(output.alerts), ALERT),
    )


@kernel
def fold_many(  # type: ignore[no-untyped-def]
    rules, work, blank, events, spans, data, order, bounds, first, start, until,
    out_incidents, marks, out_clocks, out_alerts,
):  # fmt: skip
    """Fold incidents from `start` on, whose outputs follow those from `first` on.

    Returns (Outcome, the incident to go on with): it starts anew after a request. -1: the
    outputs are full.
    """
    clock_end = np.int64(0)
    alert_end = np.int64(0)
    if start > first:
        clock_end = marks[start - 1]["clocks"]
        alert_end = marks[start - 1]["alerts"]
    for n in range(start, len(bounds) - 1):
        counts(work)[:] = 0
        room = len(clocks(work))
        counts(work)[FREE_CLOCKS] = room
        for i in range(room):
            free_clocks(work)[i] = room - 1 - i
        incidents(work)[0] = blank[0]
        next_due(work)[0] = np.int64(1) << 62
        outcome, _ = fold_events(
            rules, work, 0, events, spans, data, order[bounds[n] : bounds[n + 1]], 0, until
        )
        if outcome != _DONE:
            return outcome, n
        settle_all(rules, work, 0, until)
        past = counts(work)[ARCHIVED]
        alerts = counts(work)[ALERTS]
        if clock_end + past + room > len(out_clocks) or alert_end + alerts > len(out_alerts):
            return np.int64(_FULL), n
        for i in range(past):
            out_clocks[clock_end + i] = archived_in(work)[i]
        clock_end += past
        marks[n]["ended"] = clock_end
        at = np.int64(incidents(work)[0]["clocks"])
        while at >= 0:
            out_clocks[clock_end] = clocks(work)[at]
            clock_end += 1
            at = np.int64(clocks(work)[at]["next"])
        for i in range(alerts):
            out_alerts[alert_end + i] = alerts_in(work)[i]
        alert_end += alerts
        marks[n]["clocks"] = clock_end
        marks[n]["alerts"] = alert_end
        out_incidents[n] = incidents(work)[0]
    return np.int64(_DONE), np.int64(len(bounds) - 1)
