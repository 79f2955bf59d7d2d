"""The log of an incident's clocks: what happened to each cycle, why, and what it was then.

Entries are `activate`, `pause`, `fulfil`, `apply`, `breach` and `correct`, made from a walk
through the history in the order in which events came. Nothing of it is stored. An entry is never
taken back: what a late event or an exclusion changes is said by a `correct` behind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sla_engine.alert.ids import clock_key
from sla_engine.alert.render import id_of
from sla_engine.clock.layout import BREACHED, EXCLUDED_TIME, PAUSED_TIME, PINNED, State
from sla_engine.engine.explain import joined, with_segments
from sla_engine.engine.refold import Folded, Folder, as_rows, is_shown
from sla_engine.engine.walk import Beat, walk
from sla_engine.event.cloudevent import to_cloudevent
from sla_engine.event.times import format_time
from sla_engine.policy.tables import RuleBook

Entry = dict[str, Any]
#: (set, clock, cycle)
Key = tuple[str, str, int]

#: The kinds of entries, in the order in which those of one instant stand.
ENTRIES: Final = ("correct", "activate", "apply", "breach", "pause", "fulfil")

_FAR: Final = 2**59
_OPEN: Final = (State.RUNNING, State.PAUSED)
#: What a cycle goes by: a change of one is a new `apply`.
_APPLIED: Final = ("definition", "calendar_key", "target")
#: Facts of the past: a later event that changes one corrects what was said.
_INSTANTS: Final = ("started", "due", "breached_at", "stopped")
_LENGTHS: Final = ("paused", "resolved", "excluded")


def clock_log(folder: Folder, folded: Folded) -> list[Entry]:
    """Every entry up to the fold's `until`, in the order in which they became known."""
    made: list[Entry] = []
    for beat in walk(folder, folded, arrived=True):
        made += _Page(folder.book, beat).entries()
    return made


