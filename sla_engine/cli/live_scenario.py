"""The scenarios that `demo` can tell, and where their files lie."""

from __future__ import annotations

from typing import Final

from sla_engine.scenario import policies_of

__all__ = ["NAMES", "policies_of"]

#: Those with stories that can be told live.
NAMES: Final = ("courier",)
