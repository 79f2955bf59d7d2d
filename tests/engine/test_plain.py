"""Kernels are Python, too: uncompiled they decide the same, so a debugger can walk through them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.mark.parametrize("name", ["test_going_on", "test_corrections", "test_entries"])
def test_uncompiled_kernels_pass_the_same_tests(name: str) -> None:
    # Numbers that wrap around on purpose warn when they are no machine's.
    command = [sys.executable, "-W", "ignore", "-m", "pytest", "-q", "-W", "ignore"]
    told = subprocess.run(
        [*command, "-p", "no:cacheprovider", "-p", "no:xdist", str(HERE / f"{name}.py")],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout[-3000:]
