"""The steps of a clock's cycles that did not fire, each with the reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sla_engine.alert.render import id_of
from sla_engine.clock.layout import BREACHED, AlertKind, State
from sla_engine.clock.rules import OPT_SILENT, STEP_IF, STEP_UNTIL_ACK
from sla_engine.engine.refold import Folded, Folder, as_rows, is_shown
from sla_engine.engine.walk import Beat
from sla_engine.event.times import format_time
from sla_engine.policy.durations import format_length
from sla_engine.policy.ladders import LadderStep, RungRow
from sla_engine.policy.model import At
from sla_engine.policy.why import first_false

_ENDED: Final = {int(State.MET): "met", int(State.CANCELLED): "cancelled"}
_FAR: Final = 2**59


def steps_left(
    folder: Folder, folded: Folded, beats: Sequence[Beat], column: int
) -> list[dict[str, Any]]:
    """Per cycle and threshold: why it did not fire as of the fold's end."""
    made = []
    for row in (*folded.ended, *folded.clocks):
        if row["column"] == column and is_shown(row):
            asked = _Cycle(folder, folded, beats, row)
            made += [
                {"cycle": int(row["cycle"]), "threshold": threshold, "because": because}
                for threshold, because in asked.told()
            ]
    return made


@dataclass
class _Cycle:
    """One cycle, its ladder, and what of it fired."""

    folder: Folder
    folded: Folded
    beats: Sequence[Beat]
    row: Any

    def told(self) -> Iterator[tuple[str, str]]:
        """(threshold with its repeat, why not), the breach between warnings and what follows."""
        definitions = self.folder.book.definitions
        ladder = definitions.ladders[int(self.row["definition"])]
        fired = self._fired()
        if not any(row["kind"] == AlertKind.BREACHED for row in fired):
            breach = [("breach", self._no_breach())]
        else:
            breach = []
        rungs = [(rung, definitions.steps[rung[2]]) for rung in ladder.rungs]
        warnings, afters = rungs[: ladder.warnings], rungs[ladder.warnings :]
        yield from self._unfired(warnings, fired)
        yield from breach
        yield from self._unfired(afters, fired)
        for alert in self.folder.render(self.folded):
            data = alert["data"]
            own = (data["set"], data["clock"], data["cycle"]) == self._key()
            if own and data.get("unreached"):
                yield data["threshold"], "it fired and reached nobody: no recipient exists"

    def _unfired(
        self, rungs: Sequence[tuple[RungRow, LadderStep]], fired: Sequence[dict[str, Any]]
    ) -> Iterator[tuple[str, str]]:
        for rung, step in rungs:
            if not self._has_fired(rung, step, fired):
                repeat = f"/{rung[3]}" if rung[3] else ""
                yield f"{step.threshold}{repeat}", self._why(rung, step)

    def _key(self) -> tuple[str, str, int]:
        column = self.folder.book.definitions.columns[int(self.row["column"])]
        return (*column, int(self.row["cycle"]))

    def _fired(self) -> list[dict[str, Any]]:
        return [
            alert
            for alert in as_rows(self.folded.alerts)
            if alert["column"] == self.row["column"] and alert["cycle"] == self.row["cycle"]
        ]

    def _has_fired(self, rung: RungRow, step: LadderStep, fired: Sequence[dict[str, Any]]) -> bool:
        """A warning that is re-armed counts its repeats itself."""
        book, timeline = self.folder.book, self.folded.timeline
        begin = f"/{step.threshold}"
        ids = [id_of(book, alert, timeline) for alert in fired]
        if rung[3]:
            return any(one.endswith(f"{begin}/{rung[3]}") for one in ids)
        return any(one.endswith(begin) for one in ids)

    # ------------------------------------------------------------------ reasons

    def _why(self, rung: RungRow, step: LadderStep) -> str:
        slot = rung[4]
        done, missed = _has(self.row["fired"], slot), _has(self.row["skipped"], slot)
        if done and missed:
            return self._passed_over(slot, step)
        if missed:
            return "its time lay in the past already when the target was set"
        if held := self._held(slot):
            return held
        if rung[5] == At.SCORE:
            return f"the score did not reach {rung[0]} {self._while()}"
        if rung[5] != At.AFTER:
            return self._not_reached(rung)
        if not self.row["flags"] & BREACHED:
            return f"it follows the breach: {self._no_breach()}"
        return self._not_after(step)

    def _no_breach(self) -> str:
        row = self.row
        if row["flags"] & BREACHED:
            options = self.folder.book.definitions.rows[int(row["definition"])]["options"]
            if options & OPT_SILENT:
                return "it was late already when the clock came (if_already_breached: silent)"
            return "it is held back for now (`hold`)"
        due = int(row["due"])
        when = (
            f"before its due {format_time(due)}" if -_FAR < due < _FAR else "while it stood still"
        )
        if ended := _ENDED.get(int(row["state"])):
            return f"{ended} at {format_time(int(row['stopped']))}, {when}"
        if row["state"] == State.PAUSED:
            return "it is paused"
        return f"its due {format_time(due)} is still to come"

    def _not_reached(self, rung: RungRow) -> str:
        target, elapsed = int(self.row["target"]), int(self.row["elapsed"])
        need = target - rung[0] if rung[5] == At.BEFORE else (rung[0] * target + 99) // 100
        spent = f"{format_length(elapsed)} of {format_length(target)} were used {self._while()}"
        return f"{spent}, it comes at {format_length(max(0, need))}"

    def _not_after(self, step: LadderStep) -> str:
        row = self.row
        acknowledged = int(row["ack_since"])
        if step.options & STEP_UNTIL_ACK and acknowledged:
            return f"acknowledged at {format_time(acknowledged)}, before its time"
        if ended := _ENDED.get(int(row["state"])):
            return f"{ended} at {format_time(int(row['stopped']))}, before its time"
        if row["state"] == State.PAUSED:
            return "the clock is paused, and the wait with it"
        return "its time is still to come"

    def _while(self) -> str:
        if ended := _ENDED.get(int(self.row["state"])):
            return f"when it was {ended} at {format_time(int(self.row['stopped']))}"
        return f"as of {format_time(self.folded.until)}"

    def _held(self, slot: int) -> str:
        for wait in self.folded.waits:
            number = int(wait["clock"])
            mine = number >= 0 and self.folded.clocks[number]["cycle"] == self.row["cycle"]
            mine = mine and self.folded.clocks[number]["column"] == self.row["column"]
            if mine and wait["slot"] == slot and wait["wake"]:
                wake = int(wait["wake"])
                return f"held until {format_time(wake)}: {self._holder(wake)}"
        return ""

    def _holder(self, wake: int) -> str:
        """What holds a step until then."""
        if int(self.folded.incident[0]["snoozed"]) == wake:
            return "the incident is snoozed"
        if any(window.to_ms == wake for _, window in self.folder.book.definitions.windows):
            return "maintenance"
        return "outside of the hours"

    def _passed_over(self, slot: int, step: LadderStep) -> str:
        """It was tried and is over for this cycle: which condition was false then."""
        book = self.folder.book
        before, at = self._tried(slot)
        if step.options & STEP_IF and step.condition is not None:
            profile = int(before.moments[-1]["profile"])
            seen = book.values_of(profile)
            if not step.condition.holds(seen) or not step.during:
                shown = before.timeline.after(len(before.order))
                return f"{first_false(step.condition, seen, shown)} {at}"
        return f"outside of `during: {step.during}` {at}"

    def _tried(self, slot: int) -> tuple[Folded, str]:
        """The incident as it stood when the step was tried, and about when."""
        column, cycle = int(self.row["column"]), int(self.row["cycle"])
        for beat in self.beats:
            for row in (*beat.after.ended, *beat.after.clocks):
                own = int(row["column"]) == column and int(row["cycle"]) == cycle
                if own and _has(row["fired"], slot) and _has(row["skipped"], slot):
                    stood = beat.before if beat.row is None and beat.before else beat.after
                    return stood, "when it came"
        return self.folded, "when it came"


def _has(bits: Any, slot: int) -> bool:
    """Whether a slot's bit is set in a row of a fold."""
    return bool(int(bits[slot >> 3]) >> (slot & 7) & 1)
