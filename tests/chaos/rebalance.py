"""A group that never rests: workers join, leave in order, are killed and frozen, under load."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable

from tests.chaos.crew import CLAIMED, REFUSED
from tests.chaos.scene import WORKERS, Scene

NAMES = (*WORKERS, "cyd", "dov")
#: Between two changes; the session timeout (6 s) lies inside, so some overtake each other.
PAUSES_S = (2.0, 9.0)
FROZEN_S = 9.0


def rebalance(minutes: float) -> Callable[[Scene, random.Random], str]:
    """Two workers to begin with, never fewer than one, never more than four."""

    def act(scene: Scene, rng: random.Random) -> str:
        done: Counter[str] = Counter()
        ended = time.monotonic() + 60 * minutes
        while time.monotonic() < ended:
            kind = rng.choice(("join", "join", "leave", "kill", "freeze"))
            done[kind] += change(scene, kind, rng)
            scene.supervise(rng.uniform(*PAUSES_S))
        changes = ", ".join(f"{count} x {kind}" for kind, count in sorted(done.items()))
        return (
            f"{minutes:g} minutes of {changes}; {scene.crew.count(CLAIMED)} claims, "
            f"{scene.crew.count(REFUSED)} partitions given up because a write was refused"
        )

    return act


def change(scene: Scene, kind: str, rng: random.Random) -> bool:
    """One change of the group; False when there are too few or too many workers for it."""
    crew = scene.crew
    here = sorted(crew.workers)
    away = [name for name in NAMES if name not in crew.workers]
    if kind == "join":
        if away:
            crew.start(rng.choice(away))
        return bool(away)
    name = rng.choice(here)
    if kind == "freeze":
        crew.workers[name].freeze()
        time.sleep(FROZEN_S)
        crew.workers[name].thaw()
    elif len(here) == 1:
        return False
    elif kind == "leave":
        crew.workers.pop(name).stop()
    else:
        crew.workers.pop(name).kill()
    return True
