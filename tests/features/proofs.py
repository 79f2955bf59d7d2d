"""The folders of this package, and the table of docs/features.md that names them.

A folder holds a policy set, its cases and `broken.yml`: a list of `{replace, with}`, each of
which takes the rule out of the policy text on its own; with `in: cases` it takes the event that
the rule is about out of the cases instead, for rules that no word of a policy switches. A case
named `not: ...` must fire nothing, or not the alert that its neighbour fires. A case named
`differs: ...` says what the texts ask for and the engine does not do yet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PAGE = ROOT / "docs" / "features.md"
NOT = "not: "
DIFFERS = "differs: "
STATES = ("proved", "partly", "missing")

#: The rows that the page has to have.
NAMED = tuple(
    f"F{number:02}"
    for first, last in (
        *((1, 43), (45, 64), (66, 66), (69, 74)),
        *((76, 77), (79, 79), (87, 90), (93, 93)),
    )
    for number in range(first, last + 1)
)

_PATH = re.compile(r"`(tests/[^`]+)`")


@dataclass(frozen=True)
class Row:
    """A line of the table; `state` is its first word, `why` what follows it."""

    number: str
    promise: str
    words: str
    proofs: tuple[str, ...]
    state: str
    why: str


@dataclass(frozen=True)
class Break:
    """One way to take the rule away: `replace` by `by` in the policies, or in the cases."""

    folder: Path
    position: int
    place: str
    replace: str
    by: str

    def __str__(self) -> str:
        return f"{self.folder.name}-{self.position}"


def folders() -> list[Path]:
    """Every folder that proves a row."""
    return sorted(path for path in HERE.iterdir() if re.match(r"F\d\d-", path.name))


def rows() -> list[Row]:
    """The lines of the page's table."""
    found = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if not re.match(r"\| F\d\d+ \|", line):
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        number, promise, words, proofs, verdict = cells
        state, _, why = verdict.partition(": ")
        found.append(Row(number, promise, words, tuple(_PATH.findall(proofs)), state, why))
    return found


def breaks(folder: Path) -> list[Break]:
    """What `broken.yml` lists; nothing if there is none."""
    file = folder / "broken.yml"
    if not file.exists():
        return []
    given = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    return [
        Break(folder, position, one.get("in", "policies"), one["replace"], one["with"])
        for position, one in enumerate(given, 1)
    ]


def broken(one: Break, into: Path) -> None:
    """A copy of the folder in which the rule is taken away."""
    changed = 0
    for file in sorted(one.folder.iterdir()):
        if not file.is_file() or file.name == "broken.yml":
            continue
        text = file.read_text(encoding="utf-8")
        place = "cases" if file.name.endswith(".test.yaml") else "policies"
        if place == one.place:
            changed += text.count(one.replace)
            text = text.replace(one.replace, one.by)
        (into / file.name).write_text(text, encoding="utf-8")
    assert changed, f"{one}: `{one.replace}` is not in the {one.place}"
