"""What the day came to, story by story, from a replay's clocks and the alerts received."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sla_engine.cli.live_day import (
    BOUNCED,
    CUSTOMS,
    DAY_START_MS,
    GOLD,
    LEFT_ALONE,
    OFFLINE,
    courier_day,
)
from sla_engine.cli.live_pace import FACTOR, Pace
from sla_engine.cli.live_show import Outage
from sla_engine.cli.live_tail import RETRACTED, Received
from sla_engine.cli.live_tell import day_time, length
from sla_engine.cli.live_verdict import Expected, lateness

Clock = Mapping[str, Any]
_STEPS: Final = ("sla.clock.breached", "sla.escalation")


def stories(expected: Expected, received: Received, pace: Pace) -> Iterator[tuple[str, str]]:
    """(incident, what came of it)."""
    yield CUSTOMS, _customs(_clock(expected.clocks.get(CUSTOMS, ()), "resolution"))
    yield GOLD, _gold(received, pace)
    yield BOUNCED, _bounced(expected.clocks.get(BOUNCED, ()))
    yield LEFT_ALONE, _left_alone(received, pace)
    yield OFFLINE, _offline(received)


def _clock(clocks: Sequence[Clock], name: str) -> Clock:
    found = [clock for clock in clocks if clock["clock"] == name]
    return found[-1] if found else {}


def _customs(clock: Clock) -> str:
    if not clock:
        return "no such clock"
    end = "breached" if clock["breached"] else "kept"
    return (
        f"{length(clock['paused_ms'] * FACTOR)} at customs did not count:"
        f" {length(clock['elapsed_ms'] * FACTOR)} of {length(clock['target_ms'] * FACTOR)} used,"
        f" promise {end}"
    )


def _gold(received: Received, pace: Pace) -> str:
    told = [
        alert.time_ms
        for alert in received.by_id.values()
        if alert.event["subject"] == GOLD
        and any("customer:ACME" in action["to"] for action in alert.data.get("actions", ()))
    ]
    if not told:
        return "ACME was told nothing"
    spoke = next(
        DAY_START_MS + each.at_ms
        for each in courier_day(0)
        if each.incident == GOLD and each.event["data"].get("author") == "customer"
    )
    first = pace.story(min(told))
    ahead = f"{length(spoke - first)} before its first word" if first < spoke else "after it spoke"
    return f"ACME was told at {day_time(first)}, {ahead}"


def _bounced(clocks: Sequence[Clock]) -> str:
    held: dict[str, int] = {}
    stays = [clock for clock in clocks if clock["clock"] == "ownership"]
    for clock in stays:
        held[clock["party"]] = held.get(clock["party"], 0) + clock["elapsed_ms"] * FACTOR
    over = [f"{clock['party']} over its time" for clock in stays if clock["breached"]]
    parts = [f"{team} held it {length(ms)}" for team, ms in held.items()]
    return f"{len(stays) - 1} hand-offs: {', '.join(parts)}; {', '.join(over) or 'none over'}"


def _left_alone(received: Received, pace: Pace) -> str:
    steps = sorted(
        alert.time_ms
        for alert in received.by_id.values()
        if alert.event["subject"] == LEFT_ALONE and alert.event["type"] in _STEPS
        if alert.data["clock"] == "first_response"
    )
    if not steps:
        return "nobody was called"
    return (
        f"{len(steps)} calls from {day_time(pace.story(steps[0]))} to"
        f" {day_time(pace.story(steps[-1]))}, each to more authority; none after somebody took it"
    )


def _offline(received: Received) -> str:
    back = sum(
        1
        for alert in received.by_id.values()
        if alert.event["subject"] == OFFLINE and alert.event["type"] == RETRACTED
    )
    return f"the answer was in time and came late: {back} alerts taken back by themselves"


def figures(expected: Expected, received: Received, outage: Outage, end_ms: int) -> Iterator[str]:
    """What was sent, received, late."""
    corrections = sum(alert.is_correction for alert in received.by_id.values())
    net = received.net(end_ms)
    missing = len(expected.net.keys() - net.keys())
    yield (
        f"{expected.events} events on the log ({expected.duplicates} came twice,"
        f" {expected.refused} refused to the dead letters)"
    )
    yield (
        f"{len(received.by_id)} alerts received, {corrections} of them corrections:"
        f" {len(net)} valid; {len(expected.net)} expected, {missing} lost,"
        f" {received.repeated} came twice under the same id"
    )
    late = lateness(received, end_ms, (outage.killed_ms, outage.back_ms))
    yield f"{late.prompt} on time: half within {late.median_ms} ms, 99 % within {late.p99_ms} ms"
    yield (
        f"{late.delayed} late because worker {outage.pid} was killed,"
        f" by {late.worst_ms / 1000:.1f} s at most"
        f" ({(outage.back_ms - outage.killed_ms) / 1000:.1f} s without a worker)"
    )
