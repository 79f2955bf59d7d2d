"""What `config show` shows: every setting, its value with secrets masked, and its origin."""

from __future__ import annotations

from dataclasses import dataclass

from sla_engine.config.load import Loaded
from sla_engine.config.settings import declared


@dataclass(frozen=True, slots=True)
class Effective:
    """One setting in force; `value` as TOML would have it, masked if it is a secret."""

    name: str
    value: str
    origin: str
    variable: str


def effective(loaded: Loaded) -> list[Effective]:
    """Every setting in the order of the documentation."""
    return [
        Effective(
            item.name,
            item.kind.write(getattr(getattr(loaded.settings, item.section), item.attribute)),
            loaded.origins.get(item.name, "default"),
            item.variable,
        )
        for item in declared()
    ]
