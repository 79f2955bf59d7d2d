"""Mutation testing: `python -m tests.mutation.run --sample 1000 --seed 1 --minutes 115`.

Needs cosmic-ray 8.7 (`pip install cosmic-ray`), which nothing else here does. Kernels run as plain
Python (NUMBA_DISABLE_JIT=1); each mutant is tested by the tests of its package in a copy of the
project. Verdicts go to `--out` as JSON lines, and a run that was ended goes on there. A summary by
package is printed; survivors are to be judged by a person.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from difflib import unified_diff
from pathlib import Path
from queue import Queue
from typing import Any

from tests.mutation.mutants import Mutant, modules_of, mutants_of, mutated, sample

ROOT = Path(__file__).parents[2]
PACKAGES = ("calendar", "policy", "clock", "escalation")
_FOLD = ("tests/golden", "tests/features", "tests/clock/test_against_reference.py")
#: What is run for a mutant of a package, the quickest to notice first.
TESTS = {
    "calendar": ("tests/calendar", *_FOLD),
    "policy": ("tests/policy", *_FOLD),
    "clock": _FOLD,
    "escalation": _FOLD,
}
#: A mutant that makes a loop endless is noticed by this.
TIMEOUT_S = 240
_COPIED = ("sla_engine", "tests", "docs", "scenarios", "pyproject.toml", "README.md")
_OPTIONS = (
    *("-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-m", "not slow"),
    *("-W", "ignore:overflow encountered:RuntimeWarning"),
    # It compares compiled with plain kernels: there are no compiled ones here.
    *("--ignore", "tests/calendar/test_plain_kernels.py"),
)


def copied(shared: Path) -> Path:
    """A copy of the project, with what its tests read beside it."""
    folder = Path(tempfile.mkdtemp(prefix="sla-mutation-"))
    for name in _COPIED:
        source = ROOT / name
        target = folder / "main" / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.parent.mkdir(exist_ok=True)
            shutil.copy(source, target)
    (folder / "shared").symlink_to(shared)
    return folder / "main"


def tested(copy: Path, package: str) -> tuple[str, str]:
    """(killed, timeout or survived, the last line of output) of the copy as it is."""
    command = [sys.executable, "-m", "pytest", *_OPTIONS, *TESTS[package]]
    environment = {
        **os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(copy),
        "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    try:
        done = subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, text=True, check=False,
            timeout=TIMEOUT_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "timeout", ""
    last = (done.stdout.strip().splitlines() or [""])[-1]
    return ("killed" if done.returncode else "survived"), last


def judged(copy: Path, mutant: Mutant) -> dict[str, Any]:
    """The verdict on one mutant, with its difference."""
    path = copy / mutant.module
    source = path.read_text()
    begun = time.monotonic()
    changed = mutated(source, mutant)
    told: dict[str, Any] = {**asdict(mutant), "outcome": "no change", "diff": "", "seconds": 0.0}
    if changed is None or changed == source:
        return told
    told["diff"] = "".join(unified_diff(source.splitlines(True), changed.splitlines(True), n=0))
    path.write_text(changed)
    try:
        told["outcome"], told["last"] = tested(copy, package_of(mutant))
    finally:
        path.write_text(source)
    told["seconds"] = round(time.monotonic() - begun, 1)
    return told


def package_of(mutant: Mutant) -> str:
    """The package of a mutant's module."""
    return Path(mutant.module).parts[1]


def summary(verdicts: Sequence[dict[str, Any]]) -> str:
    """Per package how many were killed; a timeout counts as killed."""
    lines = [f"{'package':<12} {'mutants':>8} {'killed':>8} {'survived':>9} {'score':>7}"]
    for package in (*PACKAGES, "all"):
        own = [one for one in verdicts if package in (Path(one["module"]).parts[1], "all")]
        counts = Counter(one["outcome"] for one in own)
        killed = counts["killed"] + counts["timeout"]
        tried = killed + counts["survived"]
        score = f"{killed / tried:7.1%}" if tried else "      -"
        lines.append(f"{package:<12} {tried:>8} {killed:>8} {counts['survived']:>9} {score}")
    return "\n".join(lines)


def known(out: Path) -> list[dict[str, Any]]:
    """The verdicts of an earlier run."""
    return [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=115)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--packages", default=",".join(PACKAGES))
    parser.add_argument("--out", type=Path, default=Path("mutation.jsonl"))
    options = parser.parse_args()
    every = [
        mutant
        for module in modules_of(ROOT, options.packages.split(","))
        for mutant in mutants_of(ROOT, module)
    ]
    drawn = sample(every, options.sample, options.seed)
    verdicts = known(options.out)
    done = {(one["module"], one["operator"], one["occurrence"]) for one in verdicts}
    left = [each for each in drawn if (each.module, each.operator, each.occurrence) not in done]
    say(f"{len(every)} mutants, {len(drawn)} drawn, {len(left)} to do")
    ended = time.monotonic() + options.minutes * 60
    copies: Queue[Path] = Queue()
    for _ in range(options.processes):
        copies.put(copied((ROOT / ".." / "shared").resolve()))

    def work(mutant: Mutant) -> dict[str, Any] | None:
        if time.monotonic() > ended:
            return None
        copy = copies.get()
        try:
            return judged(copy, mutant)
        finally:
            copies.put(copy)

    with ThreadPoolExecutor(options.processes) as pool, options.out.open("a") as out:
        for told in pool.map(work, left):
            if told is not None:
                verdicts.append(told)
                out.write(json.dumps(told) + "\n")
                out.flush()
    while not copies.empty():
        shutil.rmtree(copies.get().parent)
    say(summary(verdicts))


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
