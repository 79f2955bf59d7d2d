"""The page of survivors: `python -m tests.mutation.report VERDICTS JUDGED... > docs/mutation.md`.

VERDICTS is what `tests.mutation.run` wrote; each line of JUDGED says of a survivor (module,
operator, occurrence) what was found by reading it: `judgement`, one of JUDGEMENTS, and `why`.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from tests.mutation.run import PACKAGES

Key = tuple[str, str, int]

JUDGEMENTS = {
    "closed": "a user could notice it: a test notices it now",
    "open": "a user could notice it, and no test does yet",
    "dead": "code that nothing can reach, or that does nothing",
    "same": "the program does the same for every input that can occur",
    "room": "only room, speed or the exact figure of a limit differs",
    "words": "only the text of a message differs, or how Python may call it",
}
INTRODUCTION = """# Mutation testing

One small change at a time in the packages calendar, policy, clock and escalation, made by
cosmic-ray 8.7; kernels as plain Python; each change tried by the tests that run its line, the
quickest first, the generated histories last. {count} changes, drawn evenly with seed 1:
`python -m tests.mutation.run --sample 1000 --seed 1` (an hour of two cores), then
`python -m tests.mutation.report`. A change that made the tests run out of time counts as killed.
Every survivor was read, in the code and what calls it. What is `closed` was tried with its test
before and after; `--again FILES` tries survivors by other tests.
"""
_WIDTH = 76


def key_of(said: dict[str, Any]) -> Key:
    """What names a mutant of one state of the sources."""
    return said["module"], said["operator"], said["occurrence"]


def lines_of(path: Path) -> list[dict[str, Any]]:
    """The objects of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def changed(diff: str) -> str:
    """A mutant's line as it was, and as it is."""
    kept = [line for line in diff.splitlines() if not line.startswith(("---", "+++", "@@"))]
    old = next((line[1:].strip() for line in kept if line.startswith("-")), "")
    new = next((line[1:].strip() for line in kept if line.startswith("+")), "")
    return f"{_code(old)} -> {_code(_different(old, new))}"


def _different(old: str, new: str) -> str:
    """The words of the new line from the first that differs on, with the one before."""
    was, now = old.split(), new.split()
    first = next(
        (n for n, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), len(now) - 1
    )
    return " ".join(now[max(0, first - 1) : first + 4])


def _code(text: str) -> str:
    short = text if len(text) <= _WIDTH else text[: _WIDTH - 3] + "..."
    return "`" + short.replace("|", "\\|").replace("`", "'") + "`"


def table(verdicts: list[dict[str, Any]], judged: dict[Key, dict[str, Any]]) -> list[str]:
    """Per package: mutants, killed, survived, and what the survivors are."""
    names = list(JUDGEMENTS)
    lines = [
        f"| package | mutants | killed | survived | {' | '.join(names)} |",
        "|---|" + "--:|" * (3 + len(names)),
    ]
    for package in (*PACKAGES, "all"):
        own = [one for one in verdicts if package in (Path(one["module"]).parts[1], "all")]
        outcomes = Counter(one["outcome"] for one in own)
        killed = outcomes["killed"] + outcomes["timeout"]
        survivors = [one for one in own if one["outcome"] == "survived"]
        found = Counter(judged[key_of(one)]["judgement"] for one in survivors)
        tried = killed + len(survivors)
        cells = [tried, f"{killed} ({killed / max(1, tried):.0%})", len(survivors)]
        cells += [found[name] for name in names]
        lines.append(f"| {package} | " + " | ".join(map(str, cells)) + " |")
    return lines


def main() -> None:
    verdicts = lines_of(Path(sys.argv[1]))
    judged = {key_of(said): said for path in sys.argv[2:] for said in lines_of(Path(path))}
    survivors = [one for one in verdicts if one["outcome"] == "survived"]
    missing = [key_of(one) for one in survivors if key_of(one) not in judged]
    if missing:
        sys.exit(f"{len(missing)} survivors are not judged, such as {missing[0]}")
    lines = [INTRODUCTION.format(count=len(verdicts)), *table(verdicts, judged), ""]
    lines += [f"- **{name}**: {meaning}" for name, meaning in JUDGEMENTS.items()]
    for name, meaning in JUDGEMENTS.items():
        own = [one for one in survivors if judged[key_of(one)]["judgement"] == name]
        if own:
            lines += ["", f"## {name}: {meaning}", "", "| where | change | why |", "|---|---|---|"]
        for one in sorted(own, key=lambda one: (one["module"], one["line"])):
            where = f"{one['module'].removeprefix('sla_engine/')}:{one['line']}"
            why = judged[key_of(one)]["why"].replace("|", "\\|")
            lines.append(f"| {where} | {changed(one['diff'])} | {why} |")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
