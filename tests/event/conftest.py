"""The first test compiles the kernels, which may take longer than any test should."""

from pathlib import Path

import pytest

COMPILE_S = 600


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Room for compilation, whichever test of this folder comes first."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(COMPILE_S))
