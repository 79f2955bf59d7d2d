"""The live queue and lists of incidents as text: fixed columns, what matters first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sla_engine.event.times import parse_time_text
from sla_engine.follow.shown import ShownIncident

_TITLE_MAX: Final = 40
HEADING: Final = f"{'SCORE':>5}  {'INCIDENT':<16}  {'LEFT':>10}  {'CLOCK':<22}  WHAT"


def queue_lines(found: Sequence[ShownIncident], now_ms: int) -> list[str]:
    """One line per incident, with its nearest due; heading included."""
    lines = [HEADING]
    for one in found:
        clock = one.running[0] if one.running else None
        left = time_left(clock, now_ms) if clock is not None else "-"
        name = f"{clock['set']}/{clock['clock']}" if clock is not None else "-"
        lines.append(
            f"{one.score:>5}  {one.incident:<16}  {left:>10}  {name:<22}  {described(one)}"
        )
    return lines


def incident_lines(found: Sequence[ShownIncident], now_ms: int) -> list[str]:
    """Each incident with all of its running clocks."""
    lines = []
    for one in found:
        lines.append(f"{one.incident}  score {one.score}  {described(one)}")
        for clock in one.running:
            name = f"{clock['set']}/{clock['clock']}/{clock['cycle']}"
            due = clock["due"] or "no due while paused"
            told = f"  {len(clock['fired'])} alerts" if clock["fired"] else ""
            lines.append(f"    {name:<28}  {time_left(clock, now_ms):>10}  {due}{told}")
    return lines


def described(one: ShownIncident) -> str:
    """Who and what, on one line."""
    values = one.attributes
    names = ("customer", "tier", "priority", "team")
    known = [str(values[name]) for name in names if values.get(name)]
    title = str(values.get("title") or "")[:_TITLE_MAX]
    return "  ".join(part for part in (" ".join(known), title) if part)


def time_left(clock: Mapping[str, Any], now_ms: int) -> str:
    """The wall time to the due, or since the breach: "12m03s", "-1h20m"; "paused"."""
    if clock["state"] == "paused" and not clock["breached"]:
        return "paused"
    if clock["due"] is None:
        return "-"
    left = parse_time_text(clock["due"]) - now_ms
    sign = "-" if left < 0 else ""
    seconds = abs(left) // 1000
    days, hours = seconds // 86_400, seconds // 3_600 % 24
    minutes, rest = seconds // 60 % 60, seconds % 60
    if days:
        return f"{sign}{days}d{hours:02}h"
    return f"{sign}{hours}h{minutes:02}m" if hours else f"{sign}{minutes}m{rest:02}s"
