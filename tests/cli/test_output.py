"""Tables, lengths, and what is said while something takes long."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable

import pytest

from sla_engine.cli.output import counted, span, table
from sla_engine.cli.progress import Progress


def test_columns_are_aligned_numbers_to_the_right() -> None:
    assert list(table(["name", "n", "rest"], [["a", 1, "x"], ["long", 12_000, None]])) == [
        "\x1b[1mname       n  rest\x1b[0m",
        "a          1  x",
        "long  12,000",
    ]


@pytest.mark.parametrize(
    ("length_ms", "text"),
    [
        (0, "0s"),
        (1, "0.001s"),
        (59_000, "59s"),
        (3_600_000, "1h"),
        (223_200_000, "62h"),
        (5_430_500, "1h 30m 30.500s"),
        (-90_000, "-1m 30s"),
    ],
)
def test_lengths_are_written_in_hours_at_most(length_ms: int, text: str) -> None:
    assert span(length_ms) == text


def test_one_is_not_many() -> None:
    assert [counted(n, "event") for n in (0, 1, 1200)] == ["0 events", "1 event", "1,200 events"]


class Stream(io.StringIO):
    """Collects what is written, and says when something was."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal
        self.written = threading.Event()

    def isatty(self) -> bool:
        return self._terminal

    def write(self, text: str) -> int:
        self.written.set()
        return super().write(text)


@pytest.fixture
def stream() -> Callable[[bool], Stream]:
    return lambda terminal: Stream(terminal=terminal)


def test_what_takes_long_is_told(stream: Callable[[bool], Stream]) -> None:
    lines = stream(False)
    with Progress(lines, quiet_s=0) as progress:
        progress.step("folding")
        assert lines.written.wait(30)
    assert "folding ...\n" in lines.getvalue()
    assert "\x1b" not in lines.getvalue()


def test_in_a_terminal_the_line_is_wiped_at_the_end(stream: Callable[[bool], Stream]) -> None:
    line = stream(True)
    with Progress(line, quiet_s=0) as progress:
        progress.step("reading")
        progress.count(12_000)
        assert line.written.wait(30)
    assert line.getvalue().endswith("\r\x1b[K")
    assert "\n" not in line.getvalue()


def test_what_is_quick_is_not_told(stream: Callable[[bool], Stream]) -> None:
    lines = stream(False)
    with Progress(lines, quiet_s=3600) as progress:
        progress.step("folding")
    assert lines.getvalue() == ""
