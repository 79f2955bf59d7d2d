"""Generated histories with edited policies: the kernels and the slow reference say the same.

What differed once has a reduced case in `test_editions.py`.
"""

from __future__ import annotations

import json
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from random import Random

import pytest

from tests.clock.comparing import Pair, differences
from tests.reference.generate_editions import EditedHistory, edited_history, minimise_edited

PER_LEVEL = 100
CHUNK = 25


def differs(found: EditedHistory) -> list[str]:
    """What the two folds say differently of a history."""
    text, events, until, later = found
    return differences(Pair.of(text, later), events, until)


def failing_seeds(level: int, first: int) -> list[int]:
    """The seeds of one chunk whose histories are folded differently."""
    seeds = range(first, first + CHUNK)
    return [seed for seed in seeds if differs(edited_history(Random(seed), level))]


def told(level: int, seed: int) -> str:
    """The smallest history of a failing seed, and what differs in it."""
    found = minimise_edited(edited_history(Random(seed), level), lambda one: bool(differs(one)))
    text, events, until, later = found
    lines = [f"level {level}, seed {seed}, until {until}", text]
    lines += [f"from {begin} on {edited}" for begin, edited in later]
    lines += [json.dumps(event) for event in events]
    return "\n".join([*lines, *differs(found)])


@pytest.mark.slow
def test_every_generated_history_with_editions_is_folded_as_the_reference_folds_it() -> None:
    """Level 1: the core of the language. Level 2: everything that one incident decides."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        chunks = {
            (level, first): pool.submit(failing_seeds, level, first)
            for level in (1, 2)
            for first in range(0, PER_LEVEL, CHUNK)
        }
        failing = [(level, seed) for (level, _), chunk in chunks.items() for seed in chunk.result()]
    assert not failing, told(*failing[0])


@pytest.mark.parametrize("level", [1, 2])
def test_an_edition_that_begins_after_the_end_changes_nothing(level: int) -> None:
    for seed in range(PER_LEVEL, PER_LEVEL + 6):
        text, events, until, later = edited_history(Random(seed), level)
        never = [(until + 1, edited) for _, edited in later]
        assert not differs((text, events, until, never)), seed
