"""Every golden policy set passes under the reference fold."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reference import cases, check

GOLDEN = Path(__file__).resolve().parents[3] / "shared" / "golden"
FOLDERS = sorted(path.name for path in GOLDEN.iterdir() if path.is_dir())


def test_all_golden_folders_are_there() -> None:
    assert len(FOLDERS) == 32


@pytest.mark.parametrize("folder", FOLDERS)
def test_golden_case(folder: str) -> None:
    wrong = {case.name: found for case in cases(GOLDEN / folder) if (found := check(case))}
    assert wrong == {}
