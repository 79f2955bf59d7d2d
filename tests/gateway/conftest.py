"""Fixtures of the gateway's tests."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.serving import Gateway, MemoryLog, gateway

COMPILE_S = 600


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Room for the compilation of the decoder, whichever test comes first."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(COMPILE_S))


@pytest.fixture(autouse=True)
def _plain_kernels_may_overflow() -> None:
    """Hashes overflow on purpose; numpy only says so where they are not compiled."""
    if os.environ.get("NUMBA_DISABLE_JIT") == "1":
        warnings.filterwarnings("ignore", "overflow encountered", RuntimeWarning)


@pytest.fixture
def log() -> MemoryLog:
    """A log in memory."""
    return MemoryLog()


@pytest.fixture
def door(log: MemoryLog) -> Iterator[Gateway]:
    """A gateway over it."""
    with gateway(log) as running:
        yield running
