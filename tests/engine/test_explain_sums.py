"""Explained clocks: their intervals follow one another and add up to the millisecond.

The histories are generated, with everything that one incident can meet: pauses, reopenings,
excluded time, other calendars, late events. `make test` looks at 500 clocks; more with
`python -m tests.engine.test_explain_sums 10000`.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from random import Random
from typing import Any

import orjson
import pytest

from sla_engine.calendar import open_between
from sla_engine.engine.explain import explain, sums
from sla_engine.engine.refold import Folder
from sla_engine.engine.replay import Replay
from sla_engine.event.times import parse_time_text
from sla_engine.policy import load_text
from sla_engine.policy.tables import RuleBook
from tests.reference.generate import history

CHUNK = 40


def explained(seed: int) -> Iterator[tuple[RuleBook, dict[str, Any], str]]:
    """Every clock of a generated history, explained, and up to when."""
    text, events, until = history(Random(seed), 2)
    replay = Replay(load_text(text, "policies.yaml"))
    replay.add(b"\n".join(orjson.dumps(event) for event in events))
    folder = Folder(replay.book)
    for tenant, incident in sorted({(e.get("tenant", "default"), e["subject"]) for e in events}):
        folded = replay.incident(tenant, incident, replay.end_ms(until))
        if folded is not None:
            told = explain(folder, folded)
            yield from ((replay.book, clock, told["as_of"]) for clock in told["clocks"])


def flaws(book: RuleBook, clock: dict[str, Any], as_of: str) -> list[str]:
    """What does not add up in one clock."""
    end = clock["stopped"] or as_of
    intervals = clock["intervals"]
    counted = sums(intervals)
    found = [
        f"{name}: the intervals give {counted[name]}, the clock says {clock[name]}"
        for name in counted
        if counted[name] != clock[name]
    ]
    found += [f"a gap at {a['to']}" for a, b in pairwise(intervals) if a["to"] != b["from"]]
    if intervals and (intervals[0]["from"], intervals[-1]["to"]) != (clock["started"], end):
        found.append("the intervals are not the clock's life")
    whole = open_between(
        book.calendars.tables,
        calendar_of(book, clock),
        parse_time_text(clock["started"]),
        parse_time_text(end),
    )
    if whole != sum(counted.values()):
        found.append(f"{whole} ms were open, {sum(counted.values())} are accounted for")
    return found


def calendar_of(book: RuleBook, clock: dict[str, Any]) -> int:
    """The calendar that the clock ran on last."""
    named = (clock["calendar"], clock["time_zone"])
    for n in range(len(book.calendars)):
        compiled = book.calendars.compiled(n)
        if (compiled.name, compiled.time_zone) == named:
            return n
    raise AssertionError(f"no calendar {named}")


def chunk(first: int) -> tuple[int, list[str]]:
    """(clocks looked at, what is wrong) of CHUNK seeds."""
    count, wrong = 0, []
    for seed in range(first, first + CHUNK):
        for book, clock, as_of in explained(seed):
            count += 1
            name = f"seed {seed} {clock['incident']} {clock['set']}/{clock['clock']}"
            wrong += [f"{name}/{clock['cycle']}: {flaw}" for flaw in flaws(book, clock, as_of)]
    return count, wrong


def look_at(clocks: int) -> tuple[int, list[str]]:
    """(clocks looked at, what is wrong), chunk by chunk until so many were seen."""
    spawn = multiprocessing.get_context("spawn")
    seen, wrong = 0, []
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        first = 0
        while seen < clocks:
            for count, found in pool.map(chunk, (first, first + CHUNK)):
                seen += count
                wrong += found
            first += 2 * CHUNK
    return seen, wrong


@pytest.mark.slow
def test_the_intervals_of_every_clock_add_up() -> None:
    _, wrong = look_at(500)
    assert not wrong, wrong[0]


if __name__ == "__main__":
    looked_at, all_wrong = look_at(int(sys.argv[1]))
    head = f"{looked_at} clocks explained, {len(all_wrong)} do not add up"
    sys.stdout.write("\n".join([head, *all_wrong]) + "\n")
    sys.exit(bool(all_wrong))
