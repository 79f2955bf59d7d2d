"""The scenarios that come with the program, and where their files lie."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import sla_engine

NAMES: Final = ("courier",)


def policies_of(scenario: str) -> Path:
    """The directory of a scenario's policies."""
    return Path(sla_engine.__file__).parent / "scenario" / scenario / "policies"
