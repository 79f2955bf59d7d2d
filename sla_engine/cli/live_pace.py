"""A scenario's day at another pace: the same policies and events, every length divided by FACTOR.

One hour of the story takes four seconds. The day lies inside opening hours, so calendars are left
out (everything runs on 24x7) and `Nbd` counts as N days of ten hours, the length of the day told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
from ruamel.yaml import YAML

from sla_engine.event.times import format_time, parse_time_text

FACTOR: Final = 900
_SHORTEST_MS: Final = 1_000

_UNITS: Final = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "bd": 36_000_000}
_DURATION = re.compile(r"(?:\d+bd|(?=\d)(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?)")
_PART = re.compile(r"(\d+)(bd|d|h|m|s)")
_STEP = re.compile(r"(\S+) (before|after)")
#: Names whose values are never lengths, whatever they look like.
_KEPT: Final = ("calendars", "calendar", "holidays", "statuses", "priorities", "attributes")


@dataclass(frozen=True, slots=True)
class Pace:
    """Maps instants of the story to instants of the wall clock and back (both ms since 1970)."""

    story_start_ms: int
    wall_start_ms: int

    def wall(self, story_ms: int) -> int:
        """When something of the story happens on the wall clock."""
        return self.wall_start_ms + (story_ms - self.story_start_ms) // FACTOR

    def story(self, wall_ms: int) -> int:
        """What time it is in the story."""
        return self.story_start_ms + (wall_ms - self.wall_start_ms) * FACTOR

    def event(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """The event with its time, and the times it carries, on the wall clock."""
        moved = dict(event)
        moved["time"] = self._moved(event["time"])
        data = dict(event.get("data") or {})
        for name in ("due", "opened_at"):
            if name in data:
                data[name] = self._moved(data[name])
        if isinstance(data.get("custom"), dict):
            data["custom"] = {
                name: self._moved(value) if name.endswith("_at") else value
                for name, value in data["custom"].items()
            }
        moved["data"] = data
        return moved

    def _moved(self, text: str) -> str:
        return format_time(self.wall(parse_time_text(text)))


def paced_policies(directory: Path, into: Path) -> None:
    """Write the policies of a directory, every length divided by FACTOR, into another."""
    into.mkdir(parents=True, exist_ok=True)
    for path in sorted(directory.glob("*.yaml")):
        if not path.name.endswith(".test.yaml"):
            document = YAML(typ="safe", pure=True).load(path.read_text("utf-8"))
            # JSON is YAML too, and quotes everything that must be quoted.
            text = orjson.dumps(paced(document), option=orjson.OPT_INDENT_2)
            (into / path.name).write_bytes(text + b"\n")


def paced(node: Any) -> Any:
    """A policy document, or a part of it, with its lengths divided and without calendars."""
    if isinstance(node, dict):
        return {
            str(key): value if str(key) in _KEPT else paced(value)
            for key, value in node.items()
            if str(key) not in ("calendar", "calendars")
        }
    if isinstance(node, list):
        return [paced(item) for item in node]
    if isinstance(node, str):
        step = _STEP.fullmatch(node)
        if step and is_duration(step[1]):
            return f"{divided(step[1])} {step[2]}"
        return divided(node) if is_duration(node) else node
    return node


def is_duration(text: str) -> bool:
    """Whether a text is a length as policies write it."""
    return bool(text) and _DURATION.fullmatch(text) is not None


def divided(text: str) -> str:
    """A length divided by FACTOR, never below the shortest that policies allow."""
    whole = sum(int(count) * _UNITS[unit] for count, unit in _PART.findall(text))
    seconds, ms = divmod(max(whole // FACTOR, _SHORTEST_MS), 1_000)
    return f"{seconds}s{ms}ms" if ms else f"{seconds}s"
