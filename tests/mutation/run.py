"""Mutation testing: `python -m tests.mutation.run --sample 1000 --seed 1 --minutes 115`.

Needs cosmic-ray 8.7 and coverage 7 (`pip install cosmic-ray coverage`), which nothing else needs.
Kernels run as plain Python (NUMBA_DISABLE_JIT=1). First all tests run once, to see which of them
runs which line; then each mutant is tested, in a copy of the project, by the tests that run its
line. Verdicts go to `--out` as JSON lines, and a run that was ended goes on there. A summary by
package is printed; survivors are to be judged by a person. `--again FILES` then tries survivors by
all tests of these files, and what took too long by its own tests with more time.
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
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from difflib import unified_diff
from pathlib import Path
from queue import Queue
from typing import Any

from tests.mutation.covering import Covering
from tests.mutation.mutants import Mutant, modules_of, mutants_of, mutated, sample

ROOT = Path(__file__).parents[2]
PACKAGES = ("calendar", "policy", "clock", "escalation")
#: Tests of one mutant, by their time when all ran, beside the generated histories.
MOST_TESTS_S = 10.0
#: A mutant that makes a loop endless is noticed by this, or by so many times what its tests took
#: and the start, whichever is less.
TIMEOUT_S = 50.0
_START_S, _TIMES = 15.0, 4.0
_COPIED = ("sla_engine", "tests", "docs", "scenarios", "pyproject.toml", "README.md")


def copied() -> Path:
    """A copy of the project, with what its tests read beside it."""
    folder = Path(tempfile.mkdtemp(prefix="sla-mutation-"))
    (folder / "main").mkdir()
    for name in _COPIED:
        source, target = ROOT / name, folder / "main" / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, target, symlinks=True, ignore=ignored)
        else:
            shutil.copy2(source, target)
    (folder / "shared").symlink_to((ROOT / ".." / "shared").resolve())
    return folder / "main"


def again(copy: Path) -> Path:
    """A copy of a copy, compiled files and all."""
    folder = Path(tempfile.mkdtemp(prefix="sla-mutation-"))
    shutil.copytree(copy.parent, folder, symlinks=True, dirs_exist_ok=True)
    return folder / copy.name


def environment(copy: Path) -> dict[str, str]:
    """Plain kernels, modules from the copy, compiled files written."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(copy)}


def covering(copy: Path, path: Path) -> Covering:
    """What each test runs, from the file of an earlier run or measured now."""
    command = [sys.executable, "-m", "tests.mutation.covering", str(path.resolve())]
    if not path.exists():
        say("running every test once")
        subprocess.run(
            command, cwd=copy, env=environment(copy), check=True, stdout=subprocess.DEVNULL
        )
    return Covering.read(path)


class Server:
    """A process that tests mutants in a copy of its own."""

    def __init__(self, copy: Path) -> None:
        self.copy = copy
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.mutation.server"], cwd=copy, env=environment(copy),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def answer(self, job: dict[str, Any]) -> dict[str, Any]:
        """The verdict on a job."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        told: dict[str, Any] = json.loads(self.process.stdout.readline())
        return told

    def close(self) -> None:
        """End the process; the copy goes."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()
        shutil.rmtree(self.copy.parent)


def sound(server: Server, covers: Covering) -> None:
    """The source as it is must pass, else every verdict would be `killed`."""
    path = "sla_engine/clock/ladder.py"
    tests = [name for name, seconds in covers.tests if seconds < 0.2]
    job = {"path": path, "source": (server.copy / path).read_text(), "tests": tests}
    told = server.answer({**job, "timeout_s": TIMEOUT_S * 5})
    if told["outcome"] != "survived":
        sys.exit(f"without any mutant the tests do not pass: {told}")


def judged(
    server: Server, covers: Covering, mutant: Mutant, files: Sequence[str] = ()
) -> dict[str, Any]:
    """The verdict on one mutant, with its difference; by all tests of `files` if there are any."""
    source = (server.copy / mutant.module).read_text()
    changed = mutated(source, mutant)
    told: dict[str, Any] = {**asdict(mutant), "outcome": "no change", "diff": "", "seconds": 0.0}
    if changed is None or changed == source:
        return told
    told["diff"] = "".join(unified_diff(source.splitlines(True), changed.splitlines(True), n=0))
    tests = list(files) or covers.tests_of(mutant.module, source, mutant.line, MOST_TESTS_S)
    if not tests:
        return {**told, "outcome": "survived", "by": "no test runs it"}
    patience = _START_S + _TIMES * covers.seconds_of(tests)
    timeout_s = TIMEOUT_S if files else min(TIMEOUT_S, patience)
    job = {"path": mutant.module, "source": changed, "tests": tests, "timeout_s": timeout_s}
    return {**told, **server.answer(job)}


def tried_again(
    server: Server, covers: Covering, verdict: dict[str, Any], files: Sequence[str]
) -> dict[str, Any]:
    """The verdict on a survivor by other tests; the old one where they do not change it."""
    own = {name: verdict[name] for name in Mutant.__dataclass_fields__}
    late = verdict["outcome"] == "timeout"
    told = judged(server, covers, Mutant(**own), () if late else files)
    same = _changes(told["diff"]) == _changes(verdict["diff"])
    return told if same and (late or told["outcome"] != "survived") else verdict


def _changes(diff: str) -> list[str]:
    """The lines that a difference takes and gives, wherever they stand."""
    return [line for line in diff.splitlines() if not line.startswith(("---", "+++", "@@"))]


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
    parser.add_argument("--again", nargs="*", help="files of tests, for survivors")
    parser.add_argument("--covering", type=Path, default=Path("covering.json"))
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
    origin = copied()
    covers = covering(origin, options.covering)
    servers: Queue[Server] = Queue()
    for copy in [*(again(origin) for _ in range(options.processes - 1)), origin]:
        servers.put(Server(copy))
    sound(servers.queue[0], covers)

    def held(work: Callable[[Server], dict[str, Any]]) -> dict[str, Any] | None:
        if time.monotonic() > ended:
            return None
        server = servers.get()
        try:
            return work(server)
        finally:
            servers.put(server)

    def first(mutant: Mutant) -> dict[str, Any] | None:
        return held(lambda server: judged(server, covers, mutant))

    def second(verdict: dict[str, Any]) -> dict[str, Any] | None:
        if verdict["outcome"] not in ("survived", "timeout"):
            return verdict
        return held(lambda server: tried_again(server, covers, verdict, options.again))

    with ThreadPoolExecutor(options.processes) as pool:
        if options.again is not None:
            found = list(pool.map(second, verdicts))
            verdicts = [new or old for new, old in zip(found, verdicts, strict=True)]
            options.out.write_text("".join(json.dumps(told) + "\n" for told in verdicts))
        else:
            with options.out.open("a") as out:
                for told in pool.map(first, left):
                    if told is not None:
                        verdicts.append(told)
                        out.write(json.dumps(told) + "\n")
                        out.flush()
    while not servers.empty():
        servers.get().close()
    say(summary(verdicts))


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
