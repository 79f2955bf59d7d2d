"""Fixtures of the sources' tests."""

from __future__ import annotations

import os
import warnings

import pytest


@pytest.fixture(autouse=True)
def _plain_kernels_may_overflow() -> None:
    """Hashes overflow on purpose; numpy only says so where they are not compiled."""
    if os.environ.get("NUMBA_DISABLE_JIT") == "1":
        warnings.filterwarnings("ignore", "overflow encountered", RuntimeWarning)
