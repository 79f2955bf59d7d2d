"""Every golden policy set, with its own tests, through `sla-engine policy test`'s core."""

from __future__ import annotations

from pathlib import Path

import pytest

from sla_engine.cli.cases import run_directory
from tests.conftest import shared_dir

GOLDEN = sorted(path for path in (shared_dir() / "golden").iterdir() if path.is_dir())


@pytest.mark.parametrize("folder", GOLDEN, ids=lambda path: path.name)
def test_a_golden_folder_passes(folder: Path) -> None:
    verdicts = list(run_directory(folder))
    assert verdicts, f"{folder.name} has no test"
    assert [verdict.reasons for verdict in verdicts if not verdict.passed] == []


def test_there_are_all_of_them() -> None:
    assert len(GOLDEN) == 32
