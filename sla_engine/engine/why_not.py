"""Why a clock did not start, stop or pause, and why its steps did not fire: event by event."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sla_engine.clock.layout import State
from sla_engine.engine.refold import Folded, Folder, is_shown
from sla_engine.engine.steps_left import steps_left
from sla_engine.engine.walk import Beat, walk
from sla_engine.event.cloudevent import to_cloudevent
from sla_engine.policy.attribute_names import AUTHOR_ID
from sla_engine.policy.model import ClockPolicy, DueAtAttribute, Value
from sla_engine.policy.reply import Situation, taken_apart
from sla_engine.policy.tables import RuleBook
from sla_engine.policy.why import no_clock, not_paused, not_resumed, not_started, not_stopped

_OPEN = (State.RUNNING, State.PAUSED)


def why_not(folder: Folder, folded: Folded, name: str) -> list[dict[str, Any]]:
    """Every clock of that name (`NAME` or `SET/NAME`), asked at every event of the incident.

    Each: `set`, `clock`, `events` (time, type, source, id, `did`, `because`) and `steps`
    (cycle, threshold, because), the steps of its cycles that did not fire. Empty: no policy has
    such a clock.
    """
    book = folder.book
    wanted = [
        column
        for column, (set_name, clock) in enumerate(book.definitions.columns)
        if name in (clock, f"{set_name}/{clock}")
    ]
    if not wanted:
        return []
    beats = list(walk(folder, folded))
    found = []
    for column in wanted:
        set_name, clock = book.definitions.columns[column]
        events = [_Asked(book, beat, column).told() for beat in beats if beat.row is not None]
        steps = steps_left(folder, folded, beats, column)
        found.append({"set": set_name, "clock": clock, "events": events, "steps": steps})
    return found


class _Asked:
    """One clock at one event."""

    def __init__(self, book: RuleBook, beat: Beat, column: int) -> None:
        self._book = book
        self._beat = beat
        self._column = column
        before = beat.before
        self._old = None if before is None else latest(before, column)
        self._new = latest(beat.after, column)
        known = 0 if before is None else len(before.moments)
        self._moment = beat.after.moments[-1] if len(beat.after.moments) > known else None

    def told(self) -> dict[str, Any]:
        """What the event did to the clock, and why it did not do the rest."""
        batch = self._beat.after.batch
        event = to_cloudevent(batch.data, self._beat.event, batch.spans)
        told: dict[str, Any] = {name: event[name] for name in ("time", "type", "source", "id")}
        told["did"] = list(self._did())
        told["because"] = dict(self._because())
        return told

    def _did(self) -> Iterator[str]:
        old, new = self._old, self._new
        was = State.NONE if old is None else State(int(old["state"]))
        now = State.NONE if new is None else State(int(new["state"]))
        another = new is not None and (old is None or old["cycle"] != new["cycle"])
        if another:
            if was in _OPEN:
                yield "ended"
            yield "started"
            if now is not State.RUNNING:
                yield now.name.lower()
        elif was != now:
            resumed = now is State.RUNNING
            yield (
                ("resumed" if was is State.PAUSED else "reopened") if resumed else now.name.lower()
            )

    def _because(self) -> Iterator[tuple[str, str]]:
        """(start, stop, pause or resume; why not)."""
        old, new = self._old, self._new
        if self._moment is None:
            yield "start", "the incident had ended, or the event is not about it"
            return
        profile = int(self._moment["profile"])
        plan = self._book.plan[profile, self._column]
        seen = self._book.values_of(profile)
        shown = self._shown()
        open_now = new is not None and new["state"] in _OPEN
        if self._has_no_target(plan, shown):
            key = self._book.definitions.columns[self._column]
            at = int(self._beat.event["time"])
            yield "start", no_clock(self._book.edition_of(profile).policies, key, at, seen, shown)
            return
        clock = self._book.definitions.clocks[int(plan["definition"])]
        event = self._situation()
        shown = {**shown, **event.names()}
        if not open_now:
            if new is None or (old is not None and new["cycle"] == old["cycle"]):
                ended_now = old is not None and old["state"] in _OPEN
                if not ended_now:
                    yield "start", not_started(clock, event, seen, shown)
            return
        yield "stop", not_stopped(clock, event, seen, shown)
        yield from _standing(clock, event, seen, shown, paused=new["state"] == State.PAUSED)

    def _has_no_target(self, plan: Any, shown: dict[str, Value]) -> bool:
        if int(plan["definition"]) < 0 or int(plan["mode"]) == 0:
            return True
        target = self._book.definitions.clocks[int(plan["definition"])].target
        return isinstance(target, DueAtAttribute) and not shown.get(target.attribute)

    def _situation(self) -> Situation:
        author_ids = self._book.slots.slots.get(AUTHOR_ID)
        known = author_ids.values if author_ids is not None else [None]
        assert self._moment is not None
        return taken_apart(int(self._moment["situation"]), known)

    def _shown(self) -> dict[str, Value]:
        """The attributes as they were given; what only the fold counts comes from its row."""
        after = self._beat.after
        incident = after.incident[0]
        counted = {name: int(incident[name]) for name in ("reopens", "handoffs")}
        return {**after.timeline.after(len(after.order)), **counted}


def _standing(
    clock: ClockPolicy, event: Situation, seen: Any, shown: Any, *, paused: bool
) -> Iterator[tuple[str, str]]:
    if not paused:
        yield "pause", not_paused(clock, event, seen, shown)
    elif because := not_resumed(clock, event, seen, shown):
        yield "resume", because


def latest(folded: Folded, column: int) -> Any:
    """The latest cycle of a column that reports show, or None."""
    rows = [row for row in folded.clocks if row["column"] == column and is_shown(row)]
    return rows[0] if rows else None