class _Page:
    """What one beat adds to the log."""

    def __init__(self, book: RuleBook, beat: Beat) -> None:
        self._book = book
        self._beat = beat
        self._before = {} if beat.before is None else _cycles(book, beat.before)
        self._after = _cycles(book, beat.after)
        self._event: Entry | None = None
        if beat.event is not None:
            batch = beat.after.batch
            self._event = to_cloudevent(batch.data, beat.event, batch.spans)

    def entries(self) -> list[Entry]:
        """In order of time, then clock, then kind."""
        found: list[Entry] = []
        for key in self._before.keys() | self._after.keys():
            old, new = self._before.get(key), self._after.get(key)
            if old is None and new is not None:
                found += self._begun(key, *new)
            elif old is not None:
                found += self._gone_on(key, old[0], None if new is None else new[0])
        found.sort(key=lambda e: (e["time"], e["set"], e["clock"], e["cycle"], _rank(e)))
        return found

    def _begun(self, key: Key, row: Any, segments: Any) -> Iterator[Entry]:
        """A cycle that was not there: all of its life up to now."""
        yield self._entry("activate", key, row, int(row["started"]), State.RUNNING)
        yield self._applied(key, row, int(row["started"]))
        state = State.RUNNING
        for kind, begin, _, _ in joined(segments):
            now = State.PAUSED if kind == PAUSED_TIME else State.RUNNING
            if kind != EXCLUDED_TIME and now != state:
                word = "pause" if now == State.PAUSED else "activate"
                yield self._entry(word, key, row, begin, now)
                state = now
        if row["state"] == State.PAUSED and state != State.PAUSED:
            yield self._entry("pause", key, row, self._beat.at, State.PAUSED)
        if row["flags"] & BREACHED:
            yield self._breached(key, row)
        if row["state"] not in _OPEN:
            yield self._ended(key, row)

    def _gone_on(self, key: Key, old: Any, new: Any) -> Iterator[Entry]:
        at = self._happened()
        if new is None:
            yield self._correct(key, old, None)
            return
        corrected = self._corrected(key, old, new)
        if corrected is not None:
            yield corrected
        was, now = State(int(old["state"])), State(int(new["state"]))
        if now in _OPEN and was != now:
            if was not in _OPEN or now == State.RUNNING:
                yield self._entry("activate", key, new, at, State.RUNNING)
            if now == State.PAUSED:
                yield self._entry("pause", key, new, at, State.PAUSED)
        by_hand = (old["flags"] | new["flags"]) & PINNED and corrected is not None
        chosen = ("definition", "calendar_key") if by_hand else _APPLIED
        if any(old[name] != new[name] for name in chosen):
            yield self._applied(key, new, at)
        if new["flags"] & BREACHED and not old["flags"] & BREACHED:
            yield self._breached(key, new)
        if now not in _OPEN and was != now:
            yield self._ended(key, new)

    def _happened(self) -> int:
        """The event's own time, or now."""
        return self._beat.at if self._beat.event is None else int(self._beat.event["time"])

    # ------------------------------------------------------------------ corrections

    def _corrected(self, key: Key, old: Any, new: Any) -> Entry | None:
        """A `correct` when something that was already so is not so any more."""
        withdrawn = old["flags"] & BREACHED and (
            not new["flags"] & BREACHED or old["breached_at"] != new["breached_at"]
        )
        moved = old["started"] != new["started"]
        pinned = (old["flags"] ^ new["flags"]) & PINNED
        repinned = new["flags"] & PINNED and old["due"] != new["due"]
        back = self._beat.looks_back and bool(_changes(old, new))
        if not (withdrawn or moved or pinned or repinned or back):
            return None
        return self._correct(key, old, new)

    def _correct(self, key: Key, old: Any, new: Any) -> Entry:
        entry = self._entry("correct", key, old if new is None else new, self._happened())
        if new is None:
            entry["status"], entry["breached"], entry["due"] = "none", False, None
        entry["changes"] = _changes(old, new)
        entry["retracts"], entry["amends"] = self._taken_back(key)
        data = {} if self._event is None else self._event["data"]
        for name in ("actor", "reason"):
            if data.get(name):
                entry[name] = data[name]
        return entry

    def _taken_back(self, key: Key) -> tuple[list[str], list[str]]:
        """The ids of alerts that are not valid any more, and of those that now say otherwise."""
        before = _alerts(self._book, self._beat.before, key)
        after = _alerts(self._book, self._beat.after, key)
        gone = sorted(before.keys() - after.keys())
        other = sorted(one for one in before.keys() & after.keys() if before[one] != after[one])
        return gone, other

    # ------------------------------------------------------------------ entries

    def _applied(self, key: Key, row: Any, at: int) -> Entry:
        policy = self._book.definitions.owners[int(row["definition"])]
        calendar = self._book.calendars.compiled(int(row["calendar"]))
        entry = self._entry("apply", key, row, at)
        return entry | {
            "policy": policy.name,
            "policy_version": policy.version,
            "target_ms": int(row["target"]),
            "calendar": calendar.name,
            "calendar_version": calendar.version,
        }

    def _breached(self, key: Key, row: Any) -> Entry:
        at = int(row["breached_at"])
        entry = self._entry("breach", key, row, at, State.RUNNING)
        if at < self._happened():
            entry["event"] = None
        return entry

    def _ended(self, key: Key, row: Any) -> Entry:
        entry = self._entry("fulfil", key, row, int(row["stopped"]))
        return entry | {"elapsed_ms": int(row["elapsed"])}

    def _entry(self, word: str, key: Key, row: Any, at: int, state: State | None = None) -> Entry:
        """`state` None: as the row has it. `event` None: time itself did it."""
        timeline = self._beat.after.timeline
        due = int(row["due"])
        breached = bool(row["flags"] & BREACHED) and int(row["breached_at"]) <= at
        entry = {
            "instance": clock_key(timeline.tenant, timeline.incident, *key),
            "set": key[0],
            "clock": key[1],
            "cycle": key[2],
            "entry": word,
            "time": format_time(at),
            "recorded": format_time(at if self._event is None else self._beat.at),
            "event": None,
            "status": (State(int(row["state"])) if state is None else state).name.lower(),
            "breached": breached,
            "due": format_time(due) if -_FAR < due < _FAR else None,
        }
        if self._event is not None:
            entry["event"] = {name: self._event[name] for name in ("source", "id", "type")}
        if self._beat.late:
            entry["late"] = True
        return entry


def _rank(entry: Entry) -> int:
    return ENTRIES.index(entry["entry"])


def _cycles(book: RuleBook, folded: Folded) -> dict[Key, tuple[Any, Any]]:
    """Every cycle that is shown: its row and its intervals."""
    return {
        (*book.definitions.columns[int(row["column"])], int(row["cycle"])): (row, segments)
        for row, segments in with_segments(folded)
        if is_shown(row)
    }


def _changes(old: Any, new: Any) -> dict[str, list[Any]]:
    """Member -> [what was said, what is so]."""
    found: dict[str, list[Any]] = {}
    for name in _INSTANTS:
        was, now = _instant(old, name), None if new is None else _instant(new, name)
        if was != now:
            found[name] = [was, now]
    for name in _LENGTHS if new is not None else ():
        if old[name] != new[name]:
            found[f"{name}_ms"] = [int(old[name]), int(new[name])]
    return found


def _instant(row: Any, name: str) -> str | None:
    """An instant as reports show it; None where it says nothing."""
    if name == "breached_at" and not row["flags"] & BREACHED:
        return None
    if name == "stopped" and row["state"] in _OPEN:
        return None
    at = int(row[name])
    return format_time(at) if -_FAR < at < _FAR else None


def _alerts(book: RuleBook, folded: Folded | None, key: Key) -> Mapping[str, tuple[int, int]]:
    """The valid alerts of one cycle: id -> (instant, due)."""
    if folded is None:
        return {}
    return {
        id_of(book, row, folded.timeline): (row["time"], row["due"])
        for row in as_rows(folded.alerts)
        if (*book.definitions.columns[row["column"]], row["cycle"]) == key
    }
