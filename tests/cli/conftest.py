"""A policy directory and a file of events for the tests of commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.calling import POLICIES, event


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """A directory with one policy file."""
    directory = tmp_path / "policies"
    directory.mkdir()
    (directory / "support.yaml").write_text(POLICIES)
    return directory


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """An incident that breaks its promise, and one that is refused."""
    file = tmp_path / "events.jsonl"
    file.write_bytes(
        event(1, "created", "08:00", priority="high", team="desk")
        + event(2, "commented", "08:30", author="agent")
        + event(3, "updated", "09:00", status="waiting_customer")
        + event(4, "updated", "10:00", status="open")
        + event(5, "resolved", "14:00")
        + event(6, "commented", "14:30")
    )
    return file
