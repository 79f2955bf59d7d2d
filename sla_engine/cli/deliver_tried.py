"""`deliver test`: where alerts would go, without sending anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import orjson

from sla_engine.deliver.plan.matching import labels_of
from sla_engine.deliver.plan.parse import parse_plan
from sla_engine.deliver.plan.routing import Chosen, choose, concerned, group_labels


@dataclass(frozen=True, slots=True)
class Tried:
    """An alert and its destinations; `about`: it would follow the alerts that it is about."""

    id: str
    to: tuple[Chosen, ...]
    about: tuple[str, ...]

    def as_text(self) -> str:
        """On one line."""
        shown = [one.destination + _group_text(one) for one in self.to]
        return f"{self.id}  -> {', '.join(shown) or 'nowhere'}"

    def as_json(self) -> str:
        """The same for programs."""
        said = {
            "id": self.id,
            "about": self.about,
            "to": [{"destination": one.destination, "group": _labels(one)} for one in self.to],
        }
        return orjson.dumps(said).decode()


def _labels(chosen: Chosen) -> dict[str, str] | None:
    return group_labels(chosen.group) if chosen.group else None


def _group_text(chosen: Chosen) -> str:
    labels = _labels(chosen)
    if labels is None:
        return ""
    return f" (group {', '.join(f'{name}={value}' for name, value in labels.items()) or 'of all'})"


def tried(path: Path, content: bytes) -> Iterator[Tried]:
    """Every alert of the lines, by the plan; those about earlier ones follow these."""
    try:
        plan = parse_plan(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise click.UsageError(f"{path} cannot be read: {error.strerror}; name a --file") from None
    went: dict[str, tuple[Chosen, ...]] = {}
    for number, line in enumerate(content.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            event: dict[str, Any] = orjson.loads(line)
            identity, labels = str(event["id"]), labels_of(event)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise click.UsageError(f"line {number} is no alert: {error!r}") from None
        about = concerned(event)
        followed = {one.destination: one for each in about for one in went.get(each, ())}
        to = tuple(followed.values()) or tuple(choose(plan, event, labels))
        went[identity] = to
        yield Tried(identity, to, about)
