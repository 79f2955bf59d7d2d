"""Every row of docs/features.md has a proof that passes, and that fails without the rule."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from sla_engine.cli.cases import run_directory
from tests.features.proofs import (
    DIFFERS,
    HERE,
    NAMED,
    NOT,
    PAGE,
    ROOT,
    STATES,
    Break,
    Row,
    breaks,
    broken,
    folders,
    rows,
)

FOLDERS = folders()
ROWS = rows()
BREAKS = [one for folder in FOLDERS for one in breaks(folder)]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_the_cases_of_a_row_pass(folder: Path) -> None:
    verdicts = list(run_directory(folder))
    same = [one for one in verdicts if not one.name.startswith(DIFFERS)]
    assert [one.reasons for one in same if not one.passed] == []
    assert [one.name for one in same if one.name.startswith(NOT)], "no case that must not fire"
    assert [one.name for one in same if not one.name.startswith(NOT)], "no case that fires"
    assert [one.name for one in verdicts if one not in same and one.passed] == []


@pytest.mark.parametrize("one", BREAKS, ids=str)
def test_a_case_fails_when_the_rule_is_taken_away(one: Break, tmp_path: Path) -> None:
    broken(one, tmp_path)
    verdicts = list(run_directory(tmp_path))
    assert [v.name for v in verdicts if not v.passed and not v.name.startswith(DIFFERS)]


def test_every_named_row_is_there_once() -> None:
    assert tuple(row.number for row in ROWS) == NAMED


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.number)
def test_a_row_says_what_it_promises_and_where_that_is_proved(row: Row) -> None:
    assert row.state in STATES
    assert row.promise.endswith(".")
    assert bool(row.why) == (row.state != "proved"), "say what is missing, and only that"
    assert bool(row.proofs) == (row.state != "missing")
    for proof in row.proofs:
        exists(proof)


def exists(proof: str) -> None:
    """A folder with cases, a file, or `file::test`."""
    path, _, name = proof.partition("::")
    place = ROOT / path
    if place.is_dir():
        assert list(place.glob("*.test.yaml")), f"{path} has no cases"
        return
    assert place.is_file(), f"there is no {path}"
    if name:
        tree = ast.parse(place.read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("file", sorted(HERE.glob("test_f[0-9][0-9].py")), ids=lambda p: p.name)
def test_a_python_proof_has_a_test_of_what_must_not_be(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert "\ndef test_not_" in text or f'"{NOT}' in text
    named = {proof.partition("::")[0] for row in ROWS for proof in row.proofs}
    assert str(file.relative_to(ROOT)) in named


def test_every_folder_proves_a_row() -> None:
    named = {proof.rstrip("/") for row in ROWS for proof in row.proofs}
    assert [one.name for one in FOLDERS if str(one.relative_to(ROOT)) not in named] == []


def test_a_folder_is_named_after_the_row_it_proves() -> None:
    for row in ROWS:
        own = [Path(proof).name for proof in row.proofs if (ROOT / proof).is_dir()]
        assert not own or any(name.startswith(row.number) for name in own), row.number


def test_the_page_lists_the_rows_whose_rule_is_not_taken_away() -> None:
    _, _, listed = PAGE.read_text(encoding="utf-8").partition("Not taken away on purpose:")
    told = [word.strip("`.,") for word in listed.partition("\n\n")[0].split()]
    assert told == [row.number for row in ROWS if row.proofs and not taken_away(row)]


def taken_away(row: Row) -> bool:
    """Whether every folder that proves the row lists ways to break it, and there is one."""
    own = [ROOT / proof for proof in row.proofs if (ROOT / proof).is_dir()]
    return bool(own) and all(breaks(folder) for folder in own)
