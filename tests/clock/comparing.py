"""Folding a history with the engine and with the reference, and what differs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from sla_engine.engine.refold import Folder
from sla_engine.engine.report import clock_reports
from sla_engine.event.decode import Decoder
from sla_engine.event.times import parse_time_text
from sla_engine.policy import load_text
from sla_engine.policy.editions import Edition
from sla_engine.policy.tables import RuleBook, Update
from tests.reference import Policies, Result, fold, load_policies_text
from tests.reference.fold import _absorbed_events, _fold_all

Event = dict[str, Any]

#: Not compared: versions, and what depends on when something was decided.
_LEFT_OUT = {
    "policy_version", "calendar_version", "fired_at", "late_by_ms", "late", "as_of"
}  # fmt: skip


@dataclass
class Pair:
    """One policy text, and the texts that come into force later, loaded for both."""

    book: RuleBook
    folder: Folder
    policies: Policies
    later: list[tuple[int, Policies]] = field(default_factory=list)

    @classmethod
    def of(cls, text: str, later: Sequence[tuple[int, str]] = ()) -> Pair:
        editions = [Edition(begin, load_text(edited, "policies.yaml")) for begin, edited in later]
        book = RuleBook(load_text(text, "policies.yaml"), editions)
        read = [(begin, load_policies_text(edited)) for begin, edited in later]
        return cls(book, Folder(book), load_policies_text(text), read)


def engine_fold(pair: Pair, events: list[Event], until: int) -> tuple[list[Any], list[Any]]:
    """(clocks, alerts) by the engine: each incident's history folded in the kernels."""
    book = pair.book
    book.forget_updates()
    controls = [event for event in events if event["type"] == "customer.updated"]
    for event in controls:
        if parse_time_text(event["time"]) <= until:
            book.update_customer(*_update(event))
    incidents: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        if event["type"] not in ("customer.updated", "policy.published", "sla.time"):
            key = (event.get("tenant", "default"), event["subject"])
            incidents.setdefault(key, []).append(event)
    clocks: list[Any] = []
    alerts: list[Any] = []
    for (tenant, _), own in sorted(incidents.items()):
        lines = [*own, *(e for e in controls if e.get("tenant", "default") == tenant)]
        batch = Decoder().decode_lines(b"\n".join(orjson.dumps(event) for event in lines))
        assert not batch.messages, batch.messages
        folded = pair.folder.fold(batch, until, report=True)
        if not folded.incident[0]["events"]:
            continue
        said = pair.folder.render(folded)
        alerts += said
        clocks += clock_reports(book, folded, said)
    return clocks, alerts


def _update(event: Event) -> tuple[str, str, Update]:
    data = event["data"]
    changes = tuple((name, value) for name, value in data.items() if name != "valid")
    order = (event["source"], event["id"])
    update = Update(parse_time_text(event["time"]), order, changes)
    return event.get("tenant", "default"), event["subject"], update


def with_absorbed(pair: Pair, events: list[Event], until: int) -> list[Event]:
    """The events and the `incident.absorbed` that merges among them put on the log."""
    absorbed: list[Event] = []
    while True:
        told = [*events, *absorbed]
        incidents = _fold_all(pair.policies, told, until, ("sla-engine",), pair.later)
        made = _absorbed_events(incidents)
        if made == absorbed:
            return [*events, *absorbed]
        absorbed = made


def reference_fold(pair: Pair, events: list[Event], until: int) -> Result:
    """The same by the slow fold."""
    return fold(pair.policies, events, until, later=pair.later)


def differences(pair: Pair, events: list[Event], until: int) -> list[str]:
    """What the engine says otherwise than the reference, one line per member."""
    expected = reference_fold(pair, events, until)
    known = [event for event in events if parse_time_text(event["time"]) <= until]
    if any(event["type"] == "incident.merged" for event in known):
        known = with_absorbed(pair, known, until)
    return compared(expected, *engine_fold(pair, known, until))


def compared(expected: Result, clocks: list[Any], alerts: list[Any]) -> list[str]:
    """One line per member that is not as expected."""
    return [
        *_compared({_key(c): c for c in expected.clocks}, {_key(c): c for c in clocks}),
        *_compared(
            {a["id"]: _flat(a) for a in expected.alerts}, {a["id"]: _flat(a) for a in alerts}
        ),
    ]


def _key(clock: dict[str, Any]) -> tuple[Any, ...]:
    return clock["incident"], clock["set"], clock["clock"], clock["cycle"]


def _flat(alert: Event) -> dict[str, Any]:
    data = dict(alert["data"])
    if "alerts" in data:
        data["alerts"] = sorted(data["alerts"])
    return {"type": alert["type"], "time": alert["time"], **data}


def _compared(expected: dict[Any, Any], found: dict[Any, Any]) -> list[str]:
    said = []
    for identity in sorted({*expected, *found}):
        if identity not in found:
            said.append(f"missing {identity}: {json.dumps(expected[identity])}")
        elif identity not in expected:
            said.append(f"too much {identity}: {json.dumps(found[identity])}")
        else:
            want, have = expected[identity], found[identity]
            for name in sorted(({*want, *have}) - _LEFT_OUT):
                if want.get(name) != have.get(name):
                    said.append(f"{identity} {name}: {want.get(name)!r}, not {have.get(name)!r}")
    return said
