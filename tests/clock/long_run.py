"""Many generated histories through the kernels and the slow reference fold, in one run.

`python -m tests.clock.long_run --first 10000 --count 50000 [--level 1] [--processes 2]` prints
the seeds whose histories are folded differently, each with what differs; exit code 0 when none.
Level 3 is level 2 with policies that are edited meanwhile.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from random import Random

from tests.clock.test_against_reference import differs
from tests.clock.test_editions_against_reference import differs as edited_differs
from tests.reference.generate import history
from tests.reference.generate_editions import edited_history

CHUNK = 100
EDITED = 3


def chunk(level: int, first: int) -> list[tuple[int, str]]:
    """(seed, the first difference) of a chunk's histories that are folded differently."""
    found = []
    for seed in range(first, first + CHUNK):
        if level == EDITED:
            told = edited_differs(edited_history(Random(seed), 2))
        else:
            told = differs(history(Random(seed), level))
        if told:
            found.append((seed, told[0]))
    return found


def say(line: str) -> None:
    """A line on stdout, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run, with progress on stderr."""
    parser = argparse.ArgumentParser(prog="python -m tests.clock.long_run", description=__doc__)
    parser.add_argument("--first", type=int, default=10_000, help="the first seed")
    parser.add_argument("--count", type=int, default=50_000, help="histories per level")
    parser.add_argument("--level", type=int, choices=(1, 2, EDITED), help="only this level")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    levels = [options.level] if options.level else [1, 2, EDITED]
    spawn = multiprocessing.get_context("spawn")
    failing = 0
    with ProcessPoolExecutor(options.processes, mp_context=spawn) as pool:
        for level in levels:
            firsts = range(options.first, options.first + options.count, CHUNK)
            begun, done = time.monotonic(), 0
            for found in pool.map(partial(chunk, level), firsts):
                done += CHUNK
                failing += len(found)
                for seed, told in found:
                    say(f"level {level} seed {seed}: {told}")
                if done % (10 * CHUNK) == 0:
                    rate = done / (time.monotonic() - begun)
                    sys.stderr.write(f"level {level}: {done}, {rate:.0f}/s\n")
            say(f"level {level}: {done} histories from seed {options.first} on, all folded")
    say(f"{failing} differ")
    sys.exit(bool(failing))


if __name__ == "__main__":
    main()
