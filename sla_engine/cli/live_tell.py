"""How a story is told in a terminal: one line per thing that happens, plain text when piped."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Final

from rich.console import Console
from rich.status import Status
from rich.text import Text

from sla_engine.cli.live_day import DAY_START_MS
from sla_engine.cli.live_tail import AMENDED, RETRACTED, Alert

_COLOURS: Final = ("cyan", "yellow", "magenta", "green", "blue")
_DAY_BEGINS_MINUTE: Final = 8 * 60


class Teller:
    """Writes to stdout; with colours and a moving last line when a person looks at it."""

    def __init__(self, *, plain: bool, names: Sequence[str] = ()) -> None:
        self._plain = plain or not sys.stdout.isatty()
        self._console = Console(highlight=False, no_color=self._plain, soft_wrap=True)
        self._colours = dict(zip(names, _COLOURS, strict=False))
        self._status: Status | None = None
        if not self._plain:
            self._status = self._console.status("")
        self._shown: AbstractContextManager[object] = self._status or nullcontext()

    def __enter__(self) -> Teller:
        self._shown.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._shown.__exit__(kind, error, trace)

    def heading(self, text: str) -> None:
        """A line that begins a part."""
        self._console.print()
        self._console.print(Text(text, style="bold"))
        sys.stdout.flush()

    def line(self, text: str, style: str = "") -> None:
        """A line without a time."""
        self._console.print(Text(text, style=style))
        sys.stdout.flush()

    def happens(self, story_ms: int, who: str, text: str, *, alert: bool = False) -> None:
        """Something at an instant of the story; `alert`: the engine said it."""
        mark = "!" if alert else " "
        colour = self._colours.get(who, "white")
        line = Text(f"{day_time(story_ms)} {mark} ")
        line.append(f"{who:<8}", style=f"bold {colour}")
        line.append(" " + text, style="bold red" if alert else "")
        self._console.print(line)
        sys.stdout.flush()

    def status(self, text: str) -> None:
        """What the moving last line says; nothing when plain."""
        if self._status is not None:
            self._status.update(text)


def day_time(story_ms: int) -> str:
    """The time of day in the story."""
    minutes = _DAY_BEGINS_MINUTE + round((story_ms - DAY_START_MS) / 60_000)
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"


def length(ms: int) -> str:
    """A length in hours and minutes: "2 h 40 min"."""
    minutes = round(ms / 60_000)
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def what_it_says(alert: Alert) -> str:
    """An alert in words, with whom it reaches."""
    data = alert.data
    kind = alert.event["type"]
    if kind == RETRACTED:
        return f"taken back: {said_of(data['alert'])}"
    if kind == AMENDED:
        return f"amended: {said_of(data['alert'])}"
    clock = str(data["clock"]).replace("_", " ")
    if kind == "sla.alert.cleared":
        return f"{clock}: over, {len(data['alerts'])} alerts cleared"
    reached = [to for action in data["actions"] for to in action["to"]]
    whom = f" -> {', '.join(reached)}" if reached else ""
    if kind == "sla.clock.breached":
        return f"{clock} breached{whom}"
    if kind == "sla.escalation":
        return f"{clock} climbs: {in_words(data['threshold'])}{whom}"
    return f"{clock} warning: {in_words(data['threshold'])}{whom}"


def in_words(threshold: str) -> str:
    """A threshold as a person says it; lengths are the demo's, so they are left out."""
    if threshold.endswith("%"):
        return f"{threshold} of the time is used"
    if threshold.startswith("before:"):
        return "the due is near"
    _, _, repeat = threshold.partition("/")
    return f"unanswered still, call {repeat}" if repeat else "unanswered still"


def said_of(alert_id: str) -> str:
    """Clock and threshold in an alert's id."""
    _, _, _, clock, _, threshold = alert_id.split("/", 5)
    return f"{clock.replace('_', ' ')} {threshold}"
