"""Named places where a test may let the process die, one between any two effects.

The environment variable SLA_FAILPOINT names one, `name` or `name:n` for its nth passing; the
process then ends at once, as `kill -9` would end it. Without the variable a place costs a
comparison. SLA_CHECKPOINT_MS makes rounds of the checkpoint frequent enough for faults to hit them.
"""

from __future__ import annotations

import os
import signal

#: In the order of effects.
NAMES = (
    "after_decode",
    "after_apply",
    "before_commit",
    "after_commit",
    "before_produce",
    "after_produce",
    "before_trim",
    "in_checkpoint",
    "in_claim",
)

_CHOSEN, _, _COUNT = os.environ.get("SLA_FAILPOINT", "").partition(":")
_left = int(_COUNT or 1)


def checkpoint_every_ms(usual: int) -> int:
    """SLA_CHECKPOINT_MS, or what is usual."""
    return int(os.environ.get("SLA_CHECKPOINT_MS") or usual)


def reach(name: str) -> None:
    """Die here if this is the chosen place and its turn has come."""
    global _left
    if name != _CHOSEN:
        return
    _left -= 1
    if _left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
