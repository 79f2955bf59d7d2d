"""The verdict: what a receiver got, against what the reference says was due.

Apart from the engine: alerts are read by a plain consumer, the expected ones come from the
reference fold over the ledger of accepted events.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from tests.chaos.state import Stored
from tests.chaos.writes import Writes
from tests.reference import Result, fold, load_policies_text

Event = dict[str, Any]
#: Members of an alert that depend on when it was decided, that a correction adds, and versions,
#: which the reference does not make.
LEFT_OUT = {
    *("fired_at", "late_by_ms", "late"),
    *("alert", "revision", "active"),
    *("policy_version", "calendar_version"),
}


@dataclass
class Verdict:
    """Figures of one run; `wrong` lists what must not be."""

    due: int = 0
    received: int = 0
    records: int = 0
    missing: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)
    conflicting: list[str] = field(default_factory=list)
    corrections: int = 0
    duplicates: int = 0
    clocks: int = 0
    wrong_clocks: list[str] = field(default_factory=list)
    events: int = 0
    lost: list[str] = field(default_factory=list)
    again: int = 0
    reordered: list[str] = field(default_factory=list)
    dead: int = 0
    writes: Writes = field(default_factory=Writes)

    @property
    def is_right(self) -> bool:
        """Every alert and clock as the reference has them, every event once and in its place."""
        return not (
            self.missing
            or self.unknown
            or self.different
            or self.conflicting
            or self.wrong_clocks
            or self.lost
            or self.reordered
            or self.writes.stale
            or self.dead
        )

    def text(self) -> str:
        """The figures in lines."""
        lines = [
            f"alerts due            {self.due}",
            f"alerts received       {self.received} (net of {self.corrections} corrections)",
            f"missing               {len(self.missing)} {self.missing[:3]}",
            f"unknown               {len(self.unknown)} {self.unknown[:3]}",
            f"different             {len(self.different)} {self.different[:3]}",
            f"records               {self.records}",
            f"duplicates by id      {self.duplicates} before, 0 after de-duplication",
            f"one id, two contents  {len(self.conflicting)} {self.conflicting[:3]}",
            f"clocks compared       {self.clocks}, wrong {len(self.wrong_clocks)} "
            f"{self.wrong_clocks[:3]}",
            f"events in the store   {self.events}, lost {len(self.lost)} {self.lost[:3]}; "
            f"{self.again} stored again",
            f"incidents reordered   {len(self.reordered)} {self.reordered[:3]}",
            f"writes to the store   {self.writes}",
            f"dead letters          {self.dead}",
        ]
        return "\n".join(lines)


def read_topic(bootstrap: str, topic: str) -> list[Event]:
    """Every record of a topic up to its present end, partition by partition."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "receiver",
            "enable.auto.commit": False,
            "log_level": 0,
        }
    )
    found: list[Event] = []
    try:
        metadata = consumer.list_topics(topic, timeout=20).topics[topic]
        for number in sorted(metadata.partitions):
            place = TopicPartition(topic, number)
            first, end = consumer.get_watermark_offsets(place, timeout=20)
            if first == end:
                continue
            consumer.assign([TopicPartition(topic, number, first)])
            at = first
            while at < end:
                message = consumer.poll(20)
                assert message is not None, f"{topic}[{number}] gave nothing at {at}"
                assert not message.error(), message.error()
                offset, value = message.offset(), message.value()
                assert offset is not None, f"{topic}[{number}] gave a record without its place"
                at = offset + 1
                if value:
                    found.append(json.loads(value))
    finally:
        consumer.close()
    return found


def judge(
    policies: str,
    accepted: Sequence[Event],
    until_ms: int,
    alerts: Sequence[Event],
    stored: Stored,
    later: Sequence[tuple[int, str]] = (),
) -> Verdict:
    """Compare the receiver's log and the final state with the reference fold.

    `later`: (in force from, policies) of what was published meanwhile.
    Every event of the ledger has a `sequence` of its own, which grows with the order of sending.
    """
    expected = folded(policies, accepted, until_ms, later)
    verdict = Verdict(records=len(alerts))
    _compare_alerts(verdict, expected, alerts)
    _compare_clocks(verdict, expected, stored.clocks)
    _compare_events(verdict, accepted, stored.arrived)
    return verdict


