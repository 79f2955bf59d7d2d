"""Businesses that keep promises: their policies, and their events drawn by a seed.

`python -m sla_engine.scenario NAME --seed 7 > events.jsonl` writes what happens at one of them in
a window of time, for `sla-engine replay` and `sla-engine send`.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Final

from sla_engine.scenario.business import Business

#: Every scenario, and the module that describes it.
NAMES: Final = {
    "courier": "courier",
    "it-desk": "it_desk",
    "shop": "shop",
    "shop/small": "shop.small",
}


def policies_of(name: str) -> Path:
    """The directory of a scenario's policies."""
    return Path(__file__).parent.joinpath(*NAMES[name].split("."), "policies")


def business_of(name: str) -> Business:
    """What a scenario's events are drawn from."""
    found: Business = import_module(f"{__name__}.{NAMES[name]}.events").BUSINESS
    return found
