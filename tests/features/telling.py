"""Events into a replay, clocks and alerts out of it: for what a policy test cannot say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sla_engine.engine.replay import Replay
from sla_engine.engine.replay_arrival import ArrivalReplay
from sla_engine.event.times import parse_time_text
from sla_engine.policy import load_text

Record = dict[str, Any]


def instant(text: str) -> str:
    """`10:30` or `10:30:00.001` of the day of the tests."""
    return f"2026-01-12T{text}{':00' if text.count(':') == 1 else ''}Z"


def event(number: int, kind: str, at: str, subject: str = "X", /, **data: Any) -> Record:
    """A complete event."""
    return {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": "desk",
        "type": kind if "." in kind else f"incident.{kind}",
        "subject": subject,
        "time": instant(at),
        "data": data,
    }


def lines(events: Sequence[Record]) -> bytes:
    """Events as JSON lines."""
    return b"".join(json.dumps(one).encode() + b"\n" for one in events)


def published(number: int, policies: str, at: str) -> Record:
    """The record that brings a policy set into force."""
    told = {"hash": load_text(policies).version, "effective_from": instant(at)}
    return event(number, "policy.published", "00:00", "policies", **told)


def replayed(
    policies: str, events: Sequence[Record], until: str, edited: Sequence[str] = ()
) -> tuple[dict[str, Record], list[Record]]:
    """(`incident/clock/cycle` -> clock, alerts in order) of the events in their order.

    `edited`: the sets that `policy.published` among the events name.
    """
    replay = Replay(load_text(policies), published=[load_text(text) for text in edited])
    replay.add(lines(events))
    clocks: dict[str, Record] = {}
    alerts: list[Record] = []
    for one in replay.incidents(parse_time_text(instant(until))):
        own = one.alerts()
        alerts += own
        clocks |= {f"{c['incident']}/{c['clock']}/{c['cycle']}": c for c in one.clocks(own)}
    return clocks, sorted(alerts, key=lambda alert: (alert["time"], alert["id"]))


def arrived(
    policies: str, events: Sequence[Record], until: str
) -> tuple[dict[str, Record], list[Record]]:
    """The same for the events in the order given, with everything that was sent, in order."""
    replay = ArrivalReplay(load_text(policies))
    for one in events:
        replay.add(lines([one]))
    clocks = {
        f"{c['incident']}/{c['clock']}/{c['cycle']}": c
        for one in replay.incidents(parse_time_text(instant(until)))
        for c in one.clocks()
    }
    return clocks, replay.sent


def said(alerts: Iterable[Record]) -> list[str]:
    """`10:00 breached resolution/1/breach` of each."""
    return [
        " ".join(
            (
                alert["time"][11:-1].removesuffix(".000").removesuffix(":00"),
                alert["type"].rpartition(".")[2],
                alert["id"].split("/", 3)[3],
            )
        )
        for alert in alerts
    ]
