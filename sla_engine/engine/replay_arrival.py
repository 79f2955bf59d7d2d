"""Replay in the order of arrival: time is the running maximum, late events correct.

Events go through the turns that a worker makes, on virtual time: what was sent stays sent, and a
late event is followed by retractions and amendments (contracts section 4, `--order arrival`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import orjson

from sla_engine.engine.partition import Partition
from sla_engine.engine.policy_store import cannot_be_used, edited, edition_of, published
from sla_engine.engine.publishing import adopt, are_behind
from sla_engine.engine.refold import Folder, distinct
from sla_engine.engine.replay import Incident
from sla_engine.engine.replay_log import Intake
from sla_engine.engine.turn import Turn, TurnSettings
from sla_engine.event.decode import DEFAULT_ACTORS, Decoder
from sla_engine.event.layout import DeadCode, DecodedBatch, EventType
from sla_engine.event.order import count_contradictions
from sla_engine.event.packed import unpack_all
from sla_engine.policy.model import PolicySet
from sla_engine.policy.tables import RuleBook

_LONG_AGO: Final = -(2**62)
#: They change what was before them, or other incidents: what these had to say is said first.
_APART: Final = (
    *(EventType.MERGED, EventType.CUSTOMER_UPDATED, EventType.OVERRIDDEN),
    EventType.POLICY_PUBLISHED,
)


class ArrivalReplay:
    """Takes events as they come (`add`), then moves time on (`incidents`); `sent` is what left.

    The figures and dead letters are in `log`. Nothing is forgotten on the way.
    """

    def __init__(
        self,
        policies: PolicySet,
        settings: TurnSettings | None = None,
        *,
        actors: Sequence[str] = DEFAULT_ACTORS,
        published: Sequence[PolicySet] = (),
    ) -> None:
        self.log = Intake(actors)
        self.contradictions = 0
        self._settings = settings or TurnSettings()
        self._made = Decoder(actors)
        self._folder = Folder(RuleBook(policies))
        self._partition = Partition(0, self._folder.book)
        self._turn = Turn(
            self._partition, self._folder, lambda histories: {}, self._settings, virtual=True
        )
        self._turn.publish = self._publish
        self._published = {each.version: each for each in published}
        self._now_ms = _LONG_AGO

    @property
    def duplicates(self) -> int:
        """Events that came again."""
        return self._turn.counters.duplicates

    def add(self, lines: bytes) -> None:
        """Events as JSON lines, in the order in which they arrived."""
        batch = self.log.decode(lines)
        self._take(batch)
        self._turn.flush()

    def end_ms(self, until_ms: int | None) -> int:
        """Where time ends: at the last event, or at `until_ms` if that is later."""
        ends = [t for t in (self.log.last_ms, until_ms) if t is not None]
        return max(ends, default=0)

    @property
    def sent(self) -> list[dict[str, Any]]:
        """Every alert and correction that left, in order."""
        return [_as_replayed(outgoing.event) for outgoing in self._turn.outgoing]

    def incidents(self, end_ms: int) -> Iterator[Incident]:
        """Move time to `end_ms`; then every incident, sorted by (tenant, incident)."""
        self._switch(end_ms)
        while self._turn.fire(end_ms):
            self._turn.flush()
        found = []
        for row in range(self._partition.rows):
            batch = unpack_all(self._turn.history(row))
            if len(batch.events):
                order = distinct(batch)
                self.contradictions += count_contradictions(batch, order)
                folded = self._folder.fold(batch, end_ms, report=True)
                address = (folded.timeline.tenant, folded.timeline.incident)
                found.append(Incident(*address, folded, self._folder, self._settings.attributes))
        yield from sorted(found, key=lambda one: (one.tenant, one.incident))

    # ------------------------------------------------------------------ events

    def _take(self, batch: DecodedBatch) -> None:
        """Apply a batch: what is in order at once, every late event and merge for itself."""
        events = batch.events
        accepted = events["code"] == 0
        times = np.where(accepted, events["time"], _LONG_AGO)
        before = np.maximum.accumulate(np.concatenate(([self._now_ms], times)))[:-1]
        apart = np.isin(events["type"], _APART)
        alone = accepted & ((times < before) | apart)
        start = 0
        for at in [*np.flatnonzero(alone).tolist(), len(events)]:
            if start < at:
                self._apply(batch, start, at, int(before[start]))
            if at < len(events):
                self._take_alone(batch, at, int(before[at]))
            start = at + 1
        if len(events):
            self._now_ms = max(int(before[-1]), int(times[-1]))

    def _publish(self, batch: DecodedBatch, at: int) -> None:
        told = published(batch, at)
        policies = edited(self._published, told[-1])
        edition = edition_of(told, policies)
        adopt(self._folder.book, [edition], [self._partition])
        if refused := self._folder.book.editions.set_aside.get(edition.order):
            self.log.refuse_row(batch, at, DeadCode.BAD_VALUE, cannot_be_used(told[-1], refused))

    def _switch(self, now_ms: int) -> None:
        """Bring what comes into force up to now to every incident, at its instant."""
        partition = self._partition
        for edition in self._folder.book.editions.all[1:]:
            if edition.begin_ms > now_ms:
                break
            while self._turn.fire(edition.begin_ms - 1):
                self._turn.flush()
            partition.clock_ms = max(partition.clock_ms, edition.begin_ms)
            rows = np.flatnonzero(are_behind(partition, slice(partition.rows)))
            self._turn.switch(rows, edition.begin_ms)

    def _apply(self, batch: DecodedBatch, start: int, stop: int, now_ms: int) -> None:
        self._switch(now_ms)
        self._partition.clock_ms = max(now_ms, self._partition.clock_ms)
        self._turn.take(batch, start, stop)
        for letter in self._turn.dead:
            self.log.refuse_row(batch, letter.row, letter.code, letter.message)
        self._turn.dead.clear()
        while self._turn.told:
            merge = self._turn.told.pop(0)
            self._tell(self._made.decode_lines(orjson.dumps(merge.event())), now_ms)

    def _take_alone(self, batch: DecodedBatch, at: int, now_ms: int) -> None:
        """A late event: what its incident had to say up to now was said before it came."""
        event = batch.events[at]
        row = self._partition.find(int(event["key1"]), int(event["key2"]))
        upto = max(now_ms, int(event["time"])) - 1
        if row >= 0:
            self._turn.fire_candidates(np.array([row], np.int64), upto)
            self._turn.flush()
        if event["type"] == EventType.CUSTOMER_UPDATED:  # it may concern any of them
            while self._turn.fire(upto):
                self._turn.flush()
        self._apply(batch, at, at + 1, now_ms)

    def _tell(self, told: DecodedBatch, now_ms: int) -> None:
        """The event that a merge makes for the other incident; dropped if it cannot count."""
        event = told.events[0]
        row = self._partition.find(int(event["key1"]), int(event["key2"]))
        if row >= 0:
            self._turn.fire_candidates(np.array([row], np.int64), now_ms - 1)
            self._turn.flush()
        self._turn.take(told, 0, 1)
        self._turn.dead.clear()


def _as_replayed(event: dict[str, Any]) -> dict[str, Any]:
    """`fired_at` = `time` unless a late event caused it (contracts section 4)."""
    data = event["data"]
    if data.get("late") != "late_event" and "late_by_ms" in data:
        data = {**data, "fired_at": event["time"], "late_by_ms": 0}
    return {**event, "data": data}
