"""A clock as reported everywhere (contracts section 3), from a folded history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sla_engine.alert.ids import parts_of
from sla_engine.clock.layout import BREACHED, BY_EDIT, PINNED, State
from sla_engine.engine.refold import Folded, is_shown
from sla_engine.event.times import format_time
from sla_engine.policy.tables import RuleBook

_FAR = 2**59


def clock_reports(
    book: RuleBook, folded: Folded, alerts: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Every cycle of every clock of the incident, sorted by (set, clock, cycle)."""
    fired = _fired(alerts)
    rows = [row for row in (*folded.ended, *folded.clocks) if is_shown(row)]
    made = [_report(book, folded, row, fired) for row in rows]
    made.sort(key=lambda clock: (clock["set"], clock["clock"], clock["cycle"]))
    return made


def _fired(alerts: Sequence[dict[str, Any]]) -> dict[tuple[str, str, int], list[dict[str, Any]]]:
    found: dict[tuple[str, str, int], list[dict[str, Any]]] = {}
    for alert in alerts:
        if alert["type"] == "sla.alert.cleared":
            continue
        _, _, set_name, clock, cycle, threshold = parts_of(alert["id"])
        entry = {"threshold": threshold, "time": alert["time"], "alert": alert["id"]}
        found.setdefault((set_name, clock, cycle), []).append(entry)
    for entries in found.values():
        entries.sort(key=lambda entry: (entry["time"], entry["alert"]))
    return found


def _report(
    book: RuleBook,
    folded: Folded,
    row: Any,
    fired: dict[tuple[str, str, int], list[dict[str, Any]]],
) -> dict[str, Any]:
    set_name, clock = book.definitions.columns[int(row["column"])]
    policy = book.definitions.owners[int(row["definition"])]
    state = State(int(row["state"]))
    ended = state in (State.MET, State.CANCELLED)
    end = int(row["stopped"]) if ended else folded.until
    elapsed, paused = int(row["elapsed"]), int(row["paused"])
    return {
        "tenant": folded.timeline.tenant,
        "incident": folded.timeline.incident,
        "set": set_name,
        "clock": clock,
        "cycle": int(row["cycle"]),
        "party": _party(book, folded, set_name, row),
        "policy": policy.name,
        "policy_version": policy.version,
        "state": state.name.lower(),
        "breached": bool(row["flags"] & BREACHED),
        "started": format_time(int(row["started"])),
        "due": format_time(int(row["due"])) if -_FAR < int(row["due"]) < _FAR else None,
        "breached_at": format_time(int(row["breached_at"])) if row["flags"] & BREACHED else None,
        "stopped": format_time(end) if ended else None,
        "as_of": format_time(folded.until),
        "target_ms": int(row["target"]),
        "elapsed_ms": elapsed,
        "paused_ms": paused,
        "resolved_ms": int(row["resolved"]),
        "excluded_ms": int(row["excluded"]),
        "remaining_ms": int(row["target"]) - elapsed,
        "wall_ms": int(row["wall"]),
        "reopens": int(row["reopens"]),
        "pinned": bool(row["flags"] & PINNED),
        "fired": fired.get((set_name, clock, int(row["cycle"])), []),
    }


def _party(book: RuleBook, folded: Folded, set_name: str, row: Any) -> str:
    """In a `team` or `vendor` set who it was when the cycle started."""
    sets = [each.policies.sets for each in reversed(book.editions.all)]
    party = next(each[set_name].party for each in sets if set_name in each)
    if party == "us":
        return "us"
    number = book.definitions.of_edition[int(row["definition"])]
    edition = book.editions.all[number] if row["flags"] & BY_EDIT else None
    value = folded.timeline.after(int(row["origin"]), edition).get(party)
    return str(value or "")
