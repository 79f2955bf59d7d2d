"""Two thousand generated histories: the kernels and the slow reference fold say the same.

Every clock and every alert is compared, member by member. A difference is shown with the
smallest history that still has it.
"""

from __future__ import annotations

import json
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from random import Random

import pytest

from tests.clock.comparing import Pair, compared, differences, reference_fold
from tests.engine.world import replayed
from tests.reference.generate import History, history, minimise

PER_LEVEL = 1000
CHUNK = 50


def differs(found: History) -> list[str]:
    """What the two folds say differently of a history."""
    text, events, until = found
    return differences(Pair.of(text), events, until)


def failing_seeds(level: int, first: int) -> list[int]:
    """The seeds of one chunk whose histories are folded differently."""
    return [seed for seed in range(first, first + CHUNK) if differs(history(Random(seed), level))]


def told(level: int, seed: int) -> str:
    """The smallest history of a failing seed, and what differs in it."""
    text, events, until = minimise(history(Random(seed), level), lambda trial: bool(differs(trial)))
    lines = [f"level {level}, seed {seed}, until {until}", text]
    lines += [json.dumps(event) for event in events]
    return "\n".join([*lines, *differs((text, events, until))])


@pytest.mark.slow
@pytest.mark.parametrize("level", [1, 2])
def test_every_generated_history_is_folded_as_the_reference_folds_it(level: int) -> None:
    """Level 1: the core of the language. Level 2: everything that one incident decides."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        chunks = [pool.submit(failing_seeds, level, first) for first in range(0, PER_LEVEL, CHUNK)]
        failing = sorted(seed for chunk in chunks for seed in chunk.result())
    assert not failing, told(level, failing[0])


@pytest.mark.parametrize("level", [1, 2])
def test_a_few_histories_are_folded_as_the_reference_folds_them(level: int) -> None:
    """The quick share of the above, for those who are at work on the fold."""
    for seed in range(PER_LEVEL, PER_LEVEL + 12):
        assert not differs(history(Random(seed), level)), told(level, seed)


def test_a_replay_finds_whom_an_update_of_a_customer_concerns() -> None:
    """The reference gives every incident all control records; the replay chooses."""
    seen = 0
    for seed in range(60):
        text, events, until = history(Random(seed), 2)
        kinds = {event["type"] for event in events}
        # Merges and deletions refuse events, which the reference is told beforehand.
        if "customer.updated" in kinds and not kinds & {"incident.merged", "incident.deleted"}:
            seen += 1
            expected = reference_fold(Pair.of(text), events, until)
            assert not compared(expected, *replayed(text, events, until)), f"seed {seed}"
    assert seen >= 8