def folded(
    policies: str,
    accepted: Sequence[Event],
    until_ms: int,
    later: Sequence[tuple[int, str]] = (),
) -> Result:
    """The reference fold, incident by incident: the load merges none of them."""
    by_incident: dict[str, list[Event]] = {}
    for event in accepted:
        by_incident.setdefault(event["subject"], []).append(event)
    rules = load_policies_text(policies)
    edited = [(begin, load_policies_text(text)) for begin, text in later]
    whole = Result([], [])
    for events in by_incident.values():
        one = fold(rules, events, until_ms, later=edited)
        whole.clocks += one.clocks
        whole.alerts += one.alerts
    return whole


def _compare_alerts(verdict: Verdict, expected: Result, alerts: Sequence[Event]) -> None:
    due = {alert["id"]: facts(alert) for alert in expected.alerts}
    first: dict[str, Event] = {}
    net: dict[str, Event] = {}
    for alert in alerts:
        known = first.setdefault(alert["id"], alert)
        if known is not alert:
            verdict.duplicates += 1
            if instants(known) != instants(alert):
                verdict.conflicting.append(alert["id"])
            continue
        data = alert["data"]
        if alert["type"] == "sla.alert.retracted":
            verdict.corrections += 1
            net.pop(data["alert"], None)
        elif alert["type"] == "sla.alert.amended":
            verdict.corrections += 1
            net[data["alert"]] = facts(alert)
        else:
            net[alert["id"]] = facts(alert)
    verdict.due, verdict.received = len(due), len(net)
    verdict.missing = sorted(due.keys() - net.keys())
    verdict.unknown = sorted(net.keys() - due.keys())
    verdict.different = sorted(
        identity for identity in due.keys() & net.keys() if due[identity] != net[identity]
    )


def instants(alert: Event) -> tuple[Any, ...]:
    """What every record of one id must say alike.

    A store that was set back fires again, perhaps after an event that came late the first time:
    then the score may be another one. The receiver drops the record, the net view is compared.
    """
    data = alert["data"]
    return alert["time"], data.get("due"), data.get("threshold"), data.get("level")


def facts(alert: Event) -> Event:
    """What an alert says that does not depend on when it was decided."""
    said = {name: value for name, value in alert["data"].items() if name not in LEFT_OUT}
    return {"time": alert["time"], **said, "alerts": sorted(said.get("alerts", ()))}


def _compare_events(
    verdict: Verdict, accepted: Sequence[Event], arrived: Mapping[str, Sequence[int]]
) -> None:
    # A checkpoint that was cut off leaves entries that the journal tells again: folds count them
    # once, at their first place.
    first = {incident: list(dict.fromkeys(numbers)) for incident, numbers in arrived.items()}
    found = {number for numbers in first.values() for number in numbers}
    verdict.events = len(found)
    verdict.again = sum(len(numbers) for numbers in arrived.values()) - len(found)
    verdict.lost = [event["sequence"] for event in accepted if int(event["sequence"]) not in found]
    verdict.reordered = [
        incident for incident, numbers in first.items() if numbers != sorted(numbers)
    ]


def _compare_clocks(verdict: Verdict, expected: Result, clocks: Sequence[Event]) -> None:
    def key(clock: Event) -> tuple[Any, ...]:
        return tuple(clock[name] for name in ("tenant", "incident", "set", "clock", "cycle"))

    found = {key(clock): clock for clock in clocks}
    wanted = {key(clock): clock for clock in expected.clocks}
    verdict.clocks = len(wanted)
    for identity in sorted(found.keys() | wanted.keys(), key=str):
        mine, theirs = found.get(identity), wanted.get(identity)
        if mine is None or theirs is None:
            verdict.wrong_clocks.append(f"{identity} {'missing' if mine is None else 'unknown'}")
            continue
        for name in theirs.keys() - {"policy_version"}:
            if mine[name] != theirs[name]:
                verdict.wrong_clocks.append(
                    f"{identity} {name}: {mine[name]} instead of {theirs[name]}"
                )
