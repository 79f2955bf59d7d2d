"""Level 2 of the generator: what widens a core policy set and a core history to the whole."""

from __future__ import annotations

from random import Random
from typing import Any


def widen_policies(rng: Random, document: dict[str, Any]) -> None:
    pass


def widen_events(rng: Random, events: list[dict[str, Any]], document: dict[str, Any]) -> None:
    pass
